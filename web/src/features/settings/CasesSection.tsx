// How long things may take in the reading room, who is asked in turn, and whom one telephones when nobody answers.

import { ActionIcon, Button, Group, Select, SimpleGrid, Stack, Table, TagsInput, Text, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { CaseSettings } from '../../api/types';
import { caseSettingsQuery, peersQuery, setCaseSettings, siteQuery } from '../../api/queries';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import { minutesOf, secondsOf } from './delays';

const PRIORITIES = ['P0', 'P1', 'P2', 'P3'] as const;
const BY_PRIORITY = ['answer_s', 'preliminary_s', 'final_s'] as const;
const SINGLE = ['hear_s', 'images_s', 'idle_s', 'silent_s'] as const;

export function CasesSection() {
  const { t } = useWords();
  const asked = useQuery(caseSettingsQuery);
  return (
    <Section title={t('duty.title')} about={t('duty.about')}>
      {asked.data ? <Form key={JSON.stringify(asked.data)} settings={asked.data} /> : asked.error ? <Failure error={asked.error} retry={() => void asked.refetch()} /> : <Waiting />}
    </Section>
  );
}

function Form({ settings }: { settings: CaseSettings }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [draft, setDraft] = useState(settings);
  // Delays are typed in minutes; what does not parse is not sent.
  const [typed, setTyped] = useState<Record<string, string>>({});
  const own = useQuery(siteQuery).data;
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked);
  const sites = [...(own ? [{ value: own.site_id, label: own.name }] : []), ...peers.map(peer => ({ value: peer.site, label: peer.name }))];
  const set = (part: Partial<CaseSettings>) => setDraft(before => ({ ...before, ...part }));
  const isWrong = Object.values(typed).some(text => secondsOf(text) === null);
  const save = useMutation({
    mutationFn: setCaseSettings,
    onSuccess: kept => {
      client.setQueryData(caseSettingsQuery.queryKey, kept);
      notifications.show({ color: 'teal', message: t('duty.saved'), closeButtonProps: { 'aria-label': t('common.close') } });
    },
  });
  const field = (name: string, seconds: number, label: string, write: (seconds: number) => void) => (
    <TextInput
      size="xs"
      inputMode="decimal"
      aria-label={label}
      value={typed[name] ?? minutesOf(seconds)}
      error={typed[name] !== undefined && secondsOf(typed[name]) === null}
      maxLength={8}
      onChange={event => {
        const text = event.currentTarget.value;
        setTyped(before => ({ ...before, [name]: text }));
        const next = secondsOf(text);
        if (next !== null) write(next);
      }}
    />
  );
  const move = (index: number, by: number) => {
    const ranks = [...draft.ranks];
    const [one] = ranks.splice(index, 1);
    if (one) ranks.splice(index + by, 0, one);
    set({ ranks });
  };
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (!isWrong) save.mutate(draft);
      }}
    >
      <Stack gap="lg">
        <Table maw={620} verticalSpacing={4} withRowBorders={false} aria-label={t('duty.delays')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('duty.minutes')}</Table.Th>
              {PRIORITIES.map(one => (
                <Table.Th key={one}>{one}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {BY_PRIORITY.map(kind => (
              <Table.Tr key={kind}>
                <Table.Td>{t(`duty.delay.${kind}`)}</Table.Td>
                {PRIORITIES.map((priority, index) => (
                  <Table.Td key={priority}>
                    {field(`${kind} ${priority}`, draft[kind][index] ?? 0, `${t(`duty.delay.${kind}`)}, ${priority}`, seconds =>
                      set({ [kind]: draft[kind].map((known, at) => (at === index ? seconds : known)) }),
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <SimpleGrid cols={{ base: 1, sm: 2, md: 4 }} spacing="md">
          {SINGLE.map(kind => (
            <div key={kind}>
              <Text size="sm" mb={4}>
                {t(`duty.delay.${kind}`)}
              </Text>
              {field(kind, draft[kind], t(`duty.delay.${kind}`), seconds => set({ [kind]: seconds }))}
            </div>
          ))}
        </SimpleGrid>
        <div>
          <Title order={3} mb={2}>
            {t('duty.ranks')}
          </Title>
          <Text size="xs" c="dimmed" mb="xs">
            {t('duty.ranksHelp')}
          </Text>
          <Stack gap={6}>
            {draft.ranks.map((rank, index) => (
              <Group key={`${rank.site} ${rank.whom}`} gap={6} wrap="nowrap">
                <Text size="sm" w={22}>
                  {index + 1}.
                </Text>
                <Text size="sm" flex={1}>
                  {[sites.find(site => site.value === rank.site)?.label ?? rank.site_name, rank.whom].filter(Boolean).join(' · ')}
                </Text>
                <ActionIcon variant="subtle" color="gray" disabled={index === 0} aria-label={t('duty.up', { rank: index + 1 })} onClick={() => move(index, -1)}>
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon variant="subtle" color="gray" disabled={index === draft.ranks.length - 1} aria-label={t('duty.down', { rank: index + 1 })} onClick={() => move(index, 1)}>
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon variant="subtle" color="red" aria-label={t('common.labelled', { what: t('common.remove'), of: String(index + 1) })} onClick={() => set({ ranks: draft.ranks.filter((_, at) => at !== index) })}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            ))}
            <AddRank sites={sites} onAdd={rank => set({ ranks: [...draft.ranks, rank] })} />
          </Stack>
        </div>
        <div>
          <Title order={3} mb={2}>
            {t('duty.telephones')}
          </Title>
          <Text size="xs" c="dimmed" mb="xs">
            {t('duty.telephonesHelp')}
          </Text>
          <Stack gap={6}>
            {draft.telephones.map((telephone, index) => (
              <Group key={`${telephone.name} ${telephone.number}`} gap={6} wrap="nowrap">
                <Text size="sm" flex={1}>
                  {telephone.name} · <strong>{telephone.number}</strong>
                </Text>
                <ActionIcon variant="subtle" color="red" aria-label={t('common.labelled', { what: t('common.remove'), of: telephone.name })} onClick={() => set({ telephones: draft.telephones.filter((_, at) => at !== index) })}>
                  <IconTrash size={16} />
                </ActionIcon>
              </Group>
            ))}
            <AddTelephone onAdd={telephone => set({ telephones: [...draft.telephones, telephone] })} />
          </Stack>
        </div>
        <TagsInput
          maw={420}
          label={t('duty.requested')}
          description={t('duty.requestedHelp')}
          data={['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'MG']}
          value={draft.requested_modalities}
          onChange={codes => set({ requested_modalities: codes.map(code => code.toUpperCase()).filter(code => /^[A-Z]{2,8}$/.test(code)) })}
        />
        {save.error && <Problem error={save.error} />}
        <Group>
          <Button type="submit" loading={save.isPending} disabled={isWrong}>
            {t('duty.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function AddRank({ sites, onAdd }: { sites: { value: string; label: string }[]; onAdd: (rank: CaseSettings['ranks'][number]) => void }) {
  const { t } = useWords();
  const [site, setSite] = useState<string | null>(null);
  const [whom, setWhom] = useState('');
  return (
    <Group gap="xs" align="flex-end">
      <Select size="xs" label={t('cases.field.to')} data={sites} value={site} onChange={setSite} searchable />
      <TextInput size="xs" label={t('cases.field.whom')} placeholder={t('cases.whomDuty')} value={whom} maxLength={80} onChange={event => setWhom(event.currentTarget.value)} />
      <Button
        size="xs"
        variant="default"
        disabled={!site}
        onClick={() => {
          if (!site) return;
          onAdd({ site, site_name: '', whom: whom.trim() });
          setSite(null);
          setWhom('');
        }}
      >
        {t('duty.addRank')}
      </Button>
    </Group>
  );
}

function AddTelephone({ onAdd }: { onAdd: (telephone: CaseSettings['telephones'][number]) => void }) {
  const { t } = useWords();
  const [name, setName] = useState('');
  const [number, setNumber] = useState('');
  const isReady = name.trim() !== '' && number.trim() !== '';
  return (
    <Group gap="xs" align="flex-end">
      <TextInput size="xs" label={t('common.name')} value={name} maxLength={80} onChange={event => setName(event.currentTarget.value)} />
      <TextInput size="xs" type="tel" label={t('duty.number')} value={number} maxLength={40} onChange={event => setNumber(event.currentTarget.value)} />
      <Button
        size="xs"
        variant="default"
        disabled={!isReady}
        onClick={() => {
          onAdd({ name: name.trim(), number: number.trim() });
          setName('');
          setNumber('');
        }}
      >
        {t('duty.addTelephone')}
      </Button>
    </Group>
  );
}
