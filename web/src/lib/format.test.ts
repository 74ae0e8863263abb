import { describe, expect, test } from 'vitest';
import { age, ago, bytes, countdown, dicomDate, dicomTime, duration, patientName } from './format';

/** Non-breaking spaces of all kinds, as plain ones. */
const plain = (text: string | null) => text?.replaceAll(/[\u00a0\u202f]/g, ' ') ?? null;

describe('a patient’s name', () => {
  test.each([
    ['MARTIN^Éloïse', 'MARTIN Éloïse'],
    ['LE GOFF^Yann^Marie^^Dr', 'LE GOFF Yann Marie'],
    ['Yamada^Tarou=山田^太郎=やまだ^たろう', 'Yamada Tarou'],
    ['^^^^', null],
    ['', null],
    [null, null],
  ])('%s is written %s', (raw, written) => expect(patientName(raw)).toBe(written));
});

describe('dates', () => {
  test('are the days the modality wrote, whatever the time zone', () => {
    expect(dicomDate('20250110', 'fr-FR')).toBe('10/01/2025');
    expect(dicomDate('2025-01-10', 'en-GB')).toBe('10/01/2025');
  });
  test('that are none are shown as they came', () => {
    expect(dicomDate('20251345', 'fr-FR')).toBe('20251345');
    expect(dicomDate('hier', 'fr-FR')).toBe('hier');
    expect(dicomDate(null, 'fr-FR')).toBeNull();
  });
  test('and times keep hours and minutes', () => {
    expect(dicomTime('021405.120')).toBe('02:14');
    expect(dicomTime('02')).toBeNull();
  });
  test('give an age in whole years', () => {
    expect(age('19840321', new Date(2025, 2, 20))).toBe(40);
    expect(age('19840321', new Date(2025, 2, 21))).toBe(41);
    expect(age('20990101', new Date(2025, 0, 1))).toBeNull();
  });
});

test('amounts are written as the language does', () => {
  expect(plain(bytes(94_500_000, 'fr-FR'))).toBe('94,5 Mo');
  expect(plain(bytes(94_500_000, 'en-GB'))).toBe('94.5 MB');
  expect(plain(bytes(0, 'en-GB'))).toBe('0 B');
  expect(plain(bytes(212e9, 'fr-FR'))).toBe('212 Go');
});

test('times left are short', () => {
  expect(plain(duration(11.2, 'en-GB'))).toBe('12 s');
  expect(plain(duration(75, 'en-GB'))).toBe('1 min 15 s');
  expect(plain(duration(7500, 'en-GB'))).toBe('2 h 05');
  expect(plain(duration(273_600, 'fr-FR'))).toBe('3 j');
  expect(countdown('2025-01-10T00:10:00Z', Date.parse('2025-01-10T00:00:55Z'))).toBe('9:05');
  expect(countdown('2025-01-10T00:00:00Z', Date.parse('2025-01-10T00:00:55Z'))).toBe('0:00');
  expect(ago('2025-01-10T00:00:00Z', 'en-GB', Date.parse('2025-01-10T01:12:00Z'))).toBe('1 hour ago');
});
