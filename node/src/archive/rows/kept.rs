//! Records and rows of the tiers, of retention and of erasing.
//!
//! # Not here
//! What they decide: `protocol::retention`. What follows from them: [`super::super::retain`], [`super::super::tier`].

use super::{PatientKey, RejectedInstance};
use protocol::{Digest, Timestamp, Uid, retention::Day};
use serde::{Deserialize, Serialize};

/// Journal record: verified copies of these objects of a study are in the cold tier; their hot files may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ColdRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) digests: Vec<Digest>,
}

/// Journal record: a study is whole in the hot tier again; its cold copies stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct RecallRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
}

/// Journal record: a decided conflict is closed, and the bytes that were decided against are erased. It stays when they
/// are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct CloseRecord {
    /// Of the conflict.
    pub(in crate::archive) id: u64,
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) person: String,
    /// Empty where the time of undoing was over.
    pub(in crate::archive) reason: String,
    pub(in crate::archive) instance: Uid,
    pub(in crate::archive) gone: Digest,
}

/// Journal record: the bytes of closed conflicts are gone, but for those that something else names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ClosedRecord {
    pub(in crate::archive) ids: Vec<u64>,
    pub(in crate::archive) gone: Vec<Digest>,
}

/// What is left of a closed conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) reason: String,
    /// Of the bytes that were decided against.
    pub(crate) gone: Digest,
    /// The bytes are gone.
    pub(crate) is_done: bool,
}

/// Journal record: a rejection note of somebody else's came, and what was done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NoteRecord {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    /// Who sent it.
    pub(crate) person: String,
    /// SOP Instance UID and study of the note itself.
    pub(crate) note: Uid,
    pub(crate) study: Uid,
    pub(crate) reason: super::RejectReason,
    /// Instances that it names.
    pub(crate) named: u64,
    pub(crate) heeded: Heeded,
}

impl NoteRecord {
    /// What was done now about a note; its number is given when it is written.
    pub(in crate::archive) fn of(
        (note, study): (&Uid, Uid),
        (reason, named): (super::RejectReason, u64),
        heeded: Heeded,
        by: &crate::audit::Actor,
    ) -> Self {
        let (note, person) = (note.clone(), by.person.clone());
        Self { id: 0, at: crate::tasks::now(), person, note, study, reason, named, heeded }
    }
}

/// What was done about a rejection note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Heeded {
    /// The rejections made, by their numbers.
    Obeyed(Vec<u64>),
    /// Its sender may not reject.
    NotPermitted,
    /// Nothing that it names is here.
    NothingHeld,
    /// Proposals to erase, of studies whose time is past; another person approves or not.
    Proposed(Vec<u64>),
    /// Retention keeps what it calls expired.
    StillKept,
    /// Its sender may not reject, and somebody who may decided that it is not obeyed.
    Left,
}

impl Heeded {
    /// The word of the interface.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Obeyed(_) => "obeyed",
            Self::NotPermitted => "not-permitted",
            Self::NothingHeld => "nothing-held",
            Self::Proposed(_) => "proposed",
            Self::StillKept => "still-kept",
            Self::Left => "left",
        }
    }
}

/// Which tier a study was last moved to, as the index holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct StudyTier {
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) is_cold: bool,
}

/// An object has a cold copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct HasCopy(pub(in crate::archive) bool);

/// What somebody recorded that the objects do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Claim {
    Death(Day),
    /// The last stay or visit, as it was looked up on the day of the record.
    Visit(Day),
    /// A litigation: nothing of the patient goes.
    Hold,
    /// A claim of this number is taken back.
    Release(u64),
}

/// Journal record: a claim about a study's patient; about the study alone where it names no patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClaimRecord {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) study: Uid,
    pub(crate) patient: Option<PatientKey>,
    pub(crate) claim: Claim,
    pub(crate) reason: String,
}

impl ClaimRecord {
    pub(crate) const fn word(&self) -> &'static str {
        match self.claim {
            Claim::Death(_) => "death",
            Claim::Visit(_) => "visit",
            Claim::Hold => "hold",
            Claim::Release(_) => "release",
        }
    }

    pub(in crate::archive) const fn releases(&self) -> Option<u64> {
        match self.claim {
            Claim::Release(id) => Some(id),
            _ => None,
        }
    }
}

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Target {
    Study(Uid),
    /// What is under a rejection, by its number.
    Rejection(u64),
}

/// Journal record: somebody proposes to erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proposal {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) target: Target,
    pub(crate) study: Uid,
    pub(crate) reason: String,
}

/// Journal record: a proposal is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct WithdrawRecord {
    pub(in crate::archive) id: u64,
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) person: String,
}

/// Journal record: instances are erased. It stays when they are gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EraseRecord {
    /// Of the proposal.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) proposer: String,
    pub(crate) approver: String,
    pub(crate) reason: String,
    pub(crate) study: Uid,
    /// The rejection they were under.
    pub(crate) rejection: Option<u64>,
    pub(crate) instances: Vec<RejectedInstance>,
}

/// Journal record: the bytes of an erasure are gone, but for those that another instance shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ErasedRecord {
    pub(in crate::archive) id: u64,
    pub(in crate::archive) gone: Vec<Digest>,
}

/// An erasure as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredErase {
    pub(crate) record: EraseRecord,
    /// The bytes are gone.
    pub(crate) is_done: bool,
}

/// A number that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct Number(pub(in crate::archive) u64);
