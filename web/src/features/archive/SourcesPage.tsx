// The PACS beside this node: which there are, how they are, and taking them over.

import { Badge, Button, Checkbox, Group, NumberInput, PasswordInput, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { keys, sourcesQuery } from '../../api/queries';
import type { NewSource, Source, SourcePurpose } from '../../api/types';
import { AskTwice } from '../../components/AskTwice';
import { Page } from '../../components/Page';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Listed } from '../../components/State';
import { useFault } from '../../components/problem';
import { count, minute } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import { Migrations } from './Migrations';

const PURPOSES: readonly SourcePurpose[] = ['list', 'peers', 'priors', 'migrate', 'reject'];

export function SourcesPage() {
  const { t } = useWords();
  const sources = useQuery(sourcesQuery);
  return (
    <Page title={t('archive.pages.sources')}>
      <Stack gap="lg">
        <Section title={t('sources.title')} about={t('sources.about')}>
          <Stack gap="md">
            <Listed query={sources} none={t('sources.none')}>
              {rows => (
                <Wide min={720} label={t('sources.title')}>
                  <Table verticalSpacing="xs" fz="sm" aria-label={t('sources.title')}>
                    <Table.Thead>
                      <Table.Tr>
                        <Table.Th>{t('common.name')}</Table.Th>
                        <Table.Th>{t('sources.used')}</Table.Th>
                        <Table.Th>{t('sources.state')}</Table.Th>
                        <ActsHead />
                      </Table.Tr>
                    </Table.Thead>
                    <Table.Tbody>
                      {rows.map(source => (
                        <Row key={source.name} source={source} />
                      ))}
                    </Table.Tbody>
                  </Table>
                </Wide>
              )}
            </Listed>
          </Stack>
        </Section>
        <Section title={t('sources.add')} about={t('sources.addHelp')}>
          <AddForm />
        </Section>
        <Migrations sources={sources.data?.filter(source => source.purposes.includes('migrate')).map(source => source.name) ?? []} />
      </Stack>
    </Page>
  );
}

function Row({ source }: { source: Source }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const say = useFault();
  const path = `/sources/${encodeURIComponent(source.name)}`;
  const again = () => client.invalidateQueries({ queryKey: keys.sources });
  const test = useMutation({ mutationFn: () => post(`${path}/test`), onSettled: again });
  const forget = useMutation({ mutationFn: () => remove(path), onSuccess: again });
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={600} size="sm">
          {source.name}
        </Text>
        <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
          {source.at}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {PURPOSES.filter(purpose => source.purposes.includes(purpose)).map(purpose => (
            <Badge key={purpose} variant="light" style={{ textTransform: 'none' }}>
              {t(`sources.purpose.${purpose}`)}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{t('sources.listed', { count: source.listed, shown: count(source.listed, locale) })}</Text>
        <div role="status">
          {source.fault ? (
            <Text size="xs" c="red.4">
              {t('sources.fault', { fault: say(source.fault) })}
            </Text>
          ) : (
            <Text size="xs" c="dimmed">
              {source.answered ? t('sources.answered', { when: minute(source.answered, locale) }) : t('sources.unasked')}
            </Text>
          )}
        </div>
        <Problem error={forget.error} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="subtle"
            loading={test.isPending}
            onClick={() => test.mutate()}
            aria-label={t('sources.testNamed', { name: source.name })}
          >
            {t('sources.test')}
          </Button>
          <AskTwice
            word={t('common.remove')}
            really={t('common.confirm')}
            label={t('sources.remove', { name: source.name })}
            reallyLabel={t('sources.reallyRemove', { name: source.name })}
            busy={forget.isPending}
            onYes={() => forget.mutate()}
          />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** Help below the field, so that fields side by side stand in one line. */
const ORDER: ('label' | 'input' | 'description' | 'error')[] = ['label', 'input', 'description', 'error'];

const EMPTY = { name: '', way: 'get', title: '', host: '', port: 104, url: '', token: '', issuer: '', hours: '' };
type Way = 'get' | 'move' | 'web';

function AddForm() {
  const { t } = useWords();
  const client = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const [purposes, setPurposes] = useState<SourcePurpose[]>(['list', 'priors', 'migrate']);
  const put = (part: Partial<typeof EMPTY>) => setForm(old => ({ ...old, ...part }));
  const way = form.way as Way;
  const isPlaced = way === 'web' ? form.url.trim() !== '' : form.title.trim() !== '' && form.host.trim() !== '' && form.port > 0;
  const add = useMutation({
    mutationFn: () => {
      const place: Partial<NewSource> =
        way === 'web'
          ? { url: form.url.trim(), ...(form.token ? { token: form.token } : {}) }
          : { title: form.title.trim(), host: form.host.trim(), port: form.port, retrieve: way };
      const wish: Partial<NewSource> = {
        ...(form.issuer.trim() ? { issuer: form.issuer.trim() } : {}),
        ...(form.hours.trim() ? { hours: form.hours.trim() } : {}),
      };
      return post('/sources', { name: form.name.trim(), purposes, ...place, ...wish });
    },
    onSuccess: () => {
      setForm(EMPTY);
      void client.invalidateQueries({ queryKey: keys.sources });
    },
  });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput label={t('common.name')} description={t('sources.nameHelp')} inputWrapperOrder={ORDER} maxLength={32} pattern="[A-Za-z0-9_\-]{1,32}" value={form.name} onChange={event => put({ name: event.currentTarget.value })} />
          <Select
            label={t('sources.way.label')}
            allowDeselect={false}
            data={(['get', 'move', 'web'] as const).map(value => ({ value, label: t(`sources.way.${value}`) }))}
            value={form.way}
            onChange={value => put({ way: value ?? 'get' })}
          />
        </SimpleGrid>
        {way === 'web' ? (
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <TextInput label={t('sources.url')} value={form.url} onChange={event => put({ url: event.currentTarget.value })} />
            <PasswordInput
              label={t('sources.token')}
              autoComplete="off"
              value={form.token}
              onChange={event => put({ token: event.currentTarget.value })}
            />
          </SimpleGrid>
        ) : (
          <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
            <TextInput
              label={t('settings.title2')}
              maxLength={16}
              value={form.title}
              onChange={event => put({ title: event.currentTarget.value })}
            />
            <TextInput label={t('settings.host')} value={form.host} onChange={event => put({ host: event.currentTarget.value })} />
            <NumberInput
              label={t('settings.port')}
              min={1}
              max={65535}
              hideControls
              value={form.port || ''}
              onChange={value => put({ port: Number(value) })}
            />
          </SimpleGrid>
        )}
        {way === 'move' && (
          <Text size="xs" c="dimmed">
            {t('sources.moveHelp')}
          </Text>
        )}
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput
            label={t('sources.issuer')}
            description={t('sources.issuerHelp')}
            inputWrapperOrder={ORDER}
            value={form.issuer}
            onChange={event => put({ issuer: event.currentTarget.value })}
          />
          <TextInput
            label={t('sources.hours')}
            description={t('sources.hoursHelp')}
            inputWrapperOrder={ORDER}
            placeholder="19:00-06:00"
            value={form.hours}
            onChange={event => put({ hours: event.currentTarget.value })}
          />
        </SimpleGrid>
        <Group role="group" aria-label={t('sources.used')}>
          {PURPOSES.map(purpose => (
            <Checkbox
              key={purpose}
              label={t(`sources.purpose.${purpose}`)}
              checked={purposes.includes(purpose)}
              onChange={event =>
                setPurposes(event.currentTarget.checked ? [...purposes, purpose] : purposes.filter(known => known !== purpose))
              }
            />
          ))}
        </Group>
        <Problem error={add.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending} disabled={!form.name.trim() || !isPlaced}>
            {t('sources.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
