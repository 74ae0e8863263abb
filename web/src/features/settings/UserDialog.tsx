// One account: role, password, second factor, sessions, identifier and licences, and the end of it.

import { Anchor, Button, Checkbox, Divider, Fieldset, Group, Select, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { post, remove } from '../../api/client';
import { keys, sessionsOf, siteQuery, useSession } from '../../api/queries';
import type { AddedUser, Credential, Leaving, Role, SignedIn, User } from '../../api/types';
import { AskTwice } from '../../components/AskTwice';
import { Once, Problem } from '../../components/parts';
import { useWords } from '../../lib/language';
import { Sessions } from '../../components/Sessions';
import { ROLES } from './roles';

function useAgain(): () => void {
  const client = useQueryClient();
  return () => void client.invalidateQueries({ queryKey: keys.users });
}

function Access({ user, place }: { user: User; place: string }) {
  const { t } = useWords();
  const again = useAgain();
  const own = useSession()?.person.name === user.name;
  const role = useMutation({ mutationFn: (to: Role) => post(`${place}/role`, { role: to }), onSuccess: again });
  const password = useMutation({ mutationFn: () => post<AddedUser>(`${place}/password`, {}), onSuccess: again });
  const factor = useMutation({ mutationFn: () => remove(`${place}/second-factor`), onSuccess: again });
  const disable = useMutation({ mutationFn: (disabled: boolean) => post<Leaving>(`${place}/disabled`, { disabled }), onSuccess: again });
  const left = disable.isSuccess && disable.variables ? disable.data : null;
  return (
    <Stack gap="sm">
      <Select
        label={t('settings.role')}
        allowDeselect={false}
        disabled={own || role.isPending}
        value={user.role}
        onChange={value => value && value !== user.role && role.mutate(value)}
        data={ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
      />
      <Text size="sm" c="dimmed">
        {t('people.newPasswordHelp')}
      </Text>
      {password.data?.password && (
        <Once name={t('settings.generated', { name: user.name })} secret={password.data.password} onClose={() => password.reset()} />
      )}
      <Group gap="xs">
        <Button size="compact-sm" variant="default" loading={password.isPending} onClick={() => password.mutate()}>
          {t('people.newPassword')}
        </Button>
        {user.second_factor && (
          <AskTwice
            word={t('people.resetFactor')}
            really={t('people.resetFactorReally')}
            label={t('people.resetFactor')}
            reallyLabel={t('people.resetFactorReally')}
            busy={factor.isPending}
            onYes={() => factor.mutate()}
          />
        )}
        {user.disabled ? (
          <Button size="compact-sm" variant="default" loading={disable.isPending} onClick={() => disable.mutate(false)}>
            {t('people.enable')}
          </Button>
        ) : (
          !own && (
            <AskTwice
              word={t('people.disable')}
              really={t('people.disableReally')}
              label={t('people.disable')}
              reallyLabel={t('people.disableReally')}
              busy={disable.isPending}
              onYes={() => disable.mutate(true)}
            />
          )
        )}
      </Group>
      {left && (
        <Text size="sm" role="status">
          {t('people.left', { sessions: left.sessions, tokens: left.tokens.join(', ') || t('people.noneLeft') })}
          {left.cases.length > 0 && (
            <>
              {' '}
              {t('people.handsOn')}{' '}
              {left.cases.map((one, index) => (
                <Anchor key={one} component={Link} to={`/cases/${one}`} size="sm">
                  {index > 0 && ', '}
                  {one.slice(0, 8)}
                </Anchor>
              ))}
            </>
          )}
        </Text>
      )}
      <Problem error={role.error ?? password.error ?? factor.error ?? disable.error} />
    </Stack>
  );
}

function SessionsOf({ user, place }: { user: User; place: string }) {
  const { t } = useWords();
  const again = useAgain();
  const sessions = useQuery(sessionsOf(user.name));
  const end = useMutation({ mutationFn: (session: SignedIn) => remove(`${place}/sessions/${session.id}`), onSuccess: again });
  const endAll = useMutation({ mutationFn: () => remove(`${place}/sessions`), onSuccess: again });
  return (
    <Stack gap="sm">
      <Sessions asked={sessions} busy={end.isPending} onEnd={session => end.mutate(session)} />
      <Problem error={end.error ?? endAll.error} />
      {(sessions.data?.length ?? 0) > 1 && (
        <Group justify="flex-end">
          <Button size="compact-sm" variant="default" loading={endAll.isPending} onClick={() => endAll.mutate()}>
            {t('people.endAll')}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

const EMPTY: Credential = { licence: '', modalities: [], from: null, until: null };

function ProfessionalForm({ user, place }: { user: User; place: string }) {
  const { t } = useWords();
  const again = useAgain();
  const [rpps, setRpps] = useState(user.professional.rpps ?? '');
  const [held, setHeld] = useState<Credential[]>(user.professional.credentials ?? []);
  const save = useMutation({
    mutationFn: () => post(`${place}/professional`, { rpps: rpps.trim() || null, credentials: held.map(one => ({ ...one, modalities: (one.modalities ?? []).filter(word => word !== '') })) }),
    onSuccess: again,
  });
  const change = (at: number, to: Partial<Credential>) => setHeld(held.map((one, index) => (index === at ? { ...one, ...to } : one)));
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="sm">
        <TextInput label={t('people.rpps')} inputMode="numeric" maxLength={11} value={rpps} onChange={event => setRpps(event.currentTarget.value)} />
        {held.map((one, at) => (
          // Rows have no name of their own, and only the last is ever added.
          <Fieldset key={at} legend={t('people.credential', { n: at + 1 })}>
            <Stack gap="xs">
              <TextInput label={t('people.licence')} maxLength={100} required value={one.licence} onChange={event => change(at, { licence: event.currentTarget.value })} />
              <TextInput
                label={t('people.modalities')}
                value={one.modalities?.join(' ') ?? ''}
                onChange={event => change(at, { modalities: event.currentTarget.value.toUpperCase().split(/[\s,]+/) })}
                onBlur={() => change(at, { modalities: (one.modalities ?? []).filter(word => word !== '') })}
              />
              <SimpleGrid cols={{ base: 1, xs: 2 }}>
                <TextInput type="date" label={t('people.from')} value={one.from ?? ''} onChange={event => change(at, { from: event.currentTarget.value || null })} />
                <TextInput type="date" label={t('people.until')} value={one.until ?? ''} onChange={event => change(at, { until: event.currentTarget.value || null })} />
              </SimpleGrid>
              <Group justify="flex-end">
                <Button size="compact-sm" variant="subtle" color="red" aria-label={t('people.removeCredential', { n: at + 1 })} onClick={() => setHeld(held.filter((_, index) => index !== at))}>
                  {t('common.remove')}
                </Button>
              </Group>
            </Stack>
          </Fieldset>
        ))}
        <Problem error={save.error} />
        <Group justify="space-between">
          <Button size="compact-sm" variant="default" onClick={() => setHeld([...held, EMPTY])}>
            {t('people.addCredential')}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Who the user is at the identity provider: said, changed and taken back. */
function OriginForm({ user, place }: { user: User; place: string }) {
  const { t } = useWords();
  const again = useAgain();
  const provider = useQuery(siteQuery).data?.identity_provider;
  const [subject, setSubject] = useState(user.origin?.subject ?? '');
  const [byMapping, setByMapping] = useState(user.origin?.role_by_mapping ?? false);
  const link = useMutation({ mutationFn: () => post(`${place}/origin`, { subject: subject.trim(), role_by_mapping: byMapping }), onSuccess: again });
  const unlink = useMutation({
    mutationFn: () => remove(`${place}/origin`),
    onSuccess: () => {
      setSubject('');
      again();
    },
  });
  if (!provider && !user.origin) return null;
  return (
    <>
      <Divider label={t('people.origin')} />
      <form
        onSubmit={event => {
          event.preventDefault();
          link.mutate();
        }}
      >
        <Stack gap="sm">
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {user.origin ? t('people.originAt', { issuer: user.origin.issuer }) : t('people.originHelp', { provider })}
          </Text>
          <TextInput label={t('people.subject')} maxLength={255} autoComplete="off" disabled={!provider} value={subject} onChange={event => setSubject(event.currentTarget.value)} />
          <Checkbox label={t('people.roleByMapping')} disabled={!provider} checked={byMapping} onChange={event => setByMapping(event.currentTarget.checked)} />
          <Problem error={link.error ?? unlink.error} />
          <Group justify="flex-end">
            {user.origin && (
              <AskTwice
                word={t('people.unlink')}
                really={t('people.unlinkReally')}
                label={t('people.unlink')}
                reallyLabel={t('people.unlinkReally')}
                busy={unlink.isPending}
                onYes={() => unlink.mutate()}
              />
            )}
            {provider && (
              <Button type="submit" loading={link.isPending} disabled={subject.trim() === ''}>
                {t(user.origin ? 'common.save' : 'people.link')}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </>
  );
}

export function UserDialog({ user }: { user: User }) {
  const { t } = useWords();
  const place = `/users/${encodeURIComponent(user.name)}`;
  return (
    <Stack gap="md">
      <Access user={user} place={place} />
      <Divider label={t('people.sessions')} />
      <SessionsOf user={user} place={place} />
      <Divider label={t('people.professional')} />
      <ProfessionalForm user={user} place={place} />
      <OriginForm user={user} place={place} />
    </Stack>
  );
}
