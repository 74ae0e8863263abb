// Figures of the reading room: by site and night, how fast, and why not. Never of whom.

import { Button, Group, Table, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChartBar, IconFileTypeCsv } from '@tabler/icons-react';
import { useSearchParams } from 'react-router';
import { get } from '../../api/client';
import type { CaseDelays, CaseStatistics } from '../../api/types';
import { useMay } from '../../api/queries';
import { Page } from '../../components/Page';
import { Blank, Denied, Failure, Waiting } from '../../components/State';
import { Wide } from '../../components/Wide';
import { count, day, duration } from '../../lib/format';
import { useWords } from '../../lib/language';

const PRIORITIES = ['P0', 'P1', 'P2', 'P3'] as const;

/** Median, longest, and how many of them were in time. */
function Delay({ of }: { of: CaseDelays }) {
  const { t, locale } = useWords();
  if (of.count === 0) return <span aria-label={t('statistics.none')}>–</span>;
  return (
    <span title={t('statistics.delayTitle', { median: duration(of.median_s, locale), longest: duration(of.longest_s, locale) })}>
      {duration(of.median_s, locale)} / {duration(of.longest_s, locale)}
      <br />
      <small>{t('statistics.inTime', { count: of.in_time, of: of.count })}</small>
    </span>
  );
}

function Reasons({ title, none, rows }: { title: string; none: string; rows: { text: string; count: number }[] }) {
  const { t, locale } = useWords();
  return (
    <section aria-label={title} style={{ flex: '1 1 18rem' }}>
      <h2 style={{ fontSize: 'var(--mantine-font-size-md)' }}>{title}</h2>
      {rows.length === 0 ? (
        <p>{none}</p>
      ) : (
        <ul>
          {rows.map(row => (
            <li key={row.text}>
              {row.text || t('statistics.others')} · {count(row.count, locale)}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Groups({ told }: { told: CaseStatistics }) {
  const { t, locale } = useWords();
  const heads = ['night', 'sites', 'cases', 'answer', 'preliminary', 'final', 'heard', 'compared', 'refused'] as const;
  return (
    <Wide min={960} label={t('statistics.title')}>
      <Table verticalSpacing="xs" fz="sm">
        <Table.Thead>
          <Table.Tr>
            {heads.map(head => (
              <Table.Th key={head}>{t(`statistics.head.${head}`)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {told.groups.map(group => (
            <Table.Tr key={`${group.night} ${group.requester} ${group.reader ?? ''}`}>
              <Table.Td>{day(`${group.night}T12:00:00Z`, locale)}</Table.Td>
              <Table.Td>
                {group.requester_name} → {group.reader_name ?? t('statistics.nobody')}
              </Table.Td>
              <Table.Td>
                {count(group.cases, locale)}
                <br />
                <small>
                  {PRIORITIES.flatMap((priority, at) => ((group.by_priority[at] ?? 0) > 0 ? [`${priority} ${group.by_priority[at]}`] : [])).join(' · ')}
                </small>
              </Table.Td>
              <Table.Td>
                <Delay of={group.answer} />
              </Table.Td>
              <Table.Td>
                <Delay of={group.preliminary} />
              </Table.Td>
              <Table.Td>
                <Delay of={group.final} />
              </Table.Td>
              <Table.Td>
                <Delay of={group.heard} />
              </Table.Td>
              <Table.Td>
                <Delay of={group.compared} />
              </Table.Td>
              <Table.Td>
                {[
                  group.refused > 0 && t('statistics.refused', { count: group.refused }),
                  group.cancelled > 0 && t('statistics.cancelled', { count: group.cancelled }),
                  group.unserved > 0 && t('statistics.unserved', { count: group.unserved }),
                ]
                  .filter(Boolean)
                  .join(' · ')}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

export function StatisticsPage() {
  const { t } = useWords();
  const mayRead = useMay('read-log');
  const [search, setSearch] = useSearchParams();
  const range = new URLSearchParams([...search].filter(([key, value]) => (key === 'from' || key === 'to') && value));
  const asked = useQuery({
    queryKey: ['statistics', range.toString()],
    queryFn: ({ signal }) => get<CaseStatistics>(`/cases/statistics?${range}`, signal),
    enabled: mayRead,
    // Each reading is an entry of the log.
    refetchOnWindowFocus: false,
  });
  if (!mayRead) return <Denied />;
  const set = (key: 'from' | 'to', value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(key, value);
    else next.delete(key);
    setSearch(next, { replace: true });
  };
  const told = asked.data;
  return (
    <Page
      title={t('statistics.title')}
      about={t('statistics.about')}
      width={1320}
      actions={
        <Button component="a" variant="default" href={`/api/cases/statistics.csv?${range}`} download leftSection={<IconFileTypeCsv size={16} />}>
          {t('statistics.csv')}
        </Button>
      }
    >
      <Group mb="md" gap="sm" align="flex-end">
        {(['from', 'to'] as const).map(key => (
          <TextInput
            key={key}
            type="date"
            label={t(`statistics.${key}`)}
            value={search.get(key) ?? told?.[key] ?? ''}
            onChange={event => set(key, event.currentTarget.value)}
          />
        ))}
      </Group>
      {asked.error && !told ? (
        <Failure error={asked.error} retry={() => void asked.refetch()} />
      ) : !told ? (
        <Waiting />
      ) : told.groups.length === 0 ? (
        <Blank icon={<IconChartBar size={28} />} title={t('statistics.emptyTitle')} text={t('statistics.empty')} />
      ) : (
        <>
          <Groups told={told} />
          <Group align="flex-start" gap="xl" mt="lg">
            <Reasons title={t('statistics.refusals')} none={t('statistics.noRefusals')} rows={told.refusals} />
            <Reasons
              title={t('statistics.skips')}
              none={t('statistics.noSkips')}
              rows={told.skips.map(row => ({ ...row, text: t(`cases.skip.${row.text}` as 'cases.skip.unreachable', { defaultValue: row.text }) }))}
            />
            <Reasons title={t('statistics.justifications')} none={t('statistics.noJustifications')} rows={told.justifications} />
            <Reasons title={t('statistics.unread')} none={t('statistics.noUnread')} rows={told.unread} />
          </Group>
        </>
      )}
    </Page>
  );
}
