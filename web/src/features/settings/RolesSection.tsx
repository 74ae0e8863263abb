import { Table } from '@mantine/core';
import { IconCheck, IconMinus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { rolesQuery } from '../../api/queries';
import type { RoleRow } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { Section } from '../../components/parts';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';

function Answer({ yes }: { yes: boolean }) {
  const { t } = useWords();
  return (
    <Table.Td ta="center">
      {yes ? <IconCheck size={16} role="img" aria-label={t('people.yes')} /> : <IconMinus size={16} opacity={0.4} role="img" aria-label={t('people.no')} />}
    </Table.Td>
  );
}

/** The one table of roles, as the node tells it. */
export function RolesSection() {
  const { t } = useWords();
  const { data: roles, error, refetch } = useQuery(rolesQuery);
  const actions = roles?.find(({ role }) => role === 'admin')?.actions ?? [];
  const cells = (answer: (row: RoleRow) => boolean) => roles?.map(row => <Answer key={row.role} yes={answer(row)} />);
  return (
    <Section title={t('people.roles')} about={t('people.rolesHelp')}>
      {error && !roles ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !roles ? (
        <Waiting />
      ) : (
        <Wide min={720} label={t('people.roles')}>
          <Table verticalSpacing={6} fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('people.action')}</Table.Th>
                {roles.map(({ role }) => (
                  <Table.Th key={role} ta="center">
                    {t(`role.${role}`)}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {actions.map(action => (
                <Table.Tr key={action}>
                  <Table.Th scope="row" fw={400}>
                    {t(`action.${action}`)}
                  </Table.Th>
                  {cells(row => row.actions.includes(action))}
                </Table.Tr>
              ))}
              <Table.Tr>
                <Table.Th scope="row" fw={400}>
                  {t('people.factorNeeded')}
                </Table.Th>
                {cells(row => row.needs_second_factor)}
              </Table.Tr>
            </Table.Tbody>
          </Table>
        </Wide>
      )}
    </Section>
  );
}
