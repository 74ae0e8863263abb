// Hand-over: what is open, to whom it goes; and acknowledging what somebody else hands over.

import { Alert, Button, Group, Modal, Radio, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { post } from '../../api/client';
import { handingOf, keys } from '../../api/queries';
import type { CaseRow, Shift } from '../../api/types';
import { Problem } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { Wide } from '../../components/Wide';
import { dicomDate, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNodeTime } from '../../lib/time';
import { useRosterWords } from './words';
import { nameOf } from '../../components/who';

const keyOf = (shift: Shift) => `${shift.site}/${shift.id}`;

/** `12 min`, `1 h 05`; what is late says so. */
function useLeft() {
  const { t } = useWords();
  const now = useNodeTime();
  return (due: CaseRow['due']) => {
    if (!due) return '—';
    const minutes = Math.round((Date.parse(due.at) - now) / 60_000);
    const long = Math.abs(minutes);
    const time = long < 60 ? `${long} min` : `${Math.floor(long / 60)} h ${String(long % 60).padStart(2, '0')}`;
    return minutes < 0 ? `${t(`cases.dueLate.${due.what}`)} (${time})` : `${time} ${t(`cases.due.${due.what}`)}`;
  };
}

/** Open cases: patient, how urgent, the time that is left, and how far they are. */
function Cases({ rows, label }: { rows: readonly CaseRow[]; label: string }) {
  const { t, locale } = useWords();
  const left = useLeft();
  return (
    <Wide min={620} label={label}>
      <Table verticalSpacing={4} fz="sm" aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('shift.handing.priority')}</Table.Th>
            <Table.Th>{t('shift.handing.patient')}</Table.Th>
            <Table.Th>{t('shift.handing.from')}</Table.Th>
            <Table.Th>{t('shift.handing.due')}</Table.Th>
            <Table.Th>{t('shift.handing.stage')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(row => (
            <Table.Tr key={row.case}>
              <Table.Td fw={700}>{row.priority}</Table.Td>
              <Table.Td>
                <Link to={`/cases/${row.case}`}>{nameOf(row.patient, row.case, t)}</Link> {dicomDate(row.patient.birth_date, locale)}
              </Table.Td>
              <Table.Td>{row.requester_name}</Table.Td>
              <Table.Td {...(row.due?.breached ? { c: 'red.4' } : {})}>{left(row.due)}</Table.Td>
              <Table.Td>
                {t(`cases.stage.${row.stage}`)}
                {row.flags.map(flag => ` · ${t(`cases.flag.${flag}` as 'cases.flag.escalated', { defaultValue: flag })}`)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

export function HandingDialog({ shift, zone, onClose }: { shift: Shift; zone: string; onClose: () => void }) {
  const { t } = useWords();
  const words = useRosterWords(zone);
  const client = useQueryClient();
  const handing = useQuery(handingOf(shift.id));
  const [to, setTo] = useState<string | null>(null);
  const data = handing.data;
  const chosen = data?.next.find(one => keyOf(one) === to) ?? data?.next[0];
  const act = useMutation({
    mutationFn: ({ word, other }: { word: 'offer' | 'relieve' | 'keep'; other?: Shift; said: string }) => post<Shift>(`/shifts/${shift.id}/${word}`, other ? { site: other.site, shift: other.id } : {}),
    onSuccess: async (_, { said }) => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'teal', message: said });
      onClose();
    },
  });
  // Stated by hand, and no case that this node keeps.
  const stated = data?.cases.filter(one => !data.rows.some(row => row.case === one.case)) ?? [];
  return (
    <Modal opened onClose={onClose} size="xl" title={t('shift.handing.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {handing.isError && !data && <Failure error={handing.error} retry={() => void handing.refetch()} />}
      {!data && !handing.isError && <Waiting />}
      {data && (
        <Stack gap="md">
          {data.offered.map(({ shift: other, rows }) => (
            <Alert key={keyOf(other)} color="yellow" variant="light" title={t('shift.handing.waiting', { person: other.person, cases: other.relief?.cases ?? 0 })}>
              <Stack gap="sm" align="flex-start">
                {rows.length > 0 && <Cases rows={rows} label={t('shift.handing.openOf', { person: other.person })} />}
                <Button loading={act.isPending} onClick={() => act.mutate({ word: 'relieve', other, said: t('shift.handing.done') })}>
                  {t('shift.handing.acknowledge')}
                </Button>
              </Stack>
            </Alert>
          ))}
          <div>
            <Text fw={600} size="sm" mb={4}>
              {t('shift.handing.open')} ({data.cases.length})
            </Text>
            {data.cases.length === 0 && (
              <Text size="sm" c="dimmed">
                {t('shift.handing.none')}
              </Text>
            )}
            {data.rows.length > 0 && <Cases rows={data.rows} label={t('shift.handing.open')} />}
            {stated.map(one => (
              <Text key={one.case} size="sm">
                {t('shift.handing.case', { id: shortId(one.case) })} · {t('shift.handing.studies', { count: one.studies.length })} · {one.sites.join(', ')} · {words.moment(Date.parse(one.since))}
              </Text>
            ))}
          </div>
          {data.unclaimed.length > 0 && (
            <div>
              <Text fw={600} size="sm" mb={4}>
                {t('shift.handing.unclaimed')} ({data.unclaimed.length})
              </Text>
              <Cases rows={data.unclaimed} label={t('shift.handing.unclaimed')} />
            </div>
          )}
          {shift.relief ? (
            <Group justify="space-between">
              <Text size="sm">{t('shift.handing.offered')}</Text>
              <Button variant="default" loading={act.isPending} onClick={() => act.mutate({ word: 'keep', said: t('shift.handing.keep') })}>
                {t('shift.handing.keep')}
              </Button>
            </Group>
          ) : data.next.length === 0 ? (
            <Text size="sm" c="yellow.4">
              {t('shift.handing.nobody')}
            </Text>
          ) : (
            <>
              <Radio.Group label={t('shift.handing.to')} value={chosen ? keyOf(chosen) : ''} onChange={setTo}>
                <Stack gap="xs" mt={6}>
                  {data.next.map(one => (
                    <Radio key={keyOf(one)} value={keyOf(one)} label={words.shift(one)} />
                  ))}
                </Stack>
              </Radio.Group>
              <Group justify="flex-end">
                <Button disabled={!chosen} loading={act.isPending} onClick={() => chosen && act.mutate({ word: 'offer', other: chosen, said: t('shift.handing.offered') })}>
                  {t('shift.handing.offer')}
                </Button>
              </Group>
            </>
          )}
          <Problem error={act.error} />
        </Stack>
      )}
    </Modal>
  );
}
