// The keys that speak for sites, and what to do when two follow one, against a fake node.

import { screen, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { SiteKeys } from '../api/types';
import { busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const KEY = { site: 'a'.repeat(52), name: 'CH Nord', key: 'b'.repeat(52), before: ['a'.repeat(52)], changed: '2026-11-01T08:00:00Z', changes_left: 7 };
const QUIET: SiteKeys = {
  own: { ...KEY, heard: null, void_from: null, conflict: null, rival: null },
  peers: [],
  sealing: { stage: 'none', since: null, done: 0, total: 0, factors: 0 },
};
const RIVAL = { key: 'c'.repeat(52), follows: 'a'.repeat(52), changed: '2026-11-02T08:00:00Z', void_from: null };

function withKeys(keys: SiteKeys) {
  const node = busyNode();
  node.instead.set('GET /keys', { status: 200, body: keys });
  return node;
}

describe('keys of sites', () => {
  test('two that follow one are shown, ours and a peer’s, with what to do', async () => {
    const conflict = '2026-11-03T08:00:00Z';
    const own = { ...QUIET.own, conflict, rival: RIVAL };
    const peer = { ...own, site: 'd'.repeat(52), name: 'CHU Sud' };
    await openPortal(withKeys({ ...QUIET, own, peers: [peer] }), { as: 'admin', at: '/settings' });
    const alerts = await screen.findAllByRole('alert');
    const [ours, theirs] = ['in the name of this site', 'Two keys claim to follow that of CHU Sud'].map(text =>
      alerts.find(alert => alert.textContent.includes(text)),
    );
    if (!ours || !theirs) throw new Error('not told');
    within(ours).getByText(/Key in use as known here: b.*The other one: c.*Both follow a/);
    within(theirs).getByText(/pair the sites again/);
  });

  test('what is sealed at rest is sealed anew, after a renewed sign-in', async () => {
    const node = withKeys({ ...QUIET, sealing: { ...QUIET.sealing, stage: 'waits-for-backup', done: 3, total: 40 } });
    const { user } = await openPortal(node, { as: 'admin', at: '/settings' });
    await screen.findByText(/Take a backup now: it goes on afterwards.*3 of 40 copies/);
    node.instead.set('POST /keys/reseal', { status: 200, body: { ...QUIET.sealing, stage: 'working' } });
    await user.click(screen.getByRole('button', { name: 'Seal anew what is at rest' }));
    const dialog = within(await screen.findByRole('dialog'));
    await user.type(dialog.getByLabelText(/^Your password, once more/), 'secret words');
    await user.click(dialog.getByRole('button', { name: 'Seal anew what is at rest' }));
    await expect.poll(() => node.requests.some(request => request.startsWith('POST /keys/reseal'))).toBe(true);
  });
});
