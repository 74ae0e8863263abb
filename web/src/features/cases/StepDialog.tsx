// Asks for what a step needs before it is taken.

import { Autocomplete, Button, Checkbox, Group, Modal, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { CaseRow, CaseStudy, StepBody } from '../../api/types';
import { peersQuery, shiftsQuery, siteQuery } from '../../api/queries';
import { dicomDate, hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { Problem } from '../../components/parts';
import type { Field, Given, StepWord } from './acts';
import { bodyOf, DANGEROUS, fieldsOf, lacking } from './acts';
import classes from './marks.module.css';
import { PRIORITIES } from './order';
import { EXAMINATIONS, fieldOf } from './request';
import { nameOf } from '../../components/who';

interface StepDialogProps {
  of: CaseRow & { study_list?: CaseStudy[]; examination?: string; on_site_physician?: string };
  step: StepWord;
  /** What stands in its fields at first. */
  start?: Given;
  /** What the step carries beside what is asked. */
  beside?: Record<string, unknown>;
  busy: boolean;
  error: unknown;
  onYes: (body: StepBody) => void;
  onClose: () => void;
}

const TEXT_MAX = 2_000;
/** Steps whose reasons repeat: a press writes one. */
const REASONS: Partial<Record<StepWord, readonly ('busy' | 'competence' | 'images' | 'indication' | 'mistake' | 'done-elsewhere' | 'shift-over' | 'interrupted' | 'no-answer' | 'transferred' | 'silent' | 'unwell')[]>> = {
  refuse: ['busy', 'competence', 'images', 'indication'],
  cancel: ['mistake', 'done-elsewhere'],
  unserved: ['no-answer', 'done-elsewhere', 'transferred'],
  release: ['interrupted', 'shift-over', 'competence'],
  regulate: ['silent', 'unwell', 'shift-over', 'interrupted'],
};

export function StepDialog({ of, step, start, beside, busy, error, onYes, onClose }: StepDialogProps) {
  const { t, locale } = useWords();
  const studies = of.study_list?.map(one => one.study) ?? of.studies;
  const [given, setGiven] = useState<Given>(() => ({
    ...(studies.length === 1 ? { study: studies[0] ?? '' } : {}),
    // What was said stands in the fields: what is left out is said no more.
    ...(step === 'specify' ? { examination: of.examination ?? '', on_site_physician: of.on_site_physician ?? '', answer_by: fieldOf(of.answer_by) } : {}),
    ...start,
  }));
  const [tried, setTried] = useState(false);
  const fields = fieldsOf(step, of.claim);
  const missing = lacking(step, given, fields);
  // Whoever had it when this was opened: where somebody else has it meanwhile, the node refuses.
  const [had] = useState(of.claim);
  const from = step === 'regulate' ? { from: had?.person ?? '' } : {};
  const set = (name: Field['name']) => (value: string | boolean) => setGiven(before => ({ ...before, [name]: value }));
  return (
    <Modal opened onClose={onClose} title={t(`cases.step.${step}.title`)} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          setTried(true);
          if (missing.length === 0) onYes({ ...bodyOf(step, given), ...from, ...beside });
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            <strong>{nameOf(of.patient, of.case, t)}</strong>
            <span className={classes.dim}>
              {' · '}
              {[dicomDate(of.patient.birth_date, locale), of.requester_name, of.question].filter(Boolean).join(' · ')}
            </span>
          </Text>
          <Text size="sm" c="dimmed">
            {t(`cases.step.${step}.about`)}
          </Text>
          {step === 'regulate' && had && <Text size="sm">{t('cases.takenBy', { person: had.person, site: had.site_name, at: hourMinute(had.at, locale) })}</Text>}
          {fields.map((field, index) => (
            <StepField
              key={field.name}
              step={step}
              field={field}
              first={index === 0}
              value={given[field.name]}
              studies={studies}
              wrong={tried && missing.includes(field.name)}
              onChange={set(field.name)}
            />
          ))}
          {error !== null && error !== undefined && <Problem error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={busy} color={DANGEROUS.has(step) ? 'red.9' : 'sky'}>
              {t(`cases.step.${step}.yes`)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface StepFieldProps {
  step: StepWord;
  field: Field;
  first: boolean;
  value: string | boolean | undefined;
  studies: string[];
  wrong: boolean;
  onChange: (value: string | boolean) => void;
}

function StepField({ step, field, first, value, studies, wrong, onChange }: StepFieldProps) {
  const { t } = useWords();
  const text = typeof value === 'string' ? value : '';
  const label = t(`cases.field.${(step === 'hand-over' || step === 'regulate') && field.name === 'to' ? 'colleague' : field.name}`);
  const common = { label, error: wrong ? t('cases.isMissing') : undefined, withAsterisk: field.required, ...(first ? { 'data-autofocus': true } : {}) };
  switch (field.kind) {
    case 'area':
      return (
        <>
          <Textarea {...common} value={text} maxLength={TEXT_MAX} autosize minRows={2} maxRows={10} onChange={event => onChange(event.currentTarget.value)} />
          <Group gap={6}>
            {REASONS[step]?.map(reason => (
              <Button key={reason} size="compact-xs" variant="default" onClick={() => onChange(t(`cases.reasons.${reason}`))}>
                {t(`cases.reasons.${reason}`)}
              </Button>
            ))}
          </Group>
        </>
      );
    case 'line':
      return <TextInput {...common} value={text} maxLength={200} onChange={event => onChange(event.currentTarget.value)} />;
    case 'colleague':
      return <ColleagueField {...common} value={text} onChange={onChange} />;
    case 'number':
      return <TextInput {...common} inputMode="numeric" value={text} maxLength={7} onChange={event => onChange(event.currentTarget.value)} />;
    case 'uids':
      return <Textarea {...common} value={text} autosize minRows={1} onChange={event => onChange(event.currentTarget.value)} />;
    case 'check':
      return <Checkbox label={label} checked={value === true} error={wrong ? t('cases.isMissing') : undefined} onChange={event => onChange(event.currentTarget.checked)} />;
    case 'priority':
      return (
        <Select
          {...common}
          allowDeselect={false}
          value={text || null}
          data={PRIORITIES.map(one => ({ value: one, label: `${one} · ${t(`cases.priorityHelp.${one}`)}` }))}
          onChange={next => onChange(next ?? '')}
        />
      );
    case 'study':
      return studies.length === 1 ? null : (
        <Select {...common} allowDeselect={false} value={text || null} data={studies} onChange={next => onChange(next ?? '')} />
      );
    case 'examination':
      return <Select {...common} allowDeselect={false} value={text} data={EXAMINATIONS.map(one => ({ value: one, label: t(`cases.examinationIs.${one}`) }))} onChange={next => onChange(next ?? '')} />;
    case 'moment':
      return <TextInput {...common} type="datetime-local" value={text} onChange={event => onChange(event.currentTarget.value)} />;
    case 'site':
      return <SiteField {...common} value={text} onChange={onChange} />;
  }
}

/** Somebody of this site: those on duty are offered, any name is taken; the node says who may not. */
function ColleagueField({ value, onChange, ...common }: { value: string; onChange: (value: string) => void; label: string; withAsterisk: boolean }) {
  const { t } = useWords();
  const own = useQuery(siteQuery).data;
  const shifts = useQuery(shiftsQuery).data ?? [];
  const here = shifts.filter(shift => shift.counts && shift.site === own?.site_id).map(shift => shift.person);
  return <Autocomplete {...common} description={common.withAsterisk ? undefined : t('cases.colleagueOrDuty')} value={value} data={[...new Set(here)]} maxLength={64} onChange={onChange} />;
}

/** A paired site. */
function SiteField({ value, onChange, ...common }: { value: string; onChange: (value: string) => void; label: string }) {
  const peers = (useQuery(peersQuery).data ?? []).filter(peer => !peer.revoked);
  const own = useQuery(siteQuery).data;
  const data = [...(own ? [{ value: own.site_id, label: own.name }] : []), ...peers.map(peer => ({ value: peer.site, label: peer.name }))];
  return <Select {...common} allowDeselect={false} searchable value={value || null} data={data} onChange={next => onChange(next ?? '')} />;
}
