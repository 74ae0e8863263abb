// Where a day or a night begins, by what a person is here for: who reads sees what waits to be read, who asks sees what
// became of it, who prepares sees what does not meet.

import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChevronRight, IconListDetails, IconPlus } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { CaseRow, CoveredSite } from '../../api/types';
import { FIRST_STEPS, putAway, useFirstRun } from '../../api/firstRun';
import { alarmsQuery, casesQuery, looseQuery, useMay, useSession } from '../../api/queries';
import { Page } from '../../components/Page';
import { ShiftChip } from '../../components/ShiftChip';
import { Denied, Failure, Waiting } from '../../components/State';
import { ago, count, dicomDate } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { Discordances } from '../../components/Discordances';
import classes from './home.module.css';
import { nameOf } from '../../components/who';

const SHOWN = 6;
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

function List({ title, none, filters, only, urgent = false }: ListProps) {
  const { t, locale } = useWords();
  const now = useNow(10_000);
  const asked = useQuery(casesQuery(`${filters}${filters ? '&' : ''}limit=${only ? ASKED : SHOWN}`));
  const rows = (asked.data?.rows ?? []).filter(row => (only ? only(row) : true));
  const total = only ? rows.length : (asked.data?.total ?? 0);
  return (
    <section className={classes.card} data-calls={(urgent && rows.length > 0) || undefined} aria-label={title}>
      <h2>
        <Link to={`/cases${filters ? `?${filters}` : ''}`}>
          {title} <IconChevronRight size={15} aria-hidden="true" />
        </Link>
        {asked.data && <span>{count(total, locale)}</span>}
      </h2>
      {asked.error && !asked.data ? (
        <Failure error={asked.error} retry={() => void asked.refetch()} />
      ) : !asked.data ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <p>{none}</p>
      ) : (
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
      )}
    </section>
  );
}

function SitesCard({ sites }: { sites: readonly CoveredSite[] }) {
  const { t, locale } = useWords();
  const now = useNow(5_000);
  const others = sites.filter(site => !site.ours).sort((a, b) => Number(b.silent) - Number(a.silent));
  return (
    <section className={classes.card} data-calls={others.some(site => site.silent) || undefined} aria-label={t('cases.sites')}>
      <h2>{t('cases.sites')}</h2>
      {others.length === 0 ? (
        <p>{t('home.noSites')}</p>
      ) : (
        <ul className={classes.sites}>
          {others.map(site => (
            <li key={site.site} data-silent={site.silent || undefined}>
              <i aria-hidden="true" />
              <strong>{site.site_name}</strong>
              <span>
                {site.silent
                  ? t('cases.silentSince', { since: site.last_contact ? ago(site.last_contact, locale, now) : t('cases.neverHeard') })
                  : t('home.heard', { ago: site.last_contact ? ago(site.last_contact, locale, now) : t('cases.neverHeard') })}
                {site.silent && site.telephones.length > 0 && ` · ${site.telephones.join(' · ')}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function LooseCard() {
  const { t } = useWords();
  const loose = useQuery(looseQuery).data;
  const number = (loose?.studies.length ?? 0) + (loose?.cases.length ?? 0);
  return (
    <section className={classes.card} data-calls={(loose?.studies.some(one => one.alarm) ?? false) || undefined} aria-label={t('cases.loose')}>
      <h2>
        <Link to="/cases/loose">
          {t('cases.loose')} <IconChevronRight size={15} aria-hidden="true" />
        </Link>
        <span>{number}</span>
      </h2>
      <p>{number === 0 ? t('home.nothingLoose') : t('home.someLoose', { studies: loose?.studies.length ?? 0, cases: loose?.cases.length ?? 0 })}</p>
    </section>
  );
}

function AlarmsCard() {
  const { t } = useWords();
  const standing = useQuery(alarmsQuery).data?.standing ?? [];
  return (
    <section className={classes.card} data-calls={standing.some(alarm => alarm.level === 'critical') || undefined} aria-label={t('archive.pages.alarms')}>
      <h2>
        <Link to="/archive/alarms">
          {t('archive.pages.alarms')} <IconChevronRight size={15} aria-hidden="true" />
        </Link>
        <span>{standing.length}</span>
      </h2>
      <p>{t('app.alarms', { count: standing.length })}</p>
    </section>
  );
}

/** What is left of setting the site up. */
function SetupCard() {
  const { t } = useWords();
  const { run } = useFirstRun(true);
  if (!run || run.left === 0 || run.isAway) return null;
  return (
    <section className={classes.card} aria-label={t('home.setup')}>
      <h2>
        <Link to="/setup">
          {t('home.setup')} <IconChevronRight size={15} aria-hidden="true" />
        </Link>
        <span>{run.left}</span>
      </h2>
      <p>{t('home.setupLeft', { count: run.left, of: FIRST_STEPS.length })}</p>
      <Button size="compact-sm" variant="subtle" color="gray" mt={6} ml={-8} onClick={() => putAway(true)}>
        {t('home.setupAway')}
      </Button>
    </section>
  );
}

export function HomePage() {
  return useMay('list-studies') ? <Home /> : <Denied />;
}

function Home() {
  const { t } = useWords();
  const session = useSession();
  const mayReport = useMay('report-cases');
  const mayAsk = useMay('request-readings');
  const mayPrepare = useMay('prepare-cases');
  const mayAdminister = useMay('administer');
  const overview = useQuery(casesQuery('limit=1')).data;
  const unheard = (row: CaseRow) => row.flags.includes('critical-unheard');
  const isReferrer = mayAsk && !mayReport && !mayPrepare;
  return (
    <Page
      title={t('home.title', { name: session?.person.name ?? '' })}
      about={session ? t(`home.about.${session.person.role}`) : ''}
      width={1400}
      actions={
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
      }
    >
      <Discordances />
      <div className={classes.grid}>
        {mayAdminister && <SetupCard />}
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
        {mayPrepare && <LooseCard />}
        {(mayAdminister || mayPrepare) && !mayReport && (
          <List title={t('home.escalated')} none={t('home.noneEscalated')} filters="" only={row => row.flags.includes('escalated')} urgent />
        )}
        {overview && <SitesCard sites={overview.sites} />}
        {mayAdminister && <AlarmsCard />}
      </div>
    </Page>
  );
}
