// The radiologist opens a study whose images do not come yet: its viewport shows a preview, says that it is none to diagnose by,
// lets nothing be measured in it, and shows the image itself as soon as that is here.

import { writeFileSync } from 'node:fs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

/** The preview on the screen, once it is drawn: its width in pixels. */
function drawn() {
  const image = document.querySelector('.confrere-preview img');
  return image?.style.visibility === 'visible' && image.complete ? image.naturalWidth : 0;
}

await tell(async (browser, seen) => {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  const row = page.getByRole('row').filter({ hasText: new RegExp(story.patient, 'i') }).first();
  await row.waitFor();
  const [viewer] = await Promise.all([context.waitForEvent('page'), row.getByRole('button', { name: /Ouvrir/ }).first().click()]);
  const cover = viewer.locator('.confrere-preview').first();
  await cover.waitFor({ state: 'visible', timeout: 60_000 });
  await viewer.waitForFunction(drawn);
  seen.width = await viewer.evaluate(drawn);
  seen.mark = await cover.innerText();
  await picture(viewer, 'preview');
  await viewer.evaluate(() => window.commandsManager.runCommand('setToolActive', { toolName: 'Length' }));
  const { x, y, width, height } = await cover.boundingBox();
  await viewer.mouse.move(x + width / 3, y + height / 3);
  await viewer.mouse.down();
  await viewer.mouse.move(x + width / 2, y + height / 2, { steps: 5 });
  await viewer.mouse.up();
  seen.measured = await viewer.evaluate(() => window.services.measurementService.getMeasurements().length);
  seen.cached = await viewer.evaluate(() => [...window.cornerstone.cache._imageCache?.values?.() ?? []].filter(one => one.loaded).length);
  // From here on images pass.
  writeFileSync(story.signal, '');
  await cover.waitFor({ state: 'hidden', timeout: 60_000 });
  seen.shown = await viewer.locator('canvas.cornerstone-canvas').first().isVisible();
  await picture(viewer, 'preview-gone');
});
