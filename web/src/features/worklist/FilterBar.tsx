import { ActionIcon, Button, CloseButton, MultiSelect, Select, TextInput, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconRefresh, IconSearch, IconUrgent } from '@tabler/icons-react';
import type { RefObject } from 'react';
import { useEffect, useEffectEvent, useState } from 'react';
import { labelsQuery, peersQuery, siteQuery } from '../../api/queries';
import type { Study } from '../../api/types';
import { useWords } from '../../lib/language';
import type { Filters, Period } from './filters';
import { isFiltered, NO_FILTERS } from './filters';
import classes from './list.module.css';

const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'RF', 'NM', 'PT', 'OT', 'SR', 'KO'];
const PAUSE_MS = 250;

interface FilterBarProps {
  filters: Filters;
  studies: Study[];
  more: boolean;
  refreshing: boolean;
  searchRef: RefObject<HTMLInputElement | null>;
  onChange: (filters: Filters) => void;
  onRefresh: () => void;
  onLeave: () => void;
  /** Absent: the role does not include it. */
  onBreakGlass: (() => void) | undefined;
}

/** What is typed is asked once the typing pauses: one question per change. */
function useTyped(text: string, onText: (text: string) => void) {
  const [typed, setTyped] = useState(text);
  const [seen, setSeen] = useState(text);
  if (text !== seen) {
    // The address changed elsewhere (Back, a link, "clear").
    setSeen(text);
    if (text !== typed.trim()) setTyped(text);
  }
  const tell = useEffectEvent(onText);
  useEffect(() => {
    if (typed.trim() === text) return;
    const timer = setTimeout(() => tell(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, text]);
  return [typed, setTyped] as const;
}

function useSites(studies: Study[]) {
  const { t } = useWords();
  const own = useQuery(siteQuery).data;
  const peers = useQuery(peersQuery).data ?? [];
  const names = new Map<string, string>();
  for (const peer of peers) if (!peer.revoked) names.set(peer.site, peer.name);
  for (const study of studies) if (study.holder) names.set(study.holder, study.site_name);
  return [
    { value: 'own', label: own ? `${own.name} (${t('list.siteOwn')})` : t('list.siteOwn') },
    ...[...names].map(([value, label]) => ({ value, label })),
  ];
}

export function FilterBar(props: FilterBarProps) {
  const { filters, studies, more, refreshing, searchRef, onChange, onRefresh, onLeave, onBreakGlass } = props;
  const { t } = useWords();
  const [typed, setTyped] = useTyped(filters.text, text => onChange({ ...filters, text }));
  const sites = useSites(studies);
  const used = useQuery(labelsQuery).data ?? [];
  const labels = [...new Set([...used.map(one => one.label), ...filters.labels])];
  const known = filters.site && !sites.some(site => site.value === filters.site) ? [{ value: filters.site, label: filters.site }] : [];
  const modalities = [...new Set([...MODALITIES, ...filters.modalities])];

  const setPeriod = (period: Period) => {
    const today = new Date().toISOString().slice(0, 10);
    onChange({ ...filters, period, from: period === 'custom' ? today : null, to: period === 'custom' ? today : null });
  };

  return (
    <div className={classes.bar} role="search" aria-label={t('list.searchLabel')}>
      <TextInput
        ref={searchRef}
        className={classes.search}
        size="sm"
        leftSection={<IconSearch size={16} />}
        rightSection={
          typed && <CloseButton size="sm" aria-label={t('list.clear')} onClick={() => setTyped('')} />
        }
        placeholder={t('list.search')}
        aria-label={t('list.searchLabel')}
        value={typed}
        maxLength={64}
        onChange={event => setTyped(event.currentTarget.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' || event.key === 'Enter') {
            event.preventDefault();
            event.stopPropagation();
            onLeave();
          }
        }}
      />
      <Select
        w={158}
        size="sm"
        aria-label={t('list.period')}
        allowDeselect={false}
        value={filters.period}
        onChange={value => setPeriod((value ?? 'all'))}
        data={[
          { value: 'all', label: t('list.periodAll') },
          { value: 'today', label: t('list.today') },
          { value: 'yesterday', label: t('list.yesterday') },
          { value: 'week', label: t('list.week') },
          { value: 'month', label: t('list.month') },
          { value: 'custom', label: t('list.custom') },
        ]}
      />
      {filters.period === 'custom' && (
        <>
          <TextInput
            type="date"
            size="sm"
            aria-label={t('list.from')}
            value={filters.from ?? ''}
            onChange={event => onChange({ ...filters, from: event.currentTarget.value || null })}
          />
          <TextInput
            type="date"
            size="sm"
            aria-label={t('list.to')}
            value={filters.to ?? ''}
            onChange={event => onChange({ ...filters, to: event.currentTarget.value || null })}
          />
        </>
      )}
      <MultiSelect
        miw={140}
        maw={260}
        size="sm"
        styles={{ pillsList: { minHeight: 'calc(2.25rem - 12px)', alignItems: 'center' } }}
        aria-label={t('list.modality')}
        placeholder={filters.modalities.length ? '' : t('list.modality')}
        value={filters.modalities}
        onChange={value => onChange({ ...filters, modalities: value })}
        data={modalities}
        searchable
        hidePickedOptions
      />
      {labels.length > 0 && (
        <MultiSelect
          miw={140}
          maw={260}
          size="sm"
          styles={{ pillsList: { minHeight: 'calc(2.25rem - 12px)', alignItems: 'center' } }}
          aria-label={t('labels.filter')}
          placeholder={filters.labels.length ? '' : t('labels.filter')}
          value={filters.labels}
          onChange={value => onChange({ ...filters, labels: value })}
          data={labels}
          searchable
          hidePickedOptions
        />
      )}
      <Select
        w={190}
        size="sm"
        aria-label={t('list.site')}
        placeholder={t('list.siteAll')}
        clearable
        clearButtonProps={{ 'aria-label': t('list.siteAll') }}
        value={filters.site}
        onChange={site => onChange({ ...filters, site })}
        data={[...sites, ...known]}
      />
      {isFiltered(filters) && (
        <Button size="compact-sm" variant="subtle" onClick={() => onChange(NO_FILTERS)}>
          {t('list.clear')}
        </Button>
      )}
      <span className={classes.total} role="status">
        {more ? t('list.shownMore', { count: studies.length }) : t('list.shown', { count: studies.length })}
      </span>
      {onBreakGlass && (
        <Button size="compact-sm" variant="light" color="red" leftSection={<IconUrgent size={15} />} onClick={onBreakGlass}>
          {t('glass.title')}
        </Button>
      )}
      <Tooltip label={t('list.refresh')}>
        <ActionIcon variant="subtle" color="gray" loading={refreshing} onClick={onRefresh} aria-label={t('list.refresh')}>
          <IconRefresh size={17} />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}
