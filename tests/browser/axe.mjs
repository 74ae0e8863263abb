// A page under axe, for stories that pass by it anyway.

import { readFileSync } from 'node:fs';
import { picture } from './chromium.mjs';

const AXE = readFileSync(new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** What fades in is not judged half faded. */
const settled = () => document.getAnimations().every(one => one.playState !== 'running' || one.effect?.getComputedTiming().iterations === Infinity);

/** Notes grave faults in `seen.grave`, and takes a picture. */
export async function judge(page, where, seen) {
  await page.waitForFunction(settled);
  await page.evaluate(AXE);
  const faults = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations);
  for (const { id, impact, nodes } of faults) {
    if (['serious', 'critical'].includes(impact)) seen.grave.push({ where, id, at: nodes.slice(0, 3).map(({ target }) => target.join(' ')) });
  }
  await picture(page, where);
}

const SIZES = { phone: [390, 844], small: [1280, 800], wall: [3840, 2160] };

/** From a phone to a wall, each under axe; where something is wider than its place, `seen.wide` says so. */
export async function inSizes(page, where, seen) {
  for (const [name, [width, height]] of Object.entries(SIZES)) {
    await page.setViewportSize({ width, height });
    await judge(page, `${where}-${name}`, seen);
    const isWide = await page.evaluate(() => [...document.querySelectorAll('html, main, main [role=region]')].some(it => it.scrollWidth > it.clientWidth));
    if (isWide) seen.wide.push(`${where} ${name}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
