//! How a peer is dialled by each kind of road.
//!
//! # Not here
//! When, and which connection is kept: [`super::line`].

use super::{
    Inner, endpoint, keys,
    line::{Dialler, Dialling},
    roads::{Road, tcp, tunnel::Tunnel},
};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use protocol::{SiteId, roads::RoadKind};
use quinn::Connection;
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// A dial that has no answer by then failed; longer than any two round trips on earth.
const DIAL_WITHIN: Duration = Duration::from_millis(2_500);

/// Ends a tunnel over which no connection came about.
struct Unused(Option<Arc<Tunnel>>);

impl Drop for Unused {
    fn drop(&mut self) {
        if let Some(tunnel) = &self.0 {
            tunnel.over.cancel();
        }
    }
}

impl Dialler for Inner {
    fn dial(&self, peer: SiteId, kind: RoadKind) -> Dialling<'_> {
        async move {
            let this = self.this.upgrade()?;
            match kind {
                RoadKind::Direct => {
                    let addresses = resolve(&self.addresses(&peer)).await;
                    self.dial_udp(peer, addresses).await
                }
                RoadKind::Punched => self.punch(peer).await,
                RoadKind::Tcp => this.dial_tcp(peer).await,
                RoadKind::Relay => {
                    let tunnel = this.relayed(peer).await?;
                    this.dial_in(peer, tunnel).await
                }
            }
        }
        .boxed()
    }
    fn road_of(&self, connection: &Connection) -> Road {
        self.roads.road_of(&connection.remote_address())
    }
    fn keep_warm(&self, peer: &SiteId) -> bool {
        self.trust.agreements().iter().any(|a| a.peer == *peer && a.state.stands())
    }
    fn dials_first(&self, peer: &SiteId) -> bool {
        self.site < *peer
    }
    fn connected(&self, peer: SiteId, connection: &Connection) {
        self.serve(peer, connection);
    }
}

impl Inner {
    fn addresses(&self, peer: &SiteId) -> Vec<String> {
        self.trust.peer(peer).and_then(|p| p.record.open(peer).ok()).map(|record| record.pixels).unwrap_or_default()
    }

    /// Tries all addresses side by side; the first whose key is right wins.
    pub(super) async fn dial_udp(&self, peer: SiteId, addresses: Vec<SocketAddr>) -> Option<Connection> {
        let key = self.trust.key_of(&peer);
        let config = endpoint::dialling(&self.keys(), key, self.law).ok()?;
        let mut dials = FuturesUnordered::new();
        for address in addresses {
            if let Ok(connecting) = self.endpoint.connect_with(config.clone(), address, endpoint::SERVER_NAME) {
                dials.push(tokio::time::timeout(DIAL_WITHIN, connecting));
            }
        }
        while let Some(dialled) = dials.next().await {
            if let Ok(Ok(connection)) = dialled
                && keys::other_end(&connection) == Some(key)
            {
                return Some(connection);
            }
        }
        None
    }

    async fn dial_tcp(self: &Arc<Self>, peer: SiteId) -> Option<Connection> {
        if !self.roads.has_tcp {
            return None;
        }
        let addresses = resolve(&self.addresses(&peer)).await;
        let mut dials: FuturesUnordered<_> =
            addresses.into_iter().map(|address| tcp::dial(self, peer, address)).collect();
        while let Some(dialled) = dials.next().await {
            if let Some(tunnel) = dialled
                && let Some(connection) = self.dial_in(peer, tunnel).await
            {
                return Some(connection);
            }
        }
        None
    }

    /// Dials through a tunnel, which ends where no connection comes about.
    async fn dial_in(&self, peer: SiteId, tunnel: Arc<Tunnel>) -> Option<Connection> {
        let mut unused = Unused(Some(tunnel.clone()));
        let connection = tokio::select! {
            () = tunnel.over.cancelled() => None,
            connection = self.dial_udp(peer, vec![tunnel.address]) => connection,
        };
        if connection.is_some() {
            unused.0 = None;
        }
        connection
    }
}

async fn resolve(addresses: &[String]) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for address in addresses.iter().take(8) {
        match tokio::time::timeout(DIAL_WITHIN, tokio::net::lookup_host(address)).await {
            Ok(Ok(resolved)) => found.extend(resolved.take(4)),
            Ok(Err(_)) | Err(_) => tracing::debug!(%address, "address does not resolve"),
        }
    }
    // A name that stands for a tunnel's address is nobody's.
    found.retain(|address| !super::roads::is_tunnel(address));
    found
}
