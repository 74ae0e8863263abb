import { expect, test } from 'vitest';
import { columnOf, dragged, instantAt, marksOf, piecesOf } from './layout';

const at = (text: string) => Date.parse(text);
// Saturday, and the Sunday of 25 hours.
const SATURDAY = { date: '2026-10-24', start: at('2026-10-23T22:00:00Z'), end: at('2026-10-24T22:00:00Z') };
const SUNDAY = { date: '2026-10-25', start: at('2026-10-24T22:00:00Z'), end: at('2026-10-25T23:00:00Z') };
const DAYS = [SATURDAY, SUNDAY];

test('a night stands in both of its days, and a long day is as long as it is', () => {
  const night = { from: at('2026-10-24T16:00:00Z'), until: at('2026-10-25T07:00:00Z') };
  const [evening, morning] = piecesOf([night], DAYS);
  expect(evening).toMatchObject({ column: 0, top: 18 / 24, height: 6 / 24, begins: true, ends: false });
  expect(morning).toMatchObject({ column: 1, top: 0, height: 9 / 25, begins: false, ends: true });
});

test('what meets stands side by side', () => {
  const first = { from: SATURDAY.start, until: SATURDAY.start + 8 * 3_600_000 };
  const second = { from: SATURDAY.start + 4 * 3_600_000, until: SATURDAY.start + 12 * 3_600_000 };
  expect(piecesOf([second, first], DAYS).map(({ lane, lanes }) => [lane, lanes])).toEqual([
    [0, 2],
    [1, 2],
  ]);
});

test('the hour that comes twice is marked twice', () => {
  const labels = marksOf(SUNDAY, 'Europe/Paris').map(({ label }) => label);
  expect(labels.filter(label => label === '02:00')).toHaveLength(2);
  expect(labels).toHaveLength(24);
  expect(marksOf(SATURDAY, 'Europe/Paris').map(({ label }) => label)).toEqual(['03:00', '06:00', '09:00', '12:00', '15:00', '18:00', '21:00']);
});

test('a pointer means the half hour next to it', () => {
  expect(instantAt(SATURDAY, 0.76)).toBe(SATURDAY.start + 18 * 3_600_000);
  expect(columnOf(DAYS, SUNDAY.end)).toBe(1);
  const span = { from: 0, until: 3_600_000 };
  expect(dragged(span, 'end', -7_200_000)).toEqual({ from: 0, until: 1_800_000 });
  expect(dragged(span, 'move', 1_800_000)).toEqual({ from: 1_800_000, until: 5_400_000 });
});
