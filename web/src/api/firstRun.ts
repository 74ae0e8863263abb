// How far a site is set up, from what the node says now: nothing of it is remembered, so it is left and taken up at any moment. A
// person may put it out of sight in their browser.

import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { aesQuery, peersQuery, statusQuery, usersQuery } from './queries';
import type { Ae, Peer, Status, User } from './types';

export const FIRST_STEPS = ['site', 'user', 'ae', 'peer'] as const;
export type FirstStep = (typeof FIRST_STEPS)[number];

/** Whether only this machine finds what listens there. */
export const isLoopback = (address: string): boolean => /^(127\.|\[::1\]|localhost)/.test(address);

interface Known {
  status: Status;
  users: User[];
  aes: Ae[];
  peers: Peer[];
}

export function doneOf({ status, users, aes, peers }: Known): Record<FirstStep, boolean> {
  return {
    site: ![status.dimse, status.overlay, status.pixels].some(isLoopback),
    user: users.some(user => user.role !== 'admin' && !user.disabled),
    // Heard of since the node started, or ever, where there are images.
    ae: aes.length > 0 && (aes.some(ae => ae.heard !== null) || status.instances > 0),
    peer: peers.some(peer => peer.revoked === null),
  };
}

const KEY = 'confrere.first-run';
const hearers = new Set<() => void>();

function kept(): boolean {
  try {
    return localStorage.getItem(KEY) === 'away';
  } catch {
    return false;
  }
}

/** Out of sight in this browser, or back. */
export function putAway(isAway: boolean): void {
  try {
    if (isAway) localStorage.setItem(KEY, 'away');
    else localStorage.removeItem(KEY);
  } catch {
    // It stays in sight.
  }
  for (const hear of hearers) hear();
}

export interface FirstRun {
  done: Record<FirstStep, boolean>;
  left: number;
  /** Nobody has begun: one account, nothing else. */
  isFresh: boolean;
  isAway: boolean;
}

/** `run: null`: not known (yet), or not this person's to know. */
export function useFirstRun(may: boolean): { run: FirstRun | null; error: Error | null; again: () => void } {
  const isAway = useSyncExternalStore(hear => {
    hearers.add(hear);
    return () => hearers.delete(hear);
  }, kept);
  const asked = [useQuery({ ...statusQuery, enabled: may }), useQuery({ ...usersQuery, enabled: may }), useQuery({ ...aesQuery, enabled: may }), useQuery({ ...peersQuery, enabled: may })] as const;
  const [{ data: status }, { data: users }, { data: aes }, { data: peers }] = asked;
  const error = asked.find(one => one.error)?.error ?? null;
  const again = () => asked.forEach(one => void one.refetch());
  if (!status || !users || !aes || !peers) return { run: null, error, again };
  const done = doneOf({ status, users, aes, peers });
  const isFresh = users.length <= 1 && aes.length === 0 && peers.length === 0;
  return { run: { done, left: FIRST_STEPS.filter(step => !done[step]).length, isFresh, isAway }, error, again };
}
