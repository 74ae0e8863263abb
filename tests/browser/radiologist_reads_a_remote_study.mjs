// The radiologist signs in at her own site, finds the other site's study in her list, and opens it in the viewer.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

/** Distinct brightness values of the drawn image: a blank canvas has one. */
function shades(canvas) {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  const values = new Set();
  for (let at = 0; at < data.length; at += 4) values.add(data[at]);
  return values.size;
}

await tell(async (browser, seen) => {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);

  const row = page.getByRole('row').filter({ hasText: new RegExp(story.patient, 'i') });
  await row.first().waitFor();
  seen.listed = (await row.first().innerText()).includes(story.site);
  await picture(page, 'list');

  const [viewer] = await Promise.all([
    context.waitForEvent('page'),
    row.first().getByRole('button', { name: /Ouvrir/ }).first().click(),
  ]);
  const canvas = viewer.locator('canvas.cornerstone-canvas').first();
  await canvas.waitFor({ timeout: 60_000 });
  const deadline = Date.now() + 60_000;
  do {
    seen.shades = await canvas.evaluate(shades);
    seen.drawn = seen.shades > 16;
    if (!seen.drawn) await viewer.waitForTimeout(200);
  } while (!seen.drawn && Date.now() < deadline);
  seen.viewer = viewer.url();
  await picture(viewer, 'viewer');
  await page.bringToFront();
  await picture(page, 'list-while-reading');
});
