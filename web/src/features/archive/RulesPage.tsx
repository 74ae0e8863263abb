// Rules on arrival and on peers' studies: which there are, writing and trying them out, and what waits because of them.

import { Badge, Button, Group, Stack, Switch, Table, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { keys, peersQuery, rulesQuery } from '../../api/queries';
import type { Rule } from '../../api/types';
import { AskedButton } from '../../components/AskedButton';
import { ListedTable } from '../../components/ListedTable';
import { Page } from '../../components/Page';
import { Problem, Section } from '../../components/parts';
import { shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { PeerRules } from './PeerRules';
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
          <ListedTable
            asked={rules}
            rows={told => told}
            none={t('archive.rules.none')}
            heads={[t('archive.rules.name'), t('archive.rules.means'), t('archive.rules.does')]}
          >
            {rule => <Row key={rule.id} rule={rule} onChange={() => setChanged(rule)} />}
          </ListedTable>
        </Section>
        <RuleForm key={changed ? `${changed.id}.${changed.version}` : 'new'} rule={changed} onDone={() => setChanged(null)} />
        <Routes />
        <PeerRules />
      </Stack>
    </Page>
  );
}

function Row({ rule, onChange }: { rule: Rule; onChange: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const peers = useQuery(peersQuery).data ?? [];
  const again = () => client.invalidateQueries({ queryKey: keys.rules });
  const flip = useMutation({
    mutationFn: () => post(`/rules/${rule.id}`, { ...bodyOf(rule), on: !rule.on }),
    onSettled: again,
  });
  const drop = useMutation({
    mutationFn: () => remove(`/rules/${rule.id}`),
    onSettled: again,
  });
  const said = (value: string[] | string | number | null) => (Array.isArray(value) ? value.join(', ') : String(value));
  const named = (keys: string[]) => keys.map(key => peers.find(peer => peer.site === key)?.name ?? shortId(key)).join(', ');
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
        {rule.cards && (
          <Text size="sm">
            {t(rule.cards.offered ? 'archive.rules.ofPeersOffered' : 'archive.rules.ofPeers', {
              peers: rule.cards.peers.length ? named(rule.cards.peers) : t('archive.rules.anyPeer'),
            })}
          </Text>
        )}
        {!rule.cards && means.length === 0 && <Text size="sm">{t('archive.rules.everything')}</Text>}
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
              {t('common.labelled', {
                what: t(`archive.rules.action.${key}`),
                of: key === 'offers' ? named(rule.actions.offers) : said(rule.actions[key]),
              })}
            </Badge>
          ))}
          {rule.actions.fetch && (
            <Badge variant="light" style={{ textTransform: 'none' }}>
              {[
                t('archive.rules.action.fetch'),
                rule.actions.fetch.hours,
                rule.actions.fetch.mb_s && t('archive.rules.atMost', { rate: rule.actions.fetch.mb_s }),
              ]
                .filter(Boolean)
                .join(' · ')}
            </Badge>
          )}
        </Stack>
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          <Button size="compact-sm" variant="subtle" onClick={onChange} aria-label={t('archive.rules.editNamed', { name: rule.name })}>
            {t('archive.rules.edit')}
          </Button>
          <AskedButton
            word={t('common.remove')}
            name={t('archive.rules.removeNamed', { name: rule.name })}
            title={t('archive.rules.removeTitle')}
            text={t('archive.rules.removeText', { name: rule.name })}
            act={() => drop.mutateAsync()}
          />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
