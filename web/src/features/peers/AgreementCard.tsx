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
import classes from './peers.module.css';

const COLORS = { offered: 'sky', received: 'yellow', active: 'teal', ended: 'gray' } as const;

interface AgreementCardProps {
  agreement: Agreement;
  onChange: (agreement: Agreement) => void;
}

export function AgreementCard({ agreement, onChange }: AgreementCardProps) {
  const { t, language, locale } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const [asking, setAsking] = useState<'accept' | 'end' | null>(null);
  const act = useMutation({
    mutationFn: (what: 'accept' | 'end') => post<Agreement>(`/agreements/${agreement.id}/${what}`),
    onSettled: () => {
      setAsking(null);
      void client.invalidateQueries({ queryKey: keys.agreements });
      void client.invalidateQueries({ queryKey: keys.studies });
    },
    onError: error => notifications.show({ color: 'red', message: say(error) }),
  });
  const { state, peer_name: site } = agreement;
  const sentences = agreement.sentences[language];
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
          {state === 'active' && (
            <Button size="compact-sm" variant="default" onClick={() => onChange(agreement)}>
              {t('agreement.change')}
            </Button>
          )}
          {state !== 'ended' && (
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => (state === 'active' ? setAsking('end') : act.mutate('end'))}
              loading={act.isPending && state !== 'active' && asking === null}
            >
              {state === 'active' ? t('agreement.end') : state === 'offered' ? t('agreement.withdraw') : t('agreement.decline')}
            </Button>
          )}
        </Group>
      </Group>
      <ul>
        {sentences.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <Confirm
        opened={asking === 'end'}
        title={t('agreement.endTitle')}
        text={t('agreement.endText')}
        yes={t('agreement.endYes')}
        busy={act.isPending}
        onYes={() => act.mutate('end')}
        onClose={() => setAsking(null)}
      />
      <Confirm
        opened={asking === 'accept'}
        title={t('agreement.acceptTitle', { site })}
        text={t('agreement.acceptText')}
        yes={t('agreement.accept')}
        danger={false}
        busy={act.isPending}
        onYes={() => act.mutate('accept')}
        onClose={() => setAsking(null)}
      >
        <List size="sm" spacing={4}>
          {sentences.map(sentence => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
      </Confirm>
    </article>
  );
}
