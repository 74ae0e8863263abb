// Images of a case that say another patient than its request does are marked over every viewport that shows them, for as long as the
// node says so. They are not held back: whoever reads decides, and says why when they sign. The mark takes no pointer; whoever measures
// there is warned, and studies that are marked are nobody's, for the portal's tabs as for studies side by side.
//
// Not here: whether they say another patient. The node does, by the rule by which it flags the case.
import { Cover } from './cover.mjs';
import { imageOf } from './previews.mjs';

const WORDS = {
  en: {
    mark: 'OTHER PATIENT?',
    differs: '{what}: request {asked}, images {said}',
    birth_date: 'date of birth',
    id: 'ID',
    several: 'images of several patients in one study',
    line: 'The images say another patient than the request. Check with the scanner room before you read.',
    measured: 'Measured on images that may be another patient’s: do not sign it with this case before that is checked.',
    open: 'Open the case',
  },
  fr: {
    mark: 'AUTRE PATIENT ?',
    differs: '{what} : demande {asked}, images {said}',
    birth_date: 'date de naissance',
    id: 'identifiant',
    several: 'images de plusieurs patients dans un examen',
    line: 'Les images disent un autre patient que la demande. Vérifiez avec la salle d’examen avant de lire.',
    measured: 'Mesuré sur des images qui sont peut-être d’un autre patient : ne le signez pas avec ce dossier avant vérification.',
    open: 'Ouvrir le dossier',
  },
};
/** News come in crowds; they are asked about at most so often. */
const PAUSE_MS = 1500;
/** What the node did not answer is asked again. */
const AGAIN_MS = 10_000;
/** Cases that were heard of, of which some may have a study that is open here. */
const HEARD_MAX = 1000;
/** Where the viewer draws the small pictures of its series. */
const THUMBNAILS = '_thumbnails';
/** What changes what a viewport shows. */
const CHANGES = ['IMAGE_RENDERED', 'PRE_STACK_NEW_IMAGE', 'STACK_NEW_IMAGE', 'VIEWPORT_NEW_IMAGE_SET', 'VOLUME_VIEWPORT_NEW_VOLUME'];
/** Beside the marks of previews and of volumes, and before them; the image between them stays free. */
const LOOK = {
  places: ['top: 0', 'bottom: 32px'],
  frame: 'z-index: 22; box-sizing: border-box; border: 4px solid #ff5a50;',
  paint: 'background: #7a1512f2; color: #fff;',
  isOpen: true,
};

/** In what a study says another patient, in words: of the cases that it belongs to the first of which it does; `null`: of none. */
export function doubtOf(cases, words, day) {
  const found = cases.find(one => one.differs.length > 0);
  if (!found) return null;
  const said = found.differs.map(({ what, asked, said: images }) => {
    if (asked === '' || images === '' || asked === images) return words.several;
    const shown = what === 'birth_date' ? day : text => text;
    const filled = { what: words[what] ?? what, asked: shown(asked), said: shown(images) };
    // Filled in one go: what an image says is no pattern.
    return words.differs.replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? '');
  });
  return { case: found.case, text: [words.mark, ...new Set(said)].join(' · ') };
}

export class Patients {
  /** `day`: writes a date of DICOM as it is written here. */
  constructor({ studies, strip, language, day }) {
    this.studies = studies;
    this.strip = strip;
    this.words = WORDS[language];
    this.day = day;
    /** By study, in what it says another patient. */
    this.doubts = new Map();
    /** By study, the open cases it belongs to. */
    this.cases = new Map();
    this.heard = new Set();
    this.covers = new WeakMap();
    this.listeners = [];
    this.timer = 0;
    this.due = 0;
    this.isAsking = false;
  }

  /** `services`: the viewer's. Gives what ends it. */
  start(services) {
    const listening = new window.AbortController();
    for (const name of CHANGES) {
      // Events of a viewport do not rise; on their way down they pass here.
      const hear = ({ target }) => this.look(target);
      document.addEventListener(`CORNERSTONE_${name}`, hear, { capture: true, signal: listening.signal });
    }
    const { measurementService: measurements } = services;
    const added = measurements?.EVENTS?.MEASUREMENT_ADDED;
    if (measurements?.subscribe && added) measurements.subscribe(added, ({ measurement } = {}) => this.measured(measurement));
    void this.ask();
    return () => {
      listening.abort();
      clearTimeout(this.timer);
    };
  }

  /** Whether a study that is open here says another patient. */
  isDoubted(study) {
    return this.doubts.has(study);
  }

  get hasDoubts() {
    return this.doubts.size > 0;
  }

  /** `listener` is called when what is marked has changed. */
  follow(listener) {
    this.listeners.push(listener);
  }

  /**
   * News of a case. One that has a study of ours, or that was not heard of before, is asked about soon; another may have got a
   * study of ours since, or be open again, and is asked about later.
   */
  ofCase(id) {
    const isKnown = [...this.cases.values()].some(cases => cases.includes(id));
    const isNew = !this.heard.has(id);
    if (this.heard.size >= HEARD_MAX) this.heard.clear();
    this.heard.add(id);
    this.changed(isKnown || isNew ? PAUSE_MS : AGAIN_MS);
  }

  /** News of a study; `null`: of many. */
  ofStudy(study) {
    if (study === null || this.studies.includes(study)) this.changed();
  }

  /** The sooner of what was said counts. */
  changed(afterMs = PAUSE_MS) {
    const due = Date.now() + afterMs;
    if (this.timer && this.due <= due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => {
      this.timer = 0;
      void this.ask();
    }, afterMs);
  }

  /** What is not answered leaves the mark as it stands, and is asked again. */
  async ask() {
    if (this.isAsking) {
      this.changed();
      return;
    }
    this.isAsking = true;
    let isAnswered = true;
    for (const study of this.studies) {
      try {
        const answer = await fetch(`/api/studies/${study}/cases`);
        // Read to its end, whatever it says: what is not read counts as under way.
        const text = await answer.text();
        if (answer.ok) this.found(study, JSON.parse(text));
        else if (answer.status >= 500) isAnswered = false;
      } catch {
        isAnswered = false;
      }
    }
    this.isAsking = false;
    if (!isAnswered) this.changed(AGAIN_MS);
  }

  found(study, cases) {
    this.cases.set(study, cases.map(one => one.case));
    const doubt = doubtOf(cases, this.words, this.day);
    const before = this.doubts.get(study)?.text;
    if (before === doubt?.text) return;
    if (doubt) {
      this.doubts.set(study, doubt);
      const link = { href: `/cases/${doubt.case}`, text: this.words.open, target: '_blank' };
      this.strip.show(`patient ${study}`, `${doubt.text}. ${this.words.line}`, { tone: 'bad', link });
    } else {
      this.doubts.delete(study);
      this.strip.hide(`patient ${study}`);
      if (!this.hasDoubts) this.strip.hide('measured');
    }
    for (const element of this.elements()) this.look(element);
    for (const listener of this.listeners) listener();
  }

  measured(measurement) {
    if (!this.isDoubted(measurement?.referenceStudyUID)) return;
    this.strip.show('measured', this.words.measured, { tone: 'bad' });
  }

  elements() {
    const all = window.cornerstone?.getRenderingEngines?.().flatMap(engine => engine.getViewports()) ?? [];
    return all.map(one => one.element).filter(element => element?.isConnected);
  }

  /** The studies that a viewport shows. */
  shownIn(element) {
    const { viewport } = window.cornerstone?.getEnabledElement?.(element) ?? {};
    if (!viewport || viewport.renderingEngineId === THUMBNAILS) return [];
    const volumes = viewport.getAllVolumeIds?.() ?? [];
    const ids = volumes.map(id => window.cornerstone.cache.getVolume(id)?.imageIds?.[0]);
    // A stack is of one series.
    if (volumes.length === 0) ids.push(viewport.getImageIds?.()[0]);
    return ids.map(id => imageOf(id)?.study).filter(Boolean);
  }

  look(element) {
    if (!this.hasDoubts && !this.covers.has(element)) return;
    const doubts = this.shownIn(element).map(study => this.doubts.get(study)).filter(Boolean);
    let cover = this.covers.get(element);
    if (doubts.length === 0) {
      cover?.hide();
      return;
    }
    if (!cover) {
      cover = new Cover(element, 'confrere-patient', this.words.mark, LOOK);
      this.covers.set(element, cover);
    }
    cover.say(doubts[0].text);
    cover.lay();
  }
}
