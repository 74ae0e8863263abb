import { Anchor, Button, Group, Stack, Text, Title, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { linksQuery, useMay } from '../../api/queries';
import type { Agreement, Peer, Trial } from '../../api/types';
import { Confirm } from '../../components/Confirm';
import { CopyText } from '../../components/CopyText';
import { useProblem } from '../../components/problem';
import { ago, bytes, count, day, minute, rate, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNow } from '../../lib/time';
import { AgreementCard } from './AgreementCard';
import { CopiesDialog } from './CopiesDialog';
import { Grants } from './Grants';
import { InsightDialog } from './InsightDialog';
import classes from './peers.module.css';

/** Differences of clocks from here on are worth a word. */
const CLOCK_OFF_MS = 2_000;

interface PeerCardProps {
  peer: Peer;
  agreements: Agreement[];
  onOffer: (peer: Peer, replaces?: Agreement) => void;
}

/** How messages reach it. */
function roadOf(peer: Peer): 'direct' | 'directTcp' | 'aside' {
  if (peer.road === 'tcp') return 'directTcp';
  return peer.road === 'punched' || peer.road === 'relay' ? 'aside' : 'direct';
}

function useFacts(peer: Peer): string[] {
  const { t, locale } = useWords();
  const now = useNow(15_000);
  const mayAdminister = useMay('administer');
  const links = useQuery({ ...linksQuery, enabled: mayAdminister }).data;
  const link = links?.find(({ site }) => site === peer.site);
  const facts: string[] = [];
  if (peer.revoked) return [t('peers.revokedOn', { date: minute(peer.revoked, locale) })];
  if (peer.connected) facts.push(t(`peers.${roadOf(peer)}`));
  if (link?.connected && link.via !== null) facts.push(t('peers.imagesVia', { site: link.via }));
  else if (link?.connected && link.road === 'punched') facts.push(t('peers.imagesPunched'));
  else if (link?.connected && link.road === 'tcp') facts.push(t('peers.imagesTcp'));
  if (peer.connected && link?.connected && link.rtt_ms !== null) {
    facts.push(t('peers.linkRtt', { ms: count(link.rtt_ms, locale, link.rtt_ms < 10 ? 1 : 0) }));
    if (link.best_bytes_per_s !== null) facts.push(t('peers.linkBest', { rate: rate(link.best_bytes_per_s, locale) }));
  }
  if (!peer.connected) {
    facts.push(peer.last_contact ? t('peers.lastContact', { ago: ago(peer.last_contact, locale, now) }) : t('peers.never'));
  }
  facts.push(t('peers.told', { count: peer.studies_told }));
  if (peer.held_bytes > 0) facts.push(t('peers.held', { bytes: bytes(peer.held_bytes, locale) }));
  if (peer.clock_offset_ms !== null && Math.abs(peer.clock_offset_ms) >= CLOCK_OFF_MS) {
    facts.push(t('peers.clock', { seconds: count(Math.abs(peer.clock_offset_ms) / 1000, locale, 1) }));
  }
  return facts;
}

function Agreements({ peer, agreements, onOffer }: PeerCardProps) {
  const { t } = useWords();
  const [all, setAll] = useState(false);
  const current = agreements.filter(({ state }) => state !== 'ended');
  const ended = agreements.filter(({ state }) => state === 'ended');
  return (
    <Stack gap="xs" mt="md">
      {current.length === 0 && (
        <Group justify="space-between" gap="sm">
          <Text size="sm" c="dimmed">
            {t('peers.noAgreement')}
          </Text>
          <Button size="compact-sm" onClick={() => onOffer(peer)}>
            {t('peers.offer')}
          </Button>
        </Group>
      )}
      {[...current, ...(all ? ended : [])].map(agreement => (
        <AgreementCard key={agreement.id} agreement={agreement} onChange={old => onOffer(peer, old)} />
      ))}
      {ended.length > 0 && !all && (
        <Anchor component="button" type="button" size="xs" onClick={() => setAll(true)}>
          {t('agreement.showEnded', { count: ended.length })}
        </Anchor>
      )}
    </Stack>
  );
}

export function PeerCard(props: PeerCardProps) {
  const { peer } = props;
  const { t, locale } = useWords();
  const say = useProblem();
  const client = useQueryClient();
  const facts = useFacts(peer);
  const [asking, setAsking] = useState(false);
  const [looking, setLooking] = useState(false);
  const [counting, setCounting] = useState(false);
  const mayAdminister = useMay('administer');
  const test = useMutation({
    mutationFn: () => post<Trial>(`/peers/${peer.site}/test`, {}),
    onSuccess: trial =>
      notifications.show({
        color: 'teal',
        message: t('peers.testDone', { site: peer.name, rate: count(trial.bits_per_s / 1e6, locale, 1), ms: count(trial.rtt_ms, locale, 1) }),
      }),
    onError: error => notifications.show({ color: 'red', message: say(error) }),
    onSettled: () => void client.invalidateQueries({ queryKey: linksQuery.queryKey }),
  });
  const state = peer.revoked ? 'revoked' : peer.connected ? 'connected' : 'apart';
  const revoke = useMutation({
    mutationFn: () => remove(`/peers/${peer.site}`),
    onSuccess: () => notifications.show({ color: 'teal', message: t('peers.revokedDone', { site: peer.name }) }),
    onError: error => notifications.show({ color: 'red', message: say(error) }),
    onSettled: () => {
      setAsking(false);
      void client.invalidateQueries();
    },
  });
  return (
    <section className={classes.peer} data-revoked={peer.revoked ? true : undefined} aria-label={peer.name}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Group gap="sm">
            <i className={classes.dot} data-is={state} aria-hidden="true" />
            <Title order={2}>{peer.name}</Title>
            <Text size="sm" c={state === 'connected' ? 'teal.4' : state === 'apart' ? 'yellow.4' : 'dimmed'}>
              {t(`peers.${state}`)}
            </Text>
          </Group>
          <Text size="sm" c="dimmed" mt={2} className={classes.facts}>
            {facts.join(' · ')}
          </Text>
          <Group gap="md" mt={2}>
            <Tooltip label={`${t('peers.siteId')} : ${peer.site}`}>
              <div>
                <CopyText text={peer.site} shown={shortId(peer.site)} size="xs" label={t('peers.siteId')} />
              </div>
            </Tooltip>
            <Text size="xs" c="dimmed">
              {t('peers.since', { date: day(peer.paired, locale) })}
            </Text>
          </Group>
        </div>
        <Group gap="xs">
          <Button size="compact-sm" variant="default" onClick={() => setCounting(true)}>
            {t('copies.open')}
          </Button>
          {!peer.revoked && (
            <>
              {mayAdminister && (
                <Button size="compact-sm" variant="default" loading={test.isPending} disabled={!peer.connected} onClick={() => test.mutate()}>
                  {t('peers.test')}
                </Button>
              )}
              <Button size="compact-sm" variant="default" onClick={() => setLooking(true)}>
                {t('insight.open')}
              </Button>
              <Button size="compact-sm" variant="subtle" color="red" onClick={() => setAsking(true)}>
                {t('peers.revoke')}
              </Button>
            </>
          )}
        </Group>
      </Group>
      {!peer.revoked && <Agreements {...props} />}
      {!peer.revoked && <Grants peer={peer} />}
      {counting && <CopiesDialog of={{ site: peer.site, name: peer.name }} onClose={() => setCounting(false)} />}
      {looking && <InsightDialog site={peer.site} name={peer.name} onClose={() => setLooking(false)} />}
      <Confirm
        opened={asking}
        title={t('peers.revokeTitle', { site: peer.name })}
        text={t('peers.revokeText')}
        yes={t('peers.revokeYes')}
        busy={revoke.isPending}
        onYes={() => revoke.mutate()}
        onClose={() => setAsking(false)}
      />
    </section>
  );
}
