// The terms of an agreement beyond its preset. What the node finds wrong stands at its field.

import { Checkbox, Group, MultiSelect, NumberInput, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import type { Field, Purpose } from '../../api/types';
import { useWords } from '../../lib/language';
import type { Draft } from './draft';
import { FIELDS, LEVELS, MODALITIES, PURPOSES, REGIONS, toldBy } from './draft';

interface MoreTermsProps {
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  /** What is wrong with a term of the API. */
  wrong: (term: string) => string | null;
}

const GLASS_HOURS = 72;

export function MoreTerms({ draft, set, wrong }: MoreTermsProps) {
  const { t } = useWords();
  const lists = draft.preset !== 'case-only';
  return (
    <Stack gap="md">
      {lists && (
        <>
          <Group align="flex-start" grow>
            <TagsInput label={t('offer.regions')} placeholder={draft.regions.length ? '' : t('offer.regionsHelp')} data={REGIONS} value={draft.regions} error={wrong('regions')} onChange={list => set({ regions: upper(list) })} />
            <TagsInput label={t('offer.regionsNot')} data={REGIONS} value={draft.regionsNot} error={wrong('regions_excluded')} onChange={list => set({ regionsNot: upper(list) })} />
          </Group>
          <Checkbox label={t('offer.withCase')} description={t('offer.withCaseHelp')} checked={draft.withCase} onChange={event => set({ withCase: event.currentTarget.checked })} />
          <Checkbox label={t('offer.onDuty')} description={t('offer.onDutyHelp')} checked={draft.onDuty} onChange={event => set({ onDuty: event.currentTarget.checked })} />
          <MultiSelect label={t('offer.modalitiesNot')} data={MODALITIES} value={draft.modalitiesNot} error={wrong('modalities_excluded')} onChange={modalitiesNot => set({ modalitiesNot })} />
        </>
      )}
      <Checkbox label={t('offer.presence')} description={t('offer.presenceHelp')} checked={draft.presence} onChange={event => set({ presence: event.currentTarget.checked })} />
      <Group align="flex-start" grow>
        <Select
          label={t('offer.level')}
          allowDeselect={false}
          data={LEVELS.map(value => ({ value, label: t(`offer.levels.${value}`) }))}
          value={draft.level}
          onChange={value => set({ level: value ?? draft.level })}
        />
        <NumberInput label={t('offer.kbits')} placeholder={t('offer.kbitsHelp')} suffix=" kbit/s" min={64} value={draft.kbits} error={wrong('kbits_max')} onChange={kbits => set({ kbits })} />
      </Group>
      <Checkbox.Group label={t('offer.told')} value={[...toldBy(draft)]} onChange={list => set({ told: FIELDS.filter(field => list.includes(field)) })}>
        <Group gap="md" mt={6}>
          {FIELDS.map((field: Field) => (
            <Checkbox key={field} value={field} label={t(`offer.field.${field}`)} />
          ))}
        </Group>
      </Checkbox.Group>
      <Group align="flex-start" grow>
        <MultiSelect
          label={t('offer.purposes')}
          data={PURPOSES.map(value => ({ value, label: t(`offer.purpose.${value}`) }))}
          value={draft.purposes}
          onChange={list => set({ purposes: PURPOSES.filter((purpose: Purpose) => list.includes(purpose)) })}
        />
        <TextInput label={t('offer.legal')} value={draft.legal} error={wrong('legal_reference')} maxLength={200} onChange={event => set({ legal: event.currentTarget.value })} />
      </Group>
      <Group align="flex-start" grow>
        <TextInput label={t('offer.ourId')} value={draft.ourId} error={wrong('our_national_id')} maxLength={200} onChange={event => set({ ourId: event.currentTarget.value })} />
        <TextInput label={t('offer.ourContact')} value={draft.ourContact} error={wrong('our_privacy_contact')} maxLength={200} onChange={event => set({ ourContact: event.currentTarget.value })} />
      </Group>
      <Group align="flex-start" grow>
        <TextInput label={t('offer.theirId')} value={draft.theirId} error={wrong('their_national_id')} maxLength={200} onChange={event => set({ theirId: event.currentTarget.value })} />
        <TextInput label={t('offer.theirContact')} value={draft.theirContact} error={wrong('their_privacy_contact')} maxLength={200} onChange={event => set({ theirContact: event.currentTarget.value })} />
      </Group>
      <Group align="flex-start" grow>
        <TextInput type="datetime-local" label={t('offer.notBefore')} value={draft.notBefore} error={wrong('not_before')} onChange={event => set({ notBefore: event.currentTarget.value })} />
        <TextInput type="datetime-local" label={t('offer.notAfter')} value={draft.notAfter} error={wrong('not_after')} onChange={event => set({ notAfter: event.currentTarget.value })} />
      </Group>
      <Checkbox label={t('offer.onward')} checked={draft.onward} onChange={event => set({ onward: event.currentTarget.checked })} />
      <Group gap="md" align="center">
        <Checkbox label={t('offer.glass')} checked={draft.glass !== null} onChange={event => set({ glass: event.currentTarget.checked ? GLASS_HOURS : null })} />
        {draft.glass !== null && (
          <NumberInput label={t('offer.review')} w={220} suffix={` ${t('agreement.hours')}`} min={1} max={720} value={draft.glass} error={wrong('break_glass_hours')} onChange={value => set({ glass: Number(value) || GLASS_HOURS })} />
        )}
      </Group>
    </Stack>
  );
}

function upper(list: string[]): string[] {
  return [...new Set(list.map(code => code.trim().toUpperCase()).filter(code => code !== ''))];
}
