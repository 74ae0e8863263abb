//! The archive's ways to fail, each with its causes. Doors turn them into statuses.

use super::prescan::ScanError;
use crate::{
    journal::JournalError,
    words::{Code, Fault},
};
use protocol::Uid;
use std::io;

/// Why an instance was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error("not a readable DICOM object: {0}")]
    Malformed(&'static str),
    #[error("the data set is not of the SOP class announced")]
    ClassMismatch,
    #[error("the data set carries another SOP Instance UID than announced")]
    InstanceMismatch,
    #[error("the object is of another study than was asked for")]
    OtherStudy,
    #[error("other bytes are stored under this SOP Instance UID")]
    Conflict { instance: Uid },
    #[error("this instance was rejected here; an administrator can take that back")]
    Rejected { instance: Uid },
    #[error("the disk is full")]
    NoSpace,
    #[error("over the bound: {0}")]
    TooLarge(&'static str),
    #[error("the node is stopping")]
    Stopping,
    #[error("storage: {0}")]
    Storage(String),
}

impl From<IngestError> for Fault {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Malformed(why) => Self::new(Code::NoObject, why),
            IngestError::ClassMismatch | IngestError::InstanceMismatch | IngestError::OtherStudy => {
                Code::Mismatch.into()
            }
            IngestError::Conflict { instance } => Self::new(Code::OtherBytes, instance),
            IngestError::Rejected { instance } => Self::new(Code::Rejected, instance),
            IngestError::NoSpace => Code::DiskFull.into(),
            IngestError::TooLarge(what) => Self::new(Code::TooLarge, what),
            IngestError::Stopping => Code::Stopping.into(),
            IngestError::Storage(why) => Self::new(Code::Here, why),
        }
    }
}

impl From<io::Error> for IngestError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Storage(error.to_string()),
        }
    }
}

impl From<ScanError> for IngestError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Malformed(what) => Self::Malformed(what),
            ScanError::TooLarge(what) => Self::TooLarge(what),
            ScanError::Io(error) => error.into(),
        }
    }
}

impl From<JournalError> for IngestError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Closed => Self::Stopping,
            error if error.is_full() => Self::NoSpace,
            error => Self::Storage(error.to_string()),
        }
    }
}

impl From<ArchiveError> for IngestError {
    fn from(error: ArchiveError) -> Self {
        match error {
            ArchiveError::Io(error) => error.into(),
            ArchiveError::Journal(error) => error.into(),
            error => Self::Storage(error.to_string()),
        }
    }
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
    #[error("the study is in the cold tier, which cannot be reached now")]
    Offline,
    #[error("storage: {0}")]
    Io(#[from] io::Error),
}

impl ArchiveError {
    /// Whether somebody still holds the index's files. sled says so in words only.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self, Self::Index(error) if error.to_string().contains("could not acquire lock"))
    }
}

/// Why rows or manifests cannot be had, or the archive does not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("index: {0}")]
    Index(#[from] sled::Error),
    #[error("the index is opened anew after the disk failed")]
    Mending,
    #[error("archive: {0}")]
    Io(#[from] io::Error),
    #[error("index row: {0}")]
    Row(#[from] protocol::wire::WireError),
    /// There are objects, and a journal that does not reach as far as it did.
    #[error("the archive's journal is missing or cut off; `confrere rebuild` restores what the files still tell")]
    JournalLost,
}
