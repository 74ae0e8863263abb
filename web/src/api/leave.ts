// Signing out at the identity provider too, where one let the person in.

import type { Leave } from './types';

export function leaveTo(told: Leave | undefined): void {
  if (told) window.location.assign(told.url);
}
