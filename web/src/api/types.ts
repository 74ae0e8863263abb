// What the node's API speaks, as docs/openapi.json describes it.

export type Role = 'admin' | 'radiologist' | 'referrer' | 'technologist' | 'auditor';
export type Action = 'list-studies' | 'read-studies' | 'store-studies' | 'share-studies' | 'administer' | 'read-log';

export interface Site {
  name: string;
  site_id: string;
  language: 'fr' | 'en';
  version: string;
  ae_title: string;
}

export interface Person {
  name: string;
  role: Role;
}

export interface Session {
  person: Person;
  actions: Action[];
}

export type Availability = 'online' | 'remote' | 'unreachable';

export interface Patient {
  name: string | null;
  birth_date: string | null;
  sex: string | null;
  id: string | null;
  issuer: string | null;
}

export interface Study {
  study: string;
  patient: Patient;
  date: string | null;
  time: string | null;
  modalities: string[];
  body_parts: string[];
  description: string | null;
  accession: string | null;
  referrer: string | null;
  series: number;
  instances: number;
  bytes: number;
  arrived: string | null;
  completeness: 'arriving' | 'complete';
  /** `null`: ours. */
  holder: string | null;
  site_name: string;
  availability: Availability;
  instances_here: number;
  patient_conflict: boolean;
  custodian_name: string | null;
}

export interface StudyPage {
  studies: Study[];
  offset: number;
  more: boolean;
}

export interface Reading {
  id: string;
  dicomweb_root: string;
  viewer: string;
}

export interface Transfer {
  study: string;
  site: string;
  site_name: string;
  instances_done: number;
  instances_total: number;
  bytes_done: number;
  bytes_total: number;
  bytes_per_s: number;
  seconds_left: number | null;
  state: 'running' | 'waiting' | 'done' | 'refused' | 'corrupt';
  road: string;
}

export interface Peer {
  site: string;
  name: string;
  paired: string;
  revoked: string | null;
  connected: boolean;
  last_contact: string | null;
  road: string | null;
  clock_offset_ms: number | null;
  studies_told: number;
  addresses: string[];
  held_bytes: number;
}

export interface Invitation {
  id: string;
  invitation: string;
  code: string;
  expires: string;
}

export interface Pairing {
  id: string;
  inviter: boolean;
  state: 'waiting' | 'compare' | 'done' | 'failed';
  tries_left: number | null;
  peer_name: string | null;
  peer: string | null;
  digits: string | null;
  confirmed_here: boolean;
  confirmed_there: boolean;
  reason: string | null;
  expires: string;
}

export type Preset = 'all' | 'on-call' | 'case-only';

export interface Clause {
  holder: string;
  reader: string;
  announce: boolean;
  level: string;
  modalities: string[];
  modalities_excluded: string[];
  since_days: number | null;
  /** Minutes of the week from Monday 00:00, half-open; `to` before `from` wraps over Sunday midnight. */
  hours: { time_zone: string; spans: [number, number][] } | null;
  fields: string[];
  cache_days: number;
}

export interface Agreement {
  id: string;
  version: number;
  peer: string;
  peer_name: string;
  preset: Preset | 'custom';
  state: 'offered' | 'received' | 'active' | 'ended';
  drafted: string;
  not_before: string;
  not_after: string | null;
  clauses: Clause[];
  sentences: { fr: string[]; en: string[] };
}

export interface AgreementOffer {
  site: string;
  preset: Preset;
  direction: 'both' | 'ours' | 'theirs';
  time_zone?: string;
  spans?: [number, number][];
  modalities?: string[];
  since_days?: number;
  cache_days?: number;
  replaces?: string;
}

export interface AuditEntry {
  number: number;
  at: string;
  act: string;
  outcome: 'done' | 'refused' | 'failed';
  reason: string | null;
  person: string;
  role: string;
  site: string | null;
  site_name: string | null;
  study: string | null;
  peer: string | null;
  peer_name: string | null;
  basis: string | null;
  instances: number;
  bytes: number;
  note: string;
}

export interface AuditPage {
  entries: AuditEntry[];
  more: boolean;
}

export interface Ae {
  title: string;
  host: string;
  port: number;
}

export interface Status {
  site: string;
  site_id: string;
  version: string;
  uptime_s: number;
  portal: string;
  dimse: string;
  overlay: string;
  pixels: string;
  studies: number;
  instances: number;
  bytes: number;
  cache_bytes: number;
  free_bytes: number;
  rss_bytes: number;
  peers: Peer[];
  transfers: Transfer[];
  associations: number;
}

/** A problem as the node tells it. */
export interface Problem {
  error: string;
  message: string;
  reference?: string;
  retry_s?: number;
}
