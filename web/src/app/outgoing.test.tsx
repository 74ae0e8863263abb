// What leaves from here, on the page of the peers, against a fake node.

import { screen, within } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => sessionStorage.clear());

const ROUTE = 'GET /transfers/outgoing';

test('nothing is being sent, and that is said', async () => {
  await openPortal(busyNode(), { at: '/peers', as: 'admin' });
  expect(await screen.findByText('Nothing is being sent.')).toBeTruthy();
});

test('what is being sent stands in a table, with what holds it back', async () => {
  const node = busyNode();
  const row = {
    site: 's', site_name: 'CHU Est', study: '1.2.840.7', priority: 'emergency', streams: 2, bytes: 4e6, bytes_per_s: 1e6, seconds: 4,
    kbits_max: 8_000, held_back: true, road: 'direct', via: null, rtt_ms: 12, lost: 0, window_bytes: 1, link_bytes_per_s: null,
  };
  node.instead.set(ROUTE, { status: 200, body: [row] });
  await openPortal(node, { at: '/peers', as: 'admin' });
  const table = await screen.findByRole('table', { name: 'Being sent to others' });
  const line = within(table).getByRole('rowheader', { name: 'CHU Est' }).closest('tr') as HTMLElement;
  for (const said of ['1.2.840.7', 'emergency', 'agreed: 8.0 Mbit/s', 'held back by the agreed bandwidth', 'round trip 12 ms']) {
    expect(line.textContent).toContain(said);
  }
});

test('that it is not known is said too, and can be asked again', async () => {
  const node = busyNode();
  node.instead.set(ROUTE, { status: 500, body: { error: 'internal', message: '' } });
  const { user } = await openPortal(node, { at: '/peers', as: 'admin' });
  const again = await screen.findByRole('button', { name: 'Try again' });
  node.instead.delete(ROUTE);
  await user.click(again);
  expect(await screen.findByText('Nothing is being sent.')).toBeTruthy();
});
