import i18next from 'i18next';
import { beforeAll, expect, test } from 'vitest';
import type { Outgoing } from '../api/types';
import { startLanguage, wholeWords } from '../lib/language';
import { agreedLine, outgoingLine, sentLine, urgencyOf } from './outgoing';

const row: Outgoing = {
  site: 's',
  site_name: 'CHU Sud',
  study: '1.2',
  priority: 'screen',
  streams: 4,
  bytes: 12e6,
  bytes_per_s: 2.5e6,
  seconds: 75,
  kbits_max: null,
  held_back: false,
  road: 'direct',
  via: null,
  rtt_ms: 20.4,
  lost: 0.0012,
  window_bytes: 262_144,
  link_bytes_per_s: 31e6,
};

beforeAll(async () => {
  await startLanguage('fr');
  await wholeWords();
});

const plain = (text: string | null) => text?.replaceAll(/[\u00a0\u202f]/g, ' ');

test('what leaves is told with its urgency, its size and since when', () => {
  expect(urgencyOf(row, i18next.t)).toBe('à l’écran');
  expect(plain(sentLine(row, i18next.t, 'fr-FR'))).toBe('12,0 Mo · depuis 1 min 15 s · 4 réponses en cours');
});

test('what has ended says so', () => {
  const over = { ...row, priority: null, streams: 0, road: 'none', rtt_ms: null, lost: null, link_bytes_per_s: null };
  expect(urgencyOf(over, i18next.t)).toBe('terminé');
  expect(plain(sentLine(over, i18next.t, 'fr-FR'))).toBe('12,0 Mo · depuis 1 min 15 s');
  expect(outgoingLine(over, i18next.t, 'fr-FR')).toBe('');
});

test('the line is told as this side measures it', () => {
  expect(plain(outgoingLine(row, i18next.t, 'fr-FR'))).toBe('voie directe · aller-retour 20 ms · 0,12 % de pertes · porte 31,0 Mo/s');
  expect(plain(outgoingLine({ ...row, road: 'relay', via: 'CH Est' }, i18next.t, 'fr-FR'))).toContain('par un site relais (CH Est)');
});

test('an agreed bandwidth is told, and that it holds back', () => {
  expect(agreedLine(row, i18next.t, 'fr-FR')).toBeNull();
  const agreed = { ...row, kbits_max: 20_000 };
  expect(plain(agreedLine(agreed, i18next.t, 'fr-FR'))).toBe('convenu : 20 Mbit/s');
  expect(plain(agreedLine({ ...agreed, held_back: true }, i18next.t, 'fr-FR'))).toBe('convenu : 20 Mbit/s · retenu par le débit convenu');
});
