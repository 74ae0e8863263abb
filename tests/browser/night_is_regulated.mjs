// Whoever directs a night looks at the board: what lies with nobody goes to somebody who has nothing, is raised, and stands in their lane
// once they have taken it, without a reload. Under axe, from a phone to a wall.

import { performance } from 'node:perf_hooks';
import { inSizes, judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { inEnglish, since } from './desk.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {}, lanes: [], proposed: [], after: [], wide: [] });
  const screens = [];
  for (const { name, password } of story.other.readers) {
    const screen = await (await sitDown(browser, seen)).newPage();
    await signIn(screen, story.other.portal, name, password, '/cases');
    screens.push(screen);
  }
  const [leroy, martin] = screens;
  const busy = leroy.getByRole('row').filter({ hasText: story.busy }).first();
  await busy.getByRole('button', { name: /^Réserver/ }).click();
  const page = await (await sitDown(browser, seen)).newPage();
  await signIn(page, story.portal, story.name, story.password, '/cases');
  await page.getByRole('row').filter({ hasText: story.patient }).first().waitFor();
  await page.keyboard.press('b');
  const lane = name => page.getByRole('region', { name, exact: true });
  await lane('leroy').locator(`[data-case="${story.held}"]`).waitFor();
  const lanes = () =>
    page.locator('[data-lane]').evaluateAll(all => all.map(one => [one.getAttribute('aria-label'), one.querySelectorAll('[data-case]').length]));
  seen.lanes = await lanes();
  await judge(page, 'board', seen);

  // To whoever has least to do, with two keys of the menu and one of the dialog.
  await lane('Sans lecteur').getByRole('button', { name: /^Agir/ }).click();
  const proposals = page.getByRole('menuitem', { name: / · / });
  await proposals.first().waitFor();
  seen.proposed = await proposals.allInnerTexts();
  await judge(page, 'board-menu', seen);
  await proposals.first().click();
  const dialog = page.getByRole('dialog');
  await judge(page, 'board-offer', seen);
  const offered = performance.now();
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction(async id => (await (await fetch(`/api/cases/${id}`)).json()).asked.at(-1)?.whom === 'martin', story.case);
  seen.seconds.offered = since(offered);

  await lane('Sans lecteur').getByRole('button', { name: /^Agir/ }).click();
  await page.getByRole('menuitem', { name: /urgence|priorité/i }).click();
  await dialog.getByRole('combobox').or(dialog.locator('input[aria-haspopup=listbox]')).first().click();
  await page.getByRole('option', { name: /^P0/ }).click();
  await dialog.getByRole('textbox').last().fill('Désature.');
  await dialog.locator('button[type=submit]').click();
  await dialog.waitFor({ state: 'detached' });
  await lane('Sans lecteur').getByText('P0', { exact: true }).waitFor();

  // Taken at the other site, it stands in that lane by itself.
  const row = martin.getByRole('row').filter({ hasText: story.patient }).first();
  await row.getByRole('button', { name: /^Accepter/ }).click();
  await martin.getByRole('dialog').getByRole('button', { name: 'Accepter' }).click();
  await row.getByRole('button', { name: /^Réserver/ }).waitFor();
  const claimed = performance.now();
  await row.getByRole('button', { name: /^Réserver/ }).click();
  await lane('martin').locator(`[data-case="${story.case}"]`).waitFor();
  seen.seconds.moved = since(claimed);
  seen.after = await lanes();

  await inSizes(page, 'board', seen);
  await inEnglish(page);
  await lane('martin').locator(`[data-case="${story.case}"]`).waitFor();
  await picture(page, 'board-english');
  await page.keyboard.press('Escape');
  await page.waitForURL(/\/cases$/);
});
