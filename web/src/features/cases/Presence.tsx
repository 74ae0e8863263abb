// Whether the confrères know a patient of a qualified identity: asked on demand alone, since each question is in two logs.

import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { IconAlertTriangle, IconCheck, IconLock, IconMinus, IconPlugConnectedX, IconUsersGroup } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { post } from '../../api/client';
import { useMay } from '../../api/queries';
import type { PresenceAnswers, PresenceRow } from '../../api/types';
import { Problem } from '../../components/parts';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './presence.module.css';

const ICONS: Record<PresenceRow['answer'], ReactNode> = {
  knows: <IconCheck size={15} aria-hidden="true" />,
  'does-not': <IconMinus size={15} aria-hidden="true" />,
  'not-reached': <IconPlugConnectedX size={15} aria-hidden="true" />,
  refused: <IconLock size={15} aria-hidden="true" />,
  faulty: <IconAlertTriangle size={15} aria-hidden="true" />,
};
/** Those who know it first, and whoever did not answer before those who said no. */
const ORDER: readonly PresenceRow['answer'][] = ['knows', 'faulty', 'not-reached', 'refused', 'does-not'];
const WHY = ['busy', 'outside-hours', 'off-duty', 'suspended', 'closing'] as const;

function Row({ row }: { row: PresenceRow }) {
  const { t, locale } = useWords();
  const why = row.answer === 'refused' ? t(`presence.why.${WHY.find(code => code === row.reason) ?? 'other'}`) : null;
  const studies = row.studies.map(({ kind, studies: count }) => `${count} ${t(`presence.kind.${kind}`)}`).join(', ');
  return (
    <li data-is={row.answer}>
      {ICONS[row.answer]}
      <strong>{row.site_name}</strong>
      <span>{[t(`presence.answer.${row.answer}`), studies, why].filter(Boolean).join(' · ')}</span>
      {row.as_of && <small>{t('presence.asOf', { at: hourMinute(row.as_of, locale) })}</small>}
    </li>
  );
}

export function AskPresence({ ins }: { ins: string }) {
  const { t } = useWords();
  const may = useMay('read-studies');
  const asked = useMutation({ mutationFn: () => post<PresenceAnswers>('/presence', { ins }) });
  if (!may) return null;
  const rows = [...(asked.data?.sites ?? [])].sort((a, b) => ORDER.indexOf(a.answer) - ORDER.indexOf(b.answer));
  const count = (...answers: PresenceRow['answer'][]) => rows.filter(({ answer }) => answers.includes(answer)).length;
  const [known, missing] = [count('knows'), count('not-reached', 'faulty')];
  const said = () => {
    if (asked.isPending) return t('presence.asking');
    if (!asked.data) return '';
    if (rows.length === 0) return t('presence.nobody');
    return [known > 0 ? t('presence.some', { count: known }) : t('presence.none'), missing > 0 ? t('presence.missing', { count: missing }) : null].filter(Boolean).join(' ');
  };
  return (
    <section className={classes.presence} aria-label={t('presence.title')}>
      <Button size="compact-sm" variant="default" leftSection={<IconUsersGroup size={15} />} loading={asked.isPending} onClick={() => asked.mutate()}>
        {asked.data ? t('presence.again') : t('presence.ask')}
      </Button>
      <p className={classes.about}>{t('presence.about')}</p>
      <p role="status" className={classes.said}>
        {said()}
      </p>
      <Problem error={asked.error} />
      {rows.length > 0 && (
        <ul className={classes.rows}>
          {rows.map(row => (
            <Row key={row.site} row={row} />
          ))}
        </ul>
      )}
    </section>
  );
}
