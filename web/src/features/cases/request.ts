// A request before it leaves: what is missing is known, and named, before the node is asked.

import type { CasePatient, NewCase } from '../../api/cases';
import { GAP } from './blocks';

export type RequestField = 'patient' | 'identity' | 'question' | 'consent' | 'justification' | 'modality' | 'gaps' | 'to' | 'telephone' | 'key_images' | 'accession';

export const EMPTY_PATIENT: CasePatient = { name: '', birth_date: '', sex: '', id: '', issuer: '', ins: null, identity: 'provisional' };

export const EMPTY_REQUEST: NewCase = {
  kind: 'diagnosis',
  priority: 'P3',
  question: '',
  context: '',
  contraindications: '',
  priors: '',
  justification: '',
  consent: null,
  modality: '',
  region: '',
  studies: [],
  accession: '',
  accession_issuer: '',
  telephone: '',
  patient: null,
  key_images: [],
  to: [],
};

/** What keeps it from leaving, in the order of the form. An emergency never waits for consent. */
export function missingOf(request: NewCase, isChecked: boolean): RequestField[] {
  const missing: RequestField[] = [];
  const { patient } = request;
  if (request.studies.length === 0 && (!patient || patient.name.replaceAll('^', '').trim() === '')) missing.push('patient');
  if (!isChecked) missing.push('identity');
  if (request.question.trim() === '') missing.push('question');
  if (request.modality.trim() === '' && request.studies.length === 0) missing.push('modality');
  if (request.justification.trim() === '' && request.priority !== 'P0') missing.push('justification');
  if (request.consent === null && request.priority !== 'P0') missing.push('consent');
  return missing;
}

/** Fields in which a gap of the template is not filled: said, never in the way. */
export function gapsOf(request: NewCase): ('question' | 'context')[] {
  return (['question', 'context'] as const).filter(field => request[field].includes(GAP));
}

/**
 * As it is sent. A national number travels only when it is qualified, an accession number only with who issued it: without,
 * it would mean something else at another hospital.
 */
export function bodyOf(request: NewCase): NewCase {
  const trimmed = (text: string) => text.trim();
  return {
    ...request,
    question: trimmed(request.question),
    context: trimmed(request.context),
    contraindications: trimmed(request.contraindications),
    priors: trimmed(request.priors),
    justification: trimmed(request.justification),
    ...(request.accession_issuer.trim() === '' ? { accession: '', accession_issuer: '' } : {}),
    consent: request.consent ?? 'open',
    patient: request.patient && { ...request.patient, ins: request.patient.identity === 'qualified' ? request.patient.ins : null },
  };
}
