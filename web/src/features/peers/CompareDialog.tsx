// The moment of trust: two people read six digits to one another.

import { Alert, Button, Group, Loader, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconArrowsLeftRight, IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { post } from '../../api/client';
import { withPairing } from '../../api/live';
import { keys, pairingsQuery, peersQuery, siteQuery } from '../../api/queries';
import type { Pairing } from '../../api/types';
import { useProblem, useReason } from '../../components/problem';
import { useWords } from '../../lib/language';
import { Digits } from './Digits';
import classes from './peers.module.css';

interface CompareDialogProps {
  id: string;
  onOffer: (site: string) => void;
  onClose: () => void;
}

export function CompareDialog({ id, onOffer, onClose }: CompareDialogProps) {
  const { t } = useWords();
  const pairing = useQuery(pairingsQuery).data?.find(known => known.id === id);
  return (
    <Modal opened onClose={onClose} size="lg" title={t('compare.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {pairing === undefined || pairing.state === 'waiting' ? (
        <Group justify="center" py="xl" gap="sm" role="status">
          <Loader size="sm" />
          <Text>{t('join.waiting')}</Text>
        </Group>
      ) : (
        <Step pairing={pairing} onOffer={onOffer} onClose={onClose} />
      )}
    </Modal>
  );
}

function Step({ pairing, onOffer, onClose }: { pairing: Pairing } & Omit<CompareDialogProps, 'id'>) {
  const { t } = useWords();
  const reason = useReason();
  const site = pairing.peer_name ?? t('common.unknown');
  if (pairing.state === 'failed') {
    return (
      <Stack gap="md">
        <Alert color="red" variant="light" title={t('compare.failed')} role="alert">
          {pairing.reason === 'differ' ? t('compare.differed') : `${pairing.reason ? reason(pairing.reason) : ''} ${t('compare.failedMore')}`}
        </Alert>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
        </Group>
      </Stack>
    );
  }
  if (pairing.state === 'done') {
    const { peer } = pairing;
    return (
      <Stack gap="md">
        <Alert color="teal" variant="light" icon={<IconCircleCheck />} title={t('compare.done', { site })} role="status">
          {t('compare.doneMore')}
        </Alert>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          {peer && <Button onClick={() => onOffer(peer)}>{t('peers.offer')}</Button>}
        </Group>
      </Stack>
    );
  }
  return <Compare pairing={pairing} />;
}

function Compare({ pairing }: { pairing: Pairing }) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const own = useQuery(siteQuery).data;
  const site = pairing.peer_name ?? t('common.unknown');
  const digits = pairing.digits ?? '';
  const known = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked && !peer.connected && peer.site !== pairing.peer);
  const [replaces, setReplaces] = useState('');
  const judge = useMutation({
    mutationFn: (accept: boolean) => post<Pairing>(`/pairings/${pairing.id}/confirm`, { accept, ...(accept && replaces ? { replaces } : {}) }),
    onSuccess: news =>
      client.setQueryData<Pairing[]>(keys.pairings, known =>
        // "done" may have arrived while the answer was on its way.
        known?.some(({ id, state }) => id === news.id && (state === 'done' || state === 'failed')) ? known : withPairing(known, news),
      ),
  });
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        {t('compare.about', { site })}
      </Text>
      <div className={classes.names}>
        <div>
          <Text size="xs" c="dimmed">
            {t('compare.here')}
          </Text>
          <Text fw={600}>{own?.name}</Text>
        </div>
        <IconArrowsLeftRight size={20} aria-hidden="true" color="var(--text-dim)" />
        <div>
          <Text size="xs" c="dimmed">
            {t('compare.there')}
          </Text>
          <Text fw={600}>{site}</Text>
        </div>
      </div>
      <Digits text={digits} label={t('compare.digits', { digits })} />
      {known.length > 0 && !pairing.confirmed_here && (
        <Select
          label={t('key.lost')}
          description={replaces ? t('key.lostHelp') : undefined}
          value={replaces}
          onChange={value => setReplaces(value ?? '')}
          allowDeselect={false}
          data={[{ value: '', label: t('key.lostNone') }, ...known.map(peer => ({ value: peer.site, label: peer.name }))]}
        />
      )}
      {judge.isError && (
        <Alert color="red" variant="light" role="alert">
          {say(judge.error)}
        </Alert>
      )}
      {pairing.confirmed_there && (
        <Text size="sm" ta="center" role="status">
          {t('compare.there2', { site })}
        </Text>
      )}
      {pairing.confirmed_here ? (
        <Group justify="center" gap="sm" role="status">
          <Loader size="xs" />
          <Text size="sm">{t('compare.waiting', { site })}</Text>
        </Group>
      ) : (
        <Group justify="center" gap="sm" grow>
          <Button color="red.9" variant="outline" c="red.3" disabled={judge.isPending} onClick={() => judge.mutate(false)}>
            {t('compare.differ')}
          </Button>
          <Button loading={judge.isPending} onClick={() => judge.mutate(true)}>
            {t('compare.same')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}
