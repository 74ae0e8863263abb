// Times, holes and shifts in words.

import type { Hole, Shift } from '../../api/types';
import { useWords } from '../../lib/language';
import { clockOn, dateOn } from '../../lib/zone';

export function useRosterWords(zone: string) {
  const { t, locale } = useWords();
  const day = (at: number) => new Date(at).toLocaleDateString(locale, { timeZone: zone, weekday: 'short', day: '2-digit', month: '2-digit' });
  const moment = (at: number) => `${day(at)} ${clockOn(at, zone)}`;
  /** The end without its day where that is the beginning's. */
  const span = (from: number, until: number) => [moment(from), dateOn(from, zone) === dateOn(until, zone) ? clockOn(until, zone) : moment(until)] as const;
  const hole = (one: Hole) => {
    const [from, until] = span(Date.parse(one.from), Date.parse(one.until));
    const words = { from, until, minutes: one.minutes };
    return one.modalities.length > 0 ? t('rosters.holeFor', { ...words, modalities: one.modalities.join(', ') }) : t('rosters.hole', words);
  };
  const shift = (one: Shift) => {
    const [from, until] = span(Date.parse(one.start), Date.parse(one.end));
    return `${t('rosters.moved', { person: one.person, from, until })} · ${t(`shift.short.${one.presence}`)} ${one.rank} · ${t(`shift.state.${one.state}`)} · ${one.site_name}`;
  };
  return { day, moment, span, hole, shift };
}

/** What fills something, now or later. */
export function stands(shift: Shift): boolean {
  return shift.state === 'planned' || shift.state === 'confirmed' || shift.state === 'active';
}

/** Whoever looks may change it. */
export function mayChange(shift: Shift, plans: boolean): boolean {
  return shift.ours && (plans || shift.mine);
}
