//! A peer's study brought piece by piece, by whoever has no reader waiting and decides when the next piece is asked for.
//!
//! # At a crash
//! Pieces are in the leased cache as they verify; the next opening names only those that are missing.
//!
//! # Not here
//! Pace, hours and reasons to stop: whoever asks. A whole study at once: [`super::Studies::prefetch`].

use super::{OpenStudy, StudyError};
use protocol::{Digest, SiteId, fetch::Priority, limits::RANGE_BYTES_MAX, manifest::InstanceEntry};

/// A part of an object that is not here yet: at most what one request asks for.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    entry: InstanceEntry,
    offset: u64,
    pub(crate) bytes: u64,
}

impl OpenStudy {
    /// The peer whose copy of it is kept here.
    pub(crate) fn holder(&self) -> Option<SiteId> {
        self.copy().map(|copy| copy.holder)
    }

    /// The manifest of the peer's part, its bytes, and what of it is missing here; `None` while it is still arriving there.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn missing(&self) -> Result<Option<(Digest, u64, Vec<Piece>)>, StudyError> {
        let contents = self.contents().await?;
        let copy = self.copy().ok_or(StudyError::NotFound)?;
        let there = contents.there();
        let Some((digest, manifest)) = &there.manifest else { return Ok(None) };
        let mut pieces = Vec::new();
        let entries = there.views.iter().flat_map(|view| &view.instances);
        for entry in entries.filter(|entry| !copy.errand.has(&entry.digest)) {
            let mut offset = 0;
            while offset < entry.bytes {
                let bytes = RANGE_BYTES_MAX.min(entry.bytes - offset);
                pieces.push(Piece { entry: entry.clone(), offset, bytes });
                offset += bytes;
            }
        }
        Ok(Some((*digest, manifest.bytes(), pieces)))
    }

    /// Asks for a piece behind everything else, and waits until it is in the copy.
    ///
    /// # Errors
    /// [`StudyError`]; [`StudyError::Waiting`] when nothing came for a while: it stays asked for.
    pub(crate) async fn bring(&self, piece: &Piece) -> Result<(), StudyError> {
        self.is_allowed()?;
        let copy = self.copy().ok_or(StudyError::NotFound)?;
        copy.told()?;
        let (entry, range) = (&piece.entry, (piece.offset, piece.bytes));
        if copy.errand.has(&entry.digest) {
            return Ok(());
        }
        let wanted = (&entry.digest, entry.bytes);
        let object = copy.errand.want(wanted, range, Priority::Backup, &self.reader())?;
        copy.wait_for(entry, range, &object).await
    }
}
