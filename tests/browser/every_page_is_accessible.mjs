// Every page of the portal under axe, in both languages, on a desk and on a phone.

import { readFileSync } from 'node:fs';
import { picture, signIn, sitDown, story, tell } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const GRAVE = ['serious', 'critical'];
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
const PAGES = [
  'home', 'help', 'cases', 'cases/board', 'cases/new', 'cases/loose', 'studies', 'account', 'peers', 'log', 'settings', 'archive/storage', 'archive/backup', 'archive/conflicts', 'archive/corrections', 'archive/rejections',
  'archive/retention', 'archive/tiers', 'archive/sources', 'archive/alarms', 'archive/import', 'archive/rules', 'rosters', 'history', 'setup', 'statistics',
];

/** What fades in is not judged half faded. */
const settled = () => document.getAnimations().every(one => one.playState !== 'running' || one.effect?.getComputedTiming().iterations === Infinity);

async function judge(page, where, seen) {
  await page.waitForFunction(settled);
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, impact, nodes }) => ({ id, impact, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) }));
  });
  seen.judged += 1;
  for (const fault of faults) (GRAVE.includes(fault.impact) ? seen.grave : seen.slight).push({ where, ...fault });
  if (faults.some(fault => GRAVE.includes(fault.impact))) await picture(page, `axe-${where.replaceAll(/\W+/g, '-')}`);
}

await tell(async (browser, seen) => {
  Object.assign(seen, { judged: 0, grave: [], slight: [], overflows: [] });
  for (const language of ['fr', 'en']) {
    const context = await sitDown(browser, seen);
    const page = await context.newPage();
    await page.goto(story.portal);
    await page.evaluate(chosen => localStorage.setItem('confrere.language', chosen), language);
    await page.reload();
    await page.locator('input[name=username]').waitFor();
    await judge(page, `${language} sign-in`, seen);
    await signIn(page, story.portal, story.name, story.password);
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const path of PAGES) {
        await page.goto(`${story.portal}/${path}`);
        // What tells that it waits is gone: the page has what it shows.
        await page.locator('main').waitFor();
        await page.waitForFunction(() => !document.querySelector('main [role=status] .mantine-Loader-root') && document.querySelector('main')?.innerText.trim());
        await judge(page, `${language} ${size.width} ${path}`, seen);
        const wide = await page.evaluate(() => [...document.querySelectorAll('main > [role=region]')].some(it => it.scrollWidth > it.clientWidth));
        if (wide) seen.overflows.push(`${language} ${size.width} ${path}`);
      }
    }
    await context.close();
  }
});
