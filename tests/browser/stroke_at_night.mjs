// A stroke at night: asked for at one hospital, rung for, accepted, read and signed at another, the critical result heard,
// the final report read. Each at their own screen; seconds are told from the outside.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const since = began => Math.round(performance.now() - began) / 1000;

async function sign(page, seen, text, name) {
  await page.getByLabel('Résultats').fill(text.findings);
  await page.getByLabel('Conclusion').fill(text.conclusion);
  if (text.critical) await page.getByRole('checkbox', { name: /Résultat critique/ }).check();
  await judge(page, name, seen);
  await page.keyboard.press('Control+Enter');
  const dialog = page.getByRole('dialog');
  // Whom it is about, once more, before it counts.
  for (const shown of [story.patient, story.born, story.a.site]) await dialog.getByText(shown, { exact: false }).first().waitFor();
  const reason = dialog.getByLabel(/Le compte n’est pas confirmé|Des images/);
  if (await reason.count()) await reason.fill('Vu avec la salle d’examen : série complète.');
  await picture(page, `${name}-sign`);
  await dialog.getByRole('button', { name: text.button }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL(/\/cases\/[0-9a-f]{32}$/);
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {} });
  const [reading, asking] = [await sitDown(browser, seen), await sitDown(browser, seen)];
  await reading.grantPermissions(['notifications']);
  const [reader, asker] = [await reading.newPage(), await asking.newPage()];
  await signIn(reader, story.b.portal, story.b.name, story.b.password, '/cases');
  await reader.getByRole('img', { name: 'En direct' }).waitFor();
  await judge(reader, 'night-quiet', seen);

  await signIn(asker, story.a.portal, story.a.name, story.a.password, `/cases/new?study=${story.study}`);
  await asker.getByText(story.patient).first().waitFor();
  const began = performance.now();
  await asker.getByRole('button', { name: /^P0\s*AVC/ }).click();
  await asker.getByLabel(/Contexte clinique/).fill('Début à 1 h 20, hémiplégie droite, aphasie. NIHSS 14. Pas d’anticoagulant.');
  await asker.getByLabel('Téléphone de la salle d’examen').fill('02 97 01 02 03');
  const to = asker.getByRole('combobox', { name: /Établissements, dans l’ordre/ });
  await to.fill(story.b.site);
  await asker.getByRole('option', { name: story.b.site }).click();
  await asker.keyboard.press('Escape');
  await asker.getByRole('checkbox', { name: /J’ai contrôlé l’identité/ }).check();
  await judge(asker, 'night-request', seen);
  const sent = performance.now();
  await asker.getByRole('button', { name: 'Envoyer la demande' }).click();
  await asker.waitForURL(/\/cases\/[0-9a-f]{32}$/);
  seen.seconds.request = since(began);

  await reader.getByRole('alert').filter({ hasText: /demande une lecture/ }).waitFor();
  seen.seconds.alert = since(sent);
  const row = reader.getByRole('row').filter({ hasText: story.patient }).first();
  await row.waitFor();
  await picture(reader, 'night-alert');
  await reader.keyboard.press('h');
  await row.click();
  const accepted = performance.now();
  await row.getByRole('button', { name: /^Accepter/ }).click();
  await reader.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await asker.getByText(/^Accepté par|^Prêt à être lu/).first().waitFor();
  seen.seconds.accepted_seen = since(accepted);

  await row.getByRole('button', { name: /^Réserver/ }).waitFor();
  const claimed = performance.now();
  await row.getByRole('button', { name: /^Réserver/ }).click();
  await asker.getByText(new RegExp(`Réservé par ${story.b.name}`)).first().waitFor();
  seen.seconds.claim_seen = since(claimed);
  await picture(asker, 'night-case');
  await row.dblclick();
  await reader.getByRole('link', { name: 'Rédiger' }).first().click();

  await reader.getByLabel('Résultats').waitFor();
  await sign(reader, seen, { findings: 'Occlusion M1 gauche. ASPECTS 8.', conclusion: 'AVC ischémique sylvien gauche, occlusion M1.', critical: true, button: 'Signer en provisoire' }, 'night-preliminary');
  const signed = performance.now();
  const provisional = asker.getByRole('article', { name: 'Provisoire' });
  await provisional.getByText('NON VALIDÉ').waitFor();
  seen.seconds.preliminary_seen = since(signed);
  seen.heard_by_opening = (await provisional.getByText('Le résultat critique a été reçu').count()) > 0;
  await judge(asker, 'night-critical', seen);
  await provisional.getByRole('button', { name: 'Je l’ai reçu et j’agis' }).click();
  await provisional.getByText('Le résultat critique a été reçu').waitFor();

  await reader.getByRole('link', { name: 'Rédiger' }).first().click();
  await reader.getByLabel('Résultats').waitFor();
  seen.final_begins_with = await reader.getByLabel('Conclusion').inputValue();
  await sign(reader, seen, { findings: 'Occlusion M1 gauche. ASPECTS 8. Bonne collatéralité.', conclusion: 'AVC ischémique sylvien gauche, occlusion M1.', critical: false, button: 'Valider' }, 'night-final');
  const last = asker.getByRole('article', { name: 'Validé' });
  await last.getByRole('button', { name: 'Je l’ai lu' }).click();
  await last.getByText('lu par le requérant').waitFor();
  seen.seconds.whole = since(began);
  await picture(asker, 'night-read');
});
