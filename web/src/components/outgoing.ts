// One study that leaves from here, in words.

import type { TFunction } from 'i18next';
import type { Outgoing } from '../api/types';
import { roadWord } from './road';
import { bytes, count, duration, rate, share } from '../lib/format';

/** "on screen", or that it has ended. */
export function urgencyOf(row: Outgoing, t: TFunction): string {
  return row.priority === null ? t('outgoing.over') : t(`outgoing.${row.priority}`);
}

/** "12 MB · for 8 s · 4 answers under way". */
export function sentLine(row: Outgoing, t: TFunction, locale: string): string {
  const parts = [bytes(row.bytes, locale), t('outgoing.since', { time: duration(row.seconds, locale) })];
  if (row.streams > 0) parts.push(t('outgoing.answers', { count: row.streams }));
  return parts.join(' · ');
}

/** "direct · round trip 20 ms · 0.1 % lost · carries 31 MB/s": as this side measures it. */
export function outgoingLine(row: Outgoing, t: TFunction, locale: string): string {
  const road = roadWord(row.road, t);
  const parts = road === null ? [] : [row.via === null ? road : `${road} (${row.via})`];
  if (row.rtt_ms !== null) parts.push(t('strip.rtt', { ms: count(row.rtt_ms, locale, row.rtt_ms < 10 ? 1 : 0) }));
  if (row.lost !== null) parts.push(t('strip.lost', { share: share(row.lost, locale) }));
  if (row.link_bytes_per_s !== null) parts.push(t('outgoing.carries', { rate: rate(row.link_bytes_per_s, locale) }));
  return parts.join(' · ');
}

/** What is agreed of bandwidth, and whether it holds it back now; nothing where nothing is agreed. */
export function agreedLine(row: Outgoing, t: TFunction, locale: string): string | null {
  if (row.kbits_max === null) return null;
  const agreed = t('outgoing.agreed', { rate: count(row.kbits_max / 1000, locale, row.kbits_max < 10_000 ? 1 : 0) });
  return row.held_back ? `${agreed} · ${t('outgoing.heldBack')}` : agreed;
}
