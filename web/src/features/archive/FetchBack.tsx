// Studies of ours that peers know and this node does not, after a restore: listed, and taken back from their copies.

import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { lines } from '../../api/client';
import { keys, restoreQuery } from '../../api/queries';
import type { Restore } from '../../api/types';
import { Problem, Section } from '../../components/parts';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';

/** A study that was asked for, or the last line: how many are whole, and how many are not. */
type Line = { study: string } | { total: { studies: number; left: number } };

export function FetchBack() {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const { data: restore } = useQuery(restoreQuery);
  const [asked, setAsked] = useState(0);
  const [total, setTotal] = useState<{ studies: number; left: number } | null>(null);
  const fetch = useMutation({
    mutationFn: () => {
      setAsked(0);
      setTotal(null);
      return lines<Line>('/restore/fetch-back', {}, line => {
        if ('total' in line) setTotal(line.total);
        else setAsked(before => before + 1);
      });
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.restore });
      void client.invalidateQueries({ queryKey: keys.studies });
    },
  });
  if (!restore || (restore.forgotten === 0 && !total && !fetch.isPending)) return null;
  return (
    <Section title={t('archive.backup.elsewhere')} about={t('archive.backup.elsewhereAbout')}>
      <Stack gap="md">
        {restore.studies.length > 0 && <Known restore={restore} />}
        <Group gap="md">
          <Button loading={fetch.isPending} disabled={restore.forgotten === 0} onClick={() => fetch.mutate()}>
            {t('archive.backup.fetchBack')}
          </Button>
          <Text size="sm" role="status">
            {fetch.isPending && t('archive.backup.fetching', { count: count(asked, locale) })}
            {total && t('archive.backup.fetched', { whole: count(total.studies, locale), left: count(total.left, locale) })}
          </Text>
        </Group>
        <Problem error={fetch.error} />
      </Stack>
    </Section>
  );
}

function Known({ restore }: { restore: Restore }) {
  const { t, locale } = useWords();
  return (
    <Table.ScrollContainer minWidth={420} maxHeight={320} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('archive.backup.uid')}</Table.Th>
            <Table.Th>{t('archive.backup.knownAt')}</Table.Th>
            <Table.Th ta="right">{t('archive.backup.copiedThere')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {restore.studies.map(known => (
            <Table.Tr key={`${known.study} ${known.site} ${known.version}`}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{known.study}</Table.Td>
              <Table.Td>{known.site}</Table.Td>
              <Table.Td ta="right">{t('archive.backup.of', { done: count(known.copied, locale), all: count(known.instances, locale) })}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
