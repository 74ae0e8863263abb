//! How often anybody may begin a connection of the control plane: by address before a handshake is worked on, by site
//! after it. What is too often is dropped unsaid; an honest node dials again by itself.
//!
//! # Not here
//! Who may connect at all: [`super::gate`]. How many connections at once: the limits of [`super::swarm`].

use crate::pace::Pace;
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    multiaddr,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm, dummy,
    },
};
use std::{
    convert::Infallible,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// Handshakes from one address at once: a hospital group behind one, all starting again.
const CALLS_BURST: u32 = 256;
/// One more in so long. A handshake costs about a millisecond of one core.
const CALL_EACH: Duration = Duration::from_millis(50);
/// Connections of one site at once: it keeps two, and dials some when the line is bad.
const VISITS_BURST: u32 = 32;
/// One more in so long.
const VISIT_EACH: Duration = Duration::from_secs(1);

/// See the module.
#[derive(Debug)]
pub(super) struct Callers {
    addresses: Pace<IpAddr>,
    sites: Pace<PeerId>,
}

/// Why a connection is not taken.
#[derive(Debug)]
pub(super) struct TooOften;

impl fmt::Display for TooOften {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connections come too often from there")
    }
}

impl std::error::Error for TooOften {}

impl Default for Callers {
    fn default() -> Self {
        Self { addresses: Pace::new(CALLS_BURST, CALL_EACH), sites: Pace::new(VISITS_BURST, VISIT_EACH) }
    }
}

fn too_often(_wait: Duration) -> ConnectionDenied {
    ConnectionDenied::new(TooOften)
}

pub(super) fn ip(address: &Multiaddr) -> Option<IpAddr> {
    address.iter().find_map(|part| match part {
        multiaddr::Protocol::Ip4(ip) => Some(IpAddr::V4(ip)),
        multiaddr::Protocol::Ip6(ip) => Some(IpAddr::V6(ip)),
        _ => None,
    })
}

impl NetworkBehaviour for Callers {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        from: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        ip(from).map_or(Ok(()), |ip| self.addresses.take(&ip, Instant::now())).map_err(too_often)
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.sites.take(&peer, Instant::now()).map_err(too_often)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}
