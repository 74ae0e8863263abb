// Who is on duty: one week of a coverage, the minutes that nobody has, and what may be done about them.

import { ActionIcon, Alert, Button, Group, Select, Stack, Text, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconCalendarPlus, IconChevronLeft, IconChevronRight, IconFileImport, IconListCheck, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { coveragesQuery, rosterOf } from '../../api/queries';
import type { Roster, Shift } from '../../api/types';
import { Page } from '../../components/Page';
import { ShiftCheck } from '../../components/ShiftCheck';
import { Failure, Waiting } from '../../components/State';
import { ownTimeZone } from '../../lib/hours';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { dateOn, daysLater, mondayOf } from '../../lib/zone';
import { Agenda } from './Agenda';
import { CoverageDialog } from './CoverageDialog';
import { CoveragesDialog } from './CoveragesDialog';
import { FileDialog } from './FileDialog';
import { HandingDialog } from './HandingDialog';
import { HoleList } from './HoleList';
import { OnDuty } from './OnDuty';
import type { Planned } from './ShiftDialog';
import { ShiftDialog } from './ShiftDialog';
import { WeekGrid } from './WeekGrid';

const DAYS = 7;
const HOUR_MS = 3_600_000;
/** No shift is longer. */
const SHIFT_MAX_MS = 168 * HOUR_MS;
/** The choice of the site's own shifts, in the address. */
const OWN = 'own';

export type Open =
  | { kind: 'shift'; shift: Shift }
  | { kind: 'new'; planned: Planned }
  | { kind: 'take'; shift: Shift }
  | { kind: 'handing'; shift: Shift }
  | { kind: 'coverage' }
  | { kind: 'coverages' }
  | { kind: 'file' };

export function RostersPage() {
  const { t } = useWords();
  const coverages = useQuery(coveragesQuery);
  if (coverages.isError && !coverages.data) return <Failure error={coverages.error} retry={() => void coverages.refetch()} />;
  if (!coverages.data) return <Waiting />;
  const active = coverages.data.filter(({ state }) => state === 'active');
  return <Rosters key={active.length > 0 ? 'some' : 'none'} title={t('rosters.title')} choices={active.map(({ id, name }) => ({ value: id, label: name }))} waiting={coverages.data.filter(({ state }) => state === 'received').length} />;
}

function Rosters({ title, choices, waiting }: { title: string; choices: { value: string; label: string }[]; waiting: number }) {
  const { t } = useWords();
  const [address, setAddress] = useSearchParams();
  const asked = address.get('coverage');
  const chosen = asked === OWN || choices.some(({ value }) => value === asked) ? asked : (choices[0]?.value ?? OWN);
  const coverage = chosen === OWN ? null : chosen;
  const now = useNow(60_000);
  const from = address.get('from') ?? mondayOf(dateOn(now, ownTimeZone()));
  const set = (change: Record<string, string>) => setAddress(known => new URLSearchParams({ ...Object.fromEntries(known), ...change }), { replace: true });
  const roster = useQuery(rosterOf(coverage, from, DAYS, ownTimeZone()));
  const [open, setOpen] = useState<Open | null>(null);
  const data = roster.data;
  const plans = data?.plans ?? false;
  return (
    <Page
      title={title}
      about={t('rosters.about')}
      width={1560}
      actions={
        <>
          {plans && (
            <Button variant="default" leftSection={<IconListCheck size={17} />} onClick={() => setOpen({ kind: 'coverages' })}>
              {t('rosters.manage')}
            </Button>
          )}
          {plans && data?.coverage?.reads_here && (
            <Button variant="default" leftSection={<IconFileImport size={17} />} onClick={() => setOpen({ kind: 'file' })}>
              {t('rosters.file')}
            </Button>
          )}
          {data && (!data.coverage || data.coverage.reads_here) && (
            <Button leftSection={<IconCalendarPlus size={17} />} onClick={() => setOpen({ kind: 'new', planned: firstOf(data) })}>
              {t('rosters.plan')}
            </Button>
          )}
        </>
      }
    >
      <Stack gap="md">
        {plans && waiting > 0 && (
          <Alert color="yellow" variant="light" title={t('rosters.state.received')} role="alert">
            <Button size="compact-sm" onClick={() => setOpen({ kind: 'coverages' })}>
              {t('rosters.manage')}
            </Button>
          </Alert>
        )}
        <Group gap="sm" align="flex-end">
          <Select
            label={t('rosters.coverage')}
            data={[...choices, { value: OWN, label: t('rosters.own') }]}
            value={chosen}
            onChange={value => value && set({ coverage: value })}
            allowDeselect={false}
            w={280}
          />
          <Week from={from} onChange={day => set({ from: day })} />
          {data && (
            <Text size="xs" c="dimmed" pb={8}>
              {t('rosters.zone', { zone: data.time_zone })}
            </Text>
          )}
        </Group>
        {choices.length === 0 && (
          <Alert color="sky" variant="light" title={t('rosters.none')}>
            <Stack gap="xs" align="flex-start">
              <Text size="sm">{t('rosters.noneMore')}</Text>
              {plans && (
                <Button size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => setOpen({ kind: 'coverage' })}>
                  {t('rosters.offer')}
                </Button>
              )}
            </Stack>
          </Alert>
        )}
        {roster.isError && !data && <Failure error={roster.error} retry={() => void roster.refetch()} />}
        {!data && !roster.isError && <Waiting />}
        {data && <Shown data={data} onOpen={setOpen} />}
      </Stack>
      {data && open && <Dialogs data={data} open={open} from={from} onOpen={setOpen} />}
    </Page>
  );
}

/** Where a new shift begins that nobody said more of: in the first hole, else tonight. Never earlier than the hour that runs. */
function firstOf(data: Roster): Planned {
  const now = Date.now();
  const planned = (from: number, until: number): Planned => ({ from, until: Math.min(until, from + SHIFT_MAX_MS) });
  const hole = data.holes.find(({ until }) => Date.parse(until) > now);
  if (hole) return planned(Math.max(now, Date.parse(hole.from)), Date.parse(hole.until));
  const night = data.asked.find(([, until]) => Date.parse(until) > now);
  if (!night) return planned(now, now + 12 * HOUR_MS);
  return planned(Math.max(now - (now % HOUR_MS), Date.parse(night[0])), Date.parse(night[1]));
}

function Week({ from, onChange }: { from: string; onChange: (day: string) => void }) {
  const { t, locale } = useWords();
  const shown = (day: string) => new Date(`${day}T00:00:00Z`).toLocaleDateString(locale, { timeZone: 'UTC', day: 'numeric', month: 'short', year: 'numeric' });
  const until = daysLater(from, DAYS - 1);
  return (
    <Group gap={4} wrap="nowrap" role="group" aria-label={t('rosters.week', { from: shown(from), until: shown(until) })}>
      <Tooltip label={t('rosters.earlier')}>
        <ActionIcon variant="default" size={36} aria-label={t('rosters.earlier')} onClick={() => onChange(daysLater(from, -DAYS))}>
          <IconChevronLeft size={18} />
        </ActionIcon>
      </Tooltip>
      <Button variant="default" onClick={() => onChange(mondayOf(dateOn(Date.now(), ownTimeZone())))} title={t('rosters.today')}>
        {shown(from)} – {shown(until)}
      </Button>
      <Tooltip label={t('rosters.later')}>
        <ActionIcon variant="default" size={36} aria-label={t('rosters.later')} onClick={() => onChange(daysLater(from, DAYS))}>
          <IconChevronRight size={18} />
        </ActionIcon>
      </Tooltip>
    </Group>
  );
}

function Shown({ data, onOpen }: { data: Roster; onOpen: (open: Open) => void }) {
  const narrow = useMediaQuery('(max-width: 52em)');
  const mayPlan = !data.coverage || data.coverage.reads_here;
  const fill = (planned: Planned) => mayPlan && onOpen({ kind: 'new', planned });
  return (
    <>
      <OnDuty data={data} onOpen={onOpen} />
      {narrow ? (
        <Agenda data={data} onOpen={onOpen} onFill={fill} />
      ) : (
        <>
          <WeekGrid data={data} onOpen={shift => onOpen({ kind: 'shift', shift })} onFill={fill} />
          {data.coverage && <HoleList data={data} onFill={fill} />}
        </>
      )}
    </>
  );
}

function Dialogs({ data, open, from, onOpen }: { data: Roster; open: Open; from: string; onOpen: (open: Open | null) => void }) {
  const close = () => onOpen(null);
  switch (open.kind) {
    case 'shift':
      return <ShiftDialog data={data} shift={open.shift} onClose={close} onOpen={onOpen} />;
    case 'new':
      return <ShiftDialog data={data} planned={open.planned} onClose={close} onOpen={onOpen} />;
    case 'take':
      return <ShiftCheck shift={open.shift} onClose={close} />;
    case 'handing':
      return <HandingDialog shift={open.shift} zone={data.time_zone} onClose={close} />;
    case 'coverage':
      return <CoverageDialog onClose={close} />;
    case 'coverages':
      return <CoveragesDialog onClose={close} onOffer={() => onOpen({ kind: 'coverage' })} />;
    case 'file':
      return data.coverage ? <FileDialog coverage={data.coverage} from={from} zone={data.time_zone} onClose={close} /> : null;
  }
}
