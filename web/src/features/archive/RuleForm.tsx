// Writing a rule, and trying it out on what is stored, or on what peers tell of, before it is kept.

import { Button, Checkbox, Fieldset, Group, MultiSelect, NumberInput, Radio, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { post } from '../../api/client';
import { aesQuery, keys, labelsQuery, peersQuery } from '../../api/queries';
import type { Rule, RuleActions, RuleConditions, RuleFetch, RuleTried } from '../../api/types';
import { Problem, Section } from '../../components/parts';
import { dicomDate, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { bodyOf, CARD_LISTS, doesSomething, LISTS, NEW_RULE, turned } from './rule';

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
  const peers = (useQuery(peersQuery).data ?? []).map(peer => ({ value: peer.site, label: peer.name }));
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
  const { cards, conditions, actions } = form;
  const fetch = (part: Partial<RuleFetch>) => does({ fetch: { hours: null, mb_s: null, ...actions.fetch, ...part } });
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
          <Radio.Group
            label={t('archive.rules.on')}
            value={cards ? 'peers' : 'arrival'}
            onChange={value => setForm(old => turned(old, value === 'peers' ? { peers: [], offered: true } : null))}
          >
            <Group mt={4}>
              <Radio value="arrival" label={t('archive.rules.onArrival')} />
              <Radio value="peers" label={t('archive.rules.onPeers')} />
            </Group>
          </Radio.Group>
          <Fieldset legend={t('archive.rules.conditions')}>
            {cards && (
              <Stack gap="sm" mb="sm">
                <MultiSelect
                  label={t('archive.rules.peers')}
                  description={t('archive.rules.peersHelp')}
                  data={peers}
                  value={cards.peers}
                  onChange={value => setForm(old => ({ ...old, cards: { ...cards, peers: value } }))}
                  searchable
                  hidePickedOptions
                />
                <Checkbox
                  label={t('archive.rules.offeredOnly')}
                  checked={cards.offered}
                  onChange={event => {
                    const offered = event.currentTarget.checked;
                    setForm(old => ({ ...old, cards: { ...cards, offered } }));
                  }}
                />
              </Stack>
            )}
            <Text size="xs" c="dimmed" mb="sm">
              {t(cards ? 'archive.rules.cardsHelp' : 'archive.rules.conditionsHelp')}
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              {(cards ? CARD_LISTS : LISTS).map(key => (
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
              {!cards && (
                <>
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
                  <MultiSelect
                    label={t('archive.rules.action.offers')}
                    description={t('archive.rules.offersHelp')}
                    data={peers}
                    value={actions.offers}
                    onChange={value => does({ offers: value })}
                    searchable
                    hidePickedOptions
                  />
                </>
              )}
              <NumberInput
                label={t('archive.rules.action.priors')}
                min={0}
                max={20}
                value={actions.priors}
                onChange={value => does({ priors: numberOr(value, 0) })}
              />
              {cards ? (
                <>
                  <TextInput
                    label={t('archive.rules.fetchHours')}
                    placeholder="19:00-06:00"
                    value={actions.fetch?.hours ?? ''}
                    onChange={event => fetch({ hours: event.currentTarget.value.trim() || null })}
                  />
                  <NumberInput
                    label={t('archive.rules.fetchRate')}
                    description={t('archive.rules.fetchHelp')}
                    min={1}
                    max={10_000}
                    value={actions.fetch?.mb_s ?? ''}
                    onChange={value => fetch({ mb_s: numberOr(value, null) })}
                  />
                </>
              ) : (
                  <NumberInput
                    label={t('archive.rules.action.cold_after_h')}
                    description={t('archive.rules.coldHelp')}
                    min={0}
                    max={87_600}
                    value={actions.cold_after_h ?? ''}
                    onChange={value => does({ cold_after_h: numberOr(value, null) })}
                  />
              )}
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
