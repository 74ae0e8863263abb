// Figures of the reading room, as an auditor sees them, against a fake node.

import { screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import { busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const none = { count: 0, in_time: 0, median_s: 0, longest_s: 0 };

function counted() {
  const node = busyNode();
  node.cases.statistics = {
    from: '2026-11-01',
    to: '2026-11-29',
    cases: 3,
    groups: [
      {
        night: '2026-11-28',
        requester: 'a',
        requester_name: 'CH Nord',
        reader: 'b',
        reader_name: 'CHU Sud',
        cases: 3,
        by_priority: [2, 0, 1, 0],
        cancelled: 0,
        unserved: 0,
        refused: 1,
        answer: { count: 3, in_time: 2, median_s: 90, longest_s: 400 },
        preliminary: { count: 3, in_time: 3, median_s: 600, longest_s: 840 },
        final: none,
        heard: none,
        compared: none,
      },
    ],
    refusals: [{ text: 'pas de neuroradiologue', count: 1 }],
    skips: [{ text: 'unreachable', count: 2 }],
    justifications: [{ text: '', count: 3 }],
    unread: [{ text: 'patient transféré', count: 1 }],
  };
  return node;
}

describe('Figures', () => {
  test('are told by site and night, with why sites refused, and go as CSV', async () => {
    await openPortal(counted(), { as: 'auditor', at: '/statistics?from=2026-11-01', language: 'fr' });
    const row = (await screen.findByText('CH Nord → CHU Sud')).closest('tr');
    if (!row) throw new Error('no row');
    within(row).getByText('P0 2 · P2 1');
    within(row).getByText('2 sur 3 dans le délai');
    within(row).getByText('1 refusée une fois');
    screen.getByText(/pas de neuroradiologue · 1/);
    screen.getByText(/injoignable · 2/);
    screen.getByText(/autres raisons · 3/);
    screen.getByText(/patient transféré · 1/);
    const csv = screen.getByRole('link', { name: 'Toutes les demandes en CSV' });
    expect(csv.getAttribute('href')).toBe('/api/cases/statistics.csv?from=2026-11-01');
  });

  test('of nights without a request say so', async () => {
    const node = busyNode();
    await openPortal(node, { as: 'auditor', at: '/statistics' });
    await screen.findByText('No request in these nights');
  });

  test('are not told to who may not read the log', async () => {
    await openPortal(counted(), { as: 'radiologist', at: '/statistics' });
    await screen.findByText('Not part of your role');
    expect(screen.queryByText('CH Nord → CHU Sud')).toBeNull();
  });
});
