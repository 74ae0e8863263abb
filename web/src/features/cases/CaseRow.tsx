import { IconUserCheck } from '@tabler/icons-react';
import { memo } from 'react';
import type { CaseRow as Row } from '../../api/types';
import { age, dicomDate, hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './worklist.module.css';
import { Flags, ImageCount, PriorityMark, TimeLeft } from './marks';
import { nameOf } from '../../components/who';

const ACTS = ['open', 'claim', 'release', 'accept', 'images', 'report'] as const;
export type RowAct = (typeof ACTS)[number];

/** What a press at this place means: of which case, and what. */
export function pressed(target: EventTarget): { id: string | null; act: RowAct | null } {
  const at = target instanceof Element ? target : null;
  const word = at?.closest('[data-act]')?.getAttribute('data-act');
  return { id: at?.closest('[data-case]')?.getAttribute('data-case') ?? null, act: ACTS.find(act => act === word) ?? null };
}

/** The one act that a row offers at its turn. */
export function actOf(row: Row, may: { report: boolean }): RowAct {
  if (!may.report) return 'open';
  if (row.tab === 'offered' && row.role === 'asked') return 'accept';
  if (row.claim?.mine) return 'report';
  if (row.tab === 'ready' && !row.claim) return 'claim';
  return 'open';
}

interface CaseRowProps {
  row: Row;
  index: number;
  selected: boolean;
  busy: boolean;
  mayReport: boolean;
  /** Pixels from the top of the list. */
  top: number;
}

function Whose({ row }: { row: Row }) {
  const { t, locale } = useWords();
  if (row.claim) {
    return (
      <span className={classes.claim} data-mine={row.claim.mine || undefined} title={`${row.claim.person} · ${row.claim.site_name}`}>
        <IconUserCheck size={14} aria-hidden="true" />
        <span>
          <span className="visually-hidden">{t('cases.reservedBy')} </span>
          {row.claim.mine ? t('cases.you') : row.claim.person}
          <small>{hourMinute(row.claim.at, locale)}</small>
        </span>
      </span>
    );
  }
  return <span className={classes.dim}>{row.owner.person ?? (row.owner.ours ? t('cases.ourSite') : row.owner.site_name)}</span>;
}

/**
 * What is done to a row is read from the row by the list (`data-case`, `data-act`): a row that did not change is not drawn
 * again, however many there are.
 */
export const CaseRow = memo(function CaseRow({ row, index, selected, busy, mayReport, top }: CaseRowProps) {
  const { t, locale } = useWords();
  const patient = nameOf(row.patient, row.case, t);
  const years = age(row.patient.birth_date, new Date());
  const what = actOf(row, { report: mayReport });
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes.row}
      data-selected={selected || undefined}
      data-priority={row.priority}
      data-case={row.case}
      style={{ transform: `translateY(${top}px)` }}
    >
      <div role="gridcell" className={classes.priority}>
        <PriorityMark priority={row.priority} />
      </div>
      <div role="gridcell" className={classes.left}>
        <TimeLeft row={row} />
      </div>
      <div role="gridcell" className={classes.patient}>
        <div className={classes.name} title={patient}>
          {patient}
        </div>
        <div className={classes.facts}>
          {[row.patient.sex, years === null ? null : t('cases.years', { count: years }), dicomDate(row.patient.birth_date, locale)].filter(Boolean).join(' · ')}
        </div>
      </div>
      <div role="gridcell" className={classes.question}>
        <div className={classes.cut} title={row.question}>
          {row.kind === 'expertise' && <span className={classes.kind}>{t('cases.kind.expertise')}</span>}
          {row.question}
        </div>
        <div className={classes.facts}>
          <Flags flags={row.flags} />
        </div>
      </div>
      <div role="gridcell" className={classes.modality}>
        <div>{row.modality || '—'}</div>
        <div className={classes.facts}>{row.region}</div>
      </div>
      <div role="gridcell" className={classes.site}>
        <div className={classes.cut} title={row.requester_name}>
          {row.requester_name}
        </div>
        <div className={classes.facts}>{row.requested_by}</div>
      </div>
      <div role="gridcell" className={classes.stage}>
        <div className={classes.cut}>{t(`cases.stage.${row.stage}`)}</div>
        <div className={classes.facts}>{row.reader_name && row.role !== 'reader' ? row.reader_name : ''}</div>
      </div>
      <div role="gridcell" className={classes.images}>
        <ImageCount images={row.images} />
      </div>
      <div role="gridcell" className={classes.whose}>
        <Whose row={row} />
      </div>
      <div role="gridcell" className={classes.acts}>
        <button
          type="button"
          className={classes.act}
          data-filled={selected || what === 'accept' || undefined}
          aria-busy={busy || undefined}
          disabled={busy}
          tabIndex={selected ? 0 : -1}
          aria-label={t(`cases.rowLong.${what}`, { patient })}
          data-act={what}
        >
          {t(`cases.row.${what}`)}
        </button>
      </div>
    </div>
  );
});
