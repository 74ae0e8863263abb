// A question to an expert elsewhere: with the series it is about, to a person by name. The expert asks for more, is answered, takes it,
// and the signed opinion is with whoever asked.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, send, sign, since } from './desk.mjs';

const QUESTION = 'Lésion frontale droite : abcès ou gliome ? Biopsie ?';
const MORE = 'Y a-t-il de la fièvre, et une CRP ?';
const ANSWER = 'Apyrexie, CRP 4 mg/L, pas d’antécédent.';
const OPINION = { findings: 'Prise de contraste annulaire, paroi irrégulière, pas de restriction de diffusion.', conclusion: 'Gliome de haut grade probable. Biopsie stéréotaxique conseillée.', critical: false, button: 'Valider' };

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, pictures: 0, asked: '', thread: [] });
  const [askers, experts] = [await sitDown(browser, seen), await sitDown(browser, seen)];
  const [asker, expert] = [await askers.newPage(), await experts.newPage()];
  await signIn(expert, story.b.portal, story.b.name, story.b.password, '/cases');
  await expert.getByRole('img', { name: 'En direct' }).waitFor();
  await signIn(asker, story.a.portal, story.a.name, story.a.password, `/cases/new?study=${story.study}`);
  await asker.getByText(story.patient).first().waitFor();

  const began = performance.now();
  await asker.getByRole('button', { name: /^P2\s*Avis d’expert/ }).click();
  await asker.getByLabel(/Question posée/).fill(QUESTION);
  await asker.getByLabel(/Contexte clinique/).fill('Céphalées depuis trois semaines, une crise.');
  await asker.getByRole('radio', { name: 'informé, sans opposition' }).check();
  const to = asker.getByRole('combobox', { name: /Établissements, dans l’ordre/ });
  await to.fill(story.b.site);
  await asker.getByRole('option', { name: story.b.site }).click();
  await asker.keyboard.press('Escape');
  await asker.locator('input').and(asker.getByLabel(`Personne ou équipe à ${story.b.site}`)).fill(story.b.name);
  const chosen = asker.getByRole('button', { name: /12 coupes/ });
  await chosen.click();
  seen.series_chosen = await chosen.getAttribute('aria-pressed');
  await judge(asker, 'expert-request', seen);
  const sent = performance.now();
  await send(asker);
  seen.seconds.request = since(began);

  const row = expert.getByRole('row').filter({ hasText: story.patient }).first();
  await row.waitFor();
  seen.seconds.offered = since(sent);
  seen.asked = await asker.getByRole('region', { name: 'Qui a été sollicité' }).innerText();
  await row.dblclick();
  await expert.getByText(QUESTION).first().waitFor();
  const question = expert.getByRole('region', { name: 'Demande' });
  await question.getByRole('heading', { name: 'Images à regarder d’abord' }).waitFor();
  seen.pictures = await question.getByRole('button', { name: /^Ouvrir dans le visualiseur/ }).count();
  await judge(expert, 'expert-question', seen);

  // Something is missing: it is asked for, and the asker sees that an answer is owed.
  await expert.getByRole('button', { name: 'Demander un complément' }).click();
  const more = expert.getByRole('dialog');
  await more.getByLabel(/^Texte/).fill(MORE);
  const wondered = performance.now();
  await more.getByRole('button', { name: 'Demander un complément' }).click();
  await asker.getByText(MORE).first().waitFor();
  seen.seconds.question_seen = since(wondered);
  await asker.getByRole('button', { name: 'Répondre' }).click();
  const reply = asker.getByRole('dialog');
  await reply.getByLabel(/^Texte/).fill(ANSWER);
  await picture(asker, 'expert-answering');
  const answered = performance.now();
  await reply.getByRole('button', { name: 'Répondre' }).click();
  const thread = expert.getByRole('region', { name: 'Échanges' });
  await thread.getByText(ANSWER).waitFor();
  seen.seconds.answer_seen = since(answered);
  seen.thread = await thread.getByRole('listitem').allInnerTexts();

  await expert.getByRole('button', { name: 'Accepter', exact: true }).click();
  await expert.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await expert.getByRole('button', { name: 'Réserver', exact: true }).click();
  await expert.getByRole('link', { name: 'Rédiger' }).click();
  await expert.getByLabel('Résultats').waitFor();
  // What is written counts as the expert's opinion at once; none is owed before.
  const final = expert.locator('label', { hasText: /^Validé$/ });
  if (await final.count()) await final.click();
  const { signed } = await sign(expert, seen, OPINION, 'expert-opinion');
  const opinion = asker.getByRole('article', { name: 'Validé' });
  await opinion.getByText(OPINION.conclusion).waitFor();
  seen.seconds.opinion_seen = since(signed);
  await judge(asker, 'expert-answered', seen);
  await opinion.getByRole('button', { name: 'Je l’ai lu' }).click();
  await asker.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.whole = since(began);
  await inEnglish(asker);
  await asker.getByRole('article', { name: 'Final' }).getByText(OPINION.conclusion).waitFor();
  seen.english = await asker.getByRole('region', { name: 'Who was asked' }).innerText();
  await picture(asker, 'expert-english');
});
