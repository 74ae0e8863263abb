//! What was just verified and written, in the clear: who waited for it is given it from here, and reads nothing back.
//!
//! Only what somebody waits for is kept, 16 MiB of it for the node, the oldest going first. It goes with the last handle to its
//! copy, and with the copy's key.
//!
//! # Not here
//! Whether the copy may still be read: [`super::copy`] asks as for what lies on the disk.

use super::{CHUNK_BYTES, Study, copy};
use bytes::{Bytes, BytesMut};
use protocol::limits::RANGE_BYTES_MAX;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

/// Chunks kept: 16 MiB.
const CHUNKS_MAX: usize = 256;
/// Ranges above this are read from the disk: putting them together is no work for a thread that others wait for.
pub(super) const READ_BYTES_MAX: u64 = RANGE_BYTES_MAX;

#[derive(Default)]
pub(super) struct Fresh(Mutex<VecDeque<Piece>>);

/// One chunk. While the weak handles are there, nothing else has their addresses.
struct Piece {
    study: Weak<Study>,
    copy: Weak<copy::Inner>,
    index: u64,
    plain: Bytes,
}

// Shows nothing of what is in it.
impl std::fmt::Debug for Fresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fresh")
    }
}

impl Fresh {
    fn pieces(&self) -> MutexGuard<'_, VecDeque<Piece>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps chunks of a copy that were written, unless its key is gone.
    pub(super) fn keep(&self, study: &Arc<Study>, copy: &Arc<copy::Inner>, chunks: Vec<(u64, Bytes)>) {
        if chunks.is_empty() {
            return;
        }
        let mut pieces = self.pieces();
        // Asked under the lock: whoever erases the study takes it after it was marked.
        if study.alive().is_err() {
            return;
        }
        for (index, plain) in chunks {
            if pieces.len() >= CHUNKS_MAX {
                pieces.pop_front();
            }
            pieces.push_back(Piece { study: Arc::downgrade(study), copy: Arc::downgrade(copy), index, plain });
        }
    }

    /// A range of a copy, if all of it is here.
    pub(super) fn range(&self, copy: &copy::Inner, offset: u64, end: u64) -> Option<Bytes> {
        if end.saturating_sub(offset) > READ_BYTES_MAX {
            return None;
        }
        let parts: Vec<Bytes> = {
            let pieces = self.pieces();
            let part = |index: u64| {
                let is_it = |piece: &&Piece| piece.index == index && std::ptr::eq(piece.copy.as_ptr(), copy);
                let plain = &pieces.iter().rev().find(is_it)?.plain;
                let start = index * CHUNK_BYTES;
                let from = usize::try_from(offset.saturating_sub(start)).ok()?;
                let to = usize::try_from(end - start).ok()?.min(plain.len());
                (from <= to).then(|| plain.slice(from..to))
            };
            (offset / CHUNK_BYTES..end.div_ceil(CHUNK_BYTES)).map(part).collect::<Option<_>>()?
        };
        if let [one] = parts.as_slice() {
            return Some(one.clone());
        }
        let mut whole = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
        for part in &parts {
            whole.extend_from_slice(part);
        }
        Some(whole.freeze())
    }

    /// Lets go of what is of a study whose key is gone.
    pub(super) fn erase(&self, study: &Study) {
        self.pieces().retain(|piece| !std::ptr::eq(piece.study.as_ptr(), study));
    }

    /// Lets go of what is of copies that nobody has open any more.
    pub(super) fn close(&self) {
        self.pieces().retain(|piece| piece.copy.strong_count() > 0);
    }

    #[cfg(test)]
    pub(super) fn chunks(&self) -> usize {
        self.pieces().len()
    }
}
