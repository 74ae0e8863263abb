// A page that is shown says every some seconds that it is: whoever is on duty is reached through it.

import { useEffect } from 'react';
import { post } from './client';

const EVERY_MS = 15_000;

export function useAlive(on: boolean): void {
  useEffect(() => {
    if (!on) return;
    const say = () => {
      // One that nobody sees reaches nobody; what is lost is said again.
      if (document.visibilityState === 'visible') post('/shifts/alive').catch(() => undefined);
    };
    say();
    const timer = setInterval(say, EVERY_MS);
    document.addEventListener('visibilitychange', say);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', say);
    };
  }, [on]);
}
