// What leaves from here: which peers are being given which studies, how fast, and what holds them back.

import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { outgoingQuery } from '../api/queries';
import type { Outgoing } from '../api/types';
import { Section } from './parts';
import { Listed } from './State';
import { Wide } from './Wide';
import { rate } from '../lib/format';
import { useWords } from '../lib/language';
import { agreedLine, outgoingLine, sentLine, urgencyOf } from './outgoing';

const HEADS = ['site', 'study', 'urgency', 'sent', 'speed', 'link'] as const;

function Row({ row }: { row: Outgoing }) {
  const { t, locale } = useWords();
  const agreed = agreedLine(row, t, locale);
  return (
    <Table.Tr>
      <Table.Th scope="row">{row.site_name}</Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{row.study}</Table.Td>
      <Table.Td>{urgencyOf(row, t)}</Table.Td>
      <Table.Td>{sentLine(row, t, locale)}</Table.Td>
      <Table.Td>
        {rate(row.bytes_per_s, locale)}
        {agreed && (
          <Text size="xs" {...(row.held_back ? { c: 'yellow.4' } : { c: 'dimmed' })}>
            {agreed}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{outgoingLine(row, t, locale)}</Table.Td>
    </Table.Tr>
  );
}

export function OutgoingTable() {
  const { t } = useWords();
  const asked = useQuery(outgoingQuery);
  return (
    <Section title={t('outgoing.title')} about={t('outgoing.about')}>
      <Listed query={asked} none={t('outgoing.none')}>
        {rows => (
          <Wide min={860} label={t('outgoing.title')}>
            <Table verticalSpacing="xs" fz="sm" aria-label={t('outgoing.title')}>
              <Table.Thead>
                <Table.Tr>
                  {HEADS.map(head => (
                    <Table.Th key={head} scope="col">
                      {t(`outgoing.${head}`)}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {rows.map(row => (
                  <Row key={`${row.site} ${row.study}`} row={row} />
                ))}
              </Table.Tbody>
            </Table>
          </Wide>
        )}
      </Listed>
    </Section>
  );
}
