// What a coverage comes to, in plain words: before it is offered, and before it is signed.

import { Text } from '@mantine/core';
import type { Coverage } from '../../api/types';
import { dicomDate } from '../../lib/format';
import { useWords } from '../../lib/language';
import { spanWords } from './words';

export type Terms = Pick<Coverage, 'modalities' | 'time_zone' | 'spans' | 'holidays' | 'extra_days' | 'targets' | 'telephone'>;

export const PRIORITIES = ['P0', 'P1', 'P2', 'P3'] as const;

export function CoverageWords({ terms, readers, sites }: { terms: Terms; readers: string[]; sites: string[] }) {
  const { t, locale } = useWords();
  const isAlways = terms.spans.length === 0;
  const hours = isAlways ? t('rosters.words.always') : t('rosters.words.hours', { hours: spanWords(terms.spans, locale).join(' · '), zone: terms.time_zone });
  const days = [
    terms.holidays !== 'none' && t('rosters.words.holidays', { holidays: t(`rosters.holidays.${terms.holidays}`) }),
    terms.extra_days.map(day => dicomDate(day, locale)).join(', '),
  ].filter(Boolean);
  const lines = [
    t('rosters.draft.reads', { readers: readers.join(', '), sites: sites.join(', ') }),
    terms.modalities.length > 0 ? t('rosters.words.only', { modalities: terms.modalities.join(', ') }) : t('rosters.words.all'),
    hours,
    !isAlways && days.length > 0 && t('rosters.words.whole', { days: days.join(' ; ') }),
    ...terms.targets.map((target, index) => t('rosters.words.target', { priority: PRIORITIES[index], acknowledge: target.acknowledge, report: target.report })),
    terms.telephone && t('rosters.words.telephone', { telephone: terms.telephone }),
  ].filter(Boolean);
  return (
    <>
      {lines.map(line => (
        <Text key={String(line)} size="sm">
          {line}
        </Text>
      ))}
    </>
  );
}
