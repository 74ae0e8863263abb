//! Holes in two address translators, so that two sites behind them meet without a third.
//!
//! Each has been told by its other peers which address its packets come from. Over the relayed tunnel the two exchange these,
//! and the one with the smaller key says when: it dials half a round trip after its word, when the other hears it. Both sides'
//! first packets are then on their way at once, each opens its own translator, and none is refused by the other's: a packet that
//! came too early would make some translators give the answer another port. Only addresses that the peer itself said, inside
//! TLS, are ever sent to, and a few bytes each.
//!
//! # At a crash
//! Nothing is kept.
//!
//! # Not here
//! Translators that give every flow a port of its own: there it fails, and the relay stays.

use super::{super::Inner, tunnel::Tunnel};
use protocol::{
    SiteId,
    roads::{CANDIDATES_MAX, RoadKind, TunnelWord, is_candidate},
};
use quinn::Connection;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

/// The other's word comes within this.
const WORD_WITHIN: Duration = Duration::from_secs(3);
/// Pauses between the knocks of one side: the later ones are for first packets that were lost.
const KNOCKS_MS: [u64; 6] = [0, 40, 80, 160, 320, 640];
/// Between two rounds.
const BETWEEN: Duration = Duration::from_secs(5);
/// A call from an address that a hole was made for counts as punched for so long.
const EXPECTED_FOR: Duration = Duration::from_secs(10);
/// Addresses that calls are expected from.
const EXPECTED_MAX: usize = 256;

impl Inner {
    /// Where this site's packets come from, as its other peers see them.
    async fn own_candidates(&self, peer: &SiteId) -> Vec<SocketAddr> {
        let mut own = Vec::new();
        for (_, live) in self.other_lines(peer) {
            if live.road.kind != RoadKind::Direct {
                continue;
            }
            let seen = self.offer_of(&live).await.and_then(|offer| offer.seen);
            if let Some(seen) = seen.filter(|seen| is_candidate(seen) && !own.contains(seen)) {
                own.push(seen);
            }
            if own.len() == CANDIDATES_MAX {
                break;
            }
        }
        own
    }

    /// Punches, and dials through the hole. Only the site with the smaller key leads.
    pub(crate) async fn punch(&self, peer: SiteId) -> Option<Connection> {
        if self.site > peer {
            return None;
        }
        let tunnel = self.roads.table.relayed(&peer)?;
        let own = self.own_candidates(&peer).await;
        if own.is_empty() {
            return None;
        }
        let asked = Instant::now();
        tunnel.say(&TunnelWord::Candidates(own));
        let theirs = match tokio::time::timeout(WORD_WITHIN, tunnel.hear()).await {
            Ok(Some(TunnelWord::Candidates(theirs))) => fit(theirs),
            _ => return None,
        };
        let round_trip = asked.elapsed();
        self.roads.expect(&theirs);
        tunnel.say(&TunnelWord::Go);
        tokio::time::sleep(round_trip / 2).await;
        let knocking = async {
            self.knock(&theirs).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            dialled = self.dial_udp(peer, theirs.clone()) => dialled,
            () = knocking => None,
        }
    }

    /// Answers the one who leads, for as long as the tunnel lasts.
    pub(crate) async fn answer_punching(self: Arc<Self>, tunnel: Arc<Tunnel>) {
        let mut theirs = Vec::new();
        while let Some(word) = tunnel.hear().await {
            match word {
                TunnelWord::Candidates(said) => {
                    theirs = fit(said);
                    tunnel.say(&TunnelWord::Candidates(self.own_candidates(&tunnel.peer).await));
                }
                TunnelWord::Go => {
                    self.roads.expect(&theirs);
                    self.knock(&theirs).await;
                    // However often it is asked: a peer makes us send some hundred bytes in so long.
                    self.tasks.pause(BETWEEN).await;
                }
            }
        }
    }

    async fn knock(&self, at: &[SocketAddr]) {
        for pause in KNOCKS_MS {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            at.iter().for_each(|address| self.roads.socket.knock(*address));
        }
    }
}

fn fit(said: Vec<SocketAddr>) -> Vec<SocketAddr> {
    said.into_iter().filter(is_candidate).take(CANDIDATES_MAX).collect()
}

impl super::Roads {
    fn expect(&self, from: &[SocketAddr]) {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.retain(|_, at| at.elapsed() < EXPECTED_FOR);
        for address in from {
            if expected.len() < EXPECTED_MAX {
                expected.insert(address.ip().to_canonical(), Instant::now());
            }
        }
    }

    /// Whether a call from there comes through a hole.
    pub(crate) fn is_expected(&self, from: &IpAddr) -> bool {
        let expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.get(&from.to_canonical()).is_some_and(|at| at.elapsed() < EXPECTED_FOR)
    }
}
