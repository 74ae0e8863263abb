// On the first screens: reports that differ from one that somebody here had in hand, until they say that they know.

import { notifications } from '@mantine/notifications';
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconAlertOctagon } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { Link } from 'react-router';
import { ApiError } from '../api/client';
import type { Discordance } from '../api/types';
import { discordancesQuery } from '../api/queries';
import { moment } from '../lib/format';
import { useWords } from '../lib/language';
import { useKeptError } from './keptError';
import { nameOf } from './who';
import classes from './discordances.module.css';

const SHOWN = 5;
/** How high they were in this tab when they were drawn last, in CSS pixels. */
const PLACE = 'confrere-discordances-height';
const UNKNOWN = 'discordances-unknown';

function Rows({ title, rows, withPerson }: { title: string; rows: readonly Discordance[]; withPerson: boolean }) {
  const { t, locale } = useWords();
  if (rows.length === 0) return null;
  return (
    <section className={classes.told} role={withPerson ? 'status' : 'alert'} aria-label={title}>
      <IconAlertOctagon size={20} aria-hidden="true" />
      <div>
        <strong>
          {title} ({rows.length})
        </strong>
        <ul>
          {rows.slice(0, SHOWN).map(row => (
            <li key={`${row.told.comparison} ${row.told.person}`}>
              <Link to={`/cases/${row.case}`}>{nameOf(row.patient, row.case, t)}</Link>{' '}
              {[t(`cases.class.${row.class}`), row.question, row.requester_name].filter(Boolean).join(' · ')}
              {withPerson && ` · ${row.told.person}, ${t(`cases.toldWay.${row.told.way}`, { at: moment(row.told.opened, locale) })}`}
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}

/** Where the person closed what says that it is not known. */
const closed = new WeakSet<QueryClient>();

/**
 * What is not known is said, beside the page: nothing moves for it. That the node is away the page says itself. Once it was closed it is
 * not said again before it was known.
 */
function useUnknown(isUnknown: boolean, isKnown: boolean) {
  const { t } = useWords();
  const client = useQueryClient();
  useEffect(() => {
    if (isKnown) closed.delete(client);
    if (!isUnknown || closed.has(client)) return;
    let isOver = false;
    const onClose = () => {
      if (!isOver) closed.add(client);
    };
    notifications.show({ id: UNKNOWN, color: 'red', autoClose: false, message: t('cases.discordancesUnknown'), closeButtonProps: { 'aria-label': t('common.close') }, onClose });
    return () => {
      isOver = true;
      notifications.hide(UNKNOWN);
    };
  }, [client, isUnknown, isKnown, t]);
}

/** On the first screens: what the person is to know, and, for whoever administers, who does not know yet. */
export function Discordances() {
  const { t } = useWords();
  const asked = useQuery(discordancesQuery);
  const { data } = asked;
  const error = useKeptError(asked);
  const box = useRef<HTMLDivElement>(null);
  // Their place until the node has answered: what is below does not move away under a click.
  const [kept] = useState(() => Number(sessionStorage.getItem(PLACE)) || 0);
  useEffect(() => {
    if (data) sessionStorage.setItem(PLACE, String(box.current?.offsetHeight ?? 0));
  }, [data]);
  useUnknown(!data && error !== null && !(error instanceof ApiError && error.code === 'offline'), data !== undefined);
  if (!data) return kept > 0 ? <div style={{ height: kept }} aria-hidden="true" /> : null;
  return (
    <div ref={box} className={classes.all}>
      <Rows title={t('cases.discordancesMine')} rows={data.mine} withPerson={false} />
      <Rows title={t('cases.discordancesOthers')} rows={data.others} withPerson />
    </div>
  );
}
