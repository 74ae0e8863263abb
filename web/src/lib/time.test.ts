import { afterEach, expect, test, vi } from 'vitest';
import { throttled } from './time';

afterEach(() => vi.useRealTimers());

test('of many calls the first acts at once and the last is never lost', () => {
  vi.useFakeTimers();
  const act = vi.fn();
  const call = throttled(act, 700);
  for (let times = 0; times < 20; times += 1) call();
  expect(act).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(700);
  expect(act).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(7000);
  expect(act).toHaveBeenCalledTimes(2);
  call();
  expect(act).toHaveBeenCalledTimes(3);
});
