// Studies side by side move together: scrolling one scrolls the others, until somebody switches that off.
//
// Where two series share a frame of reference, the same place of the patient is shown (registered). Where they only have the same
// orientation, they move by the same millimetres from the images that stood side by side when they were joined, which the reader sets:
// switch off, scroll one, switch on. It is said which of the two it is. Series of another orientation stay where they are, and so do
// images that say another patient than their request: they stand beside nothing.
//
// The viewer's own synchroniser does not move series of different frames of reference, which a study and its prior always are.

import { imageOf } from './previews.mjs';

/** Cosine between the normals of two planes from which on they count as parallel: 8 degrees. */
const PARALLEL_MIN = 0.99;
const KEPT = 'confrere.together';
const VOI = 'confrere.voi';
const ZOOM = 'confrere.zoom';

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** The plane of an image, as far as it is known: where it lies, its normal, and in which frame of reference. */
export function planeOf(module) {
  const { imagePositionPatient: at, rowCosines: row, columnCosines: column, frameOfReferenceUID: frame } = module ?? {};
  if (![at, row, column].every(one => one && one.length === 3 && [...one].every(Number.isFinite))) return null;
  const normal = [row[1] * column[2] - row[2] * column[1], row[2] * column[0] - row[0] * column[2], row[0] * column[1] - row[1] * column[0]];
  return { at: [...at], normal, frame: frame || null };
}

/** How two planes stand to one another: `registered`, `parallel`, or `apart`. */
export function standing(one, other) {
  if (!one || !other || Math.abs(dot(one.normal, other.normal)) < PARALLEL_MIN) return 'apart';
  return one.frame !== null && one.frame === other.frame ? 'registered' : 'parallel';
}

/**
 * Which image of a target is to be shown beside a source's; `null`: none. Each side: the plane it shows (`now`), that which it showed
 * when they were joined (`anchor`); the target also all its `planes`.
 */
export function besides(source, target) {
  const { now, anchor } = source;
  const how = standing(now, target.anchor);
  if (how === 'apart' || !anchor) return null;
  const { normal } = target.anchor;
  const moved = dot(now.at, normal) - dot(anchor.at, normal);
  const wanted = how === 'registered' ? dot(now.at, normal) : dot(target.anchor.at, normal) + moved;
  let [best, least] = [null, Infinity];
  target.planes.forEach((plane, index) => {
    const distance = plane ? Math.abs(dot(plane.at, normal) - wanted) : Infinity;
    if (distance < least) [best, least] = [index, distance];
  });
  return best;
}

export class Together {
  /** `tell`: shows how it stands, with a button, or with `null` nothing; `studies`: those that are open; `patients`: of whom they are. */
  constructor({ tell, studies, patients = null }) {
    this.tell = tell;
    this.studies = studies;
    this.patients = patients;
    this.anchors = new Map();
    this.driver = null;
    this.isOn = this.remembered() !== 'off';
    this.elements = new WeakSet();
  }

  remembered() {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null;
    }
  }

  /** Begins when the viewer's core is there, which is so when it knows of a study. */
  start(services) {
    this.services = services;
    if (this.studies.length < 2) return;
    this.patients?.follow(() => this.join());
    const { displaySetService: sets } = services;
    if (sets?.subscribe && sets.EVENTS?.DISPLAY_SETS_ADDED) sets.subscribe(sets.EVENTS.DISPLAY_SETS_ADDED, () => this.listen());
  }

  listen() {
    const target = window.cornerstone?.eventTarget;
    if (!target || this.target) return;
    this.target = target;
    target.addEventListener('CORNERSTONE_ELEMENT_ENABLED', ({ detail }) => this.follow(detail));
    target.addEventListener('CORNERSTONE_ELEMENT_DISABLED', ({ detail }) => this.gone(detail));
    document.addEventListener('keydown', () => {
      this.driver = this.services.viewportGridService?.getActiveViewportId?.() ?? this.driver;
    }, true);
  }

  follow({ element, viewportId }) {
    if (!element || this.elements.has(element)) return;
    this.elements.add(element);
    for (const kind of ['wheel', 'pointerdown', 'touchstart']) {
      element.addEventListener(kind, () => { this.driver = viewportId; }, { capture: true, passive: true });
    }
    element.addEventListener('CORNERSTONE_STACK_NEW_IMAGE', () => this.moved(viewportId));
    element.addEventListener('CORNERSTONE_VIEWPORT_NEW_IMAGE_SET', () => this.join());
    element.addEventListener('CORNERSTONE_IMAGE_RENDERED', () => {
      if (!this.anchors.has(viewportId) && !this.stacks().some(one => one.id === viewportId && this.isDoubted(one))) this.join();
    });
  }

  /** Viewports that show a stack of images. */
  stacks() {
    const all = window.cornerstone?.getRenderingEngines?.().flatMap(engine => engine.getViewports()) ?? [];
    return all.filter(one => one.type === 'stack' && typeof one.setImageIdIndex === 'function' && one.getImageIds().length > 0 && one.element?.isConnected);
  }

  /** Whether a stack says another patient than its request. */
  isDoubted(stack) {
    return this.patients?.isDoubted(imageOf(stack.getCurrentImageId())?.study) === true;
  }

  /** Those that may move together. */
  joined() {
    return this.stacks().filter(one => !this.isDoubted(one));
  }

  plane(imageId) {
    return planeOf(window.cornerstone.metaData.get('imagePlaneModule', imageId));
  }

  /** From here on they move by the same way: what each shows now stands beside what the others show. */
  join() {
    this.anchors.clear();
    for (const one of this.joined()) this.anchors.set(one.id, this.plane(one.getCurrentImageId()));
    this.show();
  }

  /** How they stand to one another; one pair that is not registered is what has to be said. */
  how() {
    const planes = [...this.anchors.values()];
    const pairs = planes.flatMap((one, at) => planes.slice(at + 1).map(other => standing(one, other)));
    return ['parallel', 'registered'].find(how => pairs.includes(how)) ?? 'apart';
  }

  show() {
    if (this.anchors.size > 1 || this.patients?.hasDoubts) this.beside();
    this.say();
  }

  say() {
    this.tell(this.anchors.size > 1 ? { on: this.isOn, how: this.how(), toggle: () => this.toggle() } : null);
  }

  /** A viewport that is taken away moves with nothing. */
  gone({ viewportId }) {
    if (this.anchors.delete(viewportId)) this.say();
  }

  toggle() {
    this.isOn = !this.isOn;
    try {
      localStorage.setItem(KEPT, this.isOn ? 'on' : 'off');
    } catch {
      // A browser that keeps nothing begins with it switched on.
    }
    if (this.isOn) this.join();
    else this.show();
  }

  /** Zoom of parallel series; grey values of CT alone, where a number means the same in both. */
  beside() {
    const { syncGroupService: groups } = this.services;
    if (!groups) return;
    const isCt = this.joined().every(one => window.cornerstone.metaData.get('generalSeriesModule', one.getCurrentImageId())?.modality === 'CT');
    for (const { id, renderingEngineId } of this.stacks()) {
      for (const [type, name, wanted] of [['voi', VOI, isCt], ['zoompan', ZOOM, this.how() !== 'apart']]) {
        if (this.isOn && wanted && this.anchors.has(id)) groups.addViewportToSyncGroup(id, renderingEngineId, { type, id: name, source: true, target: true });
        else groups.removeViewportFromSyncGroup(id, renderingEngineId, name);
      }
    }
  }

  /** Only what the reader's hand is on moves the others: what follows moves nothing. */
  moved(viewportId) {
    if (!this.isOn || this.driver !== viewportId || this.anchors.size < 2) return;
    const stacks = this.joined();
    const source = stacks.find(one => one.id === viewportId);
    if (!source) return;
    const shown = { now: this.plane(source.getCurrentImageId()), anchor: this.anchors.get(viewportId) };
    for (const target of stacks) {
      if (target === source) continue;
      const side = { anchor: this.anchors.get(target.id), planes: target.getImageIds().map(imageId => this.plane(imageId)) };
      const index = shown.now && side.anchor ? besides(shown, side) : null;
      if (index !== null && index !== target.getCurrentImageIdIndex()) void target.setImageIdIndex(index).catch(() => undefined);
    }
  }
}
