// The list's filters live in the address: a link shows the same list to a colleague, Back goes back.

export type Period = 'all' | 'today' | 'yesterday' | 'week' | 'month' | 'custom';

export interface Filters {
  text: string;
  period: Period;
  /** `YYYY-MM-DD`, of a custom period. */
  from: string | null;
  to: string | null;
  modalities: string[];
  labels: string[];
  /** A site's id, or `own`. */
  site: string | null;
}

export const NO_FILTERS: Filters = { text: '', period: 'all', from: null, to: null, modalities: [], labels: [], site: null };

const PERIODS: readonly Period[] = ['today', 'yesterday', 'week', 'month'];
const DAYS_BACK: Partial<Record<Period, number>> = { today: 0, yesterday: 1, week: 6, month: 29 };
const TEXT_MAX = 64;

function day(value: string | null): string | null {
  return value && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : null;
}

/** Reads the address; what makes no sense is left out. */
export function fromAddress(query: URLSearchParams): Filters {
  const from = day(query.get('from'));
  const to = day(query.get('to'));
  const named = PERIODS.find(period => period === query.get('period'));
  return {
    text: (query.get('text') ?? '').slice(0, TEXT_MAX),
    period: named ?? (from !== null || to !== null ? 'custom' : 'all'),
    from: named ? null : from,
    to: named ? null : to,
    modalities: [...new Set(query.getAll('modality').filter(code => /^[A-Z]{2,8}$/.test(code)))].sort(),
    labels: [...new Set(query.getAll('label'))].filter(Boolean).sort(),
    site: query.get('site'),
  };
}

/** Writes the address; what filters nothing is left out. */
export function toAddress(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.text) query.set('text', filters.text);
  if (filters.period !== 'all' && filters.period !== 'custom') query.set('period', filters.period);
  if (filters.period === 'custom') {
    if (filters.from) query.set('from', filters.from);
    if (filters.to) query.set('to', filters.to);
  }
  for (const code of [...filters.modalities].sort()) query.append('modality', code);
  for (const label of [...filters.labels].sort()) query.append('label', label);
  if (filters.site) query.set('site', filters.site);
  return query;
}

function compact(date: Date): string {
  const pad = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}${pad(date.getMonth() + 1)}${pad(date.getDate())}`;
}

/** The days a period covers, in the reader's own calendar. */
export function daysOf(filters: Filters, now: Date): { from: string | null; to: string | null } {
  const back = DAYS_BACK[filters.period];
  if (back !== undefined) {
    const first = new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);
    return { from: compact(first), to: null };
  }
  const strip = (value: string | null) => value?.replaceAll('-', '') ?? null;
  return { from: strip(filters.from), to: strip(filters.to) };
}

/** The question to the node. */
export function toQuestion(filters: Filters, now: Date, offset: number, limit: number): string {
  const query = new URLSearchParams();
  const { from, to } = daysOf(filters, now);
  if (filters.text.trim()) query.set('text', filters.text.trim());
  if (from) query.set('from', from);
  if (to) query.set('to', to);
  for (const code of filters.modalities) query.append('modality', code);
  for (const label of filters.labels) query.append('label', label);
  if (filters.site) query.set('site', filters.site);
  query.set('offset', String(offset));
  query.set('limit', String(limit));
  return query.toString();
}

export function isFiltered(filters: Filters): boolean {
  return toAddress(filters).size > 0;
}
