// The queue of the data protection officer: each use of broken glass, until somebody has said what it was.

import { Badge, Button, Checkbox, Group, Modal, Radio, Stack, Table, Text, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import { keys } from '../../api/queries';
import type { GlassVerdict, Review } from '../../api/types';
import { ActsHead, Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { Wide } from '../../components/Wide';
import { minute, moment } from '../../lib/format';
import { useWords } from '../../lib/language';

const VERDICTS: readonly GlassVerdict[] = ['justified', 'not-justified', 'follow-up'];

export function Reviews() {
  const { t } = useWords();
  const [all, setAll] = useState(false);
  const [about, setAbout] = useState<Review | null>(null);
  const list = useQuery({
    queryKey: [...keys.reviews, all],
    queryFn: ({ signal }) => get<Review[]>(`/reviews?all=${all}`, signal),
    // Each reading is an entry of the log: never ask without need.
    refetchOnWindowFocus: false,
  });
  return (
    <Section title={t('reviews.title')} about={t('reviews.about')}>
      <Checkbox mb="sm" label={t('reviews.all')} checked={all} onChange={event => setAll(event.currentTarget.checked)} />
      {list.isLoading && <Waiting />}
      {list.error && !list.data && <Failure error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('reviews.none')}
        </Text>
      )}
      {list.data && list.data.length > 0 && (
        <Wide min={860} label={t('reviews.title')}>
          <Table verticalSpacing="xs" fz="sm" aria-label={t('reviews.title')}>
            <Table.Thead>
              <Table.Tr>
                {(['when', 'who', 'why', 'what', 'due', 'verdict'] as const).map(column => (
                  <Table.Th key={column}>{t(`reviews.${column}`)}</Table.Th>
                ))}
                <ActsHead />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {list.data.map(row => (
                <Row key={row.request} row={row} onReview={() => setAbout(row)} />
              ))}
            </Table.Tbody>
          </Table>
        </Wide>
      )}
      {about && <ReviewDialog row={about} onClose={() => setAbout(null)} />}
    </Section>
  );
}

function Row({ row, onReview }: { row: Review; onReview: () => void }) {
  const { t, locale } = useWords();
  return (
    <Table.Tr>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        {moment(row.at, locale)}
        <Text size="xs" c="dimmed">
          {t('reviews.until', { until: minute(row.ends, locale) })}
        </Text>
      </Table.Td>
      <Table.Td>
        {row.person}
        {row.rpps && ` · ${t('reviews.rpps', { rpps: row.rpps })}`}
        <Text size="xs" c="dimmed">
          {t(row.ours ? 'reviews.ours' : 'reviews.theirs', { site: row.peer_name })}
        </Text>
      </Table.Td>
      <Table.Td maw={280}>
        <Text size="sm" fw={600}>
          {t(`glass.why.${row.reason}`)}
        </Text>
        <Text size="xs" style={{ overflowWrap: 'anywhere' }}>
          {row.text}
        </Text>
      </Table.Td>
      <Table.Td>
        {row.studies.map(study => (
          <Text key={study} size="xs" ff="monospace" title={study}>
            …{study.slice(-14)}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        {moment(row.due, locale)}
        {row.overdue && (
          <Badge ml={6} size="sm" color="red" variant="light" style={{ textTransform: 'none' }}>
            {t('reviews.late')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td>
        {row.verdict ? t(`reviews.is.${row.verdict}`) : '–'}
        {row.reviewer && row.reviewed_at && (
          <Text size="xs" c="dimmed">
            {t('reviews.by', { person: row.reviewer, at: moment(row.reviewed_at, locale) })} {row.note}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Button
          size="compact-sm"
          variant="default"
          aria-label={t('reviews.sayOf', { person: row.person, at: moment(row.at, locale) })}
          onClick={onReview}
        >
          {t('reviews.say')}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

function ReviewDialog({ row, onClose }: { row: Review; onClose: () => void }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const [verdict, setVerdict] = useState<GlassVerdict | null>(row.verdict);
  const [note, setNote] = useState(row.note ?? '');
  const save = useMutation({
    mutationFn: () => post(`/reviews/${row.request}`, { verdict, note }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.reviews });
      onClose();
    },
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('reviews.sayOf', { person: row.person, at: moment(row.at, locale) })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack gap="md">
        <Text size="sm">
          {t(`glass.why.${row.reason}`)} : {row.text}
        </Text>
        <Radio.Group aria-label={t('reviews.verdict')} value={verdict} onChange={value => setVerdict(value)}>
          <Stack gap="xs">
            {VERDICTS.map(value => (
              <Radio key={value} value={value} label={t(`reviews.is.${value}`)} />
            ))}
          </Stack>
        </Radio.Group>
        <Textarea
          label={t('reviews.note')}
          description={t('reviews.noteHelp')}
          value={note}
          maxLength={500}
          rows={2}
          onChange={event => setNote(event.currentTarget.value)}
        />
        <Problem error={save.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button loading={save.isPending} disabled={!verdict} onClick={() => save.mutate()}>
            {t('reviews.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
