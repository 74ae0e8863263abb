// The order of cases and the time they leave: what is most urgent stands first, and says how long it may wait.

import type { CaseRow, Priority } from '../../api/types';

export const PRIORITIES: readonly Priority[] = ['P0', 'P1', 'P2', 'P3'];

/** From when on the time left calls for attention, in seconds. */
const SOON_S: Record<Priority, number> = { P0: 300, P1: 600, P2: 1_800, P3: 7_200 };

export type Urgency = 'none' | 'calm' | 'soon' | 'late';

const dueOf = (row: CaseRow) => (row.due ? Date.parse(row.due.at) : Infinity);

/** As the node orders: priority, then what is due first, then what was asked first; what is over last, newest first. */
export function compareRows(a: CaseRow, b: CaseRow): number {
  if (a.tab === 'done' || b.tab === 'done') {
    return Number(a.tab === 'done') - Number(b.tab === 'done') || Date.parse(b.changed) - Date.parse(a.changed);
  }
  const difference = dueOf(a) - dueOf(b);
  return (
    a.priority.localeCompare(b.priority) ||
    (Number.isNaN(difference) ? 0 : difference) ||
    Date.parse(a.requested) - Date.parse(b.requested) ||
    a.case.localeCompare(b.case)
  );
}

/** Seconds until it is due by the node's clock, negative once past; `null` where nothing is due. */
export function secondsLeft(row: Pick<CaseRow, 'due'>, now: number): number | null {
  return row.due ? Math.round((Date.parse(row.due.at) - now) / 1000) : null;
}

export function urgencyOf(row: Pick<CaseRow, 'due' | 'priority'>, now: number): Urgency {
  const left = secondsLeft(row, now);
  if (left === null) return 'none';
  if (left < 0 || row.due?.breached) return 'late';
  return left <= SOON_S[row.priority] ? 'soon' : 'calm';
}

/** `04:12`, `−01:30` once past, `2 h 05` from an hour on, `3 d` from two days on: never wider than seven characters. */
export function clock(seconds: number, locale: string): string {
  const sign = seconds < 0 ? '−' : '';
  const whole = Math.abs(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 3_600) return `${sign}${two(Math.floor(whole / 60))}:${two(whole % 60)}`;
  const hours = Math.floor(whole / 3_600);
  if (hours >= 48) return `${sign}${Math.floor(hours / 24)}\u00a0${locale.startsWith('fr') ? 'j' : 'd'}`;
  return `${sign}${hours}\u00a0h\u00a0${two(Math.floor((whole % 3_600) / 60))}`;
}

/** A page of the list, with the rows that were known after it: none that did not move is lost or shown twice. */
export function joinRows(pages: readonly (readonly CaseRow[])[]): CaseRow[] {
  const seen = new Set<string>();
  return pages.flat().filter(row => {
    if (seen.has(row.case)) return false;
    seen.add(row.case);
    return true;
  });
}

/** Of an earlier head of the list, the rows that a fresh one may have pushed over its end. */
export function pushedOut(before: readonly CaseRow[], fresh: readonly CaseRow[]): CaseRow[] {
  const last = fresh.at(-1);
  if (!last) return [];
  const there = new Set(fresh.map(row => row.case));
  return before.filter(row => !there.has(row.case) && compareRows(row, last) > 0);
}
