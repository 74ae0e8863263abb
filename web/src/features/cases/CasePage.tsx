// One case: where it stands in plain words, what may be done now, all that was said, sent and signed.

import { Button, Menu, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconArrowLeft, IconCheck, IconDots, IconExternalLink, IconLock, IconPencil, IconPhoto, IconPlayerSkipForward, IconUserQuestion } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import type { Case, StepBody } from '../../api/types';
import { caseQuery, useMay } from '../../api/queries';
import { usePageTitle } from '../../components/Page';
import { Denied, Failure, Waiting } from '../../components/State';
import { useWeasis } from '../../components/weasis';
import { hourMinute } from '../../lib/format';
import { isCovered } from '../../lib/covered';
import { useWords } from '../../lib/language';
import type { StepWord } from './acts';
import { arranged, DANGEROUS, STEP_FIELDS } from './acts';
import classes from './case.module.css';
import { AcrossPages } from './AcrossPages';
import { AttachmentsPanel } from './Attachments';
import { Compare } from './Compare';
import { FoundPanel } from './FoundImages';
import { LateImages } from './LateImages';
import { barredStep, CredentialsNotice } from './Credentials';
import { IdentifyDialog } from './IdentifyDialog';
import { Flags, ImageCount } from './marks';
import { EventsPanel, ImagesPanel, RequestPanel, RoutingPanel, TelephonePanel, ThreadPanel } from './Panels';
import { CallBox } from './Numbers';
import { PatientBanner } from './PatientBanner';
import { PriorsPanel } from './PriorsPanel';
import { ReportsPanel } from './Reports';
import { sentenceOf } from './sentence';
import { marksOf } from './state';
import { StepDialog } from './StepDialog';
import { useImages } from './useImages';
import { useSteps } from './useSteps';
import { nameOf } from '../../components/who';

export function CasePage() {
  const { id = '' } = useParams();
  return useMay('list-studies') ? <Loaded key={id} id={id} /> : <Denied />;
}

function Loaded({ id }: { id: string }) {
  const { t } = useWords();
  const asked = useQuery(caseQuery(id));
  usePageTitle(asked.data ? nameOf(asked.data.patient, id, t) : t('cases.title'));
  if (asked.data) return <View of={asked.data} />;
  if (asked.error) return <Failure error={asked.error} retry={() => void asked.refetch()} />;
  return <Waiting />;
}

export function StateLine({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const marks = marksOf(of);
  return (
    <div className={classes.state}>
      <p className={classes.sentence} role="status">
        {sentenceOf(of, t, locale)}
      </p>
      <ol className={classes.marks} aria-label={t('cases.progress')}>
        {marks.map(({ mark, state }) => (
          <li key={mark} data-is={state} aria-current={state === 'now' ? 'step' : undefined}>
            <i aria-hidden="true">{state === 'done' ? <IconCheck size={13} /> : state === 'skipped' ? <IconPlayerSkipForward size={12} /> : null}</i>
            <span>
              {t(`cases.mark.${mark}`)}
              {mark === 'images' && (of.images.here > 0 || of.images.expected !== null) && (
                <small>
                  <ImageCount images={of.images} />
                </small>
              )}
              <span className="visually-hidden"> {t(`cases.markIs.${state}`)}</span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The comparison that is owed since the report which was signed just before; once it was looked at, coming back does not open it again. */
function useOwed(of: Case): { owed: string[] | null; leave: () => void } {
  const navigate = useNavigate();
  const { state } = useLocation() as { state: { compare?: string[] } | null };
  const asked = state?.compare?.join();
  const owed = of.actions.includes('compare') ? of.comparisons.find(one => one.class === null && one.reports.join() === asked) : undefined;
  return { owed: owed?.reports ?? null, leave: () => asked !== undefined && void navigate('.', { replace: true, state: null }) };
}

type Asking = { step: StepWord; beside?: Record<string, unknown> } | null;

function View({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const navigate = useNavigate();
  const steps = useSteps();
  const images = useImages();
  const weasis = useWeasis();
  const mayRead = useMay('read-studies');
  const [asking, setAsking] = useState<Asking>(null);
  const [identifying, setIdentifying] = useState(false);
  const { owed, leave } = useOwed(of);
  const [comparing, setComparing] = useState(owed);
  const closeComparison = () => {
    setComparing(null);
    leave();
  };
  const take = (body: StepBody, after?: () => void) => steps.mutate({ id: of.case, body }, after ? { onSuccess: after } : {});
  const begin = (step: StepWord) => {
    if (step === 'identify') {
      setIdentifying(true);
      return;
    }
    if (STEP_FIELDS[step].length === 0) take({ step });
    else setAsking({ step });
  };
  const { first, beside, rarer } = arranged(of.actions, of.images.ready);
  const mayReport = of.actions.some(action => action.startsWith('report-'));
  const openImages = () => {
    void images.open(of.studies, of.case);
    if (of.actions.includes('read') && of.claim?.mine) take({ step: 'read' });
  };
  // From where they are: nothing has to be here first.
  const canOpen = mayRead && of.studies.length > 0 && (of.images.here > 0 || of.images.ready);
  const on = (word: StepWord) => () => {
    if (!isCovered() && of.actions.includes(word)) begin(word);
  };
  useHotkeys([
    ['o', () => canOpen && !isCovered() && openImages()],
    ['w', () => mayReport && !isCovered() && void navigate(`/cases/${of.case}/report`)],
    ['c', on('claim')],
    ['r', on('release')],
    ['a', on('accept')],
    ['Escape', () => !isCovered() && void navigate('/cases')],
  ]);
  const barred = useMay('report-cases') ? barredStep(of) : null;
  const why = barred ? t(`cases.credentials.${of.credentials.state}` as 'cases.credentials.no-credential', { modalities: of.credentials.lacking.join(', ') || of.modality }) : '';
  const unknown = of.patient.identity === 'unknown' && of.actions.includes('identify');
  const stepName = (step: StepWord) => t(`cases.step.${step}.yes`);
  const writes = mayReport && (of.claim?.mine ?? first !== 'claim');
  return (
    <div className={classes.view}>
      <AcrossPages of={of} />
      <PatientBanner of={of} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('cases.one')}>
        <div className={classes.top}>
          <Button component={Link} to="/cases" size="compact-sm" variant="subtle" color="gray" leftSection={<IconArrowLeft size={15} />}>
            {t('cases.title')}
          </Button>
          <Flags flags={of.flags} />
          {of.claim && (
            <span className={classes.taken} data-mine={of.claim.mine || undefined}>
              {of.claim.mine
                ? t('cases.takenByYou', { at: hourMinute(of.claim.at, locale) })
                : t('cases.takenBy', { person: of.claim.person, site: of.claim.site_name, at: hourMinute(of.claim.at, locale) })}
            </span>
          )}
        </div>
        <StateLine of={of} />
        <CallBox of={of} />
        <LateImages of={of} onOpen={canOpen ? openImages : null} />
        <CredentialsNotice of={of} onOverride={of.actions.includes('uncover') ? () => setAsking({ step: 'uncover' }) : null} />
        <div className={classes.actions} role="toolbar" aria-label={t('list.actions')}>
          {barred && (
            <Tooltip label={why}>
              <Button disabled leftSection={<IconLock size={16} />} data-disabled aria-description={why}>
                {stepName(barred)}
              </Button>
            </Tooltip>
          )}
          {unknown && (
            <Button color="yellow" variant="light" leftSection={<IconUserQuestion size={16} />} onClick={() => setIdentifying(true)}>
              {t('cases.identify.button')}
            </Button>
          )}
          {first && (
            <Button loading={steps.isPending} variant={writes ? 'default' : 'filled'} onClick={() => begin(first)}>
              {stepName(first)}
            </Button>
          )}
          {mayReport && (
            <Button component={Link} to={`/cases/${of.case}/report`} variant={writes ? 'filled' : 'default'} leftSection={<IconPencil size={16} />}>
              {t('cases.write')}
            </Button>
          )}
          {canOpen && (
            <Button variant="default" loading={images.busy} leftSection={<IconPhoto size={16} />} onClick={openImages}>
              {t('cases.openImages')}
            </Button>
          )}
          {beside.map(step => (
            <Button key={step} variant="default" {...(DANGEROUS.has(step) ? { c: 'red.4' } : {})} onClick={() => begin(step)}>
              {stepName(step)}
            </Button>
          ))}
          {(rarer.length > 0 || canOpen) && (
            <Menu position="bottom-start">
              <Menu.Target>
                <Button variant="default" px="xs" aria-label={t('cases.moreActs')}>
                  <IconDots size={17} />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {canOpen && (
                  <Menu.Item leftSection={<IconExternalLink size={16} />} onClick={() => void weasis(of.studies)}>
                    {t('images.weasis')}
                  </Menu.Item>
                )}
                {rarer.map(step => (
                  <Menu.Item key={step} {...(DANGEROUS.has(step) ? { color: 'red.4' } : {})} onClick={() => begin(step)}>
                    {stepName(step)}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
        </div>
        <div className={classes.columns}>
          <div className={classes.main}>
            <ReportsPanel
              of={of}
              busy={steps.isPending}
              onStep={body => take(body)}
              onCall={report => setAsking({ step: 'hear', beside: { report } })}
              onCompare={setComparing}
            />
            <RequestPanel of={of} />
            {mayRead && <FoundPanel of={of} />}
            <AttachmentsPanel of={of} />
            <ImagesPanel of={of} acts={null} />
            {mayRead && <PriorsPanel of={of} />}
          </div>
          <aside className={classes.aside}>
            <TelephonePanel of={of} />
            <ThreadPanel
              of={of}
              busy={steps.isPending}
              onSay={of.actions.includes('say') ? text => steps.mutateAsync({ id: of.case, body: { step: 'say', text } }) : null}
            />
            <RoutingPanel of={of} />
            <EventsPanel of={of} />
          </aside>
        </div>
      </div>
      {asking && (
        <StepDialog
          of={of}
          step={asking.step}
          {...(asking.beside ? { beside: asking.beside } : {})}
          busy={steps.isPending}
          error={steps.error}
          onClose={() => setAsking(null)}
          onYes={body => take(body, () => setAsking(null))}
        />
      )}
      {identifying && <IdentifyDialog of={of} busy={steps.isPending} error={steps.error} onClose={() => setIdentifying(false)} onYes={body => take(body, () => setIdentifying(false))} />}
      {comparing && (
        <Compare of={of} reports={comparing} busy={steps.isPending} error={steps.error} onClose={closeComparison} onYes={body => take(body, closeComparison)} />
      )}
    </div>
  );
}
