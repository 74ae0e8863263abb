// Two radiologists, at either site, have the same study open while it is corrected, and images of it are replaced,
// rejected and at last all withdrawn. Each time both are told at once; what must not be used is no longer on a screen.

import { performance } from 'node:perf_hooks';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

/** Whether images are on the screen: drawn, and not behind a curtain. */
async function shows(viewer) {
  return viewer.locator('canvas.cornerstone-canvas').first().isVisible();
}

async function opened(browser, seen, site) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, site.portal, site.name, site.password);
  const row = page.getByRole('row').filter({ hasText: new RegExp(story.patient, 'i') }).first();
  await row.waitFor();
  const [viewer] = await Promise.all([context.waitForEvent('page'), row.getByRole('button', { name: /Ouvrir/ }).first().click()]);
  await viewer.locator('canvas.cornerstone-canvas').first().waitFor({ timeout: 60_000 });
  await viewer.locator('#confrere-strip').waitFor({ state: 'attached' });
  return { site, viewer };
}

/** Does something to the study at the holding site, as its technologist does. */
async function change(path, body) {
  const answer = await fetch(`${story.a.portal}/api${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Authorization': `Bearer ${story.token}` },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

await tell(async (browser, seen) => {
  const readers = await Promise.all([story.a, story.b].map(site => opened(browser, seen, site)));
  seen.told_ms = {};
  seen.still_shown = [];
  const told = async (what, sentence, act, { isHidden }) => {
    const since = performance.now();
    await act();
    seen.told_ms[what] = await Promise.all(
      readers.map(async ({ viewer }) => {
        const line = viewer.locator(isHidden ? '.curtain' : '.line[data-tone=bad]').filter({ hasText: sentence });
        await line.waitFor({ timeout: story.within_ms });
        return Math.round(performance.now() - since);
      }),
    );
    for (const { site, viewer } of readers) {
      if ((await shows(viewer)) === isHidden) seen.still_shown.push(`${what} at ${site.site}`);
      await picture(viewer, `${what}-${site.name}`);
      // The curtain's button is where the keyboard is.
      if (isHidden) await viewer.keyboard.press('Enter');
      else await viewer.reload();
    }
  };
  const drawnAgain = () =>
    Promise.all(readers.map(({ viewer }) => viewer.locator('canvas.cornerstone-canvas').first().waitFor({ timeout: 60_000 })));

  const study = `/studies/${story.study}`;
  const correct = () => change(`${study}/correct`, { set: { PatientName: 'Lefevre^Zora' }, note: '' });
  await told('corrected', /a été corrigé par/, correct, { isHidden: false });
  await drawnAgain();
  const take = () => change(`/conflicts/${story.conflict}/resolve`, { decision: 'take', note: '' });
  await told('replaced', /ont été remplacées par/, take, { isHidden: true });
  await drawnAgain();
  const one = { series: story.series, instance: story.instance, reason: '113001', note: '' };
  await told('rejected', /ont été rejetées par/, () => change(`${study}/reject`, one), { isHidden: true });
  await drawnAgain();
  const all = () => change(`${study}/reject`, { reason: '113038', note: '' });
  await told('withdrawn', /rejetées par|retiré par/, all, { isHidden: true });
  // Loaded anew, there is nothing.
  await Promise.all(readers.map(({ viewer }) => viewer.waitForLoadState('networkidle')));
  seen.after = await Promise.all(readers.map(({ viewer }) => shows(viewer)));
});
