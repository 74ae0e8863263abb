// An administrator looks at the week, drags a shift over a hole, moves one by the keyboard, and sees the night of 25 hours; by axe
// on the way, in both languages, on a desk and on a phone.

import { readFileSync } from 'node:fs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const DAY_MS = 86_400_000;

async function judge(page, where, seen) {
  await page.waitForFunction(() => document.getAnimations().every(one => one.playState !== 'running' || one.effect?.getComputedTiming().iterations === Infinity));
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  for (const { id, impact, nodes } of faults) {
    if (['serious', 'critical'].includes(impact)) seen.grave.push({ where, id, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) });
  }
  await picture(page, `rosters-${where}`);
}

const isoDay = at => new Date(at).toISOString().slice(0, 10);

/** The Monday of next week, so that all of it is to come. */
function nextMonday() {
  const now = new Date();
  return isoDay(now.getTime() + (8 - (now.getUTCDay() || 7)) * DAY_MS);
}

/** The Monday of the week in which the last Sunday of October lies, next time. */
function longWeek() {
  for (let year = new Date().getUTCFullYear(); ; year += 1) {
    const last = new Date(Date.UTC(year, 9, 31));
    last.setUTCDate(31 - last.getUTCDay());
    if (last.getTime() > Date.now() + 7 * DAY_MS) return isoDay(last.getTime() - 6 * DAY_MS);
  }
}

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, long_day: null });
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  const open = async (from, size = { width: 1440, height: 900 }) => {
    await page.setViewportSize(size);
    await page.goto(`${story.portal}/rosters?coverage=${story.coverage}&from=${from}`);
    await page.getByText('Heures de Europe/Paris').waitFor();
  };
  const monday = nextMonday();
  await open(monday);
  const holes = page.locator('[data-column] button');
  await holes.first().waitFor();
  await judge(page, 'empty', seen);

  // Monday evening to Tuesday morning, by the pointer.
  const columns = page.locator('[data-column]');
  const [first, second] = [await columns.nth(0).boundingBox(), await columns.nth(1).boundingBox()];
  const label = await columns.nth(0).locator('button[tabindex="0"]').last().getAttribute('title');
  await page.mouse.move(first.x + first.width / 2, first.y + first.height * (18 / 24) + 2);
  await page.mouse.down();
  await page.mouse.move(first.x + first.width / 2, first.y + first.height * (20 / 24), { steps: 4 });
  await page.mouse.move(second.x + second.width / 2, second.y + second.height * (8 / 24) - 2, { steps: 6 });
  await picture(page, 'rosters-dragging');
  await page.mouse.up();
  const dialog = page.getByRole('dialog', { name: 'Nouvelle garde' });
  await dialog.waitFor();
  await dialog.getByRole('combobox', { name: 'Qui' }).or(dialog.getByLabel('Qui')).first().click();
  await page.getByRole('option', { name: story.person }).click();
  await dialog.getByLabel('La personne a dit oui').check();
  await judge(page, 'new', seen);
  const began = Date.now();
  await dialog.getByRole('button', { name: 'Planifier' }).click();
  await page.locator('[data-shift]').first().waitFor();
  await page.locator(`[data-column] button[title="${label}"]`).waitFor({ state: 'detached' });
  seen.seconds.filled = (Date.now() - began) / 1000;
  await judge(page, 'filled', seen);

  // Dragged back by an hour it leaves one behind; by the keyboard it goes back.
  const block = page.locator('[data-shift][tabindex="0"]').first();
  const box = await block.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 30);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 30 + first.height / 24, { steps: 5 });
  await page.mouse.up();
  await page.getByText('doit confirmer à nouveau').first().waitFor();
  const planned = page.locator('[data-shift][data-state="planned"][tabindex="0"]');
  await planned.waitFor();
  await judge(page, 'moved', seen);
  await planned.focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await page.getByText('Entrée enregistre, Échap annule').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-shift][title*="18:00"]').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[aria-live]')?.textContent?.includes('Pas enregistré'));
  // Confirmed in its dialog, by the keyboard alone.
  const again = page.locator('[data-shift][data-state="planned"][tabindex="0"]');
  await again.focus();
  await page.keyboard.press('Enter');
  const known = page.getByRole('dialog', { name: 'Garde' });
  // The dialog takes the focus when it has come; before that it would take it away again.
  await page.waitForFunction(() => document.activeElement?.closest('[role="dialog"]'));
  await known.getByRole('button', { name: 'Confirmée' }).focus();
  await judge(page, 'shift', seen);
  await page.keyboard.press('Enter');
  await page.locator('[data-shift][data-state="confirmed"]').first().waitFor();

  // The night of 25 hours, and holidays.
  await open(longWeek());
  seen.long_day = await page.getByText('l’heure change').first().innerText();
  await judge(page, 'long', seen);
  const christmas = `${new Date().getUTCFullYear()}-12-21`;
  await open(christmas);
  await page.getByText('Saint-Étienne').first().waitFor();
  await judge(page, 'holidays', seen);

  // Coverages and the calendar file.
  await open(monday);
  await page.getByRole('button', { name: 'Couvertures' }).click();
  await page.getByRole('dialog').getByText('En vigueur').first().waitFor();
  await judge(page, 'coverages', seen);
  await page.getByRole('dialog').getByRole('button', { name: 'Nouvelle couverture' }).click();
  await page.getByRole('dialog').getByText('Lus par, dans cet ordre').waitFor();
  await judge(page, 'draft', seen);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Fichier d’agenda' }).click();
  const bad = Buffer.from('BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n');
  await page.locator('input[type=file]').setInputFiles({ name: 'bad.ics', mimeType: 'text/calendar', buffer: bad });
  await page.getByText('Ligne 3 : un événement qui se répète').waitFor();
  const file = await (await page.request.get(`${story.portal}/api/rosters/${story.coverage}/calendar?from=${monday}`)).body();
  await page.locator('input[type=file]').setInputFiles({ name: 'roster.ics', mimeType: 'text/calendar', buffer: file });
  await page.getByText('inchangée').first().waitFor();
  await judge(page, 'file', seen);
  await page.keyboard.press('Escape');

  // The same on a phone, and in English.
  await open(monday, { width: 390, height: 844 });
  await page.getByText('Personne de').first().waitFor();
  await judge(page, 'phone', seen);
  const wide = await page.evaluate(() => [...document.querySelectorAll('main > [role=region]')].some(it => it.scrollWidth > it.clientWidth));
  if (wide) seen.errors.push('the page is wider than the phone');
  await page.evaluate(() => localStorage.setItem('confrere.language', 'en'));
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(`${story.portal}/rosters?coverage=${story.coverage}&from=${monday}`);
  await page.getByText('Times of Europe/Paris').waitFor();
  await judge(page, 'english', seen);
  await context.close();
});
