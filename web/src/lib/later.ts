// What is loaded when it is first turned to. While the node is away it is asked for again, so that a page that stands is not lost
// over one that does not come.

import type { ComponentType } from 'react';
import { lazy } from 'react';
import { wholeWords } from './language';

const AGAIN_MS = 2_000;

async function persistently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise(go => setTimeout(go, AGAIN_MS));
    }
  }
}

/** Says only what the first pages say. */
export const later = <Props extends object>(load: () => Promise<ComponentType<Props>>) => lazy(async () => ({ default: await persistently(load) }));

/** With the words that the first pages do without. */
export const worded = <Props extends object>(load: () => Promise<ComponentType<Props>>) =>
  later(async () => (await Promise.all([load(), wholeWords()]))[0]);
