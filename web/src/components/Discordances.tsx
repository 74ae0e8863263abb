// On the first screens: reports that differ from one that somebody here had in hand, until they say that they know.

import { useQuery } from '@tanstack/react-query';
import { IconAlertOctagon } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Discordance } from '../api/types';
import { discordancesQuery } from '../api/queries';
import { moment } from '../lib/format';
import { useWords } from '../lib/language';
import { nameOf } from './who';
import classes from './discordances.module.css';

const SHOWN = 5;

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

/** On the first screens: what the person is to know, and, for whoever administers, who does not know yet. */
export function Discordances() {
  const { t } = useWords();
  const { data } = useQuery(discordancesQuery);
  if (!data) return null;
  return (
    <>
      <Rows title={t('cases.discordancesMine')} rows={data.mine} withPerson={false} />
      <Rows title={t('cases.discordancesOthers')} rows={data.others} withPerson />
    </>
  );
}
