// What people do in the portal, from the sign-in to the revocation, against a fake node.

import { act, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { COAST, FakeNode, NORTH, PASSWORD, busyNode, study } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const viewer = vi.fn();

beforeEach(() => {
  viewer.mockReset();
  viewer.mockReturnValue(window);
  vi.stubGlobal('open', viewer);
  // jsdom lays nothing out; the list needs a height to know which rows are in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
});

afterEach(() => vi.useRealTimers());

function nodeWith(count: number): FakeNode {
  const node = new FakeNode();
  for (let index = 0; index < count; index += 1) {
    node.studies.push(study({ study: `1.2.${index}`, description: `Study ${index}` }));
  }
  return node;
}

const asked = (node: FakeNode, start: string) => node.requests.filter(request => request.startsWith(start));

describe('signing in', () => {
  test('leads to the page that was asked for, and a wrong password says so', async () => {
    const node = busyNode();
    const { user, address } = await openPortal(node, { at: '/studies?modality=MR', as: null });
    expect(await screen.findByRole('heading', { name: 'CH Sud' })).toBeTruthy();
    await user.type(screen.getByLabelText('Name'), 'dr.bernard');
    await user.type(screen.getByLabelText('Password'), 'guess');
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    expect((await screen.findByRole('alert')).textContent).toBe('Name or password is wrong.');
    await user.type(screen.getByLabelText('Password'), PASSWORD);
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    await screen.findByRole('grid');
    expect(address()).toBe('/studies?modality=MR');
  });

  test('too often tells how long to wait', async () => {
    const node = new FakeNode();
    node.instead.set('POST /session', { status: 429, body: { error: 'throttled', message: '', retry_s: 30 } });
    const { user } = await openPortal(node, { as: null, language: 'fr' });
    await user.type(await screen.findByLabelText('Nom'), 'dr.bernard');
    await user.type(screen.getByLabelText('Mot de passe'), 'x');
    await user.click(screen.getByRole('button', { name: 'Se connecter' }));
    expect((await screen.findByRole('alert')).textContent).toMatch(/^Trop de tentatives. Réessayez dans (29|30) s\.$/);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: /Réessayez dans/ }).disabled).toBe(true);
  });

  test('asks for the code of a second factor, and takes it with the password', async () => {
    const node = busyNode();
    node.instead.set('POST /session', { status: 401, body: { error: 'second-factor', message: '' } });
    const { user } = await openPortal(node, { as: null });
    await user.type(await screen.findByLabelText('Name'), 'dr.bernard');
    await user.type(screen.getByLabelText('Password'), PASSWORD);
    await user.click(screen.getByRole('button', { name: 'Sign in' }));
    const code = await screen.findByLabelText('Code of your app, or a recovery code');
    expect(screen.queryByRole('alert')).toBeNull();
    node.instead.set('POST /session', { status: 401, body: { error: 'wrong-second-factor', message: '' } });
    await user.type(code, '000000{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('The code is wrong');
    node.instead.delete('POST /session');
    await user.type(screen.getByLabelText('Code of your app, or a recovery code'), '287082{Enter}');
    await screen.findByRole('grid');
  });

  test('leads whoever must choose a password to that and nowhere else', async () => {
    const node = busyNode();
    node.instead.set('GET /session', {
      status: 200,
      body: { person: { name: 'dr.bernard', role: 'radiologist' }, actions: ['list-studies'], must: 'password' },
    });
    await openPortal(node, { at: '/studies' });
    expect(await screen.findByLabelText('New password')).toBeTruthy();
    expect(screen.queryByRole('grid')).toBeNull();
  });

  test('is asked again when the session ends, and the address stays', async () => {
    const node = busyNode();
    const { user, address } = await openPortal(node, { at: '/studies?site=own' });
    await screen.findByRole('grid');
    node.person = null;
    await user.click(screen.getByRole('button', { name: 'Refresh' }));
    expect(await screen.findByText(/Your session has ended/)).toBeTruthy();
    expect(screen.queryByRole('grid')).toBeNull();
    expect(address()).toBe('/studies?site=own');
  });

  test('can be done in the other language', async () => {
    const { user } = await openPortal(new FakeNode(), { as: null });
    await user.click(await screen.findByLabelText('FR'));
    expect(await screen.findByRole('button', { name: 'Se connecter' })).toBeTruthy();
    expect(document.documentElement.lang).toBe('fr');
    expect(localStorage.getItem('confrere.language')).toBe('fr');
  });
});

describe('the list', () => {
  test('asks exactly once for a text that was typed', async () => {
    const node = busyNode();
    const { user, address } = await openPortal(node);
    await screen.findByRole('grid');
    node.requests.length = 0;
    await user.type(screen.getByRole('textbox', { name: 'Search studies' }), 'benali');
    await waitFor(() => expect(address()).toBe('/studies?text=benali'));
    await waitFor(() => expect(screen.getAllByText('BENALI Samira').length).toBeGreaterThan(2));
    expect(asked(node, 'GET /studies?')).toEqual(['GET /studies?text=benali&offset=0&limit=50']);
  });

  test('opens the chosen study with the keyboard', async () => {
    const node = nodeWith(5);
    const { user } = await openPortal(node);
    await screen.findByRole('grid');
    await user.keyboard('jjjk');
    expect(screen.getByRole('row', { selected: true }).dataset.study).toBe('1.2.1');
    await user.keyboard('{Enter}');
    await waitFor(() => expect(viewer).toHaveBeenCalledWith('/ohif/viewer?StudyInstanceUIDs=1.2.1&context=ctx1&lng=en-US', '_blank'));
    expect(asked(node, 'POST /readings')).toHaveLength(1);
  });

  test('keeps the choice on its patient when a study arrives above', async () => {
    const node = nodeWith(3);
    const { user } = await openPortal(node);
    await screen.findByRole('grid');
    await user.keyboard('j');
    node.studies.unshift(study({ study: '9.9', description: 'Stroke', completeness: 'arriving', holder: NORTH, site_name: 'CH Nord', availability: 'remote', instances_here: 0 }));
    act(() => node.tell('list', { study: '9.9' }));
    expect(await screen.findByText('Stroke')).toBeTruthy();
    expect(screen.getByText('arriving')).toBeTruthy();
    expect(screen.getByRole('row', { selected: true }).dataset.study).toBe('1.2.0');
  });

  test('opens a prior beside the study in one click, and never one that only looks alike', async () => {
    const node = nodeWith(3);
    node.studies.push(study({ study: '7.7', description: 'Other issuer', patient: { name: 'X', birth_date: null, sex: null, id: '100234', issuer: 'ELSEWHERE' } }));
    node.studies.push(study({ study: '8.8', description: 'Looks alike', holder: NORTH, site_name: 'CH Nord', patient: { name: 'MARTIN^Elise', birth_date: '19840321', sex: 'F', id: '77', issuer: 'CH Nord' } }));
    const { user } = await openPortal(node);
    await screen.findByRole('grid');
    await user.keyboard('jp');
    const dialog = await screen.findByRole('dialog');
    const priors = await within(dialog).findByRole('list', { name: 'Studies of this patient' });
    expect(within(priors).getAllByRole('listitem')).toHaveLength(2);
    expect(within(dialog).queryByText(/Other issuer/)).toBeNull();
    const alike = within(dialog).getByRole('list', { name: 'Perhaps the same patient' });
    expect(within(alike).queryByRole('button', { name: /^Open beside/ })).toBeNull();
    expect(within(dialog).getByText('No answer from: CH Côte.')).toBeTruthy();
    const [beside] = within(priors).getAllByRole('button', { name: /^Open beside/ });
    await user.click(beside ?? document.body);
    await waitFor(() => expect(viewer).toHaveBeenCalledTimes(1));
    expect(viewer.mock.calls[0]?.[0]).toContain('&hangingProtocolId=confrere.compare');
  });

  test('shows two records side by side, and who may not decide does not', async () => {
    const node = nodeWith(1);
    node.studies.push(study({ study: '8.8', description: 'Looks alike', holder: NORTH, site_name: 'CH Nord', patient: { name: 'MARTIN^Elise', birth_date: '19840321', sex: 'F', id: '77', issuer: 'CH Nord' } }));
    const { user } = await openPortal(node);
    await screen.findByRole('grid');
    await user.keyboard('jp');
    await user.click(await screen.findByRole('button', { name: /^Compare the records/ }));
    const table = await screen.findByRole('table');
    expect(within(table).getByText('MARTIN Elise')).toBeTruthy();
    expect(within(table).getByText('not alike')).toBeTruthy();
  });

  test('says why a study does not open', async () => {
    const node = nodeWith(1);
    node.instead.set('POST /readings', { status: 403, body: { error: 'outside-hours', message: '' } });
    const { user } = await openPortal(node);
    await user.click(await screen.findByRole('button', { name: /^Open MARTIN/ }));
    expect(await screen.findByText('The agreement covers this study only at other hours.')).toBeTruthy();
    expect(viewer).not.toHaveBeenCalled();
  });

  test('gives the way in when the browser blocks the new tab', async () => {
    viewer.mockReturnValue(null);
    const { user } = await openPortal(nodeWith(1));
    await user.click(await screen.findByRole('button', { name: /^Open MARTIN/ }));
    expect((await screen.findByRole('link', { name: 'Open the viewer' })).getAttribute('href')).toContain('/ohif/viewer');
  });

  test('tells apart no studies, no match, and a node that does not answer', async () => {
    await openPortal(nodeWith(0));
    expect(await screen.findByText('No studies yet')).toBeTruthy();
  });

  test('offers to clear filters that nothing fits', async () => {
    const { user, address } = await openPortal(nodeWith(2), { at: '/studies?text=zzz' });
    expect(await screen.findByText('No study fits these filters')).toBeTruthy();
    const [, inView] = screen.getAllByRole('button', { name: 'Clear filters' });
    await user.click(inView ?? document.body);
    await screen.findByRole('grid');
    expect(address()).toBe('/studies');
  });

  test('says that the link is lost, and asks anew when it is back', async () => {
    const node = nodeWith(1);
    const { streams } = await openPortal(node);
    await screen.findByRole('grid');
    act(() => streams[0]?.onerror?.());
    expect(await screen.findByText('Connection to the node lost.')).toBeTruthy();
    node.studies.unshift(study({ study: '8.8', description: 'Meanwhile' }));
    act(() => streams[0]?.onopen?.());
    expect(await screen.findByText('Meanwhile')).toBeTruthy();
  });
});

describe('roles', () => {
  test('an auditor begins at the access log and sees no other page', async () => {
    const { address } = await openPortal(busyNode(), { at: '/', as: 'auditor' });
    expect(await screen.findByRole('heading', { name: 'Access log' })).toBeTruthy();
    expect(address()).toBe('/log');
    expect(screen.queryByRole('link', { name: 'Studies' })).toBeNull();
  });

  test('a page that is not one’s own says so', async () => {
    await openPortal(busyNode(), { at: '/peers', as: 'radiologist' });
    expect(await screen.findByText('Not part of your role')).toBeTruthy();
  });
});

describe('pairing', () => {
  test('the inviter reads the code, compares digits, confirms and may offer an agreement', async () => {
    const node = new FakeNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Invite a site' }));
    expect(await screen.findByLabelText(/Spoken code : 4821 9035/)).toBeTruthy();

    act(() => void node.changePairing('p1', { state: 'compare', peer_name: 'CH Nord', peer: NORTH, digits: '307 918' }));
    expect(await screen.findByLabelText('Six digits: 307 918')).toBeTruthy();
    expect(screen.getByText('CH Nord')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'They are the same' }));
    expect(await screen.findByText(/Waiting for CH Nord to confirm/)).toBeTruthy();

    act(() => void node.changePairing('p1', { state: 'done', confirmed_there: true }));
    expect(await screen.findByText('CH Nord is now a peer.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Offer an agreement' }));
    await user.click(await screen.findByRole('radio', { name: 'Case by case' }));
    await user.click(screen.getByRole('button', { name: 'Sign and offer' }));
    await waitFor(() => expect(node.agreements).toMatchObject([{ peer: NORTH, preset: 'case-only', state: 'offered' }]));
  });

  test('digits that differ let nobody in', async () => {
    const node = new FakeNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Join with an invitation' }));
    await user.type(screen.getByLabelText('Spoken code'), '48219035');
    await user.type(screen.getByLabelText('Invitation'), 'nonsense');
    await user.click(screen.getByRole('button', { name: 'Join' }));
    expect(await screen.findByText(/not a valid invitation/)).toBeTruthy();
    await user.clear(screen.getByLabelText('Invitation'));
    await user.type(screen.getByLabelText('Invitation'), 'confrere:1:abc');
    await user.click(screen.getByRole('button', { name: 'Join' }));
    await user.click(await screen.findByRole('button', { name: 'They differ' }));
    expect(await screen.findByText(/somebody may have listened in/)).toBeTruthy();
    expect(node.pairings).toMatchObject([{ peer: COAST, state: 'failed' }]);
  });

  test('revoking asks first', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    const card = await screen.findByRole('region', { name: 'CH Nord' });
    await user.click(within(card).getByRole('button', { name: 'Revoke…' }));
    expect(node.peers.find(({ site }) => site === NORTH)?.revoked).toBeNull();
    await user.click(await screen.findByRole('button', { name: 'Revoke the pairing' }));
    await waitFor(() => expect(node.peers.find(({ site }) => site === NORTH)?.revoked).not.toBeNull());
  });

  test('are looked through: what they see, and why images do not open', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    const peer = node.peers.find(({ site }) => site === NORTH);
    const card = await screen.findByRole('region', { name: peer?.name ?? '' });
    await user.click(within(card).getByRole('button', { name: 'What they see' }));
    const dialog = await screen.findByRole('dialog');
    const own = node.studies.filter(({ holder }) => holder === null);
    expect(own.length).toBeGreaterThan(1);
    const why = await within(dialog).findAllByRole('button', { name: /^Why\?/ });
    expect(why).toHaveLength(own.length);
    expect(within(dialog).getAllByText('not told')).toHaveLength(own.length - 1);
    const [first] = why;
    if (!first) throw new Error('nothing is seen');
    await user.click(first);
    expect(await within(dialog).findByText(/it is Friday 13:00/)).toBeTruthy();
    expect(asked(node, `GET /peers/${NORTH}/explain?study=${own[0]?.study}`)).toHaveLength(1);
  });

  test('a draft is read in either language while it is drafted, and what is wrong stands at its place', async () => {
    const node = busyNode();
    node.agreements = [];
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    const card = await screen.findByRole('region', { name: 'CH Nord' });
    await user.click(within(card).getByRole('button', { name: 'Offer an agreement' }));
    const dialog = await screen.findByRole('dialog');
    const preview = await within(dialog).findByRole('region', { name: 'How it reads' });
    await user.click(within(dialog).getByRole('button', { name: 'More terms' }));
    await user.type(within(dialog).getByRole('combobox', { name: 'Only these body parts' }), 'head{Enter}');
    expect(await within(preview).findByText('CH Nord sees and reads all studies of CH Sud of the HEAD.')).toBeTruthy();
    await user.click(within(preview).getByRole('radio', { name: 'Français' }));
    expect(within(preview).getByText(/de la région HEAD/)).toBeTruthy();
    expect(node.agreements).toEqual([]);
    await user.type(within(dialog).getByRole('combobox', { name: 'Only these body parts' }), 'a-b{Enter}');
    expect(await within(dialog).findByText('a region is a code')).toBeTruthy();
    expect(within(dialog).getByRole('button', { name: 'Sign and offer' }).hasAttribute('disabled')).toBe(true);
  });

  test('a change is shown as what it changes before it is offered', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Change…' }));
    const dialog = await screen.findByRole('dialog');
    const changes = await within(dialog).findByRole('region', { name: 'What changes against version 1' });
    expect(within(changes).getAllByText('No longer:', { exact: false })).toHaveLength(4);
    expect(within(changes).getAllByText('New:', { exact: false })).toHaveLength(2);
  });

  test('an agreement is suspended and resumed by who suspended it', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Suspend…' }));
    expect(node.agreements[0]?.state).toBe('active');
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Suspend' }));
    expect(await screen.findByText(/^Suspended by this site since/)).toBeTruthy();
    await user.click(await screen.findByRole('button', { name: 'Resume' }));
    await waitFor(() => expect(node.agreements[0]?.state).toBe('active'));
  });

  test('an end may wait for what is being read, which is shown first', async () => {
    const node = busyNode();
    node.under = { reading: [{ study: '1.2.3', holder_name: 'CH Sud', ours: true }], grants: [], cases: [] };
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'End…' }));
    const dialog = await screen.findByRole('dialog');
    expect(await within(dialog).findByText(/ours, they read it/)).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'End the agreement' }));
    expect(await screen.findByText(/^It is ending: what was being read/)).toBeTruthy();
    expect(node.agreements[0]?.state).toBe('closing');
  });

  test('where nothing is read an agreement ends now', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'End…' }));
    const dialog = await screen.findByRole('dialog');
    expect(await within(dialog).findByText('Nobody reads anything under it now.')).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'End the agreement' }));
    await waitFor(() => expect(node.agreements[0]?.state).toBe('ended'));
  });

  test('an agreement is accepted only after its sentences were shown', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Accept and sign' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText('Nothing is announced.')).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'Accept and sign' }));
    await waitFor(() => expect(node.agreements.find(({ id }) => id === 'a2')?.state).toBe('active'));
  });
});

describe('administration', () => {
  test('a generated password is shown once', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/settings', as: 'admin' });
    await user.type(await screen.findByLabelText('User name'), 'dr.petit');
    await user.click(screen.getByRole('button', { name: 'Add' }));
    expect(await screen.findByText('tulipe-radar-92-moule')).toBeTruthy();
    // In the list of accounts: the teams offer the name, too.
    expect(await screen.findByRole('row', { name: /^dr\.petit / })).toBeTruthy();
  });

  test('what a DICOM peer may do is changed, and the peer forgotten', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/settings', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Change PACSCENTRAL' }));
    await user.click(screen.getByRole('checkbox', { name: 'Store here' }));
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(node.aes.map(ae => [ae.store, ae.echo, ae.query])).toEqual([[false, true, 'own']]));
    await user.click(await screen.findByRole('button', { name: 'Remove PACSCENTRAL' }));
    expect(node.aes.length).toBe(1);
    await user.click(await screen.findByRole('button', { name: 'Really remove PACSCENTRAL' }));
    await waitFor(() => expect(node.aes).toEqual([]));
  });

  test('alerts stand out in the log and can be shown alone', async () => {
    const node = busyNode();
    const { user, address } = await openPortal(node, { at: '/log', as: 'auditor' });
    await screen.findByText('Older entries');
    await user.click(screen.getByLabelText('Alerts only'));
    await waitFor(() => expect(screen.queryByText('Sign-in')).toBeNull());
    expect(screen.getAllByText('Security alert').length).toBeGreaterThan(5);
    expect(address()).toBe('/log?alerts=true');
  });

  test('remarks read in the reader’s language, and stay as they were written beside it', async () => {
    const node = busyNode();
    const entry = { ...node.entries[0], number: 7, act: 'sign-in', outcome: 'done', reason: null, note: 'by two factors', note_fr: 'par deux facteurs' };
    node.instead.set('GET /audit', { status: 200, body: { entries: [entry], more: false } });
    await openPortal(node, { at: '/log', as: 'auditor', language: 'fr' });
    expect((await screen.findByText('par deux facteurs')).title).toBe('by two factors');
    expect(screen.queryByText('by two factors')).toBeNull();
  });

  test('who looked at a patient is shown for printing', async () => {
    const node = busyNode();
    const entry = { number: 7, at: '2026-01-02T00:00:00Z', act: 'study-served', outcome: 'done', reason: null, person: 'amy', role: 'radiologist', site: 'k', site_name: 'CHU Sud', study: '1.2.3', peer: null, peer_name: null, basis: null, instances: 3, bytes: 100, note: '', note_fr: '' };
    node.instead.set('GET /audit/patient', { status: 200, body: { studies: ['1.2.3'], entries: [entry], more: false } });
    const { user, address } = await openPortal(node, { at: '/log', as: 'auditor' });
    await user.type(await screen.findByLabelText('Patient ID'), 'P1{Enter}');
    await screen.findByText('CHU Sud');
    screen.getByText('amy');
    screen.getByRole('button', { name: 'Print' });
    expect(node.requests.some(request => request.startsWith('GET /audit/patient'))).toBe(true);
    expect(address()).toBe('/log?patient=P1');
  });
});

describe('archive', () => {
  const kept = {
    study: '1.2.3', patient_name: 'MARTIN^Éloïse', date: '19900102', description: 'Old CT', instances: 3, bytes: 1500, rules: 'france-hospital', until: '2010-01-02', free: true,
    reasons: [{ code: 'visit', since: '1990-01-02', until: '2010-01-02', blocks: false }],
    recorded: [{ id: 7, at: '2026-01-02T00:00:00Z', person: 'amy', claim: 'visit', day: '1990-01-02', reason: 'asked the HIS' }],
  };
  const proposal = { id: 9, at: '2026-01-02T00:00:00Z', person: 'amy', study: '1.2.4', rejection: null, reason: 'time is past', own: false };

  test('erasing shows why it may, takes another person, and asks first', async () => {
    const node = busyNode();
    node.instead.set('GET /retention', { status: 200, body: [kept] });
    node.instead.set('GET /retention/proposals', { status: 200, body: [proposal, { ...proposal, id: 10, study: '1.2.5', own: true }] });
    node.instead.set('GET /retention/erased', { status: 200, body: [] });
    node.instead.set('POST /retention/proposals', { status: 200, body: proposal });
    node.instead.set('POST /retention/proposals/9/approve', { status: 409, body: { error: 'still-kept', message: '' } });
    const { user } = await openPortal(node, { at: '/archive/retention', as: 'admin' });
    await screen.findByText(/20 years from the last stay or visit/);
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Erase 1.2.5' }).disabled).toBe(true);
    await user.click(screen.getByRole('button', { name: 'Erase 1.2.4' }));
    expect(node.requests).not.toContain('POST /retention/proposals/9/approve');
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Erase' }));
    await screen.findByText('The study is still to be kept.');
    await user.click(screen.getByRole('button', { name: /^Propose erasing: / }));
    await user.type(screen.getByLabelText(/^Propose erasing: why/), 'time is past{Enter}');
    await waitFor(() => expect(node.requests).toContain('POST /retention/proposals'));
  });

  test('a rule is tried out before it is kept, and what waits is dropped only when asked again', async () => {
    const node = busyNode();
    const rule = {
      id: 3, version: 1, since: '2026-01-02T00:00:00Z', person: 'amy', name: 'Night', on: true,
      conditions: { modalities: ['CT'], stations: [], institutions: [], series_descriptions: [], body_parts: [], descriptions: [], referrers: [], senders: [], age_from: null, age_to: null, hours: '19:00-06:00' },
      cards: null,
      actions: { routes: ['PACS2'], labels: [], priors: 0, cold_after_h: null, offers: [], fetch: null },
    };
    const route = {
      study: '1.2.3', patient_name: 'MARTIN^Éloïse', date: '20260102', description: 'CT', to: 'PACS2', rule: 3, since: '2026-01-02T00:00:00Z',
      sent: 2, dropped: 0, instances: 9, state: 'failing', attempts: 3, error: { code: 'unreachable', detail: 'connection refused' }, again: '2026-01-02T00:05:00Z',
    };
    node.instead.set('GET /rules', { status: 200, body: [rule] });
    node.instead.set('GET /routes', { status: 200, body: [route] });
    node.instead.set('GET /labels', { status: 200, body: [] });
    node.instead.set('GET /rules/peers', { status: 503, body: { error: 'not-running', message: '' } });
    node.instead.set('POST /rules/test', { status: 200, body: { looked_at: 1000, matched: 37, studies: [] } });
    node.instead.set('POST /rules', { status: 200, body: rule });
    node.instead.set('POST /routes/drop', { status: 204 });
    const { user } = await openPortal(node, { at: '/archive/rules', as: 'admin' });
    await screen.findByText('PACS2', { selector: 'p' });
    expect(screen.getByText('2 of 9')).toBeTruthy();
    expect(screen.getByText('it cannot be reached (“connection refused”)')).toBeTruthy();
    expect(screen.getByText('19:00-06:00')).toBeTruthy();

    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Add the rule' }).disabled).toBe(true);
    await user.type(screen.getByLabelText('Name'), 'Urgent');
    await user.type(screen.getByLabelText('Label', { selector: 'input' }), 'urgent{Enter}');
    await user.click(screen.getByRole('button', { name: 'Try out' }));
    await screen.findByText('It would have meant 37 of the last 1000 studies.');
    expect(node.requests).not.toContain('POST /rules');
    await user.click(screen.getByRole('button', { name: 'Add the rule' }));
    await waitFor(() => expect(node.requests).toContain('POST /rules'));

    await user.click(screen.getByRole('button', { name: /^Do not send MARTIN/ }));
    expect(node.requests).not.toContain('POST /routes/drop');
    await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Do not send' }));
    await waitFor(() => expect(node.requests).toContain('POST /routes/drop'));
  });

  test('a cold tier that is away is said, and its studies cannot be recalled', async () => {
    const node = busyNode();
    const tiers = {
      configured: true, reachable: false, kind: 'store', place: 'https://s3.example:443/cold', away: 'credentials', free_bytes: null, pace: 100_000_000, studies: 1, bytes: 1_000_000_000,
      rows: [{ study: '1.2.3', patient_name: 'MARTIN^Éloïse', date: '20200102', description: 'CT', bytes: 1_000_000_000, recall_s: 10 }],
      moves: [{ study: '1.2.4', to: 'cold', done: 3, objects: 10, error: null }],
    };
    node.instead.set('GET /tiers', { status: 200, body: tiers });
    await openPortal(node, { at: '/archive/tiers', as: 'admin' });
    await screen.findByText('The cold tier is not there');
    expect(screen.getByText(/does not accept the credentials/)).toBeTruthy();
    expect(screen.getByText('object store, encrypted')).toBeTruthy();
    expect(screen.getByText('https://s3.example:443/cold')).toBeTruthy();
    expect(screen.getByText('10 s')).toBeTruthy();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: /^Recall the study of/ }).disabled).toBe(true);
    expect(screen.getByText('3 / 10')).toBeTruthy();
  });
});

test('the strip shows what arrives, as it is told', async () => {
  const node = busyNode();
  await openPortal(node);
  const strip = await screen.findByRole('complementary', { name: 'Transfers' });
  expect(within(strip).getByText(/^54\/180 images/)).toBeTruthy();
  act(() => node.tell('transfer', { ...node.transfers[0], instances_done: 120 }));
  expect(await within(strip).findByText(/^120\/180 images/)).toBeTruthy();
});

describe('conflicts', () => {
  test('are compared side by side and decided', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/archive/conflicts', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Compare' }));
    const row = (await screen.findByRole('rowheader', { name: 'Patient name' })).closest('tr');
    if (!row) throw new Error('no row');
    expect(row.textContent).toContain('differs');
    await user.type(screen.getByLabelText('Reason'), 'resent');
    await user.click(screen.getByRole('button', { name: 'Take the new one instead' }));
    await screen.findByText('Nothing waits for a decision.');
    expect(asked(node, 'POST /conflicts/7/resolve')).toHaveLength(1);
  });

  test('are closed with a reason while they can be undone', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { at: '/archive/conflicts', as: 'admin' });
    await user.click(await screen.findByRole('button', { name: 'Compare' }));
    await user.click(await screen.findByRole('button', { name: 'Take the new one instead' }));
    await screen.findByText('Nothing waits for a decision.');
    await user.click(screen.getByLabelText('Show decided ones too'));
    if (!screen.queryByLabelText(/Reason for erasing now/)) await user.click(await screen.findByRole('button', { name: 'Compare' }));
    const erase = await screen.findByRole('button', { name: 'Erase what was decided against' });
    expect(erase.hasAttribute('disabled')).toBe(true);
    await user.type(screen.getByLabelText(/Reason for erasing now/), 'the sender confirmed');
    await user.click(erase);
    expect(asked(node, 'POST /conflicts/close')).toHaveLength(0);
    await user.click(screen.getByRole('button', { name: 'Erase for good' }));
    await screen.findByText('the sender confirmed');
    expect(asked(node, 'POST /conflicts/close')).toHaveLength(1);
    expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
  });
});
