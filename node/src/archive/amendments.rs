//! What the archive offers of conflicts and corrections.
//!
//! # Not here
//! What each does: [`super::conflict`], [`super::closing`], [`super::correct`].

use super::{
    Archive, ArchiveError, ConflictError, ConflictRow, ConflictState, CorrectError, Correction, CorrectionRow,
    HeaderOf, Identified, Known, closing, conflict, correct,
};
use crate::audit::Actor;
use protocol::{Timestamp, Uid};

impl Archive {
    /// What this archive knows of a SOP Instance UID.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn known(&self, instance: &Uid) -> Result<Known, ArchiveError> {
        if let Some(stored) = self.inner.index.sop(instance)? {
            return Ok(Known::Held(stored.row.entry.digest));
        }
        Ok(self.inner.index.rejected(instance)?.map_or(Known::No, |_| Known::Rejected))
    }

    /// Conflicts, newest first: those that wait for a decision, or all.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn conflicts(
        &self,
        is_open: bool,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ConflictRow>, ArchiveError> {
        self.inner.index.conflicts(is_open, offset, limit)
    }

    /// A conflict with the headers of both objects, the first received first; `None` where a file is not whole.
    ///
    /// # Errors
    /// See [`ConflictError`].
    pub(crate) async fn conflict(&self, id: u64) -> Result<(ConflictRow, [Option<HeaderOf>; 2]), ConflictError> {
        conflict::compared(self.inner.clone(), id).await
    }

    /// Decides on bytes kept aside, or takes a decision back.
    ///
    /// # Errors
    /// See [`ConflictError`]. Nothing is decided then.
    pub(crate) async fn resolve(
        &self,
        id: u64,
        state: ConflictState,
        note: &str,
        actor: Actor,
    ) -> Result<ConflictRow, ConflictError> {
        conflict::resolve(self.inner.clone(), id, state, note, actor).await
    }

    /// Closes decided conflicts: the bytes that were decided against are erased.
    ///
    /// # Errors
    /// See [`ConflictError`]. None is closed then, but where the disk fails.
    pub(crate) async fn close_conflicts(
        &self,
        ids: Vec<u64>,
        reason: &str,
        actor: Actor,
    ) -> Result<Vec<ConflictRow>, ConflictError> {
        closing::close(self.inner.clone(), ids, reason, actor).await
    }

    /// From when on a conflict may be closed without giving a reason; `None`: it is not decided, or closed.
    pub(crate) fn closable(&self, row: &ConflictRow) -> Option<Timestamp> {
        closing::closable(&self.inner, row)
    }

    /// Corrects attributes; lists here show it when this returns, and peers hear of it.
    ///
    /// # Errors
    /// See [`CorrectError`]. Nothing is corrected then.
    pub(crate) async fn correct(
        &self,
        asked: Correction,
        note: &str,
        actor: Actor,
    ) -> Result<CorrectionRow, CorrectError> {
        correct::correct(self.inner.clone(), asked, note, actor).await
    }

    /// Takes a correction back.
    ///
    /// # Errors
    /// See [`CorrectError`].
    pub(crate) async fn uncorrect(&self, id: u64, actor: Actor) -> Result<CorrectionRow, CorrectError> {
        correct::uncorrect(self.inner.clone(), id, actor).await
    }

    /// Corrections, also those taken back, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn corrections(&self, offset: usize, limit: usize) -> Result<Vec<CorrectionRow>, ArchiveError> {
        self.inner.index.corrections(offset, limit)
    }

    /// The identities that the objects of a study name, with how many instances of which series name them.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn identities(&self, study: &Uid) -> Result<Vec<Identified>, ArchiveError> {
        correct::identities(self.inner.clone(), study.clone()).await
    }
}
