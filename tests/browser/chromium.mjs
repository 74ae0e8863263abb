// A Chromium without a screen, and what every story wants to know of it: faults on the page, hosts it turned to.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from '../../web/node_modules/playwright-core/index.mjs';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
// Build machines run as root, without a GPU and with a small /dev/shm.
const ARGUMENTS = ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'];

/** What the pages complained of: told when a story fails. */
const notes = [];

export const story = JSON.parse(process.env.STORY ?? '{}');

/** `more`: what this story's browser is told beside. */
export async function openBrowser(more = []) {
  const executablePath = process.env.CHROMIUM ?? PROGRAMS.find(existsSync);
  if (!executablePath) throw new Error('Chromium is missing; `cargo ci tools` installs it');
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...more] });
}

/** A person at a screen: French, dark, signed in nowhere. Notes faults and foreign hosts into `seen`. */
export async function sitDown(browser, seen) {
  const context = await browser.newContext({
    locale: 'fr-FR',
    colorScheme: 'dark',
    viewport: { width: 1440, height: 900 },
    reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(30_000);
  context.on('page', page => {
    page.on('pageerror', error => seen.errors.push(String(error)));
    page.on('console', message => message.type() === 'error' && notes.push(message.text()));
    page.on('response', answer => answer.status() >= 400 && notes.push(`${answer.status()} ${answer.url()}`));
    page.on('requestfailed', request => notes.push(`${request.failure()?.errorText} ${request.url()}`));
    page.on('request', request => {
      const url = new URL(request.url());
      const isOurs = url.hostname === '127.0.0.1' || ['data:', 'blob:'].includes(url.protocol);
      if (!isOurs && !seen.outside_hosts.includes(url.host)) seen.outside_hosts.push(url.host);
    });
  });
  return context;
}

/** Signs in, and is where the story begins: at the list of studies where it says nothing else. */
export async function signIn(page, portal, name, password, at = '/studies') {
  await page.goto(new URL(at, portal).href);
  await page.locator('input[name=username]').fill(name);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=password]').waitFor({ state: 'detached' });
}

export async function picture(page, name) {
  await page.screenshot({ path: join(process.env.SCREENSHOTS ?? '.', `${name}.png`) });
}

/** Runs a story and prints what it saw as the last line. A fault leaves a picture of every open page. */
export async function tell(act, more) {
  const seen = { errors: [], outside_hosts: [] };
  const browser = await openBrowser(more);
  try {
    await act(browser, seen);
    console.log(JSON.stringify(seen));
  } catch (error) {
    const pages = browser.contexts().flatMap(context => context.pages());
    for (const [index, page] of pages.entries()) {
      await picture(page, `failed-${index}`).catch(() => {});
      console.error(page.url(), (await page.locator('body').innerText().catch(() => '')).slice(0, 2000));
    }
    console.error(error, JSON.stringify(seen), notes.slice(0, 40).join('\n'));
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}
