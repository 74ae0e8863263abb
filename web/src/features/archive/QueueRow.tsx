// A study that waits because of a rule: where it goes, how it is, and the buttons to try again or to drop it.

import { Badge, Button, Group, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { AskedButton } from '../../components/AskedButton';
import { Problem } from '../../components/parts';
import { dicomDate, minute, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';

const COLOURS: Record<string, string> = { sending: 'sky', done: 'teal', failing: 'red', refused: 'red', unknown: 'red' };

interface QueueRowProps {
  of: { study: string; patient_name: string | null; date: string | null; description: string | null; rule: number; again: string | null };
  to: string;
  state: { key: string; word: string };
  /** How far it is. */
  far: ReactNode;
  reason: { text: string; wrong: boolean } | null;
  retry?: { word: string; name: string; act: () => Promise<unknown> } | undefined;
  drop?: { word: string; name: string; title: string; text: string; act: () => Promise<unknown> } | undefined;
  changes: readonly string[];
}

export function QueueRow({ of, to, state, far, reason, retry, drop, changes }: QueueRowProps) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const again = () => client.invalidateQueries({ queryKey: changes });
  const retried = useMutation({ mutationFn: async () => retry?.act(), onSettled: again });
  const dropped = useMutation({ mutationFn: async () => drop?.act(), onSettled: again });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {to}
        </Text>
        <Text size="xs" c="dimmed">
          {t('archive.rules.no', { number: of.rule })}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{patientName(of.patient_name) ?? t('archive.noName')}</Text>
        <Text size="xs" c="dimmed">
          {dicomDate(of.date, locale)} {of.description}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap="xs">
          <Badge variant="light" color={COLOURS[state.key] ?? 'gray'} style={{ textTransform: 'none' }}>
            {state.word}
          </Badge>
          {far}
        </Group>
        {reason && (
          <Text size="xs" c={reason.wrong ? 'red.4' : 'dimmed'} style={{ overflowWrap: 'anywhere' }}>
            {reason.text}
          </Text>
        )}
        {of.again && (
          <Text size="xs" c="dimmed">
            {t('archive.rules.again', { when: minute(of.again, locale) })}
          </Text>
        )}
        <Problem error={retried.error ?? dropped.error} />
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          {retry && (
            <Button
              size="compact-sm"
              variant="subtle"
              disabled={state.key === 'sending'}
              loading={retried.isPending}
              onClick={() => retried.mutate()}
              aria-label={retry.name}
            >
              {retry.word}
            </Button>
          )}
          {drop && <AskedButton {...drop} act={() => dropped.mutateAsync()} />}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
