// What the home page says in a sentence: studies and cases that lack each other, alarms, what is left of setting the site up.

import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChevronRight } from '@tabler/icons-react';
import { Link } from 'react-router';
import { FIRST_STEPS, putAway, useFirstRun } from '../../api/firstRun';
import { alarmsQuery, looseQuery } from '../../api/queries';
import { count } from '../../lib/format';
import { useWords } from '../../lib/language';
import { Card } from './Card';
import classes from './home.module.css';

export function LooseCard() {
  const { t, locale } = useWords();
  const asked = useQuery(looseQuery);
  return (
    <Card
      title={t('cases.loose')}
      to="/cases/loose"
      asked={asked}
      small
      count={({ studies, cases }) => count(studies.length + cases.length, locale)}
      calls={({ studies }) => studies.some(one => one.alarm)}
    >
      {({ studies, cases }) => (
        <p>{studies.length + cases.length === 0 ? t('home.nothingLoose') : t('home.someLoose', { studies: studies.length, cases: cases.length })}</p>
      )}
    </Card>
  );
}

export function AlarmsCard() {
  const { t, locale } = useWords();
  const asked = useQuery(alarmsQuery);
  return (
    <Card
      title={t('archive.pages.alarms')}
      to="/archive/alarms"
      asked={asked}
      small
      count={({ standing }) => count(standing.length, locale)}
      calls={({ standing }) => standing.some(alarm => alarm.level === 'critical')}
    >
      {({ standing }) => <p>{t('app.alarms', { count: standing.length })}</p>}
    </Card>
  );
}

/** What is left of setting the site up. It is known last and stands last. */
export function SetupCard() {
  const { t } = useWords();
  const { run } = useFirstRun(true);
  if (!run || run.left === 0 || run.isAway) return null;
  return (
    <section className={classes.card} data-small aria-label={t('home.setup')}>
      <h2>
        <Link to="/setup">
          <em>{t('home.setup')}</em> <IconChevronRight size={15} aria-hidden="true" />
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
