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
}

export function Undo({ path, body, changes }: UndoProps) {
  const { t } = useWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const undo = useMutation({
    mutationFn: () => post(path, body),
    onSuccess: () => client.invalidateQueries({ queryKey: changes }),
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant={asked ? 'filled' : 'subtle'}
        color="red"
        loading={undo.isPending}
        onClick={() => (asked ? undo.mutate() : setAsked(true))}
        onBlur={() => setAsked(false)}
      >
        {t(asked ? 'archive.amend.reallyUndo' : 'archive.amend.undo')}
      </Button>
      <Problem error={undo.error} />
    </>
  );
}
