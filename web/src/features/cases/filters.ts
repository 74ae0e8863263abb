// The worklist's filters live in the address: a link shows the same list to a colleague, Back goes back.

import type { Kind, Priority, Tab } from '../../api/types';
import { PRIORITIES } from './order';

export const TABS: readonly Tab[] = ['offered', 'waiting', 'ready', 'reading', 'preliminary', 'reported', 'done'];

export interface CaseFilters {
  /** `null`: all that are open. */
  tab: Tab | null;
  priorities: Priority[];
  site: string | null;
  modality: string | null;
  kind: Kind | null;
  mine: boolean;
  text: string;
}

export const NO_FILTERS: CaseFilters = { tab: null, priorities: [], site: null, modality: null, kind: null, mine: false, text: '' };

const TEXT_MAX = 64;
const KINDS: readonly Kind[] = ['diagnosis', 'expertise'];

/** Reads the address; what makes no sense is left out. */
export function fromAddress(query: URLSearchParams): CaseFilters {
  const wished = (query.get('priority') ?? '').split(',');
  const modality = query.get('modality') ?? '';
  return {
    tab: TABS.find(tab => tab === query.get('tab')) ?? null,
    priorities: PRIORITIES.filter(priority => wished.includes(priority)),
    site: query.get('site') === '' ? null : query.get('site'),
    modality: /^[A-Z]{2,8}$/.test(modality) ? modality : null,
    kind: KINDS.find(kind => kind === query.get('kind')) ?? null,
    mine: query.get('mine') === 'true',
    text: (query.get('q') ?? '').slice(0, TEXT_MAX),
  };
}

/** Writes the address; what filters nothing is left out. The node takes the same words. */
export function toAddress(filters: CaseFilters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.tab) query.set('tab', filters.tab);
  if (filters.priorities.length > 0) query.set('priority', PRIORITIES.filter(one => filters.priorities.includes(one)).join(','));
  if (filters.site) query.set('site', filters.site);
  if (filters.modality) query.set('modality', filters.modality);
  if (filters.kind) query.set('kind', filters.kind);
  if (filters.mine) query.set('mine', 'true');
  if (filters.text.trim()) query.set('q', filters.text.trim());
  return query;
}

/** Whether more than the tab chooses. */
export function isFiltered(filters: CaseFilters): boolean {
  return toAddress({ ...filters, tab: null }).size > 0;
}

/** The tab `by` places further, round and round. */
export function nextTab(tab: Tab | null, by: 1 | -1): Tab | null {
  const all: (Tab | null)[] = [null, ...TABS];
  return all[(all.indexOf(tab) + by + all.length) % all.length] ?? null;
}
