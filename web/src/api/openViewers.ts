// The viewer tabs of this browser, as they tell of themselves: which studies each shows, and of whom. One that is asked to close
// does, or hides its images.

import { useCallback, useEffect, useState } from 'react';

export interface ViewedPatient {
  name: string;
  birth_date: string;
  id: string;
  issuer: string;
}

export interface Viewer {
  id: string;
  studies: readonly string[];
  /** `null`: it does not know yet. */
  patient: ViewedPatient | null;
}

type Message = ({ kind: 'opened' } & Viewer) | { kind: 'closed'; id: string } | { kind: 'who' } | { kind: 'close'; ids: readonly string[] };

const CHANNEL = 'confrere-viewer';

/** What a message makes of the viewers that are known. */
export function withMessage(known: readonly Viewer[], message: Message | null): readonly Viewer[] {
  if (message?.kind !== 'opened' && message?.kind !== 'closed') return known;
  const rest = known.filter(viewer => viewer.id !== message.id);
  return message.kind === 'closed' ? rest : [...rest, { id: message.id, studies: message.studies, patient: message.patient }];
}

/** The viewers that are open, and a way to close some. */
export function useViewers(): { viewers: readonly Viewer[]; close: (ids: readonly string[]) => void } {
  const [viewers, setViewers] = useState<readonly Viewer[]>([]);
  useEffect(() => {
    if (typeof BroadcastChannel !== 'function') return;
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<Message | null>) => setViewers(known => withMessage(known, data));
    channel.postMessage({ kind: 'who' });
    return () => channel.close();
  }, []);
  const close = useCallback((ids: readonly string[]) => {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage({ kind: 'close', ids });
    // One that is gone without a word is not there either; one that is tells so again.
    setViewers(known => known.filter(viewer => !ids.includes(viewer.id)));
    channel.postMessage({ kind: 'who' });
    channel.close();
  }, []);
  return { viewers, close };
}

/** The studies that are open in viewer tabs of this browser. */
export function useOpenViewers(): ReadonlySet<string> {
  const { viewers } = useViewers();
  return new Set(viewers.flatMap(viewer => viewer.studies));
}
