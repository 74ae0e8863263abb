import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Draft } from '../../api/types';
import { ApiError } from '../../api/client';
import type { DraftState } from './draft';
import { DraftKeeper, EMPTY_DRAFT, later, parsed } from './draft';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const offline = () => Promise.reject(new ApiError(0, { error: 'offline', message: '' }));

function desk(start: Draft = EMPTY_DRAFT) {
  const node = { put: vi.fn<(draft: Draft) => Promise<unknown>>(() => Promise.resolve()) };
  const states: DraftState[] = [];
  const box: { text: string | null } = { text: null };
  const keeper = new DraftKeeper(
    start,
    {
      put: draft => node.put(draft),
      keep: text => {
        box.text = text;
        return Promise.resolve(true);
      },
      unkeep: () => {
        box.text = null;
      },
      tell: state => states.push(state),
    },
    true,
  );
  return { node, states, box, keeper };
}

describe('a report while it is written', () => {
  test('goes to the node once typing pauses, whole and in order', async () => {
    const { node, states, box, keeper } = desk();
    for (const findings of ['H', 'Hé', 'Hématome']) keeper.change({ findings });
    expect(node.put).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(800);
    expect(node.put).toHaveBeenCalledTimes(1);
    expect(node.put.mock.lastCall?.[0]).toMatchObject({ serial: 3, findings: 'Hématome' });
    expect(states.at(-1)).toBe('saved');
    expect(box.text).toBeNull();
  });

  test('is kept here from the first letter while the node is away, and leaves by itself when it is back', async () => {
    const { node, states, box, keeper } = desk();
    node.put.mockImplementation(offline);
    keeper.change({ conclusion: 'AVC' });
    expect(parsed(box.text)?.conclusion).toBe('AVC');
    await vi.advanceTimersByTimeAsync(800);
    expect(states.at(-1)).toBe('here');
    keeper.change({ conclusion: 'AVC ischémique' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(parsed(box.text)).toMatchObject({ serial: 2, conclusion: 'AVC ischémique' });
    expect(keeper.owes).toBe(true);
    node.put.mockImplementation(() => Promise.resolve());
    await vi.advanceTimersByTimeAsync(3_000);
    expect(node.put.mock.lastCall?.[0]).toMatchObject({ serial: 2, conclusion: 'AVC ischémique' });
    expect(states.at(-1)).toBe('saved');
    expect(box.text).toBeNull();
  });

  test('never overwrites what another tab wrote later, until a person says so', async () => {
    const { node, states, keeper } = desk();
    node.put.mockImplementation(() => Promise.reject(new ApiError(409, { error: 'stale', message: '' })));
    keeper.change({ findings: 'mine' });
    await vi.advanceTimersByTimeAsync(800);
    expect(states.at(-1)).toBe('elsewhere');
    keeper.change({ findings: 'mine still' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(node.put).toHaveBeenCalledTimes(1);
    node.put.mockImplementation(() => Promise.resolve());
    keeper.insist(9);
    await vi.advanceTimersByTimeAsync(1);
    expect(node.put.mock.lastCall?.[0]).toMatchObject({ serial: 10, findings: 'mine still' });
  });

  test('what is typed while it is being saved is saved after', async () => {
    const { node, keeper } = desk();
    let answer: () => void = () => undefined;
    node.put.mockImplementationOnce(() => new Promise<void>(resolve => (answer = resolve)));
    keeper.change({ findings: 'one' });
    await vi.advanceTimersByTimeAsync(800);
    keeper.change({ findings: 'two' });
    answer();
    await vi.advanceTimersByTimeAsync(1_700);
    expect(node.put.mock.lastCall?.[0]).toMatchObject({ findings: 'two' });
    expect(keeper.owes).toBe(false);
  });

  test('after a reload the later of the two counts', () => {
    const [node, here] = [{ ...EMPTY_DRAFT, serial: 4 }, { ...EMPTY_DRAFT, serial: 6 }];
    expect(later(node, here)).toBe(here);
    expect(later(here, node)).toBe(here);
    expect(later(null, here)).toBe(here);
    expect(later(node, null)).toBe(node);
    expect(parsed('{"serial":')).toBeNull();
  });
});
