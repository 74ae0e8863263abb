// What the node tells of a patient's history: by equal identifier and issuer, and one dead site.

import type { Study } from '../api/types';

const AHEAD = { studies: 2, bytes: 300_000_000, opened: 1, opened_bytes: 180_000_000 };

export function historyOf(studies: Study[], { study }: { study?: string }): unknown[] {
  const current = studies.find(one => one.study === study) ?? studies[0];
  const patient = current?.patient ?? { name: null, birth_date: null, sex: null, id: null, issuer: null };
  const identifiers = patient.id ? [{ issuer: patient.issuer ?? 'CH Sud', id: patient.id }] : [];
  const isSame = (other: Study) => other.patient.id === patient.id && other.patient.issuer === patient.issuer;
  const row = (other: Study) => ({
    study: other,
    holders: [{ site: other.holder, site_name: other.site_name }],
    is: isSame(other) ? 'same' : 'candidate',
    differs: isSame(other) ? [] : ['first-name'],
    identifier: other.patient.id ? { issuer: other.patient.issuer ?? other.site_name, id: other.patient.id } : null,
    link: null,
    link_state: null,
    relevance: isSame(other) ? 80 : 20,
    relevant: isSame(other),
  });
  const isAlike = (other: Study) => isSame(other) || other.description === 'Looks alike';
  return [
    { line: 'patient', name: patient.name, birth_date: patient.birth_date, sex: patient.sex, identifiers, site_name: 'CH Sud' },
    ...studies.filter(isAlike).map(other => ({ line: 'study', current: other.study === current?.study, row: row(other) })),
    { line: 'site', site: null, site_name: 'CH Sud', state: 'answered', reason: null, studies: studies.length, after_ms: 4 },
    { line: 'asking', sites: [{ site: 'north', site_name: 'CH Nord' }, { site: 'coast', site_name: 'CH Côte' }] },
    { line: 'site', site: 'north', site_name: 'CH Nord', state: 'answered', reason: null, studies: 0, after_ms: 30 },
    { line: 'site', site: 'coast', site_name: 'CH Côte', state: 'away', reason: null, studies: 0, after_ms: 1800 },
    { line: 'end', more: false, ahead: AHEAD },
  ];
}

export function readingOf({ studies }: { studies: string[] }) {
  const viewer = `/ohif/viewer?StudyInstanceUIDs=${studies[0] ?? ''}&context=ctx1`;
  return { id: 'ctx1', dicomweb_root: '/dicomweb/contexts/ctx1', viewer };
}
