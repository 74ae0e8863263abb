// The way in. It takes the place of whatever page was asked for; the address stays and the page follows.

import { Alert, Box, Button, Center, Divider, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SubmitEvent } from 'react';
import { useEffect, useState } from 'react';
import { useLocation, useSearchParams } from 'react-router';
import { ApiError, get, post } from '../../api/client';
import { keys, siteQuery } from '../../api/queries';
import type { AtProvider, Session } from '../../api/types';
import { LanguageSwitch } from '../../components/LanguageSwitch';
import { Mark } from '../../components/Mark';
import { usePageTitle } from '../../components/Page';
import { useProblem } from '../../components/problem';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';

/** Where the node does not say how long. */
const PAUSE_S = 30;
/** Whoever comes back from the identity provider without a session brings a word that says why. */
const BROUGHT = 'sign-in';

/** The word, once: it does not stay in the address. */
function useBrought(): string {
  const [query, setQuery] = useSearchParams();
  const now = query.get(BROUGHT);
  const [brought] = useState(now ?? '');
  useEffect(() => {
    if (now === null) return;
    setQuery(
      others => {
        others.delete(BROUGHT);
        return others;
      },
      { replace: true },
    );
  }, [now, setQuery]);
  return brought;
}

export function SignIn({ expired }: { expired: boolean }) {
  const { t } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const site = useQuery(siteQuery);
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const brought = useBrought();
  const location = useLocation();
  // A code may be owed after the provider as after the password.
  const [byProvider, comeByProvider] = useState(brought === 'second-factor');
  const [codeAsked, askCode] = useState(byProvider);
  const [blockedUntil, setBlockedUntil] = useState(0);
  const now = useNow(500);
  usePageTitle(t('signIn.title'));

  const signIn = useMutation({
    mutationFn: async () => {
      if (byProvider) await post('/session/provider/code', { code: code.trim() });
      else await post('/session', { name: name.trim(), password, ...(codeAsked ? { code: code.trim() } : {}) });
      return get<Session>('/session');
    },
    onSuccess: session => {
      // Nothing another person saw on this machine stays.
      client.removeQueries({ predicate: query => query.queryKey[0] !== 'site' && query.queryKey[0] !== 'session' });
      client.setQueryData(keys.session, session);
    },
    onError: error => {
      const about = error instanceof ApiError ? error.code : '';
      setCode('');
      if (about === 'second-factor') askCode(true);
      // A wrong code is typed again, a wrong password with it.
      if (about !== 'second-factor' && about !== 'wrong-second-factor' && about !== 'throttled') {
        setPassword('');
        askCode(false);
        comeByProvider(false);
      }
      if (error instanceof ApiError && error.code === 'throttled') setBlockedUntil(Date.now() + (error.retryS ?? PAUSE_S) * 1000);
    },
  });

  const toProvider = useMutation({
    mutationFn: () => post<AtProvider>('/session/provider', { page: location.pathname + location.search }),
    onSuccess: ({ url }) => window.location.assign(url),
  });

  const throttled = signIn.error instanceof ApiError && signIn.error.code === 'throttled' ? signIn.error : null;
  const waitS = Math.min(throttled?.retryS ?? PAUSE_S, Math.max(0, Math.ceil((blockedUntil - now) / 1000)));
  const ready = codeAsked ? code.trim() !== '' : name.trim() !== '' && password !== '';
  const cameBack = brought !== '' && brought !== 'second-factor' && signIn.isIdle && toProvider.isIdle;
  const asksCode = signIn.error instanceof ApiError && signIn.error.code === 'second-factor';
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!ready || waitS > 0) return;
    toProvider.reset();
    signIn.mutate();
  };

  return (
    <Box component="main" mih="100dvh" style={{ background: 'radial-gradient(1100px 620px at 50% -12%, #17283c 0%, #0d131b 62%)' }}>
      <Group justify="flex-end" p="md">
        <LanguageSwitch />
      </Group>
      <Center px="md" pt={{ base: 20, sm: '7vh' }}>
        <Stack w="100%" maw={380} gap="lg">
          <Stack align="center" gap={6}>
            <Mark size={46} />
            <Title order={1} mt={6}>
              {site.data?.name ?? t('app.name')}
            </Title>
            <Text c="dimmed" size="sm">
              {t('app.name')}
            </Text>
          </Stack>
          <Paper withBorder p="xl" radius="lg" bg="var(--panel)" style={{ borderColor: 'var(--line)' }}>
            <form onSubmit={submit} noValidate>
              <Stack gap="md">
                {expired && signIn.isIdle && toProvider.isIdle && !cameBack && (
                  <Alert color="yellow" variant="light" role="status">
                    {t('signIn.expired')}
                  </Alert>
                )}
                {signIn.isError && !asksCode && !(throttled && waitS === 0) && (
                  <Alert color="red" variant="light" role="alert">
                    {throttled ? t('error.throttled', { seconds: waitS }) : say(signIn.error)}
                  </Alert>
                )}
                {(toProvider.isError || cameBack) && (
                  <Alert color="red" variant="light" role="alert">
                    {say(toProvider.error ?? new ApiError(0, { error: brought, message: '' }))}
                  </Alert>
                )}
                {site.isError && !signIn.isError && (
                  <Alert color="yellow" variant="light" role="alert">
                    {say(site.error)}
                  </Alert>
                )}
                {codeAsked ? (
                  <TextInput
                    label={t('signIn.code')}
                    description={t('error.second-factor')}
                    name="code"
                    autoComplete="one-time-code"
                    autoCapitalize="none"
                    spellCheck={false}
                    autoFocus
                    maxLength={32}
                    value={code}
                    onChange={event => setCode(event.currentTarget.value)}
                  />
                ) : (
                  <>
                    <TextInput
                      label={t('signIn.name')}
                      name="username"
                      autoComplete="username"
                      autoCapitalize="none"
                      spellCheck={false}
                      autoFocus
                      value={name}
                      onChange={event => setName(event.currentTarget.value)}
                    />
                    <PasswordInput
                      label={t('signIn.password')}
                      name="password"
                      autoComplete="current-password"
                      value={password}
                      onChange={event => setPassword(event.currentTarget.value)}
                    />
                  </>
                )}
                <Button type="submit" fullWidth loading={signIn.isPending} disabled={waitS > 0 || !ready}>
                  {waitS > 0 ? t('signIn.waiting', { seconds: waitS }) : t(codeAsked ? 'signIn.codeSubmit' : 'signIn.submit')}
                </Button>
                {codeAsked && (
                  <Button
                    variant="subtle"
                    onClick={() => {
                      askCode(false);
                      comeByProvider(false);
                      setPassword('');
                      signIn.reset();
                    }}
                  >
                    {t('signIn.other')}
                  </Button>
                )}
                {!codeAsked && site.data?.identity_provider && (
                  <>
                    <Divider label={t('signIn.or')} />
                    <Button
                      variant="default"
                      fullWidth
                      loading={toProvider.isPending || toProvider.isSuccess}
                      onClick={() => {
                        signIn.reset();
                        toProvider.mutate();
                      }}
                    >
                      {t('signIn.provider', { name: site.data.identity_provider })}
                    </Button>
                  </>
                )}
              </Stack>
            </form>
          </Paper>
          <Text c="dimmed" size="xs" ta="center">
            {t('signIn.forgotten')}
            <br />
            {t('app.notice')}
          </Text>
        </Stack>
      </Center>
    </Box>
  );
}
