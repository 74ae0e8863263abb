// Where a day or a night begins, by what a person is here for: who reads sees what waits to be read, who asks sees what
// became of it, who prepares sees what does not meet.

import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconListDetails, IconPlus } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { CasePage, CaseRow, CoveredSite } from '../../api/types';
import { casesQuery, useMay, useSession } from '../../api/queries';
import { Page } from '../../components/Page';
import { ShiftChip } from '../../components/ShiftChip';
import { Denied } from '../../components/State';
import { ago, count, dicomDate } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { Discordances } from '../../components/Discordances';
import { nameOf } from '../../components/who';
import { Card, None, SHOWN } from './Card';
import classes from './home.module.css';
import { RoomContext, useLength, useRoom } from './room';
import { AlarmsCard, LooseCard, SetupCard } from './tiles';

/** Where rows are chosen here, not by the node. */
const ASKED = 100;

interface ListProps {
  title: string;
  none: string;
  /** What is asked; the same opens in the worklist. */
  filters: string;
  only?: (row: CaseRow) => boolean;
  urgent?: boolean;
}

/** Whether open cases may lie behind those that came. The node names what is over last. */
const isPart = ({ rows, next }: CasePage): boolean => next !== null && rows.at(-1)?.tab !== 'done';

function List({ title, none, filters, only, urgent = false }: ListProps) {
  const { t, locale } = useWords();
  const asked = useQuery(casesQuery(`${filters}${filters ? '&' : ''}limit=${only ? ASKED : SHOWN}`));
  const chosen = ({ rows }: CasePage) => (only ? rows.filter(only) : rows);
  const counted = (page: CasePage) => {
    if (!only) return count(page.total, locale);
    const found = chosen(page).length;
    if (!isPart(page)) return count(found, locale);
    return found > 0 ? `${count(found, locale)}+` : undefined;
  };
  useLength(title, asked.data && chosen(asked.data).length);
  return (
    <Card
      title={title}
      to={`/cases${filters ? `?${filters}` : ''}`}
      asked={asked}
      count={counted}
      calls={page => urgent && chosen(page).length > 0}
    >
      {page => {
        const rows = chosen(page);
        if (rows.length > 0) return <Rows rows={rows} />;
        // Of what was not looked at nothing is said.
        return only && isPart(page) ? <None text={t('home.noneAmong', { count: page.rows.length })} /> : <None text={none} isGood={urgent} />;
      }}
    </Card>
  );
}

function Rows({ rows }: { rows: readonly CaseRow[] }) {
  const { t, locale } = useWords();
  const now = useNow(10_000);
  return (
    <ul>
      {rows.slice(0, SHOWN).map(row => (
        <li key={row.case}>
          <Link to={`/cases/${row.case}`}>
            <b data-is={row.priority}>{row.priority}</b>
            <span>
              <strong>{nameOf(row.patient, row.case, t)}</strong>
              <small>{[row.question, row.requester_name, t(`cases.stage.${row.stage}`)].filter(Boolean).join(' · ')}</small>
            </span>
            <time dateTime={row.changed} title={dicomDate(row.study_date, locale) ?? undefined}>
              {ago(row.changed, locale, now)}
            </time>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** Of a site, before what may be cut off. */
const NUMBERS = 2;

/** Those that are silent first: all of them, with the numbers to ring. */
function shownSites(sites: readonly CoveredSite[]): CoveredSite[] {
  const silent = sites.filter(site => site.silent);
  return [...silent, ...sites.filter(site => !site.silent).slice(0, Math.max(0, SHOWN - silent.length))];
}

function SitesCard() {
  const { t, locale } = useWords();
  const now = useNow(5_000);
  const asked = useQuery(casesQuery('limit=1'));
  const others = ({ sites }: CasePage) => sites.filter(site => !site.ours);
  const heard = ({ last_contact }: CoveredSite) => (last_contact ? ago(last_contact, locale, now) : t('cases.neverHeard'));
  return (
    <Card
      title={t('cases.sites')}
      to="/cases"
      asked={asked}
      count={page => count(others(page).length, locale)}
      calls={page => others(page).some(site => site.silent)}
    >
      {page => {
        const shown = shownSites(others(page));
        if (shown.length === 0) return <None text={t('home.noSites')} />;
        return (
          <ul className={classes.sites}>
            {shown.map(site => (
              <li key={site.site} data-silent={site.silent || undefined}>
                <i aria-hidden="true" />
                <span>
                  <strong>{site.site_name}</strong>
                  <small>
                    {site.silent
                      ? [...site.telephones.slice(0, NUMBERS), t('cases.silentSince', { since: heard(site) })].join(' · ')
                      : t('home.heard', { ago: heard(site) })}
                  </small>
                </span>
              </li>
            ))}
          </ul>
        );
      }}
    </Card>
  );
}

export function HomePage() {
  return useMay('list-studies') ? <Home /> : <Denied />;
}

function Actions() {
  const { t } = useWords();
  const mayReport = useMay('report-cases');
  const mayAsk = useMay('request-readings');
  return (
    <Group gap="xs">
      {mayReport && <ShiftChip />}
      <Button component={Link} to="/cases" variant="default" leftSection={<IconListDetails size={16} />}>
        {t('cases.title')}
      </Button>
      {mayAsk && (
        <Button component={Link} to="/cases/new" leftSection={<IconPlus size={16} />}>
          {t('cases.new')}
        </Button>
      )}
    </Group>
  );
}

function Home() {
  const { t } = useWords();
  const session = useSession();
  const mayReport = useMay('report-cases');
  const mayAsk = useMay('request-readings');
  const mayPrepare = useMay('prepare-cases');
  const mayAdminister = useMay('administer');
  const unheard = (row: CaseRow) => row.flags.includes('critical-unheard');
  const isReferrer = mayAsk && !mayReport && !mayPrepare;
  const { isShort, note } = useRoom();
  return (
    <Page
      title={t('home.title', { name: session?.person.name ?? '' })}
      about={session ? t(`home.about.${session.person.role}`) : ''}
      width={1400}
      actions={<Actions />}
    >
      <Discordances />
      <RoomContext value={note}>
        <div className={classes.grid} data-short={isShort || undefined}>
          {mayReport && (
            <>
              <List title={t('home.asked')} none={t('home.noneAsked')} filters="tab=offered" urgent />
              <List title={t('home.ready')} none={t('home.noneReady')} filters="tab=ready" />
              <List title={t('home.mine')} none={t('home.noneMine')} filters="mine=true" only={row => row.tab !== 'done'} />
              <List title={t('home.preliminary')} none={t('home.nonePreliminary')} filters="tab=preliminary" />
            </>
          )}
          {isReferrer && (
            <>
              <List title={t('home.open')} none={t('home.noneOpen')} filters="" only={row => row.tab !== 'done' && row.role === 'requester'} />
              <List title={t('home.toRead')} none={t('home.noneToRead')} filters="tab=reported" />
            </>
          )}
          <List title={t('home.unheard')} none={t('home.noneUnheard')} filters="" only={unheard} urgent />
          {mayPrepare && !mayReport && <List title={t('home.waiting')} none={t('home.noneWaiting')} filters="tab=waiting" />}
          {(mayAdminister || mayPrepare) && !mayReport && (
            <List title={t('home.escalated')} none={t('home.noneEscalated')} filters="" only={row => row.flags.includes('escalated')} urgent />
          )}
          <SitesCard />
          {(mayPrepare || mayAdminister) && (
            <div className={classes.tiles}>
              {mayPrepare && <LooseCard />}
              {mayAdminister && <AlarmsCard />}
              {mayAdminister && <SetupCard />}
            </div>
          )}
        </div>
      </RoomContext>
    </Page>
  );
}
