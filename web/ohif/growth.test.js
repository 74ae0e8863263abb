// Images that came after a study was opened are told of; what somebody saved beside them is not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Growth, imagesIn } from './growth.mjs';

const series = (modality, count) => ({ '00080060': { Value: [modality] }, '00201209': { Value: [count] } });

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a study that is open', () => {
  it('counts images alone', () => {
    expect(imagesIn([series('CT', 12), series('SR', 1), series('KO', 2), {}])).toBe(12);
  });

  it('is told of when it grew, once in a while, and by what', async () => {
    let rows = [series('CT', 12)];
    const asked = vi.fn(async () => new Response(JSON.stringify(rows)));
    vi.stubGlobal('fetch', asked);
    const tell = vi.fn();
    const growth = new Growth({ studies: ['1.2'], tell });
    await growth.start();
    rows = [series('CT', 12), series('SR', 1)];
    growth.changed('1.2');
    await vi.advanceTimersByTimeAsync(2000);
    expect(tell).not.toHaveBeenCalled();
    rows = [series('CT', 15), series('SR', 1)];
    growth.changed('1.9');
    growth.changed(null);
    growth.changed('1.2');
    await vi.advanceTimersByTimeAsync(2000);
    expect(tell.mock.calls).toEqual([[{ study: '1.2', before: 12, now: 15 }]]);
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('tells nothing while the node does not answer', async () => {
    const tell = vi.fn();
    vi.stubGlobal('fetch', vi.fn(async () => new Response('no', { status: 503 })));
    const growth = new Growth({ studies: ['1.2'], tell });
    await growth.start();
    growth.changed('1.2');
    await vi.advanceTimersByTimeAsync(2000);
    expect(tell).not.toHaveBeenCalled();
  });
});
