// Studies that no request asks for, and requests that have no images: a person who knows brings them together. Never by
// name: the node proposes by accession number or patient ID, and whoever joins repeats the identity.

import { Alert, Badge, Button, Group, Modal, Radio, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconLink } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { CaseRow, LooseStudy } from '../../api/cases';
import { dismissStudy, joinStudy, looseQuery } from '../../api/cases';
import { ApiError } from '../../api/client';
import { keys, useMay } from '../../api/queries';
import { Page } from '../../components/Page';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Denied, Listed } from '../../components/State';
import { Wide } from '../../components/Wide';
import { ago, dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { PriorityMark } from './marks';
import { useToldCase } from './useSteps';

export function LoosePage() {
  return useMay('prepare-cases') ? <Loose /> : <Denied />;
}

function Loose() {
  const { t, locale } = useWords();
  const now = useNow(10_000);
  const loose = useQuery(looseQuery);
  const [joining, setJoining] = useState<LooseStudy | null>(null);
  const [dismissing, setDismissing] = useState<LooseStudy | null>(null);
  const parts = { error: loose.error, refetch: loose.refetch };
  return (
    <Page title={t('cases.loose')} about={t('cases.looseAbout')}>
      <Stack gap="lg">
        <Section title={t('cases.looseStudies')}>
          <Listed query={{ data: loose.data?.studies, ...parts }} none={t('cases.noLooseStudies')}>
            {rows => (
              <Wide min={760} label={t('cases.looseStudies')}>
                <Table verticalSpacing="xs" fz="sm" aria-label={t('cases.looseStudies')}>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t('list.patient')}</Table.Th>
                      <Table.Th>{t('list.date')}</Table.Th>
                      <Table.Th>{t('cases.accession')}</Table.Th>
                      <Table.Th>{t('cases.arrived')}</Table.Th>
                      <Table.Th>{t('cases.candidates')}</Table.Th>
                      <ActsHead />
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {rows.map(row => (
                      <Table.Tr key={row.study}>
                        <Table.Td>
                          <strong>{patientName(row.name) ?? t('list.unnamed')}</strong>
                          <Text size="xs" c="dimmed">
                            {[dicomDate(row.birth_date, locale), row.sex, row.id, row.issuer].filter(Boolean).join(' · ')}
                          </Text>
                        </Table.Td>
                        <Table.Td>
                          {dicomDate(row.date, locale)} · {row.modalities.join('/')}
                        </Table.Td>
                        <Table.Td>{row.accession || '—'}</Table.Td>
                        <Table.Td>
                          {ago(row.arrived, locale, now)} {row.alarm && <Badge color="red" variant="light">{t('cases.fiveMinutes')}</Badge>}
                        </Table.Td>
                        <Table.Td>{row.candidates.length}</Table.Td>
                        <Table.Td ta="end">
                          <Group gap={4} justify="flex-end" wrap="nowrap">
                            <Button size="compact-sm" onClick={() => setJoining(row)}>
                              {t('cases.join')}
                            </Button>
                            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setDismissing(row)}>
                              {t('cases.dismiss')}
                            </Button>
                          </Group>
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Wide>
            )}
          </Listed>
        </Section>
        <Section title={t('cases.looseCases')}>
          <Listed query={{ data: loose.data?.cases, ...parts }} none={t('cases.noLooseCases')}>
            {rows => (
              <Stack gap={6}>
                {rows.map(row => (
                  <Group key={row.case} gap="sm" wrap="nowrap">
                    <PriorityMark priority={row.priority} />
                    <Text size="sm" flex={1}>
                      <Link to={`/cases/${row.case}`} style={{ color: 'inherit' }}>
                        <strong>{patientName(row.patient.name) ?? t('list.unnamed')}</strong>
                      </Link>{' '}
                      · {row.question} · {row.modality} · {ago(row.requested, locale, now)}
                    </Text>
                  </Group>
                ))}
              </Stack>
            )}
          </Listed>
        </Section>
      </Stack>
      {joining && <JoinDialog study={joining} cases={loose.data?.cases ?? []} onClose={() => setJoining(null)} />}
      {dismissing && <DismissDialog study={dismissing} onClose={() => setDismissing(null)} />}
    </Page>
  );
}

function JoinDialog({ study, cases, onClose }: { study: LooseStudy; cases: CaseRow[]; onClose: () => void }) {
  const { t, locale } = useWords();
  const told = useToldCase();
  const [chosen, setChosen] = useState<string | null>(study.candidates[0]?.case ?? null);
  const why = new Map(study.candidates.map(one => [one.case, one.why]));
  const rows = [...cases].sort((a, b) => Number(why.has(b.case)) - Number(why.has(a.case)));
  const join = useMutation({
    mutationFn: (id: string) => joinStudy(id, study.study, { name: study.name, birth_date: study.birth_date }),
    onSuccess: joined => {
      told(joined);
      onClose();
    },
  });
  return (
    <Modal opened size="lg" onClose={onClose} title={t('cases.joinTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm">
          <strong>{patientName(study.name) ?? t('list.unnamed')}</strong>{' '}
          {[dicomDate(study.birth_date, locale), study.modalities.join('/'), dicomDate(study.date, locale), study.accession].filter(Boolean).join(' · ')}
        </Text>
        <Radio.Group label={t('cases.joinWhich')} value={chosen} onChange={setChosen}>
          <Stack gap="xs" mt="xs">
            {rows.map(row => (
              <Radio
                key={row.case}
                value={row.case}
                label={`${patientName(row.patient.name) ?? t('list.unnamed')} · ${dicomDate(row.patient.birth_date, locale) ?? '—'} · ${row.question}`}
                description={why.has(row.case) ? t(`cases.why.${why.get(row.case) ?? 'none'}`) : t('cases.why.none')}
              />
            ))}
          </Stack>
        </Radio.Group>
        {rows.length === 0 && <Text size="sm">{t('cases.noLooseCases')}</Text>}
        {join.error && (
          <Alert color="red" variant="light" role="alert">
            <Problem error={join.error} />
            {join.error instanceof ApiError && join.error.differs.join(', ')}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button leftSection={<IconLink size={16} />} disabled={!chosen} loading={join.isPending} onClick={() => chosen && join.mutate(chosen)}>
            {t('cases.joinYes')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function DismissDialog({ study, onClose }: { study: LooseStudy; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const dismiss = useMutation({
    mutationFn: () => dismissStudy(study.study, reason.trim()),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: [...keys.cases, 'loose'] });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} title={t('cases.dismissTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (reason.trim() !== '') dismiss.mutate();
        }}
      >
        <Stack gap="md">
          <Text size="sm" c="dimmed">
            {t('cases.dismissAbout')}
          </Text>
          <TextInput label={t('cases.field.reason')} value={reason} maxLength={200} required data-autofocus onChange={event => setReason(event.currentTarget.value)} />
          {dismiss.error && <Problem error={dismiss.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={dismiss.isPending} disabled={reason.trim() === ''}>
              {t('cases.dismiss')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
