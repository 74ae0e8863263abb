//! A node that was restored from a backup serves nothing to peers until it has learnt what it forgot, or an administrator
//! says that it may.
//!
//! Versions of its manifests go on above any it may have given before, by the clock, before a peer has even answered.
//! When every peer has told what it knows, the node opens by itself. One that does not answer keeps it shut until
//! somebody confirms, or forgets that peer.
//!
//! # At a crash
//! The mark stands in the folder until the evidence is written; the peers are asked again.
//!
//! # Not here
//! Asking: `overlay::relearn`. Confirming: `portal::restore`.

use super::{SiteError, node_actor};
use crate::{
    archive::Archive,
    audit::{Act, Audit, Event},
    backup,
    overlay::Overlay,
    tasks::{self, Tasks},
    trust::Trust,
};
use std::{path::PathBuf, time::Duration};
use tokio::sync::broadcast::error::RecvError;

/// Looked at so often, besides what the overlay tells.
const LOOK: Duration = Duration::from_secs(1);

/// What is needed.
pub(super) struct Restored {
    pub(super) dir: PathBuf,
    pub(super) trust: Trust,
    pub(super) archive: Archive,
    pub(super) audit: Audit,
    pub(super) tasks: Tasks,
}

impl Restored {
    /// Shuts the door to peers where the node bears the mark; before the planes start. Whether it does.
    ///
    /// # Errors
    /// When the mark cannot be read, or the versions' floor not be recorded.
    pub(super) async fn begin(&self) -> Result<bool, SiteError> {
        let Some(taken) = backup::restored(&self.dir)? else { return Ok(false) };
        self.trust.shut();
        self.archive.raise_floor(tasks::now().0 / 1000).await?;
        tracing::warn!(%taken, "restored from a backup: nothing is served to peers before they told what is newer");
        Ok(true)
    }

    /// Waits until all peers have told; then opens.
    pub(super) async fn run(self, overlay: Overlay) {
        let mut news = overlay.events();
        let mut noted = Vec::new();
        while self.trust.require_open().is_err() {
            let forgotten = overlay.forgotten();
            if forgotten != noted {
                if let Err(error) = backup::note_forgotten(&self.dir, &forgotten) {
                    tracing::error!(%error, "what peers know and we do not could not be listed");
                }
                noted = forgotten;
            }
            if overlay.unlearnt().is_empty()
                && let Err(error) = self.open(&overlay).await
            {
                tracing::error!(%error, "the node stays shut to peers; it is tried again");
            }
            tokio::select! {
                () = self.tasks.stopping() => return,
                () = tokio::time::sleep(LOOK) => {}
                event = news.recv() => if matches!(event, Err(RecvError::Closed)) { return },
            }
        }
        overlay.nudge_all();
    }

    async fn open(&self, overlay: &Overlay) -> Result<(), SiteError> {
        let peers = self.trust.peers().into_iter().filter(|peer| peer.revoked.is_none()).count();
        let note =
            format!("all {peers} peers told what they know; {} studies not held here", overlay.forgotten().len());
        self.audit.record(Event::new(Act::RestoreConfirmed, node_actor()).note(note)).await?;
        backup::confirm(&self.dir)?;
        self.trust.unshut();
        Ok(())
    }
}
