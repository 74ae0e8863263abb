// Offering that one site keeps a second copy of the other's backup.

import { Alert, Button, Checkbox, Group, Modal, NumberInput, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, peersQuery } from '../../api/queries';
import type { Keeping, KeepingOffer } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import { ownTimeZone, spansOf, USUAL_HOURS } from '../../lib/hours';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

interface Draft {
  site: string | null;
  keeps: boolean;
  gib: number | string;
  mib: number | string;
  days: number | string;
  nights: boolean;
}

export function offerOf(draft: Draft & { site: string }): KeepingOffer {
  return {
    site: draft.site,
    keeps: draft.keeps,
    bytes_max: Math.round(Number(draft.gib) * GIB),
    bytes_per_second: Math.round(Number(draft.mib) * MIB),
    days_after: Number(draft.days),
    ...(draft.nights ? { time_zone: ownTimeZone(), spans: spansOf(USUAL_HOURS) } : {}),
  };
}

export function SpareDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => peer.revoked === null);
  const [draft, setDraft] = useState<Draft>({ site: null, keeps: false, gib: 500, mib: 10, days: 30, nights: true });
  const set = (change: Partial<Draft>) => setDraft(known => ({ ...known, ...change }));
  const { site } = draft;
  const offer = useMutation({
    mutationFn: (chosen: string) => post<Keeping>('/spare', offerOf({ ...draft, site: chosen })),
    onSuccess: ({ peer_name }) => {
      void client.invalidateQueries({ queryKey: keys.keepings });
      notifications.show({ color: 'teal', message: t('offer.done', { site: peer_name }) });
      onClose();
    },
  });
  const filled = site !== null && Number(draft.gib) > 0 && Number(draft.mib) > 0 && draft.days !== '';
  return (
    <Modal opened onClose={onClose} size="lg" title={t('archive.backup.offer')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (site !== null) offer.mutate(site);
        }}
      >
        <Stack gap="md">
          <Select
            label={t('archive.backup.site')}
            data={peers.map(peer => ({ value: peer.site, label: peer.name }))}
            value={site}
            onChange={value => set({ site: value })}
            nothingFoundMessage={t('archive.backup.noSite')}
            searchable
            data-autofocus
          />
          <div>
            <Text size="sm" fw={500} mb={4} id="spare-side">
              {t('archive.backup.side')}
            </Text>
            <SegmentedControl
              aria-labelledby="spare-side"
              value={draft.keeps ? 'here' : 'there'}
              onChange={value => set({ keeps: value === 'here' })}
              data={[
                { value: 'there', label: t('archive.backup.theyKeep') },
                { value: 'here', label: t('archive.backup.weKeep') },
              ]}
            />
          </div>
          <Group align="flex-start" grow>
            <NumberInput label={t('archive.backup.room')} suffix={` ${t('archive.backup.gib')}`} min={1} max={1_000_000} value={draft.gib} onChange={gib => set({ gib })} />
            <NumberInput label={t('archive.backup.pace')} suffix={` ${t('archive.backup.mibS')}`} min={0.1} max={1_000} decimalScale={1} value={draft.mib} onChange={mib => set({ mib })} />
            <NumberInput label={t('archive.backup.stays')} suffix={` ${t('common.days')}`} min={0} max={365} value={draft.days} onChange={days => set({ days })} />
          </Group>
          <Checkbox label={t('archive.backup.nights')} checked={draft.nights} onChange={event => set({ nights: event.currentTarget.checked })} />
          <Alert color="gray" variant="light">
            {t('archive.backup.sealed')}
          </Alert>
          {offer.isError && (
            <Alert color="red" variant="light" role="alert">
              {say(offer.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={offer.isPending} disabled={!filled}>
              {t('offer.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
