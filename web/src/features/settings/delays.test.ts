import { expect, test } from 'vitest';
import { minutesOf, secondsOf } from './delays';

test('delays are typed in minutes, with a point or a comma', () => {
  expect([120, 90, 86_400].map(minutesOf)).toEqual(['2', '1.5', '1440']);
  expect(['2', '1,5', '1.5', ' 30 '].map(secondsOf)).toEqual([120, 90, 90, 1_800]);
  expect(['', '0', '-1', 'soon', '1e3'].map(secondsOf)).toEqual([null, null, null, null, null]);
});
