// One list over all covered hospitals, the most urgent first, counting down, live. Keyboard first: j and k move, Enter
// opens, c takes, r gives back, b shows who has what. A hospital that is silent is red above it: an empty list never hides one.

import { Button } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconFilterOff, IconLayoutBoard, IconMoonStars, IconPlugConnectedX, IconPlus } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import type { CaseRow as Row, CoveredSite } from '../../api/types';
import { useLive } from '../../api/live';
import { useMay } from '../../api/queries';
import { usePageTitle } from '../../components/Page';
import { ShiftChip } from '../../components/ShiftChip';
import { Blank, Denied, Failure, Waiting } from '../../components/State';
import { isCovered } from '../../lib/covered';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { worded } from '../../lib/later';
import type { RowAct } from './CaseRow';
import { CaseRow, pressed } from './CaseRow';
import type { CaseFilters } from './filters';
import { Discordances } from '../../components/Discordances';
import { fromAddress, isFiltered, nextTab, NO_FILTERS, toAddress } from './filters';
import { orderedSites, Sites } from './Sites';
import { useCaseList } from './useCaseList';
import { useImages } from './useImages';
import { useSteps } from './useSteps';
import classes from './worklist.module.css';
import { openOf, Tabs, WorklistBar } from './WorklistBar';
import { nameOf } from '../../components/who';

const StepDialog = worded(async () => (await import('./StepDialog')).StepDialog);

const ROW = 56;
const ROW_NARROW = 142;
const AHEAD = 8;
const NO_SITES: CoveredSite[] = [];

export function Worklist() {
  return useMay('list-studies') ? <List /> : <Denied />;
}

function useFilters() {
  const [query, setQuery] = useSearchParams();
  const change = useCallback((next: CaseFilters) => setQuery(toAddress(next), { replace: true }), [setQuery]);
  const address = query.toString();
  return [useMemo(() => fromAddress(new URLSearchParams(address)), [address]), change] as const;
}

function List() {
  const { t } = useWords();
  usePageTitle(t('cases.title'));
  const navigate = useNavigate();
  const [filters, change] = useFilters();
  const { head, rows: all, hasMore, loading, loadMore } = useCaseList(toAddress(filters).toString());
  // What is over has its own tab.
  const rows = useMemo(() => (filters.tab === null ? all.filter(row => row.tab !== 'done') : all), [all, filters.tab]);
  // Behind the first that is over there are none that are open.
  const more = hasMore && rows.length === all.length;
  const counts = head.data?.tabs;
  const total = counts && (filters.tab ? counts[filters.tab] : openOf(counts));
  const searchRef = useRef<HTMLInputElement>(null);
  const bodyRef = useRef<HTMLDivElement>(null);
  const sites = head.data?.sites ?? NO_SITES;
  const toTab = useCallback((tab: CaseFilters['tab']) => change({ ...filters, tab }), [change, filters]);
  const toSite = useCallback((site: string | null) => change({ ...filters, site }), [change, filters]);
  const toRows = useCallback(() => bodyRef.current?.focus(), []);
  const mayReport = useMay('report-cases');
  const mayAsk = useMay('request-readings');
  const mayRead = useMay('read-studies');
  const images = useImages();
  const steps = useSteps();
  const [asked, setAsked] = useState<{ step: 'accept' | 'release'; row: Row } | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const narrow = useMediaQuery('(max-width: 860px)');

  // eslint-disable-next-line react-hooks/incompatible-library -- the virtualizer is used in this component only
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => bodyRef.current,
    estimateSize: () => (narrow ? ROW_NARROW : ROW),
    overscan: AHEAD,
    initialRect: { width: 1280, height: 800 },
  });
  useEffect(() => virtual.measure(), [narrow, virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - AHEAD && more && !loading) void loadMore();
  }, [last, rows.length, more, loading, loadMore]);

  // The choice follows the case, not the place: what arrives above does not move it to another patient.
  const selected = rows.findIndex(row => row.case === chosen);
  const select = (index: number) => {
    const target = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (!target) return;
    setChosen(target.case);
    const to = rows.indexOf(target);
    const [from, height] = [virtual.scrollOffset ?? 0, virtual.scrollRect?.height ?? 0];
    const isSeen = items.some(item => item.index === to && item.start >= from && item.end <= from + height);
    // To scroll, even by nothing, has the browser lay the page out anew.
    if (!isSeen) virtual.scrollToIndex(to);
    if (document.activeElement !== bodyRef.current) bodyRef.current?.focus({ preventScroll: true });
  };
  const act = (what: RowAct, row: Row) => {
    setChosen(row.case);
    if (what === 'open') void navigate(`/cases/${row.case}`);
    else if (what === 'report') void navigate(`/cases/${row.case}/report`);
    else if (what === 'images') void images.open(row.studies, row.case);
    else if (what === 'accept' || what === 'release') setAsked({ step: what, row });
    else {
      // The row may leave the tab by it.
      const told = t('cases.claimed', { patient: nameOf(row.patient, row.case, t) });
      steps.mutate(
        { id: row.case, body: { step: 'claim' } },
        { onSuccess: () => notifications.show({ color: 'teal', message: told, closeButtonProps: { 'aria-label': t('common.close') } }) },
      );
    }
  };
  const onChosen = (what: RowAct, allowed: (row: Row) => boolean = () => true) => () => {
    const row = rows[selected];
    if (row && !isCovered() && allowed(row)) act(what, row);
  };
  useHotkeys([
    ['j', () => select(selected + 1)],
    ['k', () => select(selected < 0 ? 0 : selected - 1)],
    ['o', onChosen('images', row => mayRead && row.studies.length > 0)],
    ['c', onChosen('claim', row => mayReport && !row.claim)],
    ['r', onChosen('release', row => row.claim?.mine ?? false)],
    ['a', onChosen('accept', row => mayReport && row.role === 'asked' && row.tab === 'offered')],
    ['w', onChosen('report', () => mayReport)],
    ['n', () => mayAsk && !isCovered() && void navigate('/cases/new')],
    ['b', () => !isCovered() && void navigate('/cases/board')],
    ['/', () => searchRef.current?.focus()],
    [']', () => change({ ...filters, tab: nextTab(filters.tab, 1) })],
    ['[', () => change({ ...filters, tab: nextTab(filters.tab, -1) })],
    ['Escape', () => setChosen(null)],
  ]);

  return (
    <div className={classes.view}>
      <h1 className="visually-hidden">{t('cases.title')}</h1>
      <div className={classes.top}>
        <Tabs tab={filters.tab} tabs={head.data?.tabs} onChange={toTab} />
        <Button component={Link} to="/cases/board" size="compact-sm" variant="default" leftSection={<IconLayoutBoard size={15} aria-hidden="true" />}>
          {t('cases.board')}
        </Button>
        {mayReport && <ShiftChip />}
        {mayAsk && (
          <Button component={Link} to="/cases/new" size="compact-sm" leftSection={<IconPlus size={15} />}>
            {t('cases.new')}
          </Button>
        )}
      </div>
      <WorklistBar
        filters={filters}
        sites={sites}
        total={total}
        mayReport={mayReport}
        searchRef={searchRef}
        onChange={change}
        onLeave={toRows}
      />
      <Sites sites={sites} chosen={filters.site} onChoose={toSite} />
      <Discordances />
      <Stale at={head.dataUpdatedAt} failed={head.isError && rows.length > 0} />
      {head.isLoading && <Waiting />}
      {head.isError && rows.length === 0 && <Failure error={head.error} retry={() => void head.refetch()} />}
      {head.isSuccess && rows.length === 0 && <Nothing filters={filters} sites={head.data.sites} onClear={() => change(NO_FILTERS)} />}
      {rows.length > 0 && (
        <div className={classes.grid} role="grid" aria-label={t('cases.title')} aria-rowcount={more ? -1 : rows.length + 1}>
          <div role="rowgroup">
            <div className={classes.head} role="row" aria-rowindex={1}>
              {(['priority', 'left', 'patient', 'question', 'modality', 'hospital', 'state', 'images', 'reservedBy'] as const).map(column => (
                <div key={column} role="columnheader">
                  {t(`cases.column.${column}`)}
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
            onClick={event => {
              const { id, act: what } = pressed(event.target);
              const row = rows.find(one => one.case === id);
              if (!row) return;
              if (what) act(what, row);
              else setChosen(row.case);
            }}
            onDoubleClick={event => {
              const { id, act: what } = pressed(event.target);
              const row = rows.find(one => one.case === id);
              if (row && !what) act('open', row);
            }}
            onKeyDown={event => {
              if (event.target !== event.currentTarget) return;
              const moves: Record<string, number> = { ArrowDown: selected + 1, ArrowUp: Math.max(0, selected - 1), Home: 0, End: rows.length - 1 };
              const to = moves[event.key];
              if (to !== undefined) {
                event.preventDefault();
                select(to);
              } else if (event.key === 'Enter') {
                event.preventDefault();
                onChosen('open')();
              }
            }}
          >
            <div role="presentation" style={{ height: virtual.getTotalSize() + 48, position: 'relative' }}>
              {items.map(item => {
                const row = rows[item.index];
                return (
                  row && (
                    <CaseRow
                      key={row.case}
                      row={row}
                      index={item.index}
                      selected={item.index === selected}
                      busy={steps.isPending && steps.variables.id === row.case}
                      mayReport={mayReport}
                      top={item.start}
                    />
                  )
                );
              })}
            </div>
          </div>
        </div>
      )}
      <Suspense fallback={null}>
        {asked && (
          <StepDialog
            key={asked.step}
            of={asked.row}
            step={asked.step}
            busy={steps.isPending}
            error={null}
            onClose={() => setAsked(null)}
            onYes={body => steps.mutate({ id: asked.row.case, body }, { onSettled: () => setAsked(null) })}
          />
        )}
      </Suspense>
    </div>
  );
}

/** The list as it was when the node last answered. */
function Stale({ at, failed }: { at: number; failed: boolean }) {
  const { t, locale } = useWords();
  const { state } = useLive();
  if (at === 0 || !(failed || state === 'lost')) return null;
  return (
    <div className={classes.stale} role="status">
      <IconPlugConnectedX size={16} aria-hidden="true" />
      {t('cases.stale', { at: hourMinute(new Date(at).toISOString(), locale) })}
    </div>
  );
}

function Nothing({ filters, sites, onClear }: { filters: CaseFilters; sites: readonly CoveredSite[]; onClear: () => void }) {
  const { t } = useWords();
  const silent = orderedSites(sites).filter(site => site.silent);
  if (silent.length > 0) {
    return (
      <Blank
        icon={<IconPlugConnectedX size={28} />}
        color="red"
        title={t('cases.silentTitle')}
        text={t('cases.silentText', { sites: silent.map(site => site.site_name).join(', ') })}
      />
    );
  }
  return isFiltered(filters) || filters.tab ? (
    <Blank icon={<IconFilterOff size={28} />} title={t('cases.nothing')} text={t('list.nothingMore')}>
      <Button variant="default" onClick={onClear}>
        {t('cases.showAll')}
      </Button>
    </Blank>
  ) : (
    <Blank icon={<IconMoonStars size={28} />} title={t('cases.quiet')} text={t('cases.quietText')} />
  );
}
