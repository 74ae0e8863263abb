// A case is over, and a new question comes: it is opened again, stands among those to be read with its time, and is answered by an
// addendum. What was signed before stays as it was.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { beginFinal, called, inEnglish, say, sign, since, told } from './desk.mjs';

const FIRST = { findings: 'Pas de défect endoluminal. Micronodule de 4 mm du lobe moyen.', conclusion: 'Pas d’embolie pulmonaire.', critical: false, button: 'Valider' };
const QUESTION = 'Le micronodule était-il là en 2024 ?';
const MORE = { findings: 'Comparé au scanner de 2024 : micronodule stable.', conclusion: 'Micronodule stable, pas de contrôle nécessaire.', critical: false, button: 'Signer l’additif' };
const LEFT = 'avant l’échéance du compte rendu validé';

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, due: [], says: '', left: '', before: [] });
  const desks = {};
  for (const [who, at] of [['a', ''], ['b', '/report']]) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, `/cases/${story.case}${at}`);
    desks[who] = page;
  }
  const { a: asker, b: reader } = desks;
  const began = performance.now();
  await reader.getByRole('button', { name: 'Réserver' }).click();
  await beginFinal(reader);
  const { signed } = await sign(reader, seen, FIRST, 'reopened-first');
  const first = asker.getByRole('article', { name: 'Validé' });
  await first.getByText(FIRST.conclusion).waitFor();
  seen.seconds.report_seen = since(signed);
  await first.getByRole('button', { name: 'Je l’ai lu' }).click();
  await asker.getByText('Clos.', { exact: true }).waitFor();
  await asker.getByRole('alert').filter({ hasText: 'Compte rendu reçu de' }).waitFor({ state: 'detached' });
  await reader.goto(new URL('/cases', story.b.portal).href);
  await reader.getByRole('img', { name: 'En direct' }).waitFor();

  // A new question, with which it is opened again.
  await asker.getByRole('button', { name: 'Rouvrir', exact: true }).click();
  const opened = await say(asker, 'Rouvrir', [[/^Motif/, QUESTION]]);
  seen.says = await (await called(reader, `Dossier rouvert par ${story.a.site}`)).innerText();
  seen.seconds.reopened_called = since(opened);
  await asker.getByText('Rouvert pour un addendum.', { exact: true }).waitFor();
  for (const desk of [asker, reader]) seen.due.push((await told(desk, story.case)).due);

  // It stands where what is to be read stands, and says by when.
  const tab = reader.getByRole('group', { name: 'État des dossiers' }).getByRole('button', { name: /^Prêts/ });
  await tab.click();
  const row = reader.getByRole('row').filter({ hasText: story.patient }).first();
  await row.getByText('Rouvert', { exact: true }).waitFor();
  seen.seconds.row_seen = since(opened);
  // What is shown may be a second old: then it is twelve hours still.
  seen.left = await row.getByTitle(LEFT).filter({ hasText: /^11/ }).innerText();
  await judge(reader, 'reopened-ready', seen);
  await reader.keyboard.press('h');
  await reader.getByRole('alert').filter({ hasText: 'Dossier rouvert par' }).waitFor({ state: 'detached' });
  const claimed = performance.now();
  await row.getByRole('button', { name: /^Réserver/ }).click();
  await row.waitFor({ state: 'detached' });
  await asker.getByText(new RegExp(`^Pris par ${story.b.name}`)).first().waitFor();
  seen.seconds.claim_seen = since(claimed);

  await reader.goto(new URL(`/cases/${story.case}/report`, story.b.portal).href);
  await reader.getByLabel('Résultats').waitFor();
  // Beside what was signed, which is not written anew.
  await reader.getByRole('article', { name: 'Validé' }).getByText(FIRST.conclusion).waitFor();
  const { signed: added } = await sign(reader, seen, MORE, 'reopened-addendum');
  const more = asker.getByRole('article', { name: 'Additif' });
  await more.getByText(MORE.conclusion).waitFor();
  seen.seconds.addendum_seen = since(added);
  await called(asker, `Compte rendu reçu de ${story.b.site}`);
  for (const desk of [asker, reader]) {
    const earlier = desk.getByRole('article', { name: 'Validé' });
    await earlier.waitFor();
    seen.before.push(await earlier.innerText());
  }
  await judge(asker, 'reopened-both', seen);
  const read = performance.now();
  await more.getByRole('button', { name: 'Je l’ai lu' }).click();
  await reader.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.acknowledged_seen = since(read);
  seen.seconds.whole = since(began);
  await inEnglish(asker);
  await asker.getByText('Closed.', { exact: true }).waitFor();
  await asker.getByRole('article', { name: 'Addendum' }).getByText(MORE.conclusion).waitFor();
  await asker.getByRole('article', { name: 'Final' }).getByText(FIRST.conclusion).waitFor();
  await picture(asker, 'reopened-english');
});
