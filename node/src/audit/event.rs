//! One event: act, outcome, actor, and what it was about.
//!
//! These types are stored. Variants of [`Act`] and [`Outcome`] are only ever added at the end.

use protocol::{Refusal, SiteId, Timestamp, Uid, ids::Id128};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Characters kept of a note.
const NOTE_MAX: usize = 200;
/// Characters kept of an actor's name: a wrong sign-in may carry anything.
const NAME_MAX: usize = 64;

/// Who acted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Actor {
    /// Account name, AE title, token name or `local` (control socket).
    pub(crate) person: String,
    /// Role as a word, empty where none.
    pub(crate) role: String,
    /// The site the actor belongs to; `None`: ours.
    pub(crate) site: Option<SiteId>,
    /// From where, where a door saw it. Kept in a record of its own kind ([`super::ledger::Arrived`]).
    #[serde(skip)]
    pub(crate) from: Option<Origin>,
}

/// From where somebody acted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    /// The AE title that was called by, which proves nothing by itself; empty where none was.
    pub(crate) title: String,
}

impl Origin {
    pub(crate) fn new(address: IpAddr, title: impl Into<String>) -> Self {
        Self { address: address.to_canonical(), title: title.into() }
    }
}

impl Actor {
    /// A machine by its AE title.
    pub(crate) fn ae(title: impl Into<String>) -> Self {
        Self { person: title.into(), role: "ae".to_owned(), ..Self::default() }
    }

    #[must_use]
    pub(crate) fn from(mut self, origin: Option<Origin>) -> Self {
        self.from = origin;
        self
    }
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
    /// All that the node has was copied, sealed, to a backup.
    BackupTaken,
    /// An administrator let a node serve that was restored from a backup.
    RestoreConfirmed,
    /// Instances were rejected: nobody sees them any more.
    StudyRejected,
    /// A rejection was taken back.
    StudyReinstated,
    /// A DICOM peer was told which of its instances are safe here.
    StorageCommitted,
    /// Attributes of a patient or study are shown otherwise than they were received.
    StudyCorrected,
    /// A correction was taken back.
    CorrectionUndone,
    /// Somebody decided on other bytes under a known SOP Instance UID.
    ConflictResolved,
    /// What decides how long a study is kept was recorded or proposed.
    RetentionChanged,
    /// Instances were erased: their bytes are gone for good.
    StudyErased,
    /// A PACS beside the node was added, changed or removed.
    SourceChanged,
    /// A study was asked for from a PACS beside the node.
    StudyRecalled,
    /// A migration was begun, steered, or ended.
    MigrationChanged,
    /// A rule on arrival was added, changed or removed, or what waits for it was dropped.
    RuleChanged,
    /// Rules fired for a study that came in.
    RuleFired,
    /// Labels of a study were set or taken away by hand.
    StudyLabelled,
    /// An object that was no longer what was stored is it again.
    ObjectRepaired,
    /// A peer was given back bytes that it signed, from our copy.
    ObjectReturned,
    /// Of a peer was learnt what a restored node had forgotten.
    PeerRelearned,
    /// A rule offered a study to a peer, or a peer's rule offered one to us.
    StudyOffered,
    /// A peer that keeps a second copy of our backup was let at sealed files of it.
    BackupServed,
    /// Sealed files of a peer's backup came, or did not, for the second copy kept here.
    BackupKept,
    /// The keeper of our second copy was asked to prove that it has it.
    BackupProved,
    /// A second copy that was kept for a peer is erased.
    KeptErased,
    /// A second copy that is kept for a peer was written out, sealed as it is.
    KeptExported,
    /// Evidence was written out for somebody else to check.
    LogExported,
    /// An administrator took note of what was found wrong with a ledger.
    LedgerSettled,
    /// A study, or all of a patient's, is held back from other sites.
    StudyWithheld,
    /// It is held back no more.
    StudyReleased,
    /// A person broke the glass: one patient's studies at another site are open in an emergency.
    GlassBroken,
    /// Somebody looked at why.
    GlassReviewed,
    /// A peer gave its receipt for a copy of a study of ours that it erased.
    CopyErased,
    /// Somebody at a peer's reads no more: what ran for this person was cut.
    ReaderGone,
    /// A party suspended an agreement: nothing is told or opened under it.
    AgreementSuspended,
    /// A party resumed what it had suspended.
    AgreementResumed,
    /// A party ends an agreement when what is being read has been read.
    AgreementClosing,
    /// Who is on duty was stated, or a case was opened or closed.
    DutyStated,
    /// A site has a new key: ours, or a peer's.
    KeyChanged,
    /// A trial of the link between two sites, with what it found.
    LinkTried,
    /// An administrator paused a transfer from a peer, let it go on, or called it off.
    TransferSteered,
    /// A step in a case, here or at another site that takes part in it.
    CaseChanged,
    /// Delays of cases, whom to ask and whom to call.
    CaseSettingsChanged,
    /// Bytes of one peer were carried to another, and back.
    RoadRelayed,
    /// We let another site give a peer's reader what it has of a study of ours.
    PassGiven,
    /// We gave a peer's reader of our copy of another site's study, by that site's pass.
    CopyLent,
    /// A peer was asked whether it knows a patient, without being told whom.
    PresenceAsked,
    /// A peer was asked which studies of a patient it has.
    HistoryAsked,
    /// A peer was told which studies of a patient we have that its reader may open.
    HistoryTold,
    /// Somebody decided whether two records are of one patient.
    PatientLinked,
    /// Somebody opened what goes with a case.
    AttachmentOpened,
    /// A site that takes part in a case was given what goes with it.
    AttachmentServed,
    /// What goes with a case came from a site that takes part in it.
    AttachmentFetched,
    /// Somebody has heard what a case called them for.
    AlertHeard,
    /// A report of a case came into somebody's hands.
    ReportOpened,
    /// Somebody who had a report in hand said that they know that it differs from another.
    DiscordanceAcknowledged,
}

macro_rules! words {
    ($($act:ident => $word:literal,)*) => {
        impl Act {
            /// The word of the interface, in kebab case.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$act => $word,)*
                }
            }
        }
    };
}

words! {
    NodeStarted => "node-started",
    NodeStopped => "node-stopped",
    SignIn => "sign-in",
    SignOut => "sign-out",
    UserChanged => "user-changed",
    TokenChanged => "token-changed",
    AeChanged => "ae-changed",
    StudyReceived => "study-received",
    InstanceRefused => "instance-refused",
    StudyOpened => "study-opened",
    StudiesQueried => "studies-queried",
    StudyServed => "study-served",
    StudyFetched => "study-fetched",
    StudyShared => "study-shared",
    StudyExported => "study-exported",
    PeerInvited => "peer-invited",
    PeerPaired => "peer-paired",
    PeerRevoked => "peer-revoked",
    PairingFailed => "pairing-failed",
    AgreementOffered => "agreement-offered",
    AgreementAccepted => "agreement-accepted",
    AgreementEnded => "agreement-ended",
    CacheErased => "cache-erased",
    SecurityAlert => "security-alert",
    LogRead => "log-read",
    BackupTaken => "backup-taken",
    RestoreConfirmed => "restore-confirmed",
    StudyRejected => "study-rejected",
    StudyReinstated => "study-reinstated",
    StorageCommitted => "storage-committed",
    StudyCorrected => "study-corrected",
    CorrectionUndone => "correction-undone",
    ConflictResolved => "conflict-resolved",
    RetentionChanged => "retention-changed",
    StudyErased => "study-erased",
    SourceChanged => "source-changed",
    StudyRecalled => "study-recalled",
    MigrationChanged => "migration-changed",
    RuleChanged => "rule-changed",
    RuleFired => "rule-fired",
    StudyLabelled => "study-labelled",
    ObjectRepaired => "object-repaired",
    ObjectReturned => "object-returned",
    PeerRelearned => "peer-relearned",
    StudyOffered => "study-offered",
    BackupServed => "backup-served",
    BackupKept => "backup-kept",
    BackupProved => "backup-proved",
    KeptErased => "kept-erased",
    KeptExported => "kept-exported",
    LogExported => "log-exported",
    LedgerSettled => "ledger-settled",
    StudyWithheld => "study-withheld",
    StudyReleased => "study-released",
    GlassBroken => "glass-broken",
    GlassReviewed => "glass-reviewed",
    CopyErased => "copy-erased",
    ReaderGone => "reader-gone",
    AgreementSuspended => "agreement-suspended",
    AgreementResumed => "agreement-resumed",
    AgreementClosing => "agreement-closing",
    DutyStated => "duty-stated",
    KeyChanged => "key-changed",
    LinkTried => "link-tried",
    TransferSteered => "transfer-steered",
    CaseChanged => "case-changed",
    CaseSettingsChanged => "case-settings-changed",
    RoadRelayed => "road-relayed",
    PassGiven => "pass-given",
    CopyLent => "copy-lent",
    PresenceAsked => "presence-asked",
    HistoryAsked => "history-asked",
    HistoryTold => "history-told",
    PatientLinked => "patient-linked",
    AttachmentOpened => "attachment-opened",
    AttachmentServed => "attachment-served",
    AttachmentFetched => "attachment-fetched",
    AlertHeard => "alert-heard",
    ReportOpened => "report-opened",
    DiscordanceAcknowledged => "discordance-acknowledged",
}

impl Act {
    /// Whether the other site of such an event countersigns it. Not a revocation: whoever parts says no more; and not an
    /// alert, which is not for the one it is about.
    const fn crosses(self) -> bool {
        matches!(
            self,
            Self::StudyOpened
                | Self::StudyServed
                | Self::StudyFetched
                | Self::StudyShared
                | Self::StudyOffered
                | Self::PeerPaired
                | Self::PeerRelearned
                | Self::AgreementOffered
                | Self::AgreementAccepted
                | Self::AgreementEnded
                | Self::AgreementSuspended
                | Self::AgreementResumed
                | Self::AgreementClosing
                | Self::LinkTried
                | Self::CacheErased
                | Self::ObjectReturned
                | Self::PassGiven
                | Self::CopyLent
                | Self::BackupServed
                | Self::BackupKept
                | Self::BackupProved
                | Self::KeptErased
                | Self::KeptExported
                | Self::GlassBroken
                | Self::GlassReviewed
                | Self::CaseChanged
                | Self::PresenceAsked
                | Self::HistoryTold
        )
    }
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Done,
    Refused(Refusal),
    Failed,
}

impl Outcome {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused(_) => "refused",
            Self::Failed => "failed",
        }
    }
    /// Why, where it was refused.
    pub(crate) const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.code()),
            Self::Done | Self::Failed => None,
        }
    }
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
    /// The other site, where it is to countersign this.
    pub(crate) fn witness(&self) -> Option<SiteId> {
        self.peer.filter(|_| self.act.crosses())
    }
    /// With its texts cut to their bounds, as it is stored.
    pub(super) fn bounded(mut self) -> Self {
        cut(&mut self.note, NOTE_MAX);
        cut(&mut self.actor.person, NAME_MAX);
        cut(&mut self.actor.role, NAME_MAX);
        if let Some(from) = &mut self.actor.from {
            cut(&mut from.title, NAME_MAX);
        }
        self
    }
}

fn cut(text: &mut String, characters_max: usize) {
    if let Some((at, _)) = text.char_indices().nth(characters_max) {
        text.truncate(at);
    }
}
