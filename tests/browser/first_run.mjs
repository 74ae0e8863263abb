// An administrator comes to a node that nobody has set up: its addresses are looked at, the first person, the first modality (asked, and
// asking) and the first confrère are made known, with a break in between.

import { execFileSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, since } from './desk.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, steps: [], begins_at: '', left: [], links_after: 0 });
  const page = await (await sitDown(browser, seen)).newPage();
  const headings = page.locator('[data-step] > h2');
  const stand = async () => seen.steps.push((await headings.allInnerTexts()).map(text => text.replaceAll(/\s+/g, ' ').trim()));
  const step = name => page.locator(`[data-step=${name}]`);
  const open = async name => {
    const turn = step(name).locator('> h2 button');
    if ((await turn.getAttribute('aria-expanded')) !== 'true') await turn.click();
  };

  await signIn(page, story.a.portal, story.a.name, story.a.password, '/');
  await headings.first().waitFor();
  seen.begins_at = new URL(page.url()).pathname;
  await stand();
  await judge(page, 'first-run-site', seen);

  let began = performance.now();
  await open('user');
  await step('user').getByLabel('Nom d’utilisateur').fill('dr.leroy');
  await step('user').getByRole('button', { name: 'Ajouter', exact: true }).click();
  await step('user').getByText('Mot de passe de dr.leroy').waitFor();
  await step('user').locator('> h2').getByText('fait', { exact: true }).waitFor();
  seen.seconds.person = since(began);
  await judge(page, 'first-run-person', seen);

  // Left, and taken up where it stood.
  await page.getByRole('link', { name: 'Continuer plus tard' }).click();
  const card = page.getByRole('region', { name: 'Mettre ce site en route' });
  await card.waitFor();
  seen.left.push(await card.getByText(/^Il reste/).innerText());
  await judge(page, 'first-run-home', seen);
  await card.getByRole('link').click();
  await headings.first().waitFor();

  began = performance.now();
  await open('ae');
  await step('ae').getByLabel('AE title', { exact: true }).fill(story.b.title);
  await step('ae').getByLabel('Hôte').fill('127.0.0.1');
  await step('ae').getByLabel('Port').fill(String(story.modality));
  await step('ae').getByRole('button', { name: 'Ajouter un correspondant DICOM' }).click();
  await step('ae').getByText('Pas entendu depuis le démarrage du nœud').waitFor();
  await stand();
  // A machine that is off, then one that answers.
  const test = step('ae').getByRole('button', { name: `Tester ${story.b.title} par C-ECHO` });
  await test.click();
  await step('ae').getByText(/^Pas de réponse :/).waitFor();
  await picture(page, 'first-run-no-answer');
  await step('ae').getByRole('button', { name: `Modifier ${story.b.title}` }).click();
  await step('ae').getByLabel('Port').fill(String(story.answers));
  await step('ae').getByRole('button', { name: 'Enregistrer', exact: true }).click();
  await step('ae').getByText(`:${story.answers}`).waitFor();
  await test.click();
  await step('ae').getByText(/^Réponse après \d+ ms/).waitFor();
  await step('ae').locator('> h2').getByText('fait', { exact: true }).waitFor();
  seen.seconds.modality = since(began);
  // And the other way round: the modality asks.
  await step('ae').getByLabel('AE title', { exact: true }).fill('CT2');
  await step('ae').getByLabel('Hôte').fill('127.0.0.1');
  await step('ae').getByLabel('Port').fill('104');
  await step('ae').getByRole('button', { name: 'Ajouter un correspondant DICOM' }).click();
  await step('ae').getByText('Pas entendu depuis le démarrage du nœud').waitFor();
  execFileSync('echoscu', ['-aet', 'CT2', '-aec', story.a.title, '127.0.0.1', String(story.a.dimse)]);
  began = performance.now();
  await step('ae').getByText('Pas entendu depuis le démarrage du nœud').waitFor({ state: 'detached' });
  seen.seconds.heard = since(began);
  await judge(page, 'first-run-modality', seen);

  began = performance.now();
  await open('peer');
  await judge(page, 'first-run-peer', seen);
  const created = page.waitForResponse(r => r.url().endsWith('/api/peers/invitations') && r.request().method() === 'POST');
  await step('peer').getByRole('link', { name: 'Inviter un site' }).click();
  const { invitation, code } = await (await created).json();
  const other = await (await sitDown(browser, seen)).newPage();
  await signIn(other, story.b.portal, story.b.name, story.b.password, '/peers?do=join');
  await other.getByRole('dialog').getByLabel('Invitation').fill(invitation);
  await other.getByRole('dialog').getByLabel('Code dicté').fill(code);
  await other.getByRole('dialog').getByRole('button', { name: 'Répondre', exact: true }).click();
  for (const one of [page, other]) await one.getByRole('button', { name: 'Ils sont identiques' }).click();
  await page.getByText(`${story.b.site} est désormais un confrère.`).first().waitFor();
  seen.seconds.confrere = since(began);
  await page.goto(`${story.a.portal}/setup`);
  await step('peer').locator('> h2').getByText('fait', { exact: true }).waitFor();
  await stand();
  await inEnglish(page);
  await headings.first().waitFor();
  await judge(page, 'first-run-english', seen);

  // The addresses are this machine's own, as in a trial: put out of sight, and found again under the settings.
  await page.getByRole('button', { name: 'Do not show this any more' }).click();
  await page.waitForURL(/\/home$/);
  await page.getByRole('region', { name: 'Alarms' }).waitFor();
  seen.links_after = await page.getByRole('region', { name: 'Set this site up' }).count();
  await page.goto(`${story.a.portal}/settings`);
  await page.getByRole('link', { name: 'Set this site up' }).click();
  await headings.first().waitFor();
  await stand();
});
