// A site that was restored says so on every page; an administrator lets it serve peers, and says why.

import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const LANGUAGES = {
  fr: { banner: 'Ce nœud a été restauré', open: 'Servir les confrères', yes: 'Servir les confrères' },
  en: { banner: 'This node was restored', open: 'Serve peers now', yes: 'Serve peers' },
};

async function speak(page, language) {
  await page.evaluate(chosen => localStorage.setItem('confrere.language', chosen), language);
  await page.goto(story.portal);
}

/** What of the banner is wider than it may be, or lies outside of it. */
function cutOff(banner) {
  return banner.evaluate(box => {
    const bounds = box.getBoundingClientRect();
    return [box, ...box.querySelectorAll('*')]
      .filter(it => it.scrollWidth > it.clientWidth + 1 && it.clientWidth > 0 || it.getBoundingClientRect().right > bounds.right + 1)
      .map(it => it.textContent);
  });
}

await tell(async (browser, seen) => {
  seen.cut = [];
  const context = await sitDown(browser, seen);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password);
  for (const [language, words] of Object.entries(LANGUAGES)) {
    await speak(page, language);
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      await page.setViewportSize({ width, height });
      const banner = page.getByRole('status').filter({ hasText: words.banner });
      await banner.filter({ hasText: story.peer }).waitFor();
      for (const text of await cutOff(banner)) seen.cut.push(`${language} ${width}: ${text}`);
      await picture(page, `restored-${language}-${width}`);
    }
  }

  // Who reads sees it and cannot change it.
  const other = await sitDown(browser, seen);
  const reading = await other.newPage();
  await signIn(reading, story.portal, story.reader.name, story.reader.password);
  await reading.getByRole('status').filter({ hasText: LANGUAGES.fr.banner }).waitFor();
  if (await reading.getByRole('button', { name: LANGUAGES.fr.open }).count()) throw new Error('a reader may open the site');

  const words = LANGUAGES.en;
  await page.getByRole('button', { name: words.open }).click();
  const dialog = page.getByRole('dialog');
  const yes = dialog.getByRole('button', { name: words.yes });
  await yes.waitFor();
  if (!(await yes.isDisabled())) throw new Error('it may be opened without a reason');
  await dialog.getByRole('textbox').fill('CH Sud agreed by telephone');
  await picture(page, 'restored-dialog');
  await yes.click();
  await page.getByRole('status').filter({ hasText: words.banner }).waitFor({ state: 'detached' });
});
