//! What the archive keeps of studies, series and instances: the rows that others see, and the shapes in which journal
//! and index hold them.
//!
//! Journal records hold everything that rows are made of, so that the index can be made again without opening one
//! file.
//!
//! # Not here
//! Making rows from bytes: [`super::prescan`]. Keeping them: [`super::index`].

use protocol::{
    Digest, Timestamp, Uid,
    agreement::StudyFacts,
    manifest::{Completeness, InstanceEntry, ManifestRef, Patient},
    retention::Day,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// A study of ours, as lists and cards need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StudyRow {
    pub(crate) study: Uid,
    pub(crate) patient: Patient,
    /// `YYYYMMDD`, when the objects say.
    pub(crate) date: Option<String>,
    /// `HHMMSS`.
    pub(crate) time: Option<String>,
    pub(crate) modalities: Vec<String>,
    pub(crate) body_parts: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) accession: Option<String>,
    pub(crate) referrer: Option<String>,
    pub(crate) study_id: Option<String>,
    pub(crate) series: u32,
    pub(crate) instances: u32,
    pub(crate) bytes: u64,
    pub(crate) arrived: Timestamp,
    /// Last change of any row of the study.
    pub(crate) changed: Timestamp,
    pub(crate) completeness: Completeness,
    /// Rises with every change that settles; the card's version.
    pub(crate) version: u64,
    /// Another Patient ID or issuer arrived under the same Study UID: shown, never merged.
    pub(crate) patient_conflict: bool,
}

impl StudyRow {
    /// What agreements judge by.
    pub(crate) fn facts(&self) -> StudyFacts {
        let arrived = i64::try_from(self.arrived.0 / 86_400_000).unwrap_or(i64::MAX);
        StudyFacts {
            study: self.study.clone(),
            modalities: self.modalities.clone(),
            day: self.date.as_deref().and_then(Day::parse).map_or(arrived, |day| day.0),
        }
    }
}

/// A series of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SeriesRow {
    pub(crate) series: Uid,
    pub(crate) modality: String,
    pub(crate) number: Option<i32>,
    pub(crate) description: Option<String>,
    pub(crate) body_part: Option<String>,
    pub(crate) date: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) station: Option<String>,
    pub(crate) instances: u32,
    pub(crate) bytes: u64,
}

/// One instance: what the manifest entry says and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InstanceRow {
    pub(crate) entry: InstanceEntry,
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    /// Bytes of preamble and meta group before the data set in the stored file.
    pub(crate) meta_bytes: u32,
    pub(crate) received: Timestamp,
}

/// Totals of an archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) studies: u64,
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
}

/// What an instance says of its study.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StudySays {
    pub(super) study: Uid,
    pub(super) patient: Patient,
    pub(super) date: Option<String>,
    pub(super) time: Option<String>,
    pub(super) description: Option<String>,
    pub(super) accession: Option<String>,
    pub(super) referrer: Option<String>,
    pub(super) study_id: Option<String>,
}

/// What an instance says of its series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SeriesSays {
    pub(super) series: Uid,
    pub(super) modality: String,
    pub(super) number: Option<i32>,
    pub(super) description: Option<String>,
    pub(super) body_part: Option<String>,
    pub(super) date: Option<String>,
    pub(super) time: Option<String>,
    pub(super) station: Option<String>,
}

/// An instance as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredInstance {
    pub(super) row: InstanceRow,
    /// Of preamble and meta group, which the object's own digest does not cover.
    pub(super) meta_digest: Digest,
}

/// Journal record: an instance is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct IngestRecord {
    pub(super) study: StudySays,
    pub(super) series: SeriesSays,
    pub(super) instance: StoredInstance,
    /// Who brought it.
    pub(super) person: String,
}

/// Journal record: a study was quiet and its manifest made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SettleRecord {
    pub(super) study: Uid,
    pub(super) version: u64,
    pub(super) manifest: ManifestRef,
    /// How many instances the manifest lists: a study that has more by now is arriving again.
    pub(super) instances: u32,
    pub(super) at: Timestamp,
}

/// Journal record: the file of an ingest record is not there after all; the record no longer counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VoidRecord {
    pub(super) study: Uid,
    pub(super) series: Uid,
    pub(super) instance: Uid,
    pub(super) digest: Digest,
}

/// Journal record, first of a journal made from files alone: versions go on from here, since earlier ones are unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FloorRecord {
    pub(super) version: u64,
}

/// Why instances must not be shown (PS3.16 CID 7011).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RejectReason {
    Quality,
    PatientSafety,
    WrongWorklistEntry,
    RetentionExpired,
}

impl RejectReason {
    /// The code value, scheme DCM.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Quality => "113001",
            Self::PatientSafety => "113037",
            Self::WrongWorklistEntry => "113038",
            Self::RetentionExpired => "113039",
        }
    }

    /// By its code value, or by the word of the command line.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "113001" | "quality" => Some(Self::Quality),
            "113037" | "patient-safety" => Some(Self::PatientSafety),
            "113038" | "wrong-worklist-entry" => Some(Self::WrongWorklistEntry),
            "113039" | "retention-expired" => Some(Self::RetentionExpired),
            _ => None,
        }
    }
}

/// An instance that is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RejectedInstance {
    pub(crate) series: Uid,
    pub(crate) instance: Uid,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
}

/// Journal record: instances of one study are rejected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RejectRecord {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    /// Who rejected them.
    pub(crate) person: String,
    pub(crate) reason: RejectReason,
    pub(crate) note: String,
    pub(crate) study: Uid,
    pub(crate) instances: Vec<RejectedInstance>,
}

/// Journal record: a rejection was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReinstateRecord {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) person: String,
    pub(super) instances: Vec<IngestRecord>,
}

/// Journal record: verified copies of these objects of a study are in the cold tier; their hot files may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColdRecord {
    pub(super) study: Uid,
    pub(super) at: Timestamp,
    pub(super) digests: Vec<Digest>,
}

/// Journal record: a study is whole in the hot tier again; its cold copies stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecallRecord {
    pub(super) study: Uid,
    pub(super) at: Timestamp,
}

/// Which tier a study was last moved to, as the index holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StudyTier {
    pub(super) at: Timestamp,
    pub(super) is_cold: bool,
}

/// An object has a cold copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HasCopy(pub(super) bool);

/// A patient as claims name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PatientKey {
    pub(crate) id: String,
    pub(crate) issuer: Option<String>,
}

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

    pub(super) const fn releases(&self) -> Option<u64> {
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
pub(super) struct WithdrawRecord {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) person: String,
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
pub(super) struct ErasedRecord {
    pub(super) id: u64,
    pub(super) gone: Vec<Digest>,
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
pub(super) struct Number(pub(super) u64);

/// Kinds of the archive's journal records.
pub(super) mod kind {
    pub(in crate::archive) const INGEST: u8 = 1;
    pub(in crate::archive) const SETTLE: u8 = 2;
    pub(in crate::archive) const VOID: u8 = 3;
    pub(in crate::archive) const FLOOR: u8 = 4;
    pub(in crate::archive) const REJECT: u8 = 5;
    pub(in crate::archive) const REINSTATE: u8 = 6;
    pub(in crate::archive) const COLD: u8 = 20;
    pub(in crate::archive) const RECALL: u8 = 21;
    pub(in crate::archive) const CLAIM: u8 = 22;
    pub(in crate::archive) const PROPOSE: u8 = 23;
    pub(in crate::archive) const WITHDRAW: u8 = 24;
    pub(in crate::archive) const ERASE: u8 = 25;
    pub(in crate::archive) const ERASED: u8 = 26;
}

/// A study as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredStudy {
    pub(super) row: StudyRow,
    /// Series in the order of their first arrival.
    pub(super) series: Vec<Uid>,
    pub(super) manifest: Option<ManifestRef>,
}

/// A series as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredSeries {
    pub(super) row: SeriesRow,
    /// Number under which its chunks lie.
    pub(super) id: u32,
    /// How many chunks there are; only the last may have room.
    pub(super) chunks: u32,
}

/// Some instances of a series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chunk {
    pub(super) study: Uid,
    pub(super) series: Uid,
    pub(super) instances: Vec<StoredInstance>,
}

/// Which chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) series: u32,
    pub(super) chunk: u32,
}

/// Which rejection an instance is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UnderRejection(pub(super) u64);

/// Where instances with one fingerprint may be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Places(pub(super) Vec<Place>);

macro_rules! wire {
    ($($type:ty, $name:literal;)+) => {$(
        impl Wire for $type {
            const VERSION: u8 = 1;
            const NAME: &'static str = $name;
        }
    )+};
}
wire! {
    IngestRecord, "ingest record";
    SettleRecord, "settle record";
    VoidRecord, "void record";
    FloorRecord, "floor record";
    RejectRecord, "reject record";
    ReinstateRecord, "reinstate record";
    UnderRejection, "under rejection";
    ColdRecord, "cold record";
    RecallRecord, "recall record";
    StudyTier, "study tier";
    HasCopy, "cold copy";
    ClaimRecord, "claim record";
    Proposal, "proposal";
    WithdrawRecord, "withdraw record";
    EraseRecord, "erase record";
    ErasedRecord, "erased record";
    StoredErase, "erasure";
    Number, "number";
    StoredStudy, "study row";
    StoredSeries, "series row";
    Chunk, "instance rows";
    Places, "places";
}
