// What a peer sees of ours, as it sees it, and why it may or may not have a study. Both are the node's own judgement.

import { Badge, Button, Group, Modal, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { get } from '../../api/client';
import type { Explanation, Sees, Step } from '../../api/types';
import { Failure, Waiting } from '../../components/State';
import { Wide } from '../../components/Wide';
import { count, dicomDate, minute, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import classes from './peers.module.css';

interface Asked {
  study: string;
  at: string;
}

interface InsightDialogProps {
  site: string;
  name: string;
  onClose: () => void;
}

export function InsightDialog({ site, name, onClose }: InsightDialogProps) {
  const { t } = useWords();
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <Modal opened onClose={onClose} title={t('insight.title', { site: name })} size="xl">
      <Stack gap="lg">
        <AskForm key={asked?.study ?? ''} first={asked} onAsk={setAsked} />
        {asked && <Why site={site} asked={asked} />}
        <SeenList site={site} name={name} onWhy={study => setAsked({ study, at: '' })} />
      </Stack>
    </Modal>
  );
}

function SeenList({ site, name, onWhy }: { site: string; name: string; onWhy: (study: string) => void }) {
  const { t, locale } = useWords();
  const seen = useQuery({
    queryKey: ['sees', site],
    queryFn: ({ signal }) => get<Sees>(`/peers/${site}/sees?limit=100`, signal),
    // Each asking goes through the whole archive.
    refetchInterval: 60_000,
  });
  if (seen.isError && !seen.data) return <Failure error={seen.error} retry={() => void seen.refetch()} />;
  if (!seen.data) return <Waiting />;
  const { studies, total } = seen.data;
  if (total === 0) return <Text c="dimmed">{t('insight.nothing', { site: name })}</Text>;
  const heads = [t('insight.patient'), t('insight.date'), t('insight.modalities'), t('insight.description'), t('insight.by'), t('insight.now')];
  return (
    <section aria-label={t('insight.sees', { site: name, count: total })}>
      <Text size="sm" c="dimmed" mb="xs">
        {t('insight.sees', { site: name, count: total })}
        {studies.length < total && ` ${t('insight.first', { count: count(studies.length, locale) })}`}
      </Text>
      <Wide min={640} label={heads.join(', ')}>
        <Table fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {heads.map(head => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
              <Table.Th>{t('insight.why')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {studies.map(row => (
              <Table.Tr key={row.study}>
                <Table.Td>{patientName(row.patient.name) ?? row.patient.id ?? <Text span size="sm" c="dimmed">{t('insight.hidden')}</Text>}</Table.Td>
                <Table.Td>{dicomDate(row.date, locale) ?? '–'}</Table.Td>
                <Table.Td>{row.modalities.join(', ')}</Table.Td>
                <Table.Td>{row.description ?? '–'}</Table.Td>
                <Table.Td>{t(row.basis === 'grant' ? 'insight.grant' : 'insight.agreement')}</Table.Td>
                <Table.Td>
                  <Badge variant="light" color={row.closed ? 'yellow' : 'teal'} style={{ textTransform: 'none' }}>
                    {t(row.closed ? 'insight.closed' : 'insight.opens')}
                  </Badge>
                </Table.Td>
                <Table.Td>
                  <Button size="compact-xs" variant="default" aria-label={`${t('insight.why')} ${row.study}`} onClick={() => onWhy(row.study)}>
                    {t('insight.why')}
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Wide>
    </section>
  );
}

function AskForm({ first, onAsk }: { first: Asked | null; onAsk: (asked: Asked) => void }) {
  const { t } = useWords();
  const [study, setStudy] = useState(first?.study ?? '');
  const [at, setAt] = useState(first?.at ?? '');
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        if (study.trim()) onAsk({ study: study.trim(), at });
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput label={t('insight.study')} value={study} onChange={event => setStudy(event.currentTarget.value)} style={{ flex: 1 }} />
        <TextInput type="datetime-local" label={t('insight.at')} value={at} onChange={event => setAt(event.currentTarget.value)} />
        <Button type="submit" variant="default">
          {t('insight.explain')}
        </Button>
      </Group>
    </form>
  );
}

/** Links of one agreement or grant stand together. */
function grounds(steps: Step[]): Step[][] {
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last?.[0]?.ground === step.ground && last[0].ground_id === step.ground_id) last.push(step);
    else groups.push([step]);
  }
  return groups;
}

function Why({ site, asked }: { site: string; asked: Asked }) {
  const { t, language, locale } = useWords();
  const at = asked.at ? `&at=${encodeURIComponent(new Date(asked.at).toISOString())}` : '';
  const why = useQuery({
    queryKey: ['explain', site, asked],
    queryFn: ({ signal }) => get<Explanation>(`/peers/${site}/explain?study=${encodeURIComponent(asked.study)}${at}`, signal),
    retry: false,
  });
  const section = useRef<HTMLElement>(null);
  // Asked from a row far down, the answer stands above.
  useEffect(() => section.current?.scrollIntoView({ block: 'center' }), [why.data]);
  if (why.isError) return <Failure error={why.error} retry={() => void why.refetch()} />;
  if (!why.data) return <Waiting />;
  const { allowed, steps, until } = why.data;
  return (
    <section ref={section} aria-label={t('insight.chain')} aria-live="polite">
      <Group gap="sm" mb="xs">
        <Title order={3} size="h5">
          {t(allowed ? 'insight.allowed' : 'insight.refused')}
        </Title>
        <Text size="sm" c="dimmed">
          {t('insight.asOf', { date: minute(why.data.at, locale) })}
          {until && ` · ${t('agreement.until', { date: minute(until, locale) })}`}
        </Text>
      </Group>
      <Stack gap="xs">
        {grounds(steps).map(([head, ...rest]) =>
          head === undefined ? null : (
            <div key={`${head.ground}${head.ground_id ?? ''}`} className={classes.ground}>
              <Text size="sm" fw={600}>
                {t(`insight.ground.${head.ground}`)}
                {head.version !== null && ` · ${t('agreement.version', { version: head.version })}`}
              </Text>
              <ul>
                {[head, ...rest].map(step => (
                  <li key={step.link} data-holds={step.holds}>
                    <Text span size="sm" {...(step.holds ? {} : { c: 'red.4', fw: 600 })}>
                      <span aria-hidden="true">{step.holds ? '✓ ' : '✗ '}</span>
                      <span className={classes.spoken}>{t(step.holds ? 'insight.holds' : 'insight.fails')}</span>
                      {step[language]}
                    </Text>
                  </li>
                ))}
              </ul>
            </div>
          ),
        )}
      </Stack>
    </section>
  );
}
