import { act, renderHook } from '@testing-library/react';
import { afterEach, expect, test, vi } from 'vitest';
import { throttled, useNodeTime } from './time';

afterEach(() => vi.useRealTimers());

test('of many calls the first acts at once and the last is never lost', () => {
  vi.useFakeTimers();
  const does = vi.fn();
  const call = throttled(does, 700);
  for (let times = 0; times < 20; times += 1) call();
  expect(does).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(700);
  expect(does).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(7000);
  expect(does).toHaveBeenCalledTimes(2);
  call();
  expect(does).toHaveBeenCalledTimes(3);
});

test('whoever begins to count begins with the present, also where nobody counted for long', () => {
  vi.useFakeTimers({ now: 1_000_000 });
  const first = renderHook(() => useNodeTime());
  expect(first.result.current).toBe(1_000_000);
  act(() => void vi.advanceTimersByTime(2_000));
  expect(first.result.current).toBe(1_002_000);
  first.unmount();
  vi.advanceTimersByTime(600_000);
  const later = renderHook(() => useNodeTime());
  expect(later.result.current).toBe(1_602_000);
  later.unmount();
});
