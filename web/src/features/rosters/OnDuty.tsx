// Who is on duty now, how they are reached, and what the one who looks may do with their own shift.

import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconArrowsExchange, IconLogin2, IconPhone } from '@tabler/icons-react';
import type { Roster, Shift } from '../../api/types';
import { TAKE_BEFORE_MS } from '../../components/ShiftChip';
import { useWords } from '../../lib/language';
import { clockOn } from '../../lib/zone';
import type { Open } from './RostersPage';
import { stands, useRosterWords } from './words';
import classes from './rosters.module.css';

export function OnDuty({ data, onOpen }: { data: Roster; onOpen: (open: Open) => void }) {
  const { t } = useWords();
  const now = Date.parse(data.now);
  const soon = (shift: Shift) => shift.mine && stands(shift) && Date.parse(shift.start) <= now + TAKE_BEFORE_MS && Date.parse(shift.end) > now;
  const here = data.shifts.filter(shift => shift.counts || soon(shift)).sort((a, b) => a.rank - b.rank || a.site_name.localeCompare(b.site_name));
  const needed = !data.coverage || data.asked.some(([from, until]) => Date.parse(from) <= now && now < Date.parse(until));
  return (
    <section aria-label={t('rosters.now')}>
      <Text size="xs" c="dimmed" mb={4}>
        {t('rosters.now')}
      </Text>
      {here.length === 0 ? (
        <Text size="sm" c={needed ? 'red.4' : 'dimmed'} role="status">
          {t(needed ? 'rosters.nobodyNow' : 'rosters.notNeeded')}
        </Text>
      ) : (
        <Group gap="sm" align="stretch">
          {here.map(shift => (
            <Card key={`${shift.site}${shift.id}`} shift={shift} zone={data.time_zone} plans={data.plans} onOpen={onOpen} />
          ))}
        </Group>
      )}
    </section>
  );
}

function Card({ shift, zone, plans, onOpen }: { shift: Shift; zone: string; plans: boolean; onOpen: (open: Open) => void }) {
  const { t } = useWords();
  const words = useRosterWords(zone);
  const [from, until] = words.span(Date.parse(shift.start), Date.parse(shift.end));
  const acts = shift.ours && (shift.mine || plans);
  return (
    <Paper withBorder p="sm" className={classes.card ?? ''} data-silent={shift.silent !== null || undefined}>
      <Stack gap={4}>
        <Group gap={6} wrap="nowrap">
          <Text fw={600}>{shift.person}</Text>
          <Badge variant="light" color={shift.presence === 'garde' ? 'sky' : 'gray'} style={{ textTransform: 'none' }}>
            {t(`shift.short.${shift.presence}`)} {shift.rank}
          </Badge>
          <Badge variant="light" color={shift.state === 'active' ? 'teal' : shift.state === 'planned' ? 'yellow' : 'gray'} style={{ textTransform: 'none' }}>
            {t(`shift.state.${shift.state}`)}
          </Badge>
        </Group>
        <Text size="xs" c="dimmed">
          {shift.site_name} · {from} – {until}
        </Text>
        {shift.telephone && (
          <Group gap={5} wrap="nowrap">
            <IconPhone size={14} aria-hidden="true" />
            <a className={classes.phone} href={`tel:${shift.telephone.replace(/[^+\d]/g, '')}`}>
              {shift.telephone}
            </a>
          </Group>
        )}
        {shift.silent && (
          <Group gap={5} wrap="nowrap" c="red.4">
            <IconAlertTriangle size={15} aria-hidden="true" />
            <Text size="xs">{t('shift.silent', { at: clockOn(Date.parse(shift.silent), zone) })}</Text>
          </Group>
        )}
        {shift.relief && <Text size="xs">{t('shift.offeredTo', { site: shift.relief.site_name, at: clockOn(Date.parse(shift.relief.at), zone) })}</Text>}
        {acts && (
          <Group gap={6} mt={4}>
            {shift.mine && shift.state === 'confirmed' && (
              <Button size="compact-sm" leftSection={<IconLogin2 size={15} />} onClick={() => onOpen({ kind: 'take', shift })}>
                {t('shift.take')}
              </Button>
            )}
            {shift.state !== 'planned' && (
              <Button size="compact-sm" variant="default" leftSection={<IconArrowsExchange size={15} />} onClick={() => onOpen({ kind: 'handing', shift })}>
                {t('shift.handOver')}
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}
