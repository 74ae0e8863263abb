// A study and its prior side by side: scrolling one scrolls the other, until it is switched off; and when images come to a study
// that is open, the viewer says so.

import { writeFileSync } from 'node:fs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { shown, until } from './viewer.mjs';

/** Where both stand. */
const places = now => now.map(one => one.at);

await tell(async (browser, seen) => {
  Object.assign(seen, { together: [], apart: [], again: [], said: '', grown: '' });
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  await page.locator(`[data-study="${story.current}"]`).first().click();
  await page.keyboard.press('p');
  const dialog = page.getByRole('dialog');
  const row = dialog.locator(`li[data-study="${story.prior}"]`);
  await row.waitFor();
  const [viewer] = await Promise.all([context.waitForEvent('page'), row.getByRole('button', { name: /^Ouvrir à côté/ }).click()]);
  await until(viewer, now => now.length === 2);
  const strip = viewer.locator('#confrere-strip');
  await strip.getByText(/non recalé/).waitFor({ timeout: 60_000 });
  seen.said = await strip.getByText(/non recalé/).innerText();

  const begun = places(await shown(viewer));
  const box = await viewer.locator('canvas.cornerstone-canvas').first().boundingBox();
  await viewer.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  /** One notch of the wheel at a time, until the first stands there. */
  const scrollTo = async at => {
    while ((await shown(viewer))[0].at < at) {
      const [{ at: before }] = await shown(viewer);
      await viewer.mouse.wheel(0, 120);
      await until(viewer, now => now[0].at > before);
    }
  };
  await scrollTo(4);
  const moved = await until(viewer, now => now[1].at === begun[1] + now[0].at - begun[0]);
  seen.together = places(moved);
  await picture(viewer, 'side-by-side');
  await strip.getByRole('button', { name: 'Séparer' }).click();
  await strip.getByText('Défilement séparé').waitFor();
  await viewer.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await scrollTo(6);
  seen.apart = places(await shown(viewer));
  await picture(viewer, 'side-by-side-apart');
  await strip.getByRole('button', { name: 'Lier le défilement' }).click();
  await viewer.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await scrollTo(8);
  seen.again = places(await until(viewer, now => now[1].at === 6));

  writeFileSync(story.opened, 'now');
  const grown = strip.getByText(/après l’ouverture/);
  await grown.waitFor({ timeout: 90_000 });
  await strip.getByText(/→ 15/).waitFor({ timeout: 60_000 });
  seen.grown = await grown.innerText();
  await picture(viewer, 'study-has-grown');
});
