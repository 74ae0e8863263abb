import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { peersQuery } from '../../api/queries';
import type { Grant, Study } from '../../api/types';
import { useProblem } from '../../components/problem';
import { minute } from '../../lib/format';
import { useWords } from '../../lib/language';

const HOURS = [1, 4, 12, 24];

export function ShareDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const { t, locale } = useWords();
  const say = useProblem();
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked);
  const [site, setSite] = useState<string | null>(null);
  const [hours, setHours] = useState('12');
  const chosen = site ?? peers[0]?.site ?? null;
  const share = useMutation({
    mutationFn: () => post<Grant>(`/studies/${study.study}/share`, { site: chosen, hours: Number(hours) }),
    onSuccess: ({ expires }) => {
      const name = peers.find(peer => peer.site === chosen)?.name ?? '';
      notifications.show({ color: 'teal', message: t('share.done', { site: name, until: minute(expires, locale) }) });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t('share.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('share.about')}
        </Text>
        <Select
          label={t('share.site')}
          data={peers.map(peer => ({ value: peer.site, label: peer.name }))}
          value={chosen}
          onChange={setSite}
          allowDeselect={false}
          error={peers.length === 0 ? t('share.noPeers') : undefined}
        />
        <Select
          label={t('share.hours')}
          data={HOURS.map(value => ({ value: String(value), label: t('share.hour', { count: value }) }))}
          value={hours}
          onChange={value => setHours(value ?? '12')}
          allowDeselect={false}
        />
        {share.isError && (
          <Text size="sm" c="red.4" role="alert">
            {say(share.error)}
          </Text>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button loading={share.isPending} disabled={!chosen} onClick={() => share.mutate()}>
            {t('share.submit')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
