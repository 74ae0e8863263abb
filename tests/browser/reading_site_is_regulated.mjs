// At the site that reads, whoever regulates gives what nobody has to a colleague, and takes it from one who answers no more: not without
// saying so where they are at work, nor without a reason. Who is given it, who had it and who asked are told; what was written is kept.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { begin, beginFinal, called, follow, inEnglish, say, sign, since } from './desk.mjs';

const STEP = 'Attribuer à un lecteur';
const GIVEN = 'Un dossier attend son lecteur';
const TAKEN = 'Un dossier que vous aviez vous a été retiré';
const MOVED = 'a retiré un de vos dossiers à la personne qui l’avait';
const BEGUN = 'Défect lobaire inférieur droit, à revoir.';
const FOUND = { findings: 'Défect endoluminal lobaire inférieur droit.', conclusion: 'Embolie pulmonaire lobaire inférieure droite.', critical: false, button: 'Valider' };

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, kept: '' });
  const desks = {};
  for (const [who, at] of [['a', `/cases/${story.case}`], ['regul', `/cases/${story.case}`], ['martin', '/cases'], ['leroy', '/cases']]) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, at);
    desks[who] = page;
  }
  const { a: asker, regul, martin, leroy } = desks;
  for (const page of [martin, leroy]) await page.getByRole('img', { name: 'En direct' }).waitFor();
  const draft = page => page.evaluate(async path => (await fetch(path)).json(), `/api/cases/${story.case}/draft`);
  const began = performance.now();

  // Nobody has it.
  await regul.getByText(/^Prêt à être lu/).waitFor();
  await begin(regul, STEP);
  const given = await say(regul, STEP, [[/^Nom d’utilisateur du confrère/, story.martin.name], [/^Motif/, 'Première disponible.']]);
  await called(martin, GIVEN);
  seen.seconds.given_called = since(given);
  await asker.getByText(new RegExp(`^Réservé par ${story.martin.name}`)).first().waitFor();
  seen.seconds.given_seen = since(given);
  await follow(martin, GIVEN, story.case);
  await martin.getByRole('link', { name: 'Rédiger' }).first().click();
  await martin.getByLabel('Résultats').fill(BEGUN);
  await martin.getByText(/gardé par le nœud/).waitFor();

  // She answers no more. That she wrote a moment ago is said, and has to be meant.
  await begin(regul, STEP);
  const dialog = regul.getByRole('dialog', { name: STEP });
  await dialog.locator('input').and(dialog.getByLabel(/^Nom d’utilisateur du confrère/)).fill(story.leroy.name);
  await dialog.getByRole('button', { name: 'Ne répond plus' }).click();
  const yes = dialog.getByRole('button', { name: STEP, exact: true });
  await yes.click();
  await dialog.getByText(/Si vous le voulez malgré tout, dites-le/).first().waitFor();
  await asker.getByText(new RegExp(`^Réservé par ${story.martin.name}`)).first().waitFor();
  await dialog.getByRole('checkbox', { name: /^Même si la personne/ }).check();
  await judge(regul, 'regulated-dialog', seen);
  const moved = performance.now();
  await yes.click();
  await dialog.waitFor({ state: 'detached' });
  const heard = async (page, what) => {
    await called(page, what);
    return since(moved);
  };
  [seen.seconds.taken_called, seen.seconds.next_called, seen.seconds.asker_called] = await Promise.all([heard(martin, TAKEN), heard(leroy, GIVEN), heard(asker, MOVED)]);
  await asker.getByText(new RegExp(`^Réservé par ${story.leroy.name}`)).first().waitFor();
  await judge(asker, 'regulated-asker', seen);
  await judge(martin, 'regulated-taken', seen);
  seen.kept = (await draft(martin)).findings;

  await follow(leroy, GIVEN, story.case);
  await leroy.getByRole('link', { name: 'Rédiger' }).first().click();
  await beginFinal(leroy);
  const { signed } = await sign(leroy, seen, FOUND, 'regulated-final');
  await asker.getByRole('article', { name: 'Validé' }).getByText(FOUND.conclusion).waitFor();
  seen.seconds.report_seen = since(signed);
  seen.seconds.whole = since(began);
  await inEnglish(asker);
  const report = asker.getByRole('article', { name: 'Final' });
  await report.getByText(FOUND.conclusion).waitFor();
  seen.by = await report.innerText();
  await picture(asker, 'regulated-english');
});
