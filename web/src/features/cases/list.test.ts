import { describe, expect, test } from 'vitest';
import { CASE, caseOf } from '../../testing/caseNode';
import { fromAddress, isFiltered, nextTab, NO_FILTERS, toAddress } from './filters';
import { clock, compareRows, joinRows, pushedOut, secondsLeft, urgencyOf } from './order';

const NOW = Date.parse('2026-11-29T02:10:00Z');
const row = (number: number, priority: 'P0' | 'P1' | 'P2' | 'P3', due: string | null, requested = '2026-11-29T02:00:00Z') =>
  caseOf({ case: CASE(number), priority, requested, due: due === null ? null : { what: 'preliminary', at: due, breached: false } });

describe('the order of cases', () => {
  test('is priority, then what is due first, then what was asked first', () => {
    const rows = [
      row(1, 'P2', '2026-11-29T02:11:00Z'),
      row(2, 'P0', '2026-11-29T02:20:00Z'),
      row(3, 'P1', null),
      row(4, 'P1', '2026-11-29T02:40:00Z'),
      row(5, 'P0', '2026-11-29T02:12:00Z'),
      row(6, 'P0', '2026-11-29T02:12:00Z', '2026-11-29T01:00:00Z'),
    ];
    expect(rows.sort(compareRows).map(one => Number.parseInt(one.case, 16))).toEqual([6, 5, 2, 4, 3, 1]);
  });

  test('loses and doubles nothing where pages overlap', () => {
    const [a, b, c] = [row(1, 'P1', null), row(2, 'P1', null), row(3, 'P1', null)];
    expect(joinRows([[a, b], [b, c]]).map(one => one.case)).toEqual([a.case, b.case, c.case]);
  });

  test('keeps in sight what a new case pushes over the end of the first page', () => {
    const [a, b, c] = [row(2, 'P1', null), row(3, 'P2', null), row(4, 'P3', null)];
    expect(pushedOut([a, b, c], [row(1, 'P0', null), a, b])).toEqual([c]);
    // What is gone from within the page is gone.
    expect(pushedOut([a, b, c], [a, c])).toEqual([]);
  });
});

describe('the time left', () => {
  test('counts down, and on below nothing', () => {
    expect(secondsLeft(row(1, 'P0', '2026-11-29T02:14:12Z'), NOW)).toBe(252);
    expect(secondsLeft(row(1, 'P0', null), NOW)).toBeNull();
    expect([252, 0, -90, 7_500, -7_500, 200_000].map(seconds => clock(seconds, 'fr-FR').replaceAll('\u00a0', ' '))).toEqual(['04:12', '00:00', '−01:30', '2 h 05', '−2 h 05', '2 j']);
  });

  test('calls the sooner the more urgent a case is', () => {
    const due = '2026-11-29T02:18:00Z';
    expect(urgencyOf(row(1, 'P0', due), NOW)).toBe('calm');
    expect(urgencyOf(row(1, 'P1', due), NOW)).toBe('soon');
    expect(urgencyOf(row(1, 'P1', '2026-11-29T02:09:59Z'), NOW)).toBe('late');
    expect(urgencyOf(row(1, 'P1', null), NOW)).toBe('none');
  });
});

describe('filters in the address', () => {
  test('come back as they were written, and what filters nothing is not written', () => {
    const filters = { tab: 'ready', priorities: ['P0', 'P1'], site: 'n', modality: 'CT', kind: 'diagnosis', mine: true, text: 'dur' } as const;
    const address = toAddress({ ...filters, priorities: ['P1', 'P0'] }).toString();
    expect(address).toBe('tab=ready&priority=P0%2CP1&site=n&modality=CT&kind=diagnosis&mine=true&q=dur');
    expect(fromAddress(new URLSearchParams(address))).toEqual(filters);
    expect(toAddress(NO_FILTERS).toString()).toBe('');
  });

  test('that make no sense are left out', () => {
    expect(fromAddress(new URLSearchParams('tab=nothing&priority=P9,P1&modality=<x>&kind=z&mine=maybe'))).toEqual({ ...NO_FILTERS, priorities: ['P1'] });
  });

  test('a tab alone is no filter, and tabs go round', () => {
    expect(isFiltered({ ...NO_FILTERS, tab: 'ready' })).toBe(false);
    expect(isFiltered({ ...NO_FILTERS, mine: true })).toBe(true);
    expect(nextTab(null, 1)).toBe('offered');
    expect(nextTab('done', 1)).toBeNull();
    expect(nextTab(null, -1)).toBe('done');
  });
});
