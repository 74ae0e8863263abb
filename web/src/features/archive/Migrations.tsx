// Taking a PACS over: begun, steered, and how far it is.

import { Anchor, Button, Group, Progress, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, migrationsQuery } from '../../api/queries';
import type { Migration } from '../../api/types';
import { AskTwice } from '../../components/AskTwice';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Listed } from '../../components/State';
import { useFault } from '../../components/problem';
import { bytes, count } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';

export function Migrations({ sources }: { sources: string[] }) {
  const { t } = useWords();
  const migrations = useQuery(migrationsQuery);
  return (
    <Section title={t('migrations.title')} about={t('migrations.about')}>
      <Stack gap="md">
        <Listed query={migrations} none={t('migrations.none')}>
          {rows => (
            <Wide min={560} label={t('migrations.title')}>
              <Table verticalSpacing="xs" fz="sm" aria-label={t('migrations.title')}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t('migrations.one')}</Table.Th>
                    <Table.Th>{t('migrations.came')}</Table.Th>
                    <ActsHead />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rows.map(migration => (
                    <Row key={migration.id} migration={migration} />
                  ))}
                </Table.Tbody>
              </Table>
            </Wide>
          )}
        </Listed>
        {sources.length > 0 && <StartForm sources={sources} />}
      </Stack>
    </Section>
  );
}

function Row({ migration }: { migration: Migration }) {
  const { t, locale } = useWords();
  const say = useFault();
  const client = useQueryClient();
  const steer = useMutation({
    mutationFn: (how: 'pause' | 'resume' | 'cancel') => post(`/migrations/${migration.id}/${how}`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.migrations }),
  });
  const name = t('migrations.named', { id: migration.id, source: migration.source });
  const lacking = migration.studies - migration.complete;
  const isOpen = migration.state === 'running' || migration.state === 'paused';
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={600} size="sm">
          {name}
        </Text>
        <Text size="xs" c="dimmed">
          {migration.waiting ? t('migrations.waiting', { reason: say(migration.waiting) }) : t(`migrations.state.${migration.state}`)}
        </Text>
      </Table.Td>
      <Table.Td miw={180}>
        {migration.found !== null && migration.found > 0 && (
          <Progress value={(100 * migration.complete) / migration.found} aria-label={name} mb={4} />
        )}
        <Text size="xs">
          {[
            t('migrations.complete', { count: migration.complete, shown: count(migration.complete, locale) }),
            `${count(migration.instances, locale)} ${t('strip.images', { count: migration.instances })}`,
            bytes(migration.bytes, locale),
          ].join(', ')}
        </Text>
        {lacking > 0 && (
          <Text size="xs" c="red.4">
            {t('migrations.lacking', { count: lacking })}
          </Text>
        )}
        <Problem error={steer.error} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Anchor size="sm" fw={600} px={8} href={`/api/migrations/${migration.id}/report.csv`} download aria-label={t('migrations.reportNamed', { name })}>
            {t('migrations.report')}
          </Anchor>
          {migration.state === 'running' && (
            <Button size="compact-sm" variant="subtle" loading={steer.isPending} onClick={() => steer.mutate('pause')} aria-label={t('common.labelled', { what: t('migrations.pause'), of: name })}>
              {t('migrations.pause')}
            </Button>
          )}
          {(migration.state === 'paused' || (migration.state === 'done' && lacking > 0)) && (
            <Button size="compact-sm" variant="subtle" loading={steer.isPending} onClick={() => steer.mutate('resume')} aria-label={t('common.labelled', { what: t('migrations.resume'), of: name })}>
              {t('migrations.resume')}
            </Button>
          )}
          {isOpen && (
            <AskTwice
              word={t('migrations.stop')}
              really={t('migrations.reallyStop')}
              label={t('common.labelled', { what: t('migrations.stop'), of: name })}
              reallyLabel={t('common.labelled', { what: t('migrations.reallyStop'), of: name })}
              busy={steer.isPending}
              onYes={() => steer.mutate('cancel')}
            />
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function StartForm({ sources }: { sources: string[] }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [source, setSource] = useState<string | null>(null);
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const chosen = source ?? sources[0] ?? '';
  const day = (text: string) => text.replaceAll('-', '');
  const start = useMutation({
    mutationFn: () => post('/migrations', { source: chosen, ...(from ? { from: day(from) } : {}), ...(to ? { to: day(to) } : {}) }),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.migrations }),
  });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        start.mutate();
      }}
    >
      <Group align="flex-end">
        <Select label={t('migrations.source')} allowDeselect={false} data={sources} value={chosen} onChange={setSource} />
        <TextInput type="date" label={t('migrations.from')} value={from} onChange={event => setFrom(event.currentTarget.value)} />
        <TextInput type="date" label={t('migrations.to')} value={to} onChange={event => setTo(event.currentTarget.value)} />
        <Button type="submit" loading={start.isPending}>
          {t('migrations.start')}
        </Button>
      </Group>
      <Problem error={start.error} />
    </form>
  );
}
