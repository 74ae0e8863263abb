//! Who calls by UDP, and who is let in: paced by address before anything is spent, by site after the handshake.
//!
//! # Not here
//! Callers by TCP, paced alike: [`super::roads::tcp`]. Whose key passes: [`super::keys`].

use super::{HANDSHAKE_WITHIN, HANDSHAKES_MAX, Inner, endpoint, keys, roads};
use protocol::Key;
use quinn::Incoming;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, mpsc};

/// How long the last packets may take at stop.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);
/// A key that is no peer's may be a peer's next one, of which we shall have heard within this.
const UNKNOWN_FOR: Duration = Duration::from_secs(3);

pub(super) async fn accept(inner: Arc<Inner>) {
    let stop = inner.tasks.stop_token();
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let incoming = tokio::select! {
            () = stop.cancelled() => break,
            incoming = inner.endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { break };
        if inner.callers.take(&incoming.remote_address().ip(), Instant::now()).is_err() {
            // Unanswered: an honest caller's own timer makes it try again.
            incoming.ignore();
            continue;
        }
        match room.clone().try_acquire_owned() {
            Ok(place) => {
                let inner = inner.clone();
                inner.tasks.clone().spawn("transfer.handshake", async move {
                    admit(&inner, incoming).await;
                    drop(place);
                });
            }
            // Full of half-open handshakes: whoever comes must show that its address is real.
            Err(_) if incoming.may_retry() => {
                let _ = incoming.retry();
            }
            Err(_) => incoming.refuse(),
        }
    }
    inner.endpoint.close(endpoint::code::STOPPING, b"stopping");
    // Peers are told, so that they need not find out by silence.
    let _ = tokio::time::timeout(GOODBYE_WITHIN, inner.endpoint.wait_idle()).await;
}

async fn admit(inner: &Inner, incoming: Incoming) {
    let from = incoming.remote_address();
    let connection = match tokio::time::timeout(HANDSHAKE_WITHIN, incoming).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(reason)) => {
            tracing::debug!(%from, %reason, "handshake failed");
            return;
        }
        Err(_) => return,
    };
    // The verifier let the key in; looked at again, since trust may have ended meanwhile.
    let key = keys::other_end(&connection);
    let peer = key.and_then(|key| inner.trust.peer_with(&key));
    let pump = peer.and_then(|site| inner.pump(&site));
    let (Some(peer), Some(pump)) = (peer, pump) else {
        connection.close(endpoint::code::NOT_PAIRED, b"not paired");
        if let Some(key) = key {
            inner.alerts.stranger("a site that is no peer knocked at the pixel plane", key.as_site()).await;
        }
        return;
    };
    let remote = connection.remote_address();
    let tunnel = inner.roads.table.at(&remote);
    // A tunnel is one peer's, and nobody else speaks in it.
    if roads::is_tunnel(&remote) && tunnel.as_ref().is_none_or(|tunnel| tunnel.peer != peer) {
        connection.close(endpoint::code::NOT_PAIRED, b"not paired");
        return;
    }
    // One that came by a tunnel was counted when the tunnel was made.
    if tunnel.is_none() && inner.visits.take(&peer, Instant::now()).is_err() {
        connection.close(endpoint::code::TOO_OFTEN, b"too often");
        return;
    }
    inner.serve(peer, &connection);
    pump.line().adopt(connection, inner.roads.road_of(&remote));
}

pub(super) async fn write_knocks(inner: Arc<Inner>, mut knocks: mpsc::Receiver<(Key, Instant)>) {
    let stop = inner.tasks.stop_token();
    loop {
        let knocked = tokio::select! {
            () = stop.cancelled() => return,
            knocked = knocks.recv() => knocked,
        };
        let Some((key, at)) = knocked else { return };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep_until((at + UNKNOWN_FOR).into()) => {}
        }
        if inner.trust.peer_with(&key).is_some() {
            continue;
        }
        match inner.trust.peer_formerly_with(&key) {
            Some(site) => {
                inner.alerts.stranger("a key that the site has changed knocked at the pixel plane", site).await
            }
            None => inner.alerts.stranger("a key that is no peer's knocked at the pixel plane", key.as_site()).await,
        }
    }
}
