// Which news of cases call a person, and as what.

import type { CaseNews, Priority } from '../../api/cases';

export type AlertKind = 'asked' | 'critical' | 'escalated' | 'late' | 'lost' | 'other';

export interface CaseAlert {
  case: string;
  kind: AlertKind;
  priority: Priority;
  site_name: string;
  /** Of a claim in vain: who was first, and when. */
  lost_to: CaseNews['lost_to'];
  /** Milliseconds since the epoch. */
  at: number;
}

const KINDS: Record<string, AlertKind> = {
  requested: 'asked',
  offered: 'asked',
  prioritised: 'asked',
  reported: 'critical',
  delivered: 'critical',
  heard: 'critical',
  escalated: 'escalated',
  'timed-out': 'escalated',
  unserved: 'escalated',
  acquired: 'late',
  expected: 'late',
  'images-ready': 'late',
};

export function kindOf(news: Pick<CaseNews, 'step' | 'void'>): AlertKind {
  if (news.void === 'claimed') return 'lost';
  return KINDS[news.step] ?? 'other';
}

/** One alert a case and kind: the same said twice rings once. */
export function withAlert(known: readonly CaseAlert[], news: CaseNews, at: number): CaseAlert[] {
  if (!news.alert) return [...known];
  const kind = kindOf(news);
  const alert = { case: news.case, kind, priority: news.priority, site_name: news.site_name, lost_to: news.lost_to, at };
  const rest = known.filter(one => one.case !== news.case || one.kind !== kind);
  return [...rest, alert].sort((a, b) => a.priority.localeCompare(b.priority) || a.at - b.at);
}

/** Someone took what was asked, or it ended: nobody needs to be called for it any more. */
export function withoutSettled(known: readonly CaseAlert[], news: CaseNews): CaseAlert[] {
  const ends: Partial<Record<AlertKind, readonly string[]>> = {
    asked: ['accepted', 'refused', 'claimed', 'cancelled', 'unserved', 'closed'],
    critical: ['heard', 'closed'],
    escalated: ['accepted', 'claimed', 'cancelled', 'closed'],
  };
  if (news.alert) return [...known];
  return known.filter(one => one.case !== news.case || news.void !== null || !ends[one.kind]?.includes(news.step));
}

/** Which of the two sounds; a lost claim is told once, and does not ring on. */
export function rings(alerts: readonly CaseAlert[]): 'urgent' | 'calm' | null {
  const ringing = alerts.filter(one => one.kind !== 'lost');
  if (ringing.length === 0) return null;
  return ringing.some(one => one.priority === 'P0' || one.kind === 'critical' || one.kind === 'escalated') ? 'urgent' : 'calm';
}
