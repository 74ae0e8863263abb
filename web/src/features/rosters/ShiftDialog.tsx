// A shift in words and fields: planned, changed, confirmed, taken away. All that dragging does can be done here.

import { Alert, Button, Checkbox, Group, Modal, MultiSelect, NumberInput, SegmentedControl, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { change, post } from '../../api/client';
import { keys, useSession } from '../../api/queries';
import type { NewShift, Presence, Roster, Shift } from '../../api/types';
import { Problem } from '../../components/parts';
import { useWords } from '../../lib/language';
import { atWall, clockOn, dateOn } from '../../lib/zone';
import type { Open } from './RostersPage';
import { mayChange, stands, useRosterWords } from './words';

/** Where a new shift is meant to be. */
export interface Planned {
  from: number;
  until: number;
}

const MODALITIES = ['CT', 'MR', 'CR', 'DX', 'US', 'XA', 'MG', 'NM', 'PT', 'RF'];

interface ShiftDialogProps {
  data: Roster;
  shift?: Shift;
  planned?: Planned;
  onClose: () => void;
  onOpen: (open: Open) => void;
}

interface Form {
  person: string;
  fromDate: string;
  fromClock: string;
  untilDate: string;
  untilClock: string;
  presence: Presence;
  rank: number;
  competences: string[];
  telephone: string;
  confirmed: boolean;
}

function formOf(shift: Shift | undefined, { from, until }: Planned, zone: string, person: string): Form {
  return {
    person: shift?.person ?? person,
    fromDate: dateOn(from, zone),
    fromClock: clockOn(from, zone),
    untilDate: dateOn(until, zone),
    untilClock: clockOn(until, zone),
    presence: shift?.presence ?? 'garde',
    rank: shift?.rank ?? 1,
    competences: shift?.competences ?? [],
    telephone: shift?.telephone ?? '',
    confirmed: shift ? shift.state !== 'planned' : false,
  };
}

export function ShiftDialog({ data, shift, planned, onClose, onOpen }: ShiftDialogProps) {
  const { t } = useWords();
  const session = useSession();
  const client = useQueryClient();
  const zone = data.time_zone;
  const words = useRosterWords(zone);
  const meant = shift ? { from: Date.parse(shift.start), until: Date.parse(shift.end) } : (planned ?? { from: Date.parse(data.now), until: Date.parse(data.now) });
  const self = session?.person.name ?? '';
  const [form, setForm] = useState(() => formOf(shift, meant, zone, self));
  const set = (some: Partial<Form>) => setForm(known => ({ ...known, ...some }));
  const done = async () => {
    await client.invalidateQueries({ queryKey: keys.rosters });
    onClose();
  };
  const may = !shift || (mayChange(shift, data.plans) && stands(shift));
  const fixed = !may || Boolean(shift?.taken);
  /** Of two equal hours that which was meant, while its clock is not touched. */
  const instant = (date: string, clock: string, was: number) => (date === dateOn(was, zone) && clock === clockOn(was, zone) ? was : atWall(date, clock, zone));
  const from = instant(form.fromDate, form.fromClock, meant.from);
  const until = instant(form.untilDate, form.untilClock, meant.until);
  const sound = form.person !== '' && from < until;
  const save = useMutation({
    mutationFn: () => {
      const body: NewShift = {
        person: form.person,
        start: new Date(from).toISOString(),
        end: new Date(until).toISOString(),
        coverage: data.coverage?.id ?? null,
        presence: form.presence,
        rank: form.rank,
        competences: form.competences,
        telephone: form.telephone,
        confirmed: form.person === self || form.confirmed,
      };
      return shift ? change<Shift>(`/shifts/${shift.id}`, body) : post<Shift>('/shifts', body);
    },
    onSuccess: done,
  });
  const step = useMutation({ mutationFn: (word: 'confirm' | 'end') => post<Shift>(`/shifts/${shift?.id ?? ''}/${word}`), onSuccess: done });
  const people = data.plans ? data.people : [self];
  const runs = shift?.counts ?? false;
  return (
    <Modal opened onClose={onClose} size="lg" title={shift ? t('shift.title') : t('shift.new')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={event => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <Stack gap="md">
          {shift && <Facts shift={shift} data={data} />}
          <Select
            label={t('shift.person')}
            data={[...new Set([...people, form.person])].filter(Boolean)}
            value={form.person}
            onChange={value => set({ person: value ?? '' })}
            allowDeselect={false}
            searchable
            disabled={fixed || !data.plans}
            data-autofocus
          />
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Group gap="xs" wrap="nowrap" align="flex-end">
              <TextInput type="date" label={t('shift.start')} aria-label={`${t('shift.start')}: ${t('shift.date')}`} value={form.fromDate} disabled={fixed} onChange={event => set({ fromDate: event.currentTarget.value })} style={{ flex: 1 }} />
              <TextInput type="time" aria-label={`${t('shift.start')}: ${t('shift.time')}`} value={form.fromClock} disabled={fixed} onChange={event => set({ fromClock: event.currentTarget.value })} />
            </Group>
            <Group gap="xs" wrap="nowrap" align="flex-end">
              <TextInput type="date" label={t('shift.end')} aria-label={`${t('shift.end')}: ${t('shift.date')}`} value={form.untilDate} disabled={fixed} onChange={event => set({ untilDate: event.currentTarget.value })} style={{ flex: 1 }} />
              <TextInput type="time" aria-label={`${t('shift.end')}: ${t('shift.time')}`} value={form.untilClock} disabled={fixed} onChange={event => set({ untilClock: event.currentTarget.value })} />
            </Group>
          </SimpleGrid>
          <div>
            <Text size="sm" fw={500} mb={4} id="shift-presence">
              {t('shift.presence')}
            </Text>
            <SegmentedControl
              aria-labelledby="shift-presence"
              value={form.presence}
              disabled={fixed}
              onChange={presence => set({ presence })}
              data={[
                { value: 'garde', label: t('shift.garde') },
                { value: 'astreinte', label: t('shift.astreinte') },
              ]}
            />
          </div>
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <NumberInput label={t('shift.rank')} value={form.rank} min={1} max={9} disabled={fixed} onChange={value => set({ rank: Number(value) || 1 })} />
            <TextInput type="tel" label={t('shift.telephone')} value={form.telephone} maxLength={40} disabled={fixed} onChange={event => set({ telephone: event.currentTarget.value })} />
          </SimpleGrid>
          <MultiSelect
            label={t('shift.competences')}
            placeholder={form.competences.length === 0 ? t('rosters.draft.all') : ''}
            data={data.coverage && data.coverage.modalities.length > 0 ? data.coverage.modalities : MODALITIES}
            value={form.competences}
            disabled={fixed}
            onChange={competences => set({ competences })}
          />
          {!fixed && form.person !== self && (
            <Checkbox label={t('shift.said')} description={t('shift.saidHelp')} checked={form.confirmed} onChange={event => set({ confirmed: event.currentTarget.checked })} />
          )}
          <Problem error={save.error ?? step.error} />
          {may && (
            <Group justify="space-between" gap="xs">
              <Group gap="xs">
                {shift && (
                  <Button variant="default" color="red" loading={step.isPending} onClick={() => step.mutate('end')}>
                    {t(runs ? 'shift.stop' : 'shift.withdraw')}
                  </Button>
                )}
                {shift?.state === 'planned' && (
                  <Button variant="default" loading={step.isPending} onClick={() => step.mutate('confirm')}>
                    {t(shift.mine ? 'shift.confirm' : 'shift.confirmFor')}
                  </Button>
                )}
                {shift?.mine && shift.state === 'confirmed' && (
                  <Button variant="default" onClick={() => onOpen({ kind: 'take', shift })}>
                    {t('shift.take')}
                  </Button>
                )}
                {shift && shift.state !== 'planned' && (
                  <Button variant="default" onClick={() => onOpen({ kind: 'handing', shift })}>
                    {t('shift.handOver')}
                  </Button>
                )}
              </Group>
              {!fixed && (
                <Button type="submit" loading={save.isPending} disabled={!sound}>
                  {t(shift ? 'shift.save' : 'shift.plan')}
                </Button>
              )}
            </Group>
          )}
          {sound && (
            <Text size="xs" c="dimmed">
              {words.span(from, until).join(' – ')}
            </Text>
          )}
        </Stack>
      </form>
    </Modal>
  );
}

function Facts({ shift, data }: { shift: Shift; data: Roster }) {
  const { t } = useWords();
  const words = useRosterWords(data.time_zone);
  const { taken } = shift;
  return (
    <Stack gap={4}>
      {!shift.ours && <Alert color="sky" variant="light" title={t('shift.elsewhere', { site: shift.site_name })} />}
      {data.coverage && shift.licences.length === 0 && <Alert color="yellow" variant="light" title={t('shift.noLicence')} />}
      <Text size="sm">{words.shift(shift)}</Text>
      {taken && (
        <Text size="sm" c="dimmed">
          {t('shift.taken', { at: words.moment(Date.parse(taken.at)) })} ·{' '}
          {t('shift.tried', {
            sound: t(`shift.trialIs.${taken.sound}`),
            notifications: t(`shift.trialIs.${taken.notifications}`),
            node: t(`shift.trialIs.${taken.link}`),
            answered: taken.answered,
            all: taken.answered + taken.unanswered,
          })}
        </Text>
      )}
      {shift.silent && (
        <Text size="sm" c="red.4">
          {t('shift.silent', { at: words.moment(Date.parse(shift.silent)) })}
        </Text>
      )}
    </Stack>
  );
}
