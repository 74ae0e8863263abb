// Links between records: what persons decided, and what came by itself, against a fake node.

import { screen, within } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';
import { FakeNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => sessionStorage.clear());

const link = (id: string, more: object) => ({
  link: id,
  ours: { issuer: 'CHU Sud', id: '42' },
  theirs: { issuer: 'CH Nord', id },
  peer: 'north',
  peer_name: 'CH Nord',
  state: 'confirmed',
  at: '2026-11-29T02:10:00Z',
  opened: [],
  ...more,
});

test('a link that came by itself says so, and is taken back as any other', async () => {
  const node = new FakeNode();
  const strict = link('77', { method: 'strict', person: '' });
  node.instead.set('GET /patient-links', { status: 200, body: [strict, link('78', { method: 'person', person: 'dr.durand' })] });
  node.instead.set('POST /patient-links', { status: 200, body: { ...strict, state: 'revoked', method: 'person', person: 'dr.garde' } });
  const { user } = await openPortal(node, { at: '/history' });
  const row = async (id: string) => (await screen.findByText(id)).closest('tr') as HTMLElement;
  expect((await row('77')).textContent).toContain('by itself: one qualified national identity, equal traits');
  expect((await row('78')).textContent).toContain('dr.durand');
  expect((await row('78')).textContent).not.toContain('by itself');
  await user.click(within(await row('77')).getByRole('button', { name: 'Take the link back' }));
  const dialog = await screen.findByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Take the link back' }));
  expect(node.requests).toContain('POST /patient-links');
});
