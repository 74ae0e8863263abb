// A study and a request that have not met: whose both are stands side by side, what contradicts is marked, and whoever joins them
// repeats the patient once, from what lies before them. The node compares that with both.

import { Alert, Button, Group, Modal, Radio, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconLink, IconUserX } from '@tabler/icons-react';
import { useState } from 'react';
import type { CaseRow, LooseStudy } from '../../api/types';
import { ApiError } from '../../api/client';
import { joinStudy } from '../../api/queries';
import { Problem } from '../../components/parts';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './report.module.css';
import { useToldCase } from './useSteps';
import { nameOf } from '../../components/who';

const FIELDS = ['name', 'birth_date', 'sex', 'id', 'issuer', 'accession'] as const;
type Field = (typeof FIELDS)[number];
type Identity = Record<Field, string>;

const folded = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toUpperCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean).sort().join(' ');

/** Known of both, and not the same. */
export const contradicts = (field: Field, one: string, other: string): boolean =>
  one !== '' && other !== '' && (field === 'name' ? folded(one) !== folded(other) : one.trim() !== other.trim());

const ofCase = (row: CaseRow): Identity => ({ ...row.patient, accession: row.accession });

function Side({ title, of, other }: { title: string; of: Identity; other: Identity }) {
  const { t, locale } = useWords();
  // Numbers of two issuers do not contradict one another.
  const isMarked = (field: Field) => contradicts(field, of[field], other[field]) && (field !== 'id' || !contradicts('issuer', of.issuer, other.issuer));
  const shown = (field: Field) => (field === 'name' ? patientName(of.name) : field === 'birth_date' ? dicomDate(of.birth_date, locale) : of[field] === '' ? null : of[field]);
  return (
    <article aria-label={title}>
      <div className={classes.stand}>
        <strong>{title}</strong>
      </div>
      {FIELDS.map(field => (
        <section key={field}>
          <h3>{t(`cases.same.${field}`)}</h3>
          <p>{isMarked(field) ? <mark>{shown(field)}</mark> : shown(field) ?? t('cases.same.unknown')}</p>
        </section>
      ))}
    </article>
  );
}

export function JoinDialog({ study, cases, onClose }: { study: LooseStudy; cases: readonly CaseRow[]; onClose: () => void }) {
  const { t, locale } = useWords();
  const told = useToldCase();
  const [chosen, setChosen] = useState<string | null>(study.candidates[0]?.case ?? null);
  const [name, setName] = useState('');
  const [birth, setBirth] = useState('');
  const [reason, setReason] = useState('');
  const why = new Map(study.candidates.map(one => [one.case, one.why]));
  const rows = [...cases].sort((a, b) => Number(why.has(b.case)) - Number(why.has(a.case)));
  const row = rows.find(one => one.case === chosen) ?? null;
  const join = useMutation({
    mutationFn: (id: string) => joinStudy(id, study.study, { name: name.trim(), birth_date: birth }, reason.trim()),
    onSuccess: joined => {
      told(joined);
      onClose();
    },
  });
  const refused = join.error instanceof ApiError ? join.error : null;
  const isUnknown = row !== null && [study.name, study.birth_date, row.patient.name, row.patient.birth_date].includes('');
  const isFilled = (name.trim() !== '' && birth !== '') || isUnknown;
  return (
    <Modal opened size="min(980px, 96vw)" onClose={onClose} title={t('cases.joinTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (row && isFilled && (!isUnknown || reason.trim() !== '')) join.mutate(row.case);
        }}
      >
        <Stack gap="md">
          <Radio.Group
            label={t('cases.joinWhich')}
            value={chosen}
            onChange={value => {
              // What was refused was of the other.
              join.reset();
              setChosen(value);
            }}
          >
            <Stack gap="xs" mt="xs">
              {rows.map(one => (
                <Radio
                  key={one.case}
                  value={one.case}
                  label={`${nameOf(one.patient, one.case, t)} · ${dicomDate(one.patient.birth_date, locale) ?? '—'} · ${one.question}`}
                  description={why.has(one.case) ? t(`cases.why.${why.get(one.case) ?? 'none'}`) : t('cases.why.none')}
                />
              ))}
            </Stack>
          </Radio.Group>
          {rows.length === 0 && <Text size="sm">{t('cases.noJoinable')}</Text>}
          {row && (
            <>
              <div className={classes.side}>
                <Side title={t('cases.same.study')} of={study} other={ofCase(row)} />
                <Side title={t('cases.same.request')} of={ofCase(row)} other={study} />
              </div>
              <Text size="sm">{t('cases.joinRepeat')}</Text>
              <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
                <TextInput label={t('cases.joinName')} value={name} maxLength={120} autoComplete="off" required={!isUnknown} onChange={event => setName(event.currentTarget.value)} />
                <TextInput
                  type="date"
                  label={t('cases.joinBirth')}
                  value={birth.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')}
                  required={!isUnknown}
                  onChange={event => setBirth(event.currentTarget.value.replaceAll('-', ''))}
                />
              </SimpleGrid>
              {isUnknown && (
                <Textarea label={t('cases.joinReason')} description={t('cases.joinReasonHelp')} value={reason} maxLength={500} autosize minRows={2} required onChange={event => setReason(event.currentTarget.value)} />
              )}
            </>
          )}
          {refused && (
            <Alert color="red" variant="light" role="alert" icon={<IconUserX size={18} />} title={refused.code === 'wrong-patient' ? t('cases.joinWrong') : undefined}>
              {refused.code === 'wrong-patient' ? refused.differs.map(field => t(`cases.same.${field}` as 'cases.same.name', { defaultValue: field })).join(', ') : <Problem error={refused} />}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" leftSection={<IconLink size={16} />} disabled={!row || !isFilled || (isUnknown && reason.trim() === '')} loading={join.isPending}>
              {t('cases.joinYes')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
