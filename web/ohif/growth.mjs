// Images that come to a study after it was opened: whoever looks at it is told, since the viewer does not show them by itself.
//
// Counted are images alone: measurements and key images that somebody saves meanwhile are none.

const NO_IMAGES = new Set(['SR', 'KO', 'PR', 'DOC', 'SEG', 'RTSTRUCT', 'AU']);
/** A study that arrives tells of every image; it is counted at most this often. */
const PAUSE_MS = 1500;

/** Images of a study, by the rows of its series (QIDO-RS). */
export function imagesIn(rows) {
  const value = (row, tag) => row?.[tag]?.Value?.[0];
  return rows.filter(row => !NO_IMAGES.has(value(row, '00080060'))).reduce((sum, row) => sum + (Number(value(row, '00201209')) || 0), 0);
}

export class Growth {
  constructor({ studies, tell }) {
    this.studies = studies;
    this.tell = tell;
    this.before = new Map();
    this.timers = new Map();
  }

  async start() {
    for (const study of this.studies) {
      const count = await this.count(study);
      if (count !== null) this.before.set(study, count);
    }
  }

  /** `null`: nobody knows now. */
  async count(study) {
    try {
      const answer = await fetch(`/dicomweb/studies/${study}/series`, { headers: { Accept: 'application/dicom+json' } });
      const text = await answer.text();
      if (answer.status === 204) return 0;
      return answer.ok ? imagesIn(JSON.parse(text)) : null;
    } catch {
      return null;
    }
  }

  /** News of the list: of one study, or of many (`null`). */
  changed(study) {
    for (const one of this.studies) {
      if ((study !== null && study !== one) || this.timers.has(one)) continue;
      this.timers.set(one, setTimeout(() => {
        this.timers.delete(one);
        void this.look(one);
      }, PAUSE_MS));
    }
  }

  async look(study) {
    const now = await this.count(study);
    if (now === null) return;
    const before = this.before.get(study);
    if (before === undefined) this.before.set(study, now);
    else if (now > before) this.tell({ study, before, now });
  }
}
