// Small signs that lists, cases and reports share: how urgent, how long, whose, how many images.

import { Tooltip } from '@mantine/core';
import { IconAlertTriangle, IconClockHour4 } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import type { CaseRow, Flag, Priority } from '../../api/cases';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './marks.module.css';
import { clock, secondsLeft, urgencyOf } from './order';
import { countOf, imagesOf } from './state';

export function PriorityMark({ priority, large = false }: { priority: Priority; large?: boolean }) {
  const { t } = useWords();
  return (
    <Tooltip label={t(`cases.priorityHelp.${priority}`)}>
      <span className={classes.priority} data-is={priority} data-large={large || undefined}>
        {priority}
      </span>
    </Tooltip>
  );
}

/** How long until what is due is due, counting down. */
export function TimeLeft({ row, now }: { row: Pick<CaseRow, 'due' | 'priority'>; now: number }) {
  const { t, locale } = useWords();
  const left = secondsLeft(row, now);
  if (left === null || !row.due) return <span className={classes.dim}>—</span>;
  const urgency = urgencyOf(row, now);
  return (
    <Tooltip label={t(urgency === 'late' ? `cases.dueLate.${row.due.what}` : `cases.due.${row.due.what}`)}>
      <span className={classes.left} data-is={urgency}>
        {urgency === 'late' ? <IconAlertTriangle size={14} aria-hidden="true" /> : <IconClockHour4 size={14} aria-hidden="true" />}
        {clock(left, locale)}
        <span className="visually-hidden">{t(urgency === 'late' ? `cases.dueLate.${row.due.what}` : `cases.due.${row.due.what}`)}</span>
      </span>
    </Tooltip>
  );
}

const GRAVE: ReadonlySet<Flag> = new Set<Flag>(['escalated', 'critical-unheard', 'no-images', 'unreachable', 'breached', 'called-off']);

export function Flags({ flags }: { flags: readonly Flag[] }) {
  const { t } = useWords();
  return flags.map(flag => (
    <Tooltip key={flag} label={t(`cases.flagHelp.${flag}`)} multiline maw={300}>
      <span className={classes.flag} data-grave={GRAVE.has(flag) || undefined}>
        {t(`cases.flag.${flag}`)}
      </span>
    </Tooltip>
  ));
}

/** `312/412`, with a bar, and whether the count is anybody's word. */
export function ImageCount({ images }: Pick<CaseRow, 'images'>) {
  const { t, locale } = useWords();
  const standing = countOf({ images });
  const share = images.expected ? Math.min(1, images.here / images.expected) : images.here > 0 ? 1 : 0;
  const said = t(`cases.count.${standing}`, { count: images.here, expected: count(images.expected ?? images.here, locale) });
  if (images.here === 0 && images.expected === null) return <span className={classes.dim}>—</span>;
  return (
    <Tooltip label={said}>
      <span className={classes.images} data-is={standing} style={{ '--share': `${Math.round(share * 100)}%` } as CSSProperties}>
        {imagesOf(images, locale)}
        {standing === 'unconfirmed' && <IconAlertTriangle size={13} aria-hidden="true" />}
        <span className="visually-hidden">{said}</span>
      </span>
    </Tooltip>
  );
}
