// The worklist's tabs with their counts, and its filters. All of it is in the address.

import { Button, CloseButton, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import type { RefObject } from 'react';
import { memo, useEffect, useEffectEvent, useState } from 'react';
import type { CasePage, Tab } from '../../api/types';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { CaseFilters } from './filters';
import { isFiltered, NO_FILTERS, TABS } from './filters';
import { PRIORITIES } from './order';
import classes from './worklist.module.css';

const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'MG', 'NM', 'PT'];
const PAUSE_MS = 250;

/** How many are open. */
export const openOf = (tabs: CasePage['tabs']): number => TABS.filter(one => one !== 'done').reduce((sum, one) => sum + tabs[one], 0);

export const Tabs = memo(function Tabs({ tab, tabs, onChange }: { tab: Tab | null; tabs: CasePage['tabs'] | undefined; onChange: (tab: Tab | null) => void }) {
  const { t, locale } = useWords();
  const open = tabs && openOf(tabs);
  return (
    <div className={classes.tabs} role="group" aria-label={t('cases.tabs')}>
      {([null, ...TABS] as const).map(one => {
        const number = one === null ? open : tabs?.[one];
        return (
          <button key={one ?? 'open'} type="button" aria-pressed={one === tab} data-calls={(one === 'offered' && Boolean(number)) || undefined} onClick={() => onChange(one)}>
            {t(`cases.tab.${one ?? 'open'}`)}
            {number !== undefined && <span>{count(number, locale)}</span>}
          </button>
        );
      })}
    </div>
  );
});

interface WorklistBarProps {
  filters: CaseFilters;
  sites: CasePage['sites'];
  total: number | undefined;
  mayReport: boolean;
  searchRef: RefObject<HTMLInputElement | null>;
  onChange: (filters: CaseFilters) => void;
  onLeave: () => void;
}

/** What is typed is asked once the typing pauses. */
function useTyped(text: string, onText: (text: string) => void) {
  const [typed, setTyped] = useState(text);
  const [seen, setSeen] = useState(text);
  if (text !== seen) {
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

export const WorklistBar = memo(function WorklistBar({ filters, sites, total, mayReport, searchRef, onChange, onLeave }: WorklistBarProps) {
  const { t } = useWords();
  const [typed, setTyped] = useTyped(filters.text, text => onChange({ ...filters, text }));
  const toggle = (priority: (typeof PRIORITIES)[number]) => {
    const isOn = filters.priorities.includes(priority);
    onChange({ ...filters, priorities: isOn ? filters.priorities.filter(one => one !== priority) : [...filters.priorities, priority] });
  };
  const known = sites.map(site => ({ value: site.site, label: site.site_name }));
  const chosen = filters.site && !known.some(site => site.value === filters.site) ? [{ value: filters.site, label: filters.site }] : [];
  return (
    <div className={classes.bar} role="search" aria-label={t('cases.filter')}>
      <TextInput
        ref={searchRef}
        className={classes.search ?? ''}
        leftSection={<IconSearch size={16} />}
        rightSection={typed && <CloseButton size="sm" aria-label={t('list.clear')} onClick={() => setTyped('')} />}
        placeholder={t('cases.search')}
        aria-label={t('cases.search')}
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
      <div className={classes.priorities} role="group" aria-label={t('cases.priority')}>
        {PRIORITIES.map(priority => (
          <button key={priority} type="button" data-is={priority} aria-pressed={filters.priorities.includes(priority)} onClick={() => toggle(priority)}>
            {priority}
          </button>
        ))}
      </div>
      <Select
        w={170}
        aria-label={t('cases.hospital')}
        placeholder={t('cases.anyHospital')}
        clearable
        clearButtonProps={{ 'aria-label': t('cases.anyHospital') }}
        value={filters.site}
        data={[...known, ...chosen]}
        onChange={site => onChange({ ...filters, site })}
      />
      <Select
        className={classes.lesser ?? ''}
        w={112}
        aria-label={t('list.modality')}
        placeholder={t('list.modality')}
        clearable
        clearButtonProps={{ 'aria-label': t('list.clear') }}
        value={filters.modality}
        data={[...new Set([...MODALITIES, ...(filters.modality ? [filters.modality] : [])])]}
        onChange={modality => onChange({ ...filters, modality })}
      />
      <Select
        className={classes.lesser ?? ''}
        w={150}
        aria-label={t('cases.kindLabel')}
        placeholder={t('cases.kindLabel')}
        clearable
        clearButtonProps={{ 'aria-label': t('list.clear') }}
        value={filters.kind}
        data={(['diagnosis', 'expertise'] as const).map(kind => ({ value: kind, label: t(`cases.kind.${kind}`) }))}
        onChange={kind => onChange({ ...filters, kind })}
      />
      {mayReport && (
        <Button size="sm" variant={filters.mine ? 'light' : 'default'} aria-pressed={filters.mine} onClick={() => onChange({ ...filters, mine: !filters.mine })}>
          {t('cases.mine')}
        </Button>
      )}
      {isFiltered(filters) && (
        <Button size="compact-sm" variant="subtle" onClick={() => onChange({ ...NO_FILTERS, tab: filters.tab })}>
          {t('list.clear')}
        </Button>
      )}
      <span className={classes.total} role="status">
        {total !== undefined && t('cases.total', { count: total })}
      </span>
    </div>
  );
});
