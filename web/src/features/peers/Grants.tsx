// Studies shared one by one with a site, or by it: what each grant lets, what it came through, and taking it back.

import { Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { get, remove } from '../../api/client';
import type { GrantRow, Peer } from '../../api/types';
import { useProblem } from '../../components/problem';
import { minute, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';

const KEY = ['grants'];
const EVERY_MS = 15_000;

export function Grants({ peer }: { peer: Peer }) {
  const { t } = useWords();
  const [shown, setShown] = useState(false);
  const grants = useQuery({ queryKey: KEY, queryFn: ({ signal }) => get<GrantRow[]>('/grants', signal), refetchInterval: EVERY_MS });
  const rows = (grants.data ?? []).filter(row => row.peer === peer.site || row.through.includes(peer.name));
  if (rows.length === 0) return null;
  return (
    <Stack gap={4} mt="sm">
      <Anchor component="button" type="button" size="sm" aria-expanded={shown} onClick={() => setShown(!shown)} style={{ alignSelf: 'flex-start' }}>
        {t('grants.show', { count: rows.length })}
      </Anchor>
      {shown && (
        <Stack component="ul" gap={6} m={0} pl={0} aria-label={t('grants.title')} style={{ listStyle: 'none' }}>
          {rows.map(row => (
            <Row key={row.grant} row={row} />
          ))}
        </Stack>
      )}
    </Stack>
  );
}

function Row({ row }: { row: GrantRow }) {
  const { t, locale } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: () => remove(`/grants/${row.grant}`),
    onSuccess: () => notifications.show({ color: 'teal', message: t('grants.revoked') }),
    onError: error => notifications.show({ color: 'red', message: say(error) }),
    onSettled: () => void client.invalidateQueries({ queryKey: KEY }),
  });
  const facts = [
    [...row.through, row.peer_name].join(' → '),
    t(`offer.levels.${row.level}`),
    t('grants.until', { date: minute(row.expires, locale) }),
    row.purpose && t('grants.only', { purpose: t(`offer.purpose.${row.purpose}`) }),
    row.copies_max !== null && t('grants.copies', { copies: row.copies, most: row.copies_max }),
    row.forward.length > 0 && t('grants.forward', { sites: row.forward.join(', ') }),
  ].filter(Boolean);
  return (
    <Group component="li" justify="space-between" gap="sm" wrap="nowrap">
      <Text size="sm" style={{ minWidth: 0 }}>
        <span title={row.study}>{shortId(row.study)}</span>
        <Text span size="sm" c="dimmed">
          {' · '}
          {facts.join(' · ')}
        </Text>
      </Text>
      {row.revocable && (
        <Button size="compact-xs" variant="default" loading={revoke.isPending} aria-label={`${t('grants.revoke')} : ${row.study}`} onClick={() => revoke.mutate()}>
          {t('grants.revoke')}
        </Button>
      )}
    </Group>
  );
}
