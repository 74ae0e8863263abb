// The node hears what is looked at: at once, not more often than it can use, the newest word last, and that nothing is when the page goes.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { central, Shown, shownIn } from './shown.mjs';

const STUDY = '1.2.3';
const id = (n, study = STUDY, frame = 1) => `wadors:http://here/dicomweb/studies/${study}/series/1.2.3.4/instances/1.2.3.4.${n}/frames/${frame}`;
const ids = (count, study) => Array.from({ length: count }, (_, n) => id(n, study));
const named = (...numbers) => numbers.map(n => `1.2.3.4.${n}`);
let stop = () => {};

function world({ status = () => 204, answers = () => Promise.resolve() } = {}) {
  const told = [];
  vi.stubGlobal('fetch', vi.fn(async (address, { body, keepalive, signal }) => {
    told.push({ address, at: Date.now(), keepalive, ...JSON.parse(body) });
    await new Promise((done, fail) => {
      signal?.addEventListener('abort', () => fail(new Error('given up')));
      void answers().then(done);
    });
    return new Response(null, { status: status() });
  }));
  const element = document.createElement('div');
  document.body.append(element);
  const viewport = { type: 'stack', element, at: 0, images: ids(100), getImageIds: () => viewport.images, getCurrentImageIdIndex: () => viewport.at };
  window.cornerstone = { getRenderingEngines: () => [{ id: 'engine', getViewports: () => [viewport] }], cache: { getVolume: () => ({ imageIds: ids(9) }) } };
  const shown = new Shown();
  stop = shown.start();
  const scroll = n => element.dispatchEvent(new CustomEvent('CORNERSTONE_STACK_VIEWPORT_SCROLL', { detail: { imageId: viewport.images[n] } }));
  const draws = n => {
    viewport.at = n;
    element.dispatchEvent(new CustomEvent('CORNERSTONE_STACK_NEW_IMAGE', { detail: { imageId: viewport.images[n] } }));
  };
  return { told, viewport, element, scroll, draws, firsts: () => told.map(one => one.shown[0]?.split('.').at(-1)) };
}

const see = state => {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
  document.dispatchEvent(new window.Event('visibilitychange'));
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(1_000_000);
});
afterEach(() => {
  stop();
  see('visible');
  vi.useRealTimers();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

describe('what viewports show', () => {
  it('is the image of each stack first, then those beside', () => {
    const shown = shownIn([{ ids: ids(5), at: 2 }, { ids: ids(5), at: 0 }]);
    expect(shown.get(STUDY)).toEqual(named(2, 0, 3, 1));
  });

  it('is told by study, frames of one object once, no more than the node takes', () => {
    const frames = Array.from({ length: 9 }, (_, n) => id(7, '1.9', n + 1));
    const shown = shownIn([{ ids: ids(5), at: 4 }, { ids: frames, at: 3 }, { ids: ['derived:1'], at: 0 }]);
    expect([...shown]).toEqual([[STUDY, named(4, 3)], ['1.9', named(7)]]);
    const many = Array.from({ length: 40 }, (_, n) => ({ ids: ids(100), at: n }));
    expect(shownIn(many).get(STUDY)).toHaveLength(32);
  });

  it('is a few of the middle of a volume', () => {
    expect(central(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual(['d', 'c', 'e', 'b', 'f']);
    expect(central(['a'])).toEqual(['a']);
    expect(central([])).toEqual([]);
    expect(shownIn([{ ids: ids(9) }]).get(STUDY)).toEqual(named(4, 3, 5, 2, 6));
  });
});

describe('the node', () => {
  it('is told at once, by a name of this page', async () => {
    const { told, scroll } = world();
    scroll(3);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ address: `/api/studies/${STUDY}/shown`, shown: named(3, 4, 2) });
    expect(told[0].viewer).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is told every 100 ms at most while somebody scrolls, and of the last image in any case', async () => {
    const { told, scroll, firsts } = world();
    for (let n = 1; n <= 50; n += 1) {
      scroll(n);
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(1000);
    expect(told.length).toBeLessThanOrEqual(7);
    expect(firsts().at(-1)).toBe('50');
    const pauses = told.slice(1).map((one, n) => one.at - told[n].at);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(100);
  });

  it('is not told the same again, but every 20 s while somebody can see it', async () => {
    const { told, scroll, draws } = world();
    scroll(3);
    await vi.advanceTimersByTimeAsync(500);
    draws(3);
    await vi.advanceTimersByTimeAsync(500);
    expect(told).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(told).toHaveLength(2);
    see('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(2);
    see('visible');
    expect(told).toHaveLength(3);
  });

  it('hears no word before the one ahead of it was answered, and then the newest', async () => {
    let done = () => undefined;
    const { scroll, firsts } = world({ answers: () => new Promise(answered => { done = answered; }) });
    for (const n of [1, 2, 3]) {
      scroll(n);
      await vi.advanceTimersByTimeAsync(200);
    }
    expect(firsts()).toEqual(['1']);
    done();
    await vi.advanceTimersByTimeAsync(100);
    expect(firsts()).toEqual(['1', '3']);
    // One that is never answered is given up.
    scroll(9);
    await vi.advanceTimersByTimeAsync(6000);
    expect(firsts()).toEqual(['1', '3', '9']);
  });

  it('that knows no such thing is left alone', async () => {
    for (const status of [404, 405]) {
      const { told, scroll } = world({ status: () => status });
      for (const n of [1, 2, 3]) {
        scroll(n);
        await vi.advanceTimersByTimeAsync(300);
      }
      await vi.advanceTimersByTimeAsync(60_000);
      window.dispatchEvent(new window.Event('pagehide'));
      expect(told).toHaveLength(1);
      stop();
    }
  });

  it('that was busy is told again with the next change', async () => {
    let status = 503;
    const { told, draws, scroll } = world({ status: () => status });
    scroll(1);
    await vi.advanceTimersByTimeAsync(300);
    status = 204;
    draws(1);
    await vi.advanceTimersByTimeAsync(300);
    draws(1);
    await vi.advanceTimersByTimeAsync(300);
    expect(told.map(one => one.shown)).toEqual([named(1, 2, 0), named(1, 2, 0)]);
  });

  it('is told that a study left the screen, and that all did when the page goes', async () => {
    const { told, viewport, scroll, draws } = world();
    scroll(1);
    await vi.advanceTimersByTimeAsync(300);
    viewport.images = ids(10, '1.9');
    draws(5);
    await vi.advanceTimersByTimeAsync(300);
    const of = study => told.filter(one => one.address.includes(`/${study}/`)).map(one => one.shown);
    expect(of(STUDY)).toEqual([named(1, 2, 0), []]);
    expect(of('1.9')).toEqual([named(5, 6, 4)]);
    window.dispatchEvent(new window.Event('pagehide'));
    expect(told.at(-1)).toMatchObject({ address: '/api/studies/1.9/shown', shown: [], keepalive: true });
    expect(of(STUDY)).toHaveLength(2);
    scroll(7);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(of('1.9')).toHaveLength(2);
    window.dispatchEvent(Object.assign(new window.Event('pageshow'), { persisted: true }));
    await vi.advanceTimersByTimeAsync(300);
    expect(of('1.9').at(-1)).toEqual(named(7, 8, 6));
  });

  it('hears of volumes by their middle', () => {
    const { told, viewport, element } = world();
    Object.assign(viewport, { type: 'orthographic', getAllVolumeIds: () => ['v'] });
    element.dispatchEvent(new CustomEvent('CORNERSTONE_VOLUME_VIEWPORT_NEW_VOLUME', { detail: {} }));
    expect(told[0].shown).toEqual(named(4, 3, 5, 2, 6));
  });
});
