// What rules offer to peers and fetch from them: what waits and why, what became of it, and what of it nobody opened.

import { SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { post } from '../../api/client';
import { keys, peerRulesQuery } from '../../api/queries';
import type { PeerOffer, PeerFetch } from '../../api/types';
import { ListedTable } from '../../components/ListedTable';
import { Fact, Section } from '../../components/parts';
import { bytes, count, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { QueueRow } from './QueueRow';

const OPEN = ['waiting', 'sending', 'failing'];
/** Offers that a person may have made again. */
const SAID_NO = ['refused', 'unknown'];
const WRONG = ['refused', 'failing'];

export function PeerRules() {
  const { t } = useWords();
  const asked = useQuery(peerRulesQuery);
  return (
    <>
      <Section title={t('archive.rules.offers')} about={t('archive.rules.offersAbout')}>
        <ListedTable
          asked={asked}
          rows={told => told.offers}
          none={t('archive.rules.offersNone')}
          heads={[t('archive.rules.to'), t('archive.study'), t('archive.rules.how')]}
        >
          {row => <Row key={`${row.site} ${row.study}`} row={row} />}
        </ListedTable>
      </Section>
      {asked.data && (
        <Section title={t('archive.rules.fetches')} about={t('archive.rules.fetchesAbout')}>
          <Stack gap="md">
            {asked.data.waste.fetched > 0 && <Waste waste={asked.data.waste} />}
            <ListedTable
              asked={asked}
              rows={told => told.fetches}
              none={t('archive.rules.fetchesNone')}
              heads={[t('archive.rules.from'), t('archive.study'), t('archive.rules.how')]}
            >
              {row => <Row key={`${row.site} ${row.study}`} row={row} fetched={row} />}
            </ListedTable>
          </Stack>
        </Section>
      )}
    </>
  );
}

function Waste({ waste }: { waste: Record<'fetched' | 'fetched_bytes' | 'unopened' | 'unopened_bytes' | 'wasted' | 'wasted_bytes', number> }) {
  const { t, locale } = useWords();
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }}>
      {(['fetched', 'unopened', 'wasted'] as const).map(key => (
        <Fact key={key} name={t(`archive.rules.waste.${key}`)}>
          {t('archive.rules.studiesOf', { count: waste[key], studies: count(waste[key], locale), size: bytes(waste[`${key}_bytes`], locale) })}
        </Fact>
      ))}
    </SimpleGrid>
  );
}

function Row({ row, fetched }: { row: PeerOffer | PeerFetch; fetched?: PeerFetch }) {
  const { t, locale } = useWords();
  const named = { site: row.site, study: row.study };
  const about = { study: patientName(row.patient_name) ?? t('archive.noName'), to: row.site_name };
  const kind = fetched ? 'fetch' : 'offer';
  const isOpen = OPEN.includes(row.state);
  const says = (fetched ? { sending: 'fetching' as const } : { done: 'told' as const }) as Partial<Record<typeof row.state, 'fetching' | 'told'>>;
  const word = t(`archive.rules.peerState.${says[row.state] ?? row.state}`);
  const far = fetched && (
    <Text size="sm">
      {[
        t('archive.rules.here', { here: bytes(Math.min(fetched.kept_bytes, fetched.bytes), locale), of: bytes(fetched.bytes, locale) }),
        t(`archive.rules.cause.${fetched.cause}`),
        row.state === 'done' && t(fetched.opened ? 'archive.rules.opened' : 'archive.rules.unopened'),
      ]
        .filter(Boolean)
        .join(' · ')}
    </Text>
  );
  return (
    <QueueRow
      of={row}
      to={row.site_name}
      state={{ key: row.state, word }}
      far={far}
      reason={row.reason === null ? null : { text: t(`archive.rules.reason.${row.reason}`, { defaultValue: row.reason }), wrong: WRONG.includes(row.state) }}
      retry={
        isOpen || (!fetched && SAID_NO.includes(row.state))
          ? { word: t('archive.rules.retry'), name: t(`archive.rules.${kind}RetryNamed`, about), act: () => post('/rules/peers/retry', named) }
          : undefined
      }
      drop={
        isOpen
          ? {
              word: t(`archive.rules.${kind}Drop`),
              name: t(`archive.rules.${kind}DropNamed`, about),
              title: t(`archive.rules.${kind}DropTitle`),
              text: t(`archive.rules.${kind}DropText`, about),
              act: () => post('/rules/peers/drop', named),
            }
          : undefined
      }
      changes={keys.peerRules}
    />
  );
}
