// What calls a person now, as the node says, and how it is shown.

import { isCalm } from '../../../ohif/chime.mjs';
import type { Alert, AlertKind } from '../../api/types';

/** To be known soon, and nobody is lost while it waits. */
const NOTICES: ReadonlySet<AlertKind> = new Set<AlertKind>(['late', 'lost', 'held', 'lowered', 'differs', 'reopened', 'cancelled', 'taken']);

export function toneOf(alert: Pick<Alert, 'kind'>): 'call' | 'notice' | 'calm' {
  if (isCalm(alert)) return 'calm';
  return NOTICES.has(alert.kind) ? 'notice' : 'call';
}

/** Those that were not there before. */
export function added(before: readonly Alert[], now: readonly Alert[]): Alert[] {
  return now.filter(one => !before.some(known => known.id === one.id));
}
