//! Closing a decided conflict: what was decided against is erased, so that the study may go when its time is past.
//!
//! A decision can be undone for `conflict_days`; after them an administrator closes it, before them only with a reason.
//! What stays is a record: of which bytes, by whom, when and why. Nothing is closed by itself, nor while a hold is on the
//! patient, nor before what is kept was read again and is whole.
//!
//! Evidence; then the record, by which the conflict cannot be undone; then files, cold copies and what the journal still
//! has of small objects go, unless something else has the same digest; then a record says so. The same bytes sent again
//! are refused as before, and not kept aside again while those they lost to are held.
//!
//! # At a crash
//! Before the record nothing happened. After it the next start goes on erasing.
//!
//! # Not here
//! Deciding: [`super::conflict`]. What the journal says of bytes that are gone: records are not taken back.

use super::{
    ArchiveError, ArchiveEvent, ConflictError, ConflictRow, ConflictState, Inner,
    index::Applied,
    lock, object,
    reject::NOTE_CHARS_MAX,
    retain,
    rows::{CloseRecord, ClosedRecord, kind},
};
use crate::{
    audit::{Act, Actor, Event},
    journal::Append,
};
use protocol::{Digest, Timestamp, wire};
use std::{fs, sync::Arc};

const DAY_MS: u64 = 86_400_000;
/// Conflicts closed at once: a page of them.
const CLOSED_MAX: usize = 200;

/// From when on a conflict may be closed without a reason; `None`: it is not decided, or closed.
pub(super) fn closable(inner: &Inner, row: &ConflictRow) -> Option<Timestamp> {
    let is_decided = row.state != ConflictState::Open && row.closed.is_none();
    let at = row.decided.as_ref().filter(|_| is_decided)?.at;
    Some(Timestamp(at.0.saturating_add(u64::from(inner.config.conflict_days) * DAY_MS)))
}

/// The digest of what was decided against.
fn loser(row: &ConflictRow) -> Option<Digest> {
    match row.state {
        ConflictState::Open => None,
        ConflictState::Kept | ConflictState::Elsewhere => Some(row.other),
        ConflictState::Taken => Some(row.held),
    }
}

/// Closes decided conflicts, all or none.
pub(super) async fn close(
    inner: Arc<Inner>,
    ids: Vec<u64>,
    reason: &str,
    actor: Actor,
) -> Result<Vec<ConflictRow>, ConflictError> {
    let _one = inner.rejecting.lock().await;
    if ids.is_empty() || ids.len() > CLOSED_MAX {
        return Err(ConflictError::TooMany);
    }
    let reason: String = reason.trim().chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect();
    let (shared, has_reason) = (inner.clone(), !reason.is_empty());
    let looked = inner.tasks.spawn_blocking("close conflicts", move || {
        ids.into_iter().map(|id| may_close(&shared, id, has_reason)).collect::<Result<Vec<_>, _>>()
    });
    let rows = looked.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??;
    for (row, gone, bytes) in &rows {
        let event = Event::new(Act::StudyErased, actor.clone()).study(&row.study).amount(1, *bytes);
        let note = format!("conflict {} closed: other bytes of {}, digest {gone}", row.id, row.instance);
        inner.audit.record(event.note(note)).await?;
    }
    let shared = inner.clone();
    let closed = inner.tasks.spawn_blocking("close conflicts", move || {
        let mut closed = Vec::with_capacity(rows.len());
        for (row, gone, _) in rows {
            let (at, person, instance) = (crate::tasks::now(), actor.person.clone(), row.instance.clone());
            let record = CloseRecord { id: row.id, at, person, reason: reason.clone(), instance, gone };
            let append = Append { kind: kind::CLOSE, body: wire::encode(&record), ..Append::default() };
            shared.write_down(append, Applied::Close(record))?;
            closed.push(row);
        }
        // The records stand: what is left over is erased at the next start.
        if let Err(error) = finish(&shared, &closed) {
            tracing::error!(%error, "not all bytes of closed conflicts could be removed; the next start goes on");
        }
        let _ = shared.events.send(ArchiveEvent::Conflicts);
        let now = closed.iter().map(|row| shared.index.conflict(row.id));
        Ok::<_, ArchiveError>(now.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    });
    Ok(closed.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??)
}

/// The conflict, and what closing it would erase, if it may be closed (blocking).
fn may_close(inner: &Inner, id: u64, has_reason: bool) -> Result<(ConflictRow, Digest, u64), ConflictError> {
    let row = inner.index.conflict(id)?.ok_or(ConflictError::NoConflict)?;
    if row.closed.is_some() {
        return Err(ConflictError::Closed);
    }
    let gone = loser(&row).ok_or(ConflictError::Undecided)?;
    let is_over = closable(inner, &row).is_some_and(|from| from <= crate::tasks::now());
    if !is_over && !has_reason {
        return Err(ConflictError::TooSoon);
    }
    if retain::is_on_hold(inner, &row.study, &row.patient)? {
        return Err(ConflictError::Held);
    }
    if let Some(held) = inner.index.sop(&row.instance)? {
        if held.row.entry.digest == gone {
            return Err(ConflictError::Changed);
        }
        // What is kept is then the only one.
        if object::fault(inner, &held).is_some() {
            return Err(ConflictError::FileLost);
        }
        let study = inner.index.study_of(&row.instance)?.map(|study| inner.index.study(&study)).transpose()?.flatten();
        if let Some(study) = study
            && retain::is_on_hold(inner, &study.study, &study.patient)?
        {
            return Err(ConflictError::Held);
        }
    }
    let bytes = fs::metadata(inner.blobs.path(&gone)).map_or(0, |meta| meta.len());
    Ok((row, gone, bytes))
}

/// Goes on with what a stop interrupted.
pub(super) async fn resume(inner: Arc<Inner>) {
    if inner.index.unfinished_closings().is_ok_and(|unfinished| unfinished.is_empty()) {
        return;
    }
    let _one = inner.rejecting.lock().await;
    let shared = inner.clone();
    let resumed = inner.tasks.spawn_blocking("close conflicts", move || {
        let rows = shared.index.unfinished_closings()?;
        if rows.is_empty() { Ok(()) } else { finish(&shared, &rows) }
    });
    if let Ok(Err(error)) = resumed.await {
        tracing::error!(%error, "not all bytes of closed conflicts could be removed; it is tried again");
    }
}

/// Removes what nothing names any more: of three objects under one UID, the first may have been named by two conflicts.
fn finish(inner: &Arc<Inner>, rows: &[ConflictRow]) -> Result<(), ArchiveError> {
    let digests: Vec<Digest> = rows.iter().flat_map(|row| [row.held, row.other]).collect();
    // What is on its way between the tiers ends first.
    inner.moves.copying.wait(&digests);
    // Nobody writes files of small objects from the journal meanwhile.
    let _files = lock(&inner.forgetting);
    let gone = retain::remove(inner, digests.into_iter())?;
    inner.journal.close_segment()?;
    inner.forget_alone(inner.journal.closed(), usize::MAX)?;
    let record = ClosedRecord { ids: rows.iter().map(|row| row.id).collect(), gone };
    let append = Append { kind: kind::CLOSED, body: wire::encode(&record), ..Append::default() };
    inner.write_down(append, Applied::Closed(record))
}
