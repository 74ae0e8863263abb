// A radiologist on call breaks the glass, sees on every view that it is broken, and the data protection officer reviews it;
// at the other site an administrator records an opposition. By axe on the way.

import { readFileSync } from 'node:fs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const BANNER = /Bris de glace — pronostic vital — consigné par les deux sites — jusqu’à/;

async function judge(page, where, seen) {
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  for (const { id, impact, nodes } of faults) {
    if (['serious', 'critical'].includes(impact)) seen.grave.push({ where, id, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) });
  }
  await picture(page, `glass-${where}`);
}

async function breaks(browser, seen) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.reader, story.person, story.password);
  await page.getByRole('button', { name: 'Bris de glace' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/Nom de famille/).fill('Kervella');
  await dialog.getByLabel(/Prénom/).fill('Maïwenn');
  await dialog.getByLabel(/Date de naissance/).fill('1961-05-24');
  await dialog.getByRole('combobox', { name: /Sexe/ }).click();
  await page.getByRole('option').first().click();
  await dialog.getByLabel(/en vos propres mots/).fill('polytraumatisée, bloc dans 10 min');
  await dialog.getByLabel(/Votre mot de passe/).fill(story.password);
  await judge(page, 'dialog', seen);
  await dialog.getByRole('button', { name: 'Briser la glace' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('status').filter({ hasText: BANNER }).waitFor();
  const row = page.getByRole('row').filter({ hasText: /Kervella/i }).first();
  await row.getByText('Bris de glace').waitFor();
  await judge(page, 'list', seen);
  const [viewer] = await Promise.all([context.waitForEvent('page'), row.getByRole('button', { name: /Ouvrir/ }).first().click()]);
  await viewer.locator('.line[data-tone=bad]').filter({ hasText: BANNER }).waitFor({ timeout: 60_000 });
  await viewer.locator('canvas.cornerstone-canvas').first().waitFor({ timeout: 60_000 });
  await picture(viewer, 'glass-viewer');
  seen.viewer = true;
  await context.close();
}

async function reviews(browser, seen) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.holder, story.auditor, story.password, '/log');
  const table = page.getByRole('table', { name: 'Contrôles' });
  await table.getByText('pronostic vital').waitFor();
  await judge(page, 'queue', seen);
  await table.getByRole('button', { name: /Contrôler le bris/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: 'Justifié', exact: true }).check();
  await dialog.getByLabel('Note').fill('dossier relu avec le chef de service');
  await judge(page, 'review', seen);
  await dialog.getByRole('button', { name: 'Consigner' }).click();
  await page.getByText('Rien n’attend de contrôle.').waitFor();
  seen.reviewed = true;
  await context.close();
}

async function opposes(browser, seen) {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.holder, story.admin, story.password);
  await page.goto(`${story.holder}/studies`);
  const row = page.getByRole('row').filter({ hasText: /Kervella/i }).first();
  await row.getByRole('button', { name: /Autres|actions|Plus|Menu/i }).last().click();
  await page.getByRole('menuitem', { name: 'Opposition, masquage' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Consigner' }).click();
  await dialog.getByText(/Demandé par le patient/).waitFor();
  await judge(page, 'opposition', seen);
  await page.keyboard.press('Escape');
  await row.getByText('Opposition du patient au partage').waitFor();
  await judge(page, 'opposed-row', seen);
  await context.close();
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], viewer: false, reviewed: false });
  await breaks(browser, seen);
  await reviews(browser, seen);
  await opposes(browser, seen);
});
