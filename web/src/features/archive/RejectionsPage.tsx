// Rejections that stand, and taking them back.

import { Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Rejection, RejectionNote } from '../../api/types';
import { Page } from '../../components/Page';
import { ActsHead, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { bytes, count, moment } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import { Undo } from './Undo';

const REASONS = ['113001', '113037', '113038', '113039'] as const;

export function RejectionsPage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.rejections')} about={t('archive.rejections.about')}>
      <Stack gap="md">
        <List />
        <Notes />
      </Stack>
    </Page>
  );
}

function useReason() {
  const { t } = useWords();
  return (code: string) => {
    const known = REASONS.find(one => one === code);
    return known ? t(`archive.rejections.reason.${known}`) : code;
  };
}

function List() {
  const { t } = useWords();
  const list = useQuery({ queryKey: keys.rejections, queryFn: ({ signal }) => get<Rejection[]>('/rejections', signal) });
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Waiting />;
  return (
    <Section>
      {list.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.rejections.none')}
        </Text>
      ) : (
        <Wide min={620} label={t('archive.pages.rejections')}>
          <Table verticalSpacing="xs" fz="sm" aria-label={t('archive.pages.rejections')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('archive.rejections.why')}</Table.Th>
                <Table.Th>{t('archive.study')}</Table.Th>
                <Table.Th ta="right">{t('list.images')}</Table.Th>
                <Table.Th ta="right">{t('archive.tiers.size')}</Table.Th>
                <Table.Th>{t('archive.rejections.who')}</Table.Th>
                <ActsHead />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.data.map(row => (
                <Row key={row.id} row={row} />
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  );
}

function Row({ row }: { row: Rejection }) {
  const { locale } = useWords();
  const reason = useReason();
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {reason(row.reason)}
        </Text>
        {row.note && <Text size="xs">{row.note}</Text>}
      </Table.Td>
      <Table.Td maw={260}>
        <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
          {row.study}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{count(row.instances, locale)}</Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {bytes(row.bytes, locale)}
      </Table.Td>
      <Table.Td>
        {row.person}
        <Text size="xs" c="dimmed">
          {moment(row.at, locale)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group justify="flex-end" gap={4}>
          <Undo path={`/rejections/${row.id}/reinstate`} changes={keys.rejections} word="reinstate" of={row.study} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** Rejection notes that others sent, and what was done about them; nothing where none came. */
function Notes() {
  const { t, locale } = useWords();
  const reason = useReason();
  const list = useQuery({
    queryKey: [...keys.rejections, 'notes'],
    queryFn: ({ signal }) => get<RejectionNote[]>('/rejections/notes', signal),
  });
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (!list.data?.length) return null;
  return (
    <Section title={t('archive.rejections.notes')} about={t('archive.rejections.notesAbout')}>
      <Table verticalSpacing={6} fz="sm">
        <Table.Tbody>
          {list.data.map(row => (
            <Table.Tr key={row.id}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {reason(row.reason)}
                </Text>
                <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {row.study}
                </Text>
              </Table.Td>
              <Table.Td>
                {t('archive.rejections.images', { count: row.named })}
                <Text size="xs" c="dimmed">
                  {t('archive.amend.by', { person: row.person, at: moment(row.at, locale) })}
                </Text>
              </Table.Td>
              <Table.Td>{t(`archive.rejections.done.${row.done}`)}</Table.Td>
              <Table.Td>
                {row.waits && (
                  <Group justify="flex-end" gap={4} wrap="nowrap">
                    <Undo path={`/rejections/notes/${row.id}/obey`} changes={keys.rejections} word="obey" of={row.study} />
                    <Undo path={`/rejections/notes/${row.id}/leave`} changes={keys.rejections} word="leave" of={row.study} />
                  </Group>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
