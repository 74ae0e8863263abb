// Rules on arrival: which there are, writing and trying them out, and what waits because of them.

import { Badge, Button, Group, Stack, Switch, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { keys, rulesQuery } from '../../api/queries';
import type { Rule } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import { Routes } from './Routes';
import { RuleForm } from './RuleForm';
import { ACTIONS, bodyOf, CONDITIONS } from './rule';

export function RulesPage() {
  const { t } = useWords();
  const rules = useQuery(rulesQuery);
  const [changed, setChanged] = useState<Rule | null>(null);
  return (
    <Page title={t('archive.pages.rules')}>
      <Stack gap="lg">
        <Section title={t('archive.pages.rules')} about={t('archive.rules.about')}>
          {rules.error && !rules.data ? (
            <Failure error={rules.error} retry={() => void rules.refetch()} />
          ) : !rules.data ? (
            <Waiting />
          ) : rules.data.length === 0 ? (
            <Text size="sm" c="dimmed">
              {t('archive.rules.none')}
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={620}>
              <Table verticalSpacing="xs" fz="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t('archive.rules.name')}</Table.Th>
                    <Table.Th>{t('archive.rules.means')}</Table.Th>
                    <Table.Th>{t('archive.rules.does')}</Table.Th>
                    <Table.Th />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {rules.data.map(rule => (
                    <Row key={rule.id} rule={rule} onChange={() => setChanged(rule)} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Section>
        <RuleForm key={changed ? `${changed.id}.${changed.version}` : 'new'} rule={changed} onDone={() => setChanged(null)} />
        <Routes />
      </Stack>
    </Page>
  );
}

function Row({ rule, onChange }: { rule: Rule; onChange: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const again = () => client.invalidateQueries({ queryKey: keys.rules });
  const flip = useMutation({
    mutationFn: () => post(`/rules/${rule.id}`, { ...bodyOf(rule), on: !rule.on }),
    onSettled: again,
  });
  const drop = useMutation({
    mutationFn: () => remove(`/rules/${rule.id}`),
    onSuccess: again,
    onSettled: () => setAsked(false),
  });
  const said = (value: string[] | string | number | null) => (Array.isArray(value) ? value.join(', ') : String(value));
  const means = CONDITIONS.filter(key => rule.conditions[key] !== null && said(rule.conditions[key]) !== '');
  const does = ACTIONS.filter(key => {
    const value = rule.actions[key];
    return value !== null && said(value) !== '' && !(key === 'priors' && value === 0);
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap="sm" wrap="nowrap">
          <Switch
            checked={rule.on}
            disabled={flip.isPending}
            onChange={() => flip.mutate()}
            aria-label={t('archive.rules.switch', { name: rule.name })}
          />
          <div>
            <Text size="sm" fw={600}>
              {rule.name}
            </Text>
            <Text size="xs" c="dimmed">
              {t('archive.rules.no', { number: rule.id })}
            </Text>
          </div>
        </Group>
        <Problem error={flip.error ?? drop.error} />
      </Table.Td>
      <Table.Td miw={170}>
        {means.length === 0 && <Text size="sm">{t('archive.rules.everything')}</Text>}
        {means.map(key => (
          <Text key={key} size="xs" style={{ overflowWrap: 'anywhere' }}>
            {t('common.labelled', { what: t(`archive.rules.condition.${key}`), of: '' })}
            <b>{said(rule.conditions[key])}</b>
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        <Stack gap={4} align="flex-start">
          {does.map(key => (
            <Badge key={key} variant="light" style={{ textTransform: 'none' }}>
              {t('common.labelled', { what: t(`archive.rules.action.${key}`), of: said(rule.actions[key]) })}
            </Badge>
          ))}
        </Stack>
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Button size="compact-sm" variant="subtle" onClick={onChange} aria-label={t('archive.rules.editNamed', { name: rule.name })}>
            {t('archive.rules.edit')}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            onClick={() => setAsked(true)}
            aria-label={t('archive.rules.removeNamed', { name: rule.name })}
          >
            {t('common.remove')}
          </Button>
        </Group>
        <Confirm
          opened={asked}
          title={t('archive.rules.removeTitle')}
          text={t('archive.rules.removeText', { name: rule.name })}
          yes={t('common.remove')}
          busy={drop.isPending}
          onYes={() => drop.mutate()}
          onClose={() => setAsked(false)}
        />
      </Table.Td>
    </Table.Tr>
  );
}
