// The list of cases: its head is asked for at every news, what lies below only as it is scrolled to. Rows that did not
// move are neither lost nor doubled while the head changes.

import { keepPreviousData, replaceEqualDeep, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { CasePage, CaseRow } from '../../api/types';
import { casesQuery } from '../../api/queries';
import { get } from '../../api/client';
import { joinRows, pushedOut } from './order';

const PAGE = 100;
/** What lies below the head is made fresh at most this often. */
const BELOW_PAUSE_MS = 4_000;

interface Below {
  question: string;
  pages: CasePage[];
}

export function useCaseList(filters: string) {
  const question = `${filters}${filters ? '&' : ''}limit=${PAGE}`;
  const head = useQuery({ ...casesQuery(question), placeholderData: keepPreviousData });
  const [below, setBelow] = useState<Below>({ question, pages: [] });
  const [carried, setCarried] = useState<CaseRow[]>([]);
  const [before, setBefore] = useState<{ question: string; page: CasePage } | null>(null);
  const [loading, setLoading] = useState(false);
  const fetching = useRef(false);

  const page = head.isPlaceholderData ? undefined : head.data;
  if (below.question !== question) {
    setBelow({ question, pages: [] });
    setCarried([]);
  }
  // While the head changes: what it pushed over its end stays in sight until the pages below are fresh.
  if (page && before?.page !== page) {
    if (before?.question === question && below.pages.length > 0) setCarried([...carried, ...pushedOut(before.page.rows, page.rows)]);
    setBefore({ question, page });
  }

  const pages = useMemo(() => (below.question === question ? below.pages : []), [below, question]);
  const cursor = pages.length > 0 ? (pages.at(-1)?.next ?? null) : (page?.next ?? null);

  const loadMore = useCallback(async () => {
    if (cursor === null || fetching.current) return;
    fetching.current = true;
    setLoading(true);
    try {
      const more = await get<CasePage>(`/cases?${question}&after=${encodeURIComponent(cursor)}`);
      setBelow(known => (known.question === question ? { question, pages: [...known.pages, more] } : known));
    } catch {
      // The head's own question tells what is wrong; scrolling asks again.
    } finally {
      fetching.current = false;
      setLoading(false);
    }
  }, [cursor, question]);

  const depth = pages.length;
  const start = page?.next ?? null;
  const stamp = head.dataUpdatedAt;
  useEffect(() => {
    if (depth === 0) return;
    let isOver = false;
    const timer = setTimeout(() => {
      void (async () => {
        const fresh: CasePage[] = [];
        let after = start;
        try {
          while (after !== null && fresh.length < depth) {
            const next: CasePage = await get<CasePage>(`/cases?${question}&after=${encodeURIComponent(after)}`);
            if (isOver) return;
            fresh.push(next);
            after = next.next;
          }
        } catch {
          return;
        }
        // Rows that say the same stay the same objects, and are not drawn again.
        setBelow(known => (known.question === question ? { question, pages: replaceEqualDeep(known.pages, fresh) } : known));
        setCarried([]);
      })();
    }, BELOW_PAUSE_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [depth, question, stamp, start]);

  const headRows = head.data?.rows;
  const rows = useMemo(() => joinRows([headRows ?? [], carried, ...pages.map(one => one.rows)]), [headRows, carried, pages]);
  return { head, rows, hasMore: cursor !== null, loading, loadMore };
}
