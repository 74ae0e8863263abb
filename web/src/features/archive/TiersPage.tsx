// The cold tier: whether it is there, what lies in it, what moves.

import { Alert, Badge, Button, Group, Progress, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { post } from '../../api/client';
import { keys, tiersQuery } from '../../api/queries';
import type { ColdStudy, Moving } from '../../api/types';
import { Page } from '../../components/Page';
import { Failure, Waiting } from '../../components/State';
import { ActsHead, Fact, Problem, Section } from '../../components/parts';
import { bytes, count, dicomDate, duration, patientName, rate } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useFault } from '../../components/problem';
import { useWords } from '../../lib/language';

export function TiersPage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.tiers')}>
      <Tiers />
    </Page>
  );
}

function Tiers() {
  const { t, locale } = useWords();
  const { data: tiers, error, refetch } = useQuery(tiersQuery);
  if (error && !tiers) return <Failure error={error} retry={() => void refetch()} />;
  if (!tiers) return <Waiting />;
  if (!tiers.configured) return <Text c="dimmed">{t('archive.tiers.none')}</Text>;
  return (
    <Stack gap="lg">
      {!tiers.reachable && (
        <Alert color="red" variant="light" role="alert" title={t('archive.tiers.awayTitle')}>
          {tiers.away && <Text size="sm">{t(`archive.tiers.why.${tiers.away}`)}</Text>}
          {t('archive.tiers.away')}
        </Alert>
      )}
      <Section title={t('archive.tiers.cold')} about={t('archive.tiers.about')}>
        <Group gap="xs" mb="md">
          <Badge variant="light">{t(`archive.tiers.kind.${tiers.kind ?? 'folder'}`)}</Badge>
          <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
            {tiers.place}
          </Text>
        </Group>
        <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg" verticalSpacing="md">
          <Fact name={t('settings.studies')}>{count(tiers.studies, locale)}</Fact>
          <Fact name={t('archive.tiers.held')}>{bytes(tiers.bytes, locale)}</Fact>
          <Fact name={t('settings.free')}>{tiers.free_bytes === null ? '–' : bytes(tiers.free_bytes, locale)}</Fact>
          <Fact name={t('archive.tiers.pace')}>{tiers.pace === null ? t('archive.tiers.unmeasured') : rate(tiers.pace, locale)}</Fact>
        </SimpleGrid>
      </Section>
      {tiers.moves.length > 0 && (
        <Section title={t('archive.tiers.moves')}>
          <Stack gap="sm">
            {tiers.moves.map(move => (
              <Move key={move.study} move={move} />
            ))}
          </Stack>
        </Section>
      )}
      <Section title={t('archive.tiers.list')}>
        {tiers.rows.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t('archive.tiers.empty')}
          </Text>
        ) : (
          <Wide min={560} label={t('archive.tiers.list')}><Table verticalSpacing={6} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('archive.patient')}</Table.Th>
                <Table.Th>{t('archive.study')}</Table.Th>
                <Table.Th>{t('archive.tiers.size')}</Table.Th>
                <Table.Th>{t('archive.tiers.recallTime')}</Table.Th>
                <ActsHead />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {tiers.rows.map(study => (
                <Row key={study.study} study={study} reachable={tiers.reachable} />
              ))}
            </Table.Tbody>
          </Table></Wide>
        )}
      </Section>
    </Stack>
  );
}

function Move({ move }: { move: Moving }) {
  const { t } = useWords();
  const say = useFault();
  return (
    <div>
      <Group gap="xs">
        <Badge variant="light">{t(`archive.tiers.to.${move.to}`)}</Badge>
        <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
          {move.study}
        </Text>
        <Text size="sm" c={move.error ? 'red.4' : 'dimmed'} role={move.error ? 'alert' : undefined}>
          {move.error ? t('archive.tiers.failed', { why: say(move.error) }) : move.objects === 0 ? t('archive.tiers.waits') : `${move.done} / ${move.objects}`}
        </Text>
      </Group>
      {!move.error && move.objects > 0 && <Progress mt={4} value={(100 * move.done) / move.objects} aria-label={t(`archive.tiers.to.${move.to}`)} />}
    </div>
  );
}

function Row({ study, reachable }: { study: ColdStudy; reachable: boolean }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const recall = useMutation({
    mutationFn: () => post(`/studies/${encodeURIComponent(study.study)}/tier`, { tier: 'hot' }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.tiers }),
  });
  const name = patientName(study.patient_name) ?? t('archive.noName');
  return (
    <Table.Tr>
      <Table.Td>{name}</Table.Td>
      <Table.Td>
        {dicomDate(study.date, locale)} {study.description}
      </Table.Td>
      <Table.Td>{bytes(study.bytes, locale)}</Table.Td>
      <Table.Td>{study.recall_s === null ? '–' : duration(study.recall_s, locale)}</Table.Td>
      <Table.Td>
        <Button size="compact-sm" variant="subtle" disabled={!reachable} loading={recall.isPending} onClick={() => recall.mutate()} aria-label={t('archive.tiers.recallOf', { name })}>
          {t('archive.tiers.recall')}
        </Button>
        <Problem error={recall.error} />
      </Table.Td>
    </Table.Tr>
  );
}
