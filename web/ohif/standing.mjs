// What stands over the images of each open study: whose word they are, and what became of them. A study that was amended says so; where
// images must no longer be used all of it is taken off the screen. The node tells of an amendment once; one that was told while nobody
// listened is known by what the study is now.
//
// Not here: what came before the last amendment. The node names the last; that images went meanwhile is seen by their number.

/** News come in crowds; they are asked about at most so often. */
const PAUSE_MS = 1500;
/** What the node did not answer is asked again. */
const AGAIN_MS = 10_000;
/** After these, images on the screen may be such as must not be used. */
const NO_LONGER_SHOWN = ['rejected', 'replaced', 'withdrawn'];

/** How many images a study has where that is known: of one that comes from a PACS as it is asked for it is not. */
const imagesOf = study => (study.source === null ? study.instances : null);

export class Standing {
  /** `show` draws what the node says of a study, `lost` that it does not answer. */
  constructor({ studies, strip, words, locale, show, lost }) {
    Object.assign(this, { studies, strip, words, locale, show, lost });
    /** By study, as it was last told or found: of when it is, and, once it was found, of whom and how many images. */
    this.known = new Map();
    this.opened = Date.now();
    /** Studies of which nobody knows how they were when they were opened. */
    this.unseen = new Set();
    /** How often the news began, and the last beginning after which all was asked. */
    this.begun = 0;
    this.asked = 0;
    this.timer = 0;
    this.due = 0;
    this.isAsking = false;
  }

  /** The node tells of an amendment. */
  told({ study, what, site_name: site, at }) {
    if (!this.studies.includes(study)) return;
    const known = this.known.get(study);
    const time = Date.parse(at);
    this.known.set(study, { ...known, at: Math.max(time, known?.at ?? 0) });
    this.say(study, { what, site, time });
  }

  /** News are heard, or heard again: what was told before went by. */
  reopened() {
    this.begun += 1;
    this.changed(0);
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

  async ask() {
    if (this.isAsking) {
      this.changed();
      return;
    }
    this.isAsking = true;
    const { begun } = this;
    const answers = [];
    for (const study of this.studies) answers.push(await this.askFor(study, begun > this.asked));
    this.isAsking = false;
    if (answers.every(status => status === 200 || status === 404)) this.asked = begun;
    else if (answers.some(status => status === 0 || status >= 500)) this.changed(AGAIN_MS);
  }

  /** `wasCut`: news may have been missed. Gives the status; 0: there was no answer. */
  async askFor(study, wasCut) {
    try {
      const answer = await fetch(`/api/studies/${study}`);
      // Read to its end, whatever it says: what is not read counts as under way.
      const text = await answer.text();
      if (answer.ok) this.found(JSON.parse(text));
      else if (answer.status === 404 && wasCut) this.missed(study);
      else if (!this.known.has(study)) this.unseen.add(study);
      return answer.ok ? 200 : answer.status;
    } catch {
      if (!this.known.has(study)) this.unseen.add(study);
      this.lost();
      return 0;
    }
  }

  found(study) {
    const known = this.known.get(study.study);
    const { provenance, break_glass: glass, custodian_name: site, amended } = study;
    const said = JSON.stringify([provenance, glass, site]);
    // What stands stays as it is, and is not read out again.
    if (said !== known?.said) this.show(study);
    const time = amended ? Date.parse(amended.at) : 0;
    const images = imagesOf(study);
    this.known.set(study.study, { at: Math.max(time, known?.at ?? 0), said, site, images });
    const since = known?.at ?? (this.unseen.has(study.study) ? this.opened : time);
    if (time <= since) return;
    const isLess = images !== null && images < (known?.images ?? 0);
    const what = isLess && !NO_LONGER_SHOWN.includes(amended.what) ? 'fewer' : amended.what;
    this.say(study.study, { what, site, time });
  }

  /** A study that was found is not there any more, and nobody heard why. */
  missed(study) {
    const known = this.known.get(study);
    if (known?.site !== undefined) this.say(study, { what: 'gone', site: known.site, time: 0 });
  }

  /** What is on the screen is no longer what the study is. It stays until the page is loaded anew. */
  say(study, { what, site, time }) {
    const at = new Date(time).toLocaleTimeString(this.locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    const text = (this.words[what] ?? this.words.corrected).replace('{site}', () => site).replace('{time}', () => at);
    if ([...NO_LONGER_SHOWN, 'fewer', 'gone'].includes(what)) this.strip.draw(text);
    else this.strip.show(`amended ${study}`, text, { tone: 'bad', link: { href: location.href, text: this.words.reload } });
  }
}
