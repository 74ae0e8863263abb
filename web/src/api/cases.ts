// Cases as the node tells them, and what is asked of it: lists, steps, reports, drafts. Times are RFC 3339 UTC, dates
// of DICOM `YYYYMMDD`; a case is named by 32 hex digits, an event (and so a report) by 64.

import { queryOptions } from '@tanstack/react-query';
import { setNodeTime } from '../lib/time';
import { get, post, change, remove } from './client';
import { keys } from './queries';

export type Kind = 'diagnosis' | 'expertise';
export type Priority = 'P0' | 'P1' | 'P2' | 'P3';
export type Consent = 'informed' | 'unable' | 'open';
export type Stage =
  | 'requested'
  | 'offered'
  | 'accepted'
  | 'acquired'
  | 'complemented'
  | 'images-ready'
  | 'reading'
  | 'preliminary'
  | 'final'
  | 'delivered'
  | 'acknowledged'
  | 'reopened'
  | 'closed'
  | 'cancelled'
  | 'unserved';
/** Quality of the patient's identity after the French national reference (RNIV). */
export type IdentityStatus = 'provisional' | 'retrieved' | 'validated' | 'qualified' | 'unknown';
export type Standing = 'preliminary' | 'final' | 'addendum' | 'second-reading';
export type DiffClass = 'none' | 'minor' | 'moderate' | 'major' | 'severe';
export type Tab = 'offered' | 'waiting' | 'ready' | 'reading' | 'preliminary' | 'reported' | 'done';
export type Flag =
  | 'escalated'
  | 'on-hold'
  | 'info-asked'
  | 'critical-unheard'
  | 'comparison-owed'
  | 'late-images'
  | 'no-images'
  | 'count-unconfirmed'
  | 'called-off'
  | 'unreachable'
  | 'breached';

/** Empty: nobody knows. */
export interface CasePatient {
  name: string;
  birth_date: string;
  sex: string;
  id: string;
  issuer: string;
  ins: string | null;
  identity: IdentityStatus;
}

export interface Claim {
  site: string;
  site_name: string;
  person: string;
  at: string;
  mine: boolean;
}

export interface CaseRow {
  case: string;
  kind: Kind;
  priority: Priority;
  stage: Stage;
  tab: Tab;
  role: 'requester' | 'reader' | 'asked' | 'party';
  requester: string;
  requester_name: string;
  requested_by: string;
  reader: string | null;
  reader_name: string | null;
  patient: CasePatient;
  question: string;
  modality: string;
  region: string;
  studies: string[];
  /** Of the first study; empty: not known. */
  study_date: string;
  accession: string;
  accession_issuer: string;
  telephone: string;
  requested: string;
  changed: string;
  claim: Claim | null;
  owner: { site: string; site_name: string; person: string | null; ours: boolean };
  due: { what: 'answer' | 'preliminary' | 'final' | 'hear' | 'acknowledge'; at: string; breached: boolean } | null;
  flags: Flag[];
  /** `expected: null`: nobody said a count. */
  images: { here: number; expected: number | null; ready: boolean; count_confirmed: boolean };
}

export interface KeyImage {
  study: string;
  series: string;
  instance: string | null;
  frame: number | null;
  text: string;
}

export interface CaseReport {
  event: string;
  standing: Standing;
  indication: string;
  technique: string;
  findings: string;
  conclusion: string;
  language: string;
  read: { study: string; version: number }[];
  critical: boolean;
  /** Why it was signed although images were missing or late; empty: they were not. */
  despite: string;
  site: string;
  site_name: string;
  person: string;
  at: string;
  claimed: boolean;
  delivered: boolean;
  acknowledged: boolean;
  unheard: boolean;
  against_rules: boolean;
  hear_by: string | null;
  /** Who heard of it, and how. */
  heard: string | null;
}

export interface CaseStudy {
  study: string;
  /** Of the manifest that was said to be ready; `null`: nobody has said so. */
  version: number | null;
  /** Of the newest one known here. */
  version_here: number | null;
  instances: number;
  here: number;
  expected: number | null;
  date: string;
  time: string | null;
  /** Which clock date and time were read from; `null`: nobody says. */
  time_zone: string | null;
  utc_offset_min: number | null;
  holder: string | null;
  holder_name: string;
  verified: boolean;
  joined_by: 'request' | 'accession' | 'confirmed';
}

export interface CaseEvent {
  event: string;
  clock: number;
  at: string;
  site: string;
  site_name: string;
  person: string;
  role: string;
  step: string;
  text: string;
  void: string | null;
  lost_to: { person: string; site_name: string; at: string | null } | null;
}

export interface Case extends CaseRow {
  context: string;
  contraindications: string;
  justification: string;
  consent: Consent;
  priors: string;
  key_images: KeyImage[];
  count_confirmed_by: 'technologist' | 'mpps' | 'pacs' | null;
  asked: {
    site: string;
    site_name: string;
    whom: string;
    rank: number;
    answer: 'waiting' | 'timed-out' | 'accepted' | 'refused';
    reason: string | null;
    until: string | null;
  }[];
  skipped: { rank: number; whom: string; why: string; at: string }[];
  protocol: string | null;
  complement: string | null;
  reports: CaseReport[];
  comparisons: { reports: string[]; class: DiffClass | null; text: string | null; person: string | null }[];
  thread: { event: string; at: string; site_name: string; person: string; text: string; kind: 'said' | 'info-asked' | 'info-given' }[];
  events: CaseEvent[];
  study_list: CaseStudy[];
  /** `since: null`: nobody was called. The numbers stand there in any case. */
  escalation: { telephones: string[]; since: string | null; reasons: string[] };
  actions: string[];
}

/** A site whose cases stand in the list, with the last word that came from it. */
export interface CoveredSite {
  site: string;
  site_name: string;
  ours: boolean;
  connected: boolean;
  last_contact: string | null;
  silent: boolean;
  open_cases: number;
  telephones: string[];
}

export interface CasePage {
  rows: CaseRow[];
  next: string | null;
  total: number;
  tabs: Record<Tab, number>;
  sites: CoveredSite[];
  now: string;
}

/** Live news of one case. */
export interface CaseNews {
  case: string;
  step: string;
  person: string;
  site_name: string;
  priority: Priority;
  stage: Stage;
  tab: Tab;
  /** Sound and notification are called for. */
  alert: boolean;
  void: string | null;
  /** With a claim that was in vain: who was first. */
  lost_to: CaseEvent['lost_to'];
  mine: boolean;
}

export interface Draft {
  serial: number;
  standing: Standing;
  indication: string;
  technique: string;
  findings: string;
  conclusion: string;
  language: string;
  critical: boolean;
}

export interface NewCase {
  kind: Kind;
  priority: Priority;
  question: string;
  context: string;
  contraindications: string;
  priors: string;
  justification: string;
  consent: Consent | null;
  modality: string;
  region: string;
  studies: string[];
  accession: string;
  accession_issuer: string;
  telephone: string;
  patient: CasePatient | null;
  key_images: KeyImage[];
  to: { site: string; whom: string }[];
}

export interface SignedReport extends Omit<Draft, 'serial'> {
  despite: string;
  read: { study: string; version: number }[];
  patient: { name: string; birth_date: string };
  hospital: string;
  study_date: string;
}

export interface LooseStudy {
  study: string;
  name: string;
  birth_date: string;
  sex: string;
  id: string;
  issuer: string;
  date: string;
  modalities: string[];
  accession: string;
  arrived: string;
  alarm: boolean;
  candidates: { case: string; why: 'accession' | 'patient-id' }[];
}

export interface Loose {
  studies: LooseStudy[];
  cases: CaseRow[];
}

/** Delays in seconds, by priority from P0. */
export interface CaseSettings {
  answer_s: number[];
  preliminary_s: number[];
  final_s: number[];
  hear_s: number;
  images_s: number;
  idle_s: number;
  silent_s: number;
  telephones: { name: string; number: string }[];
  /** Asked in turn, where no roster says otherwise. */
  ranks: { site: string; site_name: string; whom: string }[];
  /** Studies of these need a request. */
  requested_modalities: string[];
}

export type StepBody = { step: string } & Record<string, unknown>;

export const caseKey = (id: string) => [...keys.cases, 'one', id] as const;
export const draftKey = (id: string) => [...keys.cases, 'draft', id] as const;

export const caseQuery = (id: string) =>
  queryOptions({ queryKey: caseKey(id), queryFn: ({ signal }) => get<Case>(`/cases/${id}`, signal), refetchInterval: 60_000 });

/** `question`: what stands after `?`, without the leading mark. */
export const casesQuery = (question: string) =>
  queryOptions({
    queryKey: [...keys.cases, 'list', question],
    queryFn: async ({ signal }) => {
      const page = await get<CasePage>(`/cases?${question}`, signal);
      setNodeTime(page.now);
      return page;
    },
    // News tells of changes at once; this is for what no event tells, such as a site that falls silent.
    refetchInterval: 20_000,
  });

export const looseQuery = queryOptions({
  queryKey: [...keys.cases, 'loose'],
  queryFn: ({ signal }) => get<Loose>('/cases/loose', signal),
  refetchInterval: 30_000,
});

export const caseSettingsQuery = queryOptions({
  queryKey: [...keys.cases, 'settings'],
  queryFn: ({ signal }) => get<CaseSettings>('/cases/settings', signal),
});
export const setCaseSettings = (settings: CaseSettings): Promise<CaseSettings> => change<CaseSettings>('/cases/settings', settings);

export const makeCase = (body: NewCase): Promise<Case> => post<Case>('/cases', body);
export const takeStep = (id: string, body: StepBody): Promise<Case> => post<Case>(`/cases/${id}/steps`, body);
export const signReport = (id: string, body: SignedReport): Promise<Case> => post<Case>(`/cases/${id}/reports`, body);
export const getDraft = (id: string, signal?: AbortSignal): Promise<Draft> => get<Draft>(`/cases/${id}/draft`, signal);
export const putDraft = (id: string, draft: Draft): Promise<unknown> => change(`/cases/${id}/draft`, draft);
export const dropDraft = (id: string): Promise<unknown> => remove(`/cases/${id}/draft`);
export const joinStudy = (id: string, study: string, patient: { name: string; birth_date: string }): Promise<Case> =>
  post<Case>(`/cases/${id}/join`, { study, patient });
export const dismissStudy = (study: string, reason: string): Promise<unknown> => post(`/cases/loose/${study}/dismiss`, { reason });

/** How long something took over several cases. */
export interface CaseDelays {
  count: number;
  /** Of them, in the time that is set. */
  in_time: number;
  median_s: number;
  longest_s: number;
}

/** Cases of one night between two sites. */
export interface CaseGroup {
  night: string;
  requester: string;
  requester_name: string;
  reader: string | null;
  reader_name: string | null;
  cases: number;
  /** From P0. */
  by_priority: number[];
  cancelled: number;
  unserved: number;
  refused: number;
  answer: CaseDelays;
  preliminary: CaseDelays;
  final: CaseDelays;
  heard: CaseDelays;
}

export interface CaseStatistics {
  from: string;
  to: string;
  cases: number;
  groups: CaseGroup[];
  refusals: { text: string; count: number }[];
  skips: { text: string; count: number }[];
  justifications: { text: string; count: number }[];
}
