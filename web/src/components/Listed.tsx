// A list asked of the node: waiting, failed, empty, or a table of it.

import { Table, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ActsHead } from './parts';
import { Failure, Waiting } from './State';
import { Wide } from './Wide';

interface ListedProps<Told, Row> {
  asked: Pick<UseQueryResult<Told>, 'data' | 'error' | 'refetch'>;
  rows: (told: Told) => Row[];
  none: string;
  /** Of the columns but the last, which holds buttons. */
  heads: string[];
  children: (row: Row) => ReactNode;
}

export function Listed<Told, Row>({ asked: { data, error, refetch }, rows, none, heads, children }: ListedProps<Told, Row>) {
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const listed = rows(data);
  if (listed.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {none}
      </Text>
    );
  }
  return (
    <Wide min={620} label={heads.join(', ')}>
      <Table verticalSpacing="xs" fz="sm">
        <Table.Thead>
          <Table.Tr>
            {heads.map(head => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
            <ActsHead />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{listed.map(children)}</Table.Tbody>
      </Table>
    </Wide>
  );
}
