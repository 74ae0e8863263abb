// Drafting an agreement from a preset. The sentences both sites sign are the node's; this only fills its form.

import { Alert, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, Radio, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Agreement, AgreementOffer, Preset } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import type { Hours } from '../../lib/hours';
import { ownTimeZone, spansOf, timeZones, USUAL_HOURS } from '../../lib/hours';

const PRESETS: readonly Preset[] = ['all', 'on-call', 'case-only'];
const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'MG', 'XA', 'RF', 'NM', 'PT'];

interface OfferDialogProps {
  site: string;
  name: string;
  replaces?: Agreement | undefined;
  onClose: () => void;
}

interface Draft {
  preset: Preset;
  direction: AgreementOffer['direction'];
  hours: Hours;
  zone: string;
  modalities: string[];
  since: number | string;
  cache: number | string;
}

function firstDraft(replaces: Agreement | undefined): Draft {
  const clause = replaces?.clauses[0];
  const preset = PRESETS.find(known => known === replaces?.preset) ?? 'on-call';
  return {
    preset,
    direction: 'both',
    hours: USUAL_HOURS,
    zone: clause?.hours?.time_zone ?? ownTimeZone(),
    modalities: clause?.modalities ?? [],
    since: clause?.since_days ?? '',
    cache: clause?.cache_days ?? 7,
  };
}

export function offerOf(draft: Draft, site: string, replaces: string | undefined): AgreementOffer {
  const { preset } = draft;
  return {
    site,
    preset,
    direction: draft.direction,
    ...(preset === 'on-call' ? { time_zone: draft.zone, spans: spansOf(draft.hours) } : {}),
    ...(preset !== 'case-only' && draft.modalities.length > 0 ? { modalities: draft.modalities } : {}),
    ...(preset !== 'case-only' && draft.since !== '' ? { since_days: Number(draft.since) } : {}),
    ...(draft.cache === '' ? {} : { cache_days: Number(draft.cache) }),
    ...(replaces ? { replaces } : {}),
  };
}

export function OfferDialog({ site, name, replaces, onClose }: OfferDialogProps) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [draft, setDraft] = useState(() => firstDraft(replaces));
  const set = (change: Partial<Draft>) => setDraft(known => ({ ...known, ...change }));
  const setHours = (change: Partial<Hours>) => set({ hours: { ...draft.hours, ...change } });
  const offer = useMutation({
    mutationFn: () => post<Agreement>('/agreements', offerOf(draft, site, replaces?.id)),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.agreements });
      notifications.show({ color: 'teal', message: t('offer.done', { site: name }) });
      onClose();
    },
  });
  const onCall = draft.preset === 'on-call';
  const noHours = onCall && spansOf(draft.hours).length === 0;
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
      >
        <Stack gap="lg">
          <Radio.Group label={t('offer.preset')} value={draft.preset} onChange={value => set({ preset: value })}>
            <Stack gap="xs" mt={6}>
              {PRESETS.map(preset => (
                <Radio key={preset} value={preset} label={t(`agreement.preset.${preset}`)} description={t(`agreement.presetHelp.${preset}`)} />
              ))}
            </Stack>
          </Radio.Group>
          {onCall && (
            <Stack gap="xs">
              <Text size="sm" fw={500}>
                {t('offer.hours')}
              </Text>
              <Group gap="lg">
                <Checkbox label={t('offer.nights')} checked={draft.hours.nights} onChange={event => setHours({ nights: event.currentTarget.checked })} />
                <Checkbox label={t('offer.weekend')} checked={draft.hours.weekend} onChange={event => setHours({ weekend: event.currentTarget.checked })} />
              </Group>
              <Group gap="sm" align="flex-end">
                <TextInput type="time" label={t('offer.begin')} value={draft.hours.begin} disabled={!draft.hours.nights} onChange={event => setHours({ begin: event.currentTarget.value })} />
                <TextInput type="time" label={t('offer.finish')} value={draft.hours.finish} disabled={!draft.hours.nights} onChange={event => setHours({ finish: event.currentTarget.value })} />
                <Select label={t('offer.zone')} searchable allowDeselect={false} w={230} limit={60} data={timeZones()} value={draft.zone} onChange={value => set({ zone: value ?? draft.zone })} />
              </Group>
              {noHours && (
                <Text size="sm" c="yellow.4" role="alert">
                  {t('offer.noHours')}
                </Text>
              )}
            </Stack>
          )}
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
          <Group align="flex-start" grow>
            {draft.preset !== 'case-only' && (
              <>
                <MultiSelect label={t('offer.modalities')} placeholder={draft.modalities.length ? '' : t('offer.modalitiesHelp')} data={MODALITIES} value={draft.modalities} onChange={modalities => set({ modalities })} />
                <NumberInput label={t('offer.since')} placeholder={t('offer.sinceHelp')} suffix={` ${t('common.days')}`} min={1} max={36500} value={draft.since} onChange={since => set({ since })} />
              </>
            )}
            <NumberInput label={t('offer.cache')} suffix={` ${t('common.days')}`} min={1} max={90} value={draft.cache} onChange={cache => set({ cache })} />
          </Group>
          <Alert color={draft.preset === 'case-only' ? 'gray' : 'yellow'} variant="light">
            {draft.preset === 'case-only' ? t('offer.noFields') : t('offer.fields')}
          </Alert>
          {offer.isError && (
            <Alert color="red" variant="light" role="alert">
              {say(offer.error)}
            </Alert>
          )}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
            <Button type="submit" loading={offer.isPending} disabled={noHours}>
              {t('offer.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
