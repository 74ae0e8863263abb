// Taking something back, asked twice.

import { Button } from '@mantine/core';
import type { QueryKey } from '@tanstack/react-query';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
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
  const [asked, setAsked] = useState(false);
  const undo = useMutation({
    mutationFn: () => post(path, body),
    onSuccess: () => client.invalidateQueries({ queryKey: changes }),
    onSettled: () => setAsked(false),
  });
  const label = t(asked ? `archive.amend.really.${word}` : `archive.amend.${word}`);
  return (
    <>
      <Button
        size="compact-sm"
        variant={asked ? 'filled' : 'subtle'}
        color={asked ? 'red.9' : 'red'}
        loading={undo.isPending}
        onClick={() => (asked ? undo.mutate() : setAsked(true))}
        onBlur={() => setAsked(false)}
        aria-label={t('common.labelled', { what: label, of })}
      >
        {label}
      </Button>
      <Problem error={undo.error} />
    </>
  );
}
