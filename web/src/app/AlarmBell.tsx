// How many alarms stand, in the header: for those who can do something about them.

import { ActionIcon, Indicator, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconBell, IconBellRinging } from '@tabler/icons-react';
import { Link } from 'react-router';
import { alarmsQuery, useMay } from '../api/queries';
import type { Alarm } from '../api/types';
import { useWords } from '../lib/language';

const WORST: readonly Alarm['level'][] = ['critical', 'warning', 'notice'];
const COLOURS = { notice: 'sky.7', warning: 'yellow.4', critical: 'red.9' } as const;
/** More than two digits do not fit the mark. */
const SHOWN_MAX = 99;

export function AlarmBell() {
  return useMay('administer') ? <Bell /> : null;
}

function Bell() {
  const { t } = useWords();
  const standing = useQuery(alarmsQuery).data?.standing;
  const number = standing?.length ?? 0;
  const worst = WORST.find(level => standing?.some(alarm => alarm.level === level));
  const words = standing ? t('app.alarms', { count: number }) : t('archive.pages.alarms');
  return (
    <>
      <Tooltip label={words}>
        <Indicator
          disabled={!worst}
          color={worst ? COLOURS[worst] : 'sky.7'}
          autoContrast
          label={Math.min(number, SHOWN_MAX)}
          size={15}
          offset={4}
          styles={{ indicator: { fontSize: '0.66rem', fontWeight: 700, pointerEvents: 'none' } }}
        >
          <ActionIcon component={Link} to="/archive/alarms" variant="subtle" color="gray" aria-label={words}>
            {worst ? <IconBellRinging size={19} /> : <IconBell size={19} />}
          </ActionIcon>
        </Indicator>
      </Tooltip>
      <span className="visually-hidden" aria-live="polite">
        {worst && words}
      </span>
    </>
  );
}
