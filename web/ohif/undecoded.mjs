// Images that the viewer could not decode, told to the node: whoever signs a report is asked why they sign all the same.
//
// An image that did not come is no such image: the node knows of that, and the viewer asks again.

import { imageOf } from './previews.mjs';

/** Frames told at most: a study of which more fail is told of. */
const TOLD_MAX = 2000;

/** What the node answered, where it did not give the image; `null`: the bytes came, or nobody knows. */
function statusOf(error) {
  const status = error?.status ?? error?.request?.status ?? error?.error?.status;
  return typeof status === 'number' ? status : null;
}

/** Whether an image was there and could not be decoded: by the viewer, or by the node for it (406). */
export function isUndecoded(error) {
  const status = statusOf(error);
  return status === null || status === 200 || status === 206 || status === 406;
}

export class Undecoded {
  constructor({ studies }) {
    this.studies = studies;
    this.told = new Set();
    this.target = null;
  }

  /** Begins when the viewer's core is there, which is so when it knows of a study. */
  start(services) {
    const { displaySetService: sets } = services;
    if (sets?.subscribe && sets.EVENTS?.DISPLAY_SETS_ADDED) sets.subscribe(sets.EVENTS.DISPLAY_SETS_ADDED, () => this.listen());
  }

  listen() {
    const target = window.cornerstone?.eventTarget;
    if (!target || this.target) return;
    this.target = target;
    target.addEventListener('CORNERSTONE_IMAGE_LOAD_FAILED', ({ detail }) => {
      if (isUndecoded(detail?.error)) void this.tell(detail?.imageId, false);
    });
    target.addEventListener('CORNERSTONE_IMAGE_LOADED', ({ detail }) => void this.tell(detail?.image?.imageId, true));
  }

  /** Told once as undecoded, and once more when it can be decoded after all. */
  async tell(imageId, decoded) {
    const image = imageOf(imageId);
    if (!image || !this.studies.includes(image.study) || this.told.has(imageId) !== decoded) return;
    if (decoded) this.told.delete(imageId);
    else if (this.told.size < TOLD_MAX) this.told.add(imageId);
    else return;
    const { series, instance, frame } = image;
    try {
      const answer = await fetch(`/api/studies/${image.study}/undecoded`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ series, instance, frame, decoded }),
      });
      await answer.text();
      if (!answer.ok) this.forget(imageId, decoded);
    } catch {
      this.forget(imageId, decoded);
    }
  }

  /** The node does not know: it is told at the next try. */
  forget(imageId, decoded) {
    if (decoded) this.told.add(imageId);
    else this.told.delete(imageId);
  }
}
