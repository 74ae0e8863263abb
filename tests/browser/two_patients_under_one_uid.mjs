// What comes under the study UID of a request is of another patient. Both screens say so, and the viewer does over the images; nothing of
// the other one stands in the case as if it were its patient's, and it is signed only by who names that as the reason for it.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { beginFinal, called, inEnglish, since, store } from './desk.mjs';
import { until } from './viewer.mjs';

const FLAG = 'images d’un autre patient';
const CALLS = 'Les images disent un autre patient que la demande';
const LACK = 'Des images sont celles d’un autre patient que la demande.';
const FOUND = { findings: 'Pas de fracture.', conclusion: 'Pas de lésion traumatique.' };
const REASON = 'Vu avec la salle : mauvaise ligne de la liste de travail, la patiente est celle de la demande.';

/** Whether anything on the page, or its title, names the other patient. */
async function namesOther(page) {
  const [text, title] = [await page.locator('body').innerText(), await page.title()];
  return new RegExp(story.other.shown, 'i').test(`${title} ${text}`);
}

/** Opens the images of the case whose page this is, and tells how the viewer marks them. */
async function look(page) {
  const [viewer] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('button', { name: 'Voir les images' }).click()]);
  await until(viewer, now => now.length > 0 && now.every(one => one.uid !== ''));
  const mark = viewer.locator('.confrere-patient').first();
  await mark.waitFor({ state: 'visible' });
  await viewer.locator('#confrere-strip').getByText('Les images disent un autre patient que la demande').waitFor();
  const said = await mark.locator('div').first().innerText();
  /** Of each viewport: whether it is marked, and whether the pointer meets the mark, so that nothing could be read below it. */
  const viewports = await viewer.evaluate(() => {
    const all = window.cornerstone.getRenderingEngines().flatMap(engine => engine.getViewports());
    const stacks = all.filter(one => one.type === 'stack' && one.element?.isConnected && one.renderingEngineId !== '_thumbnails' && one.getImageIds().length > 0);
    return stacks.map(({ element }) => {
      const box = element.querySelector('.confrere-patient');
      const { left, top, width, height } = element.getBoundingClientRect();
      const met = document.elementsFromPoint(left + width / 2, top + height / 2);
      return { marked: box?.style.display === 'flex', takes: met.some(one => box?.contains(one)) };
    });
  });
  await picture(viewer, 'two-patients-viewer');
  await viewer.close();
  return { said, marked: viewports.length > 0 && viewports.every(one => one.marked), takes: viewports.some(one => one.takes) };
}

/** Sends a report as a page that is wrong would, and what is answered. */
const send = (page, change) =>
  page.evaluate(
    async ([id, changed]) => {
      const of = await (await fetch(`/api/cases/${id}`)).json();
      const read = of.study_list.map(one => ({ study: one.study, version: one.version }));
      const patient = { name: of.patient.name, birth_date: of.patient.birth_date };
      const body = { standing: 'final', findings: 'x', read, patient, hospital: of.requester_name, study_date: of.study_date, ...changed };
      const answer = await fetch(`/api/cases/${id}/reports`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
      const { error, differs } = await answer.json();
      return [answer.status, error, differs ?? []];
    },
    [story.case, change],
  );

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, named: {}, refused: {} });
  const desks = {};
  for (const who of ['a', 'b']) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, `/cases/${story.case}`);
    desks[who] = page;
  }
  const { a: asker, b: reader } = desks;
  const began = performance.now();
  await reader.getByRole('button', { name: 'Accepter', exact: true }).click();
  const accept = reader.getByRole('dialog');
  await accept.getByRole('button', { name: 'Accepter', exact: true }).click();
  await accept.waitFor({ state: 'detached' });
  await asker.getByText(/^Accepté par/).first().waitFor();

  // The scanner sends under the UID that was asked for.
  const stored = await store(story.scanner, story.files);
  const flagged = async page => {
    await page.getByText(FLAG, { exact: true }).first().waitFor();
    return since(stored);
  };
  [seen.seconds.flag_here, seen.seconds.flag_there] = await Promise.all([flagged(asker), flagged(reader)]);
  for (const page of [asker, reader]) await called(page, CALLS);
  await reader.getByText(/^Prêt à être lu/).waitFor();
  // All sites were asked for earlier studies: of the patient of the request, and of nobody else.
  await reader.locator('button:not([disabled])').filter({ hasText: 'Interroger de nouveau' }).waitFor();
  seen.listed = await reader.locator(`[data-study="${story.other.prior}"]`).count();
  seen.named = { asker: await namesOther(asker), reader: await namesOther(reader) };
  await judge(asker, 'two-patients-asker', seen);
  await judge(reader, 'two-patients-reader', seen);

  // They are not held back, and marked over the images: whoever reads decides.
  seen.viewer = await look(reader);
  await reader.getByRole('button', { name: 'Réserver', exact: true }).click();
  await reader.getByRole('link', { name: 'Rédiger' }).first().click();
  await beginFinal(reader);
  await reader.getByText(FLAG, { exact: true }).first().waitFor();
  seen.named.editor = await namesOther(reader);

  // Under the name that the images say nothing is signed; nor without a reason, nor with one that is for something else.
  seen.refused.their_name = await send(reader, { patient: story.other.patient });
  seen.refused.no_reason = await send(reader, {});
  seen.refused.other_reason = await send(reader, { despite: 'vu avec la salle', despite_of: ['missing', 'undecoded', 'unconfirmed', 'late'] });
  await reader.getByLabel('Résultats').fill(FOUND.findings);
  await reader.getByLabel('Conclusion').fill(FOUND.conclusion);
  await reader.keyboard.press('Control+Enter');
  const dialog = reader.getByRole('dialog', { name: 'Valider' });
  await dialog.getByRole('alert').filter({ hasText: LACK }).waitFor();
  await dialog.getByText(story.patient, { exact: false }).first().waitFor();
  const signs = dialog.getByRole('button', { name: 'Valider', exact: true });
  seen.signs_without_reason = await signs.isEnabled();
  await judge(reader, 'two-patients-signing', seen);
  await dialog.getByRole('textbox').fill(REASON);
  const signed = performance.now();
  await signs.click();
  await reader.waitForURL(/\/cases\/[0-9a-f]{32}$/);
  const report = asker.getByRole('article', { name: 'Validé' });
  await report.getByText(REASON, { exact: false }).waitFor();
  seen.seconds.report_seen = since(signed);
  await asker.getByText(FLAG, { exact: true }).first().waitFor();
  seen.named.report = await namesOther(asker);
  await judge(asker, 'two-patients-report', seen);
  await inEnglish(asker);
  await asker.getByText('another patient’s images', { exact: true }).first().waitFor();
  await picture(asker, 'two-patients-english');
  await asker.getByRole('article', { name: 'Final' }).getByRole('button', { name: 'I have read it' }).click();
  await reader.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.whole = since(began);
});
