// The draft of a report on a page: found again at the node or in this browser, kept as it is written.

import { useCallback, useEffect, useRef, useState } from 'react';
import type { Draft } from '../../api/types';
import { dropDraft, getDraft, putDraft } from '../../api/queries';
import { ApiError } from '../../api/client';
import { useLive } from '../../api/live';
import { keep, kept, unkeep } from '../../lib/vault';
import type { DraftState } from './draft';
import { DraftKeeper, later, parsed } from './draft';

interface Held {
  draft: Draft;
  state: DraftState;
  error: unknown;
  /** When the node last had all of it. */
  savedAt: number | null;
  /** It was found in this browser, and the node had less. */
  isFound: boolean;
}

/** What the node has; `null` where it has none. It is away: what this browser kept must do. */
async function atNode(id: string): Promise<Draft | null | 'away'> {
  try {
    return await getDraft(id);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    return 'away';
  }
}

/** `begin`: what an empty report begins with. */
export function useDraft(id: string, person: string, begin: Draft) {
  const name = `${person}.${id}`;
  const [held, setHeld] = useState<Held | null>(null);
  const keeper = useRef<DraftKeeper | null>(null);
  const first = useRef(begin);
  const { state: link } = useLive();

  const load = useCallback(
    async (isOver: () => boolean) => {
      const [node, text] = await Promise.all([atNode(id), kept(`report.${name}`)]);
      if (isOver()) return;
      const told = node === 'away' ? null : node;
      const here = parsed(text);
      const found = later(told, here);
      const isFound = here !== null && found === here && here !== told;
      const made = new DraftKeeper(
        found ?? first.current,
        {
          put: draft => putDraft(id, draft),
          keep: box => keep(`report.${name}`, box),
          unkeep: () => unkeep(`report.${name}`),
          tell: (state, error) =>
            setHeld(known => known && { ...known, state, error, savedAt: state === 'saved' ? Date.now() : known.savedAt }),
        },
        !isFound,
      );
      keeper.current?.stop();
      keeper.current = made;
      setHeld({ draft: made.current, state: isFound ? 'here' : 'saved', error: null, savedAt: told ? Date.now() : null, isFound });
      if (isFound) void made.flush();
    },
    [id, name],
  );

  useEffect(() => {
    let isOver = false;
    void load(() => isOver);
    return () => {
      isOver = true;
      void keeper.current?.flush();
      keeper.current?.stop();
    };
  }, [load]);

  // The connection is back: at once, not when the next pause ends.
  useEffect(() => {
    if (link === 'open') void keeper.current?.flush();
  }, [link]);

  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (keeper.current?.owes) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, []);

  const change = useCallback((part: Partial<Omit<Draft, 'serial'>>) => {
    const draft = keeper.current?.change(part);
    if (draft) setHeld(known => known && { ...known, draft });
  }, []);
  const flush = useCallback(() => keeper.current?.flush() ?? Promise.resolve(), []);
  /** Another screen wrote a later one: take that, or keep this. */
  const takeTheirs = useCallback(() => {
    unkeep(`report.${name}`);
    return load(() => false);
  }, [load, name]);
  const keepMine = useCallback(async () => {
    const theirs = await atNode(id);
    keeper.current?.insist(theirs === 'away' ? 0 : (theirs?.serial ?? 0));
  }, [id]);
  /** It is signed, or thrown away: nothing is left of it. */
  const done = useCallback(() => {
    keeper.current?.stop();
    unkeep(`report.${name}`);
  }, [name]);
  const discard = useCallback(async () => {
    done();
    await dropDraft(id).catch(() => undefined);
  }, [done, id]);
  return { held, change, flush, takeTheirs, keepMine, done, discard };
}
