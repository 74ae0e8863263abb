// A peer's study at a glance, as the list shows it, against a fake node.

import { screen, within } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Glance } from '../api/types';
import { busyNode, NORTH } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
});

const GLANCE: Glance = {
  series: [
    {
      series: '1.2.3.1',
      modality: 'CT',
      number: 2,
      description: 'Cérébral sans injection',
      instances: 180,
      picture: { instance: '1.2.3.1.90', frame: 1, width: 256, height: 256, jpeg: '/9j/2Q==' },
      absent: null,
    },
    { series: '1.2.3.2', modality: 'SR', number: 9, description: null, instances: 1, picture: null, absent: 'no-picture' },
  ],
  series_left_out: 3,
  conclusions: [
    { standing: 'preliminary', site: NORTH, site_name: 'CH Nord', person: 'dr.durand', at: '2025-01-10T03:00:00Z', text: 'Hématome frontal gauche.', cut: true },
  ],
};

async function opened(node: ReturnType<typeof busyNode>) {
  node.studies = node.studies.filter(({ holder }) => holder !== null);
  const { user } = await openPortal(node, { as: 'radiologist' });
  const [menu] = await screen.findAllByRole('button', { name: /^More for/ });
  if (!menu) throw new Error('no row');
  await user.click(menu);
  await user.click(await screen.findByRole('menuitem', { name: 'At a glance…' }));
  return within(await screen.findByRole('dialog'));
}

describe('a study at a glance', () => {
  test('is said not to be diagnostic, picture by picture, and a preliminary conclusion is unmistakable', async () => {
    const node = busyNode();
    node.glance = GLANCE;
    const dialog = await opened(node);
    const picture = await dialog.findByRole('img', { name: 'Preview, not diagnostic: CT Cérébral sans injection' });
    expect(picture.getAttribute('src')).toBe('data:image/jpeg;base64,/9j/2Q==');
    expect(dialog.getAllByText('PREVIEW, NOT DIAGNOSTIC').length).toBe(2);
    dialog.getByText('PRELIMINARY');
    dialog.getByText('Hématome frontal gauche.');
    dialog.getByText('There is more of it in the report.');
    dialog.getByText('no picture');
    dialog.getByText('3 more series are not shown.');
  });

  test('of a site that does not give it says that', async () => {
    const dialog = await opened(busyNode());
    await dialog.findByText(/does not give it at a glance/);
  });
});
