// The people of this site: who there is, and what an administrator does with an account.

import { Badge, Button, Group, Modal, PasswordInput, Select, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, usersQuery } from '../../api/queries';
import type { AddedUser, Role, User } from '../../api/types';
import { ListedTable } from '../../components/ListedTable';
import { Once, Problem, Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import { UserDialog } from './UserDialog';
import { ROLES } from './roles';

function Standing({ user }: { user: User }) {
  const { t } = useWords();
  return (
    <Group gap={4}>
      <Badge variant="light" color={user.disabled ? 'red' : 'teal'} style={{ textTransform: 'none' }}>
        {user.disabled ? t('people.disabled') : t('people.active')}
      </Badge>
      {user.origin && (
        <Badge variant="light" color="sky" style={{ textTransform: 'none' }}>
          {t('people.byProvider')}
        </Badge>
      )}
      {user.must_change && (
        <Badge variant="light" color="yellow" style={{ textTransform: 'none' }}>
          {t('people.mustChange')}
        </Badge>
      )}
      {(user.second_factor || user.needs_second_factor) && (
        <Badge variant="light" color={user.second_factor ? 'teal' : 'yellow'} style={{ textTransform: 'none' }}>
          {user.second_factor ? t('people.withFactor') : t('people.lacksFactor')}
        </Badge>
      )}
    </Group>
  );
}

function AddUser() {
  const { t } = useWords();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('radiologist');
  const [password, setPassword] = useState('');
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const add = useMutation({
    mutationFn: () => post<AddedUser>('/users', { name: name.trim(), role, must_change: true, ...(password ? { password } : {}) }),
    onSuccess: user => {
      setMade(user.password ? { name: user.name, password: user.password } : null);
      setName('');
      setPassword('');
      void client.invalidateQueries({ queryKey: keys.users });
    },
  });
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        add.mutate();
      }}
    >
      <Stack gap="sm">
        {made && <Once name={t('settings.generated', { name: made.name })} secret={made.password} onClose={() => setMade(null)} />}
        {add.isSuccess && !made && !name && (
          <Text size="sm" role="status">
            {t('settings.userAdded', { name: add.data.name })}
          </Text>
        )}
        <Title order={3}>{t('settings.addUser')}</Title>
        <Group align="flex-start" grow>
          <TextInput label={t('settings.userName')} autoComplete="off" value={name} onChange={event => setName(event.currentTarget.value)} />
          <Select
            label={t('settings.role')}
            allowDeselect={false}
            value={role}
            onChange={value => value && setRole(value)}
            data={ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
          />
        </Group>
        <PasswordInput
          label={t('settings.password')}
          description={t('settings.passwordHelp')}
          autoComplete="new-password"
          value={password}
          onChange={event => setPassword(event.currentTarget.value)}
        />
        <Problem error={add.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={add.isPending} disabled={!name.trim()}>
            {t('common.add')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function UsersSection() {
  const { t } = useWords();
  const users = useQuery(usersQuery);
  const [chosen, choose] = useState<string | null>(null);
  const user = users.data?.find(({ name }) => name === chosen);
  return (
    <Section title={t('settings.users')}>
      <Stack gap="md">
        <ListedTable
          asked={users}
          rows={told => told}
          none={t('settings.noUsers')}
          heads={[t('settings.userName'), t('settings.role'), t('people.rpps'), t('people.state')]}
        >
          {row => (
            <Table.Tr key={row.name}>
              <Table.Td>{row.name}</Table.Td>
              <Table.Td>
                <Badge variant="light" color={row.role === 'admin' ? 'sky' : 'gray'} style={{ textTransform: 'none' }}>
                  {t(`role.${row.role}`)}
                </Badge>
              </Table.Td>
              <Table.Td>{row.professional.rpps}</Table.Td>
              <Table.Td>
                <Standing user={row} />
              </Table.Td>
              <Table.Td ta="end">
                <Button size="compact-sm" variant="subtle" onClick={() => choose(row.name)} aria-label={t('people.manageOf', { name: row.name })}>
                  {t('people.manage')}
                </Button>
              </Table.Td>
            </Table.Tr>
          )}
        </ListedTable>
        <AddUser />
      </Stack>
      <Modal
        opened={user !== undefined}
        onClose={() => choose(null)}
        size="xl"
        title={user && t('people.manageOf', { name: user.name })}
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {user && <UserDialog key={user.name} user={user} />}
      </Modal>
    </Section>
  );
}
