import { expect, test } from 'vitest';
import type { CaseNews } from '../../api/cases';
import { kindOf, rings, withAlert, withoutSettled } from './alerts';

const news = (change: Partial<CaseNews>): CaseNews => ({
  case: 'a',
  step: 'offered',
  person: 'martin',
  site_name: 'CH Lorient',
  priority: 'P1',
  stage: 'offered',
  tab: 'offered',
  alert: true,
  void: null,
  lost_to: null,
  mine: false,
  ...change,
});

test('what calls is told apart', () => {
  expect(kindOf(news({}))).toBe('asked');
  expect(kindOf(news({ step: 'reported' }))).toBe('critical');
  expect(kindOf(news({ step: 'claimed', void: 'claimed' }))).toBe('lost');
  expect(kindOf(news({ step: 'something-new' }))).toBe('other');
});

test('the same said twice rings once, and the most urgent stands first', () => {
  let known = withAlert([], news({}), 1);
  known = withAlert(known, news({}), 2);
  known = withAlert(known, news({ case: 'b', priority: 'P0' }), 3);
  expect(known.map(one => [one.case, one.at])).toEqual([['b', 3], ['a', 2]]);
  expect(withAlert(known, news({ case: 'c', alert: false }), 4)).toHaveLength(2);
});

test('what a colleague takes stops ringing; a claim that lost settles nothing', () => {
  const known = withAlert([], news({}), 1);
  expect(withoutSettled(known, news({ step: 'claimed', alert: false, void: 'claimed' }))).toHaveLength(1);
  expect(withoutSettled(known, news({ step: 'accepted', alert: false }))).toEqual([]);
  expect(withoutSettled(known, news({ case: 'b', step: 'accepted', alert: false }))).toHaveLength(1);
});

test('a critical result rings as a stroke does, a lost claim not at all', () => {
  expect(rings(withAlert([], news({}), 1))).toBe('calm');
  expect(rings(withAlert([], news({ priority: 'P0' }), 1))).toBe('urgent');
  expect(rings(withAlert([], news({ step: 'reported', priority: 'P3' }), 1))).toBe('urgent');
  expect(rings(withAlert([], news({ step: 'claimed', void: 'claimed' }), 1))).toBeNull();
});
