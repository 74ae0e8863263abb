// Opposition and masking of one of our studies: what stands, and what is recorded anew.

import { Badge, Button, Checkbox, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post } from '../../api/client';
import { keys } from '../../api/queries';
import type { AskedBy, Study, Withheld, WithheldHow } from '../../api/types';
import { Problem } from '../../components/parts';
import { dicomDate, moment } from '../../lib/format';
import { useWords } from '../../lib/language';

const HOW: readonly WithheldHow[] = ['opposed', 'masked', 'no-break-glass'];
const ASKED_BY: readonly AskedBy[] = ['patient', 'representative', 'physician', 'site'];

function Standing({ row, onDone }: { row: Withheld; onDone: () => Promise<unknown> }) {
  const { t, locale } = useWords();
  const release = useMutation({ mutationFn: () => post(`/withheld/${row.id}/release`, { note: '' }), onSuccess: onDone });
  const how = t(`withheld.is.${row.how}`);
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start">
      <div>
        <Group gap={6}>
          <Text size="sm" fw={600}>
            {how}
          </Text>
          {row.study === null && (
            <Badge size="sm" variant="light" style={{ textTransform: 'none' }}>
              {t('withheld.allMark')}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          {t('withheld.said', {
            by: t(`withheld.by.${row.asked_by}`),
            on: dicomDate(row.asked_on, locale) ?? row.asked_on,
            person: row.person,
            at: moment(row.at, locale),
          })}{' '}
          {row.note}
        </Text>
        <Problem error={release.error} />
      </div>
      <Button
        size="compact-sm"
        variant="subtle"
        style={{ flexShrink: 0 }}
        loading={release.isPending}
        aria-label={t('withheld.releaseOf', { how })}
        onClick={() => release.mutate()}
      >
        {t('withheld.release')}
      </Button>
    </Group>
  );
}

export function WithholdDialog({ study, onClose }: { study: Study; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [how, setHow] = useState<WithheldHow>('opposed');
  const [askedBy, setAskedBy] = useState<AskedBy>('patient');
  const [on, setOn] = useState(new Date().toISOString().slice(0, 10));
  const [all, setAll] = useState(false);
  const [note, setNote] = useState('');
  const now = useQuery({
    queryKey: [...keys.studies, 'one', study.study],
    queryFn: ({ signal }) => get<Study>(`/studies/${study.study}`, signal),
    initialData: study,
  }).data;
  const again = () => client.invalidateQueries({ queryKey: keys.studies });
  const save = useMutation({
    mutationFn: () =>
      post('/withheld', { study: study.study, all_of_patient: all, how, asked_by: askedBy, asked_on: on.replaceAll('-', ''), note }),
    onSuccess: again,
  });
  return (
    <Modal opened onClose={onClose} title={t('withheld.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          {t('withheld.about')}
        </Text>
        {now.withheld.length === 0 && <Text size="sm">{t('withheld.none')}</Text>}
        {now.withheld.map(row => (
          <Standing key={row.id} row={row} onDone={again} />
        ))}
        <Select
          label={t('withheld.how')}
          description={t(`withheld.help.${how}`)}
          data={HOW.map(value => ({ value, label: t(`withheld.is.${value}`) }))}
          value={how}
          onChange={value => setHow((value ?? 'opposed'))}
          allowDeselect={false}
        />
        {study.patient.id && (
          <Checkbox label={t('withheld.all')} checked={all} onChange={event => setAll(event.currentTarget.checked)} />
        )}
        <Group grow align="flex-start">
          <Select
            label={t('withheld.askedBy')}
            data={ASKED_BY.map(value => ({ value, label: t(`withheld.by.${value}`) }))}
            value={askedBy}
            onChange={value => setAskedBy((value ?? 'patient'))}
            allowDeselect={false}
          />
          <TextInput type="date" label={t('withheld.askedOn')} value={on} onChange={event => setOn(event.currentTarget.value)} />
        </Group>
        <TextInput
          label={t('withheld.note')}
          description={t('withheld.noteHelp')}
          value={note}
          maxLength={500}
          onChange={event => setNote(event.currentTarget.value)}
        />
        <Problem error={save.error} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.close')}
          </Button>
          <Button loading={save.isPending} disabled={!on} onClick={() => save.mutate()}>
            {t('withheld.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
