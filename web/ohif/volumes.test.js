// A volume over a thin link: no slice in the place of another, a mark until all are here, and nothing measured meanwhile.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RETRIEVAL, tallyOf, Volumes } from './volumes.mjs';

const id = n => `wadors:http://here/dicomweb/contexts/c/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.${n}/frames/1`;
const WHOLE = 8;
const REPLICA = 3;
let stop = () => {};

/** The viewer's own way with what is said of images: the providers in the order of their weight, the last of equals first. */
function metadata() {
  const providers = [];
  const addProvider = (provider, priority = 0) => {
    if (providers.some(one => one.provider === provider)) return;
    const at = providers.findIndex(one => one.priority <= priority);
    providers.splice(at < 0 ? providers.length : at, 0, { provider, priority });
  };
  const one = (type, query) => providers.map(({ provider }) => provider(type, query)).find(found => found !== undefined);
  return { addProvider, get: (type, ...queries) => queries.map(query => query && one(type, query)).find(found => found !== undefined) };
}

function world({ frames = 4, more = {} } = {}) {
  const qualities = new Map();
  const volume = { imageIds: Array.from({ length: frames }, (_, n) => id(n)), cachedFrames: [], isDynamicVolume: () => false, ...more };
  const viewport = { renderingEngineId: 'OHIFCornerstoneRenderingEngine', getAllVolumeIds: () => ['v'] };
  let shown = viewport;
  let added;
  window.cornerstone = {
    metaData: metadata(),
    cache: { getVolume: () => volume, getImageQuality: image => qualities.get(image) },
    getEnabledElement: () => ({ viewport: shown }),
  };
  stop = new Volumes({ language: 'fr' }).start({ displaySetService: { EVENTS: { DISPLAY_SETS_ADDED: 'added' }, subscribe: (_, tell) => { added = tell; } } });
  const element = document.createElement('div');
  document.body.append(element);
  const measured = vi.fn();
  element.addEventListener('mousedown', measured);
  return {
    volume, qualities, element, measured, viewport,
    known: () => added(),
    tell: name => element.dispatchEvent(new CustomEvent(`CORNERSTONE_${name}`, { detail: {} })),
    comes: (n, quality = WHOLE) => { volume.cachedFrames[n] = quality; qualities.set(id(n), quality); },
    becomes: other => { shown = other; },
    cover: () => element.querySelector('.confrere-volume'),
    isMarked: () => element.querySelector('.confrere-volume')?.style.display === 'flex',
  };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  stop();
  vi.useRealTimers();
  document.body.replaceChildren();
});

describe('images of a volume', () => {
  it('are asked for without copies of their neighbours, whatever the viewer set before or after', () => {
    const { known } = world();
    const { metaData } = window.cornerstone;
    const theirs = new Map();
    const say = (type, query) => (type === 'imageRetrieveConfiguration' ? theirs.get(query) : undefined);
    metaData.addProvider(say);
    theirs.set('volume', { stages: [{ nearbyFrames: [{ offset: -1 }] }] });
    theirs.set('stack', { retrieveOptions: {} });
    known();
    expect(metaData.get('imageRetrieveConfiguration', 'v', '1.2.840.10008.1.2.1', 'volume')).toBe(RETRIEVAL);
    theirs.clear();
    theirs.set('volume', { stages: [{ nearbyFrames: [{ offset: 2 }] }] });
    theirs.set('stack', { retrieveOptions: {} });
    expect(metaData.get('imageRetrieveConfiguration', 'v', undefined, 'volume')).toBe(RETRIEVAL);
    expect(metaData.get('imageRetrieveConfiguration', id(1), 'stack')).toEqual({ retrieveOptions: {} });
    expect(metaData.get('instance', 'volume')).toBeUndefined();
  });

  it('are each asked for, and once more where they do not come', () => {
    for (const stage of RETRIEVAL.stages) expect(Object.keys(stage)).not.toContain('nearbyFrames');
    const fourths = RETRIEVAL.stages.filter(stage => stage.decimate === 4).map(stage => stage.offset);
    expect(fourths.toSorted()).toEqual([0, 1, 2, 3]);
    expect(RETRIEVAL.stages.at(-1)).not.toHaveProperty('positions');
    expect(RETRIEVAL.stages.every(stage => stage.requestType === 'thumbnail')).toBe(true);
  });
});

describe('a volume', () => {
  it('is marked until all of its images are here, and lets nothing be measured meanwhile', async () => {
    const { tell, comes, isMarked, cover, element, measured } = world();
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    expect(isMarked()).toBe(true);
    expect(cover().textContent).toContain('VOLUME INCOMPLET, NON DIAGNOSTIQUE · 0 images sur 4');
    cover().dispatchEvent(new window.MouseEvent('mousedown', { bubbles: true }));
    expect(measured).not.toHaveBeenCalled();
    const wheel = vi.fn();
    element.addEventListener('wheel', wheel);
    cover().dispatchEvent(new window.Event('wheel', { bubbles: true }));
    expect(wheel).toHaveBeenCalled();
    for (const n of [0, 1, 2]) comes(n);
    await vi.advanceTimersByTimeAsync(400);
    expect(cover().textContent).toContain('3 images sur 4');
    // Another slice in its place is none.
    comes(3, REPLICA);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(isMarked()).toBe(true);
    comes(3);
    await vi.advanceTimersByTimeAsync(400);
    expect(isMarked()).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps its mark where an image failed, though the viewer counts it as done', async () => {
    const { tell, comes, isMarked, volume } = world();
    for (const n of [0, 1, 3]) comes(n);
    Object.assign(volume, { framesProcessed: 4, loadStatus: { loaded: true, loading: false } });
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    await vi.advanceTimersByTimeAsync(600_000);
    expect(isMarked()).toBe(true);
  });

  it('is marked however it came into its viewport, also where the viewer emptied that', () => {
    const { tell, isMarked, element } = world();
    tell('IMAGE_RENDERED');
    expect(isMarked()).toBe(true);
    element.replaceChildren();
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    expect(isMarked()).toBe(true);
  });

  it('that was seen whole stays so when the viewer makes room in its memory', async () => {
    const { tell, comes, isMarked, qualities } = world();
    for (const n of [0, 1, 2, 3]) comes(n);
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    expect(isMarked()).toBe(false);
    qualities.delete(id(2));
    tell('IMAGE_RENDERED');
    expect(isMarked()).toBe(false);
    // Built anew, it would lack that.
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    expect(isMarked()).toBe(true);
  });

  it('gives its viewport back to a stack without a mark', async () => {
    const { tell, isMarked, becomes } = world();
    tell('VOLUME_VIEWPORT_NEW_VOLUME');
    becomes({ type: 'stack' });
    await vi.advanceTimersByTimeAsync(400);
    expect(isMarked()).toBe(false);
  });

  it('is not marked in the small pictures of series, nor where the viewer drew it itself', () => {
    const first = world();
    first.viewport.renderingEngineId = '_thumbnails';
    first.tell('IMAGE_RENDERED');
    expect(first.cover()).toBeNull();
    stop();
    const second = world({ more: { imageIds: ['derived:1', 'derived:2'], cachedFrames: undefined } });
    second.tell('IMAGE_RENDERED');
    expect(second.cover()).toBeNull();
  });

  it('that moves is counted by the images of the moment', () => {
    const cache = { getImageQuality: image => (image === id(2) ? undefined : WHOLE) };
    const volume = { imageIds: [id(1), id(2)], cachedFrames: [], isDynamicVolume: () => true, getCurrentDimensionGroupImageIds: () => [id(1)] };
    expect(tallyOf(volume, cache)).toEqual({ frames: 1, loaded: 1, moves: true });
  });
});
