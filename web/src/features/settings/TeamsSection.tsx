// Teams of this site: people whom peers ask under one name.

import { ActionIcon, Button, Group, MultiSelect, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Team } from '../../api/types';
import { setTeams, teamsQuery, usersQuery } from '../../api/queries';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';

export function TeamsSection() {
  const { t } = useWords();
  const asked = useQuery(teamsQuery);
  return (
    <Section title={t('teams.title')} about={t('teams.about')}>
      {asked.data ? <Teams teams={asked.data} /> : asked.error ? <Failure error={asked.error} retry={() => void asked.refetch()} /> : <Waiting />}
    </Section>
  );
}

function Teams({ teams }: { teams: Team[] }) {
  const { t } = useWords();
  const client = useQueryClient();
  const people = (useQuery(usersQuery).data ?? []).filter(user => user.role === 'radiologist').map(user => user.name);
  const [name, setName] = useState('');
  const [members, setMembers] = useState<string[]>([]);
  const save = useMutation({
    mutationFn: setTeams,
    onSuccess: kept => {
      client.setQueryData(teamsQuery.queryKey, kept);
      notifications.show({ color: 'teal', message: t('teams.saved'), closeButtonProps: { 'aria-label': t('common.close') } });
    },
  });
  const isReady = name.trim() !== '' && members.length > 0;
  return (
    <Stack gap="sm">
      {teams.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('teams.none')}
        </Text>
      )}
      {teams.map(team => (
        <Group key={team.name} gap="xs" wrap="nowrap">
          <Text size="sm" flex={1}>
            <strong>{team.name}</strong>
            {` · ${team.members.join(', ')}`}
          </Text>
          <ActionIcon variant="subtle" color="red" loading={save.isPending} aria-label={t('common.labelled', { what: t('common.remove'), of: team.name })} onClick={() => save.mutate(teams.filter(one => one.name !== team.name))}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <form
        onSubmit={event => {
          event.preventDefault();
          if (!isReady) return;
          const added = { name: name.trim(), members };
          save.mutate([...teams.filter(one => one.name.toLowerCase() !== added.name.toLowerCase()), added], {
            onSuccess: () => {
              setName('');
              setMembers([]);
            },
          });
        }}
      >
        <Group gap="xs" align="flex-end">
          <TextInput size="xs" label={t('teams.name')} value={name} maxLength={64} onChange={event => setName(event.currentTarget.value)} />
          <MultiSelect size="xs" label={t('teams.members')} data={people} value={members} onChange={setMembers} searchable maxValues={64} miw={220} />
          <Button size="xs" type="submit" variant="default" disabled={!isReady} loading={save.isPending}>
            {t('teams.add')}
          </Button>
        </Group>
      </form>
      {save.error && <Problem error={save.error} />}
    </Stack>
  );
}
