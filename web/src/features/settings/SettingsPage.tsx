// What an administrator looks up and changes about this site: its facts, its users, its machines.

import { Badge, Button, Grid, Group, PasswordInput, Select, SimpleGrid, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys, siteQuery, statusQuery, useMay, usersQuery } from '../../api/queries';
import type { AddedUser, Role, Token } from '../../api/types';
import { CopyText } from '../../components/CopyText';
import { Page } from '../../components/Page';
import { Denied, Failure, Waiting } from '../../components/State';
import { bytes, count, duration, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { AesSection } from './AesSection';
import { Fact, Once, Problem, Section } from '../../components/parts';

const ROLES: readonly Role[] = ['radiologist', 'referrer', 'technologist', 'auditor', 'admin'];

function SiteSection() {
  const { t, locale } = useWords();
  const site = useQuery(siteQuery).data;
  const { data: status, error, refetch } = useQuery(statusQuery);
  if (error && !status) return <Failure error={error} retry={() => void refetch()} />;
  if (!status) return <Waiting />;
  return (
    <Section title={t('settings.site')}>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="lg" verticalSpacing="md">
        <Fact name={t('common.name')}>{status.site}</Fact>
        <Fact name={t('settings.siteId')}>
          <CopyText text={status.site_id} shown={shortId(status.site_id)} />
        </Fact>
        <Fact name={t('settings.aeTitle')}>{site?.ae_title}</Fact>
        <Fact name={t('settings.version')}>{status.version}</Fact>
        <Fact name={t('settings.uptime')}>{duration(status.uptime_s, locale)}</Fact>
        <Fact name={t('settings.studies')}>{count(status.studies, locale)}</Fact>
        <Fact name={t('settings.instances')}>{count(status.instances, locale)}</Fact>
        <Fact name={t('settings.stored')}>{bytes(status.bytes, locale)}</Fact>
        <Fact name={t('settings.cache')}>{bytes(status.cache_bytes, locale)}</Fact>
        <Fact name={t('settings.free')}>{bytes(status.free_bytes, locale)}</Fact>
        <Fact name={t('settings.portal')}>{status.portal}</Fact>
        <Fact name={t('settings.dimse')}>{status.dimse}</Fact>
        <Fact name={t('settings.overlay')}>{status.overlay}</Fact>
        <Fact name={t('settings.pixels')}>{status.pixels}</Fact>
        <Fact name={t('settings.memory')}>{bytes(status.rss_bytes, locale)}</Fact>
      </SimpleGrid>
    </Section>
  );
}

function UsersSection() {
  const { t } = useWords();
  const client = useQueryClient();
  const users = useQuery(usersQuery);
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('radiologist');
  const [password, setPassword] = useState('');
  const [made, setMade] = useState<{ name: string; password: string } | null>(null);
  const add = useMutation({
    mutationFn: () =>
      post<AddedUser>('/users', { name: name.trim(), role, ...(password ? { password } : {}) }),
    onSuccess: user => {
      setMade(user.password ? { name: user.name, password: user.password } : null);
      setName('');
      setPassword('');
      void client.invalidateQueries({ queryKey: keys.users });
    },
  });
  return (
    <Section title={t('settings.users')}>
      {users.isError && <Failure error={users.error} retry={() => void users.refetch()} />}
      <Stack gap="md">
        <Table verticalSpacing={6} fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('settings.userName')}</Table.Th>
              <Table.Th>{t('settings.role')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {users.data?.map(user => (
              <Table.Tr key={user.name}>
                <Table.Td>{user.name}</Table.Td>
                <Table.Td>
                  <Badge variant="light" color={user.role === 'admin' ? 'sky' : 'gray'} style={{ textTransform: 'none' }}>
                    {t(`role.${user.role}`)}
                  </Badge>
                </Table.Td>
              </Table.Tr>
            ))}
            {users.data?.length === 0 && (
              <Table.Tr>
                <Table.Td colSpan={2} c="dimmed">
                  {t('settings.noUsers')}
                </Table.Td>
              </Table.Tr>
            )}
          </Table.Tbody>
        </Table>
        {made && <Once name={t('settings.generated', { name: made.name })} secret={made.password} onClose={() => setMade(null)} />}
        {add.isSuccess && !made && !name && (
          <Text size="sm" role="status">
            {t('settings.userAdded', { name: add.data.name })}
          </Text>
        )}
        <form
          onSubmit={event => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <Stack gap="sm">
            <Title order={3}>{t('settings.addUser')}</Title>
            <Group align="flex-start" grow>
              <TextInput
                label={t('settings.userName')}
                autoComplete="off"
                value={name}
                onChange={event => setName(event.currentTarget.value)}
              />
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
      </Stack>
    </Section>
  );
}

function TokensSection() {
  const { t } = useWords();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('technologist');
  const make = useMutation({ mutationFn: () => post<Token>('/tokens', { name: name.trim(), role }) });
  return (
    <Section title={t('settings.tokens')} about={t('settings.tokenHelp')}>
      <form
        onSubmit={event => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Stack gap="sm">
          <Group align="flex-end" grow>
            <TextInput label={t('settings.tokenName')} autoComplete="off" value={name} onChange={event => setName(event.currentTarget.value)} />
            <Select
              label={t('settings.role')}
              allowDeselect={false}
              value={role}
              onChange={value => value && setRole(value)}
              data={ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
            />
          </Group>
          <Problem error={make.error} />
          {make.data && <Once name={t('settings.tokenMade', { name })} secret={make.data.token} onClose={() => make.reset()} />}
          <Group justify="flex-end">
            <Button type="submit" loading={make.isPending} disabled={!name.trim()}>
              {t('settings.addToken')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

export function SettingsPage() {
  return useMay('administer') ? <Settings /> : <Denied />;
}

function Settings() {
  const { t } = useWords();
  return (
    <Page title={t('settings.title')}>
      <Stack gap="lg">
        <SiteSection />
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 6 }}>
            <UsersSection />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <Stack gap="lg">
              <TokensSection />
              <AesSection />
            </Stack>
          </Grid.Col>
        </Grid>
      </Stack>
    </Page>
  );
}
