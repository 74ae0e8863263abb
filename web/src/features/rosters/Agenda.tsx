// The same week for a narrow screen: day by day, in words.

import { Badge, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import type { Roster } from '../../api/types';
import { useWords } from '../../lib/language';
import type { Open } from './RostersPage';
import type { Planned } from './ShiftDialog';
import { stands, useRosterWords } from './words';
import classes from './rosters.module.css';

interface AgendaProps {
  data: Roster;
  onOpen: (open: Open) => void;
  onFill: (planned: Planned) => void;
}

export function Agenda({ data, onOpen, onFill }: AgendaProps) {
  const { t } = useWords();
  const words = useRosterWords(data.time_zone);
  return (
    <Stack gap="xs">
      {data.days.map(day => {
        const [start, end] = [Date.parse(day.start), Date.parse(day.end)];
        const within = (from: string) => start <= Date.parse(from) && Date.parse(from) < end;
        // What began before the week stands on its first day.
        const first = day === data.days[0];
        const here = (from: string, until: string) => within(from) || (first && Date.parse(from) < start && Date.parse(until) > start);
        const shifts = data.shifts.filter(shift => stands(shift) && here(shift.start, shift.end));
        const holes = data.holes.filter(hole => here(hole.from, hole.until));
        return (
          <section key={day.date} aria-label={words.day(start)} className={classes.agendaDay}>
            <Group gap="xs">
              <Text fw={600} size="sm">
                {words.day(start)}
              </Text>
              {day.holiday && <Badge variant="light">{t(`rosters.holiday.${day.holiday as 'christmas'}`)}</Badge>}
              {day.hours !== 24 && (
                <Badge variant="light" color="yellow">
                  {t('rosters.hours', { count: day.hours })}
                </Badge>
              )}
            </Group>
            {shifts.map(shift => (
              <UnstyledButton key={`${shift.site}${shift.id}`} className={classes.agendaRow ?? ''} data-state={shift.state} onClick={() => onOpen({ kind: 'shift', shift })}>
                {words.shift(shift)}
              </UnstyledButton>
            ))}
            {holes.map(hole => (
              <UnstyledButton
                key={`${hole.from}${hole.modalities.join()}`}
                className={classes.agendaRow ?? ''}
                data-hole
                onClick={() => onFill({ from: Date.parse(hole.from), until: Date.parse(hole.until) })}
              >
                {words.hole(hole)}
              </UnstyledButton>
            ))}
            {shifts.length + holes.length === 0 && (
              <Text size="xs" c="dimmed">
                —
              </Text>
            )}
          </section>
        );
      })}
    </Stack>
  );
}
