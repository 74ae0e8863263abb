//! A study found and opened as one thing, whether it is here or at a peer (stub: interface fixed).
//!
//! Doors ask this part and nothing below it for images: it authorizes, writes the evidence, fetches, waits, verifies.
use crate::{
    archive::{Archive, ReadError, StudyQuery, StudyRow, cache::Cache},
    audit::Audit,
    overlay::Overlay,
    tasks::Tasks,
    transfer::{Transfer, TransferError},
    trust::{Person, Trust},
};
use bytes::Bytes;
use protocol::{Refusal, SiteId, Uid, fetch::Priority, ids::Id128, manifest::InstanceEntry};
use serde::Serialize;
use std::sync::Arc;
use tokio::sync::broadcast;

/// Where a study's bytes are, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Availability {
    /// All here (own, or completely copied).
    Online,
    /// At a peer that is connected.
    Remote,
    /// At a peer that cannot be reached now (what was copied is readable).
    Unreachable,
}

/// A row of a list over own and peers' studies.
#[derive(Clone, Debug)]
pub(crate) struct FoundStudy {
    /// Attributes; for a peer's study as far as its card tells.
    pub(crate) row: StudyRow,
    /// `None`: ours.
    pub(crate) holder: Option<SiteId>,
    /// Name of the holding site (ours or the peer's).
    pub(crate) site_name: String,
    pub(crate) availability: Availability,
    /// Instances whose bytes are here.
    pub(crate) instances_here: u32,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum StudyError {
    #[error("no such study, series or instance")]
    NotFound,
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Retry after so many seconds.
    #[error("the holder cannot be reached")]
    Unreachable { retry_s: u32 },
    /// The bytes did not come within the time a viewer waits.
    #[error("the image has not arrived yet")]
    Waiting { retry_s: u32 },
    #[error("the bytes are not those the site signed")]
    Corrupt,
    #[error("internal: {0}")]
    Internal(String),
}

impl From<ReadError> for StudyError {
    fn from(_e: ReadError) -> Self {
        todo!()
    }
}
impl From<TransferError> for StudyError {
    fn from(_e: TransferError) -> Self {
        todo!()
    }
}

/// A transfer from a peer as the portal's strip shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TransferRow {
    pub(crate) study: String,
    pub(crate) site: String,
    pub(crate) site_name: String,
    pub(crate) instances_done: u32,
    pub(crate) instances_total: u32,
    pub(crate) bytes_done: u64,
    pub(crate) bytes_total: u64,
    /// Mean over the last two seconds.
    pub(crate) bytes_per_s: f64,
    /// `None` while unknown.
    pub(crate) seconds_left: Option<f64>,
    /// `running`, `waiting` (holder away), `done`, `refused`, `corrupt`.
    pub(crate) state: &'static str,
    /// `direct`.
    pub(crate) road: &'static str,
}

/// News for the portal.
#[derive(Clone, Debug)]
pub(crate) enum StudiesEvent {
    /// A row of the list appeared, changed or went; `None`: many.
    List(Option<Uid>),
    Transfer(TransferRow),
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Studies;

#[derive(Debug)]
pub(crate) struct StudiesParts {
    pub(crate) archive: Archive,
    pub(crate) cache: Cache,
    pub(crate) trust: Trust,
    pub(crate) overlay: Overlay,
    pub(crate) transfer: Transfer,
    pub(crate) audit: Audit,
    pub(crate) tasks: Tasks,
    pub(crate) site_name: String,
}

/// A series of an open study.
#[derive(Clone, Debug)]
pub(crate) struct SeriesView {
    pub(crate) series: Uid,
    pub(crate) modality: String,
    pub(crate) number: Option<i32>,
    pub(crate) instances: Vec<InstanceEntry>,
}

impl Studies {
    pub(crate) fn start(_parts: StudiesParts) -> Self {
        todo!()
    }
    pub(crate) fn events(&self) -> broadcast::Receiver<StudiesEvent> {
        todo!()
    }
    /// Own and peers' studies, newest first, merged by Study UID (ours wins). `within`: only these studies (a reading
    /// context); `None`: all the person may list.
    pub(crate) async fn find(
        &self,
        _person: &Person,
        _query: &StudyQuery,
        _within: Option<&[Uid]>,
        _offset: usize,
        _limit: usize,
    ) -> Result<Vec<FoundStudy>, StudyError> {
        todo!()
    }
    /// Opens a study for a person: permit and evidence, once per person and study while it stays in use (30 min idle).
    pub(crate) async fn open(&self, _person: &Person, _study: &Uid) -> Result<Arc<OpenStudy>, StudyError> {
        todo!()
    }
    /// Fetches all of a peer's study in the background.
    pub(crate) async fn prefetch(&self, _person: &Person, _study: &Uid) -> Result<(), StudyError> {
        todo!()
    }
    pub(crate) fn transfers(&self) -> Vec<TransferRow> {
        todo!()
    }
    /// Makes a reading context of these studies for this person: its id names a DICOMweb root of its own.
    pub(crate) fn new_context(&self, _person: &Person, _studies: Vec<Uid>) -> Id128 {
        todo!()
    }
    /// The studies of a context, if it is this person's.
    pub(crate) fn context(&self, _person: &Person, _id: &Id128) -> Option<Arc<[Uid]>> {
        todo!()
    }
}

/// A study opened by a person.
#[derive(Debug)]
pub(crate) struct OpenStudy;

impl OpenStudy {
    pub(crate) fn found(&self) -> FoundStudy {
        todo!()
    }
    /// All series with their instances. For a peer's study: after its manifest arrived and was verified. A study that is
    /// still arriving at a peer: what is known.
    pub(crate) async fn series(&self) -> Result<Arc<Vec<SeriesView>>, StudyError> {
        todo!()
    }
    /// Changes whenever the set of instances changes: for ETags.
    pub(crate) async fn version(&self) -> Result<String, StudyError> {
        todo!()
    }
    /// Headers of all instances of a series, in its order: each the data set before its bulk data, verified.
    pub(crate) async fn headers(&self, _series: &Uid) -> Result<Vec<(InstanceEntry, Bytes)>, StudyError> {
        todo!()
    }
    pub(crate) async fn instance(&self, _series: &Uid, _instance: &Uid) -> Result<InstanceEntry, StudyError> {
        todo!()
    }
    pub(crate) async fn header(&self, _series: &Uid, _instance: &Uid) -> Result<Bytes, StudyError> {
        todo!()
    }
    /// Verified bytes of an instance's data set. For a peer's study this asks for them with this priority and waits
    /// (at most 10 s without progress); the rest of the series is fetched behind it.
    pub(crate) async fn range(
        &self,
        _entry: &InstanceEntry,
        _offset: u64,
        _len: u64,
        _priority: Priority,
    ) -> Result<Bytes, StudyError> {
        todo!()
    }
    /// Preamble and meta group for the Part 10 file of an instance: the first received, or a standard one for a copy.
    pub(crate) async fn meta(&self, _entry: &InstanceEntry) -> Result<Bytes, StudyError> {
        todo!()
    }
}
