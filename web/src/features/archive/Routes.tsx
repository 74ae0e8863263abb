// What waits to be sent to DICOM peers because of rules.

import { Badge, Button, Group, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, routesQuery } from '../../api/queries';
import type { Route } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { dicomDate, minute, patientName } from '../../lib/format';
import { useFault } from '../../components/problem';
import { useWords } from '../../lib/language';

const COLOURS = { waiting: 'gray', sending: 'sky', failing: 'red' } as const;

export function Routes() {
  const { t } = useWords();
  const { data: routes, error, refetch } = useQuery(routesQuery);
  return (
    <Section title={t('archive.rules.queue')} about={t('archive.rules.queueAbout')}>
      {error && !routes ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !routes ? (
        <Waiting />
      ) : routes.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.rules.queueNone')}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={620}>
          <Table verticalSpacing={6} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('archive.rules.to')}</Table.Th>
                <Table.Th>{t('archive.study')}</Table.Th>
                <Table.Th>{t('archive.rules.sent')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {routes.map(route => (
                <Row key={`${route.to} ${route.study}`} route={route} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  );
}

function Row({ route }: { route: Route }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: keys.routes });
  const named = { to: route.to, study: route.study };
  const retry = useMutation({ mutationFn: () => post('/routes/retry', named), onSettled: again });
  const drop = useMutation({
    mutationFn: () => post('/routes/drop', named),
    onSettled: () => {
      setAsked(false);
      void again();
    },
  });
  const say = useFault();
  const name = patientName(route.patient_name) ?? t('archive.noName');
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {route.to}
        </Text>
        <Text size="xs" c="dimmed">
          {t('archive.rules.no', { number: route.rule })}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{name}</Text>
        <Text size="xs" c="dimmed">
          {dicomDate(route.date, locale)} {route.description}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap="xs">
          <Badge variant="light" color={COLOURS[route.state]} style={{ textTransform: 'none' }}>
            {t(`archive.rules.state.${route.state}`)}
          </Badge>
          <Text size="sm">{t('archive.rules.of', { sent: route.sent, of: route.instances })}</Text>
        </Group>
        {route.error && (
          <Text size="xs" c="red.4" style={{ overflowWrap: 'anywhere' }}>
            {say(route.error)}
          </Text>
        )}
        {route.again && (
          <Text size="xs" c="dimmed">
            {t('archive.rules.again', { when: minute(route.again, locale) })}
          </Text>
        )}
        <Problem error={retry.error ?? drop.error} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Button
            size="compact-sm"
            variant="subtle"
            disabled={route.state === 'sending'}
            loading={retry.isPending}
            onClick={() => retry.mutate()}
            aria-label={t('archive.rules.retryNamed', { study: name, to: route.to })}
          >
            {t('archive.rules.retry')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            onClick={() => setAsked(true)}
            aria-label={t('archive.rules.dropNamed', { study: name, to: route.to })}
          >
            {t('archive.rules.drop')}
          </Button>
        </Group>
        <Confirm
          opened={asked}
          title={t('archive.rules.dropTitle')}
          text={t('archive.rules.dropText', { to: route.to })}
          yes={t('archive.rules.drop')}
          busy={drop.isPending}
          onYes={() => drop.mutate()}
          onClose={() => setAsked(false)}
        />
      </Table.Td>
    </Table.Tr>
  );
}
