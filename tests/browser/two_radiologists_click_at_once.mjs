// Two radiologists see the same case ready, and reserve it in the same moment: one has it, the other is told by whom.

import { performance } from 'node:perf_hooks';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { since } from './desk.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { won: [], told: [], rounds: 0, seconds: { both_know: 0 } });
  const desks = [];
  for (const { name, password } of story.readers) {
    const context = await sitDown(browser, seen);
    const page = await context.newPage();
    await signIn(page, story.portal, name, password, '/cases');
    desks.push({ name, page });
  }
  const rowOf = page => page.getByRole('row').filter({ hasText: story.patient }).first();
  for (let round = 0; round < story.rounds; round += 1) {
    for (const { page } of desks) {
      await page.goto(`${story.portal}/cases`);
      await rowOf(page).getByRole('button', { name: /^Réserver/ }).waitFor();
    }
    const clicked = performance.now();
    await Promise.all(desks.map(({ page }) => rowOf(page).getByRole('button', { name: /^Réserver/ }).click()));
    const outcome = await Promise.all(
      desks.map(async ({ name, page }) => {
        const mine = rowOf(page).getByText(/^Réservé par vous/);
        const told = page.getByText(/^Pris par .+ à \d\d:\d\d/).first();
        await mine.or(told).first().waitFor();
        return { name, won: await mine.isVisible(), told: (await told.isVisible()) ? await told.innerText() : null };
      }),
    );
    // The slowest of the rounds.
    seen.seconds.both_know = Math.max(seen.seconds.both_know, since(clicked));
    seen.won.push(outcome.filter(one => one.won).map(one => one.name));
    seen.told.push(outcome.filter(one => !one.won).map(one => one.told));
    seen.rounds += 1;
    for (const { name, page } of desks) await picture(page, `at-once-${name}`);
    const winner = desks.find(({ name }) => seen.won.at(-1)?.[0] === name);
    const id = await rowOf(winner.page).getAttribute('data-case');
    await winner.page.evaluate(async path => {
      await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ step: 'release', reason: 'encore' }) });
    }, `/api/cases/${id}/steps`);
  }
});
