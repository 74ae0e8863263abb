// A radiologist comes in through the provider's own login page, in French and in English; a stranger does not; an
// administrator sees where an account comes from. When the provider is away, the page says so and takes a password.

import { readFileSync } from 'node:fs';
import { picture, sitDown, story, tell } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

async function judge(page, where, seen) {
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  for (const { id, impact, nodes } of faults) {
    if (['serious', 'critical'].includes(impact)) seen.grave.push({ where, id, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) });
  }
  await picture(page, `provider-${where}`);
}

async function enter(page, name) {
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('x');
  await page.locator('button[type=submit]').first().click();
}

async function signInHere(page) {
  await page.locator('input[name=username]').fill(story.name);
  await page.locator('input[name=password]').fill(story.password);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').waitFor();
}

async function away(browser, seen) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await page.goto(story.portal);
  await page.getByRole('button', { name: 'Se connecter avec Story Connect' }).click();
  await page.getByText('Le fournisseur d’identité ne répond pas').waitFor();
  await judge(page, 'away', seen);
  await signInHere(page);
  seen.local = true;
  await context.close();
}

async function there(browser, seen) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await page.goto(`${story.portal}/studies?modality=MR`);
  await page.getByRole('button', { name: 'Se connecter avec Story Connect' }).waitFor();
  await judge(page, 'fr', seen);
  await page.getByRole('button', { name: 'Se connecter avec Story Connect' }).click();
  await page.locator('input[name=login]').waitFor();
  await picture(page, 'provider-login');
  await enter(page, 'durand');
  await page.getByRole('navigation').waitFor();
  if (!page.url().endsWith('/studies?modality=MR')) throw new Error(`came to ${page.url()}`);
  seen.came.push('fr');
  await page.getByRole('button', { name: /^Compte/ }).click();
  await page.getByRole('menuitem', { name: 'Mon compte' }).click();
  await page.getByText('Fournisseur d’identité').waitFor();
  await page.getByRole('menu').waitFor({ state: 'hidden' });
  await judge(page, 'account', seen);
  // Out here, and out there.
  await page.getByRole('button', { name: /^Compte/ }).click();
  await page.getByRole('menuitem', { name: 'Se déconnecter' }).click();
  await page.waitForURL(/localhost.*session\/end/);
  await page.locator('button[value=yes]').click();
  await page.locator('input[name=username]').waitFor();

  await page.locator('label', { hasText: 'EN' }).click();
  await page.getByRole('button', { name: 'Sign in with Story Connect' }).waitFor();
  await judge(page, 'en', seen);
  await page.getByRole('button', { name: 'Sign in with Story Connect' }).click();
  await enter(page, 'stranger');
  await page.getByText('You have no role on this site').waitFor();
  await judge(page, 'no-role', seen);
  if (page.url().includes('sign-in=')) throw new Error(`the word stays: ${page.url()}`);
  await context.clearCookies({ domain: 'localhost' });
  await page.getByRole('button', { name: 'Sign in with Story Connect' }).click();
  await enter(page, 'durand');
  await page.getByRole('navigation').waitFor();
  seen.came.push('en');
  await context.close();

  const office = await sitDown(browser, seen);
  const desk = await office.newPage();
  await desk.goto(`${story.portal}/settings`);
  await signInHere(desk);
  await desk.getByRole('button', { name: 'Gérer dr.durand' }).waitFor();
  await judge(desk, 'people', seen);
  await desk.getByRole('button', { name: 'Gérer dr.durand' }).click();
  await desk.getByLabel('Sujet, tel que l’écrit le fournisseur').scrollIntoViewIfNeeded();
  await judge(desk, 'origin', seen);
  await office.close();
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], came: [], local: false });
  await (story.away ? away : there)(browser, seen);
});
