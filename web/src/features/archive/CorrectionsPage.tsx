// Corrections of patient and study attributes: making them, their history, taking them back.

import { Button, Divider, Group, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Correction, Identity } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Page } from '../../components/Page';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { dicomDate, dicomTime, moment, patientName } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import classes from './archive.module.css';
import { Undo } from './Undo';

const ATTRIBUTES = [
  'PatientName',
  'PatientID',
  'IssuerOfPatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'StudyDescription',
  'ReferringPhysicianName',
  'StudyID',
] as const;
type Attribute = (typeof ATTRIBUTES)[number];

export function CorrectionsPage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.corrections')} about={t('archive.corrections.about')}>
      <Stack gap="lg">
        <History />
        <CorrectStudy />
        <MergePatients />
      </Stack>
    </Page>
  );
}

function useWhat() {
  const { t } = useWords();
  return (row: Correction) => (row.kind === 'merge' ? t('archive.corrections.merged', { id: row.from_id ?? '' }) : (row.study ?? ''));
}

function History() {
  const { t, locale } = useWords();
  const what = useWhat();
  const list = useQuery({ queryKey: keys.corrections, queryFn: ({ signal }) => get<Correction[]>('/corrections', signal) });
  if (list.error && !list.data) return <Failure error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <Waiting />;
  const name = (keyword: string) => {
    const known = ATTRIBUTES.find(one => one === keyword);
    return known ? t(`archive.amend.attribute.${known}`) : keyword;
  };
  return (
    <Section title={t('archive.corrections.history')}>
      {list.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.corrections.none')}
        </Text>
      ) : (
        <Wide min={620} label={t('archive.corrections.history')}>
        <Table verticalSpacing="xs" fz="sm" aria-label={t('archive.corrections.history')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('archive.study')}</Table.Th>
              <Table.Th>{t('archive.corrections.values')}</Table.Th>
              <Table.Th>{t('archive.corrections.who')}</Table.Th>
              <ActsHead />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.data.map(row => (
              <Table.Tr key={row.id}>
                <Table.Td maw={260}>
                  <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                    {what(row)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {Object.entries(row.set).map(([keyword, value]) => (
                    <Text key={keyword} size="sm" td={row.undone ? 'line-through' : 'none'}>
                      <Text span inherit c="dimmed">
                        {name(keyword)}
                      </Text>{' '}
                      {shown(keyword, value, locale)}
                    </Text>
                  ))}
                  {row.note && <Text size="xs">{row.note}</Text>}
                </Table.Td>
                <Table.Td>
                  {row.person}
                  <Text size="xs" c="dimmed">
                    {moment(row.at, locale)}
                  </Text>
                  {row.undone && (
                    <Text size="xs" c="dimmed">
                      {t('archive.amend.undone', { person: row.undone.person, at: moment(row.undone.at, locale) })}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Group justify="flex-end" gap={4}>
                    {!row.undone && <Undo path={`/corrections/${row.id}/undo`} changes={keys.corrections} of={what(row)} />}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        </Wide>
      )}
    </Section>
  );
}

/** A value as it is read: names without carets, days and times as they are written here. */
function shown(keyword: string, value: string | null, locale: string): string {
  if (value === null || value === '') return '–';
  if (keyword.endsWith('Date')) return dicomDate(value, locale) ?? value;
  if (keyword.endsWith('Time')) return dicomTime(value) ?? value;
  if (keyword.endsWith('Name')) return patientName(value) ?? value;
  return value;
}

/** What a field gives, as DICOM writes it. */
function written(attribute: Attribute, value: string): string {
  if (attribute.endsWith('Date')) return value.replaceAll('-', '');
  if (attribute.endsWith('Time')) return value.replaceAll(':', '').padEnd(6, '0');
  return value;
}

function CorrectStudy() {
  const { t } = useWords();
  const client = useQueryClient();
  const [study, setStudy] = useState('');
  const [like, setLike] = useState('');
  const [note, setNote] = useState('');
  const [set, setSet] = useState<Partial<Record<Attribute, string>>>({});
  const path = `/studies/${encodeURIComponent(study.trim())}/correct`;
  const correct = useMutation({
    mutationFn: (body: unknown) => post(path, body),
    onSuccess: () => {
      setSet({});
      setLike('');
      return client.invalidateQueries({ queryKey: keys.corrections });
    },
  });
  const given = Object.fromEntries(
    ATTRIBUTES.flatMap(attribute => {
      const value = set[attribute]?.trim() ?? '';
      return value === '' ? [] : [[attribute, written(attribute, value)]];
    }),
  );
  const [asked, setAsked] = useState(false);
  return (
    <Section title={t('archive.corrections.new')} about={t('archive.corrections.choose')}>
      <Stack gap="sm">
        <TextInput label={t('archive.corrections.uid')} value={study} onChange={event => setStudy(event.currentTarget.value)} />
        {study.trim() !== '' && (
          <Identities study={study.trim()} onRight={identity => correct.mutate({ set: identity, note })} />
        )}
        <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="sm">
          {ATTRIBUTES.map(attribute =>
            attribute === 'PatientSex' ? (
              <Select
                key={attribute}
                label={t('archive.amend.attribute.PatientSex')}
                clearable
                data={(['M', 'F', 'O'] as const).map(value => ({ value, label: t(`archive.corrections.sex.${value}`) }))}
                value={set.PatientSex ?? null}
                onChange={value => setSet(known => ({ ...known, PatientSex: value ?? '' }))}
              />
            ) : (
              <TextInput
                key={attribute}
                type={attribute.endsWith('Date') ? 'date' : attribute.endsWith('Time') ? 'time' : 'text'}
                label={t(`archive.amend.attribute.${attribute}`)}
                placeholder={attribute.endsWith('Name') ? t('archive.corrections.nameForm') : undefined}
                value={set[attribute] ?? ''}
                onChange={event => {
                  const { value } = event.currentTarget;
                  setSet(known => ({ ...known, [attribute]: value }));
                }}
              />
            ),
          )}
        </SimpleGrid>
        <TextInput
          label={t('archive.amend.note')}
          description={t('archive.amend.noteHelp')}
          maxLength={500}
          value={note}
          onChange={event => setNote(event.currentTarget.value)}
        />
        <Group>
          <Button
            disabled={study.trim() === '' || Object.keys(given).length === 0}
            loading={correct.isPending}
            onClick={() => correct.mutate({ set: given, note })}
          >
            {t('archive.corrections.correct')}
          </Button>
        </Group>
        <Divider my={4} />
        <Group align="flex-end">
          <TextInput
            label={t('archive.corrections.like')}
            description={t('archive.corrections.moveHelp')}
            className={classes.wide}
            value={like}
            onChange={event => setLike(event.currentTarget.value)}
          />
          <Button variant="default" disabled={study.trim() === '' || like.trim() === ''} onClick={() => setAsked(true)}>
            {t('archive.corrections.move')}
          </Button>
        </Group>
        <Problem error={correct.error} />
        {correct.isSuccess && (
          <Text size="sm" role="status">
            {t('archive.corrections.done')}
          </Text>
        )}
      </Stack>
      <Confirm
        opened={asked}
        title={t('archive.corrections.moveTitle')}
        text={t('archive.corrections.moveText')}
        yes={t('archive.corrections.move')}
        danger={false}
        busy={correct.isPending}
        onYes={() => correct.mutate({ like: like.trim(), note }, { onSettled: () => setAsked(false) })}
        onClose={() => setAsked(false)}
      />
    </Section>
  );
}

/** The identities that a study's objects name: where there are two, one is chosen as the right one. */
function Identities({ study, onRight }: { study: string; onRight: (set: Record<string, string>) => void }) {
  const { t, locale } = useWords();
  const [asked, setAsked] = useState<string | null>(null);
  const found = useQuery({
    queryKey: [...keys.corrections, 'identities', asked],
    queryFn: ({ signal }) => get<Identity[]>(`/studies/${encodeURIComponent(asked ?? '')}/identities`, signal),
    enabled: asked !== null && asked === study,
  });
  return (
    <Stack gap="xs">
      <Group>
        <Button size="compact-sm" variant="light" loading={found.isFetching} onClick={() => setAsked(study)}>
          {t('archive.corrections.lookUp')}
        </Button>
        <Text size="sm" c="dimmed">
          {t('archive.corrections.identities')}
        </Text>
      </Group>
      <Problem error={found.error} />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        {(found.data ?? []).map(identity => {
          const { patient } = identity;
          const facts = [patient.id, patient.issuer, dicomDate(patient.birth_date, locale), patient.sex];
          return (
            <Stack key={JSON.stringify(patient)} gap={2}>
              <Text size="sm" fw={600}>
                {patientName(patient.name) ?? t('common.unknown')}
              </Text>
              <Text size="sm">{facts.filter(Boolean).join(' · ')}</Text>
              <Text size="xs" c="dimmed">
                {t('archive.corrections.images', { count: identity.instances, series: t('list.series', { count: identity.series.length }) })}
              </Text>
              {(found.data?.length ?? 0) > 1 && (
                <Button
                  size="compact-sm"
                  variant="light"
                  onClick={() =>
                    onRight({
                      PatientName: patient.name ?? '',
                      PatientID: patient.id ?? '',
                      IssuerOfPatientID: patient.issuer ?? '',
                      PatientBirthDate: patient.birth_date ?? '',
                      PatientSex: patient.sex ?? '',
                    })
                  }
                >
                  {t('archive.corrections.right')}
                </Button>
              )}
            </Stack>
          );
        })}
      </SimpleGrid>
    </Stack>
  );
}

function MergePatients() {
  const { t } = useWords();
  const client = useQueryClient();
  const [id, setId] = useState('');
  const [issuer, setIssuer] = useState('');
  const [like, setLike] = useState('');
  const [asked, setAsked] = useState(false);
  const merge = useMutation({
    mutationFn: () => post('/patients/merge', { id: id.trim(), issuer: issuer.trim() || null, like: like.trim() }),
    onSuccess: () => {
      setId('');
      setIssuer('');
      setLike('');
      return client.invalidateQueries({ queryKey: keys.corrections });
    },
  });
  return (
    <Section title={t('archive.corrections.merge')} about={t('archive.corrections.mergeText')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
          <TextInput label={t('archive.corrections.mergeId')} value={id} onChange={event => setId(event.currentTarget.value)} />
          <TextInput label={t('archive.corrections.mergeIssuer')} value={issuer} onChange={event => setIssuer(event.currentTarget.value)} />
          <TextInput label={t('archive.corrections.like')} value={like} onChange={event => setLike(event.currentTarget.value)} />
        </SimpleGrid>
        <Group>
          <Button variant="default" disabled={id.trim() === '' || like.trim() === ''} onClick={() => setAsked(true)}>
            {t('archive.corrections.merge')}
          </Button>
        </Group>
        <Problem error={merge.error} />
        {merge.isSuccess && (
          <Text size="sm" role="status">
            {t('archive.corrections.done')}
          </Text>
        )}
      </Stack>
      <Confirm
        opened={asked}
        title={t('archive.corrections.mergeTitle', { id: id.trim() })}
        text={t('archive.corrections.mergeText')}
        yes={t('archive.corrections.mergeDo')}
        danger={false}
        busy={merge.isPending}
        onYes={() => merge.mutate(undefined, { onSettled: () => setAsked(false) })}
        onClose={() => setAsked(false)}
      />
    </Section>
  );
}
