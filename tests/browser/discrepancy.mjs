// The final report says other than the preliminary one: they stand side by side, the physician says in which class they differ, and
// whoever has read the preliminary is told so and has to say that they have read the final one.

import { performance } from 'node:perf_hooks';
import { inSizes, judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, sign, since } from './desk.mjs';

const BEFORE = { findings: 'Pas de défect endoluminal. Pas d’épanchement.', conclusion: 'Pas d’embolie pulmonaire.', critical: false, button: 'Signer en provisoire' };
const AFTER = { findings: 'Défect endoluminal lobaire inférieur droit. Pas d’épanchement.', conclusion: 'Embolie pulmonaire lobaire inférieure droite.', critical: false, button: 'Valider' };
const WHY = 'Défect lobaire inférieur droit, non vu la nuit : traitement anticoagulant.';

async function write(page) {
  await page.getByRole('button', { name: 'Réserver' }).click();
  await page.getByLabel('Résultats').waitFor();
}

/** Whoever had the first in hand is told on their next screens, until they say for themselves that they know. */
async function theReaderOfTheFirst(page, seen) {
  const title = 'Des comptes rendus que vous avez eus en main diffèrent';
  for (const [at, name] of [['/home', 'home'], ['/cases', 'worklist']]) {
    await page.goto(new URL(at, story.night.portal).href);
    await page.getByRole('alert', { name: title }).getByText('Majeure').waitFor();
    await judge(page, `discrepancy-${name}`, seen);
  }
  await page.getByRole('alert', { name: title }).getByRole('link').click();
  const told = page.getByRole('alert').filter({ hasText: 'Vous avez eu l’un de ces comptes rendus en main' });
  await told.waitFor();
  await judge(page, 'discrepancy-mine', seen);
  await told.getByRole('button', { name: 'J’ai pris connaissance de l’écart' }).click();
  await told.waitFor({ state: 'detached' });
  const isTold = answer => new URL(answer.url()).pathname === '/api/cases/discordances';
  const [answer] = await Promise.all([page.waitForResponse(isTold), page.goto(new URL('/home', story.night.portal).href)]);
  const { mine } = await answer.json();
  await page.getByRole('heading', { level: 2 }).first().waitFor();
  seen.told_after = mine.length + (await page.getByRole('alert', { name: title }).count());
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, marked: [], wide: [] });
  const desks = {};
  for (const [who, at] of [['a', ''], ['night', '/report'], ['morning', '/report']]) {
    const { portal, name, password } = story[who];
    const page = await (await sitDown(browser, seen)).newPage();
    await signIn(page, portal, name, password, `/cases/${story.case}${at}`);
    desks[who] = page;
  }
  const { a: asker, night, morning } = desks;
  const began = performance.now();
  await write(night);
  const { signed } = await sign(night, seen, BEFORE, 'discrepancy-preliminary');
  const provisional = asker.getByRole('article', { name: 'Provisoire' });
  await provisional.getByText(BEFORE.conclusion).waitFor();
  seen.seconds.preliminary_seen = since(signed);
  await provisional.getByRole('button', { name: 'Je l’ai lu' }).click();
  await provisional.getByText('lu par le requérant').waitFor();

  await night.getByRole('button', { name: 'Rendre', exact: true }).click();
  const leave = night.getByRole('dialog');
  await leave.getByRole('button', { name: 'Fin de garde' }).click();
  await leave.getByRole('button', { name: 'Rendre' }).click();
  await leave.waitFor({ state: 'detached' });

  await write(morning);
  seen.final_begins_with = await morning.getByLabel('Conclusion').inputValue();
  if (!story.read_first) await inSizes(morning, 'report-editor', seen);
  const { signed: final } = await sign(morning, seen, AFTER, 'discrepancy-final');
  const last = asker.getByRole('article', { name: 'Validé' });
  if (story.read_first) {
    // Somebody there has read the final report before anybody compares.
    await last.getByRole('button', { name: 'Je l’ai lu' }).click();
    await last.getByText('lu par le requérant').waitFor();
  }
  // Both sites know that somebody has to compare; only a physician may.
  await asker.getByText('Deux comptes rendus diffèrent peut-être').waitFor();
  seen.seconds.owed_seen = since(final);
  seen.asker_may_compare = (await asker.getByRole('button', { name: 'Comparer', exact: true }).count()) > 0;
  // They lie side by side as soon as the final one is signed.
  const both = morning.getByRole('dialog', { name: 'Deux comptes rendus côte à côte' });
  for (const text of [BEFORE, AFTER]) for (const part of ['findings', 'conclusion']) await both.getByText(text[part].split(' ')[0]).first().waitFor();
  seen.marked = await both.locator('mark').allInnerTexts();
  const say = both.getByRole('button', { name: 'Consigner la comparaison' });
  seen.says_without_class = await say.isEnabled();
  await both.getByRole('radio', { name: /^Majeure/ }).check();
  seen.says_without_why = await say.isEnabled();
  await both.getByLabel('En quoi ils diffèrent').fill(WHY);
  await judge(morning, 'discrepancy-side-by-side', seen);
  const compared = performance.now();
  await say.click();

  // It is told to whoever may have acted on the first, and stays until they say that they have read the second.
  const told = asker.getByRole('alert').filter({ hasText: 'Majeure' });
  await told.waitFor();
  seen.seconds.class_seen = since(compared);
  seen.read_by_opening = (await last.getByText('lu par le requérant').count()) > 0;
  if (story.read_first) await last.getByText('Lu, puis un écart a été trouvé : à relire').waitFor();
  await judge(asker, `discrepancy-told${story.read_first ? '-again' : ''}`, seen);
  if (story.read_first) await theReaderOfTheFirst(night, seen);
  else await inSizes(asker, 'case', seen);
  await inEnglish(asker);
  await asker.getByRole('alert').filter({ hasText: 'Major' }).waitFor();
  await asker.getByRole('button', { name: 'Both texts' }).first().click();
  const texts = asker.getByRole('dialog', { name: 'Two reports side by side' });
  await texts.getByText(WHY).waitFor();
  await picture(asker, 'discrepancy-english');
  await asker.keyboard.press('Escape');
  await texts.waitFor({ state: 'detached' });
  const read = performance.now();
  if (story.read_first) await asker.getByRole('alert').filter({ hasText: 'Major' }).getByRole('button', { name: 'I know that they differ' }).click();
  else await asker.getByRole('article', { name: 'Final' }).getByRole('button', { name: 'I have read it' }).click();
  await asker.getByRole('alert').filter({ hasText: 'Major' }).waitFor({ state: 'detached' });
  await morning.getByText('lu par le requérant').first().waitFor();
  await morning.getByText('Clos.', { exact: true }).waitFor();
  seen.seconds.acknowledged_seen = since(read);
  seen.seconds.whole = since(began);
  await picture(morning, 'discrepancy-closed');
});
