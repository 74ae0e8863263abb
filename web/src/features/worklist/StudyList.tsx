// The list of studies, own and peers', newest first, kept fresh by the node's news. Keyboard first: j and k move, Enter
// opens.

import { Button } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconFilterOff, IconPhoto } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { get, post } from '../../api/client';
import { transfersQuery, useMay } from '../../api/queries';
import { openReading } from '../../api/reading';
import type { Purposes, Study } from '../../api/types';
import { Foresight } from '../../components/Foresight';
import { usePageTitle } from '../../components/Page';
import { useProblem } from '../../components/problem';
import { Blank, Denied, Failure, Waiting } from '../../components/State';
import { useWeasis } from '../../components/weasis';
import { useWords } from '../../lib/language';
import { FilterBar } from './FilterBar';
import type { Filters } from './filters';
import { fromAddress, isFiltered, NO_FILTERS, toAddress } from './filters';
import { GlassBanner } from './GlassBanner';
import classes from './list.module.css';
import type { RowAct } from './StudyRow';
import { StudyRow } from './StudyRow';
import { useOpenViewers } from '../../api/openViewers';
import { allStudies, useStudies, withArrivals } from './useStudies';

const PriorsDialog = lazy(async () => ({ default: (await import('./PriorsDialog')).PriorsDialog }));
const CopiesDialog = lazy(async () => ({ default: (await import('../peers/CopiesDialog')).CopiesDialog }));
const LabelDialog = lazy(async () => ({ default: (await import('./LabelDialog')).LabelDialog }));
const ExportDialog = lazy(async () => ({ default: (await import('./ExportDialog')).ExportDialog }));
const WithholdDialog = lazy(async () => ({ default: (await import('./WithholdDialog')).WithholdDialog }));
const GlassDialog = lazy(async () => ({ default: (await import('./GlassDialog')).GlassDialog }));
const GlanceDialog = lazy(async () => ({ default: (await import('./GlanceDialog')).GlanceDialog }));
const SignaturesDialog = lazy(async () => ({ default: (await import('./SignaturesDialog')).SignaturesDialog }));
const PurposeDialog = lazy(async () => ({ default: (await import('./PurposeDialog')).PurposeDialog }));
const ShareDialog = lazy(async () => ({ default: (await import('./ShareDialog')).ShareDialog }));

const ROW = 54;
const ROW_NARROW = 118;
const AHEAD = 12;

function useFilters() {
  const [query, setQuery] = useSearchParams();
  const filters = fromAddress(query);
  const change = useCallback(
    (next: Filters) => setQuery(toAddress(next), { replace: true }),
    [setQuery],
  );
  return [filters, change] as const;
}

/** What can be done to a study, with what the reader is told about it. */
function useActs() {
  const { t, language } = useWords();
  const say = useProblem();
  const [busy, setBusy] = useState<string | null>(null);

  const failed = (error: unknown) => notifications.show({ color: 'red', message: say(error), autoClose: 8000 });

  const [asking, setAsking] = useState<{ studies: string[]; first: Study; known: Purposes } | null>(null);

  /** Asks for what, where a peer's study may be opened for more than one purpose. */
  const open = async (studies: string[], first: Study, isAsked = false) => {
    setBusy(first.study);
    setAsking(null);
    try {
      if (first.holder !== null && !isAsked) {
        const known = await get<Purposes>(`/studies/${first.study}/purpose`);
        if (known.purposes.length > 1) {
          setAsking({ studies, first, known });
          return;
        }
      }
      const { address, opened } = await openReading(studies, language);
      if (!opened) {
        notifications.show({
          color: 'yellow',
          autoClose: false,
          title: t('list.blocked'),
          message: (
            <a href={address} target="_blank" rel="noreferrer">
              {t('list.blockedOpen')}
            </a>
          ),
        });
      } else if (first.availability === 'unreachable') {
        notifications.show({ color: 'yellow', message: t('list.openingUnreachable', { site: first.site_name }), autoClose: 8000 });
      }
    } catch (error) {
      failed(error);
    } finally {
      setBusy(null);
    }
  };

  const fetchAll = async (study: Study) => {
    try {
      await post(`/studies/${study.study}/fetch`);
      notifications.show({ color: 'sky', message: t('list.fetching', { site: study.site_name }) });
    } catch (error) {
      failed(error);
    }
  };

  const copy = async (study: Study) => {
    await navigator.clipboard.writeText(study.study);
    notifications.show({ message: t('list.uidCopied'), autoClose: 2000 });
  };

  return { busy, open, fetchAll, copy, asking, setAsking };
}

type Dialog = { kind: 'priors' | 'share' | 'export' | 'label' | 'withhold' | 'holders' | 'glance' | 'signatures'; study: Study } | null;

export function StudyList() {
  const mayList = useMay('list-studies');
  return mayList ? <List /> : <Denied />;
}

function List() {
  const { t } = useWords();
  usePageTitle(t('list.title'));
  const [filters, change] = useFilters();
  const found = useStudies(filters);
  const transfers = useQuery(transfersQuery).data;
  const studies = withArrivals(allStudies(found.data), transfers ?? []);
  const mayRead = useMay('read-studies');
  const mayShare = useMay('share-studies');
  const mayExport = useMay('export-studies');
  const mayLabel = useMay('label-studies');
  const mayWithhold = useMay('reject-studies');
  const mayBreakGlass = useMay('break-glass');
  const [breaking, setBreaking] = useState(false);
  const mayLog = useMay('read-log');
  const inViewer = useOpenViewers();
  const acts = useActs();
  const [dialog, setDialog] = useState<Dialog>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const searchRef = useRef<HTMLInputElement>(null);
  const bodyRef = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery('(max-width: 860px)');

  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is used in this component only
  const rows = useVirtualizer({
    count: studies.length,
    getScrollElement: () => bodyRef.current,
    estimateSize: () => (narrow ? ROW_NARROW : ROW),
    overscan: AHEAD,
    initialRect: { width: 1280, height: 800 },
  });
  useEffect(() => rows.measure(), [narrow, rows]);

  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  useEffect(() => {
    if (last >= studies.length - AHEAD && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, studies.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  // The choice follows the study, not the place: new arrivals above do not move it to another patient.
  const selected = studies.findIndex(({ study }) => study === chosen);
  const picked = studies[selected];
  const select = (index: number) => {
    const target = studies[Math.max(0, Math.min(studies.length - 1, index))];
    if (!target) return;
    setChosen(target.study);
    rows.scrollToIndex(studies.indexOf(target));
    bodyRef.current?.focus({ preventScroll: true });
  };
  const weasis = useWeasis();
  const act = (what: RowAct, study: Study) => {
    setChosen(study.study);
    if (what === 'open') void acts.open([study.study], study);
    else if (what === 'fetch') void acts.fetchAll(study);
    else if (what === 'weasis') void weasis([study.study]);
    else if (what === 'copy') void acts.copy(study);
    else setDialog({ kind: what, study });
  };
  const onChosen = (what: RowAct, allowed: (study: Study) => boolean = () => true) => () => {
    const study = studies[selected];
    if (study && !dialog && allowed(study)) act(what, study);
  };
  useHotkeys([
    ['j', () => select(selected + 1)],
    ['k', () => select(selected < 0 ? 0 : selected - 1)],
    ['o', onChosen('open', () => mayRead)],
    ['p', onChosen('priors', () => mayRead)],
    ['f', onChosen('fetch', study => mayRead && study.holder !== null)],
    ['s', onChosen('share', study => mayShare && study.holder === null)],
    ['/', () => searchRef.current?.focus()],
    ['Escape', () => setChosen(null)],
  ]);

  return (
    <div className={classes.view}>
      <h1 className="visually-hidden">{t('list.title')}</h1>
      <FilterBar
        filters={filters}
        studies={studies}
        more={hasNextPage}
        refreshing={found.isFetching && !found.isLoading && !isFetchingNextPage && found.isPlaceholderData}
        searchRef={searchRef}
        onChange={change}
        onRefresh={() => void found.refetch()}
        onLeave={() => bodyRef.current?.focus()}
        onBreakGlass={mayBreakGlass ? () => setBreaking(true) : undefined}
      />
      <GlassBanner studies={studies} />
      {found.isLoading && <Waiting />}
      {found.isError && studies.length === 0 && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && studies.length === 0 && <Nothing filtered={isFiltered(filters)} onClear={() => change(NO_FILTERS)} />}
      {studies.length > 0 && (
        <div className={classes.grid} role="grid" aria-label={t('list.title')} aria-rowcount={hasNextPage ? -1 : studies.length + 1}>
          <div role="rowgroup">
            <div className={classes.head} role="row" aria-rowindex={1}>
              {(['date', 'patient', 'modalities', 'description', 'images', 'held'] as const).map(column => (
                <div key={column} role="columnheader">
                  {t(`list.${column}`)}
                </div>
              ))}
              <div role="columnheader">
                <span className="visually-hidden">{t('list.actions')}</span>
              </div>
            </div>
          </div>
          <div
            ref={bodyRef}
            className={classes.body}
            role="rowgroup"
            tabIndex={0}
            onKeyDown={event => {
              if (event.target !== event.currentTarget) return;
              const moves: Record<string, number> = { ArrowDown: selected + 1, ArrowUp: Math.max(0, selected - 1), Home: 0, End: studies.length - 1 };
              const to = moves[event.key];
              if (to !== undefined) {
                event.preventDefault();
                select(to);
              } else if (event.key === 'Enter') {
                event.preventDefault();
                onChosen('open', () => mayRead)();
              }
            }}
          >
            <div role="presentation" style={{ height: rows.getTotalSize() + 48, position: 'relative' }}>
              {items.map(item => {
                const study = studies[item.index];
                return (
                  study && (
                    <StudyRow
                      key={study.study}
                      study={study}
                      index={item.index}
                      selected={item.index === selected}
                      busy={acts.busy === study.study}
                      inViewer={inViewer.has(study.study)}
                      mayShare={mayShare}
                      mayExport={mayExport}
                      mayLabel={mayLabel}
                      mayWithhold={mayWithhold}
                      mayLog={mayLog}
                      mayRead={mayRead}
                      style={{ transform: `translateY(${item.start}px)` }}
                      onSelect={index => setChosen(studies[index]?.study ?? null)}
                      onAct={act}
                    />
                  )
                );
              })}
            </div>
          </div>
        </div>
      )}
      {picked?.holder && picked.instances_here < picked.instances && (
        <Foresight study={picked} onGlance={mayRead ? () => act('glance', picked) : undefined} />
      )}
      <Suspense fallback={null}>
        {dialog?.kind === 'priors' && (
          <PriorsDialog
            study={dialog.study}
            onClose={() => setDialog(null)}
            onOpen={uids => {
              setDialog(null);
              void acts.open(uids, dialog.study);
            }}
          />
        )}
        {dialog?.kind === 'export' && <ExportDialog study={dialog.study} onClose={() => setDialog(null)} />}
        {dialog?.kind === 'label' && <LabelDialog study={dialog.study} onClose={() => setDialog(null)} />}
        {dialog?.kind === 'withhold' && <WithholdDialog study={dialog.study} onClose={() => setDialog(null)} />}
        {acts.asking && (
          <PurposeDialog
            study={acts.asking.first.study}
            site={acts.asking.first.site_name}
            known={acts.asking.known}
            onClose={() => acts.setAsking(null)}
            onChosen={() => {
              if (acts.asking) void acts.open(acts.asking.studies, acts.asking.first, true);
            }}
          />
        )}
        {breaking && <GlassDialog onClose={() => setBreaking(false)} />}
        {dialog?.kind === 'holders' && <CopiesDialog of={{ study: dialog.study.study }} onClose={() => setDialog(null)} />}
        {dialog?.kind === 'glance' && (
          <GlanceDialog
            study={dialog.study}
            onClose={() => setDialog(null)}
            onOpen={() => {
              setDialog(null);
              void acts.open([dialog.study.study], dialog.study);
            }}
          />
        )}
        {dialog?.kind === 'signatures' && <SignaturesDialog study={dialog.study} onClose={() => setDialog(null)} />}
        {dialog?.kind === 'share' && <ShareDialog study={dialog.study} onClose={() => setDialog(null)} />}
      </Suspense>
    </div>
  );
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const { t } = useWords();
  return filtered ? (
    <Blank icon={<IconFilterOff size={28} />} title={t('list.nothing')} text={t('list.nothingMore')}>
      <Button variant="default" onClick={onClear}>
        {t('list.clear')}
      </Button>
    </Blank>
  ) : (
    <Blank icon={<IconPhoto size={28} />} title={t('list.empty')} text={t('list.emptyMore')} />
  );
}
