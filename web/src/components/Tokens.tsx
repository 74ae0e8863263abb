// Tokens of programs: one's own, or those of all.

import { Button, Checkbox, Group, NumberInput, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useState } from 'react';
import type { Action, ListedToken } from '../api/types';
import { AskTwice } from './AskTwice';
import { ListedTable } from './ListedTable';
import { Problem } from './parts';
import { ago, day } from '../lib/format';
import { useWords } from '../lib/language';
import { useNow } from '../lib/time';

interface TokenListProps {
  asked: Pick<UseQueryResult<ListedToken[]>, 'data' | 'error' | 'refetch'>;
  /** Whose each is. */
  owners?: boolean;
  busy: boolean;
  onRemove: (name: string) => void;
}

export function TokenList({ asked, owners = false, busy, onRemove }: TokenListProps) {
  const { t, locale } = useWords();
  const now = useNow(30_000);
  const heads = [t('common.name'), ...(owners ? [t('people.owner')] : []), t('account.tokenScope'), t('account.expires'), t('account.used')];
  return (
    <ListedTable asked={asked} rows={told => told} none={t('account.noTokens')} heads={heads}>
      {token => {
        const { name } = token;
        const ends = token.expires === null ? t('account.never') : day(token.expires, locale);
        return (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            {owners && <Table.Td>{token.owner ?? t('people.machine')}</Table.Td>}
            <Table.Td>
              {t(`role.${token.role}`)}
              <Text size="xs" c="dimmed">
                {token.actions.map(action => t(`action.${action}`)).join(', ') || t('common.none')}
              </Text>
            </Table.Td>
            <Table.Td>{token.expired ? t('account.expired') : ends}</Table.Td>
            <Table.Td>{token.last_used === null ? t('account.notUsed') : ago(token.last_used, locale, now)}</Table.Td>
            <Table.Td ta="end">
              <AskTwice
                word={t('account.revoke')}
                really={t('account.revokeReally')}
                label={t('account.revokeOf', { name })}
                reallyLabel={t('account.revokeReallyOf', { name })}
                busy={busy}
                onYes={() => onRemove(name)}
              />
            </Table.Td>
          </Table.Tr>
        );
      }}
    </ListedTable>
  );
}

export interface AskedToken {
  name: string;
  days: number;
  actions: Action[];
}

interface TokenFormProps {
  /** What it may be made for. */
  actions: readonly Action[];
  nameLabel: string;
  busy: boolean;
  error: unknown;
  children?: ReactNode;
  onMake: (asked: AskedToken) => void;
}

export function TokenForm({ actions, nameLabel, busy, error, children, onMake }: TokenFormProps) {
  const { t } = useWords();
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | string>(90);
  const [without, setWithout] = useState<readonly Action[]>([]);
  const chosen = actions.filter(action => !without.includes(action));
  const fit = name.trim() !== '' && typeof days === 'number' && days >= 1 && days <= 366 && chosen.length > 0;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (fit) onMake({ name: name.trim(), days, actions: chosen });
      }}
    >
      <Stack gap="sm">
        <Group align="flex-end" grow>
          <TextInput label={nameLabel} autoComplete="off" maxLength={64} value={name} onChange={event => setName(event.currentTarget.value)} />
          <NumberInput label={t('account.tokenDays')} min={1} max={366} allowDecimal={false} value={days} onChange={setDays} />
        </Group>
        {children}
        <Checkbox.Group label={t('account.tokenScope')} value={chosen} onChange={now => setWithout(actions.filter(action => !now.includes(action)))}>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing={6} mt={6}>
            {actions.map(action => (
              <Checkbox key={action} value={action} label={t(`action.${action}`)} />
            ))}
          </SimpleGrid>
        </Checkbox.Group>
        <Problem error={error} />
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={!fit}>
            {t('settings.addToken')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
