// Breaking the glass, what every view of it says, and its review, against a fake node.

import { screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Review } from '../api/types';
import { NORTH, PASSWORD, busyNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
});

const REVIEW: Review = {
  request: 'e1',
  ours: true,
  peer: NORTH,
  peer_name: 'CH Nord',
  person: 'dr.bernard',
  role: 'radiologist',
  rpps: '10001234567',
  reason: 'danger-to-life',
  text: 'polytraumatisé, bloc dans 10 min',
  studies: ['1.2.3'],
  at: '2025-01-10T15:10:00Z',
  ends: '2025-01-11T03:10:00Z',
  due: '2025-01-13T15:10:00Z',
  overdue: true,
  verdict: null,
  note: null,
  reviewer: null,
  reviewed_at: null,
};

describe('an emergency', () => {
  test('is opened by who proves who they are, with a reason of ten characters, and stands over the list', async () => {
    const node = busyNode();
    const { user } = await openPortal(node, { as: 'radiologist' });
    await user.click(await screen.findByRole('button', { name: 'Break the glass' }));
    const dialog = await screen.findByRole('dialog');
    const submit = () => within(dialog).getByRole<HTMLButtonElement>('button', { name: 'Break the glass' });
    await user.type(within(dialog).getByLabelText(/Family name/), 'Kervella');
    await user.type(within(dialog).getByLabelText(/Given name/), 'Maïwenn');
    await user.type(within(dialog).getByLabelText(/Birth date/), '1961-05-24');
    await user.click(within(dialog).getByRole('combobox', { name: /Sex/ }));
    await user.click(await screen.findByRole('option', { name: 'F' }));
    await user.type(within(dialog).getByLabelText(/Your password/), 'guess');
    await user.type(within(dialog).getByLabelText(/in your own words/), 'urgent');
    expect(submit().disabled).toBe(true);
    await user.type(within(dialog).getByLabelText(/in your own words/), ', polytrauma');
    await user.click(submit());
    expect((await within(dialog).findByRole('alert')).textContent).not.toBe('');
    await user.clear(within(dialog).getByLabelText(/Your password/));
    await user.type(within(dialog).getByLabelText(/Your password/), PASSWORD);
    await user.click(submit());
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect((await screen.findAllByText(/Broken glass — danger to life — recorded at both sites — ends/)).length).toBeGreaterThan(0);
    expect(node.requests.filter(request => request.startsWith('POST /emergencies'))).toHaveLength(2);
  });

  test('is not offered to who may not', async () => {
    await openPortal(busyNode(), { as: 'admin' });
    await screen.findByRole('grid');
    expect(screen.queryByRole('button', { name: 'Break the glass' })).toBeNull();
  });

  test('is reviewed by the data protection officer', async () => {
    const node = busyNode();
    node.reviews = [REVIEW];
    const { user } = await openPortal(node, { at: '/log', as: 'auditor', language: 'fr' });
    const table = await screen.findByRole('table', { name: 'Contrôles' });
    expect(within(table).getByText('pronostic vital')).toBeTruthy();
    expect(within(table).getByText('en retard')).toBeTruthy();
    await user.click(within(table).getByRole('button', { name: /Contrôler le bris de glace de dr.bernard/ }));
    const dialog = await screen.findByRole('dialog');
    await user.click(within(dialog).getByRole('radio', { name: 'Justifié' }));
    await user.type(within(dialog).getByLabelText('Note'), 'dossier relu');
    await user.click(within(dialog).getByRole('button', { name: 'Consigner' }));
    await screen.findByText('Rien n’attend de contrôle.');
    expect(node.reviews[0]).toMatchObject({ verdict: 'justified', note: 'dossier relu' });
  });
});
