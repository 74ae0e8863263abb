// A list asked of the node, as a table whose last column holds buttons.

import { Table } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ActsHead } from './parts';
import { Listed } from './State';
import { Wide } from './Wide';

interface ListedTableProps<Told, Row> {
  asked: Pick<UseQueryResult<Told>, 'data' | 'error' | 'refetch'>;
  rows: (told: Told) => Row[];
  none: string;
  /** Of the columns but the last. */
  heads: string[];
  children: (row: Row) => ReactNode;
}

export function ListedTable<Told, Row>({ asked, rows, none, heads, children }: ListedTableProps<Told, Row>) {
  const query = { data: asked.data && rows(asked.data), error: asked.error, refetch: asked.refetch };
  return (
    <Listed query={query} none={none}>
      {listed => (
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
      )}
    </Listed>
  );
}
