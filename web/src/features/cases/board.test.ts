import { describe, expect, test } from 'vitest';
import type { Shift } from '../../api/types';
import { CASE, caseOf } from '../../testing/caseNode';
import { freest, lanesOf, toRead } from './board';

const NOW = Date.parse('2026-11-29T02:10:00Z');
const held = (person: string, site = 'own') => ({ site, site_name: site === 'own' ? 'CH Sud' : 'CH Est', person, at: '2026-11-29T02:05:00Z', mine: false });
const late = { what: 'preliminary' as const, at: '2026-11-29T02:00:00Z', breached: true };
const calm = { what: 'preliminary' as const, at: '2026-11-29T09:00:00Z', breached: false };
/** What a lane is told by. */
const shift = (person: string, rank: number, counts = true) =>
  ({ id: person, person, rank, counts, site: 'own', site_name: 'CH Sud', telephone: '', silent: null, end: '2026-11-29T07:00:00Z' }) as unknown as Shift;

describe('who has what', () => {
  const rows = [
    caseOf({ case: CASE(1), priority: 'P2', due: calm, claim: held('leroy') }),
    caseOf({ case: CASE(2), priority: 'P0', due: calm, claim: held('leroy') }),
    caseOf({ case: CASE(3), priority: 'P1', due: late, claim: held('bernard', 'east'), reader: 'east', reader_name: 'CH Est' }),
    caseOf({ case: CASE(4), priority: 'P1', due: calm, stage: 'offered', reader: null, reader_name: null }),
    caseOf({ case: CASE(5), priority: 'P1', due: calm }),
    caseOf({ case: CASE(6), stage: 'closed' }),
    caseOf({ case: CASE(7), stage: 'final' }),
  ];
  const lanes = lanesOf(rows, [shift('leroy', 1), shift('martin', 2), shift('petit', 3, false)], NOW);

  test('stands in lanes: nobody’s first, then what is late, then most to do, and the free last', () => {
    expect(lanes.map(lane => [lane.siteName, lane.person, lane.rows.length, lane.late])).toEqual([
      ['', null, 1, 0],
      ['CH Est', 'bernard', 1, 1],
      ['CH Sud', 'leroy', 2, 0],
      ['CH Sud', null, 1, 0],
      ['CH Sud', 'martin', 0, 0],
    ]);
  });

  test('is in each lane the most urgent first, and every case that is to be read is in one', () => {
    expect(lanes.find(lane => lane.person === 'leroy')?.rows.map(row => row.priority)).toEqual(['P0', 'P2']);
    expect(lanes.flatMap(lane => lane.rows.map(row => row.case)).sort()).toEqual([1, 2, 3, 4, 5].map(CASE));
    expect(rows.filter(toRead)).toHaveLength(5);
  });

  test('proposes only who is on duty, with least to do first', () => {
    expect(freest(lanes).map(lane => lane.person)).toEqual(['martin', 'leroy']);
  });
});
