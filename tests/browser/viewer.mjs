// What the portal's viewer shows, as stories ask it.

/** The images that stand in the viewports, in the order of the page: UID and place in the stack. */
export const shown = page =>
  page.evaluate(() => {
    const viewports = window.cornerstone?.getRenderingEngines?.().flatMap(engine => engine.getViewports()) ?? [];
    const stacks = viewports.filter(one => one.type === 'stack' && one.element?.isConnected && one.getImageIds().length > 0);
    stacks.sort((a, b) => a.element.getBoundingClientRect().left - b.element.getBoundingClientRect().left);
    return stacks.map(one => ({ uid: /instances\/([0-9.]+)/.exec(one.getCurrentImageId() ?? '')?.[1] ?? '', at: one.getCurrentImageIdIndex(), left: one.element.getBoundingClientRect().left }));
  });

/** Waits until the viewports show what is wanted, and gives it. */
export async function until(page, wanted, withinMs = 60_000) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const now = await shown(page).catch(() => []);
    if (wanted(now)) return now;
    if (Date.now() > deadline) throw new Error(`the viewer shows ${JSON.stringify(now)}`);
    await page.waitForTimeout(150);
  }
}
