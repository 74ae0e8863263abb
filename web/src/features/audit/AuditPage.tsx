// The access log: what the node wrote down before it acted. Alerts stand out; reading it is itself an entry.

import { Badge, Button, Group, SegmentedControl, Select, Table, Text, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconChartBar, IconListSearch, IconPrinter } from '@tabler/icons-react';
import { Link, useSearchParams } from 'react-router';
import { get } from '../../api/client';
import { keys, peersQuery, useMay } from '../../api/queries';
import type { AuditEntry, AuditPage as AuditEntries } from '../../api/types';
import { Page } from '../../components/Page';
import { useReason } from '../../components/problem';
import { Blank, Denied, Failure, Waiting } from '../../components/State';
import { bytes, moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './audit.module.css';
import { Ledger } from './Ledger';
import { Reviews } from './Reviews';

const PAGE = 50;
const ALERTS = new Set(['security-alert', 'pairing-failed', 'instance-refused']);

export function isAlert(entry: AuditEntry): boolean {
  return ALERTS.has(entry.act) || entry.reason === 'corrupt';
}

function useEntries(alerts: boolean, study: string, peer: string | null, patient: string) {
  return useInfiniteQuery({
    queryKey: [...keys.audit, alerts, study, peer, patient],
    queryFn: ({ pageParam, signal }) => {
      // A patient's access list comes whole.
      if (patient) return get<AuditEntries>(`/audit/patient?${new URLSearchParams({ id: patient })}`, signal);
      const query = new URLSearchParams({ limit: String(PAGE) });
      if (pageParam !== null) query.set('before', String(pageParam));
      if (alerts) query.set('alerts', 'true');
      if (study) query.set('study', study);
      if (peer) query.set('peer', peer);
      return get<AuditEntries>(`/audit?${query}`, signal);
    },
    initialPageParam: null as number | null,
    getNextPageParam: page => (page.more && !patient ? (page.entries.at(-1)?.number ?? undefined) : undefined),
    // Each reading is an entry: never ask without need.
    refetchOnWindowFocus: false,
  });
}

function Entry({ entry, onStudy }: { entry: AuditEntry; onStudy: (study: string) => void }) {
  const { t, language, locale } = useWords();
  const reason = useReason();
  const colors = { done: 'gray', refused: 'yellow', failed: 'red' } as const;
  const act = t(`act.${entry.act}` as 'act.pairing-failed', { defaultValue: entry.act });
  const amount = [
    entry.instances > 0 ? t('log.instances', { count: entry.instances }) : '',
    entry.bytes > 0 ? bytes(entry.bytes, locale) : '',
  ].filter(Boolean);
  return (
    <Table.Tr className={isAlert(entry) ? classes.alert : undefined}>
      <Table.Td c="dimmed">{entry.number}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{moment(entry.at, locale)}</Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          {isAlert(entry) && <IconAlertTriangle size={15} color="var(--bad)" aria-hidden="true" />}
          <span>{act}</span>
          {entry.outcome !== 'done' && (
            <Badge size="sm" variant="light" color={colors[entry.outcome]} style={{ textTransform: 'none' }}>
              {t(`log.outcome.${entry.outcome}`)}
            </Badge>
          )}
        </Group>
        {entry.reason && (
          <Text size="xs" c="dimmed">
            {reason(entry.reason)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {entry.person || t('log.machine')}
        {entry.site_name && (
          <Text size="xs" c="dimmed">
            {entry.site_name}
          </Text>
        )}
        {entry.address && (
          <Text size="xs" c="dimmed">
            {entry.ae && entry.ae !== entry.person ? `${entry.ae} · ${entry.address}` : entry.address}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {entry.study && (
          <button type="button" className={classes.uid} onClick={() => onStudy(entry.study ?? '')} title={entry.study}>
            …{entry.study.slice(-14)}
          </button>
        )}
      </Table.Td>
      <Table.Td>{entry.peer_name}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{amount.join(' · ')}</Table.Td>
      <Table.Td>
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }} title={entry.note}>
          {language === 'fr' ? entry.note_fr : entry.note}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

export function AuditPage() {
  return useMay('read-log') ? <Log /> : <Denied />;
}

function Log() {
  const { t } = useWords();
  const [query, setQuery] = useSearchParams();
  const alerts = query.get('alerts') === 'true';
  const study = /^[0-9.]{1,64}$/.test(query.get('study') ?? '') ? (query.get('study') ?? '') : '';
  const peer = query.get('peer');
  const patient = query.get('patient') ?? '';
  const mayPeers = useMay('administer');
  const peers = useQuery({ ...peersQuery, enabled: mayPeers }).data ?? [];
  const found = useEntries(alerts, study, peer, patient);
  const entries = found.data?.pages.flatMap(page => page.entries) ?? [];
  const set = (name: string, value: string | null) => {
    const next = new URLSearchParams(query);
    if (value) next.set(name, value);
    else next.delete(name);
    setQuery(next, { replace: true });
  };

  return (
    <Page
      title={t('log.title')}
      about={t('log.about')}
      width={1320}
      actions={
        <Button component={Link} to="/statistics" variant="default" leftSection={<IconChartBar size={16} />}>
          {t('statistics.title')}
        </Button>
      }
    >
      <Ledger />
      <div style={{ marginBottom: 'var(--mantine-spacing-md)' }}>
        <Reviews />
      </div>
      <Group mb="md" gap="sm">
        <SegmentedControl
          size="sm"
          aria-label={t('log.title')}
          value={alerts ? 'alerts' : 'all'}
          onChange={value => set('alerts', value === 'alerts' ? 'true' : null)}
          data={[
            { value: 'all', label: t('log.all') },
            { value: 'alerts', label: t('log.alerts') },
          ]}
        />
        <TextInput
          key={study}
          w={330}
          size="sm"
          placeholder={t('log.study')}
          aria-label={t('log.study')}
          defaultValue={study}
          onKeyDown={event => event.key === 'Enter' && set('study', event.currentTarget.value.trim() || null)}
          onBlur={event => event.currentTarget.value.trim() !== study && set('study', event.currentTarget.value.trim() || null)}
        />
        <TextInput
          key={`patient ${patient}`}
          w={210}
          size="sm"
          placeholder={t('log.patient')}
          aria-label={t('log.patient')}
          defaultValue={patient}
          onKeyDown={event => event.key === 'Enter' && set('patient', event.currentTarget.value.trim() || null)}
          onBlur={event => event.currentTarget.value.trim() !== patient && set('patient', event.currentTarget.value.trim() || null)}
        />
        {patient && entries.length > 0 && (
          <Button size="sm" variant="default" leftSection={<IconPrinter size={15} />} onClick={() => window.print()}>
            {t('log.print')}
          </Button>
        )}
        {peers.length > 0 && (
          <Select
            w={210}
            size="sm"
            clearable
            clearButtonProps={{ 'aria-label': t('log.peerAll') }}
            placeholder={t('log.peerAll')}
            aria-label={t('log.peer')}
            value={peer}
            onChange={value => set('peer', value)}
            data={peers.map(({ site, name }) => ({ value: site, label: name }))}
          />
        )}
      </Group>
      {patient && (
        <Text size="sm" c="dimmed" mb="sm">
          {t('log.patientAbout', { patient })}
        </Text>
      )}
      {found.isLoading && <Waiting />}
      {found.isError && entries.length === 0 && <Failure error={found.error} retry={() => void found.refetch()} />}
      {found.isSuccess && entries.length === 0 && (
        <Blank icon={<IconListSearch size={28} />} title={t('log.empty')} text={t('log.emptyMore')} />
      )}
      {entries.length > 0 && (
        <Table.ScrollContainer minWidth={900} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table highlightOnHover verticalSpacing={7} fz="sm" className={classes.table}>
            <Table.Thead>
              <Table.Tr>
                {(['number', 'at', 'act', 'who', 'what', 'other', 'amount', 'note'] as const).map(column => (
                  <Table.Th key={column}>{t(`log.${column}`)}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {entries.map(entry => (
                <Entry key={entry.number} entry={entry} onStudy={uid => set('study', uid)} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {found.hasNextPage && (
        <Group justify="center" mt="md">
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
            {t('log.older')}
          </Button>
        </Group>
      )}
    </Page>
  );
}
