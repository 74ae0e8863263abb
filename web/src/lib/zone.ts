// Instants and the clock on the wall of a time zone, by the rules that the browser knows.

import { dicomTime } from './format';

const MINUTE_MS = 60_000;
const known = new Map<string, Intl.DateTimeFormat>();

function parts(zone: string): Intl.DateTimeFormat {
  let format = known.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
    known.set(zone, format);
  }
  return format;
}

/** What the wall shows, as if it were UTC: milliseconds. */
function wall(at: number, zone: string): number {
  const read = Object.fromEntries(parts(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(read.year ?? 0, (read.month ?? 1) - 1, read.day ?? 1, read.hour ?? 0, read.minute ?? 0, read.second ?? 0) + (at % 1000);
}

/** `2026-10-25` */
export function dateOn(at: number, zone: string): string {
  return new Date(wall(at, zone)).toISOString().slice(0, 10);
}

/** `02:30` */
export function clockOn(at: number, zone: string): string {
  return new Date(wall(at, zone)).toISOString().slice(11, 16);
}

/**
 * The instant at which the wall shows this. Of two equal hours the first; a time that the clock skips is as much later.
 * `NaN` for what is no date or time.
 */
export function atWall(date: string, clock: string, zone: string): number {
  const wanted = Date.parse(`${date}T${clock}:00Z`);
  if (Number.isNaN(wanted)) return NaN;
  const ahead = (at: number) => wall(at, zone) - at;
  // The rules before and after a change: the earlier instant that fits is meant.
  const day = 24 * 60 * MINUTE_MS;
  const guesses = [wanted - ahead(wanted - day), wanted - ahead(wanted + day)].sort((a, b) => a - b);
  return guesses.find(at => wall(at, zone) === wanted) ?? guesses.at(-1) ?? NaN;
}

/** `2026-10-25` and a number of days. */
export function daysLater(date: string, days: number): string {
  const at = Date.parse(`${date}T00:00:00Z`) + days * 24 * 60 * MINUTE_MS;
  return new Date(at).toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function mondayOf(date: string): string {
  const weekday = (new Date(`${date}T00:00:00Z`).getUTCDay() + 6) % 7;
  return daysLater(date, -weekday);
}

/** What tells when a study was made, by the clock where it was made. */
export interface Dated {
  date: string | null;
  time: string | null;
  time_zone: string | null;
  utc_offset_min: number | null;
  holder: string | null;
}

/** `UTC`, `UTC+1`, `UTC−3:30`. */
function utc(minutes: number): string {
  const [hours, left] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  if (minutes === 0) return 'UTC';
  return `UTC${minutes < 0 ? '−' : '+'}${hours}${left ? `:${String(left).padStart(2, '0')}` : ''}`;
}

/**
 * The hour of a study, as `14:05`; where the reader's clock showed another, as `14:05 (Paris, UTC+1)`; and in `unknown`
 * words, where another site made it and nobody says by which clock.
 */
export function studyHour(of: Dated, unknown: string, home: string = Intl.DateTimeFormat().resolvedOptions().timeZone): string | null {
  const clock = dicomTime(of.time);
  if (!clock) return null;
  const ahead = of.utc_offset_min;
  if (ahead === null) return of.holder === null ? clock : `${clock} (${unknown})`;
  const day = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(of.date ?? '');
  const at = day ? Date.parse(`${day[1]}-${day[2]}-${day[3]}T${clock}:00Z`) - ahead * MINUTE_MS : NaN;
  if (!Number.isNaN(at) && wall(at, home) - at === ahead * MINUTE_MS) return clock;
  const place = of.time_zone?.split('/').at(-1)?.replaceAll('_', ' ');
  return `${clock} (${[place, utc(ahead)].filter(Boolean).join(', ')})`;
}
