// The night at a glance, for whoever directs it: who is on duty, what lies with each, what is late, what lies with nobody; and from
// there a case is offered to somebody who has time, raised, or called for. What the node does not allow is not offered.

import { Button, Menu } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { IconArrowBackUp, IconChevronDown, IconPhone, IconPlugConnectedX, IconUserQuestion } from '@tabler/icons-react';
import { Suspense, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { CaseRow } from '../../api/types';
import { caseQuery, casesQuery, shiftsQuery, useMay } from '../../api/queries';
import { usePageTitle } from '../../components/Page';
import { Denied, Failure, Waiting } from '../../components/State';
import { count, hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { worded } from '../../lib/later';
import { useNodeTime } from '../../lib/time';
import type { Given, StepWord } from './acts';
import type { Lane } from './board';
import { freest, lanesOf, toRead } from './board';
import classes from './board.module.css';
import { Flags, PriorityMark, TimeLeft } from './marks';
import { PRIORITIES, urgencyOf } from './order';
import { Sites } from './Sites';
import { useSteps } from './useSteps';
import { nameOf } from '../../components/who';

const StepDialog = worded(async () => (await import('./StepDialog')).StepDialog);

/** More are told as a number; the worklist has them all. */
const ASKED = 500;
/** What is done to a case from here, where the node allows it. */
const STEPS = ['offer', 'prioritise', 'escalate', 'regulate', 'hand-over', 'release'] as const satisfies readonly StepWord[];
const PROPOSED = 5;
/** Cases of a lane that are drawn, and as many again at each asking: the most urgent, which come first. */
const DRAWN = 40;

interface Asked {
  row: CaseRow;
  step: StepWord;
  start: Given;
}

export function Board() {
  return useMay('list-studies') ? <Lanes /> : <Denied />;
}

function Lanes() {
  const { t, locale } = useWords();
  usePageTitle(t('board.title'));
  const navigate = useNavigate();
  const now = useNodeTime();
  const cases = useQuery(casesQuery(`limit=${ASKED}`));
  const shifts = useQuery(shiftsQuery);
  const steps = useSteps();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [site, setSite] = useState<string | null>(null);
  useHotkeys([['Escape', () => asked === null && void navigate('/cases')]]);
  if (cases.isError && !cases.data) return <Failure error={cases.error} retry={() => void cases.refetch()} />;
  if (!cases.data) return <Waiting />;

  const open = cases.data.rows.filter(toRead);
  const shown = open.filter(row => site === null || [row.requester, row.reader, row.claim?.site].includes(site));
  const lanes = lanesOf(shown, shifts.data ?? [], now);
  const late = open.filter(row => urgencyOf(row, now) === 'late').length;
  const loose = lanes.find(lane => lane.site === null)?.rows.length ?? 0;
  const free = freest(lanesOf(open, shifts.data ?? [], now));
  return (
    <div className={classes.view}>
      <header className={classes.top}>
        <Button component={Link} to="/cases" size="compact-sm" variant="subtle" leftSection={<IconArrowBackUp size={15} aria-hidden="true" />}>
          {t('cases.title')}
        </Button>
        <h1>{t('board.title')}</h1>
        <ul className={classes.sums} aria-label={t('board.sums')}>
          <li>{t('board.open', { count: open.length, shown: count(open.length, locale) })}</li>
          <li data-calls={late > 0 || undefined}>{t('board.late', { count: late, shown: count(late, locale) })}</li>
          <li data-calls={loose > 0 || undefined}>{t('board.unheld', { count: loose, shown: count(loose, locale) })}</li>
          <li data-calls={free.length === 0 || undefined}>{t('board.onDuty', { count: free.length, shown: count(free.length, locale) })}</li>
        </ul>
      </header>
      <Sites sites={cases.data.sites} chosen={site} onChoose={setSite} />
      {cases.data.next !== null && <p className={classes.more}>{t('board.more', { shown: count(ASKED, locale) })}</p>}
      {shifts.isError && (
        <p className={classes.more} data-calls role="status">
          {t('board.noShifts')}
        </p>
      )}
      <div className={classes.lanes} tabIndex={0} role="region" aria-label={t('board.lanes')}>
        {lanes.map(lane => (
          <LaneCard key={lane.key} lane={lane} free={free} onAsk={setAsked} />
        ))}
      </div>
      <Suspense fallback={null}>
        {asked && (
          <StepDialog
            key={`${asked.row.case}${asked.step}`}
            of={asked.row}
            step={asked.step}
            start={asked.start}
            busy={steps.isPending}
            error={steps.error}
            onClose={() => {
              steps.reset();
              setAsked(null);
            }}
            onYes={body => steps.mutate({ id: asked.row.case, body }, { onSuccess: () => setAsked(null) })}
          />
        )}
      </Suspense>
    </div>
  );
}

function LaneCard({ lane, free, onAsk }: { lane: Lane; free: readonly Lane[]; onAsk: (asked: Asked) => void }) {
  const { t, locale } = useWords();
  const [drawn, setDrawn] = useState(DRAWN);
  const hidden = lane.rows.length - drawn;
  const isLoose = lane.site === null;
  const title = isLoose ? t('board.nobody') : (lane.person ?? t('board.unclaimed', { site: lane.siteName }));
  if (isLoose && lane.rows.length === 0) return null;
  const { shift } = lane;
  return (
    <section className={classes.lane} aria-label={title} data-loose={isLoose || undefined} data-late={lane.late > 0 || undefined} data-lane={lane.key}>
      <h2>
        {isLoose && <IconUserQuestion size={16} aria-hidden="true" />}
        <span>{title}</span>
        <b aria-label={t('board.held', { count: lane.rows.length })}>{lane.rows.length}</b>
      </h2>
      <div className={classes.who}>
        {!isLoose && <span>{lane.siteName}</span>}
        {shift ? (
          <>
            <span>{t('board.until', { at: hourMinute(shift.end, locale) })}</span>
            {shift.telephone && (
              <a href={`tel:${shift.telephone.replaceAll(/[^\d+]/g, '')}`}>
                <IconPhone size={13} aria-hidden="true" />
                {shift.telephone}
              </a>
            )}
            {shift.silent && (
              <em>
                <IconPlugConnectedX size={13} aria-hidden="true" />
                {t('board.silent')}
              </em>
            )}
          </>
        ) : (
          lane.person && <span>{t('board.offDuty')}</span>
        )}
      </div>
      <Load lane={lane} />
      {lane.rows.length === 0 ? (
        <p className={classes.free}>{t('board.free')}</p>
      ) : (
        <ul>
          {lane.rows.slice(0, drawn).map(row => (
            <Line key={row.case} row={row} free={free} onAsk={onAsk} />
          ))}
        </ul>
      )}
      {hidden > 0 && (
        <Button size="compact-sm" variant="default" fullWidth mt={6} onClick={() => setDrawn(drawn + DRAWN)}>
          {t('board.hidden', { count: hidden, shown: count(hidden, locale) })}
        </Button>
      )}
    </section>
  );
}

/** How much of what urgency: one block a case. */
function Load({ lane }: { lane: Lane }) {
  const { t } = useWords();
  const said = PRIORITIES.filter(priority => lane.counts[priority] > 0).map(priority => `${lane.counts[priority]} ${priority}`);
  if (said.length === 0) return null;
  return (
    <div className={classes.load} role="img" aria-label={t('board.load', { what: said.join(', ') })}>
      {lane.rows.slice(0, DRAWN).map(row => (
        <i key={row.case} data-is={row.priority} />
      ))}
    </div>
  );
}

function Line({ row, free, onAsk }: { row: CaseRow; free: readonly Lane[]; onAsk: (asked: Asked) => void }) {
  const { t } = useWords();
  const patient = nameOf(row.patient, row.case, t);
  return (
    <li data-case={row.case}>
      <PriorityMark priority={row.priority} />
      <Link to={`/cases/${row.case}`}>
        <strong>{patient}</strong>
        <small>{[row.question, row.requester_name, t(`cases.stage.${row.stage}`)].filter(Boolean).join(' · ')}</small>
        {row.flags.length > 0 && (
          <span className={classes.flags}>
            <Flags flags={row.flags} />
          </span>
        )}
      </Link>
      <TimeLeft row={row} />
      <Acts row={row} patient={patient} free={free} onAsk={onAsk} />
    </li>
  );
}

function Acts({ row, patient, free, onAsk }: { row: CaseRow; patient: string; free: readonly Lane[]; onAsk: (asked: Asked) => void }) {
  const { t } = useWords();
  const [opened, setOpened] = useState(false);
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" withinPortal withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <Button size="compact-xs" variant="default" rightSection={<IconChevronDown size={13} aria-hidden="true" />} aria-label={t('board.actsOn', { patient })}>
          {t('board.acts')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>{opened && <Allowed row={row} free={free} onAsk={onAsk} />}</Menu.Dropdown>
    </Menu>
  );
}

/** What the node allows of this case, to whoever looks. */
function Allowed({ row, free, onAsk }: { row: CaseRow; free: readonly Lane[]; onAsk: (asked: Asked) => void }) {
  const { t } = useWords();
  const whole = useQuery(caseQuery(row.case));
  if (whole.isError && !whole.data) return <Menu.Label role="alert">{t('board.unknown')}</Menu.Label>;
  if (!whole.data) return <Menu.Label role="status">{t('common.loading')}</Menu.Label>;
  const allowed = STEPS.filter(step => whole.data.actions.includes(step));
  const here = free.filter(lane => lane.site === row.reader && lane.person !== row.claim?.person).slice(0, PROPOSED);
  const others = free.filter(lane => lane.person !== row.claim?.person || lane.site !== row.claim.site).slice(0, PROPOSED);
  return (
    <>
      {allowed.includes('offer') && others.length > 0 && (
        <>
          <Menu.Label>{t('board.offerTo')}</Menu.Label>
          {others.map(lane => (
            <Menu.Item key={lane.key} onClick={() => onAsk({ row, step: 'offer', start: { to: lane.site ?? '', whom: lane.person ?? '' } })}>
              {t('board.candidate', { person: lane.person, site: lane.siteName, count: lane.rows.length })}
            </Menu.Item>
          ))}
          <Menu.Divider />
        </>
      )}
      {allowed.includes('regulate') && here.length > 0 && (
        <>
          <Menu.Label>{t('board.giveTo')}</Menu.Label>
          {here.map(lane => (
            <Menu.Item key={lane.key} onClick={() => onAsk({ row, step: 'regulate', start: { to: lane.person ?? '' } })}>
              {t('board.candidate', { person: lane.person, site: lane.siteName, count: lane.rows.length })}
            </Menu.Item>
          ))}
          <Menu.Divider />
        </>
      )}
      {allowed.map(step => (
        <Menu.Item key={step} onClick={() => onAsk({ row, step, start: {} })}>
          {t(`cases.step.${step}.title`)}
        </Menu.Item>
      ))}
      {allowed.length === 0 && <Menu.Label>{t('board.nothing')}</Menu.Label>}
    </>
  );
}
