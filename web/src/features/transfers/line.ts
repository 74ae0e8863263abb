// One transfer in one line, as the strip shows it.

import type { TFunction } from 'i18next';
import type { Transfer } from '../../api/types';
import { roadWord } from '../../components/road';
import { count, duration, rate, share } from '../../lib/format';

export type Tone = 'running' | 'waiting' | 'held' | 'good' | 'bad';

export interface Line {
  site: string;
  parts: string[];
  tone: Tone;
  /** 0 to 1, by bytes where they are known. */
  share: number;
}

const TONES: Record<Transfer['state'], Tone> = {
  running: 'running',
  waiting: 'waiting',
  paused: 'held',
  cancelled: 'held',
  done: 'good',
  refused: 'bad',
  corrupt: 'bad',
};

function shareOf(transfer: Transfer): number {
  if (transfer.state === 'done') return 1;
  const [done, total] =
    transfer.bytes_total > 0
      ? [transfer.bytes_done, transfer.bytes_total]
      : [transfer.instances_done, transfer.instances_total];
  return total > 0 ? Math.min(1, done / total) : 0;
}

/** "54/180 images", "8.2 MB/s", "12 s left", "verified": every byte counted here was checked against what the site signed. */
export function transferLine(transfer: Transfer, t: TFunction, locale: string): Line {
  const images = `${count(transfer.instances_done, locale)}/${count(transfer.instances_total, locale)} ${t('strip.images', { count: transfer.instances_total })}`;
  const line = { site: transfer.site_name, tone: TONES[transfer.state], share: shareOf(transfer) };
  switch (transfer.state) {
    case 'running': {
      const parts = [images];
      if (transfer.bytes_per_s > 0) parts.push(rate(transfer.bytes_per_s, locale));
      if (transfer.seconds_left !== null) parts.push(t('strip.left', { time: duration(transfer.seconds_left, locale) }));
      if (transfer.bytes_done > 0) parts.push(t('strip.verified'));
      return { ...line, parts };
    }
    case 'done':
      return { ...line, parts: [images, t('strip.done'), t('strip.verified')] };
    case 'waiting':
    case 'paused':
    case 'cancelled':
    case 'refused':
    case 'corrupt':
      return { ...line, parts: [images, t(`strip.${transfer.state}`)] };
  }
}

/** "CH Nord 6.1 MB/s (direct)": each of several sites that bring it. */
function holderLine(holder: Transfer['holders'][number], t: TFunction, locale: string): string {
  const road = roadWord(holder.road, t);
  const brings = `${holder.site_name} ${rate(holder.bytes_per_s, locale)}`;
  return road === null ? brings : `${brings} (${road})`;
}

/** "direct · 82 % of what the link carries · round trip 20 ms · 0.1 % lost · 126 images waiting". */
export function linkLine(transfer: Transfer, t: TFunction, locale: string): string {
  const road = roadWord(transfer.road, t);
  const parts: string[] = road === null ? [] : [road];
  if (transfer.holders.length > 0) parts.push(transfer.holders.map(holder => holderLine(holder, t, locale)).join(', '));
  // Both over the wire: what comes coded becomes more than the link carried.
  if (transfer.link_bytes_per_s !== null && transfer.wire_bytes_per_s > 0) {
    parts.push(t('strip.ofLink', { share: share(Math.min(1, transfer.wire_bytes_per_s / transfer.link_bytes_per_s), locale) }));
  }
  if (transfer.rtt_ms !== null) parts.push(t('strip.rtt', { ms: count(transfer.rtt_ms, locale, transfer.rtt_ms < 10 ? 1 : 0) }));
  if (transfer.lost !== null) parts.push(t('strip.lost', { share: share(transfer.lost, locale) }));
  if (transfer.waiting > 0) parts.push(t('strip.queued', { count: transfer.waiting }));
  return parts.join(' · ');
}

const ORDER: Record<Transfer['state'], number> = { corrupt: 0, refused: 1, waiting: 2, running: 3, paused: 4, cancelled: 5, done: 6 };

/** What asks for attention first. */
export function ordered(transfers: Transfer[]): Transfer[] {
  return [...transfers].sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.study.localeCompare(b.study));
}
