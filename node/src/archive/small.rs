//! Small objects: their bytes go into the journal with the record, so that one sync makes both durable.
//!
//! The file is written before the record as any other's, and not synced. It is synced later, with many others, and the
//! bytes in the journal go when that has happened and their segment is closed.
//!
//! # At a crash
//! A file may be gone, torn or full of zeros: the next start compares the file of every record since the last start
//! that still has its bytes, and writes it again where it differs, before anything else looks at files. What it then
//! finds is synced, so that the mark it starts from may move.
//!
//! # Not here
//! What a record means: [`super::ingest`]. How attachments leave a segment: [`crate::journal`].

use super::{ArchiveError, Inner, blobs::Blobs, rebuild, rows::IngestRecord, rows::kind};
use crate::journal::{Journal, Position};
use protocol::{Digest, wire};
use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// Files up to this size: beyond it, writing the bytes twice costs more than the syncs it saves.
pub(super) const SMALL_BYTES_MAX: usize = 64 * 1024;
/// How often closed segments are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Segments looked at once more at start: a running node leaves none, a crash one or two.
const SEGMENTS_AT_START: usize = 4;

/// Whether the archive still wants an object's file in its place.
type IsWanted<'a> = &'a dyn Fn(&Digest) -> Result<bool, ArchiveError>;

/// Sees to it that the files of the objects attached to records from `from` to `upto` are whole and on disk. Gives how
/// many had to be written again.
pub(super) fn settle(
    journal: &Journal,
    (from, upto): (Position, Position),
    blobs: &Blobs,
    is_wanted: IsWanted<'_>,
) -> Result<u64, ArchiveError> {
    let (mut folders, mut written) = (BTreeSet::new(), 0);
    rebuild::replay(journal, (from, upto), &mut |record| {
        let (kind::INGEST, Some(bytes)) = (record.kind, record.attached) else { return Ok(()) };
        let digest = wire::decode::<IngestRecord>(record.body)?.instance.row.entry.digest;
        if is_wanted(&digest)? {
            written += u64::from(keep(blobs, &digest, bytes)?);
            folders.insert(blobs.folder(&digest));
        }
        Ok(())
    })?;
    sync(&folders)?;
    Ok(written)
}

fn sync(folders: &BTreeSet<PathBuf>) -> io::Result<()> {
    folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Sees to it that an object's file has these bytes, on disk. Its folder is the caller's to sync. Says whether it was
/// written.
pub(super) fn keep(blobs: &Blobs, digest: &Digest, bytes: &[u8]) -> io::Result<bool> {
    if let Ok(mut file) = blobs.open_object(digest) {
        let mut found = Vec::with_capacity(bytes.len());
        (&mut file).take(bytes.len() as u64 + 1).read_to_end(&mut found)?;
        // Where the sync fails, the disk may have lost what memory shows: written anew it is told so, or well.
        if found == bytes && file.sync_data().is_ok() {
            return Ok(false);
        }
    }
    let mut temp = blobs.temp()?;
    temp.file.write_all(bytes)?;
    blobs.place(temp, digest)?;
    Ok(true)
}

/// Syncs files and lets go of their bytes in the journal as segments close, until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    let mut segments = SEGMENTS_AT_START;
    let mut looked = Position::default();
    loop {
        let closed = inner.journal.closed();
        if closed > looked {
            let shared = inner.clone();
            let gone = inner.tasks.spawn_blocking("archive small", move || shared.forget(closed, segments)).await;
            match gone {
                Ok(Ok(gone)) => {
                    tracing::debug!(gone, "bytes of small objects left the journal");
                    (looked, segments) = (closed, usize::MAX);
                }
                Ok(Err(error)) => tracing::error!(%error, "small objects stay in the journal; tried again"),
                Err(_) => return,
            }
        }
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

impl Inner {
    /// Syncs the files of small objects up to a position.
    pub(super) fn settle_small(&self, upto: Position) -> Result<(), ArchiveError> {
        let from = Position(self.small.load(Ordering::Acquire));
        if from >= upto {
            return Ok(());
        }
        let rejected = self.index.rejected_digests()?;
        let is_wanted = |digest: &Digest| Ok(rejected.contains(digest) || self.index.any_by_digest(digest)?.is_some());
        let written = settle(&self.journal, (from, upto), &self.blobs, &is_wanted)?;
        if written > 0 {
            tracing::warn!(written, "files of small objects were written again from the journal");
        }
        self.small.fetch_max(upto.0, Ordering::AcqRel);
        Ok(())
    }

    pub(super) fn forget(&self, closed: Position, segments: usize) -> Result<u64, ArchiveError> {
        self.settle_small(closed)?;
        Ok(self.journal.forget(closed, segments)?)
    }
}
