// What documents of the studies point at, in the words that are signed with a report.

import type { FoundImage, KeyImage } from '../../api/types';
import type { useWords } from '../../lib/language';

/** A request, or a report, names so many at most. */
export const KEY_IMAGES_MAX = 64;
const TEXT_MAX = 256;

type Say = ReturnType<typeof useWords>['t'];

/** What viewers measure, in words of ours; anything else is called as the document calls it. */
const MEASURES = ['Length', 'Area', 'Long Axis', 'Short Axis', 'Perimeter', 'Radius', 'Mean', 'Max', 'Min', 'StdDev', 'Width'] as const;

/** UCUM as people write it. */
const unit = (code: string): string => code.replace(/^\[hnsf'U\]$/, 'HU').replace(/(?<=m)2$/, '²').replace(/(?<=m)3$/, '³');

/** The number as the document has it, shortened to what a measurement with a mouse can mean. */
function value(text: string, locale: string): string {
  const number = Number(text);
  return Number.isFinite(number) ? number.toLocaleString(locale, { maximumFractionDigits: 2, useGrouping: false }) : text;
}

/** Place, label and what was measured, in one line. */
export function wordsOf(found: FoundImage, say: Say, locale: string): string {
  const measure = (name: string) => {
    const known = MEASURES.find(one => one === name);
    return known ? say(`images.measure.${known}`) : name;
  };
  const where = [
    found.series_number === null || found.series_number === undefined ? '' : say('images.series', { number: found.series_number }),
    found.number === null || found.number === undefined ? '' : say('images.image', { number: found.number }),
  ];
  const measured = found.values.map(one => [measure(one.name), value(one.value, locale), unit(one.unit)].filter(Boolean).join(' '));
  const text = [found.label, measured.join(', '), where.filter(Boolean).join(', ')].filter(Boolean).join(' · ');
  return Array.from(text).slice(0, TEXT_MAX).join('');
}

export const nameOf = (image: { series: string; instance?: string | null; frame?: number | null; text?: string }): string =>
  [image.series, image.instance ?? '', image.frame ?? '', image.text ?? ''].join(' ');

export const keyImageOf = (found: FoundImage, say: Say, locale: string): KeyImage => ({
  study: found.study,
  series: found.series,
  instance: found.instance,
  frame: found.frame ?? null,
  text: wordsOf(found, say, locale),
});
