// What stands over the images of each open study: whose word they are, and what became of them. A study that was amended says so; where
// images must no longer be used all of it is taken off the screen. The node tells of an amendment once; one that was told while nobody
// listened is known by what the study is now.
//
// Not here: what came before the last amendment. The node names the last alone: after a cut, whatever it is, one before it may have taken
// images away, and the study is taken off the screen.

/** News come in crowds; they are asked about at most so often. */
const PAUSE_MS = 1500;
/** What the node did not answer is asked again. */
const AGAIN_MS = 10_000;
/** An answer that takes longer is none; where images are under way before it, it is waited for longer the next time. */
const LIMIT_MS = 10_000;
const LIMIT_MOST_MS = 40_000;
/** After these, images on the screen may be such as must not be used. */
const NO_LONGER_SHOWN = ['rejected', 'replaced', 'withdrawn'];
const CURTAINS = [...NO_LONGER_SHOWN, 'fewer', 'unheard', 'anew', 'gone'];

/** How many images a study has where that is known: of one that comes from a PACS as it is asked for it is not. */
const imagesOf = study => (study.source === null ? study.instances : null);
/** When the first image that lies here arrived; `null`: none does, the row is as a PACS answered. */
const arrivalOf = study => (study.source !== null && !study.instances_here ? null : Date.parse(study.arrived));
/** It is not there, or not for whoever asks. */
const isGone = status => status === 403 || status === 404;
const isAnswer = status => status === 200 || isGone(status);

export class Standing {
  /** `show` draws what the node says of a study, `lost` that it does not answer, `back` that it answers again. */
  constructor({ studies, strip, words, locale, show, lost, back = () => undefined }) {
    Object.assign(this, { studies, strip, words, locale, show, lost, back });
    /** By study and holder, as it was found: the last amendment, since when it is there, and how many images. */
    this.known = new Map();
    /** By study: what was said of it last, and of whom it is. */
    this.last = new Map();
    /** Amendments that were heard, each with the cut after which the study was still to be asked about. */
    this.heard = [];
    /** Studies that were taken off the screen. */
    this.over = new Set();
    /** Studies that the list told of since they were asked about. */
    this.named = new Set();
    this.opened = Date.now();
    /** Studies of which nobody knows how they were when they were opened. */
    this.unseen = new Set();
    /** How often the news began, and by study the last beginning after which it was answered for. */
    this.begun = 0;
    this.asked = new Map();
    this.timer = 0;
    this.due = 0;
    /** What is being asked. */
    this.round = null;
    this.limit = LIMIT_MS;
    this.isLost = false;
  }

  /** Whether news of a study may have been missed before this beginning, and it was not answered for since. */
  isCut(study, begun = this.begun) {
    return begun > (this.asked.get(study) ?? 0);
  }

  /** The node tells of an amendment. */
  told({ study, what, site_name: site, at }) {
    if (!this.studies.includes(study)) return;
    const time = Date.parse(at);
    this.heard.push({ study, site, time, cut: this.isCut(study) ? this.begun : 0 });
    this.say(study, { what, site, time });
  }

  /** News are heard, or heard again: what was told before went by. What is being asked on a link that broke is given up. */
  reopened() {
    this.begun += 1;
    this.limit = LIMIT_MS;
    if (this.begun > 1) {
      const { round } = this;
      this.round = null;
      round?.abort();
    }
    this.changed(0);
  }

  /** The list changed: a study, or many (`null`). Of many: an amendment may be among what was left out. */
  listed(study) {
    if (study === null) this.begun += 1;
    else if (this.studies.includes(study)) this.named.add(study);
    else return;
    this.changed();
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
    if (this.round) {
      this.changed();
      return;
    }
    const round = new window.AbortController();
    const { begun, named } = this;
    this.round = round;
    this.named = new Set();
    const limit = setTimeout(() => round.abort(), this.limit);
    const statuses = await Promise.all(this.studies.map(study => this.askFor(study, { begun, round, isNamed: named.has(study) })));
    clearTimeout(limit);
    if (this.round !== round) return;
    this.round = null;
    this.studies.forEach((study, place) => named.has(study) && !isAnswer(statuses[place]) && this.named.add(study));
    const isHeard = !statuses.includes(0);
    this.limit = isHeard ? LIMIT_MS : Math.min(this.limit * 2, LIMIT_MOST_MS);
    if (isHeard && this.isLost) this.back();
    this.isLost = !isHeard;
    if (statuses.some(status => status === 0 || status === 429 || status >= 500)) this.changed(AGAIN_MS);
  }

  /** Gives the status; 0: there was no answer. */
  async askFor(study, { begun, round, isNamed }) {
    try {
      const answer = await fetch(`/api/studies/${study}`, { signal: round.signal });
      // Read to its end, whatever it says: what is not read counts as under way.
      const text = await answer.text();
      if (this.round !== round) return this.unanswered(study);
      if (answer.ok) this.found(JSON.parse(text), begun);
      else if (isGone(answer.status) && (this.isCut(study, begun) || isNamed)) this.missed(study);
      else this.unanswered(study);
      if (answer.ok || isGone(answer.status)) this.asked.set(study, begun);
      return answer.ok ? 200 : answer.status;
    } catch {
      if (this.round === round) this.lost();
      return this.unanswered(study);
    }
  }

  unanswered(study) {
    if (!this.last.has(study)) this.unseen.add(study);
    return 0;
  }

  found(study, begun) {
    const { study: uid, holder, provenance, break_glass: glass, custodian_name: site, amended } = study;
    const key = `${uid} ${holder ?? ''}`;
    const known = this.known.get(key);
    const time = amended ? Date.parse(amended.at) : 0;
    const since = this.sinceOf({ uid, site, known, time });
    const said = JSON.stringify([provenance, glass, site]);
    // What stands stays as it is, and is not read out again.
    if (said !== this.last.get(uid)?.said) this.show(study);
    this.last.set(uid, { said, site });
    const [images, arrival] = [imagesOf(study), arrivalOf(study)];
    this.known.set(key, { at: Math.max(time, known?.at ?? 0), arrival: known?.arrival ?? arrival, images });
    const wasCut = this.isCut(uid, begun);
    const had = known?.arrival ?? null;
    const isAnew = wasCut && had !== null && (arrival === null || arrival > had);
    const isLess = images !== null && images < (known?.images ?? 0);
    let what = time > since ? amended.what : null;
    if (!NO_LONGER_SHOWN.includes(what)) {
      if (isAnew) what = 'anew';
      else if (what && isLess) what = 'fewer';
      else if (what && wasCut) what = 'unheard';
    }
    if (what) this.say(uid, { what, site, time });
  }

  /** Up to when the amendments of a study are known. */
  sinceOf({ uid, site, known, time }) {
    // What was heard before it was asked what else a cut hid tells nothing of what came before it.
    const counts = one => one.study === uid && one.site === site && one.cut <= (this.asked.get(uid) ?? 0);
    const heard = Math.max(0, ...this.heard.filter(counts).map(one => one.time));
    if (known) return Math.max(known.at, heard);
    // Found with another holder before: what this one did to its own is told for the first time.
    if (this.last.has(uid)) return time;
    if (this.unseen.has(uid)) return Math.max(this.opened, heard);
    return heard || time;
  }

  /** A study that was found is not there any more, and nobody heard why. */
  missed(study) {
    const last = this.last.get(study);
    if (last && !this.over.has(study)) this.say(study, { what: 'gone', site: last.site, time: 0 });
  }

  /** What is on the screen is no longer what the study is. It stays until the page is loaded anew. */
  say(study, { what, site, time }) {
    const at = new Date(time).toLocaleTimeString(this.locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    const text = (this.words[what] ?? this.words.corrected).replace('{site}', () => site).replace('{time}', () => at);
    if (CURTAINS.includes(what)) {
      this.over.add(study);
      this.strip.draw(text);
    } else this.strip.show(`amended ${study}`, text, { tone: 'bad', link: { href: location.href, text: this.words.reload } });
  }
}
