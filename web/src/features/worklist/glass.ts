// What the views of broken glass share.

import type { BrokenGlass, GlassReason, Study } from '../../api/types';

export const GLASS_REASONS: readonly GlassReason[] = ['danger-to-life', 'cannot-consent', 'urgent-transfer', 'urgent-opinion', 'other'];

/** Each breaking of the glass by which one of these studies is open, once. */
export function brokenFor(studies: readonly Study[]): BrokenGlass[] {
  const broken = studies.flatMap(({ break_glass: one }) => (one ? [one] : []));
  return [...new Map(broken.map(one => [one.request, one])).values()];
}
