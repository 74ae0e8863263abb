// How the ledger behind the log stands: what each peer cosigned, what waits for a countersignature, what was found wrong.

import { Accordion, Alert, Badge, Button, Group, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { get, post } from '../../api/client';
import { keys, useMay } from '../../api/queries';
import type { Ledger as LedgerState, LedgerFinding, LedgerHead } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { moment } from '../../lib/format';
import { useWords } from '../../lib/language';

export const ledgerKey = [...keys.audit, 'ledger'];

function Head({ head }: { head: LedgerHead | null }) {
  const { t, locale } = useWords();
  if (!head) return <Text c="dimmed">{t('ledger.none')}</Text>;
  return (
    <Group gap={6} wrap="nowrap">
      <span>{t('ledger.upTo', { count: head.size, at: moment(head.at, locale) })}</span>
      {!head.unbroken && (
        <Badge size="sm" variant="light" color="red" style={{ textTransform: 'none' }}>
          {t('ledger.broken')}
        </Badge>
      )}
    </Group>
  );
}

function Finding({ finding }: { finding: LedgerFinding }) {
  const { t, locale } = useWords();
  const { site_name: site, first, last } = finding;
  return (
    <Alert
      mb="xs"
      color={finding.settled ? 'gray' : 'red'}
      icon={<IconAlertTriangle size={18} aria-hidden="true" />}
      title={t(`ledger.wrong.${finding.wrong}`, { site })}
    >
      {t('ledger.places', { first, last })}
      {finding.number !== null && ` ${t('ledger.record', { number: finding.number })}`} {moment(finding.at, locale)}
      {finding.settled && ` · ${t('ledger.settled')}`}
    </Alert>
  );
}

export function Ledger() {
  const { t, locale } = useWords();
  const mayAdminister = useMay('administer');
  const client = useQueryClient();
  const ledger = useQuery({ queryKey: ledgerKey, queryFn: ({ signal }) => get<LedgerState>('/ledger', signal) });
  const settle = useMutation({
    mutationFn: () => post('/ledger/settle', {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ledgerKey }),
  });
  if (ledger.isLoading) return <Waiting />;
  if (!ledger.data) return <Failure error={ledger.error} retry={() => void ledger.refetch()} />;
  const { size, since, before, peers, findings } = ledger.data;
  const open = findings.filter(finding => !finding.settled);
  const missing = peers.reduce((sum, peer) => sum + peer.missing, 0);
  return (
    <Accordion variant="contained" mb="md" defaultValue={open.length > 0 ? 'ledger' : null}>
      <Accordion.Item value="ledger">
        <Accordion.Control>
          <Group gap="sm">
            <Text fw={600}>{t('ledger.title')}</Text>
            <Text size="sm" c="dimmed">
              {t('ledger.size', { count: size })}
            </Text>
            {open.length > 0 && <Badge color="red">{t('ledger.findings', { count: open.length })}</Badge>}
            {missing > 0 && (
              <Badge color="yellow" variant="light" style={{ textTransform: 'none' }}>
                {t('ledger.missing', { count: missing })}
              </Badge>
            )}
          </Group>
        </Accordion.Control>
        <Accordion.Panel>
          <Text size="sm" mb="sm">
            {t('ledger.about', { since: moment(since, locale), count: before })}
          </Text>
          {findings.map(finding => (
            <Finding key={`${finding.at} ${finding.site} ${finding.first}`} finding={finding} />
          ))}
          {open.length > 0 && mayAdminister && (
            <Button mb="sm" variant="default" loading={settle.isPending} onClick={() => settle.mutate()}>
              {t('ledger.settle')}
            </Button>
          )}
          {settle.isError && <Failure error={settle.error} />}
          {peers.length > 0 && (
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  {(['peer', 'cosigned', 'held', 'waiting'] as const).map(column => (
                    <Table.Th key={column}>{t(`ledger.${column}`)}</Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {peers.map(peer => (
                  <Table.Tr key={peer.site}>
                    <Table.Td>{peer.name}</Table.Td>
                    <Table.Td>
                      <Head head={peer.cosigned} />
                    </Table.Td>
                    <Table.Td>
                      <Head head={peer.held} />
                    </Table.Td>
                    <Table.Td>
                      {peer.missing}
                      {peer.oldest !== null && ` · ${t('ledger.oldest', { number: peer.oldest })}`}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          )}
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
