// A radiologist asks for a study's priors: one at a third site is one click away, beside what is read; a record that only looks alike
// is compared first, confirmed, and then opens as well.

import { performance } from 'node:perf_hooks';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { since } from './desk.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { before: [], compared: '', after: [], viewer: '', side_by_side: 0, seconds: {} });
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  await page.locator(`[data-study="${story.current}"]`).first().click();
  const asked = performance.now();
  await page.keyboard.press('p');
  const dialog = page.getByRole('dialog');
  const rowOf = study => dialog.locator(`li[data-study="${study}"]`);
  await rowOf(story.prior).waitFor();
  seen.seconds.prior_listed = since(asked);
  await rowOf(story.alike).waitFor();
  await dialog.getByText(/sites? sur \d+ (a|ont) répondu/).waitFor();
  seen.seconds.all_answered = since(asked);
  const opens = study => rowOf(study).getByRole('button', { name: /^Ouvrir à côté/ }).count();
  seen.before = [await opens(story.prior), await opens(story.alike), await rowOf(story.stranger).count()];
  await picture(page, 'history-priors');

  await rowOf(story.alike).getByRole('button', { name: /^Comparer les dossiers/ }).click();
  const records = page.getByRole('dialog', { name: 'Un patient, ou deux ?' });
  seen.compared = await records.getByRole('table').innerText();
  await picture(page, 'history-compare');
  await records.getByRole('button', { name: 'Un seul patient' }).click();
  await rowOf(story.alike).getByRole('button', { name: /^Ouvrir à côté/ }).waitFor();
  seen.after = [await opens(story.prior), await opens(story.alike)];

  const clicked = performance.now();
  const [viewer] = await Promise.all([context.waitForEvent('page'), rowOf(story.prior).getByRole('button', { name: /^Ouvrir à côté/ }).click()]);
  await viewer.waitForURL(/ohif\/viewer/);
  seen.viewer = viewer.url();
  await viewer.locator('canvas.cornerstone-canvas').nth(1).waitFor({ timeout: 60_000 });
  seen.seconds.side_by_side = since(clicked);
  seen.side_by_side = await viewer.locator('canvas.cornerstone-canvas').count();
  await picture(viewer, 'history-side-by-side');

  // What was decided is listed, with what was opened by it, and can be taken back.
  await page.goto(`${story.portal}/history`);
  await page.getByText('un seul patient', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Reprendre le lien' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reprendre le lien' }).click();
  await page.getByText('repris', { exact: true }).waitFor();
  await picture(page, 'history-links');
});
