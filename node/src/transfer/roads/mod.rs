//! Roads to a peer other than plain UDP: datagrams of the one QUIC endpoint, carried over whatever passes.
//!
//! quinn sends through [`socket::Socket`]. What goes to an address of `240.0.0.0/4`, which no host has, goes into the tunnel
//! of that number: TLS 1.3 with both sites' keys pinned, over TCP ([`tcp`]) or over a stream through a third site
//! ([`relay`]). Above the socket nothing differs: the same connections, requests, priorities and verified ranges. That a
//! tunnel keeps its order is why two layers that both repeat what is lost do not disturb each other here: QUIC takes a packet
//! for lost when a later one is acknowledged, and in a tunnel no later one comes first (decision 0041).
//!
//! # At a crash
//! Tunnels live in memory; the peer sees its own end.
//!
//! # Not here
//! Which road is taken: `protocol::roads` judges, [`super::line`] changes. Who may call: `super::calls`.

pub(crate) mod punch;
pub(crate) mod relay;
pub(crate) mod socket;
pub(crate) mod tcp;
pub(crate) mod tunnel;

use super::{Inner, keys::Gate};
use protocol::{SiteId, roads::RoadKind};
use socket::{Came, Socket};
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::mpsc,
};
use tunnel::{Fault, Tunnel};

/// Tunnels at once: four of each of as many peers as a site has.
const TUNNELS_MAX: usize = 1024;
/// Tunnels of one peer; the oldest goes.
const PER_PEER_MAX: usize = 4;
/// First of the addresses that no host has (RFC 1112 §4): class E.
const BASE: u32 = 0xf000_0000;
/// Every tunnel's port. Not 0, which quinn refuses.
const PORT: u16 = 1;

/// By which road a connection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Road {
    pub(crate) kind: RoadKind,
    /// The site that relays.
    pub(crate) via: Option<SiteId>,
}

impl Road {
    pub(crate) const fn of(kind: RoadKind) -> Self {
        Self { kind, via: None }
    }

    pub(crate) const fn through(relay: SiteId) -> Self {
        Self { kind: RoadKind::Relay, via: Some(relay) }
    }
}

/// Whether an address is a tunnel's, and no host's.
pub(crate) fn is_tunnel(address: &SocketAddr) -> bool {
    number_of(address).is_some()
}

fn number_of(address: &SocketAddr) -> Option<u32> {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) if v4.octets()[0] >= 240 && !v4.is_broadcast() => Some(u32::from(v4) - BASE),
        _ => None,
    }
}

fn address_of(number: u32) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::from(BASE + number), PORT))
}

/// The tunnels that are open.
#[derive(Debug, Default)]
pub(crate) struct Table {
    tunnels: RwLock<HashMap<u32, Arc<Tunnel>>>,
    next: AtomicU32,
}

impl Table {
    /// The tunnel with this address.
    pub(crate) fn at(&self, address: &SocketAddr) -> Option<Arc<Tunnel>> {
        let number = number_of(address)?;
        self.tunnels.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    /// Opens a tunnel to a peer. `None`: there are too many.
    pub(crate) fn open(&self, peer: SiteId, road: Road) -> Option<Arc<Tunnel>> {
        let mut tunnels = self.tunnels.write().unwrap_or_else(PoisonError::into_inner);
        let mut own: Vec<Arc<Tunnel>> = tunnels.values().filter(|t| t.peer == peer).cloned().collect();
        if own.len() >= PER_PEER_MAX {
            own.sort_unstable_by_key(|t| t.since);
            if let Some(oldest) = own.first() {
                oldest.over.cancel();
                tunnels.remove(&oldest.number);
            }
        } else if tunnels.len() >= TUNNELS_MAX {
            return None;
        }
        // Below the broadcast address; those of before are long gone when the numbers begin anew.
        let number = loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed) % 0x0fff_0000;
            if !tunnels.contains_key(&number) {
                break number;
            }
        };
        let tunnel = Arc::new(Tunnel::new(number, address_of(number), peer, road));
        tunnels.insert(number, tunnel.clone());
        Some(tunnel)
    }

    /// Forgets a tunnel that ended.
    pub(crate) fn close(&self, tunnel: &Tunnel) {
        tunnel.over.cancel();
        self.tunnels.write().unwrap_or_else(PoisonError::into_inner).remove(&tunnel.number);
    }

    /// Ends the tunnels to a peer, or all.
    pub(crate) fn end(&self, peer: Option<&SiteId>) {
        let tunnels = self.tunnels.read().unwrap_or_else(PoisonError::into_inner);
        tunnels.values().filter(|t| peer.is_none_or(|peer| t.peer == *peer)).for_each(|t| t.over.cancel());
    }

    /// The site that the tunnels to a peer go through, where one is relayed.
    pub(crate) fn relayed(&self, peer: &SiteId) -> Option<Arc<Tunnel>> {
        let tunnels = self.tunnels.read().unwrap_or_else(PoisonError::into_inner);
        let open = tunnels.values().filter(|t| t.peer == *peer && !t.over.is_cancelled());
        open.filter(|t| t.road.kind == RoadKind::Relay).max_by_key(|t| t.since).cloned()
    }
}

/// Takes the call of a site that pairs.
type Pairing = Box<dyn Fn(TcpStream, SocketAddr) + Send + Sync>;

/// What the roads of a node share.
pub(crate) struct Roads {
    pub(crate) table: Arc<Table>,
    pub(crate) socket: Arc<Socket>,
    inbox: mpsc::Sender<Came>,
    /// Whether TCP is dialled, and listened on.
    pub(crate) has_tcp: bool,
    /// Whose keys pass.
    gate: Gate,
    offers: relay::Offers,
    /// Addresses that calls through a hole are expected from.
    expected: Mutex<HashMap<IpAddr, Instant>>,
    pairing: OnceLock<Pairing>,
}

impl fmt::Debug for Roads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roads").field("table", &self.table).finish_non_exhaustive()
    }
}

impl Roads {
    pub(crate) fn new(
        table: Arc<Table>,
        (socket, inbox): (Arc<Socket>, mpsc::Sender<Came>),
        has_tcp: bool,
        gate: Gate,
    ) -> Self {
        Self {
            table,
            socket,
            inbox,
            has_tcp,
            gate,
            offers: Mutex::default(),
            expected: Mutex::default(),
            pairing: OnceLock::new(),
        }
    }

    /// By which road a connection with this far end goes.
    pub(crate) fn road_of(&self, remote: &SocketAddr) -> Road {
        match self.table.at(remote) {
            Some(tunnel) => tunnel.road,
            None if self.is_expected(&remote.ip()) => Road::of(RoadKind::Punched),
            None => Road::of(RoadKind::Direct),
        }
    }

    /// Who takes the calls of sites that pair, from now on.
    pub(crate) fn hand_pairing_to(&self, taker: Pairing) {
        let _ = self.pairing.set(taker);
    }

    fn pairing_call(&self, stream: TcpStream, from: SocketAddr) {
        if let Some(taker) = self.pairing.get() {
            taker(stream, from);
        }
    }
}

impl Inner {
    /// Begins to carry datagrams of a peer over a stream whose TLS handshake is done.
    fn open_tunnel<S>(self: &Arc<Self>, peer: SiteId, road: Road, stream: S) -> Option<Arc<Tunnel>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let tunnel = self.roads.table.open(peer, road)?;
        let (inner, carried) = (self.clone(), tunnel.clone());
        self.tasks.spawn("transfer.tunnel", async move {
            let stop = inner.tasks.stop_token();
            let end = tokio::select! {
                () = stop.cancelled() => Ok(()),
                end = carried.carry(stream, &inner.roads.inbox) => end,
            };
            inner.roads.table.close(&carried);
            if let Err(fault) = end {
                inner.tunnel_ended(carried.road.via.unwrap_or(peer), &fault).await;
            }
        });
        if road.kind == RoadKind::Relay && self.site > peer {
            self.tasks.spawn("transfer.punch", self.clone().answer_punching(tunnel.clone()));
        }
        Some(tunnel)
    }

    /// Whoever carried a tunnel, or is its other end, is told of where it changed what it carried.
    async fn tunnel_ended(&self, carrier: SiteId, fault: &Fault) {
        tracing::debug!(carrier = %carrier.short(), %fault, "a tunnel ended");
        match fault {
            Fault::Tampered => {
                self.alerts.security("bytes were changed on a road by way of this site", carrier, None).await;
            }
            Fault::Malformed => self.alerts.security("a tunnel that cannot be read", carrier, None).await,
            Fault::Lost(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_have_addresses_that_no_host_has() {
        let table = Table::default();
        let tunnel = table.open(SiteId([1; 32]), Road::of(RoadKind::Tcp)).unwrap();
        assert!(is_tunnel(&tunnel.address));
        let mapped = match tunnel.address.ip() {
            IpAddr::V4(v4) => SocketAddr::from((v4.to_ipv6_mapped(), PORT)),
            IpAddr::V6(_) => panic!("{}", tunnel.address),
        };
        assert!(Arc::ptr_eq(&table.at(&mapped).unwrap(), &tunnel));
        for host in ["127.0.0.1:1", "192.0.2.1:7411", "255.255.255.255:1", "[2001:db8::1]:1"] {
            assert!(!is_tunnel(&host.parse().unwrap()), "{host}");
        }
        table.close(&tunnel);
        assert!(table.at(&tunnel.address).is_none());
    }

    #[test]
    fn a_peer_has_a_few_and_the_oldest_goes() {
        let table = Table::default();
        let peer = SiteId([1; 32]);
        let all: Vec<Arc<Tunnel>> = (0..6).map(|_| table.open(peer, Road::of(RoadKind::Tcp)).unwrap()).collect();
        let open = all.iter().filter(|t| table.at(&t.address).is_some()).count();
        assert_eq!(open, PER_PEER_MAX);
        assert!(all[0].over.is_cancelled() && !all[5].over.is_cancelled());
    }
}
