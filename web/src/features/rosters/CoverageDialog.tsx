// Drafting a coverage: who reads for whom, what, when. It is signed here, and then by each of its sites.

import { Button, Checkbox, Group, Modal, MultiSelect, Paper, Pill, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, peersQuery, siteQuery } from '../../api/queries';
import type { Coverage, Holidays, NewCoverage, Tier } from '../../api/types';
import { Problem } from '../../components/parts';
import { dicomDate } from '../../lib/format';
import { ownTimeZone, spansOf, timeZones, USUAL_HOURS } from '../../lib/hours';
import { useWords } from '../../lib/language';
import { CoverageWords, PRIORITIES } from './CoverageWords';

const TIERS: readonly Tier[] = ['own', 'group', 'department', 'region', 'company'];
const HOLIDAYS: readonly Holidays[] = ['none', 'france', 'alsace-moselle'];
const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'NM', 'PT'];
const HERE = 'here';
/** What `default_targets` of the node says, minutes. */
const TARGETS = [
  { acknowledge: '2', report: '15' },
  { acknowledge: '5', report: '30' },
  { acknowledge: '30', report: '240' },
  { acknowledge: '1440', report: '1440' },
];
const WEEK_MIN = 7 * 24 * 60;

/** Whole minutes, up to a week; `null`: that is no delay. */
function minutes(text: string): number | null {
  const value = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  return value >= 1 && value <= WEEK_MIN ? value : null;
}

export function CoverageDialog({ onClose }: { onClose: () => void }) {
  const { t, locale } = useWords();
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
  const [extraDays, setExtraDays] = useState<string[]>([]);
  const [targets, setTargets] = useState(TARGETS);
  const [telephone, setTelephone] = useState('');
  const delays = targets.map(({ acknowledge, report }) => ({ acknowledge: minutes(acknowledge), report: minutes(report) }));
  const isWrong = delays.some(({ acknowledge, report }) => acknowledge === null || report === null);
  const terms = {
    modalities,
    time_zone: zone,
    spans: spansOf(hours),
    holidays,
    extra_days: extraDays,
    targets: delays.map(({ acknowledge, report }) => ({ acknowledge: acknowledge ?? 0, report: report ?? 0 })),
    telephone: telephone.trim(),
  };
  const label = (value: string) => (value === HERE ? t('rosters.draft.here', { site: site?.name ?? '' }) : (peers.find(peer => peer.site === value)?.name ?? value));
  const sites = [HERE, ...peers.map(peer => peer.site)].map(value => ({ value, label: label(value) }));
  const offer = useMutation({
    mutationFn: () => {
      const body: NewCoverage = {
        name,
        beneficiaries,
        readers: readers.map(one => ({ site: one, tier: tiers[one] ?? 'group' })),
        ...terms,
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
          <div>
            <TextInput
              type="date"
              label={t('rosters.draft.extra')}
              description={t('rosters.draft.extraHelp')}
              value=""
              onChange={event => {
                const day = event.currentTarget.value;
                if (/^\d{4}-\d{2}-\d{2}$/.test(day)) setExtraDays(known => [...new Set([...known, day])].sort());
              }}
            />
            <Group gap={6} mt={6}>
              {extraDays.map(day => (
                <Pill
                  key={day}
                  withRemoveButton
                  removeButtonProps={{ 'aria-label': t('rosters.draft.extraLess', { day: dicomDate(day, locale) ?? day }), 'aria-hidden': false, tabIndex: 0 }}
                  onRemove={() => setExtraDays(known => known.filter(one => one !== day))}
                >
                  {dicomDate(day, locale)}
                </Pill>
              ))}
            </Group>
          </div>
          <Table verticalSpacing={4} withRowBorders={false} aria-label={t('rosters.draft.targets')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('rosters.draft.minutes')}</Table.Th>
                {PRIORITIES.map(one => (
                  <Table.Th key={one}>{one}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {(['acknowledge', 'report'] as const).map(kind => (
                <Table.Tr key={kind}>
                  <Table.Td>{t(`rosters.draft.${kind}`)}</Table.Td>
                  {PRIORITIES.map((priority, index) => (
                    <Table.Td key={priority}>
                      <TextInput
                        size="xs"
                        inputMode="numeric"
                        aria-label={`${t(`rosters.draft.${kind}`)}, ${priority}`}
                        value={targets[index]?.[kind] ?? ''}
                        error={delays[index]?.[kind] === null}
                        maxLength={5}
                        onChange={event => {
                          const typed = event.currentTarget.value;
                          setTargets(known => known.map((one, at) => (at === index ? { ...one, [kind]: typed } : one)));
                        }}
                      />
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <TextInput type="tel" label={t('rosters.draft.telephone')} value={telephone} maxLength={40} onChange={event => setTelephone(event.currentTarget.value)} />
          {beneficiaries.length > 0 && readers.length > 0 && !isWrong && (
            <Paper withBorder p="sm" bg="var(--panel)" role="region" aria-label={t('rosters.words.title')}>
              <Text size="xs" c="dimmed" mb={4}>
                {t('rosters.words.title')}
              </Text>
              <CoverageWords terms={terms} readers={readers.map(label)} sites={beneficiaries.map(label)} />
            </Paper>
          )}
          <Problem error={offer.error} />
          <Group justify="flex-end">
            <Button type="submit" loading={offer.isPending} disabled={name.trim() === '' || beneficiaries.length === 0 || readers.length === 0 || isWrong}>
              {t('rosters.draft.submit')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
