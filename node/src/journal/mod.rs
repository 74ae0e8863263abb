//! The one durable log: append-only, checksummed, synced in groups.
//!
//! Every fact that must survive is a record in a journal; everything else in the node is a view that can be made again
//! from it. A record counts when [`Journal::append`] returns: its bytes, and the folders it speaks of, are on disk.
//! Appends that wait together are written by one write and one sync. A record may carry an attachment: bytes that count
//! with it, and that its owner lets go of once they are durable elsewhere.
//!
//! # At a crash
//! The batch that was being written may be torn: its bytes are cut off at the next open, and nobody was told that it
//! counted. Bytes that were synced before are never cut: damage among them is an error, shown and not repaired here.
//! A failed write or sync is answered to all who waited in it; the next batch begins by cutting the file back to what
//! is known to be durable, and as long as that fails, so does every append.
//!
//! # Not here
//! What records mean, and making them fewer: their owners.

use crate::tasks::Tasks;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

mod forget;
mod replay;
mod segment;
mod writer;

#[cfg(test)]
mod tests;

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
    /// `None`: it had none, or it was let go of.
    pub(crate) attached: Option<&'a [u8]>,
}

/// Why the journal cannot be read or written.
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

impl JournalError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }

    /// Whether the disk has no room.
    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
    }
}

/// What an append asks for besides its record.
#[derive(Default)]
pub(crate) struct Append {
    /// Synced before the record counts.
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
    /// Durable with the record, until [`Journal::forget`]; empty: none.
    pub(crate) attached: Vec<u8>,
    /// Runs once the record is durable, in the order of the records, before anybody is answered: (where the record
    /// starts, where the next one starts). Must be quick and must not wait.
    pub(crate) then: Option<Then>,
}

/// See [`Append::then`].
pub(crate) type Then = Box<dyn FnOnce(Position, Position) + Send>;

/// An append-only, checksummed, fsynced log in segments with group commit. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    shared: Arc<writer::Shared>,
}

impl Journal {
    /// Opens or creates; voids a torn last record.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] when bytes that once were durable are not what was written.
    pub(crate) fn open(dir: &Path, tasks: &Tasks) -> Result<Self, JournalError> {
        Ok(Self { shared: Arc::new(writer::Shared::open(dir, tasks)?) })
    }

    /// Reads records from a position (blocking; at start, rebuild and verify).
    ///
    /// # Errors
    /// [`JournalError::Damaged`], also for a position that is none.
    pub(crate) fn replay(
        &self,
        from: Position,
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<Position, JournalError> {
        self.replay_to(from, self.end(), each)
    }

    /// As `replay`, up to where a record ends.
    ///
    /// # Errors
    /// As [`Journal::replay`].
    pub(crate) fn replay_to(
        &self,
        from: Position,
        upto: Position,
        each: &mut dyn FnMut(Record<'_>) -> Result<(), JournalError>,
    ) -> Result<Position, JournalError> {
        replay::replay(&self.shared.dir, from, upto, each)
    }

    /// Appends; durable when it returns. Concurrent appends share one sync.
    ///
    /// # Errors
    /// When the record is not known to be durable.
    pub(crate) async fn append(&self, kind: u8, body: Vec<u8>) -> Result<Position, JournalError> {
        self.submit(Append { kind, body, ..Append::default() }).await
    }

    /// The general form of `append`.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub(crate) async fn submit(&self, append: Append) -> Result<Position, JournalError> {
        writer::submit(&self.shared, append).await
    }

    /// As `submit`, from a blocking thread.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub(crate) fn submit_here(&self, append: Append) -> Result<Position, JournalError> {
        self.shared.submit_here(append)
    }

    /// Appends records together from a thread that may wait (at start and rebuild, without other traffic).
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub(crate) fn append_now(&self, records: Vec<(u8, Vec<u8>)>) -> Result<(), JournalError> {
        let appends = records.into_iter().map(|(kind, body)| Append { kind, body, ..Append::default() });
        self.shared.append_now(&appends.collect::<Vec<_>>())
    }

    /// Takes the attachments out of closed segments that end at or before `upto`, the newest `segments_max` of them
    /// (blocking). Their bytes must be durable elsewhere. Gives how many bytes went.
    ///
    /// # Errors
    /// When a segment cannot be read or written; it is then as it was.
    pub(crate) fn forget(&self, upto: Position, segments_max: usize) -> Result<u64, JournalError> {
        forget::forget(&self.shared.dir, upto, segments_max)
    }

    /// Closes the segment that grows, so that attachments in it can be forgotten (blocking).
    ///
    /// # Errors
    /// When the next one cannot be begun.
    pub(crate) fn close_segment(&self) -> Result<(), JournalError> {
        self.shared.close_segment()
    }

    /// Where the segment that grows begins: what stands before is closed.
    pub(crate) fn closed(&self) -> Position {
        Position(self.shared.base.load(Ordering::Acquire))
    }

    /// Where the next record will start.
    pub(crate) fn end(&self) -> Position {
        Position(self.shared.end.load(Ordering::Acquire))
    }
}

pub(crate) use replay::salvage;
