// What a person waits for: each page from its address to its last large change, and each key and click among ten thousand cases until
// the screen has changed, as the browser itself measures (Paint Timing, Event Timing, Layout Instability, Long Tasks).

import { judge } from './axe.mjs';
import { signIn, sitDown, story, tell } from './chromium.mjs';

/** In the page, before anything of it runs. */
function observe() {
  const seen = { lcp: 0, cls: 0, blocked: 0, events: [] };
  window.measured = seen;
  const watch = (type, take, more = {}) => new PerformanceObserver(list => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more });
  watch('largest-contentful-paint', entry => (seen.lcp = entry.startTime));
  watch('layout-shift', entry => entry.hadRecentInput || (seen.cls += entry.value));
  watch('longtask', entry => (seen.blocked += Math.max(0, entry.duration - 50)));
  watch('event', entry => seen.events.push([entry.name, entry.duration]), { durationThreshold: 16 });
}

/** Two frames later whatever was to be drawn is drawn. */
const drawn = page => page.evaluate(() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go))));

// The viewer needs WebGL, and its stories an emulated graphics card; that card would draw these pages, too, and take longer than all else.
// Without a card Chromium draws pages by itself.
const DRAWN_BY_ITSELF = ['--disable-gpu-compositing'];

const INTERACTIONS = new Set(['keydown', 'keyup', 'pointerdown', 'pointerup', 'click']);

await tell(async (browser, seen) => {
  Object.assign(seen, { grave: [], pages: {}, acts: {} });
  const context = await sitDown(browser, seen);
  await context.addInitScript(observe);
  const page = await context.newPage();
  await signIn(page, story.portal, story.name, story.password, '/home');

  for (const [name, path, shown] of [
    ['home', '/home', 'main h1'],
    ['worklist', '/cases', '[data-case]'],
    ['board', '/cases/board', '[data-lane] [data-case]'],
    ['case', `/cases/${story.case}`, 'main h2'],
    ['studies', '/studies', 'main'],
    ['help', '/help', 'main h1'],
  ]) {
    await page.goto(new URL(path, story.portal).href);
    await page.locator(shown).first().waitFor();
    await drawn(page);
    seen.pages[name] = await page.evaluate(() => {
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      const bytes = performance.getEntriesByType('resource').reduce((sum, one) => sum + one.transferSize, 0);
      const { lcp, cls, blocked } = window.measured;
      return { fcp_ms: paint?.startTime ?? 0, lcp_ms: lcp, cls, blocked_ms: blocked, kb: bytes / 1000 };
    });
  }

  await page.goto(new URL('/cases', story.portal).href);
  const rows = page.locator('[data-case]');
  await rows.first().waitFor();
  const act = async (name, what, times = 1) => {
    await drawn(page);
    await page.evaluate(() => (window.measured.events.length = 0));
    for (let nth = 0; nth < times; nth += 1) {
      await what(nth);
      await drawn(page);
    }
    // The browser tells of an event after the frame that follows it.
    await page.evaluate(() => new Promise(go => setTimeout(go, 100)));
    const told = (await page.evaluate(() => window.measured.events)).filter(([type]) => INTERACTIONS.has(type)).map(([, ms]) => ms);
    // What is not told took less than 16 ms.
    seen.acts[name] = { times, worst_ms: Math.max(8, ...told), slow: told.length };
  };
  /** From a key until the other page stands. */
  const turn = async (name, key, shown) => {
    const began = performance.now();
    await page.keyboard.press(key);
    await page.locator(shown).first().waitFor();
    await drawn(page);
    seen.pages[name] = { shown_ms: performance.now() - began };
  };
  await act('next row', () => page.keyboard.press('j'), 40);
  await act('row before', () => page.keyboard.press('k'), 20);
  await act('last row', () => page.keyboard.press('End'));
  await act('first row', () => page.keyboard.press('Home'));
  const body = page.locator('[role=grid] [role=rowgroup][tabindex="0"]');
  await body.hover();
  await act('wheel', () => page.mouse.wheel(0, 4_000), 30);
  seen.reached = await rows.last().evaluate(row => Number(row.getAttribute('aria-rowindex')));
  await act('tab', () => page.keyboard.press(']'), 6);
  await page.goto(new URL('/cases', story.portal).href);
  await rows.first().waitFor();
  await act('priority', () => page.getByRole('button', { name: 'P0', exact: true }).click());
  await act('search', nth => page.keyboard.press(nth === 0 ? '/' : 'durand'[nth - 1] ?? 'x'), 7);
  await page.keyboard.press('Escape');
  await page.goto(new URL('/cases', story.portal).href);
  await rows.first().waitFor();
  await page.keyboard.press('j');
  await act('open', () => page.keyboard.press('Enter'));
  await page.waitForURL(/\/cases\/[0-9a-f]{32}$/);
  await act('back', () => page.keyboard.press('Escape'));
  await page.goto(new URL('/cases', story.portal).href);
  await rows.first().waitFor();
  await page.keyboard.press('j');
  await turn('case from list', 'Enter', 'main h2');
  await turn('back to list', 'Escape', '[data-case]');
  await page.keyboard.press('j');
  await turn('another case', 'Enter', 'main h2');
  await page.goto(new URL('/cases', story.portal).href);
  await rows.first().waitFor();
  await judge(page, 'ten-thousand', seen);
}, DRAWN_BY_ITSELF);
