// A request before it leaves: what is missing is known, and named, before the node is asked.

import type { Askable, CasePatient, NewCase } from '../../api/types';
import { GAP } from './blocks';

export type RequestField = 'patient' | 'examination' | 'on_site' | 'rule' | 'identity' | 'question' | 'consent' | 'justification' | 'modality' | 'gaps' | 'to' | 'telephone' | 'key_images' | 'accession' | 'accession_issuer';

export const EXAMINATIONS = ['', 'clinical', 'screening-first', 'screening-second'] as const;

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
  examination: '',
  on_site_physician: '',
  answer_by: null,
  identity_checked: false,
};

/** Emergencies, in which nobody waits until it is known who the patient is. */
export const mayBeUnknown = (request: NewCase): boolean => request.priority === 'P0' || request.priority === 'P1';

/** Nobody knows who it is: there is no identity to check yet. */
export const isUnknown = (request: NewCase): boolean => request.studies.length === 0 && request.patient?.identity === 'unknown' && mayBeUnknown(request);

/** What keeps it from leaving, in the order of the form. An emergency waits neither for consent nor for a name. */
export function missingOf(request: NewCase, askable?: Askable): RequestField[] {
  const missing: RequestField[] = [];
  const { patient } = request;
  const unknown = isUnknown(request);
  if (!unknown && request.studies.length === 0 && (!patient || patient.name.replaceAll('^', '').trim() === '')) missing.push('patient');
  if (!unknown && !request.identity_checked) missing.push('identity');
  if (request.studies.length === 0 && request.accession.trim() !== '' && request.accession_issuer.trim() === '') missing.push('accession_issuer');
  if (request.question.trim() === '') missing.push('question');
  if (request.modality.trim() === '' && request.studies.length === 0) missing.push('modality');
  if (request.justification.trim() === '' && request.priority !== 'P0') missing.push('justification');
  if (request.consent === null && request.priority !== 'P0') missing.push('consent');
  if (askable?.needs_examination && request.examination === '') missing.push('examination');
  if (askable?.needs_on_site && request.on_site_physician.trim() === '') missing.push('on_site');
  else if (askable?.rule) missing.push('rule');
  const bars = request.to.map(one => askable?.sites.find(site => site.site === one.site)?.bar ?? null);
  if (bars.length > 0 && bars.every(bar => bar !== null && bar !== 'unreachable')) missing.push('to');
  return missing;
}

/** An hour as a field of the form has it, in the zone of the browser, as the node takes it; `null`: none. */
export function hourOf(text: string): string | null {
  const at = text.trim() === '' ? NaN : Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** The same the other way round. */
export function fieldOf(at: string | null): string {
  if (at === null) return '';
  const date = new Date(at);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
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
    ...(request.accession.trim() === '' || request.accession_issuer.trim() === '' ? { accession: '', accession_issuer: '' } : {}),
    consent: request.consent ?? 'open',
    on_site_physician: trimmed(request.on_site_physician),
    answer_by: hourOf(request.answer_by ?? ''),
    identity_checked: request.identity_checked && !isUnknown(request),
    patient: request.patient && { ...request.patient, ins: request.patient.identity === 'qualified' ? request.patient.ins : null },
  };
}
