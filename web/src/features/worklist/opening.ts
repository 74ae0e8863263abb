// Which studies may stand beside a study as its priors.

import type { Study } from '../../api/types';

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
