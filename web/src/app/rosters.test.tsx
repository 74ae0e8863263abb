// Rosters: who is on duty, the minutes that nobody has, and what the keyboard does.

import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Coverage, Roster, Shift } from '../api/types';
import { busyNode, OWN_SITE } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const COVERAGE: Coverage = {
  id: 'c0',
  version: 1,
  name: 'Nuit commune',
  state: 'active',
  beneficiaries: [{ site: 'north', name: 'CH Nord', tier: null, signed: true }],
  readers: [{ site: OWN_SITE, name: 'CHU Sud', tier: 'group', signed: true }],
  modalities: ['CT'],
  regions: [],
  time_zone: 'Europe/Paris',
  spans: [],
  holidays: 'france',
  extra_days: [],
  targets: [],
  telephone: '',
  from: '2026-01-01T00:00:00Z',
  until: null,
  ended: null,
  reads_here: true,
  asks_here: false,
};

function shift(change: Partial<Shift>): Shift {
  return {
    id: 's1',
    site: OWN_SITE,
    site_name: 'CHU Sud',
    ours: true,
    mine: true,
    coverage: 'c0',
    coverage_name: 'Nuit commune',
    person: 'dr.bernard',
    role: 'radiologist',
    competences: [],
    start: '2026-10-24T16:00:00Z',
    end: '2026-10-24T23:00:00Z',
    state: 'confirmed',
    presence: 'garde',
    rank: 1,
    telephone: '+33 1 23',
    licences: [{ modalities: [], from: null, until: null }],
    taken: null,
    silent: null,
    relief: null,
    relieves: null,
    stated: '2026-10-20T08:00:00Z',
    counts: true,
    ...change,
  };
}

const ROSTER: Roster = {
  coverage: COVERAGE,
  time_zone: 'Europe/Paris',
  now: '2026-10-24T20:00:00Z',
  days: [
    { date: '2026-10-24', start: '2026-10-23T22:00:00Z', end: '2026-10-24T22:00:00Z', hours: 24, holiday: null, whole: false },
    { date: '2026-10-25', start: '2026-10-24T22:00:00Z', end: '2026-10-25T23:00:00Z', hours: 25, holiday: null, whole: false },
  ],
  asked: [['2026-10-24T16:00:00Z', '2026-10-25T07:00:00Z']],
  holes: [{ from: '2026-10-24T23:00:00Z', until: '2026-10-25T01:30:00Z', minutes: 150, modalities: ['CT'] }],
  shifts: [shift({})],
  plans: false,
  people: [],
};

async function opened(change: Partial<Roster> = {}) {
  const node = busyNode();
  node.instead.set('GET /coverages', { status: 200, body: [COVERAGE] });
  node.instead.set('GET /rosters', { status: 200, body: { ...ROSTER, ...change } });
  node.instead.set('POST /shifts/alive', { status: 204 });
  return { node, ...(await openPortal(node, { at: '/rosters' })) };
}

test('who is on duty is told with the number, and what one may do with the own shift', async () => {
  const { user, node } = await opened();
  const now = await screen.findByRole('region', { name: 'On duty now' });
  expect(within(now).getByText('+33 1 23')).toBeTruthy();
  node.instead.set('POST /shifts/s1/take', { status: 200, body: shift({ state: 'active', taken: { at: ROSTER.now, sound: true, notifications: false, answered: 1, unanswered: 0 } }) });
  await user.click(within(now).getByRole('button', { name: 'Take the shift' }));
  await user.click(await screen.findByLabelText('I heard it'));
  await user.click(screen.getByRole('button', { name: 'I am here' }));
  expect(await screen.findByText('You are on duty.')).toBeTruthy();
});

test('the hour that comes twice and the exact minutes that nobody has are shown; a hole is filled from the keyboard', async () => {
  const { user } = await opened();
  expect(await screen.findByText('25 h: the clock changes')).toBeTruthy();
  const [hole] = await screen.findAllByRole('button', { name: /Nobody for CT from .*01:00 to 02:30: 150 min/ });
  hole?.focus();
  await user.keyboard('{Enter}');
  const dialog = await screen.findByRole('dialog', { name: 'New shift' });
  expect(within(dialog).getByLabelText('From: Time')).toHaveProperty('value', '01:00');
  expect(within(dialog).getByLabelText('Until: Time')).toHaveProperty('value', '02:30');
});

test('a shift is moved by the keyboard, and says so before it is saved', async () => {
  const { user, node } = await opened();
  const [block] = await screen.findAllByRole('button', { name: /^dr\.bernard:/ });
  block?.focus();
  await user.keyboard('{ArrowDown}');
  expect(screen.getByText(/18:30.*Not saved/)).toBeTruthy();
  await user.keyboard('{Escape}');
  expect(screen.queryByText(/Not saved/)).toBeNull();
  node.instead.set('PUT /shifts/s1', { status: 200, body: shift({ state: 'planned' }) });
  await user.keyboard('{ArrowDown}{Enter}');
  await waitFor(() => expect(screen.getByText(/has to confirm it again/)).toBeTruthy());
});
