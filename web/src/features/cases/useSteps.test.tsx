import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it } from 'vitest';
import { caseKey, keys } from '../../api/queries';
import type { CasePage } from '../../api/types';
import { CASE, caseOf } from '../../testing/caseNode';
import { useToldCase } from './useSteps';

it('an answer that comes behind the news of what followed it is shown and asked anew', () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: 15_000 } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(useToldCase, { wrapper });
  const told = caseOf({ case: CASE(1), stage: 'requested' });
  result.current(told);
  expect(client.getQueryData(caseKey(CASE(1)))).toEqual(told);
  expect(client.getQueryState(caseKey(CASE(1)))?.isInvalidated).toBe(true);
});

it('the row of the list says what the answer says at once, and never something older', () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: 15_000 } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  const { result } = renderHook(useToldCase, { wrapper });
  const key = [...keys.cases, 'list', 'limit=100'];
  const [free, other] = [CASE(1), CASE(2)].map(name => caseOf({ case: name, changed: '2026-11-29T23:10:00Z', claim: null }));
  const page = { rows: [free, other], next: null, total: 2, tabs: {}, sites: [], now: '2026-11-29T23:10:01Z' } as unknown as CasePage;
  client.setQueryData(key, page);
  const claim = { site: 'own', site_name: 'CH Sud', person: 'dr.un', at: '2026-11-29T23:10:02Z', mine: true };
  result.current(caseOf({ case: CASE(1), changed: '2026-11-29T23:10:02Z', claim }));
  const rows = () => client.getQueryData<CasePage>(key)?.rows.map(row => row.claim?.person ?? null);
  expect(rows()).toEqual(['dr.un', null]);
  expect(client.getQueryState(key)?.isInvalidated).toBe(true);
  result.current(caseOf({ case: CASE(1), changed: '2026-11-29T23:10:01Z', claim: null }));
  expect(rows()).toEqual(['dr.un', null]);
});
