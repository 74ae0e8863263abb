// Whether whoever looks is on duty before a screen that was tried; a press takes their shift, or tries the screen.

import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconBellCheck, IconBellX, IconLogin2 } from '@tabler/icons-react';
import { Suspense, useState, useSyncExternalStore } from 'react';
import { shiftsQuery } from '../api/queries';
import type { Shift } from '../api/types';
import { hourMinute } from '../lib/format';
import { useWords } from '../lib/language';
import { later } from '../lib/later';
import { useNodeTime } from '../lib/time';

const ShiftCheck = later(async () => (await import('./ShiftCheck')).ShiftCheck);

const KEY = 'confrere.shift-check';
/** A check of yesterday says nothing of tonight. */
const HOLDS_MS = 12 * 3_600_000;
/** A shift may be taken so long before it begins. */
export const TAKE_BEFORE_MS = 2 * 3_600_000;

const hearers = new Set<() => void>();

function lastCheck(): string | null {
  const at = sessionStorage.getItem(KEY);
  return at !== null && Date.now() - Date.parse(at) < HOLDS_MS ? at : null;
}

/** The screen was checked now. */
export function passed(): void {
  sessionStorage.setItem(KEY, new Date().toISOString());
  for (const hear of hearers) hear();
}

/** When this tab was last checked, `null`: not in this shift. */
function useShiftCheck(): string | null {
  return useSyncExternalStore(hear => {
    hearers.add(hear);
    return () => hearers.delete(hear);
  }, lastCheck);
}

/** The shift that whoever looks may take now, or has taken: one that is to be taken before one that is. */
export function shiftToTake(shifts: readonly Shift[], now: number): Shift | null {
  const runs = (one: Shift) => one.mine && Date.parse(one.start) <= now + TAKE_BEFORE_MS && Date.parse(one.end) > now;
  const [confirmed, active] = (['confirmed', 'active'] as const).map(state => shifts.find(one => one.state === state && runs(one)));
  return confirmed ?? active ?? null;
}

/** Says whether the screen was checked for the shift, and takes it. */
export function ShiftChip() {
  const { t, locale } = useWords();
  const shift = shiftToTake(useQuery(shiftsQuery).data ?? [], useNodeTime());
  const at = useShiftCheck();
  const [opened, setOpened] = useState(false);
  const isOwed = shift?.state === 'confirmed';
  const isGood = at !== null && !isOwed;
  return (
    <>
      <Button
        size="compact-sm"
        variant={isOwed ? 'filled' : 'light'}
        color={isOwed ? 'sky' : isGood ? 'teal' : 'yellow'}
        leftSection={isOwed ? <IconLogin2 size={15} /> : isGood ? <IconBellCheck size={15} /> : <IconBellX size={15} />}
        onClick={() => setOpened(true)}
      >
        {isOwed ? t('screen.take') : at !== null ? t('screen.checkedAt', { at: hourMinute(at, locale) }) : t('screen.unchecked')}
      </Button>
      {opened && (
        <Suspense fallback={null}>
          <ShiftCheck shift={shift} onClose={() => setOpened(false)} />
        </Suspense>
      )}
    </>
  );
}
