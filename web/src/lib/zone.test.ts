import { expect, test } from 'vitest';
import { atWall, clockOn, dateOn, daysLater, mondayOf } from './zone';

const PARIS = 'Europe/Paris';

test('the wall and the instant agree, over the nights of the clock change too', () => {
  for (const text of ['2026-01-05T22:30:00Z', '2026-03-29T00:59:00Z', '2026-03-29T01:00:00Z', '2026-10-25T00:30:00Z', '2026-10-25T02:00:00Z']) {
    const at = Date.parse(text);
    expect(atWall(dateOn(at, PARIS), clockOn(at, PARIS), PARIS)).toBe(at);
  }
  // Of two equal hours the first; one that is skipped is an hour later.
  expect(atWall('2026-10-25', '02:30', PARIS)).toBe(Date.parse('2026-10-25T00:30:00Z'));
  expect(clockOn(atWall('2026-03-29', '02:30', PARIS), PARIS)).toBe('03:30');
  expect(atWall('2026-13-01', '02:30', PARIS)).toBeNaN();
});

test('weeks begin on Monday', () => {
  expect(mondayOf('2026-10-25')).toBe('2026-10-19');
  expect(mondayOf('2026-10-19')).toBe('2026-10-19');
  expect(daysLater('2026-12-31', 1)).toBe('2027-01-01');
});
