// Drafting an agreement from a preset. The sentences both sites sign are the node's; this only fills its form.

import { Alert, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Radio, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { agreementsQuery, keys } from '../../api/queries';
import type { Agreement, AgreementPreview } from '../../api/types';
import { Failure } from '../../components/State';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import type { Hours } from '../../lib/hours';
import { timeZones, USUAL_HOURS } from '../../lib/hours';
import type { Draft, Side } from './draft';
import { apart, changed, firstDraft, MODALITIES, offerOf, PRESETS, seenFrom, spansIn } from './draft';
import { MoreTerms } from './MoreTerms';
import { Preview } from './Preview';

/** A pause in typing after which the draft is read anew. */
const PAUSE_MS = 250;

interface OfferDialogProps {
  site: string;
  name: string;
  replaces?: Agreement | undefined;
  onClose: () => void;
}

export function OfferDialog({ site, name, replaces, onClose }: OfferDialogProps) {
  const { t, language } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [whole, setDraft] = useState(() => firstDraft(replaces, client.getQueryData(agreementsQuery.queryKey) ?? []));
  const [more, setMore] = useState(replaces !== undefined);
  const [reading, setReading] = useState(language);
  const [chosen, setSide] = useState<Side>('ours');
  const two = whole.direction === 'both' && whole.theirs !== null;
  const side = two ? chosen : 'ours';
  const draft = seenFrom(whole, side);
  const set = (change: Partial<Draft>) => setDraft(known => changed(known, side, change));
  const setHours = (change: Partial<Hours>) => set({ hours: { ...hours, ...change } });
  const hours = draft.hours ?? USUAL_HOURS;
  const offer = useMutation({
    mutationFn: () => post<Agreement>('/agreements', offerOf(whole, site, replaces)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.agreements });
      notifications.show({ color: 'teal', message: t('offer.done', { site: name }) });
      onClose();
    },
  });
  const onCall = draft.preset === 'on-call';
  const noHours = onCall && spansIn(draft, side, replaces).length === 0;
  const [asked] = useDebouncedValue(offerOf(whole, site, replaces), PAUSE_MS);
  const preview = useQuery({
    queryKey: ['agreement-preview', asked],
    queryFn: () => post<AgreementPreview>('/agreements/preview', asked),
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const wrong = (term: string) => preview.data?.wrong.find(one => one.term === term)?.[language] ?? null;
  const unsound = (preview.data?.wrong.length ?? 0) > 0;
  return (
    <Modal
      opened
      onClose={onClose}
      size="xl"
      title={replaces ? t('offer.change', { site: name }) : t('offer.title', { site: name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={event => {
          event.preventDefault();
          offer.mutate();
        }}
        // Enter in a field adds a word to it; it signs nothing.
        onKeyDown={event => {
          if (event.key === 'Enter' && event.target instanceof HTMLInputElement) event.preventDefault();
        }}
      >
        <Stack gap="lg">
          <Radio.Group label={t('offer.preset')} value={draft.preset} onChange={value => set({ preset: value })}>
            <Stack gap="xs" mt={6}>
              {PRESETS.map(preset => (
                <Radio key={preset} value={preset} label={t(`agreement.preset.${preset}`)} description={t(`agreement.presetHelp.${preset}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <div>
            <Text size="sm" fw={500} mb={4} id="offer-direction">
              {t('offer.direction')}
            </Text>
            <SegmentedControl
              aria-labelledby="offer-direction"
              value={draft.direction}
              onChange={value => set({ direction: value })}
              data={[
                { value: 'both', label: t('offer.both') },
                { value: 'theirs', label: t('offer.theirs') },
                { value: 'ours', label: t('offer.ours') },
              ]}
            />
          </div>
          {whole.direction === 'both' && (
            <Stack gap="xs">
              <Checkbox label={t('offer.apart')} description={t('offer.apartHelp')} checked={whole.theirs !== null} onChange={event => setDraft(apart(whole, event.currentTarget.checked))} />
              {two && (
                <SegmentedControl
                  aria-label={t('offer.side')}
                  value={side}
                  onChange={setSide}
                  data={[
                    { value: 'ours', label: t('offer.sideOurs', { site: name }) },
                    { value: 'theirs', label: t('offer.sideTheirs', { site: name }) },
                  ]}
                />
              )}
            </Stack>
          )}
          {onCall && (
            <Stack gap="xs">
              <Text size="sm" fw={500}>
                {t('offer.hours')}
              </Text>
              <Group gap="lg">
                <Checkbox label={t('offer.nights')} checked={hours.nights} onChange={event => setHours({ nights: event.currentTarget.checked })} />
                <Checkbox label={t('offer.weekend')} checked={hours.weekend} onChange={event => setHours({ weekend: event.currentTarget.checked })} />
              </Group>
              <Group gap="sm" align="flex-end">
                <TextInput type="time" label={t('offer.begin')} value={hours.begin} disabled={!hours.nights} onChange={event => setHours({ begin: event.currentTarget.value })} />
                <TextInput type="time" label={t('offer.finish')} value={hours.finish} disabled={!hours.nights} onChange={event => setHours({ finish: event.currentTarget.value })} />
                <Select label={t('offer.zone')} searchable allowDeselect={false} w={230} limit={60} data={timeZones()} value={draft.zone} onChange={value => set({ zone: value ?? draft.zone })} />
              </Group>
              {noHours && (
                <Text size="sm" c="yellow.4" role="alert">
                  {t('offer.noHours')}
                </Text>
              )}
            </Stack>
          )}
          <Group align="flex-start" grow>
            {draft.preset !== 'case-only' && (
              <>
                <MultiSelect label={t('offer.modalities')} placeholder={draft.modalities.length ? '' : t('offer.modalitiesHelp')} data={MODALITIES} value={draft.modalities} onChange={modalities => set({ modalities })} />
                <NumberInput label={t('offer.since')} placeholder={t('offer.sinceHelp')} suffix={` ${t('common.days')}`} min={1} max={36500} value={draft.since} error={wrong('since_days')} onChange={since => set({ since })} />
              </>
            )}
            <NumberInput label={t('offer.cache')} suffix={` ${t('common.days')}`} min={1} max={3650} value={draft.cache} error={wrong('cache_days')} onChange={cache => set({ cache })} />
          </Group>
          <div>
            <Button size="compact-sm" variant="default" type="button" aria-expanded={more} onClick={() => setMore(!more)}>
              {t('offer.more')}
            </Button>
            {more && (
              <div style={{ paddingTop: 12 }}>
                <MoreTerms draft={draft} set={set} wrong={wrong} />
              </div>
            )}
          </div>
          {preview.isError && !preview.data && <Failure error={preview.error} retry={() => void preview.refetch()} />}
          {preview.data && <Preview preview={preview.data} language={reading} onLanguage={setReading} />}
          {offer.isError && (
            <Alert color="red" variant="light" role="alert">
              {say(offer.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={offer.isPending} disabled={noHours || unsound}>
              {t('offer.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
