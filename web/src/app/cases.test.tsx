// What people do in the reading room, from the request to the signature, against a fake node.

import { act, screen, waitFor, within } from '@testing-library/react';
import { webcrypto } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CASE, caseOf, EVENT, reportOf } from '../testing/caseNode';
import { busyNode, FakeNode, NORTH, study } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => {
  sessionStorage.clear();
  vi.stubGlobal('open', vi.fn(() => window));
  // jsdom lays nothing out; the list needs a height to know which rows are in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
  vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(1280);
});

const mine = (person = 'dr.bernard') => ({ site: 'own', site_name: 'CH Sud', person, at: '2026-11-29T02:11:00Z', mine: person === 'dr.bernard' });
const grid = () => screen.findByRole('grid', { name: 'Worklist' });
const bodyRows = async () => within(await grid()).getAllByRole('row').slice(1);

describe('the worklist', () => {
  test('shows the most urgent first, and a silent hospital in red with its number', async () => {
    await openPortal(busyNode(), { at: '/cases' });
    const rows = await bodyRows();
    expect(rows.slice(0, 3).map(row => row.dataset.priority)).toEqual(['P0', 'P0', 'P0']);
    expect(rows[0]?.textContent).toContain('KERVELLA');
    expect(screen.getByText(/silent, last heard/)).toBeTruthy();
    expect(screen.getByRole('link', { name: '02 97 55 66 77' }).getAttribute('href')).toBe('tel:0297556677');
  });

  test('is worked from the keyboard: down, reserve, and a colleague who was first is named', async () => {
    const node = new FakeNode();
    node.cases.cases = [caseOf({ case: CASE(1) }), caseOf({ case: CASE(2), due: null, claim: mine('dr.leroy') })];
    const { user } = await openPortal(node, { at: '/cases' });
    await grid();
    await user.keyboard('jc');
    await screen.findByText('you');
    expect(node.requests).toContain(`POST /cases/${CASE(1)}/steps`);
    // A click before the news of the other claim came.
    node.cases.cases = node.cases.cases.map(one => (one.case === CASE(1) ? { ...one, claim: null } : one));
    act(() => void node.cases.change(CASE(1), {}));
    await waitFor(() => expect(screen.queryByText('you')).toBeNull());
    node.cases.cases = node.cases.cases.map(one => (one.case === CASE(1) ? { ...one, claim: mine('dr.leroy') } : one));
    await user.keyboard('c');
    expect(await screen.findByText(/Taken by dr.leroy \(CH Sud\) at \d\d:11/)).toBeTruthy();
  });

  test('takes a new case in by itself, rings for it, and stops when it was heard', async () => {
    const node = new FakeNode();
    const { user } = await openPortal(node, { at: '/cases' });
    await screen.findByText('No case is open');
    node.cases.cases = [caseOf({ case: CASE(7), stage: 'offered', priority: 'P0', role: 'asked', patient: { ...caseOf({ case: CASE(7) }).patient, name: 'KERVELLA^Maïwenn' } })];
    node.cases.alerts = [{ id: 'asked-7', case: CASE(7), kind: 'asked', priority: 'P0', site_name: 'CH Nord', at: new Date().toISOString(), text: '', lost_to: null }];
    act(() => void node.cases.change(CASE(7), {}, { step: 'offered' }));
    expect(await screen.findByText('KERVELLA Maïwenn')).toBeTruthy();
    expect(within(await screen.findByRole('alert')).getByText(/CH Nord asks for a reading/)).toBeTruthy();
    await user.keyboard('h');
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
    expect(node.requests).toContain(`POST /cases/${CASE(7)}/alerts`);
  });

  test('keeps its filters in the address and asks the node with the same words', async () => {
    const node = busyNode();
    const { user, address } = await openPortal(node, { at: '/cases?tab=ready' });
    await grid();
    await user.click(screen.getByRole('button', { name: 'P0' }));
    await waitFor(() => expect(address()).toBe('/cases?tab=ready&priority=P0'));
    await waitFor(() => expect(node.requests.some(request => request.startsWith('GET /cases?tab=ready&priority=P0&'))).toBe(true));
    expect(await bodyRows()).toHaveLength(1);
    await user.keyboard('[[');
  });

  test('asks for what lies below as it is scrolled to, once each, and counts the whole', async () => {
    const node = new FakeNode();
    node.cases.cases = Array.from({ length: 250 }, (_, index) => caseOf({ case: CASE(index + 1), due: null }));
    // A screen so high that the end of each page is in sight.
    vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(20_000);
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(20_000);
    await openPortal(node, { at: '/cases' });
    await grid();
    expect(screen.getByText('250 cases')).toBeTruthy();
    await waitFor(() => expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('251'));
    expect(node.requests.filter(request => request.includes('&after='))).toHaveLength(2);
    // One that is new and urgent stands on top at once, and nothing else is lost or shown twice.
    node.cases.cases = [...node.cases.cases, caseOf({ case: CASE(999), priority: 'P0', due: null })];
    act(() => void node.cases.change(CASE(999), {}));
    await waitFor(() => expect(screen.getByRole('grid').getAttribute('aria-rowcount')).toBe('252'));
  });

  test('is never simply empty while a hospital is silent', async () => {
    const node = new FakeNode();
    node.cases.sites = [{ site: NORTH, site_name: 'CH Nord', ours: false, connected: false, last_contact: '2026-11-29T02:00:00Z', silent: true, open_cases: 0, telephones: ['02 97'] }];
    await openPortal(node, { at: '/cases' });
    expect(await screen.findByRole('heading', { name: 'A hospital is silent' })).toBeTruthy();
    expect(screen.queryByText('No case is open')).toBeNull();
  });

  test('is not for an auditor; a referrer can neither reserve nor check a shift', async () => {
    await openPortal(busyNode(), { at: '/cases', as: 'auditor' });
    expect(await screen.findByText('Not part of your role')).toBeTruthy();
  });
});

describe('a request', () => {
  test('names what is missing in its place, and leaves once it is there', async () => {
    const node = new FakeNode();
    node.studies = [study({ study: '1.2.3' })];
    const { user, address } = await openPortal(node, { at: '/cases/new?study=1.2.3', as: 'referrer' });
    await screen.findByText('MARTIN Éloïse');
    await user.click(screen.getByRole('button', { name: 'Send the request' }));
    expect(await screen.findByText(/Still missing: identity check, question, why by teleradiology, consent\./)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: /Stroke/ }));
    await user.click(screen.getByRole('checkbox', { name: /I have checked the identity/ }));
    await user.click(screen.getByRole('button', { name: 'Send the request' }));
    await waitFor(() => expect(address()).toMatch(/^\/cases\/[0-9a-f]{32}$/));
    const [made] = node.cases.cases;
    expect(made).toMatchObject({ priority: 'P0', studies: ['1.2.3'], region: 'HEAD' });
    expect(await screen.findByText(/is asked and has not answered yet/)).toBeTruthy();
  });

  test('of an examination that is yet to be made says its number, issued by this site unless somebody writes another', async () => {
    const node = new FakeNode();
    const { user, address } = await openPortal(node, { at: '/cases/new', as: 'referrer' });
    await user.click(await screen.findByRole('button', { name: 'The examination is yet to be made' }));
    await user.type(screen.getByLabelText(/Family name/), 'KERVELLA');
    const issuer = screen.getByLabelText<HTMLInputElement>(/Issuer of the accession number/);
    await waitFor(() => expect(issuer.value).toBe('CH Sud'));
    await user.type(screen.getByLabelText(/^Accession number/), 'A77');
    await user.clear(issuer);
    await user.click(screen.getByRole('button', { name: /Stroke/ }));
    await user.click(screen.getByRole('checkbox', { name: /I have checked the identity/ }));
    await user.click(screen.getByRole('button', { name: 'Send the request' }));
    expect(await screen.findByText('Still missing: issuer of the accession number.')).toBeTruthy();
    await user.type(issuer, 'RIS');
    await user.click(screen.getByRole('button', { name: 'Send the request' }));
    await waitFor(() => expect(address()).toMatch(/^\/cases\/[0-9a-f]{32}$/));
    expect(node.cases.cases[0]).toMatchObject({ accession: 'A77', accession_issuer: 'RIS', studies: [] });
  });
});

const paper = (name: string, content = '%PDF-1.7') => new File([content], name, { type: 'application/pdf' });

describe('attachments', () => {
  test('leave with the request; one that is no PDF inside is named and stays', async () => {
    const node = new FakeNode();
    node.studies = [study({ study: '1.2.3' })];
    const { user, address } = await openPortal(node, { at: '/cases/new?study=1.2.3', as: 'referrer' });
    await screen.findByText('MARTIN Éloïse');
    await user.click(screen.getByRole('button', { name: /Stroke/ }));
    await user.click(screen.getByRole('checkbox', { name: /I have checked the identity/ }));
    const input = document.querySelector<HTMLInputElement>('input[type=file]');
    if (!input) throw new Error('nothing can be chosen');
    await user.upload(input, [paper('letter.pdf'), paper('page.pdf', '<html></html>')]);
    expect(await screen.findByText(/neither PDF, JPEG nor PNG by its content/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Send the request' }));
    await waitFor(() => expect(address()).toMatch(/^\/cases\/[0-9a-f]{32}$/));
    expect(await screen.findByRole('link', { name: 'letter.pdf' })).toBeTruthy();
    expect(node.cases.cases[0]?.attachments.map(one => one.name)).toEqual(['letter.pdf']);
  });

  test('are added in the case, opened there, and tried again after a refusal', async () => {
    const node = new FakeNode();
    const there = { attachment: EVENT(8), name: 'old.pdf', media: 'application/pdf' as const, bytes: 2_000_000, person: 'martin', at: '2026-11-29T02:00:00Z', here: false };
    node.cases.cases = [caseOf({ case: CASE(1), stage: 'offered', role: 'requester', attachments: [there] })];
    node.cases.refusesFiles.add('photo.pdf');
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}`, as: 'referrer' });
    expect(await screen.findByText('on its way')).toBeTruthy();
    expect(screen.queryByRole('link', { name: 'old.pdf' })).toBeNull();
    const input = document.querySelector<HTMLInputElement>('input[type=file]');
    if (!input) throw new Error('nothing can be chosen');
    await user.upload(input, [paper('photo.pdf'), paper('letter.pdf')]);
    const link = await screen.findByRole('link', { name: 'letter.pdf' });
    expect(link.getAttribute('href')).toMatch(/^\/api\/cases\/[0-9a-f]{32}\/attachments\/[0-9a-f]{64}$/);
    expect(await screen.findByText(/photo\.pdf : This file is neither PDF/)).toBeTruthy();
    node.cases.refusesFiles.clear();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByRole('link', { name: 'photo.pdf' })).toBeTruthy();
  });

  test('are not added by whoever reads', async () => {
    const node = new FakeNode();
    node.cases.cases = [caseOf({ case: CASE(1) })];
    await openPortal(node, { at: `/cases/${CASE(1)}` });
    await screen.findByText(/Dyspnée brutale/);
    expect(screen.queryByRole('button', { name: 'Attach a file' })).toBeNull();
  });
});

describe('a case', () => {
  test('a critical result is closed by a clinician, or by a call that was read back', async () => {
    const node = new FakeNode();
    const report = reportOf({ event: EVENT(9), critical: true, unheard: true, hear_by: '2026-11-29T02:36:00Z' });
    node.cases.cases = [caseOf({ case: CASE(1), stage: 'preliminary', role: 'requester', reports: [report] })];
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}`, as: 'referrer' });
    const article = await screen.findByRole('article', { name: 'Preliminary' });
    expect(within(article).getByText(/NOT FINAL/)).toBeTruthy();
    // On paper, across every page.
    expect(screen.getByText('PROVISIONAL')).toBeTruthy();
    await user.click(within(article).getByRole('button', { name: 'Told by telephone' }));
    const dialog = await screen.findByRole('dialog');
    await user.type(within(dialog).getByLabelText(/Who was told/), 'Dr Morvan, SAU');
    await user.click(within(dialog).getByRole('button', { name: 'Record the call' }));
    expect(node.requests.filter(request => request.endsWith('/steps'))).toHaveLength(0);
    await user.click(within(dialog).getByRole('checkbox'));
    await user.click(within(dialog).getByRole('button', { name: 'Record the call' }));
    expect(await screen.findByText('The critical result was heard.')).toBeTruthy();
  });

  test('its images are opened from where they are, in the one viewer that the case has, and that begins the reading', async () => {
    const node = new FakeNode();
    node.cases.cases = [caseOf({ case: CASE(1), claim: mine(), images: { here: 0, expected: 412, ready: true, count_confirmed: true } })];
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}` });
    expect(await screen.findByText('412 images can be read; 0 are here already · counted by the technologist')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Images' }));
    await waitFor(() => expect(vi.mocked(open)).toHaveBeenCalledWith(expect.stringContaining('/ohif/viewer'), `confrere-${CASE(1)}`));
    expect(await screen.findByText('dr.bernard (CH Sud) is reading.')).toBeTruthy();
  });

  test('two reports that differ stand side by side and get a class', async () => {
    const node = busyNode();
    const owed = node.cases.cases.find(one => one.flags.includes('comparison-owed'));
    const { user } = await openPortal(node, { at: `/cases/${owed?.case ?? ''}` });
    await user.click(await screen.findByRole('button', { name: 'Compare' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getAllByRole('article')).toHaveLength(2);
    expect(dialog.querySelectorAll('mark').length).toBeGreaterThan(1);
    await user.click(within(dialog).getByRole('radio', { name: /Moderate/ }));
    await user.type(within(dialog).getByLabelText(/In what they differ/), 'retentissement droit');
    await user.click(within(dialog).getByRole('button', { name: 'Record the comparison' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(await screen.findByText('Moderate')).toBeTruthy();
  });
});

describe('a report', () => {
  const claimed = () => {
    const node = new FakeNode();
    node.cases.cases = [caseOf({ case: CASE(1), claim: mine() })];
    return node;
  };
  const findings = () => screen.findByLabelText<HTMLTextAreaElement>('Findings');

  test('is kept as it is written, signed for the patient that is repeated, and then gone as a draft', async () => {
    const node = claimed();
    const { user, address } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'Embolie. /normal');
    await user.keyboard('{Tab}');
    expect((await findings()).value).toBe('Embolie. No abnormality detected.');
    await waitFor(() => expect(node.cases.drafts.size).toBe(1));
    await screen.findByText(/kept at the node/);
    await user.keyboard('{Control>}{Enter}{/Control}');
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('DURAND PAUL');
    for (const shown of ['01/01/1950', 'CH Nord', '29/11/2026']) expect(within(dialog).getByText(shown)).toBeTruthy();
    await user.click(within(dialog).getByRole('button', { name: 'Sign preliminary' }));
    await waitFor(() => expect(address()).toBe(`/cases/${CASE(1)}`));
    expect(node.cases.drafts.size).toBe(0);
    expect(node.cases.cases[0]?.reports[0]).toMatchObject({ standing: 'preliminary', findings: 'Embolie. No abnormality detected.', despite: '' });
  });

  test('is refused where the case is another patient’s by now', async () => {
    const node = claimed();
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'x');
    const before = node.cases.cases[0];
    // Corrected at the hospital, and no news of it yet.
    node.cases.cases = node.cases.cases.map(one => ({ ...one, patient: { ...one.patient, name: 'DUPOND^PAUL' } }));
    await user.click(screen.getByRole('button', { name: 'Sign preliminary' }));
    const dialog = await screen.findByRole('dialog');
    expect(await within(dialog).findByText('Not the same patient or examination')).toBeTruthy();
    expect(within(dialog).getByText('the case now says DUPOND PAUL')).toBeTruthy();
    expect(within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Sign preliminary' }).disabled).toBe(true);
    expect(before?.reports).toEqual([]);
  });

  test('with images missing is signed with a reason or not at all', async () => {
    const node = claimed();
    node.cases.cases = node.cases.cases.map(one => ({ ...one, images: { here: 312, expected: null, ready: true, count_confirmed: false } }));
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'x');
    await user.click(screen.getByRole('button', { name: 'Sign preliminary' }));
    const dialog = await screen.findByRole('dialog');
    const sign = () => within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Sign preliminary' });
    const reason = await within(dialog).findByLabelText(/The count is unconfirmed/);
    expect(sign().disabled).toBe(true);
    await user.type(reason, 'Seen with the scanner room');
    await user.click(sign());
    await waitFor(() => expect(node.cases.cases[0]?.reports[0]?.despite).toBe('Seen with the scanner room'));
  });

  test('for a lack that nobody saw is refused: it is shown, and signed with the reason that was typed', async () => {
    const node = claimed();
    const change = (part: object) => (node.cases.cases = node.cases.cases.map(one => ({ ...one, ...part })));
    change({ flags: ['other-patient'], patient_of_images: { ...caseOf({ case: CASE(1) }).patient, name: 'RIOU^JEAN' } });
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'x');
    await user.click(screen.getByRole('button', { name: 'Sign preliminary' }));
    const dialog = await screen.findByRole('dialog');
    const other = await within(dialog).findByRole('alert');
    expect(other.textContent).toMatch(/Images are of another patient than the request.*RIOU JEAN/);
    const reason = within(dialog).getByRole<HTMLTextAreaElement>('textbox');
    await user.type(reason, 'Checked with the scanner room');
    // Found undecodable, and no news of it yet.
    change({ study_list: node.cases.cases[0]?.study_list.map(one => ({ ...one, undecoded: 2 })) });
    await user.click(within(dialog).getByRole('button', { name: 'Sign preliminary' }));
    expect(await within(dialog).findByLabelText(/2 images could not be decoded/)).toBe(reason);
    expect(reason.value).toBe('Checked with the scanner room');
    expect(node.cases.cases[0]?.reports).toEqual([]);
    await user.click(within(dialog).getByRole('button', { name: 'Sign preliminary' }));
    await waitFor(() => expect(node.cases.cases[0]?.reports[0]?.despite).toBe('Checked with the scanner room'));
  });

  test('that says other than the preliminary is laid beside it as soon as it is signed', async () => {
    const node = claimed();
    node.cases.cases = node.cases.cases.map(one => ({ ...one, stage: 'preliminary', reports: [reportOf({ event: EVENT(9) })] }));
    const { user, address } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await screen.findByLabelText('Conclusion'), ' Contrôle à J7.');
    await user.click(screen.getByRole('button', { name: 'Sign final' }));
    const dialog = await screen.findByRole('dialog');
    await within(dialog).findByText('DURAND PAUL');
    await user.click(within(dialog).getByRole('button', { name: 'Sign final' }));
    const both = await screen.findByRole('dialog', { name: 'Two reports side by side' });
    expect(address()).toBe(`/cases/${CASE(1)}`);
    await user.click(within(both).getByRole('button', { name: 'Cancel' }));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(screen.getByRole('button', { name: 'Compare' })).toBeTruthy();
    // On paper it is no longer preliminary.
    expect(screen.queryByText('PROVISIONAL')).toBeNull();
  });

  test('says that images were seen as previews only', async () => {
    const node = claimed();
    node.previews = { wanted: true, over: true, images: 412, whole: 12, previewed: 410, absent: 2 };
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'x');
    await user.click(screen.getByRole('button', { name: 'Sign preliminary' }));
    const dialog = await screen.findByRole('dialog');
    expect((await within(dialog).findByText(/Of 412 images .* 12 are here/)).textContent).toContain('not diagnostic');
  });

  test('outlives a lost connection: kept here sealed, and at the node once it is back', async () => {
    vi.stubGlobal('crypto', webcrypto);
    const node = claimed();
    node.unanswered.set(`PUT /cases/${CASE(1)}/draft`, 'lost');
    const { user, streams } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
    await user.type(await findings(), 'Hémorragie');
    await screen.findByText(/The node does not answer: kept in this browser, sealed/);
    const box = localStorage.getItem(`confrere.kept.report.dr.bernard.${CASE(1)}`) ?? '';
    expect(box).not.toBe('');
    expect(box).not.toContain('morragie');
    expect(node.cases.drafts.size).toBe(0);
    node.unanswered.clear();
    act(() => {
      streams[0]?.onerror?.();
      streams[0]?.onopen?.();
    });
    await screen.findByText(/kept at the node/);
    expect([...node.cases.drafts.values()][0]).toMatchObject({ findings: 'Hémorragie' });
    expect(localStorage.getItem(`confrere.kept.report.dr.bernard.${CASE(1)}`)).toBeNull();
  });
});

test('nobody acknowledges a difference that their screen does not show', async () => {
  const node = new FakeNode();
  const reports = [reportOf({ event: EVENT(50) }), reportOf({ event: EVENT(51), standing: 'final' })];
  const comparison = { reports: [EVENT(50), EVENT(51)], class: 'major' as const, text: 'x', person: 'dr.bernard', event: EVENT(90), unread: true, mine: false };
  node.cases.cases = [caseOf({ case: CASE(1), stage: 'final', role: 'requester', reports, actions: ['acknowledge'] })];
  const { user } = await openPortal(node, { at: `/cases/${CASE(1)}` });
  const read = await screen.findByRole('button', { name: 'I have read it' });
  // They were compared since this page was opened.
  node.cases.cases = node.cases.cases.map(one => ({ ...one, comparisons: [comparison] }));
  await user.click(read);
  expect(await screen.findByText(/was found to differ from another since this page was opened/)).toBeTruthy();
  expect(node.cases.cases[0]?.stage).toBe('final');
  act(() => void node.cases.change(CASE(1), {}, { step: 'compared' }));
  await user.click(await screen.findByRole('button', { name: 'I know that they differ' }));
  await waitFor(() => expect(node.cases.cases[0]?.stage).toBe('acknowledged'));
});

test('everyone begins where their work is', async () => {
  await openPortal(busyNode(), { at: '/', as: 'radiologist' });
  expect(await screen.findByRole('region', { name: 'Asked of us' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Screen not checked' })).toBeTruthy();
});

test('the check of a screen does not pass before the sound was heard', async () => {
  const { user } = await openPortal(busyNode(), { at: '/cases' });
  await user.click(await screen.findByRole('button', { name: 'Screen not checked' }));
  const dialog = await screen.findByRole('dialog');
  expect(await within(dialog).findByText(/Silent: Hôpital de l’Île/)).toBeTruthy();
  expect(within(dialog).getByRole<HTMLButtonElement>('button', { name: 'The screen is good' }).disabled).toBe(true);
});
