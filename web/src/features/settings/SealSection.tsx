// What is sealed at rest, sealed anew once the key was changed.

import { Alert, Button, Checkbox, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Sealing } from '../../api/types';
import { Problem } from '../../components/parts';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';

export function SealSection({ sealing }: { sealing: Sealing }) {
  const { t, locale } = useWords();
  const [asking, setAsking] = useState(false);
  const { stage } = sealing;
  return (
    <>
      {stage !== 'none' && (
        <Alert role="status" color={stage === 'working' ? 'blue' : 'yellow'} variant="light" title={t('key.sealing')}>
          {t(`key.stages.${stage}`)} {sealing.total > 0 && t('key.sealed', { done: count(sealing.done, locale), total: count(sealing.total, locale) })}
        </Alert>
      )}
      <Group>
        <Button variant="default" onClick={() => setAsking(true)}>
          {t('key.seal')}
        </Button>
      </Group>
      {asking && <SealDialog onClose={() => setAsking(false)} />}
    </>
  );
}

function SealDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [given, setGiven] = useState({ password: '', code: '', withoutBackup: false });
  const set = (name: 'password' | 'code') => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setGiven(before => ({ ...before, [name]: value }));
  };
  const begin = useMutation({
    mutationFn: () =>
      post<Sealing>('/keys/reseal', {
        password: given.password,
        without_backup: given.withoutBackup,
        ...(given.code ? { code: given.code } : {}),
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.siteKeys });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t('key.seal')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (given.password) begin.mutate();
        }}
      >
        <Stack gap="sm">
          <Text size="sm">{t('key.sealAbout')}</Text>
          <Checkbox
            label={t('key.withoutBackup')}
            description={t('key.withoutBackupHelp')}
            checked={given.withoutBackup}
            onChange={event => {
              const { checked } = event.currentTarget;
              setGiven(before => ({ ...before, withoutBackup: checked }));
            }}
          />
          <PasswordInput label={t('glass.password')} value={given.password} onChange={set('password')} autoComplete="current-password" required />
          <TextInput
            label={t('glass.code')}
            placeholder={t('glass.codeHelp')}
            value={given.code}
            onChange={set('code')}
            autoComplete="one-time-code"
            maxLength={32}
          />
          <Problem error={begin.error} />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={begin.isPending} disabled={!given.password}>
              {t('key.seal')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
