// Setting a site up, for its first administrator: what there is to do, what of it is done, and the forms that do it. They are those
// of the settings and of the peers; nothing is done here in a second way.

import { Alert, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconChevronDown, IconChevronRight, IconCircleCheck, IconCircleDashed, IconUsersPlus } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { FirstStep } from '../../api/firstRun';
import { FIRST_STEPS, isLoopback, putAway, useFirstRun } from '../../api/firstRun';
import { siteQuery, statusQuery, useMay } from '../../api/queries';
import { Page } from '../../components/Page';
import { Fact } from '../../components/parts';
import { Denied, Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import { AesSection } from './AesSection';
import classes from './setup.module.css';
import { UsersSection } from './UsersSection';

export function SetupPage() {
  return useMay('administer') ? <Setup /> : <Denied />;
}

function Setup() {
  const { t } = useWords();
  const navigate = useNavigate();
  const { run, error, again } = useFirstRun(true);
  // Until somebody chooses, the first that is not done stands open.
  const [chosen, choose] = useState<FirstStep | 'none' | null>(null);
  const first = run && FIRST_STEPS.find(step => !run.done[step]);
  const opened = chosen ?? first ?? 'none';
  return (
    <Page title={t('setup.title')} about={t('setup.about')} width={980}>
      {!run && (error ? <Failure error={error} retry={again} /> : <Waiting />)}
      {run && (
        <Stack gap="md">
          <Text role="status" size="sm">
            {run.left === 0 ? t('setup.whole') : t('home.setupLeft', { count: run.left, of: FIRST_STEPS.length })}
          </Text>
          <ol className={classes.steps}>
            {FIRST_STEPS.map((step, place) => (
              <Step key={step} step={step} place={place + 1} isDone={run.done[step]} isOpen={opened === step} onOpen={isOpen => choose(isOpen ? step : 'none')}>
                {step === 'site' && <SiteStep />}
                {step === 'user' && <UsersSection />}
                {step === 'ae' && <AeStep />}
                {step === 'peer' && <PeerStep />}
              </Step>
            ))}
          </ol>
          <Group justify="space-between">
            {run.left > 0 ? (
              <Button
                variant="subtle"
                color="gray"
                onClick={() => {
                  putAway(true);
                  void navigate('/home');
                }}
              >
                {t('home.setupAway')}
              </Button>
            ) : (
              <span />
            )}
            <Button component={Link} to="/home" variant={run.left === 0 ? 'filled' : 'default'}>
              {t(run.left === 0 ? 'setup.finish' : 'setup.later')}
            </Button>
          </Group>
        </Stack>
      )}
    </Page>
  );
}

interface StepProps {
  step: FirstStep;
  place: number;
  isDone: boolean;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  children: ReactNode;
}

function Step({ step, place, isDone, isOpen, onOpen, children }: StepProps) {
  const { t } = useWords();
  const Standing = isDone ? IconCircleCheck : IconCircleDashed;
  const Turn = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <li className={classes.step} data-step={step} data-done={isDone || undefined}>
      <h2>
        <button type="button" aria-expanded={isOpen} aria-controls={`step-${step}`} onClick={() => onOpen(!isOpen)}>
          <Standing size={22} aria-hidden="true" />
          <span>
            {place}. {t(`setup.step.${step}.title`)}
          </span>
          <small>{t(isDone ? 'setup.done' : 'setup.open')}</small>
          <Turn size={18} aria-hidden="true" />
        </button>
      </h2>
      <div id={`step-${step}`} hidden={!isOpen}>
        <Text size="sm" c="dimmed" mb="md">
          {t(`setup.step.${step}.help`)}
        </Text>
        {isOpen && children}
      </div>
    </li>
  );
}

/** Where each of them listens, and which setting says so. */
const PLACES = [
  { key: 'portal', setting: 'portal.listen' },
  { key: 'dimse', setting: 'dimse.listen' },
  { key: 'overlay', setting: 'overlay.listen' },
  { key: 'pixels', setting: 'pixels.listen' },
] as const;

function SiteStep() {
  const { t } = useWords();
  const site = useQuery(siteQuery).data;
  const status = useQuery(statusQuery).data;
  if (!site || !status) return <Waiting />;
  const near = PLACES.filter(({ key }) => key !== 'portal' && isLoopback(status[key]));
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="lg" verticalSpacing="md">
        <Fact name={t('common.name')}>{site.name}</Fact>
        <Fact name={t('settings.aeTitle')}>{site.ae_title}</Fact>
        {PLACES.map(({ key, setting }) => (
          <Fact key={key} name={t(`settings.${key}`)}>
            {status[key]}{' '}
            <Text span size="xs" c="dimmed" ff="monospace">
              {setting}
            </Text>
          </Fact>
        ))}
      </SimpleGrid>
      {near.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconAlertTriangle size={18} />} title={t('setup.near', { settings: near.map(({ setting }) => setting).join(', ') })}>
          {t('setup.nearMore')}
        </Alert>
      )}
    </Stack>
  );
}

function AeStep() {
  const { t } = useWords();
  const site = useQuery(siteQuery).data;
  const status = useQuery(statusQuery).data;
  return (
    <Stack gap="md">
      {site && status && <Text size="sm">{t('setup.atModality', { title: site.ae_title, at: status.dimse })}</Text>}
      <AesSection />
    </Stack>
  );
}

function PeerStep() {
  const { t } = useWords();
  return (
    <Group gap="xs">
      <Button component={Link} to="/peers?do=invite" leftSection={<IconUsersPlus size={17} />}>
        {t('peers.invite')}
      </Button>
      <Button component={Link} to="/peers?do=join" variant="default">
        {t('peers.join')}
      </Button>
    </Group>
  );
}
