// What signers put into the objects of a study, as the list shows it, against a fake node.

import { screen, within } from '@testing-library/react';
import { beforeEach, describe, test, vi } from 'vitest';
import type { ObjectSignature } from '../api/types';
import { busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
});

const SIGNATURE: ObjectSignature = {
  series: '1.2.3.1',
  instance: '1.2.3.1.1',
  item: null,
  state: 'broken',
  why: null,
  hash: 'SHA-256',
  weak: false,
  at: '20250110151000.000000+0100',
  purpose: 'Creator Signature',
  signer: {
    subject: 'CN=CT 1',
    issuer: 'CN=Hospital',
    serial: '07',
    from: '2024-01-01T00:00:00Z',
    to: '2030-01-01T00:00:00Z',
    known: false,
    out_of_date: false,
  },
  elements: 42,
  pixels: true,
};

async function opened(node: ReturnType<typeof busyNode>) {
  const { user } = await openPortal(node, { as: 'radiologist' });
  const [menu] = await screen.findAllByRole('button', { name: /^More for/ });
  if (!menu) throw new Error('no row');
  await user.click(menu);
  await user.click(await screen.findByRole('menuitem', { name: 'Digital signatures…' }));
  return within(await screen.findByRole('dialog'));
}

describe('digital signatures', () => {
  test('a broken one is said so, with who signed and that the site does not know them', async () => {
    const node = busyNode();
    node.signatures = { standing: 'broken', objects: 4, signed: 1, unread: 0, signatures: [SIGNATURE] };
    const dialog = await opened(node);
    await dialog.findByText(/A signature is broken.*1 of 4 objects are signed/);
    const one = within(dialog.getByRole('region', { name: SIGNATURE.instance }));
    one.getByText('broken');
    one.getByText('Signed by CN=CT 1 · Certificate of CN=Hospital');
    one.getByText(/Signed by a certificate that this site does not know/);
    one.getByText(/It names 42 elements. · The pixels are among them./);
  });

  test('a signature of one item alone says of which', async () => {
    const node = busyNode();
    const item = 'ContentSequence[2]';
    node.signatures = { standing: 'broken', objects: 4, signed: 1, unread: 0, signatures: [{ ...SIGNATURE, item }] };
    const dialog = await opened(node);
    within(await dialog.findByRole('region', { name: SIGNATURE.instance })).getByText('Of one item alone: ContentSequence[2]');
  });

  test('a study without any says that', async () => {
    const dialog = await opened(busyNode());
    await dialog.findByText(/No object of this study carries a digital signature/);
  });
});
