// What everybody changes of the own account; and what must be done before anything else.

import { Alert, Button, Center, Grid, Group, SimpleGrid, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { post, remove } from '../../api/client';
import { accountQuery, keys, ownSessionsQuery, ownTokensQuery, useSession } from '../../api/queries';
import type { Leave, SignedIn, Token } from '../../api/types';
import { AskTwice } from '../../components/AskTwice';
import { Page } from '../../components/Page';
import { Failure, Waiting } from '../../components/State';
import { Fact, Once, Problem, Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import { leaveTo } from '../../api/leave';
import { FactorSection, PasswordSection } from './sections';
import { Sessions } from '../../components/Sessions';
import { type AskedToken, TokenForm, TokenList } from '../../components/Tokens';

function IdentitySection() {
  const { t } = useWords();
  const { data: account, error, refetch } = useQuery(accountQuery);
  if (error && !account) return <Failure error={error} retry={() => void refetch()} />;
  if (!account) return <Waiting />;
  const { rpps, credentials } = account.professional;
  return (
    <Section title={t('account.identity')}>
      <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="lg">
        <Fact name={t('common.name')}>{account.name}</Fact>
        <Fact name={t('settings.role')}>{t(`role.${account.role}`)}</Fact>
        {rpps && <Fact name={t('people.rpps')}>{rpps}</Fact>}
        {account.origin && <Fact name={t('people.origin')}>{account.origin.issuer}</Fact>}
        {credentials?.map((held, index) => (
          <Fact key={held.licence} name={t('people.credential', { n: index + 1 })}>
            {[held.licence, held.modalities?.join(', '), [held.from, held.until].filter(Boolean).join(' – ')].filter(Boolean).join(' · ')}
          </Fact>
        ))}
      </SimpleGrid>
    </Section>
  );
}

function SessionsSection() {
  const { t } = useWords();
  const client = useQueryClient();
  const sessions = useQuery(ownSessionsQuery);
  const end = useMutation({
    mutationFn: (session: SignedIn) => remove(`/account/sessions/${session.id}`),
    onSuccess: (_, session) => {
      if (session.this) client.setQueryData(keys.session, null);
      else void client.invalidateQueries({ queryKey: keys.account });
    },
  });
  const endAll = useMutation({ mutationFn: () => remove('/account/sessions'), onSuccess: () => client.setQueryData(keys.session, null) });
  return (
    <Section title={t('account.sessions')}>
      <Stack gap="sm">
        <Sessions asked={sessions} busy={end.isPending} onEnd={session => end.mutate(session)} />
        <Problem error={end.error ?? endAll.error} />
        <Group justify="flex-end">
          <AskTwice
            word={t('account.endAll')}
            really={t('account.endAllReally')}
            label={t('account.endAll')}
            reallyLabel={t('account.endAllReally')}
            busy={endAll.isPending}
            onYes={() => endAll.mutate()}
          />
        </Group>
      </Stack>
    </Section>
  );
}

function TokensSection() {
  const { t } = useWords();
  const client = useQueryClient();
  const tokens = useQuery(ownTokensQuery);
  const actions = useSession()?.actions ?? [];
  const again = () => void client.invalidateQueries({ queryKey: keys.account });
  const make = useMutation({ mutationFn: (asked: AskedToken) => post<Token>('/account/tokens', asked), onSuccess: again });
  const drop = useMutation({ mutationFn: (name: string) => remove(`/account/tokens/${encodeURIComponent(name)}`), onSuccess: again });
  return (
    <Section title={t('account.tokens')} about={t('account.tokensHelp')}>
      <Stack gap="md">
        <TokenList asked={tokens} busy={drop.isPending} onRemove={name => drop.mutate(name)} />
        <Problem error={drop.error} />
        {make.data && <Once name={t('settings.tokenMade', { name: make.variables.name })} secret={make.data.token} onClose={() => make.reset()} />}
        <TokenForm actions={actions} nameLabel={t('account.tokenName')} busy={make.isPending} error={make.error} onMake={asked => make.mutate(asked)} />
      </Stack>
    </Section>
  );
}

export function AccountPage() {
  const { t } = useWords();
  const hasPassword = useQuery(accountQuery).data?.has_password ?? true;
  return (
    <Page title={t('account.title')}>
      <Stack gap="lg">
        <IdentitySection />
        <Grid gap="lg">
          {hasPassword && (
            <Grid.Col span={{ base: 12, md: 6 }}>
              <PasswordSection />
            </Grid.Col>
          )}
          <Grid.Col span={{ base: 12, md: 6 }}>
            <FactorSection />
          </Grid.Col>
        </Grid>
        <SessionsSection />
        <TokensSection />
      </Stack>
    </Page>
  );
}

/** In place of every page until it is done. */
export function FirstPage({ must }: { must: 'password' | 'second-factor' }) {
  const { t } = useWords();
  const client = useQueryClient();
  const signOut = useMutation({ mutationFn: () => remove<Leave | undefined>('/session'), onSuccess: leaveTo, onSettled: () => client.setQueryData(keys.session, null) });
  return (
    <main>
      <Page title={t('account.first')}>
        <Center>
          <Stack gap="md" maw={520} w="100%">
            <Alert variant="light" color="sky">
              {t(must === 'password' ? 'account.firstPassword' : 'account.firstFactor')}
            </Alert>
            {must === 'password' ? <PasswordSection /> : <FactorSection onDone={() => void client.invalidateQueries({ queryKey: keys.session })} />}
            <Button variant="subtle" loading={signOut.isPending} onClick={() => signOut.mutate()}>
              {t('app.signOut')}
            </Button>
          </Stack>
        </Center>
      </Page>
    </main>
  );
}
