import { describe, expect, test } from 'vitest';
import type { Filters } from './filters';
import { fromAddress, isFiltered, NO_FILTERS, toAddress, toQuestion } from './filters';

const NOW = new Date(2025, 0, 10, 2, 10);

describe('the address', () => {
  test.each<Filters>([
    NO_FILTERS,
    { ...NO_FILTERS, text: 'martin é', modalities: ['CT', 'MR'], labels: ['night', 'à relire'], site: 'own' },
    { ...NO_FILTERS, period: 'week' },
    { ...NO_FILTERS, period: 'custom', from: '2025-01-01', to: '2025-01-09' },
  ])('keeps %o', filters => expect(fromAddress(toAddress(filters))).toEqual(filters));

  test('says nothing where nothing is filtered', () => {
    expect(toAddress(NO_FILTERS).toString()).toBe('');
    expect(isFiltered(NO_FILTERS)).toBe(false);
  });

  test('that makes no sense filters nothing', () => {
    const typed = new URLSearchParams('period=ever&modality=<b>&modality=CT&modality=CT&from=2025-1-1');
    expect(fromAddress(typed)).toEqual({ ...NO_FILTERS, modalities: ['CT'] });
  });
});

describe('the question to the node', () => {
  const question = (change: Partial<Filters>) =>
    Object.fromEntries(new URLSearchParams(toQuestion({ ...NO_FILTERS, ...change }, NOW, 0, 50)));

  test('counts days in the reader’s own calendar', () => {
    expect(question({ period: 'today' })).toMatchObject({ from: '20250110' });
    expect(question({ period: 'yesterday' })).toMatchObject({ from: '20250109' });
    expect(question({ period: 'week' })).toMatchObject({ from: '20250104' });
    expect(question({ period: 'custom', from: '2024-12-01', to: '2024-12-31' })).toMatchObject({ from: '20241201', to: '20241231' });
  });

  test('leaves out what filters nothing', () => expect(question({})).toEqual({ offset: '0', limit: '50' }));
});
