// Writing a rule, and trying it out on what is stored before it is kept.

import { Button, Fieldset, Group, MultiSelect, NumberInput, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { post } from '../../api/client';
import { aesQuery, keys, labelsQuery } from '../../api/queries';
import type { Rule, RuleActions, RuleConditions, RuleTried } from '../../api/types';
import { Problem, Section } from '../../components/parts';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { bodyOf, doesSomething, LISTS, NEW_RULE } from './rule';

const PATTERNS_MAX = 32;
const CHARS_MAX = 64;

function numberOr<Empty>(value: string | number, empty: Empty): number | Empty {
  return value === '' ? empty : Number(value);
}

export function RuleForm({ rule, onDone }: { rule: Rule | null; onDone: () => void }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const aes = (useQuery(aesQuery).data ?? []).filter(ae => ae.destination);
  const used = useQuery(labelsQuery).data ?? [];
  const [form, setForm] = useState(() => bodyOf(rule ?? NEW_RULE));
  const means = (part: Partial<RuleConditions>) => setForm(old => ({ ...old, conditions: { ...old.conditions, ...part } }));
  const does = (part: Partial<RuleActions>) => setForm(old => ({ ...old, actions: { ...old.actions, ...part } }));
  const tryOut = useMutation({ mutationFn: () => post<RuleTried>('/rules/test', { rule: { ...form, name: form.name || '-' } }) });
  const save = useMutation({
    mutationFn: () => post<Rule>(rule ? `/rules/${rule.id}` : '/rules', { ...form, name: form.name.trim() }),
    onSuccess: () => {
      setForm(NEW_RULE);
      tryOut.reset();
      void client.invalidateQueries({ queryKey: keys.rules });
      onDone();
    },
  });
  // Who chose a rule to change is brought to it.
  const nameRef = useRef<HTMLInputElement>(null);
  const isChange = rule !== null;
  useEffect(() => {
    if (isChange) nameRef.current?.focus();
  }, [isChange]);
  const { conditions, actions } = form;
  const titles = [...new Set([...aes.map(ae => ae.title), ...actions.routes])];
  return (
    <Section title={rule ? t('archive.rules.change', { number: rule.id }) : t('archive.rules.new')}>
      <form
        onSubmit={event => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput
            ref={nameRef}
            label={t('archive.rules.name')}
            maxLength={CHARS_MAX}
            value={form.name}
            onChange={event => {
              const name = event.currentTarget.value;
              setForm(old => ({ ...old, name }));
            }}
          />
          <Fieldset legend={t('archive.rules.conditions')}>
            <Text size="xs" c="dimmed" mb="sm">
              {t('archive.rules.conditionsHelp')}
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              {LISTS.map(key => (
                <TagsInput
                  key={key}
                  label={t(`archive.rules.condition.${key}`)}
                  placeholder={conditions[key].length ? '' : t('archive.rules.typed')}
                  maxTags={PATTERNS_MAX}
                  maxLength={CHARS_MAX}
                  acceptValueOnBlur
                  value={conditions[key]}
                  onChange={value => means({ [key]: value })}
                />
              ))}
              <TextInput
                label={t('archive.rules.condition.hours')}
                placeholder="19:00-06:00"
                value={conditions.hours ?? ''}
                onChange={event => means({ hours: event.currentTarget.value.trim() || null })}
              />
              <NumberInput
                label={t('archive.rules.condition.age_from')}
                min={0}
                max={150}
                value={conditions.age_from ?? ''}
                onChange={value => means({ age_from: numberOr(value, null) })}
              />
              <NumberInput
                label={t('archive.rules.condition.age_to')}
                min={0}
                max={150}
                value={conditions.age_to ?? ''}
                onChange={value => means({ age_to: numberOr(value, null) })}
              />
            </SimpleGrid>
          </Fieldset>
          <Fieldset legend={t('archive.rules.actions')}>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <MultiSelect
                label={t('archive.rules.action.routes')}
                description={aes.length ? t('archive.rules.routesHelp') : t('archive.rules.noAes')}
                data={titles}
                value={actions.routes}
                onChange={value => does({ routes: value })}
                searchable
                hidePickedOptions
              />
              <TagsInput
                label={t('archive.rules.action.labels')}
                description={t('archive.rules.typed')}
                data={used.map(one => one.label)}
                maxTags={PATTERNS_MAX}
                maxLength={CHARS_MAX}
                acceptValueOnBlur
                value={actions.labels}
                onChange={value => does({ labels: value })}
              />
              <NumberInput
                label={t('archive.rules.action.priors')}
                min={0}
                max={20}
                value={actions.priors}
                onChange={value => does({ priors: numberOr(value, 0) })}
              />
              <NumberInput
                label={t('archive.rules.action.cold_after_h')}
                description={t('archive.rules.coldHelp')}
                min={0}
                max={87_600}
                value={actions.cold_after_h ?? ''}
                onChange={value => does({ cold_after_h: numberOr(value, null) })}
              />
            </SimpleGrid>
          </Fieldset>
          <div role="status">
            {tryOut.data && (
              <>
                <Text size="sm" fw={600}>
                  {t('archive.rules.tried', { matched: tryOut.data.matched, of: tryOut.data.looked_at })}
                </Text>
                {tryOut.data.studies.slice(0, 5).map(study => (
                  <Text key={study.study} size="xs" c="dimmed">
                    {[patientName(study.patient_name), dicomDate(study.date, locale), study.modalities.join('+'), study.description]
                      .filter(Boolean)
                      .join(' · ')}
                  </Text>
                ))}
              </>
            )}
          </div>
          <Problem error={save.error ?? tryOut.error} />
          <Group justify="flex-end" gap="xs">
            {rule && (
              <Button variant="subtle" onClick={onDone}>
                {t('common.cancel')}
              </Button>
            )}
            <Button variant="default" loading={tryOut.isPending} disabled={!doesSomething(form)} onClick={() => tryOut.mutate()}>
              {t('archive.rules.try')}
            </Button>
            <Button type="submit" loading={save.isPending} disabled={!form.name.trim() || !doesSomething(form)}>
              {rule ? t('archive.rules.save') : t('archive.rules.add')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
