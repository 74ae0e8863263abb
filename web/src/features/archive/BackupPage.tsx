// The backup: when it was taken, and its second copy at another site; what is kept here for others.

import { Badge, Button, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, sparesQuery, storageQuery } from '../../api/queries';
import type { Keeping, Proved, Storage } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Page } from '../../components/Page';
import { Fact, Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { useProblem } from '../../components/problem';
import { bytes, count, minute, rate } from '../../lib/format';
import { useWords } from '../../lib/language';
import { FetchBack } from './FetchBack';
import { SpareDialog } from './SpareDialog';

const COLOURS = { offered: 'sky', received: 'yellow', active: 'teal', ended: 'gray' } as const;

export function BackupPage() {
  const { t } = useWords();
  const { data: copies, error, refetch } = useQuery(sparesQuery);
  const backup = useQuery(storageQuery).data?.backup;
  const [offering, setOffering] = useState(false);
  return (
    <Page title={t('archive.pages.backup')}>
      {error && !copies ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : copies ? (
        <Stack gap="md">
          <FetchBack />
          {backup && <Taken backup={backup} />}
          <Section title={t('archive.backup.second')} about={t('archive.backup.about')}>
            <Stack gap="lg">
              {copies.keepings.length === 0 && (
                <Text size="sm" c="dimmed">
                  {t('archive.backup.none')}
                </Text>
              )}
              {copies.keepings.map(keeping => (
                <Copy key={keeping.id} keeping={keeping} rule={copies.rule_days} listed={copies.list !== null} />
              ))}
              <Group>
                <Button variant="default" onClick={() => setOffering(true)}>
                  {t('archive.backup.offer')}
                </Button>
              </Group>
            </Stack>
          </Section>
          {offering && <SpareDialog onClose={() => setOffering(false)} />}
        </Stack>
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function Taken({ backup }: { backup: Storage['backup'] }) {
  const { t, locale } = useWords();
  return (
    <Section title={t('archive.backup.own')} about={t('archive.backup.ownAbout')}>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg" verticalSpacing="md">
        <Fact name={t('archive.backup.last')}>
          {backup.last === null ? (
            <Text size="sm" component="span" c={backup.rule_days === 0 ? 'inherit' : 'yellow.4'}>
              {t('archive.storage.never')}
            </Text>
          ) : (
            minute(backup.last, locale)
          )}
        </Fact>
        <Fact name={t('archive.backup.new')}>{backup.last === null ? '—' : bytes(backup.new_bytes, locale)}</Fact>
        <Fact name={t('archive.backup.rule')}>
          {backup.rule_days === 0 ? t('archive.storage.never') : t('archive.storage.days', { count: backup.rule_days })}
        </Fact>
      </SimpleGrid>
    </Section>
  );
}

function Copy({ keeping, rule, listed }: { keeping: Keeping; rule: number; listed: boolean }) {
  const { t, locale } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [ending, setEnding] = useState(false);
  const { state, peer_name: site, keeps } = keeping;
  const act = useMutation({
    mutationFn: (what: 'accept' | 'end') => post<Keeping>(`/spare/${keeping.id}/${what}`),
    onSettled: () => {
      setEnding(false);
      void client.invalidateQueries({ queryKey: keys.keepings });
    },
    onError: error => notifications.show({ color: 'red', message: say(error) }),
  });
  const prove = useMutation({
    mutationFn: () => post<Proved>(`/spare/${keeping.id}/prove`, {}),
    onSettled: () => client.invalidateQueries({ queryKey: keys.keepings }),
  });
  const title = t(keeps ? 'archive.backup.here' : 'archive.backup.there', { site });
  const isOver = state === 'ended';
  return (
    <article aria-label={title}>
      <Group justify="space-between" gap="sm" align="flex-start" mb="xs">
        <Group gap="sm">
          <Text fw={600}>{title}</Text>
          <Badge variant="light" color={COLOURS[state]} style={{ textTransform: 'none' }}>
            {keeping.replaced ? t('archive.backup.replaced') : t(`archive.backup.state.${state}`)}
          </Badge>
        </Group>
        <Group gap="xs">
          {state === 'received' && (
            <Button size="compact-sm" loading={act.isPending} onClick={() => act.mutate('accept')}>
              {t('archive.backup.accept')}
            </Button>
          )}
          {state === 'active' && !keeps && keeping.standing?.whole && (
            <Button size="compact-sm" variant="default" loading={prove.isPending} onClick={() => prove.mutate()}>
              {t('archive.backup.prove')}
            </Button>
          )}
          {!isOver && (
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => setEnding(true)}>
              {t('archive.backup.end')}
            </Button>
          )}
        </Group>
      </Group>
      {!keeping.replaced && (
        <Stack gap="sm">
          <Standing keeping={keeping} rule={rule} listed={listed} />
          <Problem error={prove.error} />
        </Stack>
      )}
      <Text size="xs" c="dimmed" mt="xs">
        {t('archive.backup.terms', {
          size: bytes(keeping.bytes_max, locale),
          rate: rate(keeping.bytes_per_second, locale),
          hours: t(keeping.spans.length > 0 ? 'archive.backup.atHours' : 'archive.backup.always'),
          days: t('archive.storage.days', { count: keeping.days_after }),
        })}
      </Text>
      <Confirm
        opened={ending}
        title={t('archive.backup.endTitle')}
        text={t('archive.backup.endText', { site, days: t('archive.storage.days', { count: keeping.days_after }) })}
        yes={t('archive.backup.endYes')}
        busy={act.isPending}
        onYes={() => act.mutate('end')}
        onClose={() => setEnding(false)}
      />
    </article>
  );
}

function Standing({ keeping, rule, listed }: { keeping: Keeping; rule: number; listed: boolean }) {
  const { t, locale } = useWords();
  const { standing, proved, erased } = keeping;
  if (erased) {
    return <Text size="sm">{t('archive.backup.erased', { at: minute(erased.at, locale), size: bytes(erased.bytes, locale) })}</Text>;
  }
  if (!standing) {
    if (keeping.state !== 'active') return null;
    return (
      <Text size="sm" c="dimmed">
        {t(keeping.keeps || listed ? 'archive.backup.notYet' : 'archive.backup.noBackup')}
      </Text>
    );
  }
  const isOverdue = rule > 0 && (keeping.age_days ?? 0) >= rule;
  const all = standing.bytes + standing.missing_bytes;
  const share = (100 * standing.bytes) / Math.max(1, all);
  return (
    <Stack gap="sm">
      {standing.missing_files > 0 && <Progress value={share} aria-label={t('archive.backup.copied')} />}
      {standing.halt && (
        <Text size="sm" c="red.4" role="alert">
          {standing.halt === 'full'
            ? t('archive.backup.full', { needed: bytes(standing.needed_bytes ?? 0, locale), size: bytes(keeping.bytes_max, locale) })
            : t('archive.backup.noRoom')}
        </Text>
      )}
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg" verticalSpacing="md">
        <Fact name={t('archive.backup.whole')}>
          <Text size="sm" component="span" c={isOverdue || !standing.whole ? 'yellow.4' : 'inherit'}>
            {standing.whole ? minute(standing.whole, locale) : t('archive.storage.never')}
          </Text>
        </Fact>
        <Fact name={t('archive.backup.copied')}>
          {t('archive.backup.of', { done: bytes(standing.bytes, locale), all: bytes(all, locale) })}
        </Fact>
        {keeping.told && !keeping.keeps && <Fact name={t('archive.backup.told')}>{minute(keeping.told, locale)}</Fact>}
        {proved && (
          <Fact name={t('archive.backup.proved', { at: minute(proved.at, locale) })}>
            <Text size="sm" component="span" c={proved.bad > 0 ? 'red.4' : 'inherit'}>
              {t('archive.backup.provedOf', { good: count(proved.files - proved.bad, locale), files: count(proved.files, locale) })}
            </Text>
          </Fact>
        )}
      </SimpleGrid>
    </Stack>
  );
}
