// News becomes fresh views: each event names what is out of date, and the caches ask again.

import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { createContext, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { throttled } from '../lib/time';
import type { Link, LinkState, NewsName } from './events';
import { link } from './events';
import { caseKey, keys, sessionQuery } from './queries';
import type { CaseNews, Pairing, Transfer } from './types';

interface Live {
  /** `null` until the first word from the link. */
  state: LinkState | null;
  reconnect: () => void;
  leave: () => void;
}

const LiveContext = createContext<Live>({
  state: null,
  reconnect: () => undefined,
  leave: () => undefined,
});

export const useLive = (): Live => useContext(LiveContext);

/** A study that arrives tells of every image; the list is asked for at most this often. */
const LIST_PAUSE_MS = 700;
/** A claim is to be seen within a second. */
const CASES_PAUSE_MS = 300;
/** The node has raised by then what a change of a roster brings about. */
const ALARMS_PAUSE_MS = 500;
/** After a refusal (node starting, session unclear) the link is tried again this often. */
const REFUSED_PAUSE_MS = 4_000;

export function withTransfer(known: Transfer[] | undefined, news: Transfer): Transfer[] {
  const others = (known ?? []).filter(transfer => transfer.study !== news.study);
  return [...others, news];
}

export function withPairing(known: Pairing[] | undefined, news: Pairing): Pairing[] {
  return [...(known ?? []).filter(pairing => pairing.id !== news.id), news];
}

/** Keeps the link while somebody is signed in. */
export function LiveProvider({ signedIn, children }: { signedIn: boolean; children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<LinkState | null>(null);
  const held = useRef<Link | null>(null);

  useEffect(() => {
    if (!signedIn) return;
    const stale = (key: readonly string[]) => void client.invalidateQueries({ queryKey: key });
    const listChanged = throttled(() => stale(keys.studies), LIST_PAUSE_MS);
    const casesChanged = throttled(() => {
      stale([...keys.cases, 'list']);
      stale([...keys.cases, 'loose']);
      stale(keys.alerts);
      stale([...keys.cases, 'discordances']);
      stale([...keys.rosters, 'handing']);
    }, CASES_PAUSE_MS);
    const onNews = (name: NewsName, data: unknown) => {
      if (name === 'list') listChanged();
      else if (name === 'transfer') {
        const news = data as Transfer;
        client.setQueryData<Transfer[]>(keys.transfers, known => withTransfer(known, news));
        if (news.state !== 'running') listChanged();
      } else if (name === 'pairing') {
        const news = data as Pairing;
        client.setQueryData<Pairing[]>(keys.pairings, known => withPairing(known, news));
        if (news.state === 'done') stale(keys.peers);
      } else if (name === 'amended') {
        stale(keys.corrections);
        stale(keys.rejections);
        listChanged();
      } else if (name === 'case') {
        const news = data as CaseNews;
        void client.invalidateQueries({ queryKey: caseKey(news.case) });
        casesChanged();
      } else if (name === 'cases') casesChanged();
      else {
        stale(keys[name]);
        // A hole is an alarm a moment after the roster changed.
        if (name === 'rosters') setTimeout(() => stale(keys.alarms), ALARMS_PAUSE_MS);
      }
    };
    let refused: ReturnType<typeof setTimeout> | undefined;
    let before: LinkState | null = null;
    const onState = (next: LinkState) => {
      clearTimeout(refused);
      // What happened while nobody listened is asked for.
      if (next === 'open' && before !== null && before !== 'open') void client.invalidateQueries();
      if (next === 'refused') {
        void client.refetchQueries(sessionQuery);
        refused = setTimeout(() => held.current?.connect(), REFUSED_PAUSE_MS);
      }
      before = next;
      setState(next);
    };
    const made = link({ onState, onNews });
    held.current = made;
    made.connect();
    const onHide = () => made.leave();
    const onShow = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
    };
    addEventListener('pagehide', onHide);
    addEventListener('pageshow', onShow);
    return () => {
      clearTimeout(refused);
      removeEventListener('pagehide', onHide);
      removeEventListener('pageshow', onShow);
      made.leave();
      held.current = null;
      setState(null);
    };
  }, [client, signedIn]);

  const live = useMemo<Live>(
    () => ({
      state,
      reconnect: () => held.current?.connect(),
      leave: () => held.current?.close(),
    }),
    [state],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}
