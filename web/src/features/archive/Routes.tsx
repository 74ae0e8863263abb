// What waits to be sent to DICOM peers because of rules.

import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { post } from '../../api/client';
import { keys, routesQuery } from '../../api/queries';
import type { Route } from '../../api/types';
import { ListedTable } from '../../components/ListedTable';
import { Section } from '../../components/parts';
import { useFault } from '../../components/problem';
import { patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { QueueRow } from './QueueRow';

export function Routes() {
  const { t } = useWords();
  const routes = useQuery(routesQuery);
  return (
    <Section title={t('archive.rules.queue')} about={t('archive.rules.queueAbout')}>
      <ListedTable
        asked={routes}
        rows={told => told}
        none={t('archive.rules.queueNone')}
        heads={[t('archive.rules.to'), t('archive.study'), t('archive.rules.sent')]}
      >
        {route => <Row key={`${route.to} ${route.study}`} route={route} />}
      </ListedTable>
    </Section>
  );
}

function Row({ route }: { route: Route }) {
  const { t } = useWords();
  const say = useFault();
  const named = { to: route.to, study: route.study };
  const about = { study: patientName(route.patient_name) ?? t('archive.noName'), to: route.to };
  return (
    <QueueRow
      of={route}
      to={route.to}
      state={{ key: route.state, word: t(`archive.rules.state.${route.state}`) }}
      far={<Text size="sm">{t('archive.rules.of', { sent: route.sent, of: route.instances })}</Text>}
      reason={route.error === null ? null : { text: say(route.error), wrong: true }}
      retry={{ word: t('archive.rules.retry'), name: t('archive.rules.retryNamed', about), act: () => post('/routes/retry', named) }}
      drop={{
        word: t('archive.rules.drop'),
        name: t('archive.rules.dropNamed', about),
        title: t('archive.rules.dropTitle'),
        text: t('archive.rules.dropText', { to: route.to }),
        act: () => post('/routes/drop', named),
      }}
      changes={keys.routes}
    />
  );
}
