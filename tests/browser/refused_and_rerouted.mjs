// A request goes down the ranks: a site that is silent and one that no agreement covers are passed over, one refuses with a reason,
// the next takes it. The asker sees who, and why not, at each turn.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, send, since } from './desk.mjs';

const REASON = 'Hors de ma compétence';

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, turns: [], lines: [], english: [] });
  const desks = {};
  for (const who of ['asker', 'refuser', 'taker']) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, who === 'asker' ? `/cases/new?study=${story.study}` : '/cases');
    desks[who] = page;
  }
  const { asker, refuser, taker } = desks;
  for (const page of [refuser, taker]) await page.getByRole('img', { name: 'En direct' }).waitFor();
  const routing = asker.getByRole('region', { name: 'Qui a été sollicité' }).or(asker.getByRole('region', { name: 'Who was asked' }));
  const lines = async () => (await routing.getByRole('listitem').allInnerTexts()).map(text => text.replaceAll(/\s+/g, ' ').trim());

  await asker.getByText(story.patient).first().waitFor();
  const began = performance.now();
  await asker.getByRole('button', { name: /^P1\s*Embolie/ }).click();
  await asker.getByLabel(/Contexte clinique/).fill('Dyspnée depuis la veille, D-dimères élevés.');
  await asker.getByRole('radio', { name: 'informé, sans opposition' }).check();
  await asker.getByLabel('Téléphone de la salle d’examen').fill('02 97 01 02 03');
  await judge(asker, 'rerouted-request', seen);
  const sent = performance.now();
  await send(asker);
  seen.seconds.request = since(began);

  // Nobody was named: the ranks are gone down, each that is passed over with its reason.
  await refuser.getByRole('alert').filter({ hasText: /demande une lecture/ }).waitFor();
  seen.seconds.first_asked = since(sent);
  await routing.getByText(/^sollicité, jusqu’à/).waitFor();
  seen.turns.push(await lines());
  await picture(asker, 'rerouted-passed-over');

  const row = refuser.getByRole('row').filter({ hasText: story.patient }).first();
  await row.waitFor();
  await refuser.keyboard.press('h');
  await row.dblclick();
  await refuser.getByRole('button', { name: 'Refuser', exact: true }).click();
  const dialog = refuser.getByRole('dialog');
  // Without a reason nothing is refused.
  await dialog.getByRole('button', { name: 'Refuser' }).click();
  await dialog.getByText('À compléter').waitFor();
  await dialog.getByRole('button', { name: REASON }).click();
  await judge(refuser, 'rerouted-refusing', seen);
  const refused = performance.now();
  await dialog.getByRole('button', { name: 'Refuser' }).click();
  await routing.getByText(`refus : ${REASON}`).waitFor();
  seen.seconds.refusal_seen = since(refused);
  await taker.getByRole('alert').filter({ hasText: /demande une lecture/ }).waitFor();
  seen.seconds.next_asked = since(refused);
  seen.turns.push(await lines());
  await picture(asker, 'rerouted-refused');

  const other = taker.getByRole('row').filter({ hasText: story.patient }).first();
  await taker.keyboard.press('h');
  const taken = performance.now();
  await other.getByRole('button', { name: /^Accepter/ }).click();
  await taker.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await routing.getByText('accepté', { exact: true }).waitFor();
  seen.seconds.taken_seen = since(taken);
  seen.seconds.whole = since(began);
  seen.lines = await lines();
  await judge(asker, 'rerouted-taken', seen);
  await inEnglish(asker);
  await routing.getByText('accepted', { exact: true }).waitFor();
  seen.english = await lines();
  await picture(asker, 'rerouted-english');
});
