import { expect, test } from 'vitest';
import { atWall, clockOn, dateOn, daysLater, mondayOf, studyHour } from './zone';

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

test('a study shows its clock where the reader’s is another, and that it is not known', () => {
  const reunion = { date: '20260115', time: '140500', time_zone: 'Indian/Reunion', utc_offset_min: 240, holder: 'x' };
  const hour = (change: Partial<typeof reunion> | object) => studyHour({ ...reunion, ...change }, 'fuseau inconnu', PARIS);
  expect(hour({})).toBe('14:05 (Reunion, UTC+4)');
  expect(hour({ time_zone: null, utc_offset_min: -210 })).toBe('14:05 (UTC−3:30)');
  expect(hour({ time_zone: 'Africa/El_Aaiun', utc_offset_min: 0 })).toBe('14:05 (El Aaiun, UTC)');
  // The same clock on that day, whatever it is called; in July it is another.
  expect(hour({ time_zone: 'Europe/Madrid', utc_offset_min: 60 })).toBe('14:05');
  expect(hour({ date: '20260715', time_zone: null, utc_offset_min: 60 })).toBe('14:05 (UTC+1)');
  // Nobody says: of a study made here nothing is added, of another site's it is said.
  expect(hour({ time_zone: null, utc_offset_min: null })).toBe('14:05 (fuseau inconnu)');
  expect(hour({ time_zone: null, utc_offset_min: null, holder: null })).toBe('14:05');
  expect(hour({ date: null })).toBe('14:05 (Reunion, UTC+4)');
  expect(hour({ time: null })).toBeNull();
});
