// What is past its time and why, what is proposed for erasing, and what was erased. Nothing goes by itself.

import { Badge, Button, Group, List, Stack, Table, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { erasedQuery, keys, keptQuery, proposalsQuery } from '../../api/queries';
import type { KeptReason, Proposed, StudyKept } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { Page } from '../../components/Page';
import { Failure, Waiting } from '../../components/State';
import { Problem, Section } from '../../components/parts';
import { bytes, dicomDate, moment, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';

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
  const { data, error, refetch } = useQuery(proposalsQuery);
  return (
    <Section title={t('archive.retention.proposals')} about={t('archive.retention.proposalsHelp')}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting />
      ) : data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.retention.noProposals')}
        </Text>
      ) : (
        <Stack gap="sm">
          {data.map(one => (
            <Proposal key={one.id} proposal={one} />
          ))}
        </Stack>
      )}
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
    <Group justify="space-between" align="flex-start" wrap="nowrap">
      <div>
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
        <Button size="compact-sm" variant="subtle" loading={withdraw.isPending} onClick={() => withdraw.mutate()} aria-label={t('archive.retention.withdrawOf', { study: proposal.study })}>
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
  const { data, error, refetch } = useQuery(keptQuery);
  return (
    <Section title={t('archive.retention.old')} about={t('archive.retention.oldHelp')}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting />
      ) : data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.retention.noOld')}
        </Text>
      ) : (
        <Stack gap="lg">
          {data.map(kept => (
            <Kept key={kept.study} kept={kept} />
          ))}
        </Stack>
      )}
    </Section>
  );
}

function Kept({ kept }: { kept: StudyKept }) {
  const { t, locale } = useWords();
  const name = patientName(kept.patient_name) ?? t('archive.noName');
  return (
    <div>
      <Group gap="xs">
        <Text fw={600} size="sm">
          {name}
        </Text>
        <Text size="sm">
          {dicomDate(kept.date, locale)} {kept.description} · {bytes(kept.bytes, locale)}
        </Text>
        <Badge variant="light" color={kept.free ? 'yellow' : 'teal'} style={{ textTransform: 'none' }}>
          {kept.free ? t('archive.retention.free') : t('archive.retention.kept')}
        </Badge>
      </Group>
      <List size="sm" my={4}>
        {kept.reasons.map(reason => (
          <List.Item key={reason.code}>
            <Reason reason={reason} />
          </List.Item>
        ))}
        {kept.recorded.map(one => (
          <List.Item key={one.id}>
            <Text size="sm" c="dimmed" span>
              {t(`archive.retention.claim.${one.claim}`)} {dicomDate(one.day, locale)} · {one.person}: {one.reason}
            </Text>
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
    </div>
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
function Ask({ label, name, withDay, onSend, busy, error }: { label: string; name: string; withDay: boolean; onSend: (reason: string, day: string) => void; busy: boolean; error: unknown }) {
  const { t } = useWords();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [day, setDay] = useState('');
  if (!open) {
    return (
      <Button size="compact-sm" variant="subtle" onClick={() => setOpen(true)} aria-label={`${label}: ${name}`}>
        {label}
      </Button>
    );
  }
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        onSend(reason, day.replaceAll('-', ''));
      }}
    >
      <Group gap="xs" align="flex-end">
        {withDay && <TextInput size="xs" type="date" required label={t('archive.retention.day')} value={day} onChange={event => setDay(event.currentTarget.value)} />}
        <TextInput size="xs" required maxLength={500} label={t('archive.retention.why', { what: label })} value={reason} onChange={event => setReason(event.currentTarget.value)} data-autofocus />
        <Button size="xs" type="submit" loading={busy}>
          {label}
        </Button>
        <Button size="xs" variant="default" onClick={() => setOpen(false)}>
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
  return <Ask label={t('archive.retention.propose')} name={name} withDay={false} busy={propose.isPending} error={propose.error} onSend={reason => propose.mutate(reason)} />;
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
  return <Ask label={t(`archive.retention.record.${claim}`)} name={name} withDay={withDay} busy={record.isPending} error={record.error} onSend={(reason, day) => record.mutate({ reason, day })} />;
}

function Erased() {
  const { t, locale } = useWords();
  const { data, error, refetch } = useQuery(erasedQuery);
  return (
    <Section title={t('archive.retention.erased')}>
      {error && !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Waiting />
      ) : data.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('archive.retention.noErased')}
        </Text>
      ) : (
        <Table verticalSpacing={6} fz="sm">
          <Table.Tbody>
            {data.map(one => (
              <Table.Tr key={one.id}>
                <Table.Td>{moment(one.at, locale)}</Table.Td>
                <Table.Td ff="monospace" fz="xs" style={{ overflowWrap: 'anywhere' }}>
                  {one.study}
                </Table.Td>
                <Table.Td>{t('archive.retention.by', { proposer: one.proposer, approver: one.approver })}</Table.Td>
                <Table.Td>{one.reason}</Table.Td>
                <Table.Td>{one.done ? bytes(one.bytes, locale) : t('archive.retention.going')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}
