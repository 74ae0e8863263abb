// A patient's studies everywhere: priors by how much they help, one click from standing beside what is read; records that only
// look alike apart from them, to be compared; and which sites have answered.

import { Button } from '@mantine/core';
import { IconArrowsDiff, IconColumns2 } from '@tabler/icons-react';
import { useState } from 'react';
import type { AskedSite, History as Told, HistoryRow } from '../api/history';
import { useMay } from '../api/queries';
import { bytes, count, dicomDate } from '../lib/format';
import { useWords } from '../lib/language';
import { CompareRecords } from './CompareRecords';
import classes from './history.module.css';
import { useReason } from './problem';
import { Failure, Waiting } from './State';

interface HistoryProps {
  history: Told;
  again: () => void;
  /** Opens a study, beside what is read where something is. */
  onOpen: (row: HistoryRow) => void;
  busy?: boolean;
  /** Whether something is being read that they stand beside. */
  beside: boolean;
}

/** Who did not answer, and who is still asked. */
function Sites({ sites }: { sites: AskedSite[] }) {
  const { t } = useWords();
  const why = useReason();
  if (sites.length === 0) return null;
  const of = (state: AskedSite['state']) => sites.filter(site => site.state === state);
  const names = (list: AskedSite[]) => list.map(site => (site.reason ? `${site.site_name} (${why(site.reason)})` : site.site_name)).join(', ');
  const [asking, answered, away, refused, unknown] = [of('asking'), of('answered'), of('away'), of('refused'), of('unknown')];
  return (
    <p className={classes.sites} role="status" aria-live="polite">
      {t('history.answered', { count: answered.length, of: sites.length })}
      {asking.length > 0 && ` ${t('history.asking', { count: asking.length })}`}
      {away.length > 0 && (
        <>
          {' '}
          <strong>{t('history.away', { sites: names(away) })}</strong>
        </>
      )}
      {refused.length > 0 && ` ${t('history.refused', { sites: names(refused) })}`}
      {unknown.length > 0 && ` ${t('history.unknown', { sites: names(unknown) })}`}
    </p>
  );
}

function Row({ row, beside, busy, onOpen, onCompare }: { row: HistoryRow; beside: boolean; busy: boolean; onOpen: (row: HistoryRow) => void; onCompare: (row: HistoryRow) => void }) {
  const { t, locale } = useWords();
  const mayRead = useMay('read-studies');
  const { study } = row;
  const line = [dicomDate(study.date, locale) ?? '—', study.modalities.join('/'), study.description ?? study.body_parts.join(', ')].filter(Boolean).join(' · ');
  const here = study.instances_here >= study.instances ? t('history.here') : t(`list.${study.availability}`);
  const facts = [row.holders.map(holder => holder.site_name).join(' + '), `${count(study.instances, locale)} ${t('strip.images', { count: study.instances })}`, bytes(study.bytes, locale), here];
  const isPrior = row.is !== 'candidate';
  return (
    <li className={classes.row} data-is={row.is} data-relevant={(isPrior && row.relevant) || undefined} data-study={study.study}>
      <span className={classes.line}>{line}</span>
      <span className={classes.facts}>
        {facts.join(' · ')}
        {isPrior && row.relevant && ` · ${t('history.relevant')}`}
        {row.is === 'linked' && ` · ${t('history.linked')}`}
        {!isPrior && <span className={classes.warn}> · {row.differs.length > 0 ? t('history.differs', { what: row.differs.map(trait => t(`history.trait.${trait}`)).join(', ') }) : t('history.alike')}</span>}
      </span>
      <span className={classes.acts}>
        {isPrior && mayRead && (
          <Button size="compact-sm" variant="default" loading={busy} disabled={study.availability === 'closed'} leftSection={<IconColumns2 size={15} />} aria-label={t(beside ? 'history.besideLong' : 'history.openLong', { study: line })} onClick={() => onOpen(row)}>
            {t(beside ? 'history.beside' : 'list.open')}
          </Button>
        )}
        {(isPrior ? row.link : row.identifier) !== null && (
          <Button size="compact-sm" variant="subtle" leftSection={<IconArrowsDiff size={15} />} aria-label={t('history.compareLong', { study: line })} onClick={() => onCompare(row)}>
            {t('history.compare')}
          </Button>
        )}
      </span>
    </li>
  );
}

export function History({ history, again, onOpen, beside, busy = false }: HistoryProps) {
  const { t, locale } = useWords();
  const [comparing, setComparing] = useState<HistoryRow | null>(null);
  const [opening, setOpening] = useState<string | null>(null);
  if (history.error && history.rows.length === 0) return <Failure error={history.error} retry={again} />;
  if (!history.told) return <Waiting />;
  const priors = history.rows.filter(row => row.is !== 'candidate');
  const candidates = history.rows.filter(row => row.is === 'candidate');
  const list = (rows: HistoryRow[], name: string) => (
    <ul className={classes.list} aria-label={name}>
      {rows.map(row => (
        <Row
          key={row.study.study}
          row={row}
          beside={beside}
          busy={busy && opening === row.study.study}
          onOpen={chosen => {
            setOpening(chosen.study.study);
            onOpen(chosen);
          }}
          onCompare={setComparing}
        />
      ))}
    </ul>
  );
  const unused = history.ahead ? history.ahead.bytes - history.ahead.opened_bytes : 0;
  return (
    <div>
      {history.meant?.identifiers.length === 0 && <p className={classes.sites}>{t('history.noId')}</p>}
      {priors.length === 0 ? <p className={classes.sites}>{t(history.done ? 'history.none' : 'history.noneYet')}</p> : list(priors, t('history.priors'))}
      {candidates.length > 0 && (
        <>
          <h3 className={classes.sub}>{t('history.candidates')}</h3>
          <p className={classes.sites}>{t('history.candidatesAbout')}</p>
          {list(candidates, t('history.candidates'))}
        </>
      )}
      <Sites sites={history.sites} />
      {history.more && <p className={classes.sites}>{t('history.more')}</p>}
      {history.ahead && history.ahead.studies > 0 && (
        <p className={classes.sites}>
          {t('history.ahead', { count: history.ahead.studies, bytes: bytes(history.ahead.bytes, locale), opened: count(history.ahead.opened, locale), unused: bytes(unused, locale) })}
        </p>
      )}
      {comparing && history.meant && (
        <CompareRecords
          meant={history.meant}
          row={comparing}
          onClose={() => setComparing(null)}
          onDecided={() => {
            setComparing(null);
            again();
          }}
        />
      )}
    </div>
  );
}
