// Corrections of patient and study attributes: making them, their history, taking them back.

import { Button, Group, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Correction, Identity } from '../../api/types';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { dicomDate, moment, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
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
    <Page title={t('archive.pages.corrections')}>
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
    <Section title={t('archive.pages.corrections')} about={t('archive.corrections.about')}>
      {list.data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.corrections.none')}
        </Text>
      ) : (
        <Table verticalSpacing={6} fz="sm">
          <Table.Tbody>
            {list.data.map(row => (
              <Table.Tr key={row.id}>
                <Table.Td>
                  <Text size="xs" ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                    {what(row)}
                  </Text>
                  {Object.entries(row.set).map(([keyword, value]) => (
                    <Text key={keyword} size="sm" td={row.undone ? 'line-through' : 'none'}>
                      {name(keyword)}: {value ?? '–'}
                    </Text>
                  ))}
                  {row.note && <Text size="xs">{row.note}</Text>}
                </Table.Td>
                <Table.Td>
                  <Text size="xs" c="dimmed">
                    {t('archive.amend.by', { person: row.person, at: moment(row.at, locale) })}
                  </Text>
                  {row.undone && (
                    <Text size="xs" c="dimmed">
                      {t('archive.amend.undone', { person: row.undone.person, at: moment(row.undone.at, locale) })}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  <Group justify="flex-end" gap={4}>
                    {!row.undone && <Undo path={`/corrections/${row.id}/undo`} changes={keys.corrections} />}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
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
  const given = Object.fromEntries(Object.entries(set).filter(([, value]) => value.trim() !== ''));
  return (
    <Section title={t('archive.corrections.new')} about={t('archive.corrections.choose')}>
      <Stack gap="sm">
        <TextInput label={t('archive.corrections.uid')} value={study} onChange={event => setStudy(event.currentTarget.value)} />
        {study.trim() !== '' && (
          <Identities study={study.trim()} onRight={identity => correct.mutate({ set: identity, note })} />
        )}
        <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="sm">
          {ATTRIBUTES.map(attribute => (
            <TextInput
              key={attribute}
              label={t(`archive.amend.attribute.${attribute}`)}
              value={set[attribute] ?? ''}
              onChange={event => {
                const { value } = event.currentTarget;
                setSet(known => ({ ...known, [attribute]: value }));
              }}
            />
          ))}
        </SimpleGrid>
        <TextInput
          label={t('archive.amend.note')}
          description={t('archive.amend.noteHelp')}
          maxLength={500}
          value={note}
          onChange={event => setNote(event.currentTarget.value)}
        />
        <Group align="flex-end">
          <Button
            disabled={study.trim() === '' || Object.keys(given).length === 0}
            loading={correct.isPending}
            onClick={() => correct.mutate({ set: given, note })}
          >
            {t('archive.corrections.correct')}
          </Button>
          <TextInput label={t('archive.corrections.like')} value={like} onChange={event => setLike(event.currentTarget.value)} />
          <Button
            variant="light"
            disabled={study.trim() === '' || like.trim() === ''}
            loading={correct.isPending}
            onClick={() => correct.mutate({ like: like.trim(), note })}
          >
            {t('archive.corrections.move')}
          </Button>
        </Group>
        <Problem error={correct.error} />
      </Stack>
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
                {t('archive.corrections.images', { count: identity.instances, series: identity.series.length })}
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
  const merge = useMutation({
    mutationFn: () => post('/patients/merge', { id: id.trim(), issuer: issuer.trim() || null, like: like.trim() }),
    onSuccess: () => {
      setId('');
      return client.invalidateQueries({ queryKey: keys.corrections });
    },
  });
  return (
    <Section title={t('archive.corrections.merge')}>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, sm: 3 }} spacing="sm">
          <TextInput label={t('archive.corrections.mergeId')} value={id} onChange={event => setId(event.currentTarget.value)} />
          <TextInput label={t('archive.corrections.mergeIssuer')} value={issuer} onChange={event => setIssuer(event.currentTarget.value)} />
          <TextInput label={t('archive.corrections.like')} value={like} onChange={event => setLike(event.currentTarget.value)} />
        </SimpleGrid>
        <Group>
          <Button disabled={id.trim() === '' || like.trim() === ''} loading={merge.isPending} onClick={() => merge.mutate()}>
            {t('archive.corrections.merge')}
          </Button>
        </Group>
        <Problem error={merge.error} />
      </Stack>
    </Section>
  );
}
