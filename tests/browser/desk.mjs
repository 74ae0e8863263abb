// What people do at their desks in several stories: ask for a reading, sign a report.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, story } from './chromium.mjs';

/** Seconds since, to the millisecond. */
export const since = began => Math.round(performance.now() - began) / 1000;

/** Sends the request that stands in the form, once its identity was checked. */
export async function send(page) {
  await page.getByRole('checkbox', { name: /J’ai contrôlé l’identité/ }).check();
  await page.getByRole('button', { name: 'Envoyer la demande' }).click();
  await page.waitForURL(/\/cases\/[0-9a-f]{32}$/);
  return new URL(page.url()).pathname.split('/').at(-1);
}

/**
 * Writes a report in the editor that is open, and signs it; the node repeats whom it is about. Tells when it was signed, and for how
 * long the person waited: for the repetition, and from the click until the case is there again.
 */
export async function sign(page, seen, text, name) {
  await page.getByLabel('Résultats').fill(text.findings);
  await page.getByLabel('Conclusion').fill(text.conclusion);
  if (text.critical) await page.getByRole('checkbox', { name: /Résultat critique/ }).check();
  await judge(page, name, seen);
  const pressed = performance.now();
  await page.keyboard.press('Control+Enter');
  const dialog = page.getByRole('dialog', { name: text.button });
  // Whom it is about, once more, before it counts.
  for (const shown of [story.patient, story.born, story.a.site]) await dialog.getByText(shown, { exact: false }).first().waitFor();
  const repeated = performance.now() - pressed;
  const reason = dialog.getByLabel(/Le compte n’est pas confirmé|Des images/);
  if (await reason.count()) await reason.fill('Vu avec la salle d’examen : série complète.');
  await picture(page, `${name}-sign`);
  const signed = performance.now();
  await dialog.getByRole('button', { name: text.button }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.waitForURL(/\/cases\/[0-9a-f]{32}$/);
  return { signed, waited: Math.round(performance.now() - signed + repeated) / 1000 };
}

/** The same page in English from now on. */
export async function inEnglish(page) {
  await page.evaluate(() => localStorage.setItem('confrere.language', 'en'));
  await page.reload();
  await page.locator('html[lang=en]').waitFor();
}
