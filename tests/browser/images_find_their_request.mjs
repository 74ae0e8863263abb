// A study without a request: the technologist sees both identities side by side, is refused where they are not the same, and joins
// the right request by repeating whose they are.

import { performance } from 'node:perf_hooks';
import { judge } from './axe.mjs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';
import { since } from './desk.mjs';

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], seconds: {} });
  const { portal, name, password } = story.a;
  const page = await (await sitDown(browser, seen)).newPage();
  await signIn(page, portal, name, password, '/cases/loose');
  const began = performance.now();
  await page.getByText('plus de 5 min').waitFor();
  await judge(page, 'images-without-request', seen);
  await page.getByRole('button', { name: 'Rattacher' }).click();
  const dialog = page.getByRole('dialog', { name: 'À quelle demande appartient cet examen ?' });
  const join = dialog.getByRole('button', { name: 'C’est le même patient : rattacher' });
  const repeat = async (who, born) => {
    await dialog.getByLabel('Nom et prénom').fill(who);
    await dialog.getByLabel('Date de naissance').fill(born);
  };
  await dialog.getByRole('radio', { name: /KERVELLA MARIE/ }).check();
  await dialog.getByRole('article', { name: 'Ce que disent les images' }).waitFor();
  seen.marked = await dialog.locator('mark').allInnerTexts();
  seen.ready_before_repeating = await join.isEnabled();
  await repeat('Kervella Marie', '1958-03-11');
  await join.click();
  await dialog.getByRole('alert').filter({ hasText: 'Date de naissance, Nom' }).waitFor();
  await judge(page, 'images-of-another-patient', seen);

  await dialog.getByRole('radio', { name: /KERVELLA MAIWENN/ }).check();
  await repeat('kervella maiwenn', '1961-05-24');
  await picture(page, 'images-of-the-same-patient');
  await join.click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('Chaque examen a sa demande.').waitFor();
  seen.seconds.whole = since(began);
  await picture(page, 'images-joined');
});
