// Other bytes kept aside under a known SOP Instance UID: compared side by side, and decided.

import { Badge, Button, Checkbox, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import { keys, useMay } from '../../api/queries';
import type { Compared, Conflict, Decided, Side } from '../../api/types';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { bytes, dicomDate, moment, patientName } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import { Undo } from './Undo';

const DECISIONS = ['keep', 'take', 'elsewhere'] as const;

export function ConflictsPage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.conflicts')}>
      <List />
    </Page>
  );
}

function List() {
  const { t } = useWords();
  const [all, setAll] = useState(false);
  const [shown, setShown] = useState<number | null>(null);
  const list = useQuery({
    queryKey: [...keys.conflicts, all],
    queryFn: ({ signal }) => get<Conflict[]>(`/conflicts?all=${all}`, signal),
  });
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Waiting />;
  return (
    <Section title={t('archive.pages.conflicts')} about={t('archive.conflicts.about')}>
      <Stack gap="md">
        <Checkbox label={t('archive.conflicts.all')} checked={all} onChange={event => setAll(event.currentTarget.checked)} />
        {list.data.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('archive.conflicts.none')}
          </Text>
        )}
        {list.data.map(row => (
          <Row key={row.id} row={row} open={shown === row.id} toggle={() => setShown(shown === row.id ? null : row.id)} />
        ))}
      </Stack>
    </Section>
  );
}

function Row({ row, open, toggle }: { row: Conflict; open: boolean; toggle: () => void }) {
  const { t, locale } = useWords();
  return (
    <Stack component="article" gap="xs" aria-label={row.instance}>
      <Group justify="space-between">
        <Stack gap={0}>
          <Group gap="xs">
            <Text size="sm" fw={600}>
              {patientName(row.patient.name) ?? t('common.unknown')}
            </Text>
            <Badge variant="light" color={row.state === 'open' ? 'yellow' : 'gray'} style={{ textTransform: 'none' }}>
              {t(`archive.conflicts.state.${row.state}`)}
            </Badge>
            {row.closed && (
              <Badge variant="outline" color="gray" style={{ textTransform: 'none' }}>
                {t('archive.conflicts.closed')}
              </Badge>
            )}
          </Group>
          <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
            {row.instance}
          </Text>
          <Text size="xs" c="dimmed">
            {t('archive.amend.by', { person: row.person, at: moment(row.at, locale) })}
          </Text>
        </Stack>
        <Group gap={4}>
          {row.state !== 'open' && !row.closed && (
            <Undo path={`/conflicts/${row.id}/resolve`} body={{ decision: 'open' }} changes={keys.conflicts} word="reopen" of={row.instance} />
          )}
          <Button size="compact-sm" variant="subtle" onClick={toggle} aria-expanded={open}>
            {t(open ? 'archive.conflicts.hide' : 'archive.conflicts.show')}
          </Button>
        </Group>
      </Group>
      {open && <SideBySide id={row.id} />}
    </Stack>
  );
}

function SideBySide({ id }: { id: number }) {
  const { t, locale } = useWords();
  const shown = useQuery({
    queryKey: [...keys.conflicts, 'one', id],
    queryFn: ({ signal }) => get<Compared>(`/conflicts/${id}`, signal),
  });
  if (shown.error && !shown.data) return <Failure error={shown.error} retry={() => void shown.refetch()} />;
  if (!shown.data) return <Waiting />;
  const { first, other, conflict } = shown.data;
  const facts: [string, (side: Side) => string | null][] = [
    [t('archive.amend.attribute.PatientName'), side => patientName(side.patient.name)],
    [t('archive.amend.attribute.PatientID'), side => [side.patient.id, side.patient.issuer].filter(Boolean).join(' · ')],
    [t('archive.amend.attribute.PatientBirthDate'), side => dicomDate(side.patient.birth_date, locale)],
    [t('archive.amend.attribute.PatientSex'), side => side.patient.sex],
    [t('archive.conflicts.fact.date'), side => dicomDate(side.date, locale)],
    [t('archive.conflicts.fact.description'), side => side.description],
    [t('archive.conflicts.fact.accession'), side => side.accession],
    [t('archive.conflicts.fact.modality'), side => side.modality],
    [t('archive.conflicts.fact.number'), side => (side.number === null ? null : String(side.number))],
    [t('archive.conflicts.fact.pixels'), side => `${side.columns} × ${side.rows} × ${side.frames}`],
    [t('archive.conflicts.fact.size'), side => `${bytes(side.bytes, locale)} (${side.bytes})`],
    [t('archive.conflicts.fact.transferSyntax'), side => side.transfer_syntax],
    [t('archive.conflicts.fact.series'), side => side.series],
    [t('archive.conflicts.fact.study'), side => side.study],
  ];
  const value = (side: Side | null, of: (side: Side) => string | null) => (side ? (of(side) ?? '–') : '');
  return (
    <Stack gap="md">
      <Wide min={560} label={t('archive.conflicts.show')}>
        <Table verticalSpacing={4} fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              <Table.Th scope="col">{t('archive.conflicts.first')}</Table.Th>
              <Table.Th scope="col">{t('archive.conflicts.other')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {!conflict.closed && (!first || !other) && (
              <Table.Tr>
                <Table.Td />
                <Table.Td>{first ? '' : t('archive.conflicts.lost')}</Table.Td>
                <Table.Td>{other ? '' : t('archive.conflicts.lost')}</Table.Td>
              </Table.Tr>
            )}
            {facts.map(([name, of]) => {
              const differs = value(first, of) !== value(other, of);
              return (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400} c="dimmed">
                    {name}
                  </Table.Th>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>{value(first, of)}</Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }} fw={differs ? 600 : 400}>
                    {value(other, of)}
                    {differs && (
                      <Badge ml="xs" size="sm" color="yellow" variant="light" style={{ textTransform: 'none' }}>
                        {t('archive.conflicts.differs')}
                      </Badge>
                    )}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Wide>
      {conflict.closed ? <Closed closed={conflict.closed} erased={conflict.erased} /> : <Decide conflict={conflict} />}
      {conflict.closable && <CloseForGood id={conflict.id} closable={conflict.closable} />}
    </Stack>
  );
}

function Closed({ closed, erased }: { closed: Decided; erased: string | null | undefined }) {
  const { t, locale } = useWords();
  return (
    <Stack gap={0}>
      <Text size="sm">{t('archive.conflicts.erased', { person: closed.person, at: moment(closed.at, locale) })}</Text>
      {closed.note && <Text size="sm">{closed.note}</Text>}
      <Text size="xs" c="dimmed" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
        {erased}
      </Text>
    </Stack>
  );
}

/** Erasing what was decided against, asked twice; before its time only with a reason. */
function CloseForGood({ id, closable }: { id: number; closable: string }) {
  const { t, locale } = useWords();
  const mayErase = useMay('administer');
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState(false);
  const [now] = useState(() => Date.now());
  const close = useMutation({
    mutationFn: () => post('/conflicts/close', { ids: [id], reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conflicts }),
  });
  if (!mayErase) return null;
  const isDue = Date.parse(closable) <= now;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {t(isDue ? 'archive.conflicts.closeDue' : 'archive.conflicts.closeEarly', { at: moment(closable, locale) })}
      </Text>
      <TextInput
        label={t('archive.conflicts.closeReason')}
        description={t('archive.amend.noteHelp')}
        required={!isDue}
        maxLength={500}
        value={reason}
        onChange={event => setReason(event.currentTarget.value)}
      />
      <Group>
        <Button
          size="sm"
          color="red"
          variant={asked ? 'filled' : 'outline'}
          disabled={!isDue && reason.trim() === ''}
          loading={close.isPending}
          onClick={() => (asked ? close.mutate() : setAsked(true))}
          onBlur={() => setAsked(false)}
        >
          {t(asked ? 'archive.conflicts.reallyClose' : 'archive.conflicts.close')}
        </Button>
      </Group>
      <Problem error={close.error} />
    </Stack>
  );
}

function Decide({ conflict }: { conflict: Conflict }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const [note, setNote] = useState('');
  const decide = useMutation({
    mutationFn: (decision: string) => post(`/conflicts/${conflict.id}/resolve`, { decision, note }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.conflicts }),
  });
  return (
    <Stack gap="xs">
      {conflict.decided && (
        <Text size="sm" c="dimmed">
          {t('archive.amend.by', { person: conflict.decided.person, at: moment(conflict.decided.at, locale) })} {conflict.decided.note}
        </Text>
      )}
      <TextInput
        label={t('archive.amend.note')}
        description={t('archive.amend.noteHelp')}
        maxLength={500}
        value={note}
        onChange={event => setNote(event.currentTarget.value)}
      />
      <Group gap="xs">
        {DECISIONS.filter(decision => decision !== conflict.state).map(decision => (
          <Button
            key={decision}
            size="sm"
            variant={decision === 'take' ? 'outline' : 'light'}
            loading={decide.isPending && decide.variables === decision}
            onClick={() => decide.mutate(decision)}
          >
            {t(`archive.conflicts.${decision}`)}
          </Button>
        ))}
      </Group>
      <Problem error={decide.error} />
    </Stack>
  );
}
