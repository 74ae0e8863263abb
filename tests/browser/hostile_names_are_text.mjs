// Names, numbers and descriptions that were written to do harm, in a list and in the viewer: they are text.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

/** What would be there had a tag become part of a page. */
const intruders = () => [...document.querySelectorAll('script, iframe, object, embed, img, svg, a[href^="javascript:"]')]
  .filter(element => /alert|onerror|onload|javascript:/i.test(element.outerHTML))
  .map(element => element.outerHTML.slice(0, 200));

await tell(async (browser, seen) => {
  Object.assign(seen, { dialogs: 0, intruders: [], broken: [], rows: 0 });
  const context = await sitDown(browser, seen);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', event => {
      window.cspBroken = [...(window.cspBroken ?? []), `${event.violatedDirective} ${event.blockedURI}`];
    });
  });
  context.on('page', page => page.on('dialog', dialog => {
    seen.dialogs += 1;
    void dialog.dismiss();
  }));
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  await page.getByRole('row').nth(1).waitFor();
  for (const text of story.shown) await page.getByText(text, { exact: false }).first().waitFor();
  seen.rows = await page.getByRole('row').count();
  await picture(page, 'hostile-names');
  for (const study of story.open) {
    const reading = await page.evaluate(async uid => {
      const answer = await fetch('/api/readings', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ studies: [uid] }),
      });
      return answer.json();
    }, study);
    const viewer = await context.newPage();
    await viewer.goto(story.portal.replace(/\/$/, '') + reading.viewer);
    await viewer.locator('canvas.cornerstone-canvas').first().waitFor({ timeout: 60_000 });
    seen.intruders.push(...(await viewer.evaluate(intruders)));
    seen.broken.push(...(await viewer.evaluate(() => window.cspBroken ?? [])));
    seen.provenance = await viewer.locator('#confrere-strip .line').allInnerTexts();
    await picture(viewer, 'hostile-names-viewer');
    await viewer.close();
  }
  seen.intruders.push(...(await page.evaluate(intruders)));
  seen.broken.push(...(await page.evaluate(() => window.cspBroken ?? [])));
});
