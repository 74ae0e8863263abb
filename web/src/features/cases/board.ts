// Who has what, for whoever directs a night: each reader with what lies with them, whoever is on duty and has nothing, and what lies
// with nobody.

import type { CaseRow, Priority, Shift } from '../../api/types';
import { compareRows, PRIORITIES, urgencyOf } from './order';

export interface Lane {
  key: string;
  /** `null`: no site has taken what is in it. */
  site: string | null;
  siteName: string;
  /** `null`: taken by the site, and by nobody there. */
  person: string | null;
  /** Theirs that runs now. */
  shift: Shift | null;
  /** The most urgent first. */
  rows: CaseRow[];
  late: number;
  counts: Record<Priority, number>;
}

const keyOf = (site: string | null, person: string | null) => `${site ?? ''}/${person ?? ''}`;

function lane(site: string | null, siteName: string, person: string | null): Lane {
  return { key: keyOf(site, person), site, siteName, person, shift: null, rows: [], late: 0, counts: { P0: 0, P1: 0, P2: 0, P3: 0 } };
}

/** What is read, or still has to be; a report that waits to be read by the requester is no reader's work. */
export function toRead(row: CaseRow): boolean {
  return row.tab !== 'done' && row.tab !== 'reported';
}

/**
 * One lane per reader, per site that has taken something, per person on duty, and one of what nobody has; that first, then those in whose
 * lane something is late, then those with most to do, those who are free last.
 */
export function lanesOf(rows: readonly CaseRow[], shifts: readonly Shift[], now: number): Lane[] {
  const lanes = new Map<string, Lane>();
  const at = (site: string | null, name: string, person: string | null): Lane => {
    const key = keyOf(site, person);
    const known = lanes.get(key) ?? lane(site, name, person);
    lanes.set(key, known);
    return known;
  };
  at(null, '', null);
  for (const shift of shifts.filter(one => one.counts)) at(shift.site, shift.site_name, shift.person).shift = shift;
  for (const row of [...rows].filter(toRead).sort(compareRows)) {
    const claim = row.claim;
    const into = claim ? at(claim.site, claim.site_name, claim.person) : at(row.reader ?? null, row.reader_name ?? '', null);
    into.rows.push(row);
    into.counts[row.priority] += 1;
    if (urgencyOf(row, now) === 'late') into.late += 1;
  }
  const weight = (of: Lane) => PRIORITIES.reduce((sum, priority) => sum * 100 + of.counts[priority], 0);
  return [...lanes.values()].sort(
    (a, b) =>
      Number(a.site !== null) - Number(b.site !== null) ||
      b.late - a.late ||
      weight(b) - weight(a) ||
      a.siteName.localeCompare(b.siteName) ||
      (a.person ?? '').localeCompare(b.person ?? ''),
  );
}

/** On duty now, those with least to do first: whom something can be offered to. */
export function freest(lanes: readonly Lane[]): Lane[] {
  return lanes.filter(one => one.shift !== null).sort((a, b) => a.rows.length - b.rows.length || (a.shift?.rank ?? 0) - (b.shift?.rank ?? 0));
}
