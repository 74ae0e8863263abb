// What a case holds, part by part: the request, its images, who was asked, what was said, what happened.

import { Button, Textarea } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconSend, IconShieldCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useId, useState } from 'react';
import type { Case, CaseEvent } from '../../api/types';
import { useMay } from '../../api/queries';
import { count, dicomDate, hourMinute, moment } from '../../lib/format';
import { useWords, wordOf } from '../../lib/language';
import { studyHour } from '../../lib/zone';
import classes from './case.module.css';
import { KeyPictures } from './KeyPictures';
import { NumberList } from './Numbers';
import { AskPresence } from './Presence';
import { countOf, lateOf } from './state';
import { useImages } from './useImages';
import { lineOf } from '../../components/who';

export function Panel({ title, beside, children }: { title: string; beside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <div className={classes.panelHead}>
        <h2 id={id}>{title}</h2>
        {beside}
      </div>
      {children}
    </section>
  );
}

function Said({ name, text, warn = false }: { name: string; text: string | null; warn?: boolean }) {
  if (!text) return null;
  return (
    <div className={classes.said} data-warn={warn || undefined}>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

export function RequestPanel({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const images = useImages();
  const mayRead = useMay('read-studies');
  const named = of.identities.at(-1);
  return (
    <Panel title={t('cases.request')} beside={<span className={classes.dim}>{t('cases.requestedBy', { person: of.requested_by, site: of.requester_name, at: moment(of.requested, locale) })}</span>}>
      <dl className={classes.texts}>
        <Said name={t('cases.field.question')} text={of.question} />
        <Said name={t('cases.field.context')} text={of.context} />
        <Said name={t('cases.field.contraindications')} text={of.contraindications} warn />
        <Said name={t('cases.field.priors')} text={of.priors} />
        <Said name={t('cases.field.justification')} text={of.justification} />
        <Said name={t('cases.field.consent')} text={t(`cases.consent.${of.consent}`)} warn={of.consent === 'open'} />
        <Said name={t('cases.field.protocol')} text={of.protocol} />
        <Said name={t('cases.field.complement')} text={of.complement} />
        <Said name={t('cases.field.examination')} text={of.examination && t(`cases.examinationIs.${of.examination}`)} />
        <Said name={t('cases.field.on_site_physician')} text={of.on_site_physician} />
        <Said name={t('cases.field.answer_by')} text={of.answer_by && moment(of.answer_by, locale)} />
        {of.identities.slice(0, -1).map((one, at) => {
          const next = of.identities[at + 1];
          return <Said key={one.event} name={t('cases.identify.earlier')} text={t('cases.identify.earlierBy', { who: lineOf(one.patient, of.case, t, locale), person: next?.person ?? '', at: next ? moment(next.at, locale) : '' })} warn />;
        })}
        {named && (
          <Said
            name={t('cases.identify.isChecked')}
            text={named.checked_by ? t('cases.identify.checkedBy', { person: named.checked_by, at: moment(named.checked_at ?? named.at, locale) }) : t('cases.identify.unchecked')}
            warn={!named.checked_by}
          />
        )}
        <Said name={t('cases.accession')} text={[of.accession, of.accession_issuer].filter(Boolean).join(' · ')} />
      </dl>
      {of.key_images.length > 0 && (
        <>
          <h3 className={classes.sub}>{t('cases.keyImages')}</h3>
          <KeyPictures images={of.key_images} busy={images.busy} onOpen={mayRead ? image => void images.open(of.studies, of.case, { ...image, instance: image.instance ?? null }) : null} />
        </>
      )}
      {of.patient.identity === 'qualified' && of.patient.ins && <AskPresence key={of.case} ins={of.patient.ins} />}
    </Panel>
  );
}

export function ImagesPanel({ of, acts }: { of: Case; acts: ReactNode }) {
  const { t, locale } = useWords();
  const standing = countOf(of);
  const expected = of.images.expected ?? of.images.here;
  const last = of.reports.at(-1);
  return (
    <Panel title={t('cases.imagesTitle')} beside={acts}>
      {of.study_list.length === 0 ? (
        <p className={classes.dim}>{t(of.flags.includes('no-images') ? 'cases.noImagesAlarm' : 'cases.noImages')}</p>
      ) : (
        <>
          <p className={classes.countLine} data-is={standing}>
            {standing === 'complete' || standing === 'remote' ? <IconShieldCheck size={16} aria-hidden="true" /> : <IconAlertTriangle size={16} aria-hidden="true" />}
            {t(`cases.count.${standing}`, { count: standing === 'remote' ? expected : of.images.here, expected: count(expected, locale), here: count(of.images.here, locale) })}
            {of.images.count_confirmed && of.count_confirmed_by && ` · ${t(`cases.countBy.${of.count_confirmed_by}`)}`}
          </p>
          <ul className={classes.studies}>
            {of.study_list.map(study => (
              <li key={study.study}>
                <strong>{[dicomDate(study.date, locale) ?? t('common.unknown'), studyHour(study, t('cases.zoneUnknown'))].filter(Boolean).join(' ')}</strong>
                <span>{t('cases.studyCount', { count: study.expected ?? study.instances, here: count(study.here, locale) })}</span>
                <span>{study.holder_name}</span>
                <span className={classes.dim}>{t(`cases.joinedBy.${study.joined_by}`)}</span>
                {last && lateOf(last.read, of).includes(study.study) && <span className={classes.late}>{t('cases.late', { version: study.version })}</span>}
                {!study.verified && <span className={classes.late}>{t('cases.unverified')}</span>}
                {study.undecoded > 0 && <span className={classes.late}>{t('cases.undecoded', { count: study.undecoded })}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

export function RoutingPanel({ of }: { of: Case }) {
  const { t, locale } = useWords();
  if (of.asked.length === 0 && of.skipped.length === 0) return null;
  const known = t('cases.byNode', { returnObjects: true });
  const lines = [
    ...of.asked.map(one => ({
      key: `asked ${one.rank} ${one.site}`,
      rank: one.rank,
      name: [one.site_name, one.whom].filter(Boolean).join(' · '),
      said:
        one.answer === 'refused'
          ? t('cases.answerRefused', { reason: wordOf(known, one.reason ?? '') })
          : one.answer === 'waiting' && one.until
            ? t('cases.answerWaiting', { at: hourMinute(one.until, locale) })
            : t(`cases.answer.${one.answer}`),
      is: one.answer,
    })),
    ...of.skipped.map(one => ({ key: `skipped ${one.rank} ${one.whom}`, rank: one.rank, name: one.whom, said: t('cases.skippedWhy', { why: t(`cases.skip.${one.why}` as 'cases.skip.unreachable', { defaultValue: one.why }) }), is: 'skipped' as const })),
  ].sort((a, b) => a.rank - b.rank);
  return (
    <Panel title={t('cases.routing')}>
      <ol className={classes.routing}>
        {lines.map(line => (
          <li key={line.key} data-is={line.is}>
            <i aria-hidden="true">{line.rank}</i>
            <div>
              <strong>{line.name}</strong>
              <span>{line.said}</span>
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

export function TelephonePanel({ of }: { of: Case }) {
  const { t } = useWords();
  if (of.escalation.telephones.length === 0) return null;
  return (
    <Panel title={t('cases.telephones')}>
      <NumberList numbers={of.escalation.telephones} />
    </Panel>
  );
}

export function ThreadPanel({ of, busy, onSay }: { of: Case; busy: boolean; onSay: ((text: string) => Promise<unknown>) | null }) {
  const { t, locale } = useWords();
  const [text, setText] = useState('');
  const say = () => {
    if (onSay && text.trim() !== '') void onSay(text.trim()).then(() => setText(''), () => undefined);
  };
  return (
    <Panel title={t('cases.thread')}>
      {of.thread.length === 0 && <p className={classes.dim}>{t('cases.threadEmpty')}</p>}
      <ol className={classes.thread} aria-live="polite">
        {of.thread.map(one => (
          <li key={one.event} data-is={one.kind}>
            <span className={classes.dim}>
              <strong>{one.person}</strong> · {one.site_name} · {hourMinute(one.at, locale)}
              {one.kind !== 'said' && ` · ${t(`cases.threadKind.${one.kind}`)}`}
            </span>
            <p>{one.text}</p>
          </li>
        ))}
      </ol>
      {onSay && (
        <form
          className={classes.say}
          onSubmit={event => {
            event.preventDefault();
            say();
          }}
        >
          <Textarea
            aria-label={t('cases.sayLabel')}
            placeholder={t('cases.sayLabel')}
            value={text}
            maxLength={2_000}
            autosize
            minRows={1}
            maxRows={6}
            onChange={event => setText(event.currentTarget.value)}
            onKeyDown={event => {
              if (event.key === 'Enter' && !event.shiftKey) {
                event.preventDefault();
                say();
              }
            }}
          />
          <Button type="submit" variant="default" loading={busy} disabled={text.trim() === ''} aria-label={t('cases.say')} px="xs">
            <IconSend size={16} aria-hidden="true" />
          </Button>
        </form>
      )}
    </Panel>
  );
}

/** What an event did, in words; a step this portal does not know is shown by its own name. */
function useEventWords() {
  const { t, locale } = useWords();
  return (event: CaseEvent) => {
    const step = t(`cases.event.${event.step}` as 'cases.event.claimed', { defaultValue: event.step });
    if (event.lost_to) return t('cases.eventLost', { step, person: event.lost_to.person, at: event.lost_to.at ? hourMinute(event.lost_to.at, locale) : '—' });
    return event.void ? t('cases.eventVoid', { step, why: t(`cases.void.${event.void}` as 'cases.void.claimed', { defaultValue: event.void }) }) : step;
  };
}

const EVENTS_SHOWN = 8;

export function EventsPanel({ of }: { of: Case }) {
  const { t, locale } = useWords();
  const say = useEventWords();
  const [all, setAll] = useState(false);
  const newest = [...of.events].reverse();
  const known = t('cases.byNode', { returnObjects: true });
  const shown = all ? newest : newest.slice(0, EVENTS_SHOWN);
  return (
    <Panel title={t('cases.eventsTitle')}>
      <ol className={classes.events}>
        {shown.map(event => (
          <li key={event.event} data-void={event.void ?? undefined}>
            <time dateTime={event.at} title={moment(event.at, locale)}>
              {hourMinute(event.at, locale)}
            </time>
            <div>
              <strong>{say(event)}</strong>
              {event.text && <p>{wordOf(known, event.text)}</p>}
              <span>
                {[event.person, event.site_name].filter(Boolean).join(' · ')}
                {!event.void && <IconCheck size={12} aria-hidden="true" />}
              </span>
            </div>
          </li>
        ))}
      </ol>
      {newest.length > EVENTS_SHOWN && !all && (
        <Button size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
          {t('cases.allEvents', { count: newest.length })}
        </Button>
      )}
    </Panel>
  );
}
