// What a person changes of the own account: password and second factor.

import { Button, Group, PasswordInput, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode, SubmitEvent } from 'react';
import { useState } from 'react';
import { post } from '../../api/client';
import { accountQuery, keys } from '../../api/queries';
import type { Enrolment, Recovery } from '../../api/types';
import { CopyText } from '../../components/CopyText';
import { Problem, Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import { QrCode } from '../../components/QrCode';

function Form({ word, busy, ready, onSubmit, children }: { word: string; busy: boolean; ready: boolean; onSubmit: () => void; children: ReactNode }) {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (ready) onSubmit();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {children}
        <Group justify="flex-end">
          <Button type="submit" loading={busy} disabled={!ready}>
            {word}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

export function PasswordSection() {
  const { t } = useWords();
  const client = useQueryClient();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [again, setAgain] = useState('');
  const change = useMutation({
    mutationFn: () => post('/account/password', { from, to }),
    // All sessions have ended by it, this one too.
    onSuccess: () => client.setQueryData(keys.session, null),
  });
  const differ = again !== '' && again !== to;
  return (
    <Section title={t('account.password')} about={t('account.passwordHelp')}>
      <Form word={t('account.change')} busy={change.isPending} ready={from !== '' && to !== '' && again === to} onSubmit={() => change.mutate()}>
        <PasswordInput label={t('account.now')} autoComplete="current-password" value={from} onChange={event => setFrom(event.currentTarget.value)} />
        <PasswordInput label={t('account.next')} autoComplete="new-password" value={to} onChange={event => setTo(event.currentTarget.value)} />
        <PasswordInput
          label={t('account.again')}
          autoComplete="new-password"
          value={again}
          error={differ ? t('account.differ') : undefined}
          onChange={event => setAgain(event.currentTarget.value)}
        />
        <Problem error={change.error} />
      </Form>
    </Section>
  );
}

function CodesOnce({ codes, word, onKept }: { codes: string[]; word: string; onKept: () => void }) {
  const { t } = useWords();
  return (
    <Stack gap="sm" role="status">
      <Text fw={600}>{t('account.recovery')}</Text>
      <Text size="sm">{t('account.recoveryHelp')}</Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing={4} component="ul" style={{ listStyle: 'none', margin: 0, padding: 0 }}>
        {codes.map(code => (
          <Text key={code} component="li" ff="monospace" size="sm">
            {code}
          </Text>
        ))}
      </SimpleGrid>
      <Group justify="flex-end">
        <Button onClick={onKept} autoFocus>
          {word}
        </Button>
      </Group>
    </Stack>
  );
}

/** `onDone`: it is set up, and the codes are kept. */
export function FactorSection({ onDone }: { onDone?: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const account = useQuery(accountQuery).data;
  const [password, setPassword] = useState('');
  const [old, setOld] = useState('');
  const [code, setCode] = useState('');
  const begin = useMutation({
    mutationFn: () => post<Enrolment>('/account/second-factor', { password, ...(old ? { code: old } : {}) }),
    onSuccess: () => {
      setPassword('');
      setOld('');
    },
  });
  const confirm = useMutation({
    mutationFn: () => post<Recovery>('/account/second-factor/confirm', { code }),
    onSuccess: () => begin.reset(),
    onError: () => setCode(''),
  });
  const kept = () => {
    confirm.reset();
    setCode('');
    void client.invalidateQueries({ queryKey: keys.account });
    onDone?.();
  };
  const has = account?.second_factor ?? false;
  // Without a password, having come by the identity provider a moment ago is what shows who it is.
  const hasPassword = account?.has_password ?? true;
  return (
    <Section title={t('account.factor')} about={t('account.factorHelp')}>
      {confirm.data ? (
        <CodesOnce codes={confirm.data.codes} word={onDone ? t('account.goOn') : t('account.recoveryKept')} onKept={kept} />
      ) : begin.data ? (
        <Form word={t('common.confirm')} busy={confirm.isPending} ready={code.trim() !== ''} onSubmit={() => confirm.mutate()}>
          <Text size="sm">{t('account.scan')}</Text>
          <QrCode text={begin.data.link} label={t('account.square')} />
          <div>
            <Text size="xs" c="dimmed">
              {t('account.secret')}
            </Text>
            <CopyText text={begin.data.secret} />
          </div>
          <TextInput
            label={t('account.code')}
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={10}
            autoFocus
            value={code}
            onChange={event => setCode(event.currentTarget.value)}
          />
          <Problem error={confirm.error} />
        </Form>
      ) : (
        <Form
          word={has ? t('account.factorNew') : t('account.factorBegin')}
          busy={begin.isPending}
          ready={(password !== '' || !hasPassword) && (!has || old.trim() !== '')}
          onSubmit={() => begin.mutate()}
        >
          <Text size="sm">{has ? t('account.factorOn', { count: account?.recovery_left ?? 0 }) : t('account.factorOff')}</Text>
          {hasPassword && (
            <PasswordInput label={t('account.now')} autoComplete="current-password" value={password} onChange={event => setPassword(event.currentTarget.value)} />
          )}
          {has && <TextInput label={t('account.factorOld')} autoComplete="one-time-code" value={old} onChange={event => setOld(event.currentTarget.value)} />}
          <Problem error={begin.error} />
        </Form>
      )}
    </Section>
  );
}
