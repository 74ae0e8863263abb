//! The second copy of a backup at another site, by agreement: kept here for peers ([`keep`]), and watched over where peers
//! keep ours ([`own`]).
//!
//! The keeper fetches: it knows its disk, and what it has. It looks at the owner's list now and then, fetches what is new
//! within the hours and at the pace that both signed, and says how its copy stands. The owner makes the list after each
//! backup and asks, once a day, for proof of files drawn at random. Nothing of this can be read at the keeper's.
//!
//! # At a crash
//! At either side, at any moment: the keeper's folder says what is there, and the rest is fetched. A file that was on its
//! way goes on from where it was.
//!
//! # Not here
//! What two sites agreed: `trust`. Sealed files and lists: `backup`. Taking backups: people and their timers.

mod keep;
mod own;

use crate::{
    audit::{Act, Actor, Audit, Event},
    backup::{BackupError, Held, Second},
    identity::Identity,
    overlay::Overlay,
    tasks::Tasks,
    transfer::{Transfer, TransferError},
    trust::{KeepingRow, Trust, TrustError},
};
use protocol::{Refusal, SiteId};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Why a run ended before all was there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpareError {
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("the two sites have no such agreement in force")]
    NoKeeping,
    #[error("there is no list of the backup yet: take one")]
    NoList,
    /// What came is not what the owner signed; it is fetched again.
    #[error("what came is not what the site signed")]
    Corrupt,
    /// The copy waits: for its hours, or for room.
    #[error("the copy waits")]
    Waits,
    #[error("the node is stopping")]
    Stopping,
}

/// What is needed.
#[derive(Debug)]
pub(crate) struct SpareParts {
    pub(crate) identity: Arc<Identity>,
    pub(crate) trust: Trust,
    pub(crate) overlay: Overlay,
    pub(crate) transfer: Transfer,
    pub(crate) second: Second,
    pub(crate) held: Held,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    /// How often it is looked for news.
    pub(crate) every: Duration,
    /// A copy leaves so many bytes of the disk free.
    pub(crate) free_bytes_min: u64,
    pub(crate) dir: std::path::PathBuf,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Spare {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: SpareParts,
    /// Peers between whom and us a run is under way.
    running: Mutex<BTreeSet<SiteId>>,
    /// Owners that were told once what both signed: they had forgotten.
    reminded: Mutex<BTreeSet<SiteId>>,
    /// Somebody wants it looked now.
    looked: tokio::sync::Notify,
}

impl std::ops::Deref for Inner {
    type Target = SpareParts;
    fn deref(&self) -> &SpareParts {
        &self.parts
    }
}

impl Spare {
    /// Looks until the node stops.
    pub(crate) fn start(parts: SpareParts) -> Self {
        let tasks = parts.tasks.clone();
        let (running, reminded) = (Mutex::default(), Mutex::default());
        let inner = Arc::new(Inner { parts, running, reminded, looked: tokio::sync::Notify::new() });
        tasks.spawn("spare", inner.clone().run());
        Self { inner }
    }

    /// Looks now: a backup was taken, or a keeping changed.
    pub(crate) fn look(&self) {
        self.inner.looked.notify_one();
    }
}

impl Inner {
    async fn run(self: Arc<Self>) {
        let mut news = self.trust.events();
        loop {
            self.clone().own();
            for row in self.trust.keepings() {
                if row.is_keeper() && self.trust.keeping(&row.peer, true).is_some_and(|k| k.id == row.keeping.id) {
                    self.clone().keep(row);
                }
            }
            self.clone().erase_ended();
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = tokio::time::sleep(self.every) => {}
                () = self.looked.notified() => {}
                event = news.recv() => if matches!(event, Err(tokio::sync::broadcast::error::RecvError::Closed)) { return },
            }
        }
    }

    /// Whether the caller runs; one run with a peer at a time.
    fn begin(self: &Arc<Self>, peer: SiteId) -> Option<Turn> {
        let began = self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(peer);
        began.then(|| Turn { inner: self.clone(), peer })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, SpareError> {
        let done = self.tasks.spawn_blocking(name, work).await;
        Ok(done.map_err(|_| SpareError::Stopping)??)
    }

    /// Evidence of what has happened already.
    async fn record(&self, event: Event) {
        if let Err(error) = self.audit.record(event).await {
            tracing::error!(%error, "evidence of a second copy was not recorded");
        }
    }

    /// The other one does not know a text that both signed: it was restored from a backup. It is told once a run.
    async fn remind(&self, row: &KeepingRow, error: &SpareError) {
        let is_unknown = matches!(error, SpareError::Transfer(TransferError::Refused(Refusal::NotHeld)));
        if is_unknown
            && self.reminded.lock().unwrap_or_else(PoisonError::into_inner).insert(row.peer)
            && let Err(error) = self.overlay.send_keeping(&row.peer, row.signed.clone()).await
        {
            tracing::warn!(%error, "a peer is not reminded of what it signed");
        }
    }
}

/// One run with a peer.
struct Turn {
    inner: Arc<Inner>,
    peer: SiteId,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.peer);
    }
}

fn node_event(act: Act, peer: SiteId) -> Event {
    Event::new(act, Actor { person: "node".to_owned(), ..Actor::default() }).peer(peer)
}
