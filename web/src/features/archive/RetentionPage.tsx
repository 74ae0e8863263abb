// What is past its time and why, what is proposed for erasing, and what was erased. Nothing goes by itself.

import { Badge, Button, Group, List, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { erasedQuery, keys, keptQuery, proposalsQuery } from '../../api/queries';
import type { KeptReason, Proposed, StudyKept } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Page } from '../../components/Page';
import { Listed } from '../../components/State';
import { Problem, Section } from '../../components/parts';
import { bytes, dicomDate, moment, patientName } from '../../lib/format';
import { Wide } from '../../components/Wide';
import { useWords } from '../../lib/language';
import classes from './archive.module.css';

export function RetentionPage() {
  const { t } = useWords();
  return (
    <Page title={t('archive.pages.retention')}>
      <Stack gap="lg">
        <Proposals />
        <Old />
        <Erased />
      </Stack>
    </Page>
  );
}

function Proposals() {
  const { t } = useWords();
  const list = useQuery(proposalsQuery);
  return (
    <Section title={t('archive.retention.proposals')} about={t('archive.retention.proposalsHelp')}>
      <Listed query={list} none={t('archive.retention.noProposals')}>
        {rows => (
          <Stack gap={0} className={classes.rows}>
            {rows.map(one => (
              <Proposal key={one.id} proposal={one} />
            ))}
          </Stack>
        )}
      </Listed>
    </Section>
  );
}

function Proposal({ proposal }: { proposal: Proposed }) {
  const { t, locale } = useWords();
  const client = useQueryClient();
  const [asked, setAsked] = useState(false);
  const done = () => client.invalidateQueries({ queryKey: keys.retention });
  const approve = useMutation({
    mutationFn: () => post(`/retention/proposals/${proposal.id}/approve`),
    onSuccess: done,
    onSettled: () => setAsked(false),
  });
  const withdraw = useMutation({ mutationFn: () => remove(`/retention/proposals/${proposal.id}`), onSuccess: done });
  return (
    <Group component="article" aria-label={proposal.study} justify="space-between" align="flex-start">
      <div className={classes.wide}>
        <Text ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
          {proposal.study}
        </Text>
        <Text size="sm">{proposal.reason}</Text>
        <Text size="xs" c="dimmed">
          {t('archive.retention.proposedBy', { person: proposal.person, when: moment(proposal.at, locale) })}
          {proposal.rejection !== null && ` · ${t('archive.retention.rejection', { number: proposal.rejection })}`}
        </Text>
        {proposal.own && (
          <Text size="xs" c="dimmed">
            {t('archive.retention.own')}
          </Text>
        )}
        <Problem error={approve.error ?? withdraw.error} />
      </div>
      <Group gap={4} wrap="nowrap">
        <Button size="compact-sm" variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate()} aria-label={t('archive.retention.withdrawOf', { study: proposal.study })}>
          {t('archive.retention.withdraw')}
        </Button>
        <Button size="compact-sm" color="red.9" disabled={proposal.own} onClick={() => setAsked(true)} aria-label={t('archive.retention.eraseOf', { study: proposal.study })}>
          {t('archive.retention.erase')}
        </Button>
      </Group>
      <Confirm
        opened={asked}
        title={t('archive.retention.eraseTitle')}
        text={t('archive.retention.eraseText')}
        yes={t('archive.retention.erase')}
        busy={approve.isPending}
        onYes={() => approve.mutate()}
        onClose={() => setAsked(false)}
      />
    </Group>
  );
}

function Old() {
  const { t } = useWords();
  const list = useQuery(keptQuery);
  return (
    <Section title={t('archive.retention.old')} about={t('archive.retention.oldHelp')}>
      <Listed query={list} none={t('archive.retention.noOld')}>
        {rows => (
          <Stack gap={0} className={classes.rows}>
            {rows.map(kept => (
              <Kept key={kept.study} kept={kept} />
            ))}
          </Stack>
        )}
      </Listed>
    </Section>
  );
}

function Kept({ kept }: { kept: StudyKept }) {
  const { t, locale } = useWords();
  const name = patientName(kept.patient_name) ?? t('archive.noName');
  return (
    <article aria-label={name}>
      <Group gap={8} wrap="nowrap" justify="space-between" align="flex-start">
        <Text size="sm">
          <Text span inherit fw={600} mr={8}>
            {name}
          </Text>
          {[dicomDate(kept.date, locale), kept.description, bytes(kept.bytes, locale)].filter(Boolean).join(' · ')}
        </Text>
        <Badge variant="light" color={kept.free ? 'yellow' : 'teal'} style={{ textTransform: 'none', flexShrink: 0 }}>
          {kept.free ? t('archive.retention.free') : t('archive.retention.kept')}
        </Badge>
      </Group>
      <List size="sm" mt={4} mb={8} spacing={2}>
        {kept.reasons.map(reason => (
          <List.Item key={reason.code}>
            <Reason reason={reason} />
          </List.Item>
        ))}
        {kept.recorded.map(one => (
          <List.Item key={one.id}>
            <Text size="sm" c="dimmed" span>
              {[t(`archive.retention.claim.${one.claim}`), dicomDate(one.day, locale), one.person, one.reason].filter(Boolean).join(' · ')}
            </Text>{' '}
            {one.claim === 'hold' && <Record study={kept.study} claim="release" released={one.id} name={name} />}
          </List.Item>
        ))}
      </List>
      <Group gap="xs" align="flex-end">
        {kept.free && <Propose study={kept.study} name={name} />}
        <Record study={kept.study} claim="visit" name={name} />
        <Record study={kept.study} claim="death" name={name} />
        <Record study={kept.study} claim="hold" name={name} />
      </Group>
    </article>
  );
}

function Reason({ reason }: { reason: KeptReason }) {
  const { t, locale } = useWords();
  const words = { since: dicomDate(reason.since, locale) ?? '', until: dicomDate(reason.until, locale) ?? '' };
  return (
    <Text size="sm" span c={reason.blocks ? 'yellow.4' : 'inherit'}>
      {t(`archive.retention.reason.${reason.code}`, words)}
    </Text>
  );
}

/** A small form that opens in its place: why, and where need be a day. */
function Ask({ label, name, withDay, onSend, busy, error }: { label: string; name: string; withDay: boolean; onSend: (reason: string, day: string, close: () => void) => void; busy: boolean; error: unknown }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  // Who closes it stands again where they stood.
  const [back, setBack] = useState(false);
  const close = () => {
    setBack(true);
    setReason('');
    setDay('');
    setOpen(false);
  };
  const [reason, setReason] = useState('');
  const [day, setDay] = useState('');
  if (!open) {
    return (
      <Button size="compact-xs" variant="default" autoFocus={back} onClick={() => setOpen(true)} aria-label={t('common.labelled', { what: label, of: name })}>
        {label}
      </Button>
    );
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        onSend(reason, day.replaceAll('-', ''), close);
      }}
      onKeyDown={event => event.key === 'Escape' && close()}
    >
      <Group gap="xs" align="flex-end">
        {withDay && <TextInput size="xs" type="date" required autoFocus label={t('archive.retention.day')} value={day} onChange={event => setDay(event.currentTarget.value)} />}
        <TextInput size="xs" required maxLength={500} label={t('archive.retention.why', { what: label })} value={reason} onChange={event => setReason(event.currentTarget.value)} autoFocus={!withDay} />
        <Button size="xs" type="submit" loading={busy}>
          {label}
        </Button>
        <Button size="xs" variant="default" onClick={close}>
          {t('common.cancel')}
        </Button>
      </Group>
      <Problem error={error} />
    </form>
  );
}

function Propose({ study, name }: { study: string; name: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const propose = useMutation({
    mutationFn: (reason: string) => post('/retention/proposals', { study, reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.retention }),
  });
  return <Ask label={t('archive.retention.propose')} name={name} withDay={false} busy={propose.isPending} error={propose.error} onSend={(reason, _, close) => propose.mutate(reason, { onSuccess: close })} />;
}

function Record({ study, claim, released, name }: { study: string; claim: 'visit' | 'death' | 'hold' | 'release'; released?: number; name: string }) {
  const { t } = useWords();
  const client = useQueryClient();
  const withDay = claim === 'visit' || claim === 'death';
  const record = useMutation({
    mutationFn: (asked: { reason: string; day: string }) =>
      post(`/studies/${encodeURIComponent(study)}/retention`, { claim, reason: asked.reason, day: withDay ? asked.day : null, released: released ?? null }),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.retention }),
  });
  return <Ask label={t(`archive.retention.record.${claim}`)} name={name} withDay={withDay} busy={record.isPending} error={record.error} onSend={(reason, day, close) => record.mutate({ reason, day }, { onSuccess: close })} />;
}

function Erased() {
  const { t, locale } = useWords();
  const list = useQuery(erasedQuery);
  return (
    <Section title={t('archive.retention.erased')}>
      <Listed query={list} none={t('archive.retention.noErased')}>
        {rows => (
          <Wide min={640} label={t('archive.retention.erased')}>
          <Table verticalSpacing="xs" fz="sm" aria-label={t('archive.retention.erased')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('archive.retention.when')}</Table.Th>
                <Table.Th>{t('archive.study')}</Table.Th>
                <Table.Th>{t('archive.retention.whom')}</Table.Th>
                <Table.Th>{t('archive.amend.note')}</Table.Th>
                <Table.Th ta="right">{t('archive.tiers.size')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(one => (
                <Table.Tr key={one.id}>
                  <Table.Td>{moment(one.at, locale)}</Table.Td>
                  <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
                    {one.study}
                  </Table.Td>
                  <Table.Td>{t('archive.retention.by', { proposer: one.proposer, approver: one.approver })}</Table.Td>
                  <Table.Td>{one.reason}</Table.Td>
                  <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>{one.done ? bytes(one.bytes, locale) : t('archive.retention.going')}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          </Wide>
        )}
      </Listed>
    </Section>
  );
}
