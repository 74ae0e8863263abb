// Opening a study: the node makes a reading context of exactly the studies asked for, the viewer opens on it.

import { post } from '../../api/client';
import type { Reading, Study } from '../../api/types';
import type { Language } from '../../lib/language';

/** Gives the viewer's address; `null` where the browser did not let a tab open. */
export async function openReading(studies: string[], language: Language): Promise<{ address: string; opened: boolean }> {
  const reading = await post<Reading>('/readings', { studies });
  // The first study and its prior side by side; by itself the viewer may show a prior alone.
  const compared = studies.length > 1 ? '&hangingProtocolId=confrere.compare' : '';
  const address = `${reading.viewer}&lng=${language === 'fr' ? 'fr' : 'en-US'}${compared}`;
  return { address, opened: window.open(address, '_blank') !== null };
}

/**
 * The other studies that may be offered as priors: same Patient ID *and* same issuer. An ID without an issuer means
 * something within its own site only.
 */
export function priorsOf(current: Study, candidates: Study[]): Study[] {
  const { id, issuer } = current.patient;
  if (!id) return [];
  return candidates.filter(
    other =>
      other.study !== current.study &&
      other.patient.id === id &&
      (other.patient.issuer ?? null) === (issuer ?? null) &&
      (issuer !== null || other.holder === current.holder),
  );
}
