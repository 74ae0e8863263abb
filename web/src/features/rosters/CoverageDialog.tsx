// Drafting a coverage: who reads for whom, what, when. It is signed here, and then by each of its sites.

import { Button, Checkbox, Group, Modal, MultiSelect, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, peersQuery, siteQuery } from '../../api/queries';
import type { Coverage, Holidays, NewCoverage, Tier } from '../../api/types';
import { Problem } from '../../components/parts';
import { ownTimeZone, spansOf, timeZones, USUAL_HOURS } from '../../lib/hours';
import { useWords } from '../../lib/language';

const TIERS: readonly Tier[] = ['own', 'group', 'department', 'region', 'company'];
const HOLIDAYS: readonly Holidays[] = ['none', 'france', 'alsace-moselle'];
const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'NM', 'PT'];
const HERE = 'here';

export function CoverageDialog({ onClose }: { onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const site = useQuery(siteQuery).data;
  const peers = (useQuery(peersQuery).data ?? []).filter(({ revoked }) => revoked === null);
  const [name, setName] = useState('');
  const [beneficiaries, setBeneficiaries] = useState<string[]>([]);
  const [readers, setReaders] = useState<string[]>([HERE]);
  const [tiers, setTiers] = useState<Record<string, Tier>>({});
  const [modalities, setModalities] = useState<string[]>([]);
  const [zone, setZone] = useState(ownTimeZone());
  const [hours, setHours] = useState(USUAL_HOURS);
  const [holidays, setHolidays] = useState<Holidays>('france');
  const [telephone, setTelephone] = useState('');
  const label = (value: string) => (value === HERE ? t('rosters.draft.here', { site: site?.name ?? '' }) : (peers.find(peer => peer.site === value)?.name ?? value));
  const sites = [HERE, ...peers.map(peer => peer.site)].map(value => ({ value, label: label(value) }));
  const offer = useMutation({
    mutationFn: () => {
      const body: NewCoverage = {
        name,
        beneficiaries,
        readers: readers.map(one => ({ site: one, tier: tiers[one] ?? 'group' })),
        modalities,
        time_zone: zone,
        spans: spansOf(hours),
        holidays,
        telephone,
      };
      return post<Coverage>('/coverages', body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.rosters });
      notifications.show({ closeButtonProps: { 'aria-label': t('common.close') }, color: 'teal', message: t('rosters.draft.done') });
      onClose();
    },
  });
  return (
    <Modal opened onClose={onClose} size="lg" title={t('rosters.draft.title')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          offer.mutate();
        }}
      >
        <Stack gap="md">
          <TextInput label={t('rosters.draft.name')} description={t('rosters.draft.nameHelp')} value={name} maxLength={64} required onChange={event => setName(event.currentTarget.value)} data-autofocus />
          <MultiSelect label={t('rosters.draft.for')} data={sites} value={beneficiaries} onChange={setBeneficiaries} required />
          <MultiSelect label={t('rosters.draft.by')} data={sites} value={readers} onChange={setReaders} required />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            {readers.map(one => (
              <Select
                key={one}
                label={t('rosters.draft.byTier', { site: label(one) })}
                data={TIERS.map(value => ({ value, label: t(`rosters.tier.${value}`) }))}
                value={tiers[one] ?? 'group'}
                onChange={value => value && setTiers(known => ({ ...known, [one]: value }))}
                allowDeselect={false}
              />
            ))}
          </SimpleGrid>
          <MultiSelect label={t('rosters.draft.modalities')} placeholder={modalities.length === 0 ? t('rosters.draft.all') : ''} data={MODALITIES} value={modalities} onChange={setModalities} />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select label={t('rosters.draft.zone')} data={timeZones()} value={zone} onChange={value => value && setZone(value)} searchable allowDeselect={false} />
            <Select
              label={t('rosters.draft.holidays')}
              data={HOLIDAYS.map(value => ({ value, label: t(`rosters.holidays.${value}`) }))}
              value={holidays}
              onChange={value => value && setHolidays(value)}
              allowDeselect={false}
            />
          </SimpleGrid>
          <Group gap="md" align="center">
            <Checkbox label={t('rosters.draft.nights')} checked={hours.nights} onChange={event => setHours({ ...hours, nights: event.currentTarget.checked })} />
            <Group gap={6} wrap="nowrap">
              <TextInput type="time" aria-label={`${t('rosters.draft.nights')} ${t('rosters.draft.begin')}`} value={hours.begin} disabled={!hours.nights} onChange={event => setHours({ ...hours, begin: event.currentTarget.value })} />
              <span aria-hidden="true">–</span>
              <TextInput type="time" aria-label={`${t('rosters.draft.nights')} ${t('rosters.draft.finish')}`} value={hours.finish} disabled={!hours.nights} onChange={event => setHours({ ...hours, finish: event.currentTarget.value })} />
            </Group>
            <Checkbox label={t('rosters.draft.weekend')} checked={hours.weekend} onChange={event => setHours({ ...hours, weekend: event.currentTarget.checked })} />
          </Group>
          <Text size="xs" c="dimmed">
            {t('rosters.draft.always')}
          </Text>
          <TextInput type="tel" label={t('rosters.draft.telephone')} value={telephone} maxLength={40} onChange={event => setTelephone(event.currentTarget.value)} />
          <Problem error={offer.error} />
          <Group justify="flex-end">
            <Button type="submit" loading={offer.isPending} disabled={name.trim() === '' || beneficiaries.length === 0 || readers.length === 0}>
              {t('rosters.draft.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
