//! What a start does before anything else looks at the archive.
//!
//! # At a crash
//! Everything here may be done again.
//!
//! # Not here
//! Making the index from nothing: [`super::rebuild`].

use super::{ArchiveError, blobs::Blobs, index::Index, rebuild, small, state::State};
use crate::journal::{Journal, Position};
use protocol::Digest;
use std::{
    path::Path,
    time::{Duration, SystemTime},
};

/// A journal shorter than it was known to be would make a node that forgot its studies and swept their files.
pub(super) fn require_journal(journal: &Journal, state: Option<State>, blobs: &Blobs) -> Result<(), ArchiveError> {
    let known = state.map(State::position).unwrap_or_default();
    let mut files = 0u64;
    if state.is_none() && journal.end() == Position::default() {
        blobs.each(&mut |_, _, _| files += 1)?;
    }
    if journal.end() < known || files > 0 { Err(ArchiveError::JournalLost) } else { Ok(()) }
}

/// What a start does after the state the last one left.
pub(super) fn recover(
    dir: &Path,
    journal: &Journal,
    state: Option<State>,
    blobs: &Blobs,
) -> Result<Index, ArchiveError> {
    blobs.clear_temp()?;
    let Some(State::Running { since, from }) = state else { return rebuild::open_index(dir, journal) };
    let written = small::settle(journal, (from, journal.end()), blobs, &|_| Ok(true))?;
    if written > 0 {
        tracing::info!(written, "files of small objects were written again from the journal");
    }
    let started = SystemTime::now();
    let index = if rebuild::void_missing(journal, from, blobs)? {
        rebuild::remake(dir, journal, &mut |_| {})?
    } else {
        rebuild::open_index(dir, journal)?
    };
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since.0);
    let rejected = index.spared_digests()?;
    let is_named = |digest: &Digest| {
        rejected.contains(digest) || index.any_by_digest(digest).map_or(true, |found| found.is_some())
    };
    let swept = blobs.sweep(since, started, &is_named)?;
    if swept > 0 {
        tracing::info!(swept, "files of instances that were never acknowledged are removed");
    }
    Ok(index)
}
