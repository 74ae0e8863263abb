// What can be asked of whom, shown where it is asked: rules of the practice, who may be asked, by when an answer is wanted.

import { Alert, Autocomplete, Select, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Askable, NewCase } from '../../api/types';
import { moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import type { RequestField } from './request';
import { EXAMINATIONS } from './request';

/** Asked anew when what matters for it changes. */
export function useAskable(request: NewCase): Askable | undefined {
  const { kind, priority, modality, region, examination, on_site_physician: onSite } = request;
  const query = new URLSearchParams({ kind, priority, modality, region, examination, on_site: onSite.trim() === '' ? '' : 'x' });
  for (const study of request.studies) query.append('study', study);
  const question = query.toString();
  return useQuery({ queryKey: [...keys.cases, 'askable', question], queryFn: ({ signal }) => get<Askable>(`/cases/askable?${question}`, signal), placeholderData: keepPreviousData, staleTime: 10_000 }).data;
}

interface PracticeProps {
  request: NewCase;
  askable: Askable | undefined;
  wrong: (field: RequestField) => string | undefined;
  set: (part: Partial<NewCase>) => void;
}

/** Mammography and nuclear medicine: what has to be said before it may be read from afar, or why it may not. */
export function Practice({ request, askable, wrong, set }: PracticeProps) {
  const { t } = useWords();
  if (!askable) return null;
  const rule = askable.rule;
  return (
    <>
      {(askable.needs_examination || request.examination !== '') && (
        <Select
          id="request-examination"
          label={t('cases.field.examination')}
          withAsterisk
          value={request.examination || null}
          error={wrong('examination')}
          data={EXAMINATIONS.filter(one => one !== '').map(one => ({ value: one, label: t(`cases.examinationIs.${one}`) }))}
          onChange={examination => set({ examination: examination ?? '' })}
        />
      )}
      {askable.needs_on_site && (
        <TextInput
          id="request-on_site"
          label={t('cases.field.on_site_physician')}
          withAsterisk
          value={request.on_site_physician}
          maxLength={64}
          error={wrong('on_site')}
          onChange={event => set({ on_site_physician: event.currentTarget.value })}
        />
      )}
      {rule && (
        <Alert id="request-rule" color="red" variant="light" role="alert" icon={<IconAlertTriangle size={18} />}>
          {t(`cases.rule.${rule}`)}
        </Alert>
      )}
    </>
  );
}

interface AddresseeProps {
  name: string;
  known: Askable['sites'][number] | undefined;
  whom: string;
  onChange: (whom: string) => void;
}

/** A person or team of a site: its teams, and those that its rosters name, are offered; another name goes unchecked. */
export function Addressee({ name, known, whom, onChange }: AddresseeProps) {
  const { t } = useWords();
  const people = known?.people ?? [];
  const teams = known?.teams ?? [];
  const isTeam = teams.some(team => team.toLowerCase() === whom.trim().toLowerCase());
  const found = people.find(one => one.person === whom.trim());
  const bar = known?.bar ?? null;
  const description = whom.trim() === '' ? undefined : isTeam ? t('cases.whomTeam') : found ? `${t('cases.whomKnown')}${found.on_duty ? ` (${t('cases.onDuty')})` : ''}` : t('cases.whomUnchecked');
  return (
    <Autocomplete
      mt="sm"
      label={t('cases.whomAt', { site: name })}
      placeholder={t('cases.whomDuty')}
      description={description}
      error={bar ? t(`cases.bar.${bar}`) : undefined}
      data={[...new Set([...teams, ...people.map(one => one.person)])]}
      renderOption={({ option }) => {
        const one = people.find(person => person.person === option.value);
        if (teams.includes(option.value)) return `${option.value} · ${t('cases.team')}`;
        return `${option.value}${one?.on_duty ? ` · ${t('cases.onDuty')}` : ''}`;
      }}
      value={whom}
      maxLength={64}
      onChange={onChange}
    />
  );
}

/** By when an answer is wanted; as the priority says where nothing is. */
export function AnswerBy({ value, usual, onChange }: { value: string | null; usual: string | null; onChange: (value: string | null) => void }) {
  const { t, locale } = useWords();
  return (
    <TextInput
      mt="sm"
      type="datetime-local"
      label={t('cases.answerBy')}
      description={usual ? t('cases.answerByHelp', { at: moment(usual, locale) }) : undefined}
      value={value ?? ''}
      onChange={event => onChange(event.currentTarget.value || null)}
    />
  );
}
