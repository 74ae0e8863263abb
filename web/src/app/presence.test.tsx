// "Has anybody seen this patient?", asked from a case and from a request, against a fake node.

import { screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, test } from 'vitest';
import { CASE, caseOf } from '../testing/caseNode';
import { FakeNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const ASK = 'Ask the confrères whether they know this patient';
const INS = '255081416802538';

beforeEach(() => sessionStorage.clear());

const row = (site_name: string, answer: string, more: object = {}) => ({ site: site_name, site_name, answer, reason: null, retry_s: null, as_of: null, studies: [], ...more });

function nodeWith(identity: 'qualified' | 'validated'): FakeNode {
  const node = new FakeNode();
  const { patient } = caseOf({ case: CASE(1) });
  node.cases.cases = [caseOf({ case: CASE(1), patient: { ...patient, identity, ins: identity === 'qualified' ? INS : null } })];
  return node;
}

describe('a patient of a qualified identity', () => {
  test('is asked for by the keyboard, and each site’s answer stands with its reason, those who know first', async () => {
    const node = nodeWith('qualified');
    const sites = [
      row('CH Est', 'does-not', { as_of: '2026-11-29T02:10:00Z' }),
      row('CH Ouest', 'not-reached'),
      row('CHU Sud', 'refused', { reason: 'outside-hours' }),
      row('CH Nord', 'knows', { as_of: '2026-11-29T02:10:00Z', studies: [{ kind: 'CT', studies: 2 }, { kind: 'XR', studies: 1 }] }),
      row('Clinique', 'faulty'),
    ];
    node.instead.set('POST /presence', { status: 200, body: { asked: '2026-11-29T02:10:01Z', sites } });
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}` });
    const button = await screen.findByRole('button', { name: ASK });
    expect(node.requests).not.toContain('POST /presence');
    button.focus();
    await user.keyboard('{Enter}');
    const part = screen.getByRole('region', { name: 'Who knows this patient' });
    const rows = await within(part).findAllByRole('listitem');
    expect(rows.map(one => one.textContent)).toEqual([
      expect.stringMatching(/^CH Nordknows · 2 CT, 1 X-rayas of \d\d:10/),
      'Cliniqueanswer not believed',
      'CH Ouestnot reached',
      'CHU Sudmay not say · only at other hours',
      expect.stringMatching(/^CH Estdoes not knowas of/),
    ]);
    expect(within(part).getByRole('status').textContent).toBe('1 site knows the patient. 2 sites gave no answer.');
    expect(within(part).getByRole('button', { name: 'Ask again' })).toBeTruthy();
  });

  test('who asked too often is told, and nothing stands as an answer', async () => {
    const node = nodeWith('qualified');
    node.instead.set('POST /presence', { status: 429, body: { error: 'throttled', message: 'throttled', retry_s: 40 } });
    const { user } = await openPortal(node, { at: `/cases/${CASE(1)}` });
    await user.click(await screen.findByRole('button', { name: ASK }));
    expect(await screen.findByRole('alert')).toBeTruthy();
    expect(within(screen.getByRole('region', { name: 'Who knows this patient' })).queryAllByRole('listitem')).toEqual([]);
  });
});

test('a patient of whom only papers were seen is asked for nowhere', async () => {
  await openPortal(nodeWith('validated'), { at: `/cases/${CASE(1)}` });
  await screen.findByRole('heading', { name: 'Request' });
  expect(screen.queryByRole('button', { name: ASK })).toBeNull();
});
