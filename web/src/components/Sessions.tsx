import { Badge, Table } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { SignedIn } from '../api/types';
import { AskTwice } from './AskTwice';
import { ListedTable } from './ListedTable';
import { ago, moment } from '../lib/format';
import { useWords } from '../lib/language';
import { useNow } from '../lib/time';

/** Of what a browser says of itself, what people call it. */
function deviceName(agent: string): string {
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1];
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1];
  const called: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS' };
  const words = [browser, system].filter(word => word !== undefined).map(word => called[word] ?? word);
  return words.length > 0 ? words.join(', ') : agent.slice(0, 40) || '—';
}

interface SessionsProps {
  asked: Pick<UseQueryResult<SignedIn[]>, 'data' | 'error' | 'refetch'>;
  busy: boolean;
  onEnd: (session: SignedIn) => void;
}

export function Sessions({ asked, busy, onEnd }: SessionsProps) {
  const { t, locale } = useWords();
  const now = useNow(30_000);
  return (
    <ListedTable
      asked={asked}
      rows={told => told}
      none={t('account.noSessions')}
      heads={[t('account.device'), t('account.since'), t('account.seen'), t('account.address')]}
    >
      {session => {
        const device = deviceName(session.device);
        const label = t('account.endOf', { device, since: moment(session.since, locale) });
        return (
          <Table.Tr key={session.id}>
            <Table.Td title={session.device}>
              {device} {session.this && <Badge variant="light">{t('account.this')}</Badge>}
            </Table.Td>
            <Table.Td>{moment(session.since, locale)}</Table.Td>
            <Table.Td>{ago(session.last_seen, locale, now)}</Table.Td>
            <Table.Td>{session.address}</Table.Td>
            <Table.Td ta="end">
              <AskTwice word={t('account.end')} really={t('account.end')} label={label} reallyLabel={label} busy={busy} onYes={() => onEnd(session)} />
            </Table.Td>
          </Table.Tr>
        );
      }}
    </ListedTable>
  );
}
