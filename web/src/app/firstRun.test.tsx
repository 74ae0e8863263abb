// A site's first administrator is led through what there is to set up, may leave, and comes back to what is left.

import { screen, waitFor, within } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import type { Status } from '../api/types';
import { busyNode, FakeNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const step = (name: string) => within(screen.getByRole('heading', { name: new RegExp(name) })).getByRole('button');
const told = (name: string) => step(name).textContent;

function listening(node: FakeNode, host: string): FakeNode {
  node.person = { name: 'dr.bernard', role: 'admin' };
  const status = node.handle('GET', '/status', undefined).body as Status;
  node.instead.set('GET /status', { status: 200, body: { ...status, instances: 0, dimse: `${host}:11112`, overlay: `${host}:7410`, pixels: `${host}:7411` } });
  return node;
}

/** As `confrere init` leaves it. */
function fresh(): FakeNode {
  const node = listening(new FakeNode(), '127.0.0.1');
  node.users = [{ name: 'dr.bernard', role: 'admin' }];
  node.peers = [];
  node.aes = [];
  return node;
}

describe('a node that nobody has set up', () => {
  test('begins with it, opened where the first thing is to be done', async () => {
    const { address, user } = await openPortal(fresh(), { at: '/', as: 'admin' });
    await screen.findByText('4 of 4 steps are left.');
    expect(address()).toBe('/setup');
    expect(screen.getByText('Only this machine can reach: dimse.listen, overlay.listen, pixels.listen')).toBeTruthy();
    expect(step('This site').getAttribute('aria-expanded')).toBe('true');
    await user.click(step('First person'));
    expect(screen.getByLabelText('User name')).toBeTruthy();
    expect(screen.queryByText(/Only this machine can reach/)).toBeNull();
    await user.click(step('First confrère'));
    expect(screen.getByRole('link', { name: 'Invite a site' }).getAttribute('href')).toBe('/peers?do=invite');
  });

  test('is not what others begin with', async () => {
    const { address } = await openPortal(fresh(), { at: '/', as: 'radiologist' });
    await screen.findByRole('heading', { name: /^Good day/ });
    expect(address()).toBe('/home');
  });

  test('may be left and taken up from the home page, or put away', async () => {
    const { address, user } = await openPortal(fresh(), { at: '/setup', as: 'admin' });
    await user.click(await screen.findByRole('link', { name: 'Go on later' }));
    const card = await screen.findByRole('region', { name: 'Set this site up' });
    expect(within(card).getByText('4 of 4 steps are left.')).toBeTruthy();
    await user.click(within(card).getByRole('link', { name: 'Set this site up' }));
    await screen.findByText('4 of 4 steps are left.');
    await user.click(screen.getByRole('button', { name: 'Do not show this any more' }));
    await screen.findByRole('heading', { name: /^Good day/ });
    expect(address()).toBe('/home');
    await screen.findByRole('region', { name: 'Covered hospitals' });
    expect(screen.queryByRole('region', { name: 'Set this site up' })).toBeNull();
  });
});

test('a modality is made known and tested both ways', async () => {
  const node = listening(fresh(), '10.0.0.5');
  node.instead.set('POST /aes/CT1/echo', { status: 200, body: { after_ms: 12, fault: null } });
  const { user } = await openPortal(node, { at: '/setup', as: 'admin' });
  await screen.findByText('3 of 4 steps are left.');
  expect(told('This site')).toContain('done');
  await user.click(step('First modality'));
  await user.type(screen.getByLabelText('AE title'), 'CT1');
  await user.type(screen.getByLabelText('Host'), '10.0.0.9');
  await user.click(screen.getByRole('button', { name: 'Add a DICOM peer' }));
  await screen.findByText('Not heard since the node started');
  expect(told('First modality')).toContain('to be done');
  node.aes = node.aes.map(ae => ({ ...ae, heard: '2026-11-29T02:10:00Z' }));
  await user.click(screen.getByRole('button', { name: 'Test CT1 by C-ECHO' }));
  await screen.findByText('It answered after 12 ms.');
  await waitFor(() => expect(told('First modality')).toMatch(/done$/));
  node.instead.set('POST /aes/CT1/echo', { status: 200, body: { after_ms: null, fault: { code: 'unreachable', detail: '10.0.0.9:104' } } });
  await user.click(screen.getByRole('button', { name: 'Test CT1 by C-ECHO' }));
  await screen.findByText(/^It does not answer: .*10\.0\.0\.9:104/);
});

test('what is complete is out of the way, and says so where it is looked for', async () => {
  const node = listening(busyNode(), '10.0.0.5');
  node.aes = node.aes.map(ae => ({ ...ae, heard: '2026-11-29T02:10:00Z' }));
  const { user } = await openPortal(node, { at: '/home', as: 'admin' });
  await screen.findByRole('region', { name: 'Covered hospitals' });
  await waitFor(() => expect(node.requests).toContain('GET /aes'));
  expect(screen.queryByRole('region', { name: 'Set this site up' })).toBeNull();
  await user.keyboard('{Alt>}7{/Alt}');
  await user.click(await screen.findByRole('link', { name: 'Set this site up' }));
  await screen.findByText('All is done. This page stays under Settings.');
});
