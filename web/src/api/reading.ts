// Opening studies: the node makes a reading context of exactly the studies asked for, the viewer opens on it.

import { post } from './client';
import type { Reading } from './types';

/**
 * Gives the viewer's address; `opened` is false where the browser did not let a tab open. `name`: the tab of that name is
 * used again, so that one case has one viewer.
 */
export async function openReading(studies: string[], language: 'fr' | 'en', name = '_blank'): Promise<{ address: string; opened: boolean }> {
  const reading = await post<Reading>('/readings', { studies });
  // The first study and its prior side by side; by itself the viewer may show a prior alone.
  const compared = studies.length > 1 ? '&hangingProtocolId=confrere.compare' : '';
  const address = `${reading.viewer}&lng=${language === 'fr' ? 'fr' : 'en-US'}${compared}`;
  return { address, opened: window.open(address, name) !== null };
}
