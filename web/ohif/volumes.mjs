// Volumes (MPR, 3D) over thin links: a slice that is not here stays empty, and the viewport says that its volume is not whole.
//
// The viewer would fill the places of slices that are on their way with their neighbours, and leave them there where a slice never
// comes. Here each image is asked for in the same order, and shown in its own place alone. Until all of them are here, what is shown is
// marked, and nothing can be measured in it; an image that does not come keeps the mark.
import { Cover, WHOLE } from './cover.mjs';
import { imageOf } from './previews.mjs';

const WORDS = {
  en: { mark: 'INCOMPLETE VOLUME, NOT DIAGNOSTIC', counted: '{loaded} of {frames} images' },
  fr: { mark: 'VOLUME INCOMPLET, NON DIAGNOSTIQUE', counted: '{loaded} images sur {frames}' },
};
const AGAIN_MS = 400;
/** Before every other that the viewer's parts have. */
const FIRST = 1_000_000;
/** Where the viewer draws the small pictures of its series. */
const THUMBNAILS = '_thumbnails';

const stage = (id, priority, which) => ({ id, priority, requestType: 'thumbnail', ...which });
/** The middle and both ends, then every fourth, until all are asked for; at the end once more what did not come. */
export const RETRIEVAL = {
  stages: [
    stage('initialImages', 5, { positions: [0.5, 0, -1] }),
    ...[3, 1, 2, 0].map((offset, nth) => stage(`fourth${nth}`, 6 + nth, { decimate: 4, offset })),
    stage('again', 10, {}),
  ],
};

const retrieval = (type, query) => (type === 'imageRetrieveConfiguration' && query === 'volume' ? RETRIEVAL : undefined);

/** How many images of a volume from a study here there are, and how many of them it is made of. Of one that moves: those of the moment. */
export function tallyOf(volume, cache) {
  const moves = volume.isDynamicVolume?.() === true;
  const ids = (moves ? volume.getCurrentDimensionGroupImageIds?.() : volume.imageIds) ?? [];
  // Drawn by the viewer itself: a segmentation.
  if (!imageOf(ids[0])) return { frames: 0, loaded: 0, moves };
  // What the volume was told of, by place; one that moves takes whatever lies in the cache.
  const known = moves ? undefined : volume.cachedFrames;
  const isLoaded = (id, place) => (!known || known[place] >= WHOLE) && cache.getImageQuality(id) >= WHOLE;
  return { frames: ids.length, loaded: ids.filter(isLoaded).length, moves };
}

export class Volumes {
  constructor({ language }) {
    this.words = WORDS[language];
    this.covers = new WeakMap();
    /** Volumes that a viewport has shown whole: an image that the viewer drops from its memory later is still in the picture. */
    this.whole = new WeakMap();
    this.timers = new Map();
  }

  /** `services`: the viewer's. Gives what ends it. */
  start(services) {
    const listening = new window.AbortController();
    // Events of a viewport do not rise; on their way down they pass here.
    const hear = (name, then) => document.addEventListener(`CORNERSTONE_${name}`, then, { capture: true, signal: listening.signal });
    hear('VOLUME_VIEWPORT_NEW_VOLUME', ({ target }) => {
      this.whole.delete(target);
      this.look(target);
    });
    hear('IMAGE_RENDERED', ({ target }) => {
      if (!this.timers.has(target)) this.look(target);
    });
    this.retrieve();
    const { displaySetService: sets } = services;
    // The viewer's core is there when it knows of a study, and no volume is asked for before.
    if (sets?.subscribe && sets.EVENTS?.DISPLAY_SETS_ADDED) sets.subscribe(sets.EVENTS.DISPLAY_SETS_ADDED, () => this.retrieve());
    return () => {
      listening.abort();
      for (const timer of this.timers.values()) clearTimeout(timer);
      this.timers.clear();
    };
  }

  /** How images of volumes are asked for. It stands before what the viewer's own part sets, whenever that does. */
  retrieve() {
    window.cornerstone?.metaData?.addProvider?.(retrieval, FIRST);
  }

  volumes(element) {
    const { viewport } = window.cornerstone?.getEnabledElement?.(element) ?? {};
    if (typeof viewport?.getAllVolumeIds !== 'function' || viewport.renderingEngineId === THUMBNAILS) return [];
    return viewport.getAllVolumeIds().map(id => window.cornerstone.cache.getVolume(id)).filter(Boolean);
  }

  look(element) {
    clearTimeout(this.timers.get(element));
    this.timers.delete(element);
    let [frames, loaded] = [0, 0];
    const whole = this.whole.get(element) ?? new WeakSet();
    this.whole.set(element, whole);
    for (const volume of this.volumes(element)) {
      if (whole.has(volume)) continue;
      const tally = tallyOf(volume, window.cornerstone.cache);
      frames += tally.frames;
      loaded += tally.loaded;
      if (tally.loaded === tally.frames && !tally.moves) whole.add(volume);
    }
    let cover = this.covers.get(element);
    if (loaded === frames) return cover?.hide();
    if (!cover) {
      cover = new Cover(element, 'confrere-volume', this.words.mark);
      this.covers.set(element, cover);
    }
    cover.say(`${this.words.mark} · ${this.words.counted.replace('{loaded}', loaded).replace('{frames}', frames)}`);
    cover.lay();
    if (element.isConnected) this.timers.set(element, setTimeout(() => this.look(element), AGAIN_MS));
  }
}
