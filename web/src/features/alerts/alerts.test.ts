import { expect, test } from 'vitest';
import type { Alert } from '../../api/types';
import { added, rings } from './alerts';

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

test('what was there before is not new', () => {
  expect(added([alert({})], [alert({ priority: 'P0' }), alert({ id: 'critical-2' })]).map(one => one.id)).toEqual(['critical-2']);
});
