// Peers: who is trusted, since when, and for what.

import { Alert, Button, Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTopologyRing3, IconUsersPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { agreementsQuery, pairingsQuery, peersQuery, useMay } from '../../api/queries';
import type { Agreement, Peer } from '../../api/types';
import { Page } from '../../components/Page';
import { Blank, Denied, Failure, Waiting } from '../../components/State';
import { useWords } from '../../lib/language';
import { OutgoingTable } from '../../components/OutgoingTable';
import { CompareDialog } from './CompareDialog';
import { InviteDialog } from './InviteDialog';
import { JoinDialog } from './JoinDialog';
import { OfferDialog } from './OfferDialog';
import { PeerCard } from './PeerCard';

type Open =
  | { kind: 'invite' }
  | { kind: 'join' }
  | { kind: 'compare'; id: string }
  | { kind: 'offer'; site: string; replaces?: Agreement | undefined }
  | null;

/** What an address begins with: `?do=invite`, `?do=join`. */
const begunOf = (word: string | null): Open => (word === 'invite' || word === 'join' ? { kind: word } : null);

/** Those at work first, the revoked last. */
function inOrder(peers: Peer[]): Peer[] {
  return [...peers].sort((a, b) => Number(a.revoked !== null) - Number(b.revoked !== null) || a.name.localeCompare(b.name));
}

export function PeersPage() {
  return useMay('administer') ? <Peers /> : <Denied />;
}

function Peers() {
  const { t } = useWords();
  const peers = useQuery(peersQuery);
  const agreements = useQuery(agreementsQuery).data ?? [];
  const pairings = useQuery(pairingsQuery).data ?? [];
  const [query] = useSearchParams();
  const [open, setOpen] = useState<Open>(() => begunOf(query.get('do')));
  const close = () => setOpen(null);
  const pending = open === null ? pairings.find(({ state, confirmed_here }) => state === 'compare' && !confirmed_here) : undefined;
  const nameOf = (site: string) =>
    peers.data?.find(peer => peer.site === site)?.name ?? pairings.find(({ peer }) => peer === site)?.peer_name ?? site;

  return (
    <Page
      title={t('peers.title')}
      about={t('peers.about')}
      actions={
        <>
          <Button variant="default" onClick={() => setOpen({ kind: 'join' })}>
            {t('peers.join')}
          </Button>
          <Button leftSection={<IconUsersPlus size={17} />} onClick={() => setOpen({ kind: 'invite' })}>
            {t('peers.invite')}
          </Button>
        </>
      }
    >
      <Stack gap="md">
        {pending && (
          <Alert color="yellow" variant="light" title={t('compare.pending')} role="alert">
            <Group justify="space-between">
              <span>{pending.peer_name}</span>
              <Button size="compact-sm" onClick={() => setOpen({ kind: 'compare', id: pending.id })}>
                {t('compare.resume')}
              </Button>
            </Group>
          </Alert>
        )}
        {peers.isLoading && <Waiting />}
        {peers.isError && !peers.data && <Failure error={peers.error} retry={() => void peers.refetch()} />}
        {peers.data?.length === 0 && <Blank icon={<IconTopologyRing3 size={28} />} title={t('peers.none')} text={t('peers.noneMore')} />}
        {inOrder(peers.data ?? []).map(peer => (
          <PeerCard
            key={peer.site}
            peer={peer}
            agreements={agreements.filter(agreement => agreement.peer === peer.site)}
            onOffer={(to, replaces) => setOpen({ kind: 'offer', site: to.site, replaces })}
          />
        ))}
        {peers.data && peers.data.length > 0 && <OutgoingTable />}
      </Stack>
      {open?.kind === 'invite' && <InviteDialog onClose={close} onPairing={id => setOpen({ kind: 'compare', id })} />}
      {open?.kind === 'join' && <JoinDialog onClose={close} onPairing={id => setOpen({ kind: 'compare', id })} />}
      {open?.kind === 'compare' && (
        <CompareDialog id={open.id} onClose={close} onOffer={site => setOpen({ kind: 'offer', site })} />
      )}
      {open?.kind === 'offer' && (
        <OfferDialog site={open.site} name={nameOf(open.site)} replaces={open.replaces} onClose={close} />
      )}
    </Page>
  );
}
