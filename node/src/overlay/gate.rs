//! Who is let in after the handshake: keys of peers, and for a moment a few strangers, to be heard once.
//!
//! A key that nobody here knows may be a peer's next one: the peer changed it while we were away, and we changed ours, so
//! that neither finds the other. It is let into the *hall*: whatever it asks goes to [`super::knock`], which hears a greeting
//! whose signature carries the chain of keys, and nothing else. The hall has few places, and an address takes one only
//! now and then; all others are refused right after the handshake, before any protocol runs.
//!
//! # Not here
//! Which keys are peers': [`super::swarm`] is told. When a stranger must leave: [`super::knock`].

use super::callers::ip;
use crate::pace::Pace;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, dummy,
    },
};
use std::{
    collections::{HashMap, HashSet},
    convert::Infallible,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Strangers heard at once.
const HALL: usize = 4;
/// Strangers from one address at once: a node dials by two roads, and again.
const KNOCKS_BURST: u32 = 8;
/// One more in so long.
const KNOCK_EACH: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug)]
pub(super) struct Gate {
    allowed: HashSet<PeerId>,
    hall: HashMap<ConnectionId, PeerId>,
    addresses: Pace<IpAddr>,
}

/// Why a connection is not taken.
#[derive(Debug)]
pub(super) struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key is no peer's")
    }
}

impl std::error::Error for NotAllowed {}

impl Default for Gate {
    fn default() -> Self {
        let addresses = Pace::new(KNOCKS_BURST, KNOCK_EACH);
        Self { allowed: HashSet::new(), hall: HashMap::new(), addresses }
    }
}

impl Gate {
    pub(super) fn allow(&mut self, peer: PeerId) {
        self.allowed.insert(peer);
    }

    /// It is let in no more; what is open is closed by whoever says so.
    pub(super) fn disallow(&mut self, peer: &PeerId) {
        self.allowed.remove(peer);
    }

    /// Whether it is a stranger that is being heard.
    pub(super) fn is_in_hall(&self, peer: &PeerId) -> bool {
        self.hall.values().any(|other| other == peer)
    }

    fn enforce(&self, peer: &PeerId) -> Result<(), ConnectionDenied> {
        if self.allowed.contains(peer) { Ok(()) } else { Err(ConnectionDenied::new(NotAllowed)) }
    }

    fn has_place(&self, peer: &PeerId, from: &Multiaddr, now: Instant) -> bool {
        let is_free = self.hall.len() < HALL && !self.is_in_hall(peer);
        is_free && ip(from).is_some_and(|ip| self.addresses.take(&ip, now).is_ok())
    }
}

impl NetworkBehaviour for Gate {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if self.enforce(&peer).is_err() {
            if !self.has_place(&peer, from, Instant::now()) {
                return Err(ConnectionDenied::new(NotAllowed));
            }
            self.hall.insert(connection, peer);
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: Option<PeerId>,
        _: &[Multiaddr],
        _: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        peer.map_or(Ok(()), |peer| self.enforce(&peer))?;
        Ok(Vec::new())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.enforce(&peer)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let over = match event {
            FromSwarm::ConnectionClosed(closed) => closed.connection_id,
            // Let in here, and refused by a limit behind.
            FromSwarm::ListenFailure(failed) => failed.connection_id,
            _ => return,
        };
        self.hall.remove(&over);
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hall_has_few_places_and_an_address_takes_one_only_now_and_then() {
        let (mut gate, here) = (Gate::default(), Multiaddr::empty());
        let from = |n: u8| -> Multiaddr { format!("/ip4/10.0.0.{n}/tcp/1").parse().unwrap() };
        let knock = |gate: &mut Gate, connection: usize, peer: PeerId, from: &Multiaddr| {
            let connection = ConnectionId::new_unchecked(connection);
            gate.handle_established_inbound_connection(connection, peer, &here, from).is_ok()
        };
        let strangers: Vec<PeerId> = (0..HALL).map(|_| PeerId::random()).collect();
        for (n, stranger) in strangers.iter().enumerate() {
            assert!(knock(&mut gate, n, *stranger, &from(1)));
        }
        let late = PeerId::random();
        assert!(!knock(&mut gate, 9, late, &from(2)), "no place is left");
        gate.allow(late);
        assert!(knock(&mut gate, 10, late, &from(2)) && !gate.is_in_hall(&late), "a peer needs none");
        gate.hall.clear();
        let free = u8::try_from(KNOCKS_BURST).unwrap() - u8::try_from(HALL).unwrap();
        for n in 0..free {
            assert!(knock(&mut gate, 20 + usize::from(n), PeerId::random(), &from(1)));
            gate.hall.clear();
        }
        assert!(!knock(&mut gate, 40, PeerId::random(), &from(1)), "from there too often");
        assert!(knock(&mut gate, 41, strangers[0], &from(3)));
        assert!(!knock(&mut gate, 42, strangers[0], &from(4)), "it is heard already");
        assert!(
            gate.handle_pending_outbound_connection(
                ConnectionId::new_unchecked(43),
                Some(strangers[1]),
                &[],
                Endpoint::Dialer
            )
            .is_err()
        );
    }
}
