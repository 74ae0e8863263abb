// What calls a person now, as the node says, and how it sounds.

import type { Alert } from '../../api/types';

/** Which of the two sounds; a lost claim is told once, and does not ring on. */
export function rings(alerts: readonly Alert[]): 'urgent' | 'calm' | null {
  const ringing = alerts.filter(one => one.kind !== 'lost');
  if (ringing.length === 0) return null;
  return ringing.some(one => one.priority === 'P0' || one.kind === 'critical' || one.kind === 'escalated') ? 'urgent' : 'calm';
}

/** Those that were not there before. */
export function added(before: readonly Alert[], now: readonly Alert[]): Alert[] {
  return now.filter(one => !before.some(known => known.id === one.id));
}
