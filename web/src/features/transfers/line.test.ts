import i18next from 'i18next';
import { beforeAll, expect, test } from 'vitest';
import type { Transfer } from '../../api/types';
import { startLanguage } from '../../lib/language';
import { ordered, transferLine } from './line';

const running: Transfer = {
  study: '1.2',
  site: 'n',
  site_name: 'CH Nord',
  instances_done: 54,
  instances_total: 180,
  bytes_done: 25,
  bytes_total: 100,
  bytes_per_s: 8.2e6,
  seconds_left: 11.3,
  state: 'running',
  road: 'direct',
};

beforeAll(() => startLanguage('fr'));

function said(change: Partial<Transfer>, locale = 'fr-FR') {
  const line = transferLine({ ...running, ...change }, i18next.t, locale);
  return { ...line, text: [line.site, ...line.parts].join(' · ').replaceAll(/[\u00a0\u202f]/g, ' ') };
}

test('a running transfer tells site, images, speed, time left and that it is verified', () => {
  expect(said({}).text).toBe('CH Nord · 54/180 images · 8,2 Mo/s · encore 12 s · vérifié');
  expect(said({}).share).toBe(0.25);
});

test('an unknown end is not guessed', () => {
  expect(said({ seconds_left: null }).text).toBe('CH Nord · 54/180 images · 8,2 Mo/s · vérifié');
});

test('a speed of nothing is not told', () => {
  expect(said({ bytes_per_s: 0, seconds_left: null }).text).toBe('CH Nord · 54/180 images · vérifié');
});

test('a finished one is complete, a stopped one says why', () => {
  expect(said({ state: 'done', instances_done: 180 })).toMatchObject({ text: 'CH Nord · 180/180 images · complet · vérifié', tone: 'good', share: 1 });
  expect(said({ state: 'waiting' })).toMatchObject({ text: 'CH Nord · 54/180 images · en attente du retour du site', tone: 'waiting' });
  expect(said({ state: 'corrupt' })).toMatchObject({ tone: 'bad' });
  expect(said({ state: 'corrupt' }).text).not.toContain('vérifié');
});

test('faults come first', () => {
  const states = ordered([running, { ...running, study: '1.3', state: 'corrupt' }, { ...running, study: '1.1', state: 'waiting' }]);
  expect(states.map(({ state }) => state)).toEqual(['corrupt', 'waiting', 'running']);
});
