// The form of an agreement, and what the node is asked with it.

import type { Agreement, AgreementOffer, Field, Level, Preset, Purpose } from '../../api/types';
import type { Hours } from '../../lib/hours';
import { ownTimeZone, spansOf, USUAL_HOURS } from '../../lib/hours';

export const PRESETS: readonly Preset[] = ['all', 'on-call', 'case-only'];
export const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'RF', 'NM', 'PT'];
export const REGIONS = ['HEAD', 'BRAIN', 'NECK', 'CHEST', 'BREAST', 'HEART', 'ABDOMEN', 'PELVIS', 'SPINE', 'CSPINE', 'LSPINE', 'SHOULDER', 'HAND', 'HIP', 'KNEE', 'FOOT'];
export const LEVELS: readonly Level[] = ['card', 'manifest', 'headers', 'pixels', 'objects'];
export const FIELDS: readonly Field[] = ['patient-name', 'birth-date', 'sex', 'patient-id', 'description', 'accession', 'referrer'];
export const PURPOSES: readonly Purpose[] = ['care', 'on-call', 'expertise', 'emergency', 'quality', 'screening'];
/** What a case-by-case agreement tells of a shared study. */
const CASE_FIELDS: readonly Field[] = ['patient-name', 'birth-date', 'sex', 'patient-id', 'description'];

/** What one site shows the other. */
export interface ClauseDraft {
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
  withCase: boolean;
  onDuty: boolean;
  presence: boolean;
}

/** The clause of a draft is what we show them; and what they show us, where that is not said otherwise. */
export interface Draft extends ClauseDraft {
  preset: Preset;
  direction: 'both' | 'ours' | 'theirs';
  /** What they show us; `null`: the same. */
  theirs: ClauseDraft | null;
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

function clauseDraft(clause: Agreement['clauses'][number] | undefined): ClauseDraft {
  return {
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
    withCase: clause?.with_case ?? false,
    onDuty: clause?.on_duty ?? false,
    presence: clause?.presence ?? false,
  };
}

/** The terms of a clause, whoever shows and reads. */
function termsOf(clause: Agreement['clauses'][number]): string {
  return JSON.stringify({ ...clause, holder: '', reader: '' });
}

export function firstDraft(replaces: Agreement | undefined, known: Agreement[]): Draft {
  const theirs = replaces?.clauses.find(({ holder }) => holder === replaces.peer);
  const clause = replaces?.clauses.find(({ reader }) => reader === replaces.peer) ?? theirs;
  const differ = clause !== undefined && theirs !== undefined && termsOf(clause) !== termsOf(theirs);
  const preset = PRESETS.find(word => word === replaces?.preset) ?? 'on-call';
  const us = ourselves(replaces ? [replaces, ...known] : known);
  const them = replaces?.parties.find(({ site }) => site === replaces.peer);
  const one = clause?.holder === replaces?.peer ? 'theirs' : 'ours';
  return {
    ...clauseDraft(clause),
    preset,
    direction: replaces === undefined || replaces.clauses.length > 1 ? 'both' : one,
    theirs: differ ? clauseDraft(theirs) : null,
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

export type Side = 'ours' | 'theirs';

/** The draft with the clause of one side in its place. */
export function seenFrom(draft: Draft, side: Side): Draft {
  return side === 'theirs' && draft.theirs ? { ...draft, ...draft.theirs } : draft;
}

/** A change of the form: what is of a clause goes into that of the side that is shown. */
export function changed(draft: Draft, side: Side, change: Partial<Draft>): Draft {
  if (side === 'ours' || !draft.theirs) return { ...draft, ...change };
  const ofClause = Object.fromEntries(Object.entries(change).filter(([key]) => draft.theirs && key in draft.theirs));
  const rest = Object.fromEntries(Object.entries(change).filter(([key]) => !(key in ofClause)));
  return { ...draft, ...rest, theirs: { ...draft.theirs, ...ofClause } };
}

/** Each direction with terms of its own, which begin as they are; or both with those that we show. */
export function apart(draft: Draft, is: boolean): Draft {
  return { ...draft, theirs: is ? { ...clauseOf(draft) } : null };
}

function clauseOf({ hours, zone, modalities, modalitiesNot, regions, regionsNot, since, cache, level, told, onward, kbits, glass, withCase, onDuty, presence }: ClauseDraft): ClauseDraft {
  return { hours, zone, modalities, modalitiesNot, regions, regionsNot, since, cache, level, told, onward, kbits, glass, withCase, onDuty, presence };
}

export function toldBy(draft: Draft): readonly Field[] {
  return draft.told ?? (draft.preset === 'case-only' ? CASE_FIELDS : FIELDS);
}

export function spansIn(clause: ClauseDraft, side: Side, replaces: Agreement | undefined): [number, number][] {
  if (clause.hours) return spansOf(clause.hours);
  const isSide = ({ holder }: { holder: string }) => (holder === replaces?.peer) === (side === 'theirs');
  const before = replaces?.clauses.find(isSide) ?? replaces?.clauses[0];
  return (before?.hours?.spans ?? []).map(([from, to]) => [from, to]);
}

const instant = (text: string) => new Date(text).toISOString();

function clauseOffer(clause: ClauseDraft, preset: Preset, side: Side, replaces: Agreement | undefined) {
  const lists = preset !== 'case-only';
  return {
    level: clause.level,
    onward: clause.onward,
    ...(preset === 'on-call' ? { time_zone: clause.zone, spans: spansIn(clause, side, replaces) } : {}),
    ...(lists && clause.modalities.length > 0 ? { modalities: clause.modalities } : {}),
    ...(lists && clause.modalitiesNot.length > 0 ? { modalities_excluded: clause.modalitiesNot } : {}),
    ...(lists && clause.regions.length > 0 ? { regions: clause.regions } : {}),
    ...(lists && clause.regionsNot.length > 0 ? { regions_excluded: clause.regionsNot } : {}),
    ...(lists && clause.since !== '' ? { since_days: Number(clause.since) } : {}),
    ...(lists && clause.withCase ? { with_case: true } : {}),
    ...(lists && clause.onDuty ? { on_duty: true } : {}),
    ...(clause.presence ? { presence: true } : {}),
    ...(clause.told ? { fields: clause.told } : {}),
    ...(clause.cache === '' ? {} : { cache_days: Number(clause.cache) }),
    ...(clause.kbits === '' ? {} : { kbits_max: Number(clause.kbits) }),
    ...(clause.glass === null ? {} : { break_glass_hours: clause.glass }),
  };
}

export function offerOf(draft: Draft, site: string, replaces: Agreement | undefined): AgreementOffer {
  const { preset, direction } = draft;
  const two = direction === 'both' && draft.theirs !== null;
  const main = direction === 'theirs' ? 'theirs' : 'ours';
  return {
    site,
    preset,
    direction,
    ...clauseOffer(seenFrom(draft, main), preset, main, replaces),
    ...(two && draft.theirs ? { theirs: clauseOffer(draft.theirs, preset, 'theirs', replaces) } : {}),
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
