//! The site's images: bytes by digest, rows by UID, and leased copies of peers' (stub: interface fixed).
use crate::{audit::Audit, config::ArchiveConfig, identity::Identity, tasks::Tasks, trust::Permit};
use bytes::Bytes;
use protocol::{
    AeTitle, Digest, Timestamp, Uid,
    agreement::StudyFacts,
    digest::Groups,
    manifest::{Completeness, Manifest, ManifestRef, Patient},
};
use serde::{Deserialize, Serialize};
use std::{path::Path, sync::Arc};
use tokio::sync::broadcast;

pub(crate) mod cache;

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
    pub(crate) fn facts(&self) -> StudyFacts {
        todo!()
    }
}

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
    pub(crate) entry: protocol::manifest::InstanceEntry,
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    /// Bytes of preamble and meta group before the data set in the stored file.
    pub(crate) meta_bytes: u32,
    pub(crate) received: Timestamp,
}

/// What a study search asks. All given conditions must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct StudyQuery {
    pub(crate) study: Vec<Uid>,
    /// Matched per PS3.4 C.2.2.2: wildcards, case- and accent-insensitive.
    pub(crate) patient_name: Option<String>,
    pub(crate) patient_id: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) birth_date: Option<String>,
    pub(crate) accession: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) referrer: Option<String>,
    pub(crate) study_id: Option<String>,
    /// Inclusive, `YYYYMMDD`; either side open.
    pub(crate) date_from: Option<String>,
    pub(crate) date_to: Option<String>,
    pub(crate) time_from: Option<String>,
    pub(crate) time_to: Option<String>,
    /// Any of these.
    pub(crate) modalities: Vec<String>,
    /// Free text over name, ID, accession, description (the portal's search box).
    pub(crate) text: Option<String>,
    pub(crate) fuzzy: bool,
}

impl StudyQuery {
    /// Whether a study with these attributes matches; the same rule for local rows and peers' cards.
    pub(crate) fn matches(&self, _row: &StudyRow) -> bool {
        todo!()
    }
}

/// The form in which bytes come in.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A data set alone (C-STORE), with what the message said of it.
    DataSet { transfer_syntax: Uid, sop_class: Uid, sop_instance: Uid, source: Option<AeTitle> },
    /// A Part 10 file (STOW, import), with or without preamble.
    File,
}

/// Who brought it, for the journal and the log.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) actor: crate::audit::Actor,
}

/// Bytes on their way in, hashed while they are written to a spool file. Dropping it forgets them.
#[derive(Debug)]
pub(crate) struct Spool;

impl Spool {
    pub(crate) async fn write(&mut self, _bytes: Bytes) -> Result<(), IngestError> {
        todo!()
    }
    pub(crate) fn bytes(&self) -> u64 {
        todo!()
    }
}

/// What happened to an instance taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ingested {
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) instance: Uid,
    pub(crate) sop_class: Uid,
    /// The identical object was here before; nothing changed.
    pub(crate) known: bool,
    pub(crate) bytes: u64,
}

/// Why an instance was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("not a readable DICOM object: {0}")]
    Malformed(&'static str),
    #[error("the data set is not of the SOP class announced")]
    ClassMismatch,
    #[error("the data set carries another SOP Instance UID than announced")]
    InstanceMismatch,
    #[error("other bytes are stored under this SOP Instance UID")]
    Conflict { instance: Uid },
    #[error("the disk is full")]
    NoSpace,
    #[error("over the bound: {0}")]
    TooLarge(&'static str),
    #[error("the node is stopping")]
    Stopping,
    #[error("storage: {0}")]
    Storage(String),
}

/// Why an object cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("{0}")]
    Refused(#[from] protocol::Refusal),
    #[error("not held")]
    NotHeld,
    /// Audited as a security alert where found.
    #[error("the stored bytes are not those that were signed")]
    Corrupt,
    #[error("storage: {0}")]
    Io(#[from] std::io::Error),
}

/// News for those above.
#[derive(Clone, Debug)]
pub(crate) enum ArchiveEvent {
    /// A study has its first instances or more of them (at most one a second per study).
    Growing(Uid),
    /// Quiet; the manifest is made.
    Settled(Uid),
}

/// The archive. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Archive;

impl Archive {
    /// Opens `dir` (journal/archive, objects, index). An index that does not open is rebuilt from journal and files.
    pub(crate) fn open(
        _dir: &Path,
        _config: &ArchiveConfig,
        _identity: Arc<Identity>,
        _audit: Audit,
        _tasks: &Tasks,
    ) -> Result<Self, ArchiveError> {
        todo!()
    }
    pub(crate) fn events(&self) -> broadcast::Receiver<ArchiveEvent> {
        todo!()
    }
    /// Begins taking an object in.
    pub(crate) async fn spool(&self, _form: Form) -> Result<Spool, IngestError> {
        todo!()
    }
    /// The one way in. When it returns `Ok`, file, folder and journal record are on disk.
    pub(crate) async fn ingest(&self, _spool: Spool, _source: &Source) -> Result<Ingested, IngestError> {
        todo!()
    }
    /// Newest first; `after` continues behind that study of the order; at most `limit`.
    pub(crate) fn studies(
        &self,
        _query: &StudyQuery,
        _offset: usize,
        _limit: usize,
    ) -> Result<Vec<StudyRow>, ArchiveError> {
        todo!()
    }
    pub(crate) fn study(&self, _study: &Uid) -> Result<Option<StudyRow>, ArchiveError> {
        todo!()
    }
    pub(crate) fn series(&self, _study: &Uid) -> Result<Vec<SeriesRow>, ArchiveError> {
        todo!()
    }
    /// Sorted by instance number, then UID.
    pub(crate) fn instances(&self, _study: &Uid, _series: &Uid) -> Result<Vec<InstanceRow>, ArchiveError> {
        todo!()
    }
    /// The newest manifest of a settled study with its encoded bytes.
    pub(crate) fn manifest(&self, _study: &Uid) -> Result<Option<SealedManifest>, ArchiveError> {
        todo!()
    }
    /// The row of an object of this study by digest.
    pub(crate) fn by_digest(&self, _study: &Uid, _digest: &Digest) -> Result<Option<InstanceRow>, ArchiveError> {
        todo!()
    }
    /// Opens an object's bytes, verified against its digest before the first is given.
    pub(crate) async fn read_for(&self, _permit: &Permit, _row: &InstanceRow) -> Result<Object, ReadError> {
        todo!()
    }
    /// The header of an instance (the data set before its bulk data), verified against its digest.
    pub(crate) async fn header_for(&self, _permit: &Permit, _row: &InstanceRow) -> Result<Bytes, ReadError> {
        todo!()
    }
    /// Re-reads every stored byte; `each` hears of every object.
    pub(crate) async fn verify(&self, _each: &mut (dyn FnMut(Verified) + Send)) -> Result<(), ArchiveError> {
        todo!()
    }
    /// Totals for status: studies, instances, bytes.
    pub(crate) fn totals(&self) -> Totals {
        todo!()
    }
    /// Makes pending writes of views durable and marks a clean stop.
    pub(crate) async fn close(&self) -> Result<(), ArchiveError> {
        todo!()
    }
}

/// Rebuilds the index of a folder from journal and files alone (no node running on it).
pub(crate) fn rebuild(_dir: &Path, _each: &mut dyn FnMut(u64)) -> Result<Totals, ArchiveError> {
    todo!()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    pub(crate) studies: u64,
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
}

/// One object looked at by [`Archive::verify`].
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) instance: Uid,
    pub(crate) bytes: u64,
    pub(crate) fault: Option<&'static str>,
}

/// A manifest with the bytes that its digest names.
#[derive(Clone, Debug)]
pub(crate) struct SealedManifest {
    pub(crate) reference: ManifestRef,
    pub(crate) bytes: Bytes,
    pub(crate) manifest: Arc<Manifest>,
}

/// An object of ours, open for reading. Every byte it gives was verified.
#[derive(Clone, Debug)]
pub(crate) struct Object;

impl Object {
    /// Size of the data set.
    pub(crate) fn bytes(&self) -> u64 {
        todo!()
    }
    /// Group values of the data set.
    pub(crate) fn groups(&self) -> &Groups {
        todo!()
    }
    /// A range of the data set, cut at its end. Read again from disk and verified again for large objects.
    pub(crate) async fn range(&self, _offset: u64, _len: u64) -> Result<Bytes, ReadError> {
        todo!()
    }
    /// Preamble and meta group as first received (or made, for C-STORE): before the data set they make the Part 10 file.
    pub(crate) async fn meta(&self) -> Result<Bytes, ReadError> {
        todo!()
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error(transparent)]
    Journal(#[from] crate::journal::JournalError),
    #[error("index: {0}")]
    Index(#[from] sled::Error),
    #[error("archive: {0}")]
    Io(#[from] std::io::Error),
    #[error("index row: {0}")]
    Row(#[from] protocol::wire::WireError),
}
