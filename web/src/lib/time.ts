import { useEffect, useState } from 'react';

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
