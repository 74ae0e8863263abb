import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it } from 'vitest';
import { caseKey } from '../../api/queries';
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
