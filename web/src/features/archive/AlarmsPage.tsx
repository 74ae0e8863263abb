// What is wrong with the node, since when, and whether those who are to know get to know.

import { Alert, Anchor, Badge, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { post } from '../../api/client';
import { alarmsQuery } from '../../api/queries';
import type { Alarm, AlarmTest, Fault } from '../../api/types';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { minute } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useFault } from '../../components/problem';
import { useWords } from '../../lib/language';

/** Kinds whose subject is a case. */
const CASES: ReadonlySet<Alarm['kind']> = new Set(['cases-late', 'results-unheard', 'case-unanswered', 'case-without-images']);

const COLOURS = { notice: 'sky', warning: 'yellow', critical: 'red' } as const;

export function AlarmsPage() {
  const { t } = useWords();
  const { data: alarms, error, refetch } = useQuery(alarmsQuery);
  return (
    <Page title={t('archive.pages.alarms')}>
      {error && !alarms ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : alarms ? (
        <Stack gap="md">
          <Section title={t('archive.alarms.standing')}>
            {alarms.standing.length === 0 ? (
              <Group gap="xs" c="teal.4" role="status">
                <IconCircleCheck size={20} aria-hidden="true" />
                <Text size="sm">{t('archive.alarms.none')}</Text>
              </Group>
            ) : (
              <Standing alarms={alarms.standing} />
            )}
          </Section>
          <Ways mail={alarms.mail} webhook={alarms.webhook} fault={alarms.fault} />
        </Stack>
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function Standing({ alarms }: { alarms: Alarm[] }) {
  const { t, locale } = useWords();
  return (
    <Wide min={560} label={t('archive.alarms.standing')}>
      <Table verticalSpacing="xs" fz="sm" aria-label={t('archive.alarms.standing')}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('archive.alarms.level')}</Table.Th>
            <Table.Th>{t('archive.alarms.what')}</Table.Th>
            <Table.Th>{t('archive.alarms.since')}</Table.Th>
            <Table.Th>{t('archive.alarms.told')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {alarms.map(({ kind, subject, level, value, since, told }) => (
            <Table.Tr key={`${kind} ${subject}`}>
              <Table.Td>
                <Badge variant="light" color={COLOURS[level]} style={{ textTransform: 'none' }}>
                  {t(`archive.alarms.levels.${level}`)}
                </Badge>
              </Table.Td>
              <Table.Td>
                {t(`archive.alarms.kinds.${kind}`, { subject, value, count: value })}
                {CASES.has(kind) && (
                  <>
                    {' · '}
                    <Anchor component={Link} to={`/cases/${subject}`} size="sm" underline="always">
                      {t('archive.alarms.case')}
                    </Anchor>
                  </>
                )}
              </Table.Td>
              <Table.Td>{minute(since, locale)}</Table.Td>
              <Table.Td>{told ? minute(told, locale) : '—'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

function Ways({ mail, webhook, fault }: { mail: boolean; webhook: boolean; fault: Fault | null }) {
  const { t } = useWords();
  const say = useFault();
  const test = useMutation({ mutationFn: () => post<AlarmTest>('/alarms/test') });
  const ways = [mail && t('archive.alarms.byMail'), webhook && t('archive.alarms.byWebhook')].filter(Boolean).join(', ');
  const failed = test.data?.fault ?? fault;
  return (
    <Section title={t('archive.alarms.ways')} about={t('archive.alarms.waysAbout')}>
      <Stack gap="sm" align="flex-start">
        {ways ? <Text size="sm">{ways}</Text> : <Alert color="yellow" variant="light" title={t('archive.alarms.nobody')} />}
        {failed && (
          <Alert color="red" variant="light" title={t('archive.alarms.failed')} role="alert">
            {say(failed)}
          </Alert>
        )}
        {test.data && !test.data.fault && (
          <Text size="sm" role="status">
            {t('archive.alarms.tested')}
          </Text>
        )}
        <Problem error={test.error} />
        <Group>
          <Button variant="default" disabled={!ways} loading={test.isPending} onClick={() => test.mutate()}>
            {t('archive.alarms.test')}
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}
