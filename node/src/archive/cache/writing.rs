//! Chunks of a copy that are written beside what brings them.
//!
//! A chunk is written as soon as it comes. What comes while the disk is busy waits and is written next, all of it in one go:
//! a slow link writes each chunk by itself, a fast one many at once, and nobody waits for the disk before reading on.
//!
//! # At a crash
//! What waits is not here, and is asked for again.
//!
//! # Not here
//! The bytes: `transfer`. Where they lie: [`super::copy`].

use super::{CacheError, Copy, chunk::Chunk};
use tokio::sync::mpsc;

/// Chunks that wait at most: those of one range, 1 MiB.
const WAITING_MAX: usize = 16;

/// The writing of chunks that follow one another. Let go of, it still writes what was handed over.
pub(crate) struct Writing {
    copy: Copy,
    /// Number of the next chunk.
    next: u64,
    waiting: mpsc::Receiver<Chunk>,
}

impl Copy {
    /// Writes chunks that follow one another, of which the first is chunk `first`: they are sent, and
    /// [`Writing::next`] is awaited beside that.
    pub(crate) fn writing(&self, first: u64) -> (mpsc::Sender<Chunk>, Writing) {
        let (to, waiting) = mpsc::channel(WAITING_MAX);
        (to, Writing { copy: self.clone(), next: first, waiting })
    }
}

impl Writing {
    /// Writes what waits, and waits for it where nothing does. Gives the bytes that are here now and were not before;
    /// `None` when no more come.
    ///
    /// # Errors
    /// As [`Copy::write`].
    pub(crate) async fn next(&mut self) -> Result<Option<u64>, CacheError> {
        let mut chunks = Vec::new();
        let count = self.waiting.recv_many(&mut chunks, WAITING_MAX).await;
        if count == 0 {
            return Ok(None);
        }
        let bytes = chunks.iter().map(|chunk| chunk.plain().len() as u64).sum();
        let first = self.next;
        self.next += count as u64;
        self.copy.write(first, chunks).await?;
        Ok(Some(bytes))
    }
}

impl Drop for Writing {
    /// What was verified is kept, also when whoever brought it was called off.
    fn drop(&mut self) {
        let chunks: Vec<Chunk> = std::iter::from_fn(|| self.waiting.try_recv().ok()).collect();
        if !chunks.is_empty() {
            drop(self.copy.begin(self.next, chunks));
        }
    }
}
