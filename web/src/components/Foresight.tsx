// Before a click: what opening the chosen study will take, as the last transfers from its site let expect, or a sample of the line. Times
// below ten seconds are told to a tenth: what both hosts do meanwhile takes as long as that, and nobody sees less.

import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { forecastOf } from '../api/queries';
import type { Forecast, Study } from '../api/types';
import { bytes, count, shortTime } from '../lib/format';
import { useWords } from '../lib/language';
import classes from './foresight.module.css';
import { roadWord } from './road';

/** "412 images · 210 MB · first image ≈ 0.4 s · complete ≈ 19 s · direct". */
export function foresightLine(forecast: Forecast, t: TFunction, locale: string): string[] {
  const parts = [`${count(forecast.instances, locale)} ${t('strip.images', { count: forecast.instances })}`, bytes(forecast.bytes, locale)];
  if (!forecast.connected) return [...parts, t('foresight.apart')];
  if (forecast.first_s === null || forecast.whole_s === null) return [...parts, t('foresight.unknown')];
  const road = roadWord(forecast.road, t);
  return [
    ...parts,
    t('foresight.first', { time: shortTime(forecast.first_s, locale) }),
    t('foresight.whole', { time: shortTime(forecast.whole_s, locale) }),
    ...(road === null ? [] : [road]),
  ];
}

export function Foresight({ study, onGlance }: { study: Study; onGlance?: (() => void) | undefined }) {
  const { t, locale } = useWords();
  const forecast = useQuery(forecastOf(study.study)).data;
  if (!forecast) return null;
  return (
    <div className={classes.foresight} role="status" aria-label={t('foresight.label')}>
      <strong>{forecast.site_name}</strong>
      <span>{foresightLine(forecast, t, locale).join(' · ')}</span>
      {onGlance && forecast.connected && (
        <Button size="compact-xs" variant="default" onClick={onGlance}>
          {t('previews.menu')}
        </Button>
      )}
    </div>
  );
}
