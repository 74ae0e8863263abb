// Two records of what may be one patient, compared: what is alike and what is not, in words; and the choice that lets their images
// stand side by side is never the one at hand.

import { screen, waitFor, within } from '@testing-library/react';
import { expect, test } from 'vitest';
import type { HistoryRow } from '../api/history';
import type { Study } from '../api/types';
import { FakeNode, NORTH, study } from '../testing/fakeNode';
import { historyOf } from '../testing/history';
import { openPortal } from '../testing/portal';

const OTHER: Partial<Study> & { study: string } = {
  study: '8.8',
  description: 'Looks alike',
  holder: NORTH,
  site_name: 'CH Nord',
  instances: 1,
  instances_here: 0,
  patient: { name: 'MARTIN^Elise', birth_date: '19840321', sex: null, id: '77', issuer: 'CH Nord' },
};

/** A node with one study and another that looks alike; `change` is what its history tells of the other. */
function nodeWith(change: Partial<HistoryRow> = {}): FakeNode {
  const node = new FakeNode();
  node.studies = [study({ study: '1.1' }), study(OTHER)];
  const told = historyOf(node.studies, { study: '1.1' }) as { current?: boolean; row?: HistoryRow }[];
  node.instead.set('POST /history', { status: 200, lines: told.map(line => (line.row && !line.current ? { ...line, row: { ...line.row, ...change } } : line)) });
  return node;
}

async function compare(node: FakeNode, language: 'fr' | 'en' = 'en') {
  const portal = await openPortal(node, { language });
  await screen.findByRole('grid');
  await portal.user.keyboard('jp');
  await portal.user.click(await screen.findByRole('button', { name: /^(Compare the records|Comparer les dossiers)/ }));
  const dialog = await screen.findByRole('dialog', { name: /One patient, or two|Un patient, ou deux/ });
  const lines = within(dialog).getAllByRole('row').slice(1);
  return { ...portal, dialog, said: lines.map(line => [within(line).getByRole('rowheader').textContent, within(line).getAllByRole('cell').at(-1)?.textContent]) };
}

test('every trait says in words whether it is alike', async () => {
  const { said } = await compare(nodeWith({ differs: ['birth-date', 'birthplace'] }));
  expect(said).toEqual([
    ['name', 'written differently'],
    ['birth date', 'not alike'],
    ['sex', 'not known on both sides'],
    ['identifier', 'of another issuer'],
    ['birthplace', 'not alike'],
  ]);
});

test('a number of the same issuer that differs is not alike', async () => {
  const { patient } = study({ study: '1.1' });
  const { said } = await compare(nodeWith({ differs: [], identifier: { issuer: patient.issuer ?? '', id: 'other' } }), 'fr');
  expect(said.at(-1)).toEqual(['identifiant', 'diffère']);
});

test('to leave is at hand, to say that they are one patient comes last and does not stand out', async () => {
  const { dialog, user } = await compare(nodeWith());
  const [, leave, two, one] = within(dialog).getAllByRole<HTMLButtonElement>('button');
  expect([leave, two, one].map(button => button?.textContent)).toEqual(['Cancel', 'Two patients', 'One patient']);
  await waitFor(() => expect(document.activeElement).toBe(leave));
  expect([leave, two, one].map(button => button?.dataset.variant ?? 'filled')).toEqual(['default', 'filled', 'default']);
  await user.keyboard('{Enter}');
  expect(screen.queryByRole('dialog', { name: 'One patient, or two?' })).toBeNull();
});

test.each([
  ['en', /\b1 image ·/],
  ['fr', /\b1 image ·/],
] as const)('one image is one image (%s)', async (language, words) => {
  const portal = await openPortal(nodeWith(), { language });
  await screen.findByRole('grid');
  await portal.user.keyboard('jp');
  expect((await screen.findAllByText(words)).length).toBeGreaterThan(0);
});
