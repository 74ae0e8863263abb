// A reader at home, over a thin and long line: the list, the case, the images in the viewer, the report.

import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { sign, since } from './desk.mjs';
import { line } from './line.mjs';

/** Brightness values of what is drawn: a blank canvas has one. */
function shades(canvas) {
  const copy = document.createElement('canvas');
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  const { data } = context.getImageData(0, 0, copy.width, copy.height);
  return new Set(data.filter((_, at) => at % 4 === 0)).size;
}

const REPORT = { findings: 'Pas de saignement. Parenchyme sans anomalie.', conclusion: 'Scanner cérébral normal.', critical: false, button: 'Valider' };

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, shades: 0, first: '', second: '' });
  const wire = await line(story.portal, story.shape);
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  const began = performance.now();
  await signIn(page, wire.portal, story.name, story.password, '/cases');
  const row = page.getByRole('row').filter({ hasText: story.patient }).first();
  await row.waitFor();
  seen.seconds.worklist = since(began);
  const opened = performance.now();
  await row.dblclick();
  await page.getByRole('button', { name: 'Réserver', exact: true }).click();
  const report = page.getByRole('link', { name: 'Rédiger' });
  await report.waitFor();
  seen.seconds.case = since(opened);

  const clicked = performance.now();
  const [viewer] = await Promise.all([context.waitForEvent('page'), page.keyboard.press('o')]);
  const canvas = viewer.locator('canvas.cornerstone-canvas').first();
  await canvas.waitFor({ timeout: 120_000 });
  const drawn = async isNew => {
    const deadline = Date.now() + 120_000;
    for (;;) {
      const image = await canvas.screenshot();
      const digest = createHash('sha256').update(image).digest('hex');
      seen.shades = await canvas.evaluate(shades);
      if ((seen.shades > 16 && isNew(digest)) || Date.now() > deadline) return digest;
    }
  };
  seen.first = await drawn(() => true);
  seen.seconds.first_image = since(clicked);
  await picture(viewer, 'home-first');
  await canvas.hover();
  const scrolled = performance.now();
  await viewer.mouse.wheel(0, 100);
  seen.second = await drawn(digest => digest !== seen.first);
  seen.seconds.next_image = since(scrolled);
  await picture(viewer, 'home-next');
  await viewer.close();

  await page.bringToFront();
  await report.click();
  await page.getByLabel('Résultats').waitFor();
  const final = page.locator('label', { hasText: /^Validé$/ });
  if (await final.count()) await final.click();
  seen.seconds.signed = (await sign(page, seen, REPORT, 'home-report')).waited;
  wire.close();
});
