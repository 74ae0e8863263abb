// The pages about the archive, each in its states, and what a person does there.

import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test, vi } from 'vitest';
import type { Role } from '../api/types';
import { archiveNode, copies, keeping } from '../testing/archiveNode';
import { busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

interface PageOf {
  page: string;
  title: string;
  asks: string;
  empty: RegExp;
  data: RegExp;
}

const PAGES: PageOf[] = [
  { page: 'storage', title: 'Storage', asks: '/storage', empty: /^known after a day$/, data: /^full in 41 days$/ },
  { page: 'backup', title: 'Backup', asks: '/spare', empty: /^No site keeps a second copy/, data: /^Ours, at CHU Sud$/ },
  { page: 'alarms', title: 'Alarms', asks: '/alarms', empty: /^Nothing is wrong\.$/, data: /^The last backup is 9 days old$/ },
  { page: 'corrections', title: 'Corrections', asks: '/corrections', empty: /^Nothing was corrected\.$/, data: /LE GOFF Maël/ },
  { page: 'rejections', title: 'Rejections', asks: '/rejections', empty: /^Nothing is rejected\.$/, data: /^Wrong worklist entry$/ },
  { page: 'retention', title: 'Retention', asks: '/retention', empty: /^No study is older than five years\.$/, data: /IRM lombaire/ },
  { page: 'tiers', title: 'Tiers', asks: '/tiers', empty: /^No study is there\.$/, data: /^GIRARD Stéphane$/ },
  { page: 'sources', title: 'PACS and migration', asks: '/sources', empty: /^No PACS is known yet\.$/, data: /^PACS-central$/ },
  { page: 'rules', title: 'Rules on arrival', asks: '/rules/peers', empty: /^Nothing was offered\.$/, data: /^No agreement in force covers it for this peer\.$/ },
  { page: 'conflicts', title: 'Conflicts', asks: '/conflicts', empty: /^Nothing waits for a decision\.$/, data: /^Durand Anne$/ },
];

const at = (page: string) => ({ at: `/archive/${page}`, as: 'admin' as const });

describe.each(PAGES)('the page of $page', ({ page, title, asks, empty, data }) => {
  test('shows what there is', async () => {
    await openPortal(archiveNode('much'), at(page));
    expect((await screen.findAllByText(data)).length).toBeGreaterThan(0);
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(title);
  });

  test('says so when there is nothing', async () => {
    await openPortal(archiveNode('nothing'), at(page));
    await screen.findByText(empty);
    expect(screen.queryByText(data)).toBeNull();
  });

  test('shows that it waits', async () => {
    const node = archiveNode('much');
    node.unanswered.set(`GET ${asks}`, 'waiting');
    await openPortal(node, at(page));
    await screen.findByRole('heading', { level: 1, name: title });
    expect(screen.getAllByRole('status', { name: 'Loading…' }).length).toBeGreaterThan(0);
    expect(screen.queryByText(data)).toBeNull();
  });

  test('says that the node is gone, and asks again when told to', async () => {
    const node = archiveNode('much');
    node.unanswered.set(`GET ${asks}`, 'lost');
    const { user } = await openPortal(node, at(page));
    const failure = await screen.findByRole('alert');
    expect(within(failure).getByRole('heading').textContent).toBe('The node does not answer');
    node.unanswered.clear();
    await user.click(within(failure).getByRole('button', { name: 'Try again' }));
    expect((await screen.findAllByText(data)).length).toBeGreaterThan(0);
  });

  test('names the reference of a fault inside the node', async () => {
    const node = archiveNode('much');
    node.instead.set(`GET ${asks}`, { status: 500, body: { error: 'internal', message: '', reference: 'b7f3' } });
    await openPortal(node, at(page));
    expect((await screen.findByRole('alert')).textContent).toContain('b7f3');
  });
});

test.each<[Role, string[] | null]>([
  ['admin', ['Storage', 'Backup', 'Conflicts', 'Corrections', 'Rejections', 'Retention', 'Tiers', 'Rules on arrival', 'PACS and migration', 'Alarms', 'Import']],
  ['technologist', ['Conflicts', 'Corrections', 'Rejections', 'Import']],
  ['radiologist', ['Import']],
  ['auditor', null],
])('a person whose role is %s sees the tabs %j', async (role, tabs) => {
  await openPortal(archiveNode('nothing'), { at: '/archive', as: role });
  if (tabs === null) {
    await screen.findByRole('heading', { name: 'Not part of your role' });
    expect(screen.queryByRole('link', { name: 'Archive' })).toBeNull();
  } else {
    const bar = await screen.findByRole('navigation', { name: 'Archive' });
    expect(tabs.filter(tab => !within(bar).queryByRole('link', { name: tab }))).toEqual([]);
  }
});

test('an address that is not for the role leads to the first page that is', async () => {
  const { address } = await openPortal(archiveNode('nothing'), { at: '/archive/retention', as: 'technologist' });
  await screen.findByText('Nothing waits for a decision.');
  expect(address()).toBe('/archive/conflicts');
});

describe('a technologist', () => {
  test('reinstates what was rejected, asked twice', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /rejections/5/reinstate', { status: 200, body: {} });
    const { user } = await openPortal(node, { at: '/archive/rejections', as: 'technologist' });
    await user.click(await screen.findByRole('button', { name: 'Reinstate: 1.2.40' }));
    expect(node.requests).not.toContain('POST /rejections/5/reinstate');
    await user.tab();
    await user.click(screen.getByRole('button', { name: 'Reinstate: 1.2.40' }));
    await user.click(screen.getByRole('button', { name: 'Really reinstate: 1.2.40' }));
    await waitFor(() => expect(node.requests).toContain('POST /rejections/5/reinstate'));
  });

  test('corrects a study with days and sex as DICOM writes them', async () => {
    const node = archiveNode('nothing');
    const sent: unknown[] = [];
    const handle = node.handle.bind(node);
    node.instead.set('POST /studies/1.2.9/correct', { status: 200, body: {} });
    node.handle = (method, path, body) => {
      // Besides, a page says that its screen is live.
      if (method === 'POST' && path.startsWith('/studies/')) sent.push(body);
      return handle(method, path, body);
    };
    const { user } = await openPortal(node, { at: '/archive/corrections', as: 'technologist' });
    const correct = await screen.findByRole<HTMLButtonElement>('button', { name: 'Correct' });
    await user.type(screen.getByLabelText('Study Instance UID'), ' 1.2.9 ');
    expect(correct.disabled).toBe(true);
    await user.type(screen.getByLabelText('Birth date'), '1971-04-02');
    await user.type(screen.getByLabelText('Study time'), '07:30');
    await user.type(screen.getByLabelText('Reason'), 'typed wrongly');
    await user.click(correct);
    await screen.findByText('Corrected. Peers are told.');
    expect(sent).toEqual([{ set: { PatientBirthDate: '19710402', StudyTime: '073000' }, note: 'typed wrongly' }]);
  });

  test('takes a correction back, and one that is taken back not again', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /corrections/3/undo', { status: 409, body: { error: 'built-on', message: '' } });
    const { user } = await openPortal(node, { at: '/archive/corrections', as: 'technologist' });
    await user.click(await screen.findByRole('button', { name: 'Take back: 1.2.30' }));
    await user.click(screen.getByRole('button', { name: 'Really take back: 1.2.30' }));
    await screen.findByText('A later merge builds on it: take that back first.');
    expect(screen.queryByRole('button', { name: /1\.2\.31/ })).toBeNull();
  });

  test('is asked before all studies of a patient are shown under another', async () => {
    const node = archiveNode('nothing');
    node.instead.set('POST /patients/merge', { status: 200, body: {} });
    const { user } = await openPortal(node, { at: '/archive/corrections', as: 'technologist' });
    await user.type(await screen.findByLabelText('Patient ID shown otherwise'), 'P2');
    const likes = screen.getAllByLabelText('Study Instance UID of the right patient');
    await user.type(likes.at(-1) ?? document.body, '1.2.9');
    await user.click(screen.getByRole('button', { name: 'Merge two patients' }));
    const dialog = await screen.findByRole('dialog', { name: 'Show all studies of P2 under another patient?' });
    expect(node.requests).not.toContain('POST /patients/merge');
    await user.click(within(dialog).getByRole('button', { name: 'Merge' }));
    await waitFor(() => expect(node.requests).toContain('POST /patients/merge'));
  });
});

describe('an administrator', () => {
  test('lifts a hold with a reason, by the keyboard, and stands again where they stood', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /studies/1.2.50/retention', { status: 200, body: {} });
    const { user } = await openPortal(node, at('retention'));
    const name = 'Release the hold: TANGUY Gaëlle';
    const button = await screen.findByRole('button', { name });
    button.focus();
    await user.keyboard('{Enter}');
    const reason = screen.getByLabelText(/^Release the hold: why/);
    expect(document.activeElement).toBe(reason);
    await user.keyboard('{Escape}');
    expect(document.activeElement).toBe(screen.getByRole('button', { name }));
    await user.keyboard('{Enter}over{Enter}');
    await waitFor(() => expect(node.requests).toContain('POST /studies/1.2.50/retention'));
    await screen.findByRole('button', { name });
  });

  test('recalls a study from the cold tier', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /studies/1.2.60/tier', { status: 202, body: {} });
    const { user } = await openPortal(node, at('tiers'));
    await user.click(await screen.findByRole('button', { name: 'Recall the study of GIRARD Stéphane' }));
    await waitFor(() => expect(node.requests).toContain('POST /studies/1.2.60/tier'));
  });

  test('adds a PACS, sees which one is ill, and stops a migration only when asked twice', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /sources', { status: 200, body: {} });
    node.instead.set('POST /migrations/2/cancel', { status: 200, body: {} });
    const { user } = await openPortal(node, at('sources'));
    await screen.findByText(/^Fault: /);
    const save = screen.getByRole<HTMLButtonElement>('button', { name: 'Save' });
    expect(save.disabled).toBe(true);
    await user.type(screen.getByLabelText('Name'), 'PACS2');
    await user.type(screen.getByLabelText('AE title'), 'PACS2');
    await user.type(screen.getByLabelText('Host'), '10.0.0.2');
    await user.click(save);
    await waitFor(() => expect(node.requests).toContain('POST /sources'));
    await user.click(screen.getByRole('button', { name: /^Stop for good: / }));
    expect(node.requests).not.toContain('POST /migrations/2/cancel');
    await user.click(screen.getByRole('button', { name: /^Really stop for good: / }));
    await waitFor(() => expect(node.requests).toContain('POST /migrations/2/cancel'));
  });

  test('sends a test of the alarms, and reads why it did not go out', async () => {
    const node = archiveNode('much');
    node.instead.set('POST /alarms/test', { status: 200, body: { fault: { code: 'mail', detail: 'smtp: 535' } } });
    const { user } = await openPortal(node, at('alarms'));
    await user.click(await screen.findByRole('button', { name: 'Send a test' }));
    expect((await screen.findByRole('alert')).textContent).toContain('smtp: 535');
  });

  test('looks at a medium before anything is taken in', async () => {
    const { user } = await openPortal(archiveNode('nothing'), at('import'));
    const look = await screen.findByRole<HTMLButtonElement>('button', { name: 'Look' });
    expect(look.disabled).toBe(true);
    await user.type(screen.getByLabelText(/^Path on the node/), '/media/cd');
    await user.click(look);
    expect((await screen.findByRole('alert')).textContent).toContain('There is no such thing');
  });
});

describe('a second copy of the backup', () => {
  const standing = { ...keeping.standing, whole: null, bytes: 300_000_000_000, missing_files: 800, missing_bytes: 600_000_000_000 };
  const open = async (...keepings: Parameters<typeof copies>) => {
    const node = archiveNode('much');
    node.instead.set('GET /spare', { status: 200, body: copies(...keepings) });
    return { node, ...(await openPortal(node, at('backup'))) };
  };

  test('says how far it came, and why it stopped', async () => {
    await open({ ...keeping, proved: null, age_days: null, standing: { ...standing, halt: 'full', needed_bytes: 3_000_000_000_000 } });
    const halt = await screen.findByRole('alert');
    expect(halt.textContent).toMatch(/^Nothing more is copied: .* are needed/);
    expect(screen.getByRole('progressbar', { name: 'Copied' }).getAttribute('aria-valuenow')).toMatch(/^33/);
  });

  test('tells what was proved, and asks again when told to', async () => {
    const { node, user } = await open({ ...keeping, proved: { at: '2026-11-01T10:00:00Z', files: 16, bad: 1 } });
    await screen.findByText('15 of 16 files drawn');
    node.instead.set(`POST /spare/${keeping.id}/prove`, { status: 200, body: { at: '2026-11-01T10:00:00Z', files: 64, bad: 0 } });
    await user.click(screen.getByRole('button', { name: 'Have it proved' }));
    await waitFor(() => expect(node.requests).toContain(`POST /spare/${keeping.id}/prove`));
  });

  test('that is offered here is signed here', async () => {
    const { node, user } = await open({ ...keeping, keeps: true, state: 'received', standing: null, proved: null, told: null });
    await screen.findByText('That of CHU Sud, here');
    node.instead.set(`POST /spare/${keeping.id}/accept`, { status: 200, body: { ...keeping, keeps: true } });
    await user.click(screen.getByRole('button', { name: 'Sign' }));
    await waitFor(() => expect(node.requests).toContain(`POST /spare/${keeping.id}/accept`));
  });

  test('is ended after a question only', async () => {
    const { node, user } = await open(keeping);
    node.instead.set(`POST /spare/${keeping.id}/end`, { status: 200, body: { ...keeping, state: 'ended' } });
    await user.click(await screen.findByRole('button', { name: 'End' }));
    await screen.findByText(/What was copied stays for 30 days/);
    expect(node.requests).not.toContain(`POST /spare/${keeping.id}/end`);
    await user.click(screen.getByRole('button', { name: 'End it' }));
    await waitFor(() => expect(node.requests).toContain(`POST /spare/${keeping.id}/end`));
  });

  test('that is over says what became of it', async () => {
    await open({ ...keeping, state: 'ended', standing: null, proved: null, erased: { at: '2026-11-01T10:00:00Z', files: 3, bytes: 5_000_000 } });
    await screen.findByText(/by the receipt of the keeper/);
    expect(screen.queryByRole('button', { name: 'End' })).toBeNull();
  });
});

describe('the bell', () => {
  test('counts what stands, says it politely, and leads there', async () => {
    const { user, address } = await openPortal(archiveNode('much'), { at: '/studies', as: 'admin' });
    const bell = await screen.findByRole('link', { name: '2 alarms' });
    expect(screen.getByText('2 alarms').getAttribute('aria-live')).toBe('polite');
    bell.focus();
    await user.keyboard('{Enter}');
    await screen.findByText('The last backup is 9 days old');
    expect(address()).toBe('/archive/alarms');
  });

  test('of none', async () => {
    const node = archiveNode('nothing');
    await openPortal(node, { at: '/archive/storage', as: 'admin', language: 'fr' });
    await screen.findByRole('link', { name: 'Aucune alerte' });
  });

  test('is not for those who cannot do anything about it', async () => {
    const node = archiveNode('much');
    await openPortal(node, { at: '/studies', as: 'radiologist' });
    await screen.findByText('No studies yet');
    expect(screen.queryByRole('link', { name: /alarm/i })).toBeNull();
    expect(node.requests).not.toContain('GET /alarms');
  });
});

test('the list says where images are, and how long bringing them takes', async () => {
  // jsdom lays nothing out; the list needs a height to know which rows are in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  const node = busyNode();
  const [first, second, third] = node.studies;
  if (!first || !second || !third) throw new Error('no studies');
  node.studies = [
    { ...first, holder: null, availability: 'nearline', recall_s: 75 },
    { ...second, holder: null, availability: 'unreachable' },
    { ...third, holder: null, availability: 'nearline', source: 'PACS-central' },
  ];
  await openPortal(node, { at: '/studies', language: 'fr' });
  await screen.findByText(/^Quasi en ligne · 1\smin\s15\ss$/);
  expect(screen.getByText('Hors ligne')).toBeTruthy();
  expect(screen.getByText('Dans le PACS')).toBeTruthy();
});

test('what rules offer and fetch is shown with its reason, and a rule on peers’ studies asks only for what is told', async () => {
  const node = archiveNode('much');
  node.instead.set('POST /rules', { status: 200, body: {} });
  node.instead.set('POST /rules/peers/retry', { status: 204 });
  node.instead.set('POST /rules/peers/drop', { status: 204 });
  const { user } = await openPortal(node, { at: '/archive/rules', as: 'admin' });
  await screen.findByText('No agreement in force covers it for this peer.');
  expect(screen.getByText(/^10\.0 MB of 40\.0 MB here · offered to us$/)).toBeTruthy();
  expect(screen.getByText(/earlier study · not opened yet$/)).toBeTruthy();
  expect(screen.getByText('2 studies, 80.0 MB')).toBeTruthy();

  await user.click(screen.getByRole('button', { name: /^Try now to offer MARTIN/ }));
  await waitFor(() => expect(node.requests).toContain('POST /rules/peers/retry'));
  await user.click(screen.getByRole('button', { name: /^Do not fetch MARTIN/ }));
  expect(node.requests).not.toContain('POST /rules/peers/drop');
  await user.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Do not fetch' }));
  await waitFor(() => expect(node.requests).toContain('POST /rules/peers/drop'));

  expect(screen.getByLabelText('Station name', { selector: 'input' })).toBeTruthy();
  await user.click(screen.getByRole('radio', { name: /peers tell of/ }));
  expect(screen.queryByLabelText('Station name', { selector: 'input' })).toBeNull();
  expect(screen.queryByLabelText('Label', { selector: 'input' })).toBeNull();
  await user.type(screen.getByLabelText('Name'), 'Night');
  await user.type(screen.getByLabelText('Fetch at these hours'), '19:00-07:00');
  await user.click(screen.getByRole('button', { name: 'Add the rule' }));
  await waitFor(() => expect(node.requests).toContain('POST /rules'));
});
