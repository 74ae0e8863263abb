// All coverages: who has signed, and ending them.

import { Badge, Button, Group, Modal, Paper, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { coveragesQuery, keys } from '../../api/queries';
import type { Coverage } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Problem } from '../../components/parts';
import { Listed } from '../../components/State';
import { useWords } from '../../lib/language';
import { CoverageWords } from './CoverageWords';

const COLOURS = { offered: 'sky', received: 'yellow', active: 'teal', ended: 'gray' } as const;

export function CoveragesDialog({ onClose, onOffer }: { onClose: () => void; onOffer: () => void }) {
  const { t } = useWords();
  const coverages = useQuery(coveragesQuery);
  return (
    <Modal opened onClose={onClose} size="xl" title={t('rosters.manage')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="sm">
        <Group justify="flex-end">
          <Button leftSection={<IconPlus size={16} />} onClick={onOffer}>
            {t('rosters.offer')}
          </Button>
        </Group>
        <Listed query={coverages} none={t('rosters.none')}>
          {rows => rows.map(row => <Row key={`${row.id} ${row.version}`} coverage={row} />)}
        </Listed>
      </Stack>
    </Modal>
  );
}

function Row({ coverage }: { coverage: Coverage }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [ends, setEnds] = useState(false);
  const act = useMutation({
    mutationFn: (word: 'accept' | 'end') => post<Coverage>(`/coverages/${coverage.id}/${word}`),
    onSuccess: async () => {
      setEnds(false);
      await client.invalidateQueries({ queryKey: keys.rosters });
    },
  });
  const parties = [...coverage.beneficiaries, ...coverage.readers];
  const unsigned = [...new Set(parties.filter(({ signed }) => !signed).map(({ name }) => name))];
  return (
    <Paper withBorder p="sm" bg="var(--panel)">
      <Stack gap={4}>
        <Group gap="xs">
          <Text fw={600}>{coverage.name}</Text>
          <Badge variant="light" color={COLOURS[coverage.state]} style={{ textTransform: 'none' }}>
            {t(`rosters.state.${coverage.state}`)}
          </Badge>
        </Group>
        <CoverageWords terms={coverage} readers={coverage.readers.map(({ name }) => name)} sites={coverage.beneficiaries.map(({ name }) => name)} />
        {coverage.state !== 'ended' && unsigned.length > 0 && (
          <Text size="xs" c="yellow.4">
            {t('rosters.draft.waits', { sites: unsigned.join(', ') })}
          </Text>
        )}
        <Problem error={act.error} />
        {coverage.state !== 'ended' && (
          <Group gap="xs" mt={4}>
            {coverage.state === 'received' && (
              <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate('accept')}>
                {t('rosters.draft.accept')}
              </Button>
            )}
            <Button size="compact-sm" variant="default" onClick={() => setEnds(true)}>
              {t('rosters.draft.end')}
            </Button>
          </Group>
        )}
      </Stack>
      <Confirm
        opened={ends}
        title={t('rosters.draft.endAsk', { name: coverage.name })}
        text={t('rosters.draft.endMore')}
        yes={t('rosters.draft.end')}
        busy={act.isPending}
        onYes={() => act.mutate('end')}
        onClose={() => setEnds(false)}
      />
    </Paper>
  );
}
