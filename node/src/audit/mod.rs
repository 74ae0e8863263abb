//! Evidence: who did what to which study, durable before the effect (stub: interface fixed, body to come).
use crate::{journal::JournalError, tasks::Tasks};
use protocol::{Refusal, SiteId, Timestamp, Uid, ids::Id128};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Who acted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    /// Account name, AE title, token name or `local` (control socket).
    pub(crate) person: String,
    /// Role as a word, empty where none.
    pub(crate) role: String,
    /// The site the actor belongs to; `None`: ours.
    pub(crate) site: Option<SiteId>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Act {
    NodeStarted,
    NodeStopped,
    SignIn,
    SignOut,
    UserChanged,
    TokenChanged,
    AeChanged,
    /// An association or STOW request first stored into a study.
    StudyReceived,
    /// An instance was refused (conflict, malformed).
    InstanceRefused,
    /// A person here opened a study (ours or a peer's).
    StudyOpened,
    /// A person or machine asked for lists (one per session and shape).
    StudiesQueried,
    /// We let a peer's reader at a study of ours.
    StudyServed,
    /// We asked a peer for a study.
    StudyFetched,
    StudyShared,
    StudyExported,
    PeerInvited,
    PeerPaired,
    PeerRevoked,
    PairingFailed,
    AgreementOffered,
    AgreementAccepted,
    AgreementEnded,
    CacheErased,
    /// Stored or received bytes were not those that were signed, or a stranger knocked. Always shown to admins.
    SecurityAlert,
    LogRead,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    Refused(Refusal),
    Failed,
}

/// One event. Never a patient's name or birth date: a study is its UID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) act: Act,
    pub(crate) outcome: Outcome,
    pub(crate) actor: Actor,
    pub(crate) study: Option<Uid>,
    /// The other site, where one takes part.
    pub(crate) peer: Option<SiteId>,
    /// By what it was allowed: agreement or grant.
    pub(crate) basis: Option<Id128>,
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
    /// A few words without patient data, at most 200 characters.
    pub(crate) note: String,
}

impl Event {
    pub(crate) fn new(act: Act, actor: Actor) -> Self {
        Self {
            at: crate::tasks::now(),
            act,
            outcome: Outcome::Done,
            actor,
            study: None,
            peer: None,
            basis: None,
            instances: 0,
            bytes: 0,
            note: String::new(),
        }
    }
    #[must_use]
    pub(crate) fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }
    #[must_use]
    pub(crate) fn study(mut self, study: &Uid) -> Self {
        self.study = Some(study.clone());
        self
    }
    #[must_use]
    pub(crate) fn peer(mut self, peer: SiteId) -> Self {
        self.peer = Some(peer);
        self
    }
    #[must_use]
    pub(crate) fn basis(mut self, basis: Id128) -> Self {
        self.basis = Some(basis);
        self
    }
    #[must_use]
    pub(crate) fn amount(mut self, instances: u64, bytes: u64) -> Self {
        self.instances = instances;
        self.bytes = bytes;
        self
    }
    #[must_use]
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error("the audit log cannot be written: {0}")]
    Journal(#[from] JournalError),
}

/// Filter of a page of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only entries with a lower number.
    pub(crate) before: Option<u64>,
    pub(crate) study: Option<Uid>,
    pub(crate) peer: Option<SiteId>,
    pub(crate) act: Option<Act>,
    pub(crate) alerts_only: bool,
    pub(crate) limit: usize,
}

/// The log. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Audit;

impl Audit {
    /// Opens `dir/audit` (a journal of its own, never compacted).
    pub(crate) fn open(_dir: &Path, _tasks: &Tasks) -> Result<Self, AuditError> {
        todo!()
    }
    /// Records; durable when it returns. Gives the entry's number (from 1).
    pub(crate) async fn record(&self, _event: Event) -> Result<u64, AuditError> {
        todo!()
    }
    /// Newest first.
    pub(crate) fn page(&self, _filter: &Filter) -> Vec<(u64, Event)> {
        todo!()
    }
}
