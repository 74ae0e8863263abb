// Inviting: the invitation travels as text, the code by voice. Who joins shows up as a pairing of the same id.

import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { post } from '../../api/client';
import { pairingsQuery } from '../../api/queries';
import type { Invitation } from '../../api/types';
import { CopyIcon } from '../../components/CopyText';
import { Failure, Waiting } from '../../components/State';
import { countdown } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { Digits } from './Digits';
import classes from './peers.module.css';
import { QrCode } from '../../components/QrCode';

interface InviteDialogProps {
  onPairing: (id: string) => void;
  onClose: () => void;
}

export function InviteDialog({ onPairing, onClose }: InviteDialogProps) {
  const { t } = useWords();
  const now = useNow(1000);
  const invite = useMutation({ mutationFn: () => post<Invitation>('/peers/invitations') });
  const begin = useEffectEvent(() => {
    if (invite.isIdle) invite.mutate();
  });
  useEffect(() => begin(), []);

  const pairings = useQuery(pairingsQuery).data ?? [];
  const pairing = pairings.find(({ id }) => id === invite.data?.id);
  const moved = pairing !== undefined && pairing.state !== 'waiting' ? pairing.id : null;
  const tell = useEffectEvent(onPairing);
  useEffect(() => {
    if (moved) tell(moved);
  }, [moved]);

  const made = invite.data;
  const over = made !== undefined && Date.parse(made.expires) <= now;
  return (
    <Modal opened onClose={onClose} size="lg" title={t('invite.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {invite.isPending && <Waiting />}
      {invite.isError && <Failure error={invite.error} retry={() => invite.mutate()} />}
      {made && (
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            {t('invite.about')}
          </Text>
          {over ? (
            <Alert color="yellow" variant="light">
              {t('invite.expired')}
            </Alert>
          ) : (
            <>
              <Group align="stretch" wrap="nowrap" gap="md">
                <div style={{ flex: 1, minWidth: 0 }}>
                  <Group justify="space-between" mb={4}>
                    <Text size="sm" fw={600}>
                      {t('invite.invitation')}
                    </Text>
                    <CopyIcon text={made.invitation} />
                  </Group>
                  <div className={classes.invitation} tabIndex={0} role="region" aria-label={t('invite.invitation')}>
                    {made.invitation}
                  </div>
                </div>
                <QrCode text={made.invitation} label={t('invite.qr')} />
              </Group>
              <div>
                <Text size="sm" fw={600} ta="center">
                  {t('invite.code')}
                </Text>
                <Digits text={made.code} label={`${t('invite.code')} : ${made.code}`} />
              </div>
              <Text size="sm" ta="center" c="dimmed" role="status">
                {t('invite.waiting')} {t('invite.left', { time: countdown(made.expires, now) })}
                {typeof pairing?.tries_left === 'number' && ` · ${t('invite.tries', { count: pairing.tries_left })}`}
              </Text>
            </>
          )}
          <Group justify="flex-end">
            {over && <Button onClick={() => invite.mutate()}>{t('invite.again')}</Button>}
            <Button variant="default" onClick={onClose}>
              {t('common.close')}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
