import { expect, test } from 'vitest';
import { rings } from '../../../ohif/chime.mjs';
import type { Alert } from '../../api/types';
import { added, toneOf } from './alerts';

const alert = (change: Partial<Alert>): Alert => ({
  id: 'asked-1',
  case: 'a',
  kind: 'asked',
  priority: 'P1',
  site_name: 'CH Lorient',
  at: '2026-11-30T02:10:00Z',
  text: '',
  lost_to: null,
  ...change,
});

test('a critical result rings as a stroke does, a lost claim not at all', () => {
  expect(rings([])).toBeNull();
  expect(rings([alert({})])).toBe('calm');
  expect(rings([alert({}), alert({ priority: 'P0' })])).toBe('urgent');
  expect(rings([alert({ kind: 'critical', priority: 'P3' })])).toBe('urgent');
  expect(rings([alert({ kind: 'lost', priority: 'P0' })])).toBeNull();
});

test('what is read when there is time rings nobody, and does not look like what calls', () => {
  const calm = (['named', 'answered', 'reported', 'said', 'moved'] as const).map(kind => alert({ kind, priority: 'P0' }));
  expect(rings(calm)).toBeNull();
  expect(new Set(calm.map(toneOf))).toEqual(new Set(['calm']));
  expect(rings([...calm, alert({ kind: 'held' })])).toBe('calm');
  expect((['held', 'lowered', 'differs', 'reopened', 'cancelled', 'late', 'taken'] as const).map(kind => toneOf({ kind }))).toEqual(Array(7).fill('notice'));
  expect((['critical', 'given'] as const).map(kind => toneOf({ kind }))).toEqual(['call', 'call']);
});

test('what was there before is not new', () => {
  expect(added([alert({})], [alert({ priority: 'P0' }), alert({ id: 'critical-2' })]).map(one => one.id)).toEqual(['critical-2']);
});
