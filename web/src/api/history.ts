// One patient's studies everywhere, as the node finds them: line by line, until the reader looks away.

import { useCallback, useEffect, useReducer, useState } from 'react';
import { lines, post } from './client';
import type { components } from './openapi';
import type { Study } from './types';

type Schemas = components['schemas'];

export type Trait = 'national' | 'identifier' | 'name' | 'first-name' | 'names-swapped' | 'birth-date' | 'sex' | 'birthplace';
export type LinkState = 'candidate' | 'confirmed' | 'rejected' | 'revoked';
export interface Identifier {
  issuer: string;
  id: string;
}
export interface HistoryRow {
  study: Study;
  holders: { site: string | null; site_name: string }[];
  is: 'same' | 'linked' | 'candidate';
  differs: Trait[];
  identifier: Identifier | null;
  link: string | null;
  link_state: LinkState | null;
  relevance: number;
  relevant: boolean;
}
export interface Meant {
  name: string | null;
  birth_date: string | null;
  sex: string | null;
  identifiers: Identifier[];
  site_name: string;
}
export interface AskedSite {
  site: string;
  site_name: string;
  /** `asking`: nothing was heard yet. */
  state: 'asking' | 'answered' | 'refused' | 'away' | 'unknown';
  reason: string | null;
}
export interface Ahead {
  studies: number;
  bytes: number;
  opened: number;
  opened_bytes: number;
}
export type PatientLink = Omit<Required<Schemas['PatientLink']>, 'state' | 'method'> & { state: LinkState; method: 'strict' | 'person' | 'likeness' };

/** Whose: of a study, of a case, or by an identifier. */
export type Whose = { study: string } | { case: string } | { patient_id: string; issuer: string };

type Line =
  | ({ line: 'patient' } & Meant)
  | { line: 'study'; current: boolean; row: HistoryRow }
  | { line: 'asking'; sites: { site: string; site_name: string }[] }
  | { line: 'site'; site: string | null; site_name: string; state: AskedSite['state']; reason: string | null }
  | { line: 'end'; more: boolean; ahead: Ahead };

export interface History {
  meant: Meant | null;
  /** By study; the one that is being read is not among them. */
  rows: HistoryRow[];
  sites: AskedSite[];
  /** What is known here has been told. */
  told: boolean;
  done: boolean;
  more: boolean;
  ahead: Ahead | null;
  error: unknown;
}

export const NOTHING: History = { meant: null, rows: [], sites: [], told: false, done: false, more: false, ahead: null, error: null };

/** Most helpful first, then newest; a study told again takes its place anew. */
function placed(rows: HistoryRow[], row: HistoryRow): HistoryRow[] {
  const when = ({ study }: HistoryRow) => `${study.date ?? ''}${study.time ?? ''}`;
  return [...rows.filter(({ study }) => study.study !== row.study.study), row].sort(
    (a, b) => b.relevance - a.relevance || when(b).localeCompare(when(a)) || a.study.study.localeCompare(b.study.study),
  );
}

export function heard(before: History, line: Line | { line: 'failed'; error: unknown } | { line: 'anew' }): History {
  switch (line.line) {
    case 'anew':
      return NOTHING;
    case 'failed':
      return { ...before, done: true, error: line.error };
    case 'patient':
      return { ...before, meant: line };
    case 'study':
      return line.current ? before : { ...before, rows: placed(before.rows, line.row) };
    case 'asking':
      return { ...before, sites: line.sites.map(site => ({ ...site, state: 'asking', reason: null })) };
    case 'site': {
      const { site, site_name, state, reason } = line;
      if (site === null) return { ...before, told: true };
      return { ...before, sites: [...before.sites.filter(one => one.site !== site), { site, site_name, state, reason }] };
    }
    case 'end':
      return { ...before, told: true, done: true, more: line.more, ahead: line.ahead };
  }
}

/** Asks when it is first shown, and again when it is told to; closing the view ends the questions. */
export function useHistory(whose: Whose | null, live: boolean) {
  const [history, tell] = useReducer(heard, NOTHING);
  const [round, setRound] = useState(0);
  const asked = whose === null ? null : JSON.stringify(whose);
  useEffect(() => {
    if (asked === null) return;
    const stop = new AbortController();
    tell({ line: 'anew' });
    lines<Line>('/history', { ...(JSON.parse(asked) as Whose), live }, line => !stop.signal.aborted && tell(line), stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) tell({ line: 'failed', error });
    });
    return () => stop.abort();
  }, [asked, live, round]);
  const again = useCallback(() => setRound(before => before + 1), []);
  return { history, again };
}

/** One patient, two patients, or taken back. */
export const decide = (ours: Identifier, theirs: Identifier, peer: string, decision: 'confirm' | 'reject' | 'revoke') =>
  post<PatientLink>('/patient-links', { ours, theirs, peer, decision });
