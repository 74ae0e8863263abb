// For what a peer's study is opened: asked where more than one purpose is agreed.

import { screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeNode, NORTH, study } from '../testing/fakeNode';
import { openPortal } from '../testing/portal';

const viewer = vi.fn();

beforeEach(() => {
  viewer.mockReset();
  viewer.mockReturnValue(window);
  vi.stubGlobal('open', viewer);
  // jsdom lays nothing out; the list needs a height to know which rows are in sight.
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(800);
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1280);
});

async function listed(purposes: FakeNode['purposes']) {
  const node = new FakeNode();
  node.purposes = purposes;
  const remote = study({ study: '9.9', holder: NORTH, site_name: 'CH Nord', availability: 'remote', instances_here: 0 });
  node.studies.push(remote);
  const { user } = await openPortal(node);
  await screen.findByRole('grid');
  await user.keyboard('j{Enter}');
  return { node, user, remote };
}

describe('a peer’s study', () => {
  test('is opened at once where there is nothing to choose', async () => {
    await listed({ purposes: [], purpose: null });
    await waitFor(() => expect(viewer).toHaveBeenCalled());
  });

  test('is opened for what was chosen', async () => {
    const { node, user, remote } = await listed({ purposes: ['care', 'expertise'], purpose: 'care' });
    await user.click(await screen.findByRole('radio', { name: 'Expert’s opinion' }));
    expect(viewer).not.toHaveBeenCalled();
    await user.click(screen.getByRole('button', { name: 'Open' }));
    await waitFor(() => expect(viewer).toHaveBeenCalled());
    expect(node.requests).toContain(`POST /studies/${remote.study}/purpose`);
  });
});
