// Whoever has a case asks the requester for more, and puts it on hold. The time runs on, on both screens; the requester is called,
// and answers; whoever asked is called in turn, takes it up again, and signs.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { begin, beginFinal, called, follow, inEnglish, say, sign, since, told } from './desk.mjs';

const MORE = 'Créatinine récente ? Allergie à l’iode ?';
const WHY = 'En attente de la créatinine.';
const ANSWER = 'Créatinine 68 µmol/L ce matin, pas d’allergie.';
const FOUND = { findings: 'Pas de défect endoluminal.', conclusion: 'Pas d’embolie pulmonaire.', critical: false, button: 'Valider' };
const LEFT = 'avant l’échéance du provisoire';

/** Waits until the time that is left has become less on the screen. */
async function runsDown(place) {
  const left = place.getByTitle(LEFT).first();
  const [before] = /\d+:\d\d/.exec(await left.innerText());
  await place.getByTitle(LEFT).filter({ hasText: /\d+:\d\d/, hasNotText: before }).first().waitFor();
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, due: [], says: '', owner: {} });
  const desks = {};
  for (const [who, at] of [['a', '/cases'], ['b', `/cases/${story.case}`]]) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, at);
    desks[who] = page;
  }
  const { a: asker, b: reader } = desks;
  const row = asker.getByRole('row').filter({ hasText: story.patient }).first();
  await row.waitFor();
  await asker.getByRole('img', { name: 'En direct' }).waitFor();
  const began = performance.now();
  await reader.getByRole('button', { name: 'Réserver', exact: true }).click();
  await reader.getByText(/^Réservé par vous depuis/).waitFor();
  seen.due.push((await told(reader, story.case)).due);

  // Something is missing: it is asked for, and waited for.
  await reader.getByRole('button', { name: 'Demander un complément', exact: true }).click();
  const wondered = await say(reader, 'Demander un complément', [[/^Texte/, MORE]]);
  await called(asker, 'vous demande un complément');
  seen.seconds.question_called = since(wondered);
  await begin(reader, 'Suspendre');
  const held = await say(reader, 'Suspendre', [[/^Motif/, WHY]]);
  const bar = await called(asker, 'a suspendu un dossier');
  seen.seconds.hold_called = since(held);
  seen.says = await bar.innerText();
  await row.getByText('suspendu', { exact: true }).waitFor();
  await reader.getByText('suspendu', { exact: true }).first().waitFor();
  for (const desk of [reader, asker]) {
    const { due, owner } = await told(desk, story.case);
    seen.due.push(due);
    seen.owner = owner;
  }
  await runsDown(row);
  await runsDown(reader.locator('header'));
  await judge(asker, 'hold-called', seen);
  await judge(reader, 'hold-waiting', seen);

  // From the call to the answer.
  await follow(asker, 'a suspendu un dossier', story.case);
  await asker.getByText(MORE).first().waitFor();
  await asker.getByRole('button', { name: 'Répondre', exact: true }).click();
  const answered = await say(asker, 'Répondre', [[/^Texte/, ANSWER]]);
  await called(reader, 'répond à votre question');
  seen.seconds.called_again = since(answered);
  await reader.getByRole('region', { name: 'Échanges' }).getByText(ANSWER).waitFor();
  await reader.getByText('question posée', { exact: true }).waitFor({ state: 'detached' });
  await reader.keyboard.press('h');
  await reader.getByRole('alert').filter({ hasText: 'répond à votre question' }).waitFor({ state: 'detached' });

  // An answer alone takes nothing up again: whoever waited does.
  await asker.getByText('suspendu', { exact: true }).first().waitFor();
  const resume = reader.getByRole('button', { name: 'Reprendre', exact: true });
  await resume.waitFor();
  const resumed = performance.now();
  await resume.click();
  await asker.getByText('suspendu', { exact: true }).waitFor({ state: 'detached' });
  seen.seconds.resumed_seen = since(resumed);
  seen.due.push((await told(asker, story.case)).due);

  await reader.getByRole('link', { name: 'Rédiger' }).first().click();
  await beginFinal(reader);
  const { signed } = await sign(reader, seen, FOUND, 'hold-final');
  const last = asker.getByRole('article', { name: 'Validé' });
  await last.getByText(FOUND.conclusion).waitFor();
  seen.seconds.report_seen = since(signed);
  const read = performance.now();
  await last.getByRole('button', { name: 'Je l’ai lu' }).click();
  await reader.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.acknowledged_seen = since(read);
  seen.seconds.whole = since(began);
  await inEnglish(asker);
  await asker.getByText('Closed.', { exact: true }).waitFor();
  await asker.getByRole('article', { name: 'Final' }).getByText(FOUND.conclusion).waitFor();
  await picture(asker, 'hold-english');
});
