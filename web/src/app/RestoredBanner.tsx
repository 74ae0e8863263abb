// A restored node says so on every page, until somebody opens it to peers.

import { Button, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import { keys } from '../api/queries';
import type { Restore, Session } from '../api/types';
import { Confirm } from '../components/Confirm';
import { Problem } from '../components/parts';
import { useWords } from '../lib/language';
import classes from './shell.module.css';

/** A restored node is closed to peers until they have told what is newer, or somebody says that it may serve. */
export function RestoredBanner({ restore, session }: { restore: Restore; session: Session }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [asked, ask] = useDisclosure(false);
  const [reason, setReason] = useState('');
  const confirm = useMutation({
    mutationFn: () => post('/restore/confirm', { reason }),
    onSuccess: () => {
      ask.close();
      void client.invalidateQueries({ queryKey: keys.restore });
    },
  });
  const mayConfirm = session.actions.includes('administer');
  return (
    <div className={classes.banner} role="status">
      <span>
        <strong>{t('app.restored')}</strong>{' '}
        {restore.waiting.length > 0 ? t('app.restoredWaiting', { sites: restore.waiting.join(', ') }) : t('app.restoredMore')}
      </span>
      {mayConfirm && (
        <Button size="compact-xs" variant="white" color="dark" style={{ flexShrink: 0 }} onClick={ask.open}>
          {t('app.restoredOpen')}
        </Button>
      )}
      <Confirm
        opened={asked}
        title={t('app.restoredOpen')}
        text={t('app.restoredAbout')}
        yes={t('app.restoredYes')}
        busy={confirm.isPending}
        unready={reason.trim() === ''}
        onYes={() => confirm.mutate()}
        onClose={ask.close}
      >
        <TextInput
          label={t('archive.amend.note')}
          description={t('archive.amend.noteHelp')}
          value={reason}
          maxLength={150}
          required
          onChange={event => setReason(event.currentTarget.value)}
        />
        {confirm.error && <Problem error={confirm.error} />}
      </Confirm>
    </div>
  );
}
