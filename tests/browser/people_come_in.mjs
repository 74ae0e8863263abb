// An administrator who needs a second factor sets it up, signs in by it, and sees a leaver off; by axe on the way.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { picture, sitDown, story, tell } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

function bytesOf(base32) {
  const bits = [...base32].map(letter => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.match(/.{8}/g).map(byte => Number.parseInt(byte, 2)));
}

/** RFC 6238, `on` steps from now. */
function shown(secret, on) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + on));
  const tag = createHmac('sha1', bytesOf(secret)).update(step).digest();
  const number = tag.readUInt32BE(tag.at(-1) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

async function judge(page, where, seen) {
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  for (const { id, impact, nodes } of faults) {
    if (['serious', 'critical'].includes(impact)) seen.grave.push({ where, id, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) });
  }
  await picture(page, `people-${where}`);
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], recovery: 0 });
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  const enter = async () => {
    await page.goto(story.portal);
    await page.locator('input[name=username]').fill(story.name);
    await page.locator('input[name=password]').fill(story.password);
    await page.keyboard.press('Enter');
  };
  await enter();
  await page.getByText('Votre rôle exige un second facteur').waitFor();
  await judge(page, 'first', seen);
  await page.getByLabel('Mot de passe actuel').fill(story.password);
  await page.keyboard.press('Enter');
  await page.getByRole('img', { name: 'Carré pour l’application' }).waitFor();
  const secret = await page.locator('text=/^[A-Z2-7]{32}$/').first().innerText();
  await judge(page, 'square', seen);
  await page.getByLabel('Code affiché par l’application').fill(shown(secret, -1));
  await page.keyboard.press('Enter');
  await page.getByText('Codes de secours').first().waitFor();
  seen.recovery = await page.locator('main li').count();
  await judge(page, 'recovery', seen);
  await page.getByRole('button', { name: 'Continuer' }).click();

  await page.getByRole('button', { name: /^Compte/ }).click();
  await page.getByRole('menuitem', { name: 'Mon compte' }).click();
  await page.getByRole('heading', { name: 'Où vous êtes connecté' }).waitFor();
  await page.getByText('celui-ci').waitFor();
  await page.getByRole('menu').waitFor({ state: 'hidden' });
  await judge(page, 'account', seen);
  await page.getByRole('button', { name: 'Se déconnecter partout' }).click();
  await page.getByRole('button', { name: 'Vraiment partout' }).click();

  await page.locator('input[name=username]').waitFor();
  await enter();
  await page.getByLabel('Code de votre application').waitFor();
  await judge(page, 'code', seen);
  await page.getByLabel('Code de votre application').fill('000000');
  await page.keyboard.press('Enter');
  await page.getByText('Le code est faux').waitFor();
  await page.getByLabel('Code de votre application').fill(shown(secret, 1));
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').waitFor();

  await page.goto(`${story.portal}/settings`);
  await page.getByRole('heading', { name: 'Ce que chaque rôle permet' }).waitFor();
  await page.getByText('Partager un examen').first().waitFor();
  await judge(page, 'settings', seen);
  await page.getByRole('button', { name: 'Gérer durand' }).click();
  await page.getByLabel('Numéro RPPS').fill('10000000008');
  await page.getByRole('button', { name: 'Ajouter un titre' }).click();
  await page.getByLabel('Titre d’exercice').fill('Ordre 75/1234');
  await page.getByLabel('Modalités').fill('ct mr');
  await judge(page, 'user', seen);
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.locator('td', { hasText: '10000000008' }).waitFor({ state: 'attached' });
  await page.getByRole('button', { name: 'Désactiver le compte' }).click();
  await page.getByRole('button', { name: 'Désactiver vraiment' }).click();
  await page.getByText('Terminés :').waitFor();
  await context.close();
});
