// Previews over a viewport: said to be what they are, in nobody's way to be measured in, and gone when the image is there.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lossyOf, Previews } from './previews.mjs';

const STUDY = '1.2.3';
let stop = () => {};
const id = n => `wadors:http://here/dicomweb/contexts/c/studies/${STUDY}/series/1.2.3.4/instances/1.2.3.4.${n}/frames/1`;

function world({ tally, previews = new Set(), refusal = () => 404, forecast = null, digest = null }) {
  const loaded = new Set();
  const asked = [];
  vi.stubGlobal('fetch', vi.fn(async (address, options) => {
    asked.push(`${options?.method ?? 'GET'} ${address}`);
    const json = value => new Response(JSON.stringify(value), { status: 200 });
    if (address.includes('/forecast')) return json(forecast);
    if (address.includes('/digest')) return json(digest);
    if (/\/previews(\?when=long)?$/.test(address)) return json(await tally());
    const [, instance] = /\/previews\/[0-9.]+\/([0-9.]+)\?/.exec(address) ?? [];
    return new Response('png', { status: previews.has(instance) ? 200 : refusal() });
  }));
  const pool = { max: 25, getMaxSimultaneousRequests: () => pool.max, setMaxSimultaneousRequests: (_, max) => { pool.max = max; }, startGrabbing: vi.fn() };
  window.cornerstone = {
    cache: { isLoaded: image => loaded.has(image) },
    imageLoadPoolManager: pool,
    getEnabledElement: () => ({ viewport: { csImage: {}, modality: 'CT', getProperties: () => ({ voiRange: { lower: -160, upper: 240 } }) } }),
    metaData: { get: () => ({ LossyImageCompression: '01', LossyImageCompressionRatio: 12.04 }) },
  };
  const strip = { lines: new Map(), show: (key, text) => strip.lines.set(key, text), hide: key => strip.lines.delete(key) };
  let added;
  const services = { displaySetService: { EVENTS: { DISPLAY_SETS_ADDED: 'added' }, subscribe: (_, tell) => { added = tell; } } };
  const shown = new Previews({ strip, studies: [STUDY], language: 'fr' });
  stop = shown.start(services);
  const element = document.createElement('div');
  document.body.append(element);
  const tell = (name, imageId, more) => element.dispatchEvent(new CustomEvent(name, { detail: { imageId, ...more } }));
  const measured = vi.fn();
  element.addEventListener('mousedown', measured);
  return { shown, strip, element, tell, measured, asked, loaded, pool, known: () => added({ displaySetsAdded: [{ StudyInstanceUID: STUDY }] }) };
}

const cover = element => element.querySelector('.confrere-preview');

beforeEach(() => {
  vi.useFakeTimers();
  URL.createObjectURL = vi.fn(() => 'blob:preview');
  URL.revokeObjectURL = vi.fn();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

describe('previews', () => {
  it('cover a viewport that waits, with what they are, and leave with the image', async () => {
    let whole = 1;
    const tally = () => ({ wanted: true, over: true, images: 3, whole, previewed: 3, absent: 0 });
    const { element, tell, known, measured, asked, loaded, strip } = world({ tally, previews: new Set(['1.2.3.4.2']) });
    known();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toContain(`POST /api/studies/${STUDY}/previews?when=long`);
    expect(strip.lines.get(`previews ${STUDY}`)).toContain('non diagnostiques');
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.at(-1)).toBe(`GET /api/studies/${STUDY}/previews/1.2.3.4/1.2.3.4.2?frame=1&window=40%2C400`);
    expect(cover(element).style.display).toBe('flex');
    expect(cover(element).textContent).toContain('APERÇU, NON DIAGNOSTIQUE');
    expect(cover(element).querySelector('img').getAttribute('src')).toBe('blob:preview');
    cover(element).dispatchEvent(new window.MouseEvent('mousedown', { bubbles: true }));
    expect(measured).not.toHaveBeenCalled();
    // The wheel goes on to the viewer.
    const wheel = vi.fn();
    element.addEventListener('wheel', wheel);
    cover(element).dispatchEvent(new window.Event('wheel', { bubbles: true }));
    expect(wheel).toHaveBeenCalled();
    loaded.add(id(2));
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(2));
    expect(cover(element).style.display).toBe('none');
    element.dispatchEvent(new window.MouseEvent('mousedown'));
    expect(measured).toHaveBeenCalledOnce();
    whole = 3;
    await vi.advanceTimersByTimeAsync(1000);
    expect(strip.lines.has(`previews ${STUDY}`)).toBe(false);
  });

  it('never show one slice for another, and ask again for one that is not there yet', async () => {
    const previews = new Set(['1.2.3.4.1']);
    const tally = () => ({ wanted: true, over: false, images: 3, whole: 0, previewed: 1, absent: 0 });
    const { element, tell, known } = world({ tally, previews });
    known();
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_PRE_STACK_NEW_IMAGE', id(1));
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    await vi.advanceTimersByTimeAsync(0);
    const picture = cover(element).querySelector('img');
    expect(picture.style.visibility).toBe('hidden');
    expect(picture.hasAttribute('src')).toBe(false);
    previews.add('1.2.3.4.2');
    await vi.advanceTimersByTimeAsync(400);
    expect(picture.style.visibility).toBe('visible');
  });

  it('stay over the viewport whatever the node answers, and are asked for less and less', async () => {
    const previews = new Set();
    let status = 503;
    const tally = () => ({ wanted: true, over: false, images: 3, whole: 0, previewed: 1, absent: 0 });
    const { element, tell, known, asked } = world({ tally, previews, refusal: () => status });
    known();
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    const requests = () => asked.filter(address => address.includes('1.2.3.4.2?')).length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(cover(element).style.display).toBe('flex');
    expect(requests()).toBeGreaterThan(5);
    expect(requests()).toBeLessThan(12);
    status = 403;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(cover(element).style.display).toBe('flex');
    previews.add('1.2.3.4.2');
    await vi.advanceTimersByTimeAsync(15_000);
    expect(cover(element).querySelector('img').style.visibility).toBe('visible');
    // A part of the image is not the image.
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(2), { image: { imageQualityStatus: 6 } });
    expect(cover(element).style.display).toBe('flex');
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(2), { image: { imageQualityStatus: 8 } });
    expect(cover(element).style.display).toBe('none');
  });

  it('leave no slice of another place when all images came to the node and not yet to the viewer', async () => {
    let whole = 1;
    const tally = () => ({ wanted: true, over: true, images: 3, whole, previewed: 3, absent: 0 });
    const { element, tell, known, strip } = world({ tally });
    known();
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    whole = 3;
    await vi.advanceTimersByTimeAsync(5000);
    expect(strip.lines.has(`previews ${STUDY}`)).toBe(false);
    expect(cover(element).style.display).toBe('flex');
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(3));
    await vi.advanceTimersByTimeAsync(0);
    expect(cover(element).style.display).toBe('flex');
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(3));
    expect(cover(element).style.display).toBe('none');
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(1));
    expect(cover(element).style.display).toBe('none');
  });

  it('go on where the node does not answer for a while', async () => {
    let answers = true;
    const tally = () => {
      if (!answers) throw new TypeError('no network');
      return { wanted: true, over: false, images: 3, whole: 0, previewed: 1, absent: 0 };
    };
    const { element, tell, known } = world({ tally });
    known();
    await vi.advanceTimersByTimeAsync(0);
    answers = false;
    await vi.advanceTimersByTimeAsync(20_000);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    expect(cover(element).style.display).toBe('flex');
  });

  it('are not laid over a volume that took the place of a stack', async () => {
    let wanted = () => undefined;
    const { element, tell, known } = world({ tally: () => new Promise(done => { wanted = () => done({ wanted: true, over: false, images: 3, whole: 0, previewed: 1, absent: 0 }); }) });
    tell('CORNERSTONE_PRE_STACK_NEW_IMAGE', id(1));
    tell('CORNERSTONE_VOLUME_VIEWPORT_NEW_VOLUME');
    known();
    await vi.advanceTimersByTimeAsync(0);
    wanted();
    await vi.advanceTimersByTimeAsync(0);
    expect(cover(element)).toBeNull();
  });

  it('hold back what nobody looks at only while they come', async () => {
    let over = false;
    const tally = () => ({ wanted: true, over, images: 3, whole: 0, previewed: 1, absent: 0 });
    const { known, pool } = world({ tally });
    known();
    await vi.advanceTimersByTimeAsync(0);
    expect(pool.max).toBe(0);
    over = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(pool.max).toBe(25);
    expect(pool.startGrabbing).toHaveBeenCalled();
  });

  it('are not there where the study comes soon', async () => {
    const tally = () => ({ wanted: false, over: false, images: 3, whole: 0, previewed: 0, absent: 0 });
    const { element, tell, known, pool } = world({ tally });
    known();
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    await vi.advanceTimersByTimeAsync(2000);
    expect(cover(element)).toBeNull();
    expect(pool.max).toBe(25);
  });

  it('come where the node finds the study slow only as it comes, and are asked after no longer than that may take', async () => {
    let wanted = false;
    const tally = () => ({ wanted, over: false, images: 3, whole: 0, previewed: 1, absent: 0 });
    const { element, tell, known, asked } = world({ tally, previews: new Set(['1.2.3.4.2']) });
    known();
    await vi.advanceTimersByTimeAsync(0);
    tell('CORNERSTONE_STACK_VIEWPORT_SCROLL', id(2));
    await vi.advanceTimersByTimeAsync(2000);
    expect(cover(element)).toBeNull();
    wanted = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(cover(element).textContent).toContain('APERÇU, NON DIAGNOSTIQUE');
    expect(asked.filter(line => line.startsWith('POST'))).toHaveLength(1);
  });

  it('are asked after no more where the study is not slow', async () => {
    const tally = () => ({ wanted: false, over: false, images: 3, whole: 0, previewed: 0, absent: 0 });
    const { known, asked } = world({ tally });
    known();
    await vi.advanceTimersByTimeAsync(40_000);
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(40_000);
    expect(asked).toHaveLength(before);
  });
});

describe('a study at a glance', () => {
  const digest = {
    series: [{ series: '1.2.3.4', modality: 'CT', number: 1, description: 'Crâne', instances: 180, picture: { jpeg: '/9j/2Q==' }, absent: null }],
    series_left_out: 0,
    conclusions: [{ standing: 'preliminary', site_name: 'CH Nord', person: 'dr.durand', at: '', text: 'Hématome.', cut: false }],
  };
  const slow = { bytes: 94_500_000, bytes_here: 30_000, instances: 180, first_s: 4.1, whole_s: 3000 };
  const panel = () => document.getElementById('confrere-glance');

  it('stands there until the first image does', async () => {
    const { tell } = world({ tally: () => ({ wanted: false }), forecast: slow, digest });
    await vi.advanceTimersByTimeAsync(0);
    expect(panel().textContent).toContain('L’examen en un coup d’œil, non diagnostique');
    expect(panel().textContent).toContain('PROVISOIRE · CH Nord · dr.durand — Hématome.');
    expect(panel().querySelector('img').alt).toBe('APERÇU, NON DIAGNOSTIQUE');
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(1));
    expect(panel()).toBeNull();
  });

  it('is not asked for where images come at once, or are here', async () => {
    for (const forecast of [{ ...slow, first_s: 0.3 }, { ...slow, bytes_here: 1_000_000 }, null]) {
      const { asked } = world({ tally: () => ({ wanted: false }), forecast, digest });
      await vi.advanceTimersByTimeAsync(0);
      expect(asked.filter(address => address.includes('/digest'))).toEqual([]);
      stop();
    }
    expect(panel()).toBeNull();
  });
});

describe('an image that was lossy at its source', () => {
  it('says so with its ratio', () => {
    expect(lossyOf({ LossyImageCompression: '01', LossyImageCompressionRatio: ['10.23', 3] })).toBe('10.2:1 · 3:1');
    expect(lossyOf({ LossyImageCompression: '01' })).toBe('');
    expect(lossyOf({ LossyImageCompression: '00' })).toBeNull();
    expect(lossyOf(undefined)).toBeNull();
  });

  it('in its viewport', async () => {
    const { element, tell } = world({ tally: () => ({ wanted: false }) });
    tell('CORNERSTONE_STACK_NEW_IMAGE', id(1));
    await vi.advanceTimersByTimeAsync(0);
    expect(element.querySelector('.confrere-lossy').textContent).toBe('compression avec perte à la source 12:1');
  });
});
