// The words of the roads between two sites.

import type { TFunction } from 'i18next';

const ROADS = ['direct', 'punched', 'tcp', 'relay', 'source'] as const;

/** The word of the road that the bytes take; none while there is none. */
export function roadWord(road: string, t: TFunction): string | null {
  const known = ROADS.find((one) => one === road);
  return known ? t(`strip.${known}`) : null;
}
