import i18next from 'i18next';
import { beforeAll, expect, test } from 'vitest';
import type { Transfer } from '../../api/types';
import { startLanguage, wholeWords } from '../../lib/language';
import { linkLine, ordered, transferLine } from './line';
import { foresightLine } from '../../components/Foresight';

const running: Transfer = {
  study: '1.2',
  site: 'n',
  site_name: 'CH Nord',
  instances_done: 54,
  instances_total: 180,
  bytes_done: 25,
  bytes_total: 100,
  bytes_per_s: 8.2e6,
  wire_bytes_per_s: 8.2e6,
  seconds_left: 11.3,
  state: 'running',
  road: 'direct',
  waiting: 126,
  rtt_ms: 20.4,
  lost: 0.0012,
  link_bytes_per_s: 10e6,
  holders: [],
};

beforeAll(async () => {
  await startLanguage('fr');
  await wholeWords();
});

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

test('one that is held up or called off says so', () => {
  expect(said({ state: 'paused' })).toMatchObject({ text: 'CH Nord · 54/180 images · en pause', tone: 'held', share: 0.25 });
  expect(said({ state: 'cancelled' }).text).toBe('CH Nord · 54/180 images · abandonné');
});

test('the link is told with its road, share, round trip, loss and queue', () => {
  const link = (change: Partial<Transfer>) => linkLine({ ...running, ...change }, i18next.t, 'fr-FR').replaceAll(/[\u00a0\u202f]/g, ' ');
  expect(link({})).toBe('voie directe · 82 % du lien · aller-retour 20 ms · 0,12 % de pertes · 126 images en attente');
  // Coded: what became 8.2 MB was 4 MB on the wire, and that is what the link is measured by.
  expect(link({ wire_bytes_per_s: 4e6 })).toContain('40 % du lien');
  expect(link({ rtt_ms: null, lost: null, link_bytes_per_s: null, waiting: 0 })).toBe('voie directe');
  const bare = { rtt_ms: null, lost: null, link_bytes_per_s: null, waiting: 0 };
  expect(link({ ...bare, road: 'tcp' })).toBe('par TCP');
  expect(link({ ...bare, road: 'relay' })).toBe('par un site relais');
  expect(link({ ...bare, road: 'none' })).toBe('');
});

test('several sites that bring it are told each with its rate', () => {
  const holders = [
    { site: 'n', site_name: 'CH Nord', road: 'direct', bytes: 20, bytes_per_s: 6.1e6 },
    { site: 's', site_name: 'CHU Sud', road: 'tcp', bytes: 5, bytes_per_s: 2.1e6 },
  ];
  const link = linkLine({ ...running, holders, waiting: 0, lost: null, rtt_ms: null, link_bytes_per_s: null }, i18next.t, 'fr-FR');
  expect(link.replaceAll(/[\u00a0\u202f]/g, ' ')).toBe(
    'voie directe · CH Nord 6,1 Mo/s (voie directe), CHU Sud 2,1 Mo/s (par TCP)',
  );
});

test('what opening will take is told before the click', () => {
  const forecast = { site: 'n', site_name: 'CH Nord', instances: 412, bytes: 210e6, bytes_here: 0, connected: true, road: 'direct', first_s: 0.41, whole_s: 18.6 };
  const told = (change: object) => foresightLine({ ...forecast, ...change }, i18next.t, 'fr-FR').join(' · ').replaceAll(/[\u00a0\u202f]/g, ' ');
  expect(told({})).toBe('412 images · 210 Mo · première image ≈ 0,4 s · complet ≈ 19 s · voie directe');
  expect(told({ first_s: null, whole_s: null })).toBe('412 images · 210 Mo · durée inconnue : le lien vers ce site n’est pas encore connu');
  expect(told({ connected: false })).toBe('412 images · 210 Mo · site injoignable');
});

test('faults come first', () => {
  const states = ordered([running, { ...running, study: '1.3', state: 'corrupt' }, { ...running, study: '1.1', state: 'waiting' }]);
  expect(states.map(({ state }) => state)).toEqual(['corrupt', 'waiting', 'running']);
});
