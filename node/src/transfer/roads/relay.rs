//! Roads through a third site: asked for, offered, and carried for others.
//!
//! A site carries bytes between two peers of its own if its settings say so, within bounds on how many pairs at once and how
//! fast; it writes down for whom before the first byte, and how many at the end. What it carries is a tunnel of those two:
//! TLS with their keys pinned, and QUIC inside it. The relay sees lengths and times. If it changes, cuts out or repeats
//! bytes, TLS at the ends finds it, the road ends, and an alert names the relay.
//!
//! # At a crash
//! The pair's streams end, and with them the road; what was begun stands in the relay's log without an end.
//!
//! # Not here
//! Roads of relays of relays: a line that is itself relayed is never one to relay over.

use super::{
    super::{
        HANDSHAKE_WITHIN, Inner,
        endpoint::{SERVER_NAME, code},
        keys,
        line::Live,
        rates::{Rates, Throttle},
        wire,
    },
    Road, is_tunnel,
    tunnel::Tunnel,
};
use crate::{
    audit::{Act, Actor, Event},
    config::RelayConfig,
};
use protocol::{
    Refusal, SiteId,
    agreement::Purpose,
    fetch::{Answer, Priority, Reader, Request, What},
    ids::Id128,
    roads::{Offer, RoadKind},
};
use quinn::{RecvStream, SendStream};
use rustls::pki_types::ServerName;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A relay answers a question within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// An offer is asked for anew after this.
const OFFER_LASTS: Duration = Duration::from_secs(60);
/// Offers remembered: of the connections there are, and some that ended.
const OFFERS_MAX: usize = 1024;
/// Relays tried for one road.
const TRIED_MAX: usize = 4;
/// A pair that says nothing for so long is gone.
const SILENT_MAX: Duration = Duration::from_secs(30);
/// An offer is some bytes.
const OFFER_BYTES_MAX: u32 = 256;
/// What is carried for others goes behind every image of our own.
const CARRIED: i32 = i32::MIN;
/// A tunnel of our own, which orders what is in it, as an image that is looked at.
const OWN: Priority = Priority::Screen;

/// What a node relays, and for whom now.
#[derive(Debug)]
pub(crate) struct Relay {
    config: RelayConfig,
    own: SiteId,
    pairs: Mutex<HashMap<(SiteId, SiteId), usize>>,
    rates: Arc<Rates>,
}

/// A pair that is carried; it makes room when dropped.
struct Place<'a>(&'a Relay, (SiteId, SiteId));

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut pairs = self.0.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = pairs.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                pairs.remove(&self.1);
            }
        }
    }
}

/// Streams of one pair at once: the one in use, and one that is made anew.
const OF_PAIR_MAX: usize = 2;

impl Relay {
    pub(crate) fn new(config: RelayConfig, own: SiteId) -> Self {
        Self { config, own, pairs: Mutex::default(), rates: Arc::default() }
    }

    /// Whether a peer may have bytes carried.
    fn serves(&self, peer: &SiteId) -> bool {
        self.config.enabled && (self.config.peers.is_empty() || self.config.peers.contains(peer))
    }

    fn enter(&self, from: SiteId, to: SiteId) -> Result<Place<'_>, Refusal> {
        if !self.serves(&from) || !self.serves(&to) || from == to {
            return Err(Refusal::NotPermitted);
        }
        let pair = if from < to { (from, to) } else { (to, from) };
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = pairs.values().sum();
        // A pair that is refused is not remembered: whom a peer names may be anybody.
        let own = pairs.get(&pair).copied().unwrap_or(0);
        if own >= OF_PAIR_MAX || all >= self.config.connections_max {
            return Err(Refusal::Busy(5_000));
        }
        pairs.insert(pair, own + 1);
        Ok(Place(self, pair))
    }

    fn throttle(&self) -> Option<Throttle> {
        let kbits = self.config.kbits_max;
        (kbits > 0).then(|| Throttle::new(&self.rates, self.own, Id128([0; 16]), kbits))
    }
}

/// A request that speaks of no study and reads for nobody.
pub(crate) fn about_roads(what: What) -> Request {
    let reader = Reader { person: String::new(), role: "road".to_owned(), copy: None, purpose: Purpose::Quality };
    Request { study: Id128([0; 16]).uid(), reader, priority: Priority::Series, what }
}

/// Opens a stream with a request and hears the head of the answer: of so many bytes.
async fn begin(live: &Live, what: What) -> Result<(SendStream, RecvStream, u32), Refusal> {
    let begun = async {
        let (mut send, mut recv) = live.connection.open_bi().await.ok()?;
        wire::begin_request(&mut send, &about_roads(what)).await.ok()?;
        let answer = wire::read_answer(&mut recv).await.ok()?;
        Some((send, recv, answer))
    };
    match tokio::time::timeout(ANSWER_WITHIN, begun).await.ok().flatten() {
        Some((send, recv, Answer::Blob { bytes })) => Ok((send, recv, bytes)),
        Some((.., Answer::Refused(refusal))) => Err(refusal),
        Some(_) | None => Err(Refusal::NotHeld),
    }
}

/// The known offers, by connection.
pub(crate) type Offers = Mutex<HashMap<usize, (Offer, Instant)>>;

impl Inner {
    /// What a peer that is connected does for roads.
    pub(crate) async fn offer_of(&self, live: &Live) -> Option<Offer> {
        if !keys::knows_roads(&live.connection) {
            return None;
        }
        let id = live.connection.stable_id();
        let known = self.roads.offers.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some((offer, _)) = known.filter(|(_, at)| at.elapsed() < OFFER_LASTS) {
            return Some(offer);
        }
        let (mut send, mut recv, bytes) = begin(live, What::Roads).await.ok()?;
        let _ = send.finish();
        let mut told = vec![0; usize::try_from(bytes.min(OFFER_BYTES_MAX)).ok()?];
        tokio::time::timeout(ANSWER_WITHIN, recv.read_exact(&mut told)).await.ok()?.ok()?;
        let offer: Offer = protocol::wire::decode(&told).ok()?;
        let mut offers = self.roads.offers.lock().unwrap_or_else(PoisonError::into_inner);
        if offers.len() >= OFFERS_MAX {
            offers.retain(|_, (_, at)| at.elapsed() < OFFER_LASTS);
        }
        offers.insert(id, (offer.clone(), Instant::now()));
        Some(offer)
    }

    /// Lines to other peers than this one that are not relayed themselves.
    pub(crate) fn other_lines(&self, peer: &SiteId) -> Vec<(SiteId, Live)> {
        let pumps: Vec<_> = {
            let pumps = self.pumps.lock().unwrap_or_else(PoisonError::into_inner);
            pumps.iter().filter(|(site, _)| *site != peer).map(|(site, pump)| (*site, pump.clone())).collect()
        };
        let live = pumps.into_iter().filter_map(|(site, pump)| pump.line().live().map(|live| (site, live)));
        live.filter(|(_, live)| live.road.kind != RoadKind::Relay).collect()
    }

    /// A tunnel to a peer through whichever site carries it first.
    pub(crate) async fn relayed(self: &Arc<Self>, peer: SiteId) -> Option<Arc<Tunnel>> {
        let mut tried = 0;
        for (relay, live) in self.other_lines(&peer) {
            if tried == TRIED_MAX {
                break;
            }
            if !self.offer_of(&live).await.is_some_and(|offer| offer.relays) {
                continue;
            }
            tried += 1;
            match self.relayed_by(peer, relay, &live).await {
                Ok(tunnel) => return tunnel,
                Err(refusal) => tracing::debug!(relay = %relay.short(), %refusal, "not relayed"),
            }
        }
        None
    }

    async fn relayed_by(
        self: &Arc<Self>,
        peer: SiteId,
        relay: SiteId,
        live: &Live,
    ) -> Result<Option<Arc<Tunnel>>, Refusal> {
        let (send, recv, _) = begin(live, What::Relay { to: peer }).await?;
        let key = self.trust.key_of(&peer);
        let config = self.keys().tunnel_client(key).map_err(|_| Refusal::Internal)?;
        let name = ServerName::try_from(SERVER_NAME).map_err(|_| Refusal::Internal)?;
        wire::place(&send, OWN);
        let stream = tokio::io::join(recv, send);
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream);
        let tls = match tokio::time::timeout(ANSWER_WITHIN, shaken).await {
            Ok(Ok(tls)) => tls,
            Ok(Err(why)) => {
                self.tunnel_ended(relay, &why.into()).await;
                return Err(Refusal::NotHeld);
            }
            Err(_) => return Err(Refusal::NotHeld),
        };
        Ok(self.open_tunnel(peer, Road::through(relay), tls))
    }

    /// Tells what this site does for roads, and how it sees the asker.
    pub(crate) async fn tell_offer(&self, peer: SiteId, at: std::net::SocketAddr, mut send: SendStream) {
        let seen = Some(at).filter(|at| !is_tunnel(at));
        let seen = seen.map(|at| std::net::SocketAddr::new(at.ip().to_canonical(), at.port()));
        let offer = protocol::wire::encode(&Offer { relays: self.relay.serves(&peer), seen });
        let bytes = u32::try_from(offer.len()).unwrap_or_default();
        let _ = send.set_priority(wire::FIRST);
        if wire::write_answer(&mut send, &Answer::Blob { bytes }).await.is_ok() {
            let _ = send.write_all(&offer).await;
            let _ = send.finish();
        }
    }

    /// Carries bytes from one peer to another, until either ends it.
    pub(crate) async fn carry_for(&self, from: SiteId, to: SiteId, (mut send, recv): (SendStream, RecvStream)) {
        let carried = match self.may_carry(from, to).await {
            Ok((place, live)) => {
                let carried = self.carry(from, &live, (&mut send, recv)).await;
                drop(place);
                let (bytes, note) = (*carried.as_ref().unwrap_or(&0), format!("to {}: ended", to.short()));
                let ended = self.alerts.audit().record(carrying(from, to).amount(0, bytes).note(note)).await;
                if let Err(fault) = ended {
                    tracing::error!(%fault, "the end of what was carried is not written down");
                }
                carried.map(drop)
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = carried {
            let _ = wire::write_answer(&mut send, &Answer::Refused(refusal)).await;
            let _ = send.finish();
        }
    }

    /// The line to the other end, once it is written down that there will be bytes.
    async fn may_carry(&self, from: SiteId, to: SiteId) -> Result<(Place<'_>, Live), Refusal> {
        self.trust.require_open()?;
        let place = self.relay.enter(from, to)?;
        let is_direct = |live: &Live| live.road.kind != RoadKind::Relay && keys::knows_roads(&live.connection);
        let known = self.pumps.lock().unwrap_or_else(PoisonError::into_inner).get(&to).cloned();
        let live = known.and_then(|pump| pump.line().live()).filter(is_direct).ok_or(Refusal::NotHeld)?;
        let note = format!("to {}: begun", to.short());
        self.alerts.audit().record(carrying(from, to).note(note)).await.map_err(|fault| {
            tracing::error!(%fault, "no evidence, nothing is carried");
            Refusal::Internal
        })?;
        Ok((place, live))
    }

    /// Carries; gives how many bytes, or why the other end does not want it.
    async fn carry(
        &self,
        from: SiteId,
        live: &Live,
        (send, recv): (&mut SendStream, RecvStream),
    ) -> Result<u64, Refusal> {
        let (far_send, far_recv, _) = begin(live, What::Relayed { from }).await?;
        if wire::write_answer(send, &Answer::Blob { bytes: 0 }).await.is_err() {
            return Ok(0);
        }
        Ok(self.splice((send, recv), (far_send, far_recv)).await)
    }

    async fn splice(&self, near: (&mut SendStream, RecvStream), far: (SendStream, RecvStream)) -> u64 {
        let moved = AtomicU64::new(0);
        let throttle = self.relay.throttle();
        let ((near_send, mut near_recv), (mut far_send, mut far_recv)) = (near, far);
        let _ = near_send.set_priority(CARRIED);
        let _ = far_send.set_priority(CARRIED);
        let stop = self.tasks.stop_token();
        tokio::select! {
            () = stop.cancelled() => {}
            () = pass(&mut near_recv, &mut far_send, throttle.as_ref(), &moved) => {}
            () = pass(&mut far_recv, near_send, throttle.as_ref(), &moved) => {}
        }
        for send in [near_send, &mut far_send] {
            let _ = send.finish();
        }
        let _ = near_recv.stop(code::UNWANTED);
        let _ = far_recv.stop(code::UNWANTED);
        moved.load(Ordering::Relaxed)
    }

    /// A relay says that a peer wants to be heard over it.
    pub(crate) async fn hear_relayed(
        self: &Arc<Self>,
        relay: SiteId,
        from: SiteId,
        (mut send, recv): (SendStream, RecvStream),
    ) {
        let refusal = match self.trust.peer(&from) {
            Some(_) if from != relay => self.visits.take(&from, Instant::now()).err().map(|_| Refusal::Busy(1_000)),
            _ => Some(Refusal::NotPaired),
        };
        if let Some(refusal) = refusal {
            let _ = wire::write_answer(&mut send, &Answer::Refused(refusal)).await;
            let _ = send.finish();
            return;
        }
        if wire::write_answer(&mut send, &Answer::Blob { bytes: 0 }).await.is_err() {
            return;
        }
        wire::place(&send, OWN);
        let expected = self.trust.key_of(&from);
        let made = self.keys().tunnel_server(Arc::new(move |key| *key == expected));
        let Ok(config) = made else { return };
        let shaken = TlsAcceptor::from(Arc::new(config)).accept(tokio::io::join(recv, send));
        match tokio::time::timeout(HANDSHAKE_WITHIN, shaken).await {
            Ok(Ok(tls)) => drop(self.open_tunnel(from, Road::through(relay), tls)),
            Ok(Err(why)) => self.tunnel_ended(relay, &why.into()).await,
            Err(_) => {}
        }
    }
}

fn carrying(from: SiteId, to: SiteId) -> Event {
    Event::new(Act::RoadRelayed, Actor { site: Some(from), ..Actor::default() }).peer(to)
}

async fn pass(from: &mut RecvStream, to: &mut SendStream, throttle: Option<&Throttle>, moved: &AtomicU64) {
    let most = throttle.map_or(64 << 10, Throttle::piece);
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(SILENT_MAX, from.read_chunk(most, true)).await {
        let bytes = piece.bytes.len();
        if let Some(throttle) = throttle {
            throttle.wait(bytes).await;
        }
        if to.write_chunk(piece.bytes).await.is_err() {
            return;
        }
        moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(n: u8) -> SiteId {
        SiteId([n; 32])
    }

    fn relay(peers: Vec<SiteId>, connections_max: usize) -> Relay {
        Relay::new(RelayConfig { enabled: true, peers, kbits_max: 0, connections_max }, site(9))
    }

    #[test]
    fn nobody_is_carried_unless_the_settings_say_so() {
        let off = Relay::new(RelayConfig::default(), site(9));
        assert_eq!(off.enter(site(1), site(2)).err(), Some(Refusal::NotPermitted));
        let some = relay(vec![site(1), site(2)], 8);
        assert!(some.enter(site(1), site(2)).is_ok());
        assert_eq!(some.enter(site(1), site(3)).err(), Some(Refusal::NotPermitted));
        assert_eq!(some.enter(site(3), site(2)).err(), Some(Refusal::NotPermitted));
        assert_eq!(some.enter(site(1), site(1)).err(), Some(Refusal::NotPermitted));
    }

    #[test]
    fn so_many_are_carried_at_once_and_an_end_makes_room() {
        let relay = relay(Vec::new(), 3);
        let first = relay.enter(site(1), site(2)).unwrap();
        let _second = relay.enter(site(2), site(1)).unwrap();
        assert_eq!(relay.enter(site(1), site(2)).err(), Some(Refusal::Busy(5_000)), "of one pair");
        let _third = relay.enter(site(1), site(3)).unwrap();
        assert_eq!(relay.enter(site(2), site(3)).err(), Some(Refusal::Busy(5_000)), "of all");
        drop(first);
        assert!(relay.enter(site(2), site(3)).is_ok());
    }

    #[test]
    fn whoever_is_refused_leaves_nothing_behind() {
        let relay = relay(Vec::new(), 2);
        let held = [relay.enter(site(1), site(2)).unwrap(), relay.enter(site(1), site(3)).unwrap()];
        for n in 10..100 {
            assert_eq!(relay.enter(site(1), site(n)).err(), Some(Refusal::Busy(5_000)));
        }
        assert_eq!(relay.pairs.lock().unwrap().len(), 2, "only pairs that are carried");
        drop(held);
        assert!(relay.pairs.lock().unwrap().is_empty());
    }
}
