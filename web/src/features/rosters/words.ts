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

const DAY_MIN = 24 * 60;
/** A Monday. */
const MONDAY = Date.UTC(2024, 0, 1);

/** `Mon 18:30 – Tue 08:00`, for each span of minutes of the week. */
export function spanWords(spans: [number, number][], locale: string): string[] {
  const day = (minute: number) => new Date(MONDAY + (Math.floor(minute / DAY_MIN) % 7) * DAY_MIN * 60_000).toLocaleDateString(locale, { weekday: 'short', timeZone: 'UTC' });
  const clock = (minute: number) => `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
  return spans.map(([from, to]) => {
    // The end of a day is that day's.
    const last = to % DAY_MIN === 0 ? { day: day(to - 1), clock: '24:00' } : { day: day(to), clock: clock(to % DAY_MIN) };
    const first = { day: day(from), clock: clock(from % DAY_MIN) };
    return `${first.day} ${first.clock} – ${last.day} ${last.clock}`;
  });
}
