// An administrator of a restored site sees what peers know of its studies, and takes back what they copied.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const LANGUAGES = {
  fr: { list: 'Examens que les confrères connaissent', fetch: 'Reprendre ce que les confrères ont copié', told: 'De nouveau entiers : 0. Incomplets : 1.' },
  en: { list: 'Studies that peers know', fetch: 'Take back what peers copied', told: 'Whole again: 1. Not whole: 1.' },
};

await tell(async (browser, seen) => {
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  // The second time nothing is left that a peer has.
  for (const language of ['en', 'fr']) {
    const words = LANGUAGES[language];
    await page.evaluate(chosen => localStorage.setItem('confrere.language', chosen), language);
    await page.goto(`${story.portal}/archive/backup`);
    await page.getByRole('heading', { name: words.list }).waitFor();
    await page.getByRole('cell', { name: story.left, exact: true }).waitFor();
    await picture(page, `fetch-back-${language}`);
    await page.getByRole('button', { name: words.fetch }).click();
    await page.getByRole('status').filter({ hasText: words.told }).waitFor();
    await picture(page, `fetched-back-${language}`);
  }
});
