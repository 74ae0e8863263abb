import { expect, test } from 'vitest';
import { spansOf } from './hours';

const at = (day: number, hour: number, minute = 0) => (day * 24 + hour) * 60 + minute;

test('weekday nights and the weekend join into as few spans as there are', () => {
  expect(spansOf({ nights: true, weekend: true, begin: '18:30', finish: '08:00' })).toEqual([
    [at(0, 18, 30), at(1, 8)],
    [at(1, 18, 30), at(2, 8)],
    [at(2, 18, 30), at(3, 8)],
    [at(3, 18, 30), at(4, 8)],
    // From Friday evening over Sunday midnight to Monday morning.
    [at(4, 18, 30), at(0, 8)],
  ]);
});

test('nights alone end on Saturday morning', () => {
  expect(spansOf({ nights: true, weekend: false, begin: '20:00', finish: '07:00' }).at(-1)).toEqual([at(4, 20), at(5, 7)]);
});

test('the weekend alone is Saturday and Sunday', () => {
  expect(spansOf({ nights: false, weekend: true, begin: '', finish: '' })).toEqual([[at(5, 0), at(7, 0)]]);
});

test('no hours are no spans', () => {
  expect(spansOf({ nights: true, weekend: false, begin: 'soon', finish: '08:00' })).toEqual([]);
  expect(spansOf({ nights: false, weekend: false, begin: '18:00', finish: '08:00' })).toEqual([]);
});
