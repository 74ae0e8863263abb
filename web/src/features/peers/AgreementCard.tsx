import { Badge, Button, Group, List, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { post } from '../../api/client';
import { keys } from '../../api/queries';
import type { Agreement } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { useProblem } from '../../components/problem';
import { minute } from '../../lib/format';
import { useWords } from '../../lib/language';
import { Changes } from './Changes';
import { EndDialog } from './EndDialog';
import classes from './peers.module.css';

const COLORS = { offered: 'sky', received: 'yellow', active: 'teal', suspended: 'yellow', closing: 'yellow', ended: 'gray' } as const;

type Act = { what: 'accept' | 'end' | 'suspend' | 'resume' } | { what: 'close'; hours: number };

interface AgreementCardProps {
  agreement: Agreement;
  onChange: (agreement: Agreement) => void;
}

/** What either party said of it beside its text. */
function Standing({ agreement }: { agreement: Agreement }) {
  const { t, locale } = useWords();
  return (
    <>
      {agreement.suspended.map(({ site, name, ours, since }) => (
        <Text key={site} size="sm" c="yellow.4" mt={6} role="status">
          {t(ours ? 'agreement.suspendedByUs' : 'agreement.suspendedByThem', { site: name, date: minute(since, locale) })}
        </Text>
      ))}
      {agreement.state === 'closing' && agreement.closing && (
        <Text size="sm" c="yellow.4" mt={6} role="status">
          {t('agreement.closingNote', { date: minute(agreement.closing.until, locale) })}
        </Text>
      )}
    </>
  );
}

export function AgreementCard({ agreement, onChange }: AgreementCardProps) {
  const { t, language, locale } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [asking, setAsking] = useState<'accept' | 'end' | 'suspend' | null>(null);
  const act = useMutation({
    mutationFn: (act: Act) => post<Agreement>(`/agreements/${agreement.id}/${act.what}`, act.what === 'close' ? { hours: act.hours } : undefined),
    onSettled: () => {
      setAsking(null);
      void client.invalidateQueries({ queryKey: keys.agreements });
      void client.invalidateQueries({ queryKey: keys.studies });
    },
    onError: error => notifications.show({ color: 'red', message: say(error) }),
  });
  const { state, peer_name: site, changes } = agreement;
  const sentences = agreement.sentences[language];
  const stands = state === 'active' || state === 'suspended' || state === 'closing';
  const ours = agreement.suspended.some(by => by.ours);
  return (
    <article className={classes.agreement} data-state={state} aria-label={`${t(`agreement.preset.${agreement.preset}`)}, ${site}`}>
      <Group justify="space-between" gap="sm" align="flex-start">
        <Group gap="sm">
          <Text fw={600}>{t(`agreement.preset.${agreement.preset}`)}</Text>
          <Badge variant="light" color={COLORS[state]} style={{ textTransform: 'none' }}>
            {t(`agreement.state.${state}`, { site })}
          </Badge>
          <Text size="xs" c="dimmed">
            {t('agreement.version', { version: agreement.version })} · {t('agreement.from', { date: minute(agreement.not_before, locale) })}
            {agreement.not_after && ` · ${t('agreement.until', { date: minute(agreement.not_after, locale) })}`}
          </Text>
        </Group>
        <Group gap="xs">
          {state === 'received' && (
            <Button size="compact-sm" onClick={() => setAsking('accept')}>
              {t('agreement.accept')}
            </Button>
          )}
          {stands && ours && (
            <Button size="compact-sm" onClick={() => act.mutate({ what: 'resume' })} loading={act.isPending && asking === null}>
              {t('agreement.resume')}
            </Button>
          )}
          {state === 'active' && (
            <Button size="compact-sm" variant="default" onClick={() => onChange(agreement)}>
              {t('agreement.change')}
            </Button>
          )}
          {stands && !ours && (
            <Button size="compact-sm" variant="default" onClick={() => setAsking('suspend')}>
              {t('agreement.suspend')}
            </Button>
          )}
          {state !== 'ended' && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => (stands ? setAsking('end') : act.mutate({ what: 'end' }))}
              loading={act.isPending && !stands && asking === null}
            >
              {stands ? t('agreement.end') : state === 'offered' ? t('agreement.withdraw') : t('agreement.decline')}
            </Button>
          )}
        </Group>
      </Group>
      <Standing agreement={agreement} />
      {changes && (
        <div className={classes.changed}>
          <Changes changes={changes} language={language} />
        </div>
      )}
      <ul>
        {sentences.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      {asking === 'end' && (
        <EndDialog
          agreement={agreement}
          busy={act.isPending}
          onEnd={hours => act.mutate(hours === null ? { what: 'end' } : { what: 'close', hours })}
          onClose={() => setAsking(null)}
        />
      )}
      <Confirm
        opened={asking === 'suspend'}
        title={t('agreement.suspendTitle')}
        text={t('agreement.suspendText')}
        yes={t('agreement.suspendYes')}
        busy={act.isPending}
        onYes={() => act.mutate({ what: 'suspend' })}
        onClose={() => setAsking(null)}
      />
      <Confirm
        opened={asking === 'accept'}
        title={t('agreement.acceptTitle', { site })}
        text={t('agreement.acceptText')}
        yes={t('agreement.accept')}
        danger={false}
        busy={act.isPending}
        onYes={() => act.mutate({ what: 'accept' })}
        onClose={() => setAsking(null)}
      >
        {changes && <Changes changes={changes} language={language} />}
        <List size="sm" spacing={4}>
          {sentences.map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </Confirm>
    </article>
  );
}
