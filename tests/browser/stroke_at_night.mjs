// A stroke at night: asked for at one hospital, rung for, accepted and claimed at another; its images are opened in the viewer, with a
// prior that a third site has; a preliminary report is signed and read where it was asked for. In the morning another radiologist
// signs the final one, and the critical result is heard. Each at their own screen; seconds are told from the outside.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { send, sign, since } from './desk.mjs';
import { shown, until } from './viewer.mjs';

const FOUND = { findings: 'Occlusion M1 gauche. ASPECTS 8.', conclusion: 'AVC ischémique sylvien gauche, occlusion M1.' };

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
  await judge(asker, 'night-request', seen);
  const sent = performance.now();
  await send(asker);
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
  await reader.getByRole('button', { name: 'Voir les images' }).waitFor();
  const looked = performance.now();
  const [viewer] = await Promise.all([reading.waitForEvent('page'), reader.getByRole('button', { name: 'Voir les images' }).click()]);
  await until(viewer, now => now.length > 0 && now[0].uid !== '');
  seen.seconds.images_open = since(looked);
  await picture(viewer, 'night-images');

  // A prior that only a third site has, beside the images of tonight: in the one viewer of the case.
  const prior = reader.locator(`li[data-study="${story.prior}"]`);
  await prior.waitFor();
  seen.prior_from = await prior.innerText();
  const compared = performance.now();
  await prior.getByRole('button', { name: /^Ouvrir à côté/ }).click();
  await viewer.waitForURL(url => url.searchParams.get('StudyInstanceUIDs')?.includes(story.prior));
  seen.beside = (await until(viewer, now => now.length === 2)).length;
  seen.seconds.prior_beside = since(compared);
  await viewer.locator('#confrere-strip').getByText(/Défilement lié/).waitFor();
  await picture(viewer, 'night-prior');
  seen.images = (await shown(viewer)).map(one => one.uid);
  await viewer.close();

  await reader.getByRole('link', { name: 'Rédiger' }).first().click();
  await reader.getByLabel('Résultats').waitFor();
  const { signed } = await sign(reader, seen, { ...FOUND, critical: true, button: 'Signer en provisoire' }, 'night-preliminary');
  const provisional = asker.getByRole('article', { name: 'Provisoire' });
  await provisional.getByText('NON VALIDÉ').waitFor();
  seen.seconds.preliminary_seen = since(signed);
  seen.heard_by_opening = (await provisional.getByText('Le résultat critique a été reçu').count()) > 0;
  await judge(asker, 'night-critical', seen);
  await provisional.getByRole('button', { name: 'Je l’ai lu' }).click();
  await provisional.getByText('lu par le requérant').waitFor();
  seen.heard_by_reading = (await provisional.getByText('Le résultat critique a été reçu').count()) > 0;

  // In the morning a colleague goes on with it.
  await reader.getByRole('button', { name: 'Rendre', exact: true }).click();
  const leave = reader.getByRole('dialog');
  await leave.getByRole('button', { name: 'Fin de garde' }).click();
  await leave.getByRole('button', { name: 'Rendre' }).click();
  await leave.waitFor({ state: 'detached' });
  const morning = await (await sitDown(browser, seen)).newPage();
  await signIn(morning, story.b.portal, story.morning.name, story.morning.password, new URL(reader.url()).pathname);
  await morning.getByRole('button', { name: 'Réserver', exact: true }).click();
  await morning.getByRole('link', { name: 'Rédiger' }).first().click();
  await morning.getByLabel('Résultats').waitFor();
  seen.final_begins_with = await morning.getByLabel('Conclusion').inputValue();
  const { signed: done } = await sign(morning, seen, { ...FOUND, critical: false, button: 'Valider' }, 'night-final');
  const last = asker.getByRole('article', { name: 'Validé' });
  await last.getByText(FOUND.conclusion).waitFor();
  seen.seconds.final_seen = since(done);
  seen.final_by = await last.innerText();
  await judge(asker, 'night-morning', seen);

  // Only whoever acts on it hears it, by name.
  for (const article of [last, provisional]) {
    await article.getByRole('button', { name: 'Je l’ai reçu et j’agis' }).click();
    await article.getByText('Le résultat critique a été reçu').waitFor();
  }
  const read = last.getByRole('button', { name: 'Je l’ai lu' });
  if (await read.count()) await read.click();
  await last.getByText('lu par le requérant').waitFor();
  seen.seconds.whole = since(began);
  await picture(asker, 'night-read');
});
