//! What is sealed at rest is sealed anew, when the key that it hangs on may be in other hands.
//!
//! All of it hangs on the *root* (`identity`): second factors in the journal, sign-ins under way and known devices, drafts
//! of reports, and the cold copies in an object store. The root is the seed of the site's first key, until it is replaced here. In this order:
//! the next root is written, and everything is sealed under it from then on; second factors are recorded and drafts written anew; a backup is
//! waited for where there are cold copies, since one from before could read none of them; each copy is sealed anew, read
//! back, and then removed under the old name; when a whole run has left none, the root before is destroyed.
//!
//! # At a crash
//! That it was begun, and the next root, lie in the folder; the next start goes on. Each step may be done again.
//!
//! # Not here
//! Sealing: `seal`. The copies: `archive`. That the key is changed first, and why: `overlay::rotation`.

use crate::{
    archive::{Archive, Resealed},
    audit::{Act, Actor, Audit, Event},
    backup,
    cases::Cases,
    identity::{Identity, IdentityError},
    tasks::{self, Tasks},
    users::Users,
};
use protocol::Timestamp;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// What is waited for (a backup, the store) is looked for so often.
const LOOK: Duration = Duration::from_secs(2);

/// Where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing is sealed under a root of before.
    #[default]
    None,
    /// It goes on when a backup was taken.
    Backup,
    Working,
    /// The store is not there, or does not take some copies now.
    Away,
}

impl Stage {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Backup => "waits-for-backup",
            Self::Working => "working",
            Self::Away => "store-away",
        }
    }
}

/// Where it stands, and how far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) stage: Stage,
    pub(crate) since: Option<Timestamp>,
    /// Cold copies looked at, of how many.
    pub(crate) done: usize,
    pub(crate) total: usize,
    /// People whose second factor was sealed under the root before: what was recorded of it stays in the journal.
    pub(crate) factors: usize,
}

/// What it is built from.
#[derive(Debug)]
pub(crate) struct ResealParts {
    pub(crate) dir: PathBuf,
    pub(crate) identity: Arc<Identity>,
    pub(crate) users: Users,
    pub(crate) archive: Archive,
    pub(crate) cases: Cases,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
}

#[derive(Debug)]
struct Inner {
    parts: ResealParts,
    progress: Mutex<Progress>,
    /// Nobody takes backups of this node.
    without_backup: AtomicBool,
    wake: Notify,
}

/// The work. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Reseal {
    inner: Arc<Inner>,
}

impl Reseal {
    /// Goes on with what was begun, and waits for more, until the node stops.
    pub(crate) fn start(parts: ResealParts) -> Self {
        let tasks = parts.tasks.clone();
        let inner = Arc::new(Inner {
            parts,
            progress: Mutex::default(),
            without_backup: AtomicBool::new(false),
            wake: Notify::new(),
        });
        tasks.spawn("sealing anew", inner.clone().run());
        Self { inner }
    }

    /// Begins, or goes on. `without_backup`: no backup is waited for, and one from before will not read the cold copies.
    ///
    /// # Errors
    /// [`IdentityError::NotChanged`]; when it cannot be written.
    pub(crate) async fn begin(&self, actor: Actor, without_backup: bool) -> Result<(), IdentityError> {
        let is_new = self.inner.parts.identity.resealing().is_none();
        self.inner.parts.identity.begin_reseal(tasks::now())?;
        if without_backup {
            self.inner.without_backup.store(true, Ordering::Release);
        }
        if is_new {
            self.inner.record(Event::new(Act::KeyChanged, actor).note("what is sealed at rest is sealed anew")).await;
        }
        self.inner.wake.notify_one();
        Ok(())
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        let since = self.inner.parts.identity.resealing();
        let mut progress = *self.inner.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.since = since;
        if since.is_some() && progress.stage == Stage::None {
            progress.stage = Stage::Working;
        }
        progress
    }
}

impl Inner {
    async fn record(&self, event: Event) {
        if let Err(why) = self.parts.audit.record(event).await {
            tracing::error!(%why, "evidence was not recorded");
        }
    }

    fn note(&self, change: impl FnOnce(&mut Progress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    async fn run(self: Arc<Self>) {
        loop {
            let begun = self.parts.identity.resealing();
            if let Some(since) = begun {
                let stage = self.clone().work(since).await;
                self.note(|progress| progress.stage = stage);
            }
            let pause = async {
                // Nothing was begun, or all is done.
                match self.parts.identity.resealing() {
                    Some(_) => tokio::time::sleep(LOOK).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.parts.tasks.stopping() => return,
                () = self.wake.notified() => {}
                () = pause => {}
            }
        }
    }

    /// One run; where it ended.
    async fn work(self: Arc<Self>, since: Timestamp) -> Stage {
        match self.parts.users.reseal_factors().await {
            Ok(factors) => self.note(|progress| progress.factors = factors),
            Err(why) => {
                tracing::error!(%why, "second factors are sealed anew later");
                return Stage::Working;
            }
        }
        if let Err(why) = self.parts.cases.reseal_drafts().await {
            tracing::error!(%why, "drafts of reports are sealed anew later");
            return Stage::Working;
        }
        if let Err(why) = self.parts.cases.reseal_attachments().await {
            tracing::error!(%why, "attachments of cases are sealed anew later");
            return Stage::Working;
        }
        let inner = self.clone();
        let copies = self.parts.tasks.spawn_blocking("sealing anew", move || inner.copies(since)).await;
        match copies {
            Ok(Stage::None) => {}
            Ok(stage) => return stage,
            // The node stops.
            Err(_) => return Stage::Working,
        }
        match self.parts.identity.finish_reseal() {
            Ok(()) => {
                let node = Actor { person: "node".to_owned(), ..Actor::default() };
                let note = "all that is sealed at rest is sealed anew; the root before is destroyed";
                self.record(Event::new(Act::KeyChanged, node).note(note)).await;
                Stage::None
            }
            Err(why) => {
                tracing::warn!(%why, "the root before is destroyed later");
                Stage::Working
            }
        }
    }

    /// The cold copies (blocking).
    fn copies(&self, since: Timestamp) -> Stage {
        match self.parts.archive.has_sealed_copies() {
            Ok(false) => return Stage::None,
            Ok(true) => {}
            Err(why) => {
                tracing::error!(%why, "it cannot be said whether there are sealed copies");
                return Stage::Working;
            }
        }
        let has_backup = || backup::last(&self.parts.dir).is_some_and(|last| last.at > since);
        if !self.without_backup.load(Ordering::Acquire) && !has_backup() {
            return Stage::Backup;
        }
        let tell = |done, total| {
            self.note(|progress| (progress.stage, progress.done, progress.total) = (Stage::Working, done, total));
        };
        match self.parts.archive.reseal_copies(&tell) {
            Ok(Resealed::All) => Stage::None,
            Ok(Resealed::Some | Resealed::Away) => Stage::Away,
            Err(why) => {
                tracing::error!(%why, "cold copies are sealed anew later");
                Stage::Working
            }
        }
    }
}
