// The strip at the foot of every page: what is coming from whom, how fast, how much is left.

import { CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconShieldCheck } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { useEffect, useState } from 'react';
import { transfersQuery } from '../../api/queries';
import type { Transfer } from '../../api/types';
import { useWords } from '../../lib/language';
import { ordered, transferLine } from './line';
import classes from './strip.module.css';

const SHOWN = 3;
const DONE_STAYS_MS = 6_000;

/** Which transfers the strip shows: finished ones leave by themselves, faults stay until put away. */
function useShown(transfers: Transfer[]) {
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const keyOf = (transfer: Transfer) => `${transfer.study} ${transfer.state}`;
  const finished = transfers.filter(transfer => transfer.state === 'done').map(keyOf).join('\n');
  useEffect(() => {
    if (!finished) return;
    const timer = setTimeout(() => setGone(known => new Set([...known, ...finished.split('\n')])), DONE_STAYS_MS);
    return () => clearTimeout(timer);
  }, [finished]);
  return {
    shown: ordered(transfers.filter(transfer => !gone.has(keyOf(transfer)))),
    putAway: (transfer: Transfer) => setGone(known => new Set([...known, keyOf(transfer)])),
  };
}

export function TransferStrip() {
  const { t, locale } = useWords();
  const { shown, putAway } = useShown(useQuery(transfersQuery).data ?? []);
  if (shown.length === 0) return null;
  return (
    <aside className={classes.strip} aria-label={t('strip.label')}>
      {shown.slice(0, SHOWN).map(transfer => {
        const line = transferLine(transfer, t, locale);
        return (
          <div
            key={transfer.study}
            className={classes.line}
            data-tone={line.tone}
            role={line.tone === 'bad' ? 'alert' : undefined}
            style={{ '--share': `${Math.round(line.share * 1000) / 10}%` } as CSSProperties}
          >
            <strong>{line.site}</strong>
            <span>{line.parts.join(' · ')}</span>
            {(line.tone === 'running' || line.tone === 'good') && <IconShieldCheck size={15} aria-hidden="true" />}
            {line.tone === 'bad' && <CloseButton size="xs" aria-label={t('common.close')} onClick={() => putAway(transfer)} />}
          </div>
        );
      })}
      {shown.length > SHOWN && <div className={classes.more}>{t('strip.more', { count: shown.length - SHOWN })}</div>}
    </aside>
  );
}
