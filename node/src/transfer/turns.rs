//! Reads of the archive for peers, so that one that asks without end waits behind itself and not before the others.
//!
//! Each peer has as many at once as there are cores, and as many again for what somebody waits for; what is more waits in
//! its own row. The reads of all peers together then share the machine evenly.
//!
//! # Not here
//! Sharing the link: quinn's connections share it, and a connection sends the more urgent first.

use protocol::{SiteId, fetch::Priority};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// See the module. Bounded by the number of peers.
#[derive(Debug)]
pub(super) struct Turns {
    each: usize,
    rows: Mutex<HashMap<(SiteId, bool), Arc<Semaphore>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { each: thread::available_parallelism().map_or(2, |n| n.get().max(2)), rows: Mutex::default() }
    }
}

impl Turns {
    /// Waits for a turn; it ends when what is given back is dropped.
    pub(super) async fn take(&self, peer: SiteId, priority: Priority) -> Option<OwnedSemaphorePermit> {
        let row = {
            let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
            let row = rows.entry((peer, priority >= Priority::Screen));
            row.or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone()
        };
        // Never closed.
        row.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_peer_waits_behind_itself_and_not_before_another_or_before_what_is_urgent() {
        let turns = Turns::default();
        let take = |n: u8, priority| turns.take(SiteId([n; 32]), priority).now_or_never();
        let held: Vec<_> = (0..turns.each).map(|_| take(1, Priority::Prefetch).unwrap()).collect();
        assert!(take(1, Priority::Series).is_none(), "its row is full");
        assert!(take(1, Priority::Screen).is_some());
        assert!(take(2, Priority::Prefetch).is_some());
        drop(held);
        assert!(take(1, Priority::Series).is_some());
    }
}
