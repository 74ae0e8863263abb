// An opinion is asked for by name and by an hour: the first expert declines and says why, the asker asks another by name, who takes it and
// asks for more; the hour that was named stands before both of them all the time.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { begin, called, follow, inEnglish, say, send, since, told } from './desk.mjs';

const REASON = 'Hors de ma compétence';
const MORE = 'Depuis quand, et quel traitement ?';
const ANSWER = 'Trois mois, sans traitement.';
const NAMED = 'vous demande un avis, à vous nommément';
const LEFT = 'avant la réponse souhaitée';

/** In three hours, as the form takes it and as it is. */
function inThreeHours() {
  const at = new Date(Date.now() + 3 * 3_600_000);
  at.setSeconds(0, 0);
  const two = number => String(number).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return { field: `${day}T${two(at.getHours())}:${two(at.getMinutes())}`, at: at.getTime() };
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, late_ms: [], lines: [] });
  const desks = {};
  for (const who of ['asker', 'first', 'second']) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, who === 'asker' ? `/cases/new?study=${story.study}` : '/cases');
    desks[who] = page;
  }
  const { asker, first, second } = desks;
  for (const page of [first, second]) await page.getByRole('img', { name: 'En direct' }).waitFor();
  const routing = asker.getByRole('region', { name: 'Qui a été sollicité' }).or(asker.getByRole('region', { name: 'Who was asked' }));
  const lines = async () => (await routing.getByRole('listitem').allInnerTexts()).map(text => text.replaceAll(/\s+/g, ' ').trim());

  const by = inThreeHours();
  // By how much what each screen counts down to is another hour than the one that was named.
  const compare = async (page, id) => seen.late_ms.push(Date.parse((await told(page, id)).due.at) - by.at);
  await asker.getByText(story.patient).first().waitFor();
  const began = performance.now();
  await asker.getByRole('button', { name: /^P2\s*Avis d’expert/ }).click();
  await asker.getByLabel(/Question posée/).fill('Lésion frontale droite : abcès ou gliome ?');
  await asker.getByLabel(/Contexte clinique/).fill('Céphalées depuis trois semaines, une crise.');
  await asker.getByRole('radio', { name: 'informé, sans opposition' }).check();
  const to = asker.getByRole('combobox', { name: /Établissements, dans l’ordre/ });
  await to.fill(story.site);
  await asker.getByRole('option', { name: story.site }).click();
  await asker.keyboard.press('Escape');
  await asker.locator('input').and(asker.getByLabel(`Personne ou équipe à ${story.site}`)).fill(story.first.name);
  await asker.getByLabel('Réponse souhaitée avant').fill(by.field);
  const sent = performance.now();
  const id = await send(asker);
  seen.seconds.request = since(began);
  await called(first, NAMED);
  seen.seconds.first_asked = since(sent);
  await follow(first, NAMED, id);
  for (const page of [asker, first]) await compare(page, id);

  // Declined with a reason, and not without.
  await first.getByRole('button', { name: 'Refuser', exact: true }).click();
  const dialog = first.getByRole('dialog', { name: 'Refuser' });
  await dialog.getByRole('button', { name: 'Refuser', exact: true }).click();
  await dialog.getByText('À compléter').waitFor();
  await dialog.getByRole('button', { name: REASON }).click();
  const declined = performance.now();
  await dialog.getByRole('button', { name: 'Refuser', exact: true }).click();
  await routing.getByText(`refus : ${REASON}`).waitFor();
  seen.seconds.declined_seen = since(declined);
  await called(asker, 'a refusé votre demande');
  await judge(asker, 'declined', seen);

  // Another is asked, by name.
  await begin(asker, 'Solliciter un autre site');
  const offer = asker.getByRole('dialog', { name: 'Solliciter un autre site' });
  await offer.locator('input').and(offer.getByLabel(/^Établissement/)).click();
  await asker.getByRole('option', { name: story.site }).click();
  const asked = await say(asker, 'Solliciter un autre site', [[/^Personne ou équipe/, story.second.name]]);
  await called(second, NAMED);
  seen.seconds.second_asked = since(asked);
  await follow(second, NAMED, id);
  await second.getByRole('button', { name: 'Accepter', exact: true }).click();
  const accept = second.getByRole('dialog', { name: 'Accepter' });
  const accepted = performance.now();
  await accept.getByRole('button', { name: 'Accepter', exact: true }).click();
  await accept.waitFor({ state: 'detached' });
  await routing.getByText('accepté', { exact: true }).waitFor();
  seen.seconds.accepted_seen = since(accepted);

  // More is asked for, and answered; the hour stands before both.
  await second.getByRole('button', { name: 'Demander un complément', exact: true }).click();
  const wondered = await say(second, 'Demander un complément', [[/^Texte/, MORE]]);
  await asker.getByText(MORE).first().waitFor();
  seen.seconds.question_seen = since(wondered);
  await asker.getByRole('button', { name: 'Répondre', exact: true }).click();
  const answered = await say(asker, 'Répondre', [[/^Texte/, ANSWER]]);
  await second.getByRole('region', { name: 'Échanges' }).getByText(ANSWER).waitFor();
  seen.seconds.answer_seen = since(answered);
  for (const page of [asker, second]) {
    await page.getByTitle(LEFT).first().waitFor();
    await compare(page, id);
  }
  await judge(second, 'declined-and-taken', seen);
  seen.seconds.whole = since(began);
  seen.lines = await lines();
  await inEnglish(asker);
  await routing.getByText('accepted', { exact: true }).waitFor();
  await asker.getByTitle('until the answer is wanted').first().waitFor();
  seen.english = await lines();
  await picture(asker, 'declined-english');
});
