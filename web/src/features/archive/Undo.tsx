// Taking something back, asked twice.

import type { QueryKey } from '@tanstack/react-query';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { post } from '../../api/client';
import { AskTwice } from '../../components/AskTwice';
import { Problem } from '../../components/parts';
import { useWords } from '../../lib/language';

interface UndoProps {
  path: string;
  body?: unknown;
  changes: QueryKey;
  /** What taking it back is called. */
  word?: 'undo' | 'reinstate' | 'reopen' | 'obey' | 'leave';
  /** What is taken back: for those who hear the button and do not see its row. */
  of: string;
}

export function Undo({ path, body, changes, word = 'undo', of }: UndoProps) {
  const { t } = useWords();
  const client = useQueryClient();
  const undo = useMutation({
    mutationFn: () => post(path, body),
    onSuccess: () => client.invalidateQueries({ queryKey: changes }),
  });
  const labels = [t(`archive.amend.${word}`), t(`archive.amend.really.${word}`)] as const;
  return (
    <>
      <AskTwice
        word={labels[0]}
        really={labels[1]}
        label={t('common.labelled', { what: labels[0], of })}
        reallyLabel={t('common.labelled', { what: labels[1], of })}
        busy={undo.isPending}
        onYes={() => undo.mutate()}
      />
      <Problem error={undo.error} />
    </>
  );
}
