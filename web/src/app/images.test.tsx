// Images beside the words: what was measured is signed with the report as far as it is ticked, shown with it, and a click opens the
// viewer there; late images are told of while somebody looks.

import { act, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, expect, test, vi } from 'vitest';
import type { FoundImages } from '../api/types';
import { CASE, caseOf, reportOf, EVENT } from '../testing/caseNode';
import { FakeNode } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const opened = vi.fn<(address: string, name: string) => Window>();

beforeEach(() => {
  sessionStorage.clear();
  opened.mockReset().mockReturnValue(window);
  vi.stubGlobal('open', opened);
});

const STUDY = '1.2.840.1';
const found = (instance: string, label: string, values: FoundImages['images'][number]['values'] = []): FoundImages['images'][number] => ({
  study: STUDY,
  series: '1.2.3',
  instance,
  frame: null,
  series_number: 2,
  number: 14,
  label,
  values,
});
const mine = { site: 'own', site_name: 'CH Sud', person: 'dr.bernard', at: '2026-11-29T02:11:00Z', mine: true };

function nodeWith(change: Parameters<typeof caseOf>[0] = { case: CASE(1), claim: mine }): FakeNode {
  const node = new FakeNode();
  node.cases.cases = [caseOf({ studies: [STUDY], ...change })];
  node.cases.found = { images: [found('1.2.3.4', 'Lésion', [{ name: 'Length', value: '23.412', unit: 'mm' }]), found('1.2.3.5', 'À revoir')], partial: false };
  return node;
}

test('what was measured is signed in words, without what was unticked', async () => {
  const node = nodeWith();
  const { user } = await openPortal(node, { at: `/cases/${CASE(1)}/report` });
  const choice = await screen.findByRole('region', { name: 'Key images and measurements' });
  expect(await within(choice).findByRole('button', { name: 'Open in the viewer: Lésion · Length 23.41 mm · series 2, image 14' })).toBeTruthy();
  await user.click(within(choice).getByRole('checkbox', { name: /À revoir/ }));
  await user.type(await screen.findByLabelText('Findings'), 'Gliome.');
  await user.click(screen.getByRole('button', { name: 'Sign preliminary' }));
  const dialog = await screen.findByRole('dialog');
  expect(await within(dialog).findByText('1 image is signed with the report.')).toBeTruthy();
  await user.click(within(dialog).getByRole('button', { name: 'Sign preliminary' }));
  await waitFor(() => expect(node.cases.cases[0]?.reports).toHaveLength(1));
  expect(node.cases.cases[0]?.reports[0]?.key_images).toEqual([
    { study: STUDY, series: '1.2.3', instance: '1.2.3.4', frame: null, text: 'Lésion · Length 23.41 mm · series 2, image 14' },
  ]);
});

test('an image of a report opens the viewer on it, alone and in French', async () => {
  const image = { study: STUDY, series: '1.2.3', instance: '1.2.3.4', frame: null, text: 'Lésion · Longueur 23,4 mm' };
  const node = nodeWith({ case: CASE(1), studies: ['9.9', STUDY], reports: [reportOf({ event: EVENT(9), key_images: [image] })] });
  const { user } = await openPortal(node, { at: `/cases/${CASE(1)}`, language: 'fr' });
  const report = await screen.findByRole('article');
  await user.click(within(report).getByRole('button', { name: /^Ouvrir dans le visualiseur/ }));
  await waitFor(() => expect(opened).toHaveBeenCalledOnce());
  const address = String(opened.mock.calls[0]?.[0]);
  for (const part of ['hangingProtocolId=default', 'initialSeriesInstanceUID=1.2.3', 'initialSOPInstanceUID=1.2.3.4', 'lng=fr']) expect(address).toContain(part);
  expect(address).not.toContain('confrere.compare');
});

test('whoever reads a case is told of images that come, before any report', async () => {
  const node = nodeWith();
  const { user } = await openPortal(node, { at: `/cases/${CASE(1)}` });
  await screen.findByRole('toolbar', { name: 'Actions' });
  expect(screen.queryByText('Images came after you began')).toBeNull();
  const [before] = node.cases.cases;
  act(() => void node.cases.change(CASE(1), { study_list: (before?.study_list ?? []).map(one => ({ ...one, version: 4, version_here: 4 })) }, { step: 'images-ready' }));
  expect(await screen.findByText(/1 study has more images now than when you began to look/)).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'I have looked at them' }));
  expect(screen.queryByText('Images came after you began')).toBeNull();
});
