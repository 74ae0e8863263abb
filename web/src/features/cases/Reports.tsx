// The reports of a case, newest first. A preliminary one cannot be mistaken for a final one; a critical result stays open
// until a named person has heard of it.

import { Button, Group } from '@mantine/core';
import { IconAlertOctagon, IconCheck, IconFileTypePdf, IconLink, IconPhoneCall } from '@tabler/icons-react';
import type { Case, CaseReport, StepBody } from '../../api/types';
import { useMay } from '../../api/queries';
import { hourMinute, moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNodeTime } from '../../lib/time';
import classes from './report.module.css';
import { KeyPictures } from './KeyPictures';
import { Discordant, ToldPanel } from './Discordance';
import { clock } from './order';
import { telephoneOf, useNumberWords } from './Numbers';
import { Panel } from './Panels';
import pictures from './pictures.module.css';
import { differencesOf } from './state';
import { useImages } from './useImages';
import { isSame, lineOf } from '../../components/who';

export const PARTS = ['indication', 'technique', 'findings', 'conclusion'] as const;

interface ReportProps {
  of: Case;
  report: CaseReport;
  busy: boolean;
  /** A later final took its place. */
  superseded: boolean;
  onAcknowledge: (() => void) | null;
  onHear: (() => void) | null;
  onCall: (() => void) | null;
}

function Critical({ of, report, busy, onHear, onCall }: Pick<ReportProps, 'of' | 'report' | 'busy' | 'onHear' | 'onCall'>) {
  const { t, locale } = useWords();
  const now = useNodeTime();
  const say = useNumberWords();
  const numbers = of.escalation.telephones.filter(one => one.site === of.requester);
  if (!report.critical) return null;
  if (!report.unheard) {
    return (
      <p className={classes.heard}>
        <IconCheck size={16} aria-hidden="true" /> {t('cases.criticalHeard')} {report.heard}
      </p>
    );
  }
  const left = report.hear_by ? Math.round((Date.parse(report.hear_by) - now) / 1_000) : null;
  return (
    <div className={classes.critical} role="alert">
      <IconAlertOctagon size={20} aria-hidden="true" />
      <div>
        <strong>{t('cases.critical')}</strong>
        <span>
          {t('cases.criticalText')} {left !== null && t(left >= 0 ? 'cases.criticalLeft' : 'cases.criticalLate', { time: clock(Math.abs(left), locale) })}
        </span>
        {left !== null && left < 0 && numbers.length > 0 && (
          <span>
            {numbers.map(one => (
              <a key={one.number} href={telephoneOf(one.number)} title={say(one)}>
                {one.number} · {say(one)}
              </a>
            ))}
          </span>
        )}
      </div>
      <Group gap="xs">
        {onHear && (
          <Button size="sm" color="red.9" loading={busy} leftSection={<IconCheck size={16} />} onClick={onHear}>
            {t('cases.hearMe')}
          </Button>
        )}
        {onCall && (
          <Button size="sm" variant="default" leftSection={<IconPhoneCall size={16} />} onClick={onCall}>
            {t('cases.hearCall')}
          </Button>
        )}
      </Group>
    </div>
  );
}

/** A preliminary report whose place a final one has taken. */
export const isSuperseded = (of: Case, report: CaseReport): boolean =>
  report.standing === 'preliminary' && of.reports.some(one => one.standing === 'final' && one.at >= report.at);

/** Nobody at the site that asked has read it, or not since it was found to differ from another. */
const isToRead = (of: Case, report: CaseReport): boolean =>
  !isSuperseded(of, report) && (!report.acknowledged || of.comparisons.some(one => one.unread && one.reports.includes(report.event)));

export function Report({ of, report, busy, superseded, onAcknowledge, onHear, onCall }: ReportProps) {
  const { t, locale } = useWords();
  const images = useImages();
  const mayRead = useMay('read-studies');
  return (
    <article className={classes.report} data-standing={report.standing} data-superseded={superseded || undefined} aria-label={t(`cases.standing.${report.standing}`)}>
      <div className={classes.stand}>
        <strong>{t(`cases.standing.${report.standing}`)}</strong>
        <span>{t(report.standing === 'preliminary' ? (superseded ? 'cases.superseded' : 'cases.notFinal') : `cases.standingHelp.${report.standing}`)}</span>
      </div>
      <Critical of={of} report={report} busy={busy} onHear={onHear} onCall={onCall} />
      <dl className={classes.parts} lang={report.language}>
        {PARTS.map(
          part =>
            report[part] && (
              <div key={part} data-part={part}>
                <dt>{t(`cases.part.${part}`)}</dt>
                <dd>{report[part]}</dd>
              </div>
            ),
        )}
      </dl>
      {!isSame(report.patient, of.patient) && <p className={classes.despite}>{t('cases.identify.signedAs', { who: lineOf(report.patient, of.case, t, locale) })}</p>}
      {report.key_images.length > 0 && (
        <section className={pictures.withReport} aria-label={t('images.withReport')}>
          <h3>{t('images.withReport')}</h3>
          <KeyPictures images={report.key_images} busy={images.busy} onOpen={mayRead ? image => void images.open(of.studies, of.case, { ...image, instance: image.instance ?? null }) : null} />
        </section>
      )}
      {report.despite && (
        <p className={classes.despite}>
          {t('cases.despite')} {report.despite}
        </p>
      )}
      <footer className={classes.signed}>
        <span>
          {t('cases.signedBy', { person: report.person, site: report.site_name, at: moment(report.at, locale) })}
          {report.read.length > 0 && ` · ${t('cases.readVersions', { versions: report.read.map(one => one.version).join(', ') })}`}
          {!report.claimed && ` · ${t('cases.unclaimedReport')}`}
          {report.against_rules && ` · ${t('cases.againstRules')}`}
        </span>
        <span className={classes.delivery}>
          {report.acknowledged && isToRead(of, report) ? (
            t('cases.toReadAgain')
          ) : report.acknowledged ? (
            <>
              <IconCheck size={14} aria-hidden="true" /> {t('cases.acknowledged')}
            </>
          ) : report.delivered ? (
            t('cases.deliveredNotRead')
          ) : (
            t('cases.notDelivered')
          )}
        </span>
        <Button
          component="a"
          size="compact-md"
          variant="subtle"
          href={`/api/cases/${encodeURIComponent(of.case)}/reports/${encodeURIComponent(report.event)}/pdf`}
          target="_blank"
          rel="noopener"
          leftSection={<IconFileTypePdf size={16} />}
          aria-label={t('cases.pdfOf', { standing: t(`cases.standing.${report.standing}`) })}
        >
          {t('cases.pdf')}
        </Button>
        {onAcknowledge && (
          <Button size="compact-md" loading={busy} leftSection={<IconCheck size={16} />} onClick={onAcknowledge}>
            {t('cases.acknowledge')}
          </Button>
        )}
      </footer>
    </article>
  );
}

interface ReportsPanelProps {
  of: Case;
  busy: boolean;
  onStep: (body: StepBody) => void;
  onCall: (report: string) => void;
  onCompare: (reports: string[]) => void;
}

export function ReportsPanel({ of, busy, onStep, onCall, onCompare }: ReportsPanelProps) {
  const { t, locale } = useWords();
  const may = (word: string) => of.actions.includes(word);
  const reports = [...of.reports].reverse();
  return (
    <>
      {of.comparisons
        .filter(one => one.class === null)
        .map(one => (
          <div key={one.reports.join()} className={classes.owed} role="status">
            <div>
              <strong>{t('cases.owed')}</strong>
              <span>{t('cases.owedText')}</span>
            </div>
            <Button size="sm" variant="white" color="dark" onClick={() => onCompare(one.reports)}>
              {t(may('compare') ? 'cases.compare' : 'cases.lookAtBoth')}
            </Button>
          </div>
        ))}
      <Discordant of={of} busy={busy} onStep={onStep} onCompare={onCompare} />
      {reports.length > 0 && (
        <Panel title={t('cases.reports')}>
          {reports.map(report => (
            <Report
              key={report.event}
              of={of}
              report={report}
              busy={busy}
              superseded={isSuperseded(of, report)}
              onAcknowledge={may('acknowledge') && isToRead(of, report) ? () => onStep({ step: 'acknowledge', report: report.event, differences: differencesOf(of) }) : null}
              onHear={may('hear-here') && report.unheard ? () => onStep({ step: 'hear', report: report.event }) : null}
              onCall={may('hear') && report.unheard ? () => onCall(report.event) : null}
            />
          ))}
        </Panel>
      )}
      {of.comparisons.some(one => one.class !== null) && (
        <Panel title={t('cases.comparisons')}>
          <ul className={classes.compared}>
            {of.comparisons.map(
              one =>
                one.class && (
                  <li key={one.reports.join()} data-is={one.class}>
                    <strong>{t(`cases.class.${one.class}`)}</strong>
                    <span>{[one.text, one.person].filter(Boolean).join(' · ')}</span>
                    <Button size="compact-sm" variant="subtle" leftSection={<IconLink size={14} />} onClick={() => onCompare(one.reports)}>
                      {t('cases.lookAtBoth')}
                    </Button>
                  </li>
                ),
            )}
          </ul>
        </Panel>
      )}
      <ToldPanel of={of} />
      {of.claim && (
        <p className="visually-hidden" role="status">
          {t('cases.takenBy', { person: of.claim.person, site: of.claim.site_name, at: hourMinute(of.claim.at, locale) })}
        </p>
      )}
    </>
  );
}
