// A patient in one line: by name where there is one, and where nobody knows it by what tells them apart.

import type { TFunction } from 'i18next';
import type { CasePatient } from '../api/types';
import { dicomDate, patientName } from '../lib/format';

/** What an unknown patient is called: the site's own number, else what the case is called by. */
export function nameOf(patient: CasePatient, caseId: string, t: TFunction): string {
  const name = patientName(patient.name);
  if (name) return name;
  if (patient.identity !== 'unknown') return t('list.unnamed');
  return `${t('cases.unknownPatient')} · ${patient.id || caseId.slice(0, 4).toUpperCase()}`;
}

/** Name, birth date and number. */
export function lineOf(patient: CasePatient, caseId: string, t: TFunction, locale: string): string {
  return [nameOf(patient, caseId, t), dicomDate(patient.birth_date, locale), [patient.id, patient.issuer].filter(Boolean).join(' · ')].filter(Boolean).join(', ');
}

/** Whether two say the same of who it is. */
export const isSame = (one: CasePatient, other: CasePatient): boolean =>
  one.name === other.name && one.birth_date === other.birth_date && one.id === other.id && one.issuer === other.issuer;
