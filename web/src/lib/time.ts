import { useEffect, useState, useSyncExternalStore } from 'react';

/** The present moment, renewed every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Calls `act` at once, and while calls keep coming at most once every `everyMs`, the last of them never lost. */
export function throttled(act: () => void, everyMs: number): () => void {
  let resting = false;
  let again = false;
  const run = () => {
    act();
    resting = true;
    setTimeout(() => {
      resting = false;
      if (again) {
        again = false;
        run();
      }
    }, everyMs);
  };
  return () => {
    if (resting) again = true;
    else run();
  };
}

/** By how much the node's clock is ahead of this computer's, which may be wrong. */
let offsetMs = 0;
let second = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const hearers = new Set<() => void>();

export function setNodeTime(now: string): void {
  const told = Date.parse(now);
  if (!Number.isNaN(told)) offsetMs = told - Date.now();
}

function everySecond(hear: () => void): () => void {
  hearers.add(hear);
  if (timer === undefined) {
    // Nobody counted meanwhile: what was the present then is long over.
    second = Date.now();
    timer = setInterval(() => {
      second = Date.now();
      for (const one of hearers) one();
    }, 1_000);
  }
  return () => {
    hearers.delete(hear);
    if (hearers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The moment by the node's clock, renewed every second: one timer however many count down. */
export function useNodeTime(): number {
  return useSyncExternalStore(everySecond, () => second) + offsetMs;
}
