//! The one durable log (stub: interface fixed, body to come).
use crate::tasks::Tasks;
use std::path::{Path, PathBuf};

/// A place in a journal: rises by the bytes of each record over all segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(crate) struct Position(pub(crate) u64);

/// A record as read back.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    pub(crate) position: Position,
    /// Where the next record starts.
    pub(crate) next: Position,
    /// Which kind, given by the journal's owner.
    pub(crate) kind: u8,
    pub(crate) body: &'a [u8],
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("journal {path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("journal {path}: damaged at {at}")]
    Damaged { path: PathBuf, at: u64 },
    #[error("journal: a record of {0} bytes is over the bound")]
    TooLarge(usize),
    #[error("journal: closed")]
    Closed,
}

/// An append-only, checksummed, fsynced log in segments with group commit. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Journal;

impl Journal {
    /// Opens or creates; voids a torn last record.
    pub(crate) fn open(_dir: &Path, _tasks: &Tasks) -> Result<Self, JournalError> {
        todo!()
    }
    /// Reads records from a position (blocking; at start, rebuild and verify).
    pub(crate) fn replay(
        &self,
        _from: Position,
        _each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<Position, JournalError> {
        todo!()
    }
    /// Appends; durable when it returns. Concurrent appends share one sync.
    pub(crate) async fn append(&self, _kind: u8, _body: Vec<u8>) -> Result<Position, JournalError> {
        todo!()
    }
    /// As `append`, and the folders (whose new entries the record speaks of) are synced before the record counts.
    pub(crate) async fn append_after(
        &self,
        _folders: Vec<PathBuf>,
        _kind: u8,
        _body: Vec<u8>,
    ) -> Result<Position, JournalError> {
        todo!()
    }
    /// Where the next record will start.
    pub(crate) fn end(&self) -> Position {
        todo!()
    }
}
