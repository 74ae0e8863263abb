// Taking a step, and what a person is told of it: most of all who was first.

import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../../api/client';
import type { Case, CasePage, CaseRow, StepBody } from '../../api/types';
import { caseKey, keys, takeStep } from '../../api/queries';
import { useProblem } from '../../components/problem';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';

/** A refusal in words: with `claimed`, by whom and when. */
export function useCaseProblem(): (error: unknown) => string {
  const { t, locale } = useWords();
  const say = useProblem();
  return error =>
    error instanceof ApiError && error.code === 'claimed' && error.by
      ? t('cases.takenBy', { person: error.by.person, site: error.by.site_name, at: error.by.at ? hourMinute(error.by.at, locale) : '—' })
      : say(error);
}

/** A row of the list with what an answer says of its case, unless the row is the newer one. */
function rowOf(row: CaseRow, told: Case): CaseRow {
  if (row.case !== told.case || Date.parse(told.changed) < Date.parse(row.changed)) return row;
  const fields = Object.keys(row) as (keyof CaseRow)[];
  return Object.assign({}, row, Object.fromEntries(fields.map(field => [field, told[field]])));
}

/**
 * Puts a case that the node told into the caches, and has it and the lists asked anew: news of what came after may have been here before
 * the answer.
 */
export function useToldCase(): (told: Case) => void {
  const client = useQueryClient();
  return told => {
    client.setQueryData(caseKey(told.case), told);
    // Whoever took it sees so at once, and not when the whole list has come.
    client.setQueriesData<CasePage>({ queryKey: [...keys.cases, 'list'] }, page => page && { ...page, rows: page.rows.map(row => rowOf(row, told)) });
    void client.invalidateQueries({ queryKey: caseKey(told.case) });
    void client.invalidateQueries({ queryKey: [...keys.cases, 'list'] });
    void client.invalidateQueries({ queryKey: [...keys.cases, 'loose'] });
  };
}

export function useSteps() {
  const { t } = useWords();
  const say = useCaseProblem();
  const told = useToldCase();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: StepBody }) => takeStep(id, body),
    onSuccess: told,
    onError: (error, { id }) => {
      const isLost = error instanceof ApiError && error.code === 'claimed';
      notifications.show({
        color: isLost ? 'yellow' : 'red',
        autoClose: isLost ? 15_000 : 8_000,
        message: say(error),
        closeButtonProps: { 'aria-label': t('common.close') },
      });
      void client.invalidateQueries({ queryKey: caseKey(id) });
      void client.invalidateQueries({ queryKey: [...keys.cases, 'list'] });
    },
  });
}
