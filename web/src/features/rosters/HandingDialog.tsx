// Hand-over: what is open, to whom it goes; and acknowledging what somebody else hands over.

import { Alert, Button, Group, Modal, Radio, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { handingOf, keys } from '../../api/queries';
import type { Shift } from '../../api/types';
import { Problem } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useRosterWords } from './words';

const nameOf = (shift: Shift) => `${shift.site}/${shift.id}`;

export function HandingDialog({ shift, zone, onClose }: { shift: Shift; zone: string; onClose: () => void }) {
  const { t } = useWords();
  const words = useRosterWords(zone);
  const client = useQueryClient();
  const handing = useQuery(handingOf(shift.id));
  const [to, setTo] = useState<string | null>(null);
  const data = handing.data;
  const chosen = data?.next.find(one => nameOf(one) === to) ?? data?.next[0];
  const act = useMutation({
    mutationFn: ({ word, other }: { word: 'offer' | 'relieve' | 'keep'; other?: Shift; said: string }) => post<Shift>(`/shifts/${shift.id}/${word}`, other ? { site: other.site, shift: other.id } : {}),
    onSuccess: async (_, { said }) => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'teal', message: said });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={t('shift.handing.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {handing.isError && !data && <Failure error={handing.error} retry={() => void handing.refetch()} />}
      {!data && !handing.isError && <Waiting />}
      {data && (
        <Stack gap="md">
          {data.offered.map(other => (
            <Alert key={nameOf(other)} color="yellow" variant="light" title={t('shift.handing.waiting', { person: other.person, cases: other.relief?.cases ?? 0 })}>
              <Button loading={act.isPending} onClick={() => act.mutate({ word: 'relieve', other, said: t('shift.handing.done') })}>
                {t('shift.handing.acknowledge')}
              </Button>
            </Alert>
          ))}
          <div>
            <Text fw={600} size="sm" mb={4}>
              {t('shift.handing.open')} ({data.cases.length})
            </Text>
            {data.cases.length === 0 && (
              <Text size="sm" c="dimmed">
                {t('shift.handing.none')}
              </Text>
            )}
            {data.cases.map(one => (
              <Text key={one.case} size="sm">
                {t('shift.handing.case', { id: shortId(one.case) })} · {t('shift.handing.studies', { count: one.studies.length })} · {one.sites.join(', ')} · {words.moment(Date.parse(one.since))}
              </Text>
            ))}
          </div>
          {shift.relief ? (
            <Group justify="space-between">
              <Text size="sm">{t('shift.handing.offered')}</Text>
              <Button variant="default" loading={act.isPending} onClick={() => act.mutate({ word: 'keep', said: t('shift.handing.keep') })}>
                {t('shift.handing.keep')}
              </Button>
            </Group>
          ) : data.next.length === 0 ? (
            <Text size="sm" c="yellow.4">
              {t('shift.handing.nobody')}
            </Text>
          ) : (
            <>
              <Radio.Group label={t('shift.handing.to')} value={chosen ? nameOf(chosen) : ''} onChange={setTo}>
                <Stack gap="xs" mt={6}>
                  {data.next.map(one => (
                    <Radio key={nameOf(one)} value={nameOf(one)} label={words.shift(one)} />
                  ))}
                </Stack>
              </Radio.Group>
              <Group justify="flex-end">
                <Button disabled={!chosen} loading={act.isPending} onClick={() => chosen && act.mutate({ word: 'offer', other: chosen, said: t('shift.handing.offered') })}>
                  {t('shift.handing.offer')}
                </Button>
              </Group>
            </>
          )}
          <Problem error={act.error} />
        </Stack>
      )}
    </Modal>
  );
}
