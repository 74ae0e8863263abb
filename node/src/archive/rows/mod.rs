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
    agreement::{StudyFacts, Withheld},
    identity::Identifier,
    manifest::{Amended, Amendment, Completeness, Edit, InstanceEntry, ManifestRef, Patient},
    retention::Day,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

mod first;
mod kept;
mod offers;
mod rot;
mod rules;
mod withheld;

pub(crate) use kept::{Claim, ClaimRecord, Closed, EraseRecord, Heeded, NoteRecord, Proposal, StoredErase, Target};
pub(in crate::archive) use kept::{
    CloseRecord, ClosedRecord, ColdRecord, ErasedRecord, HasCopy, Number, RecallRecord, StudyTier, WithdrawRecord,
};
pub(crate) use offers::{Cause, Ended, FetchRow, HeardRecord, OfferRow, Wanted};
pub(in crate::archive) use offers::{FetchRecord, FetchedRecord, OfferedRecord, UsedRecord, WithPeers};
pub(in crate::archive) use rot::{RepairRecord, RotRecord};
pub(crate) use rot::{RepairedFrom, RotRow};
pub(crate) use rules::{Actions, Conditions, Fetch, Print, RouteRow, Rule, RuleRecord, Trigger, print};
pub(in crate::archive) use rules::{ColdDue, FireRecord, Fired, LabelRecord, RoutedRecord, StudyLabels};
pub(in crate::archive) use withheld::ReleaseRecord;
pub(crate) use withheld::{AskedBy, How, Of, WithholdRecord};

/// A study of ours, as lists and cards need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StudyRow {
    pub(crate) study: Uid,
    pub(crate) patient: Patient,
    /// `YYYYMMDD`, when the objects say.
    pub(crate) date: Option<String>,
    /// `HHMMSS`.
    pub(crate) time: Option<String>,
    /// Minutes ahead of UTC of its date and time (0008,0201), when the objects say.
    pub(crate) utc_offset_min: Option<i16>,
    /// The national number that its objects tell, as Patient ID or beside it (0010,1002).
    pub(crate) national: Option<Identifier>,
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
    /// The last amendment, and what reads otherwise than in the objects.
    pub(crate) amended: Option<Amended>,
    /// This site's own marks, sorted; they go to no peer.
    #[serde(skip)]
    pub(crate) labels: Vec<String>,
}

impl StudyRow {
    /// By which national number it is known whose it is. It stands in objects only where the identity is qualified (ANS,
    /// *Référentiel INS*); of a study that came under two identities it is not certain whose it is.
    pub(crate) fn national(&self) -> Option<Identifier> {
        let Patient { id: Some(id), issuer: Some(issuer), .. } = &self.patient else {
            return self.national.clone().filter(|_| !self.patient_conflict);
        };
        let as_id = Identifier::national(issuer, id);
        as_id.or_else(|| self.national.clone()).filter(|_| !self.patient_conflict)
    }

    /// What agreements judge by. Of studies of ours [`super::Archive::facts`] knows what is held back.
    pub(crate) fn facts(&self, withheld: Withheld) -> StudyFacts {
        let arrived = i64::try_from(self.arrived.0 / 86_400_000).unwrap_or(i64::MAX);
        StudyFacts {
            study: self.study.clone(),
            modalities: self.modalities.clone(),
            regions: self.body_parts.clone(),
            day: self.date.as_deref().and_then(Day::parse).map_or(arrived, |day| day.0),
            withheld,
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
    pub(crate) institution: Option<String>,
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
    pub(super) utc_offset_min: Option<i16>,
    pub(super) national: Option<Identifier>,
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
    pub(super) institution: Option<String>,
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
pub(super) struct IngestRecord<S = SeriesSays, T = StudySays> {
    pub(super) study: T,
    pub(super) series: S,
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
pub(super) struct ReinstateRecord<I = IngestRecord> {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) person: String,
    pub(super) instances: Vec<I>,
}

/// A patient as one site knows them: an ID is never compared without its issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct PatientKey {
    pub(crate) id: String,
    pub(crate) issuer: Option<String>,
}

impl PatientKey {
    pub(crate) fn of(patient: &Patient) -> Option<Self> {
        Some(Self { id: patient.id.clone()?, issuer: patient.issuer.clone() })
    }
}

/// Journal record: other bytes under a held SOP Instance UID are kept aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AsideRecord<I = IngestRecord> {
    /// Rises with time.
    pub(super) id: u64,
    pub(super) at: Timestamp,
    /// What was held then.
    pub(super) held: Digest,
    pub(super) ingest: I,
}

/// What was decided of bytes kept aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ConflictState {
    Open,
    /// The first bytes stay.
    Kept,
    /// The new bytes took their place: a corrected resend.
    Taken,
    /// They belong to another study or patient: the sender must give new UIDs.
    Elsewhere,
}

impl ConflictState {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Kept => "keep",
            Self::Taken => "take",
            Self::Elsewhere => "elsewhere",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Kept, Self::Taken, Self::Elsewhere].into_iter().find(|state| state.word() == text)
    }
}

/// One object in another's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Swap<I = IngestRecord> {
    pub(super) out: Digest,
    pub(super) into: Box<I>,
}

/// Journal record: a conflict was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ResolveRecord<I = IngestRecord> {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) person: String,
    pub(super) note: String,
    pub(super) state: ConflictState,
    pub(super) swap: Option<Swap<I>>,
}

/// A decision, or an undoing: who and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decided {
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) note: String,
}

/// Bytes kept aside, as the index holds and review shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConflictRow {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    /// Who sent the other bytes.
    pub(crate) person: String,
    pub(crate) instance: Uid,
    /// The study and series that the other bytes name.
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) patient: Patient,
    pub(crate) bytes: u64,
    /// The first bytes and the others.
    pub(crate) held: Digest,
    pub(crate) other: Digest,
    pub(crate) state: ConflictState,
    /// The last decision.
    pub(crate) decided: Option<Decided>,
    /// It cannot be undone any more.
    pub(crate) closed: Option<Closed>,
}

/// What a correction changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Correcting {
    Study {
        study: Uid,
        edits: Vec<Edit>,
    },
    /// All studies shown under one identity, now and later, are shown under the other.
    Merge {
        from: PatientKey,
        into: Patient,
    },
}

impl Correcting {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Study { .. } => "study",
            Self::Merge { .. } => "merge",
        }
    }
}

/// Journal record: attributes are corrected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CorrectRecord {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) person: String,
    pub(crate) note: String,
    pub(crate) what: Correcting,
}

/// Journal record: a correction was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UncorrectRecord {
    pub(super) id: u64,
    pub(super) at: Timestamp,
    pub(super) person: String,
}

/// A correction, as the index holds and its history shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CorrectionRow {
    pub(crate) record: CorrectRecord,
    pub(crate) undone: Option<Decided>,
}

/// The corrections of one study that stand, in the order they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StudyCorrections(pub(super) Vec<(u64, Vec<Edit>)>);

/// Under which merges a patient's studies are shown otherwise; the last is the one that holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MergedBy(pub(super) Vec<u64>);

/// The conflicts of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConflictsOf(pub(super) Vec<u64>);

/// Kinds of the archive's journal records.
pub(super) mod kind {
    pub(in crate::archive) const INGEST: u8 = 1;
    pub(in crate::archive) const SETTLE: u8 = 2;
    pub(in crate::archive) const VOID: u8 = 3;
    pub(in crate::archive) const FLOOR: u8 = 4;
    pub(in crate::archive) const REJECT: u8 = 5;
    pub(in crate::archive) const REINSTATE: u8 = 6;
    pub(in crate::archive) const ASIDE: u8 = 10;
    pub(in crate::archive) const RESOLVE: u8 = 11;
    pub(in crate::archive) const CORRECT: u8 = 12;
    pub(in crate::archive) const UNCORRECT: u8 = 13;
    pub(in crate::archive) const COLD: u8 = 20;
    pub(in crate::archive) const RECALL: u8 = 21;
    pub(in crate::archive) const CLAIM: u8 = 22;
    pub(in crate::archive) const PROPOSE: u8 = 23;
    pub(in crate::archive) const WITHDRAW: u8 = 24;
    pub(in crate::archive) const ERASE: u8 = 25;
    pub(in crate::archive) const ERASED: u8 = 26;
    pub(in crate::archive) const CLOSE: u8 = 40;
    pub(in crate::archive) const CLOSED: u8 = 41;
    pub(in crate::archive) const NOTE: u8 = 42;
    pub(in crate::archive) const RULE: u8 = 30;
    pub(in crate::archive) const LABEL: u8 = 31;
    pub(in crate::archive) const FIRE: u8 = 32;
    pub(in crate::archive) const ROUTED: u8 = 33;
    pub(in crate::archive) const ROT: u8 = 34;
    pub(in crate::archive) const REPAIR: u8 = 35;
    pub(in crate::archive) const OFFERED: u8 = 55;
    pub(in crate::archive) const HEARD: u8 = 56;
    pub(in crate::archive) const FETCH: u8 = 57;
    pub(in crate::archive) const FETCHED: u8 = 58;
    pub(in crate::archive) const USED: u8 = 59;
    pub(in crate::archive) const WITHHOLD: u8 = 60;
    pub(in crate::archive) const RELEASE: u8 = 61;
}

/// A study as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredStudy {
    pub(super) row: StudyRow,
    /// Series in the order of their first arrival.
    pub(super) series: Vec<Uid>,
    pub(super) manifest: Option<ManifestRef>,
    /// What its standing corrections come to. `row` itself holds what the objects say.
    pub(super) edits: Vec<Edit>,
    /// When it was amended last, and how.
    pub(super) amended: Option<(Timestamp, Amendment)>,
    pub(super) labels: Vec<String>,
    /// Who brought its instances.
    pub(super) senders: Vec<String>,
}

impl StoredStudy {
    /// The row as everybody sees it.
    pub(super) fn shown(&self) -> StudyRow {
        let mut row = self.row.clone();
        super::edits::show(&mut row, &self.edits);
        // Which identity is right was decided.
        row.patient_conflict &= !self.edits.iter().any(|edit| edit.tag == super::edits::tag::PATIENT_ID);
        row.amended = self.amended.map(|(at, what)| Amended { at, what, edits: self.edits.clone() });
        row.labels.clone_from(&self.labels);
        row
    }
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
    SettleRecord, "settle record";
    VoidRecord, "void record";
    FloorRecord, "floor record";
    RejectRecord, "reject record";
    UnderRejection, "under rejection";
    CorrectRecord, "correct record";
    UncorrectRecord, "uncorrect record";
    ConflictRow, "conflict row";
    CorrectionRow, "correction row";
    StudyCorrections, "corrections of a study";
    MergedBy, "merged by";
    ConflictsOf, "conflicts of an instance";
    ColdRecord, "cold record";
    RecallRecord, "recall record";
    StudyTier, "study tier";
    HasCopy, "cold copy";
    ClaimRecord, "claim record";
    Proposal, "proposal";
    WithdrawRecord, "withdraw record";
    EraseRecord, "erase record";
    ErasedRecord, "erased record";
    CloseRecord, "close record";
    ClosedRecord, "closed record";
    NoteRecord, "note record";
    StoredErase, "erasure";
    Number, "number";
    LabelRecord, "label record";
    OfferedRecord, "offered record";
    OfferRow, "offer row";
    HeardRecord, "heard record";
    FetchRecord, "fetch record";
    FetchedRecord, "fetched record";
    UsedRecord, "used record";
    FetchRow, "fetch row";
    RoutedRecord, "routed record";
    Fired, "fired rules";
    RouteRow, "route row";
    StudyLabels, "labels of a study";
    ColdDue, "cold due";
    RotRecord, "rot record";
    RepairRecord, "repair record";
    RotRow, "rot row";
    WithholdRecord, "withhold record";
    ReleaseRecord, "release record";
    StoredStudy, "study row";
    StoredSeries, "series row";
    Chunk, "instance rows";
    Places, "places";
}
