//! Cold copies in an object store are sealed anew, one after the other.
//!
//! # At a crash
//! A copy is there under one root or the other; the next run looks at all of them again.
//!
//! # Not here
//! Why, and when the root before goes: `crate::reseal`. How one copy is sealed: [`super::cold`].

use super::{Archive, ArchiveError, Inner};
use protocol::Digest;
use std::io;

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resealed {
    /// Nothing of ours is sealed under the root before.
    All,
    /// Some copies could not be read or written.
    Some,
    /// The store is not there, or the node stops.
    Away,
}

impl Archive {
    /// Whether there are cold copies that are sealed.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn has_sealed_copies(&self) -> Result<bool, ArchiveError> {
        let is_sealed = self.inner.cold.place().is_some_and(|place| place.is_store);
        Ok(is_sealed && !self.inner.index.copied()?.is_empty())
    }

    /// Seals all cold copies anew; `tell` hears how many of how many are done (blocking).
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn reseal_copies(&self, tell: &dyn Fn(usize, usize)) -> Result<Resealed, ArchiveError> {
        let inner = &self.inner;
        if inner.cold.away().is_some() {
            return Ok(Resealed::Away);
        }
        let all = inner.index.copied()?;
        let mut left = 0;
        for (done, digest) in all.iter().enumerate() {
            tell(done, all.len());
            if inner.tasks.stop_token().is_cancelled() {
                return Ok(Resealed::Away);
            }
            match inner.reseal_copy(digest)? {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(Resealed::Away),
                // What does not open is no copy of anything: the scrub sets it aside.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(%error, "a cold copy is not what was sealed, and is not sealed anew");
                }
                Err(error) => {
                    tracing::warn!(%error, "a cold copy is sealed anew later");
                    left += 1;
                }
            }
        }
        tell(all.len(), all.len());
        Ok(if left == 0 { Resealed::All } else { Resealed::Some })
    }
}

impl Inner {
    fn reseal_copy(&self, digest: &Digest) -> Result<io::Result<()>, ArchiveError> {
        // Whoever erases it takes the rows away first, and then waits for this.
        let _underway = self.moves.copying.begin(vec![*digest]);
        let is_held = self.index.any_by_digest(digest)?.is_some() || self.index.spared_digests()?.contains(digest);
        Ok(if is_held { self.cold.reseal(digest) } else { Ok(()) })
    }
}
