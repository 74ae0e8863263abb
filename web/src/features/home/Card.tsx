// A card of the home page. It has its place before the node has answered and keeps it whatever the answer is: what arrives late moves
// nothing that somebody is about to press.

import { Button } from '@mantine/core';
import { IconAlertTriangle, IconChevronRight, IconCircleCheck, IconLock, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { ApiError } from '../../api/client';
import { useKeptError } from '../../components/keptError';
import { useProblem } from '../../components/problem';
import { hourMinute } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './home.module.css';

/** So many rows are drawn; a small screen shows the first of them. */
export const SHOWN = 6;

/** What a card shows is asked for so. */
export interface Asked<T> {
  data: T | undefined;
  error: Error | null;
  dataUpdatedAt: number;
  refetch: () => unknown;
}

interface CardProps<T> {
  title: string;
  /** Where all of it stands. */
  to?: string;
  asked: Asked<T>;
  /** Beside the title. */
  count?: (data: T) => string | undefined;
  calls?: (data: T) => boolean;
  /** A sentence, where others have rows. */
  small?: boolean;
  children: (data: T) => ReactNode;
}

export function Card<T>({ title, to, asked, count, calls, small = false, children }: CardProps<T>) {
  const { data } = asked;
  const error = useKeptError(asked);
  return (
    <section
      className={classes.card}
      data-small={small || undefined}
      data-calls={(data !== undefined && calls?.(data)) ? true : undefined}
      aria-label={title}
      aria-busy={(data === undefined && !error) || undefined}
    >
      <h2>
        {to ? (
          <Link to={to}>
            <em>{title}</em> <IconChevronRight size={15} aria-hidden="true" />
          </Link>
        ) : (
          <em>{title}</em>
        )}
        {data !== undefined && <Standing at={asked.dataUpdatedAt} isOld={error !== null} count={count?.(data)} />}
      </h2>
      <div className={classes.body}>
        {data !== undefined ? children(data) : error ? <Failed error={error} retry={() => void asked.refetch()} /> : <Held rows={small ? 1 : SHOWN} />}
      </div>
    </section>
  );
}

/** How many there are; where the node did not answer when it was asked again, of when that is. */
function Standing({ at, isOld, count }: { at: number; isOld: boolean; count: string | undefined }) {
  const { t, locale } = useWords();
  if (!isOld) return count === undefined ? null : <span>{count}</span>;
  const told = t('cases.stale', { at: hourMinute(new Date(at).toISOString(), locale) });
  return (
    <span data-old title={told}>
      <IconPlugConnectedX size={13} aria-hidden="true" />
      {count}
      <em className="visually-hidden" role="status">
        {told}
      </em>
    </span>
  );
}

/** The place of rows that are still to come. */
function Held({ rows }: { rows: number }) {
  const { t } = useWords();
  return (
    <div role="status" aria-label={t('common.loading')}>
      <ul className={classes.held} aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          <li key={row} />
        ))}
      </ul>
    </div>
  );
}

/** Nothing came: why, and the way to ask again. */
function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const { t } = useWords();
  const say = useProblem();
  const code = error instanceof ApiError ? error.code : null;
  const isDenied = code === 'role';
  const isOffline = code === 'offline';
  const Icon = isDenied ? IconLock : isOffline ? IconPlugConnectedX : IconAlertTriangle;
  return (
    <div className={classes.failed} role="alert" data-is={isDenied ? 'denied' : isOffline ? 'offline' : 'error'}>
      <Icon size={20} aria-hidden="true" />
      <p>
        <strong>{t(isDenied ? 'state.deniedTitle' : isOffline ? 'state.offlineTitle' : 'state.errorTitle')}</strong>
        {!isDenied && <span>{isOffline ? t('state.offline') : say(error)}</span>}
      </p>
      {!isDenied && (
        <Button size="compact-sm" variant="default" onClick={retry}>
          {t('common.retry')}
        </Button>
      )}
    </div>
  );
}

/** There is nothing, and that is said. `isGood`: it is as it should be. */
export function None({ text, isGood = false }: { text: string; isGood?: boolean }) {
  return (
    <p className={classes.none}>
      {isGood && <IconCircleCheck size={18} aria-hidden="true" />}
      {text}
    </p>
  );
}
