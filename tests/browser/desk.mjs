// What people do at their desks in several stories: ask for a reading, take steps in it, sign a report.

import { readFileSync } from 'node:fs';
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

/** Begins a step on the page of a case: it stands among the buttons, or behind their menu. */
export async function begin(page, name) {
  const button = page.getByRole('toolbar', { name: 'Actions' }).getByRole('button', { name, exact: true });
  if (await button.count()) {
    await button.click();
    return;
  }
  await page.getByRole('button', { name: 'Autres actions' }).click();
  await page.getByRole('menuitem', { name, exact: true }).click();
}

/** Writes what the dialog of a step asks for, and takes it; when it was pressed. Its title stands on its button as well. */
export async function say(page, title, fields) {
  const dialog = page.getByRole('dialog', { name: title });
  for (const [label, text] of fields) await dialog.locator('input, textarea').and(dialog.getByLabel(label)).fill(text);
  const pressed = performance.now();
  await dialog.getByRole('button', { name: title, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  return pressed;
}

/** The bar that calls a person, once it calls for this. */
export async function called(page, what) {
  const bar = page.getByRole('alert').filter({ hasText: what }).first();
  await bar.waitFor();
  return bar;
}

/** Goes from what calls to the case that it calls for: its calls are heard by that. */
export async function follow(page, what, id) {
  await (await called(page, what)).getByRole('button', { name: 'Ouvrir', exact: true }).first().click();
  await page.waitForURL(new RegExp(`/cases/${id}$`));
  await page.getByRole('alert').filter({ hasText: what }).waitFor({ state: 'detached' });
}

/** What a case says of itself to whoever looks at this page. */
export const told = (page, id) => page.evaluate(async path => (await fetch(path)).json(), `/api/cases/${id}`);

/** Begins a final report on the case whose page, or editor, is open; nothing preliminary comes before it. */
export async function beginFinal(page) {
  await page.getByLabel('Résultats').waitFor();
  await page.locator('label', { hasText: /^Validé$/ }).click();
}

const BOUNDARY = 'confrere-story-boundary';

/** The scanner sends these files; when all were taken. */
export async function store({ portal, token }, files) {
  const head = Buffer.from(`--${BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n`);
  const parts = files.flatMap(file => [head, readFileSync(file), Buffer.from('\r\n')]);
  const answer = await fetch(new URL('/dicomweb/studies', portal), {
    method: 'POST',
    headers: { 'Content-Type': `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`, 'Authorization': `Bearer ${token}` },
    body: Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]),
  });
  if (!answer.ok) throw new Error(`not stored: ${answer.status} ${await answer.text()}`);
  return performance.now();
}

/** The same page in English from now on. */
export async function inEnglish(page) {
  await page.evaluate(() => localStorage.setItem('confrere.language', 'en'));
  await page.reload();
  await page.locator('html[lang=en]').waitFor();
}
