// The form of an agreement, and what the node is asked with it.

import type { Agreement, AgreementOffer, Field, Level, Preset, Purpose } from '../../api/types';
import type { Hours } from '../../lib/hours';
import { ownTimeZone, spansOf, USUAL_HOURS } from '../../lib/hours';

export const PRESETS: readonly Preset[] = ['all', 'on-call', 'case-only'];
export const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'RF', 'NM', 'PT'];
export const REGIONS = ['HEAD', 'BRAIN', 'NECK', 'CHEST', 'BREAST', 'HEART', 'ABDOMEN', 'PELVIS', 'SPINE', 'CSPINE', 'LSPINE', 'SHOULDER', 'HAND', 'HIP', 'KNEE', 'FOOT'];
export const LEVELS: readonly Level[] = ['card', 'manifest', 'headers', 'pixels', 'objects'];
export const FIELDS: readonly Field[] = ['patient-name', 'birth-date', 'sex', 'patient-id', 'description', 'accession', 'referrer'];
export const PURPOSES: readonly Purpose[] = ['care', 'on-call', 'expertise', 'emergency', 'quality'];
/** What a case-by-case agreement tells of a shared study. */
const CASE_FIELDS: readonly Field[] = ['patient-name', 'birth-date', 'sex', 'patient-id', 'description'];

export interface Draft {
  preset: Preset;
  direction: 'both' | 'ours' | 'theirs';
  /** `null`: those of the version before, as they are. */
  hours: Hours | null;
  zone: string;
  modalities: string[];
  modalitiesNot: string[];
  regions: string[];
  regionsNot: string[];
  since: number | string;
  cache: number | string;
  level: Level;
  /** `null`: as the preset has it. */
  told: Field[] | null;
  onward: boolean;
  kbits: number | string;
  glass: number | null;
  purposes: Purpose[];
  legal: string;
  ourId: string;
  ourContact: string;
  theirId: string;
  theirContact: string;
  notBefore: string;
  notAfter: string;
}

/** What we said of ourselves in the newest agreement with anybody. */
function ourselves(known: Agreement[]) {
  const newest = [...known].sort((a, b) => b.drafted.localeCompare(a.drafted));
  const own = newest.flatMap(({ parties, peer }) => parties.filter(({ site }) => site !== peer));
  return own.find(({ national_id, privacy_contact }) => national_id !== '' || privacy_contact !== '');
}

const isField = (word: string): word is Field => FIELDS.some(known => known === word);
const isPurpose = (word: string): word is Purpose => PURPOSES.some(known => known === word);

/** An instant as a field of date and time takes it. */
function local(at: string | null): string {
  if (at === null) return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export function firstDraft(replaces: Agreement | undefined, known: Agreement[]): Draft {
  const clause = replaces?.clauses[0];
  const preset = PRESETS.find(word => word === replaces?.preset) ?? 'on-call';
  const us = ourselves(replaces ? [replaces, ...known] : known);
  const them = replaces?.parties.find(({ site }) => site === replaces.peer);
  const one = clause?.holder === replaces?.peer ? 'theirs' : 'ours';
  return {
    preset,
    direction: replaces === undefined || replaces.clauses.length > 1 ? 'both' : one,
    hours: clause?.hours ? null : USUAL_HOURS,
    zone: clause?.hours?.time_zone ?? ownTimeZone(),
    modalities: clause?.modalities ?? [],
    modalitiesNot: clause?.modalities_excluded ?? [],
    regions: clause?.regions ?? [],
    regionsNot: clause?.regions_excluded ?? [],
    since: clause?.since_days ?? '',
    cache: clause?.cache_days ?? 7,
    level: LEVELS.find(level => level === clause?.level) ?? 'objects',
    told: clause ? clause.fields.filter(isField) : null,
    onward: clause?.onward ?? false,
    kbits: clause?.kbits_max ?? '',
    glass: clause?.break_glass_hours ?? null,
    purposes: (replaces?.purposes ?? []).filter(isPurpose),
    legal: replaces?.legal_reference ?? '',
    ourId: us?.national_id ?? '',
    ourContact: us?.privacy_contact ?? '',
    theirId: them?.national_id ?? '',
    theirContact: them?.privacy_contact ?? '',
    notBefore: '',
    notAfter: local(replaces?.not_after ?? null),
  };
}

export function toldBy(draft: Draft): readonly Field[] {
  return draft.told ?? (draft.preset === 'case-only' ? CASE_FIELDS : FIELDS);
}

export function spansIn(draft: Draft, replaces: Agreement | undefined): [number, number][] {
  if (draft.hours) return spansOf(draft.hours);
  return (replaces?.clauses[0]?.hours?.spans ?? []).map(([from, to]) => [from, to]);
}

const instant = (text: string) => new Date(text).toISOString();

export function offerOf(draft: Draft, site: string, replaces: Agreement | undefined): AgreementOffer {
  const { preset } = draft;
  const lists = preset !== 'case-only';
  return {
    site,
    preset,
    direction: draft.direction,
    level: draft.level,
    onward: draft.onward,
    ...(preset === 'on-call' ? { time_zone: draft.zone, spans: spansIn(draft, replaces) } : {}),
    ...(lists && draft.modalities.length > 0 ? { modalities: draft.modalities } : {}),
    ...(lists && draft.modalitiesNot.length > 0 ? { modalities_excluded: draft.modalitiesNot } : {}),
    ...(lists && draft.regions.length > 0 ? { regions: draft.regions } : {}),
    ...(lists && draft.regionsNot.length > 0 ? { regions_excluded: draft.regionsNot } : {}),
    ...(lists && draft.since !== '' ? { since_days: Number(draft.since) } : {}),
    ...(draft.told ? { fields: draft.told } : {}),
    ...(draft.cache === '' ? {} : { cache_days: Number(draft.cache) }),
    ...(draft.kbits === '' ? {} : { kbits_max: Number(draft.kbits) }),
    ...(draft.glass === null ? {} : { break_glass_hours: draft.glass }),
    ...(draft.purposes.length > 0 ? { purposes: draft.purposes } : {}),
    ...(draft.legal === '' ? {} : { legal_reference: draft.legal }),
    ...(draft.ourId === '' ? {} : { our_national_id: draft.ourId }),
    ...(draft.ourContact === '' ? {} : { our_privacy_contact: draft.ourContact }),
    ...(draft.theirId === '' ? {} : { their_national_id: draft.theirId }),
    ...(draft.theirContact === '' ? {} : { their_privacy_contact: draft.theirContact }),
    ...(draft.notBefore === '' ? {} : { not_before: instant(draft.notBefore) }),
    ...(draft.notAfter === '' ? {} : { not_after: instant(draft.notAfter) }),
    ...(replaces ? { replaces: replaces.id } : {}),
  };
}
