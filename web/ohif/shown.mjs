// The node is told which images the viewports show: those come before what the viewer fetches ahead. The last word counts, so of what is
// scrolled past only the newest is told, and a viewer that closes says that it shows nothing.
//
// Not here: what the node makes of it.
import { imageOf } from './previews.mjs';

const PAUSE_MS = 100;
/** Said again, so that a viewer that is gone without a word is forgotten. */
const FRESH_MS = 20_000;
/** An answer that does not come holds up the next word no longer. */
const ANSWER_MS = 5_000;
/** Images named at once. */
const SHOWN_MAX = 32;
/** Of a volume, in the middle. */
const CENTRAL = 5;
const THUMBNAILS = '_thumbnails';
/** What changes what is shown. */
const CHANGES = ['STACK_VIEWPORT_SCROLL', 'PRE_STACK_NEW_IMAGE', 'STACK_NEW_IMAGE', 'VIEWPORT_NEW_IMAGE_SET', 'VOLUME_VIEWPORT_NEW_VOLUME'];

/** Those of the middle, the middle first. */
export function central(ids) {
  const middle = Math.floor((ids.length - 1) / 2);
  return Array.from({ length: CENTRAL }, (_, n) => ids[middle + (n % 2 === 1 ? -Math.ceil(n / 2) : n / 2)]).filter(Boolean);
}

/**
 * Which instances are shown, by study. Stacks (`{ ids, at }`): the image of each, then those beside; volumes (`{ ids }`): a few of the
 * middle.
 */
export function shownIn(viewports) {
  const stacks = viewports.filter(one => one.at !== undefined);
  const volumes = viewports.filter(one => one.at === undefined);
  const named = [
    ...stacks.map(({ ids, at }) => ids[at]),
    ...stacks.flatMap(({ ids, at }) => [ids[at + 1], ids[at - 1]]),
    ...volumes.flatMap(({ ids }) => central(ids)),
  ];
  const found = new Map();
  for (const image of named.map(imageOf).filter(Boolean)) {
    const shown = found.get(image.study) ?? new Set();
    found.set(image.study, shown);
    if (shown.size < SHOWN_MAX) shown.add(image.instance);
  }
  return new Map([...found].map(([study, shown]) => [study, [...shown]]));
}

const random = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');

export class Shown {
  constructor() {
    this.viewer = random();
    /** What each viewport was last heard to look at: known before the viewer has it. */
    this.looked = new WeakMap();
    /** By study: what is to be said, what the node was told (`null`: nobody knows), and what is under way. */
    this.told = new Map();
    this.timer = 0;
    this.last = -Infinity;
    this.isGone = false;
  }

  /** Gives what ends it. */
  start() {
    const listening = new window.AbortController();
    const { signal } = listening;
    for (const name of CHANGES) {
      document.addEventListener(
        `CORNERSTONE_${name}`,
        ({ target, detail }) => {
          if (detail?.imageId) this.looked.set(target, detail.imageId);
          this.changed();
        },
        { capture: true, signal },
      );
    }
    const again = setInterval(() => this.refresh(), FRESH_MS);
    document.addEventListener('visibilitychange', () => this.refresh(), { signal });
    addEventListener('pagehide', () => this.leave(), { signal });
    // Back from the browser's memory of pages.
    addEventListener(
      'pageshow',
      ({ persisted }) => {
        if (!persisted) return;
        this.isGone = false;
        this.changed();
      },
      { signal },
    );
    return () => {
      listening.abort();
      clearInterval(again);
      clearTimeout(this.timer);
    };
  }

  viewports() {
    const { cornerstone } = window;
    const all = cornerstone?.getRenderingEngines?.().filter(engine => engine.id !== THUMBNAILS).flatMap(engine => engine.getViewports()) ?? [];
    return all.filter(one => one.element?.isConnected).flatMap(one => {
      if (one.type === 'stack') {
        const ids = one.getImageIds?.() ?? [];
        const looked = ids.indexOf(this.looked.get(one.element));
        return ids.length > 0 ? [{ ids, at: looked >= 0 ? looked : one.getCurrentImageIdIndex() }] : [];
      }
      const volumes = one.getAllVolumeIds?.() ?? [];
      return volumes.map(id => ({ ids: cornerstone.cache.getVolume(id)?.imageIds ?? [] }));
    });
  }

  /** Said at once, or with the rest when the pause is over. */
  changed() {
    if (this.timer || this.isGone) return;
    const left = this.last + PAUSE_MS - Date.now();
    if (left <= 0) this.tell();
    else {
      this.timer = setTimeout(() => {
        this.timer = 0;
        this.tell();
      }, left);
    }
  }

  tell() {
    const now = shownIn(this.viewports());
    for (const study of new Set([...this.told.keys(), ...now.keys()])) {
      const known = this.told.get(study) ?? { wanted: [], said: '', sending: null, isDeaf: false };
      this.told.set(study, known);
      known.wanted = now.get(study) ?? [];
      this.say(study, known);
    }
  }

  /** Words do not overtake one another: the next waits for the answer to the one before. */
  say(study, known) {
    if (known.isDeaf || known.sending || this.isGone || known.wanted.join() === known.said) return;
    this.last = Date.now();
    known.said = known.wanted.join();
    void this.send(study, known);
  }

  async send(study, known) {
    const sending = new window.AbortController();
    known.sending = sending;
    const { said } = known;
    const timer = setTimeout(() => sending.abort(), ANSWER_MS);
    let status = 0;
    try {
      const answer = await this.post(study, known.wanted, { signal: sending.signal });
      status = answer.status;
      await answer.text();
    } catch {
      // It is said again with the next change, or after a while.
    } finally {
      clearTimeout(timer);
    }
    if (known.sending !== sending) return;
    known.sending = null;
    // A node that does not ask for it.
    known.isDeaf = status === 404 || status === 405;
    const isNew = known.wanted.join() !== said;
    if (status < 200 || status > 299) known.said = null;
    if (isNew) this.changed();
  }

  post(study, shown, more) {
    return fetch(`/api/studies/${study}/shown`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ viewer: this.viewer, shown }),
      // Before the images that wait for a connection of the browser.
      priority: 'high',
      ...more,
    });
  }

  /** Said once more where somebody can see it. */
  refresh() {
    if (document.visibilityState !== 'visible' || this.isGone) return;
    for (const known of this.told.values()) if (known.wanted.length > 0) known.said = null;
    this.changed();
  }

  /** The page goes: nothing is shown any more, and nothing is said behind that. */
  leave() {
    this.isGone = true;
    clearTimeout(this.timer);
    this.timer = 0;
    for (const [study, known] of this.told) {
      known.sending?.abort();
      known.sending = null;
      if (known.isDeaf || known.said === '') continue;
      known.said = '';
      known.wanted = [];
      this.post(study, [], { keepalive: true }).catch(() => undefined);
    }
  }
}
