// Rosters: who is on duty, the minutes that nobody has, and what the keyboard does.

import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { Coverage, Roster, Shift } from '../api/types';
import { busyNode, NORTH, OWN_SITE } from '../testing/fakeNode';
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
  node.instead.set('POST /shifts/s1/take', { status: 200, body: shift({ state: 'active', taken: { at: ROSTER.now, sound: 'worked', notifications: 'absent', link: 'absent', answered: 1, unanswered: 0 } }) });
  await user.click(within(now).getByRole('button', { name: 'Take the shift' }));
  const dialog = await screen.findByRole('dialog');
  const submit = () => within(dialog).getByRole<HTMLButtonElement>('button', { name: /Take the shift all the same|I am here/ });
  // Nothing is skipped: what cannot work here is tried as well, says why, and is kept with the shift.
  await user.click(await within(dialog).findByRole('button', { name: 'Play' }));
  expect(submit().disabled).toBe(true);
  await user.click(within(dialog).getByRole('button', { name: 'Show one' }));
  expect(await within(dialog).findByText(/Failed: Sound, Notifications of the browser/)).toBeTruthy();
  await user.click(submit());
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

test('a coverage is offered with its delays and other days, and says in plain words what it comes to', async () => {
  const { user, node } = await opened({ plans: true });
  const sent: unknown[] = [];
  const handle = node.handle.bind(node);
  node.handle = (method, path, body) => {
    if (method !== 'POST' || path !== '/coverages') return handle(method, path, body);
    sent.push(body);
    return { status: 200, body: { ...COVERAGE, state: 'offered' } };
  };
  const [manage] = await screen.findAllByRole('button', { name: 'Coverages' });
  await user.click(manage ?? document.body);
  await user.click(await screen.findByRole('button', { name: 'New coverage' }));
  const dialog = await screen.findByRole('dialog', { name: 'Offer a coverage' });
  await user.type(within(dialog).getByLabelText(/^Name/), 'Nuit');
  await user.click(within(dialog).getByRole('combobox', { name: /^Studies of/ }));
  await user.click(await screen.findByRole('option', { name: 'CH Nord' }));
  const report = within(dialog).getByLabelText('Until a preliminary report, P0');
  const submit = within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Sign and offer' });
  await user.clear(report);
  expect(submit.disabled).toBe(true);
  await user.type(report, '10');
  const day = within(dialog).getByLabelText(/^Other days that are whole days/);
  fireEvent.change(day, { target: { value: '2026-12-24' } });
  const words = within(dialog).getByRole('region', { name: 'What it comes to' });
  expect(within(words).getByText('P0: somebody takes it within 2 min, a preliminary report within 10 min.')).toBeTruthy();
  expect(within(words).getByText(/Fri 18:30 – Mon 08:00/)).toBeTruthy();
  expect(within(words).getByText('The whole day on: holidays of France ; 24/12/2026.')).toBeTruthy();
  await user.click(submit);
  await waitFor(() => expect(sent).toHaveLength(1));
  expect(sent[0]).toMatchObject({ extra_days: ['2026-12-24'], beneficiaries: [NORTH], targets: [{ acknowledge: 2, report: 10 }, { acknowledge: 5, report: 30 }, { acknowledge: 30, report: 240 }, { acknowledge: 1440, report: 1440 }] });
});
