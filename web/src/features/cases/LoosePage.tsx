// Studies that no request asks for, and requests that have no images: a person who knows brings them together. Never by
// name: the node proposes by accession number or patient ID, and whoever joins repeats the identity.

import { Badge, Button, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import type { LooseStudy } from '../../api/types';
import { dismissStudy, keys, looseQuery, useMay } from '../../api/queries';
import { Page } from '../../components/Page';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Denied, Listed } from '../../components/State';
import { Wide } from '../../components/Wide';
import { ago, dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { JoinDialog } from './JoinDialog';
import { PriorityMark } from './marks';
import { nameOf } from '../../components/who';

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
                        <strong>{nameOf(row.patient, row.case, t)}</strong>
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
      {joining && <JoinDialog study={joining} cases={loose.data?.joinable ?? []} onClose={() => setJoining(null)} />}
      {dismissing && <DismissDialog study={dismissing} onClose={() => setDismissing(null)} />}
    </Page>
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
