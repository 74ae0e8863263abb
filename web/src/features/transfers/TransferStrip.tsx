// The strip at the foot of every page: what is coming from whom, how fast, how much is left.

import { ActionIcon, CloseButton, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconPlayerPause, IconPlayerPlay, IconShieldCheck, IconX } from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { useEffect, useState } from 'react';
import { post } from '../../api/client';
import { transfersQuery, useMay } from '../../api/queries';
import type { Transfer } from '../../api/types';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import { linkLine, ordered, transferLine } from './line';
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

/** What an administrator does with a transfer; what is looked at comes in any case. */
function Steer({ transfer }: { transfer: Transfer }) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const steer = useMutation({
    mutationFn: (what: 'pause' | 'resume' | 'cancel') =>
      post(`/transfers/${encodeURIComponent(transfer.site)}/${encodeURIComponent(transfer.study)}/${what}`, {}),
    onError: error => notifications.show({ color: 'red', message: say(error) }),
    onSettled: () => void client.invalidateQueries({ queryKey: transfersQuery.queryKey }),
  });
  const paused = transfer.state === 'paused';
  if (transfer.road === 'source' || !['running', 'waiting', 'paused'].includes(transfer.state)) return null;
  const acts = [
    { what: paused ? ('resume' as const) : ('pause' as const), Icon: paused ? IconPlayerPlay : IconPlayerPause },
    { what: 'cancel' as const, Icon: IconX },
  ];
  return (
    <div className={classes.acts}>
      {acts.map(({ what, Icon }) => (
        <Tooltip key={what} label={t(`strip.${what}`, { site: transfer.site_name })}>
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            loading={steer.isPending && steer.variables === what}
            aria-label={t(`strip.${what}`, { site: transfer.site_name })}
            onClick={() => steer.mutate(what)}
          >
            <Icon size={14} aria-hidden="true" />
          </ActionIcon>
        </Tooltip>
      ))}
    </div>
  );
}

export function TransferStrip() {
  const maySteer = useMay('administer');
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
            <Tooltip label={linkLine(transfer, t, locale)} multiline maw={360} events={{ hover: true, focus: true, touch: true }}>
              <span tabIndex={0}>{line.parts.join(' · ')}</span>
            </Tooltip>
            {(line.tone === 'running' || line.tone === 'good') && <IconShieldCheck size={15} aria-hidden="true" />}
            {maySteer && <Steer transfer={transfer} />}
            {line.tone === 'bad' && <CloseButton size="xs" aria-label={t('common.close')} onClick={() => putAway(transfer)} />}
          </div>
        );
      })}
      {shown.length > SHOWN && <div className={classes.more}>{t('strip.more', { count: shown.length - SHOWN })}</div>}
    </aside>
  );
}
