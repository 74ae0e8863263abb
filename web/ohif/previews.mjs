// What stands for images until they are here: previews of a stack over thin links, and a glance at the study.
//
// A preview is never an image of the viewer: it lies as a picture over the viewport, in which nothing can be drawn or measured
// meanwhile, says what it is not, and goes when the viewer shows the image itself. The viewer's own copies, measurements,
// captures and stores know nothing of it.
import { Cover, WHOLE } from './cover.mjs';

const WORDS = {
  en: {
    preview: 'PREVIEW, NOT DIAGNOSTIC',
    waiting: 'The image is on its way.',
    counted: 'Previews, not diagnostic: {previewed} of {images} · full images {whole}/{images}',
    absent: '{count} without preview',
    lossy: 'lossy compression at the source',
    glance: 'The study at a glance, not diagnostic',
    close: 'Close',
    series: '{count} images',
    preliminary: 'PRELIMINARY',
    final: 'Final report',
    addendum: 'Addendum',
    'second-reading': 'Second reading',
  },
  fr: {
    preview: 'APERÇU, NON DIAGNOSTIQUE',
    waiting: 'L’image est en route.',
    counted: 'Aperçus, non diagnostiques : {previewed} sur {images} · images entières {whole}/{images}',
    absent: '{count} sans aperçu',
    lossy: 'compression avec perte à la source',
    glance: 'L’examen en un coup d’œil, non diagnostique',
    close: 'Fermer',
    series: '{count} images',
    preliminary: 'PROVISOIRE',
    final: 'Compte rendu définitif',
    addendum: 'Complément',
    'second-reading': 'Seconde lecture',
  },
};

/** Between two looks at what came. */
const LOOK_MS = 1000;
/** The node measures so long whether a study comes slowly, where it could not foretell it. */
const WATCHED_MS = 31_000;
const AGAIN_MS = 400;
/** Where the node does not answer, or refuses, it is asked less and less, at least so often. */
const PAUSE_MS = 15_000;
/** What is asked ahead waits for previews so long at most. */
const ALONE_MS = 20_000;
const LOSSY = `
  position: absolute; left: 50%; bottom: 4px; transform: translateX(-50%); z-index: 15; pointer-events: none; padding: 1px 7px;
  border-radius: 6px; background: #141b26cc; color: #ffd27a; font: 12px/1.4 system-ui, sans-serif;`;

/** Which image an id of the viewer's names; `null` of none that comes from a study here. */
export function imageOf(imageId) {
  const found = /\/studies\/([0-9.]+)\/series\/([0-9.]+)\/instances\/([0-9.]+)(?:\/frames\/(\d+))?/.exec(imageId ?? '');
  return found && { study: found[1], series: found[2], instance: found[3], frame: Number(found[4] ?? 1) };
}

const wait = ms => new Promise(done => setTimeout(done, ms));

/** What the node tells; `null`: it refuses. Read to its end either way: a request whose answer is left lying never ends. */
async function told(address, asked = {}) {
  const answer = await fetch(address, asked);
  const text = await answer.text();
  return answer.ok ? JSON.parse(text) : null;
}

/** How an object says that it was lossy when it was made, as "10:1"; empty: it says so without a ratio; `null`: it was not. */
export function lossyOf(instance) {
  if (String(instance?.LossyImageCompression ?? '') !== '01') return null;
  const ratios = [instance.LossyImageCompressionRatio].flat().map(Number).filter(ratio => ratio > 0);
  return ratios.map(ratio => `${Math.round(ratio * 10) / 10}:1`).join(' · ');
}

/** The picture over one viewport. */
class Picture extends Cover {
  constructor(element, words) {
    super(element, 'confrere-preview', words.preview);
    this.target = null;
    this.box.style.background = '#000';
    this.picture = document.createElement('img');
    this.picture.alt = words.preview;
    this.picture.draggable = false;
    this.picture.style.cssText = 'width: 100%; height: 100%; object-fit: contain;';
    this.box.prepend(this.picture);
  }

  /** Nothing but what it is not, until a picture comes: no other slice must be taken for this one. */
  clear() {
    this.show(null);
  }

  show(blob) {
    if (this.address) URL.revokeObjectURL(this.address);
    this.address = blob && URL.createObjectURL(blob);
    this.picture.style.visibility = this.address ? 'visible' : 'hidden';
    if (this.address) this.picture.src = this.address;
    else this.picture.removeAttribute('src');
    this.lay();
  }

  hide() {
    this.target = null;
    if (this.isShown) this.show(null);
    super.hide();
  }
}

export class Previews {
  /** `strip`: where lines are shown. `studies`: those that are open. */
  constructor({ strip, studies, language }) {
    this.strip = strip;
    this.studies = studies;
    this.words = WORDS[language];
    this.covers = new WeakMap();
    /** What viewports wait for. */
    this.waits = new Map();
    /** Studies of which there are previews, or will be. */
    this.wanted = new Set();
    this.hasImage = false;
    this.hasPreview = false;
    this.saysMore = false;
    this.held = null;
  }

  /** `services`: the viewer's. Begins when the viewer knows which images there are. Gives what ends it. */
  start(services) {
    const listening = new window.AbortController();
    // Events of a viewport do not rise; on their way down they pass here.
    const hear = (name, then) => document.addEventListener(`CORNERSTONE_${name}`, then, { capture: true, signal: listening.signal });
    for (const name of ['STACK_VIEWPORT_SCROLL', 'PRE_STACK_NEW_IMAGE']) hear(name, ({ target, detail }) => this.looksAt(target, detail.imageId));
    hear('STACK_NEW_IMAGE', ({ target, detail }) => this.shows(target, detail.imageId, detail.image));
    hear('VOLUME_VIEWPORT_NEW_VOLUME', ({ target }) => {
      this.waits.delete(target);
      this.covers.get(target)?.hide();
    });
    const { displaySetService: sets } = services;
    if (sets?.subscribe && sets.EVENTS?.DISPLAY_SETS_ADDED) {
      const begun = new Set();
      sets.subscribe(sets.EVENTS.DISPLAY_SETS_ADDED, ({ displaySetsAdded = [] }) => {
        for (const study of new Set(displaySetsAdded.map(set => set.StudyInstanceUID))) {
          if (!this.studies.includes(study) || begun.has(study)) continue;
          begun.add(study);
          void this.begin(study);
        }
      });
    }
    for (const study of this.studies) void this.glance(study);
    return () => listening.abort();
  }

  isHere(imageId) {
    return window.cornerstone?.cache?.isLoaded?.(imageId) ?? false;
  }

  cover(element) {
    let cover = this.covers.get(element);
    if (!cover) {
      cover = new Picture(element, this.words);
      this.covers.set(element, cover);
    }
    return cover;
  }

  /** The viewport is to show an image, which may not be here. */
  looksAt(element, imageId) {
    const image = imageOf(imageId);
    const known = this.covers.get(element);
    if (known?.target === imageId) return;
    this.waits.set(element, imageId);
    // What is covered stays so until an image is there: below lies that of another place.
    const isCovered = image && (this.wanted.has(image.study) || known?.isShown);
    if (!isCovered || this.isHere(imageId)) {
      known?.hide();
      return;
    }
    const cover = this.cover(element);
    cover.target = imageId;
    cover.clear();
    void this.bring(cover, element, imageId, image);
  }

  async bring(cover, element, imageId, image) {
    const isWaiting = () => cover.target === imageId && !this.isHere(imageId);
    const query = new URLSearchParams({ frame: String(image.frame), ...this.window(element) });
    const address = `/api/studies/${image.study}/previews/${image.series}/${image.instance}?${query}`;
    let pause = AGAIN_MS;
    while (isWaiting()) {
      let status = 0;
      try {
        const answer = await fetch(address);
        const blob = await answer.blob();
        if (!isWaiting()) return;
        if (answer.ok) {
          this.hasPreview = true;
          if (!this.saysMore) this.closeGlance?.();
          return cover.show(blob);
        }
        status = answer.status;
      } catch {
        // The strip says that the connection is lost.
      }
      // It stays covered, whatever was answered: only the image itself uncovers it.
      if (status === 404) {
        if (!this.wanted.has(image.study)) return;
        pause = AGAIN_MS;
      } else {
        pause = Math.min(2 * pause, PAUSE_MS);
      }
      await wait(pause);
    }
  }

  /** The reader's window, once an image of the viewport has one; what it means is another thing where values are scaled. */
  window(element) {
    const viewport = window.cornerstone?.getEnabledElement?.(element)?.viewport;
    if (!viewport?.csImage || viewport.modality === 'PT') return {};
    const { lower, upper } = viewport.getProperties?.()?.voiRange ?? {};
    if (!(upper > lower)) return {};
    return { window: `${(upper + lower) / 2},${upper - lower}` };
  }

  /** The viewport shows an image itself; not so where only a part of it came yet. */
  shows(element, imageId, image) {
    if (image?.imageQualityStatus < WHOLE) return;
    this.hasImage = true;
    this.closeGlance?.();
    this.waits.delete(element);
    const cover = this.covers.get(element);
    if (cover && (cover.target === null || cover.target === imageId)) cover.hide();
    this.sayLossy(element, imageId);
  }

  /** Objects that were lossy when they were made say so, and by how much. */
  sayLossy(element, imageId) {
    const lossy = lossyOf(window.cornerstone?.metaData?.get?.('instance', imageId));
    let label = element.querySelector(':scope > .confrere-lossy');
    if (lossy === null) return label?.remove();
    if (!label) {
      label = document.createElement('div');
      label.className = 'confrere-lossy';
      label.style.cssText = LOSSY;
      element.append(label);
    }
    label.textContent = [this.words.lossy, lossy].filter(Boolean).join(' ');
  }

  /**
   * Asks the node for previews where the study takes long, by what is known of its link or as it is measured while images come, and
   * says how many there are until all images are here.
   */
  async begin(study) {
    try {
      let tally = await this.tally(study, { method: 'POST' }, '?when=long');
      const until = Date.now() + WATCHED_MS;
      while (tally && !tally.wanted && tally.whole < tally.images && Date.now() < until) {
        await wait(LOOK_MS);
        tally = (await this.tally(study).catch(() => null)) ?? tally;
      }
      if (!tally?.wanted) return;
      this.wanted.add(study);
      this.hold();
      // What was asked for before the node had said so.
      for (const [element, imageId] of this.waits) if (element.isConnected) this.looksAt(element, imageId);
      let pause = LOOK_MS;
      for (;;) {
        this.say(study, tally);
        if (tally.over) this.letGo();
        if (tally.whole >= tally.images) break;
        await wait(pause);
        // A node that does not answer leaves what is not here as it is: covered.
        const now = await this.tally(study).catch(() => null);
        pause = now ? LOOK_MS : Math.min(2 * pause, PAUSE_MS);
        tally = now ?? tally;
      }
    } catch {
      // The strip says that the connection is lost.
    } finally {
      if (this.wanted.delete(study) && this.wanted.size === 0) this.letGo();
      this.strip.hide(`previews ${study}`);
    }
  }

  tally(study, asked = {}, query = '') {
    return told(`/api/studies/${study}/previews${query}`, asked);
  }

  say(study, { previewed, images, whole, absent }) {
    const filled = this.words.counted.replace('{previewed}', previewed).replaceAll('{images}', images).replace('{whole}', whole);
    const missing = absent > 0 ? ` · ${this.words.absent.replace('{count}', absent)}` : '';
    this.strip.show(`previews ${study}`, filled + missing, { tone: 'wait', share: images > 0 ? whole / images : null });
  }

  /** What nobody looks at is not asked for while previews are coming: they are for what will be looked at next. */
  hold() {
    const pool = window.cornerstone?.imageLoadPoolManager;
    if (!pool?.setMaxSimultaneousRequests || this.held) return;
    this.held = { pool, before: pool.getMaxSimultaneousRequests('prefetch'), timer: setTimeout(() => this.letGo(), ALONE_MS) };
    pool.setMaxSimultaneousRequests('prefetch', 0);
  }

  letGo() {
    if (!this.held) return;
    const { pool, before, timer } = this.held;
    this.held = null;
    clearTimeout(timer);
    pool.setMaxSimultaneousRequests('prefetch', before);
    pool.startGrabbing?.();
  }

  /** A peer's study of which nothing is here yet, at a glance, where its first image does not come at once. */
  async glance(study) {
    try {
      const forecast = await told(`/api/studies/${study}/forecast`);
      // What a glance itself left here is no image.
      if (!forecast || forecast.bytes_here * forecast.instances > forecast.bytes || !(forecast.first_s > 1)) return;
      const digest = await told(`/api/studies/${study}/digest`);
      // Previews show more than its pictures; what reports come to, they do not.
      this.saysMore = digest?.conclusions.length > 0;
      if (digest && !this.hasImage && (this.saysMore || !this.hasPreview)) this.showGlance(digest);
    } catch {
      // The images come all the same.
    }
  }

  showGlance(digest) {
    this.closeGlance?.();
    const panel = glancePanel(digest, this.words, () => this.closeGlance?.());
    document.body.append(panel);
    this.closeGlance = () => {
      panel.remove();
      this.closeGlance = null;
    };
  }
}

const element = (name, text, style) => {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (style) made.style.cssText = style;
  return made;
};

function glancePanel(digest, words, onClose) {
  const panel = element('section', '', `position: fixed; right: 12px; bottom: 12px; z-index: 50; width: min(640px, calc(100vw - 24px));
    max-height: 60vh; overflow: auto; padding: 10px 12px; border: 1px solid #d29a3a; border-radius: 8px; background: #141b26f5;
    color: #e7ecf3; font: 13px/1.45 system-ui, sans-serif;`);
  panel.id = 'confrere-glance';
  panel.setAttribute('aria-label', words.glance);
  const close = element('button', words.close, 'float: right; border: 0; border-radius: 6px; padding: 3px 10px; background: #2b3646; color: inherit; font: inherit; cursor: pointer;');
  close.type = 'button';
  close.addEventListener('click', onClose);
  panel.append(close, element('strong', words.glance, 'color: #ffd27a;'));
  for (const one of digest.conclusions) {
    const text = element('p', '', 'margin: 6px 0; white-space: pre-wrap;');
    const bold = one.standing === 'preliminary' ? 'color: #ffd27a; font-weight: 700;' : 'font-weight: 600;';
    text.append(element('span', `${words[one.standing] ?? one.standing} · ${one.site_name} · ${one.person} — `, bold), one.cut ? `${one.text} …` : one.text);
    panel.append(text);
  }
  const row = element('div', '', 'display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px;');
  for (const series of digest.series) {
    const figure = element('figure', '', 'margin: 0; width: 128px;');
    if (series.picture) {
      const picture = element('img', '', 'width: 128px; height: 128px; object-fit: contain; background: #000;');
      picture.src = `data:image/jpeg;base64,${series.picture.jpeg}`;
      picture.alt = words.preview;
      figure.append(picture);
    }
    const name = [series.modality, series.description].filter(Boolean).join(' ');
    figure.append(element('figcaption', `${name} · ${words.series.replace('{count}', series.instances)}`, 'font-size: 11.5px; color: #a9b7c8;'));
    row.append(figure);
  }
  panel.append(row);
  return panel;
}
