// Small signs that lists, cases and reports share: how urgent, how long, whose, how many images.

import { IconAlertTriangle, IconClockHour4 } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import type { CaseRow, Flag, Priority } from '../../api/types';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNodeTime } from '../../lib/time';
import classes from './marks.module.css';
import { clock, secondsLeft, urgencyOf } from './order';
import { countOf, imagesOf } from './state';

export function PriorityMark({ priority, large = false }: { priority: Priority; large?: boolean }) {
  const { t } = useWords();
  return (
    <span className={classes.priority} data-is={priority} data-large={large || undefined} title={t(`cases.priorityHelp.${priority}`)}>
      {priority}
    </span>
  );
}

/** How long until what is due is due, counting down. */
export function TimeLeft({ row }: { row: Pick<CaseRow, 'due' | 'priority'> }) {
  const { t, locale } = useWords();
  const now = useNodeTime();
  const left = secondsLeft(row, now);
  if (left === null || !row.due) return <span className={classes.dim}>—</span>;
  const urgency = urgencyOf(row, now);
  const said = t(urgency === 'late' ? `cases.dueLate.${row.due.what}` : `cases.due.${row.due.what}`);
  return (
    <span className={classes.left} data-is={urgency} title={said}>
      {urgency === 'late' ? <IconAlertTriangle size={14} aria-hidden="true" /> : <IconClockHour4 size={14} aria-hidden="true" />}
      {clock(left, locale)}
      <span className="visually-hidden">{said}</span>
    </span>
  );
}

const GRAVE: ReadonlySet<Flag> = new Set<Flag>(['escalated', 'critical-unheard', 'no-images', 'other-patient', 'unreachable', 'breached', 'called-off']);

export function Flags({ flags }: { flags: readonly Flag[] }) {
  const { t } = useWords();
  return flags.map(flag => (
    <span key={flag} className={classes.flag} data-grave={GRAVE.has(flag) || undefined} title={t(`cases.flagHelp.${flag}`)}>
      {t(`cases.flag.${flag}`)}
    </span>
  ));
}

/** `312/412`, with a bar, and whether the count is anybody's word. */
export function ImageCount({ images }: Pick<CaseRow, 'images'>) {
  const { t, locale } = useWords();
  const standing = countOf({ images });
  const share = images.expected ? Math.min(1, images.here / images.expected) : images.here > 0 ? 1 : 0;
  const expected = images.expected ?? images.here;
  const said = t(`cases.count.${standing}`, { count: standing === 'remote' ? expected : images.here, expected: count(expected, locale), here: count(images.here, locale) });
  if (images.here === 0 && images.expected === null) return <span className={classes.dim}>—</span>;
  return (
    <span className={classes.images} data-is={standing} title={said} style={{ '--share': `${Math.round(share * 100)}%` } as CSSProperties}>
      {imagesOf(images, locale)}
      {standing === 'unconfirmed' && <IconAlertTriangle size={13} aria-hidden="true" />}
      <span className="visually-hidden">{said}</span>
    </span>
  );
}
