// The report of one case: what is asked on one side, what is written on the other, and whom it is about above both.

import { Alert, Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconArrowLeft, IconUserExclamation } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import type { Case } from '../../api/types';
import type { Viewer } from '../../api/openViewers';
import { useViewers } from '../../api/openViewers';
import { caseQuery, useMay, useSession } from '../../api/queries';
import { usePageTitle } from '../../components/Page';
import { Denied, Failure, Waiting } from '../../components/State';
import { dicomDate, hourMinute, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { AcrossPages } from './AcrossPages';
import { boundOf, differing, foreignTo, useBinding } from './binding';
import classes from './case.module.css';
import { Editor } from './Editor';
import { Flags } from './marks';
import { RequestPanel, TelephonePanel, ThreadPanel } from './Panels';
import { PatientBanner } from './PatientBanner';
import { isSuperseded, Report } from './Reports';
import { lateOf, readOf } from './state';
import { useSteps } from './useSteps';
import { nameOf } from '../../components/who';

export function ReportPage() {
  const { id = '' } = useParams();
  return useMay('report-cases') ? <Loaded key={id} id={id} /> : <Denied />;
}

function Loaded({ id }: { id: string }) {
  const { t } = useWords();
  const asked = useQuery(caseQuery(id));
  usePageTitle(asked.data ? `${t('cases.write')} · ${nameOf(asked.data.patient, asked.data.case, t)}` : t('cases.write'));
  if (asked.data) return <View of={asked.data} />;
  if (asked.error) return <Failure error={asked.error} retry={() => void asked.refetch()} />;
  return <Waiting />;
}

/** What stands in the way of writing on the right patient, in words. */
function Warnings({ twin, others, foreign, onTake, onClose }: { twin: boolean; others: { case: string; patient: string }[]; foreign: readonly Viewer[]; onTake: () => void; onClose: () => void }) {
  const { t, locale } = useWords();
  const shown = foreign.map(({ patient }) => (patient ? [patientName(patient.name) ?? t('list.unnamed'), dicomDate(patient.birth_date, locale)].filter(Boolean).join(', ') : t('list.unnamed')));
  return (
    <>
      {twin && (
        <Alert color="yellow" variant="light" icon={<IconUserExclamation size={18} />} title={t('cases.twin')} mt="sm">
          {t('cases.twinText')}{' '}
          <Button size="compact-xs" variant="white" color="dark" onClick={onTake}>
            {t('cases.twinTake')}
          </Button>
        </Alert>
      )}
      {others.length > 0 && (
        <Alert color="yellow" variant="light" icon={<IconUserExclamation size={18} />} title={t('cases.otherReport')} mt="sm">
          {t('cases.otherReportText', { patients: others.map(one => patientName(one.patient) ?? t('list.unnamed')).join(', ') })}
        </Alert>
      )}
      {foreign.length > 0 && (
        <Alert color="red.9" variant="filled" icon={<IconUserExclamation size={18} />} title={t('cases.otherViewer')} mt="sm" role="alert">
          {t('cases.otherViewerText', { patients: [...new Set(shown)].join(' · ') })}{' '}
          <Button size="compact-sm" variant="white" color="dark" onClick={onClose}>
            {t('cases.otherViewerClose')}
          </Button>
        </Alert>
      )}
    </>
  );
}

function View({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const person = useSession()?.person.name ?? '';
  const steps = useSteps();
  const binding = useBinding(of);
  const { viewers, close } = useViewers();
  const foreign = foreignTo(of, viewers);
  // The identity this report was begun with: what comes later is compared with it, never taken in silently.
  const [bound] = useState(() => boundOf(of));
  const changed = differing(bound, boundOf(of));
  // What was there to be read when reading began; what came later counts once somebody says that they looked at it.
  const [read, setRead] = useState(() => readOf(of));
  const late = lateOf(read, of);
  const may = of.actions.filter(action => action.startsWith('report-'));
  const claimed = of.claim && !of.claim.mine;
  return (
    <div className={classes.view}>
      <AcrossPages of={of} />
      <PatientBanner of={of} />
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('cases.one')}>
        <div className={classes.top}>
          <Button component={Link} to={`/cases/${of.case}`} size="compact-sm" variant="subtle" color="gray" leftSection={<IconArrowLeft size={15} />}>
            {t('cases.one')}
          </Button>
          <Flags flags={of.flags} />
          {claimed && of.claim && (
            <span className={classes.taken}>{t('cases.takenBy', { person: of.claim.person, site: of.claim.site_name, at: hourMinute(of.claim.at, locale) })}</span>
          )}
        </div>
        {changed.length > 0 && (
          <Alert color="red.9" variant="filled" role="alert" title={t('cases.changed')} mb="sm">
            {t('cases.changedText', { what: changed.map(one => t(`cases.bound.${one}`)).join(', ') })}
          </Alert>
        )}
        {late.length > 0 && (
          <Alert color="yellow" variant="light" role="alert" title={t('cases.lateTitle')} mb="sm">
            {t('cases.lateText', { count: late.length })}{' '}
            <Button size="compact-xs" variant="white" color="dark" onClick={() => setRead(readOf(of))}>
              {t('cases.lateSeen')}
            </Button>
          </Alert>
        )}
        <Warnings twin={binding.twin} others={binding.others} foreign={foreign} onTake={binding.take} onClose={() => close(foreign.map(viewer => viewer.id))} />
        <div className={classes.columns} style={{ marginTop: 10 }}>
          <div className={classes.main}>
            {may.length === 0 ? (
              <Alert color="gray" variant="light" title={t('cases.nothingToWrite')}>
                {t('cases.nothingToWriteText')}{' '}
                {of.actions.includes('claim') && (
                  <Button size="compact-sm" loading={steps.isPending} onClick={() => steps.mutate({ id: of.case, body: { step: 'claim' } })}>
                    {t('cases.step.claim.yes')}
                  </Button>
                )}
              </Alert>
            ) : (
              <Editor of={of} bound={bound} read={read} person={person} locked={binding.twin || changed.length > 0 || foreign.length > 0} />
            )}
          </div>
          <aside className={classes.aside}>
            <RequestPanel of={of} />
            <TelephonePanel of={of} />
            {[...of.reports].reverse().map(report => (
              <Report
                key={report.event}
                of={of}
                report={report}
                busy={false}
                superseded={isSuperseded(of, report)}
                onAcknowledge={null}
                onHear={null}
                onCall={null}
              />
            ))}
            <ThreadPanel
              of={of}
              busy={steps.isPending}
              onSay={of.actions.includes('say') ? text => steps.mutateAsync({ id: of.case, body: { step: 'say', text } }) : null}
            />
          </aside>
        </div>
      </div>
    </div>
  );
}
