//! Other bytes under a known SOP Instance UID: refused to their sender, and kept aside until somebody decides.
//!
//! They lie under their own digest beside all other objects, and a journal record names them; no row, list, manifest or
//! peer does. A decision is a record too: the first bytes stay; the new ones take their place, and the first are then
//! those kept aside; or they belong to something else under the same UIDs. Every decision can be taken back, for the
//! bytes stay, until it is closed. A signed report that was filed here keeps its place whatever is decided.
//!
//! # At a crash
//! Before the record, a file that no record names, removed by the sweep. A decision is there or is not.
//!
//! # Not here
//! Erasing bytes: [`super::closing`]. New UIDs for what belongs elsewhere: its sender must give them.

use super::{
    ArchiveError, ArchiveEvent, IngestError, Inner,
    index::Applied,
    rebuild,
    reject::NOTE_CHARS_MAX,
    rows::{AsideRecord, ConflictRow, ConflictState, IngestRecord, ResolveRecord, Swap, kind},
};
use crate::{
    audit::{Act, Actor, AuditError, Event},
    journal::Append,
};
use protocol::{
    Digest, Uid,
    manifest::{Amendment, Patient},
    wire,
};
use std::{sync::Arc, time::SystemTime};

/// Conflicts that wait for a decision: more than a person looks through.
pub(super) const OPEN_MAX: u64 = 2000;
/// Bytes that wait for a decision.
pub(super) const OPEN_BYTES_MAX: u64 = 32 << 30;
/// Station Name (0008,1010) of the series in which signed reports are filed by `reports`, which lies above.
pub(crate) const REPORT_STATION: &str = "CONFRERE-REPORT";

/// Why a conflict is not decided so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConflictError {
    #[error("no such conflict")]
    NoConflict,
    #[error("it is decided so already")]
    Decided,
    #[error("what it is about was replaced or rejected meanwhile")]
    Changed,
    #[error("it is closed: the bytes that were decided against are erased")]
    Closed,
    #[error("nobody decided on it yet")]
    Undecided,
    #[error("it can still be undone for some days: to close it now, a reason is to be given")]
    TooSoon,
    #[error("a hold is on the patient: nothing of theirs is erased")]
    Held,
    #[error("none, or too many at once")]
    TooMany,
    #[error("its file is not whole")]
    FileLost,
    #[error("it is a signed report: nothing else takes its place")]
    Report,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// What is known of a SOP Instance UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// These bytes are held under it.
    Held(Digest),
    /// What was held was rejected, and would not be taken in again.
    Rejected,
    No,
}

/// Whether other bytes were kept, for the log.
pub(super) enum Kept {
    New(u64),
    /// They were kept before, or the decision on them stands.
    Known(u64),
    Full,
}

impl Inner {
    /// Whether these bytes are to be kept, and under which number. The caller holds the instance's reservation.
    pub(super) fn aside(&self, record: &IngestRecord, held: &Digest) -> Result<Kept, ArchiveError> {
        let entry = &record.instance.row.entry;
        if let Some(id) = self.index.conflict_of(&entry.instance, &entry.digest, held)? {
            return Ok(Kept::Known(id));
        }
        let (open, bytes) = self.index.aside();
        if open >= OPEN_MAX || bytes.saturating_add(entry.bytes) > OPEN_BYTES_MAX {
            return Ok(Kept::Full);
        }
        Ok(Kept::New(self.next_id()))
    }

    /// The record of bytes whose file is in its place.
    pub(super) fn keep_aside(self: &Arc<Self>, id: u64, record: IngestRecord, held: Digest) -> Result<(), IngestError> {
        let folders = vec![self.blobs.folder(&record.instance.row.entry.digest)];
        let aside = AsideRecord { id, at: crate::tasks::now(), held, ingest: record };
        let body = wire::encode(&aside);
        let shared = self.clone();
        let then = move |_, next| {
            shared.apply(&Applied::Aside(Box::new(aside)), next);
            let _ = shared.events.send(ArchiveEvent::Conflicts);
        };
        let append = Append { folders, kind: kind::ASIDE, body, then: Some(Box::new(then)), ..Append::default() };
        self.journal.submit_here(append)?;
        Ok(())
    }
}

/// Decides, or with [`ConflictState::Open`] takes a decision back.
pub(super) async fn resolve(
    inner: Arc<Inner>,
    id: u64,
    state: ConflictState,
    note: &str,
    actor: Actor,
) -> Result<ConflictRow, ConflictError> {
    let _one = inner.rejecting.lock().await;
    let row = inner.index.conflict(id)?.ok_or(ConflictError::NoConflict)?;
    if row.closed.is_some() {
        return Err(ConflictError::Closed);
    }
    if row.state == state {
        return Err(ConflictError::Decided);
    }
    let was_taken = row.state == ConflictState::Taken;
    let swap = match (was_taken, state == ConflictState::Taken) {
        (false, true) => Some((row.held, row.other)),
        (true, false) => Some((row.other, row.held)),
        _ => None,
    };
    let swap = match swap {
        Some((out, into)) => Some(swapped(&inner, &row, out, into).await?),
        None => None,
    };
    let event = Event::new(Act::ConflictResolved, actor.clone()).study(&row.study).amount(1, row.bytes);
    inner.audit.record(event.note(format!("{id}: {}", state.word()))).await?;
    let record = ResolveRecord {
        id,
        at: crate::tasks::now(),
        person: actor.person,
        note: note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect(),
        state,
        swap,
    };
    let body = wire::encode(&record);
    let what = record.swap.is_some().then_some(Amendment::Replaced);
    submit(&inner, kind::RESOLVE, body, what.map(|what| (row.study.clone(), what)), Applied::Resolve(Box::new(record)))
        .await?;
    let _ = inner.events.send(ArchiveEvent::Conflicts);
    inner.index.conflict(id)?.ok_or(ConflictError::NoConflict)
}

/// What goes and what comes, after every byte of what comes was compared with its digest.
async fn swapped(inner: &Arc<Inner>, row: &ConflictRow, out: Digest, into: Digest) -> Result<Swap, ConflictError> {
    let (shared, row) = (inner.clone(), row.clone());
    let read = inner.tasks.spawn_blocking("resolve", move || {
        let held = shared.index.sop(&row.instance)?;
        if held.is_none_or(|held| held.row.entry.digest != out) {
            return Err(ConflictError::Changed);
        }
        // The way back to it stays open.
        if out == row.held && is_report(&shared, &row)? {
            return Err(ConflictError::Report);
        }
        let mut ingest = rebuild::record_of(&shared.blobs.path(&into), &into, SystemTime::now())
            .map_err(|_| ConflictError::FileLost)?;
        ingest.instance.row.entry.instance = row.instance;
        Ok(Swap { out, into: Box::new(ingest) })
    });
    read.await.map_err(std::io::Error::other).map_err(ArchiveError::from)?
}

/// Whether the first bytes of a conflict are a signed report: as they say themselves or, where their file is cold, as is known of
/// their series (blocking).
fn is_report(inner: &Inner, row: &ConflictRow) -> Result<bool, ArchiveError> {
    if let Ok(says) = rebuild::record_of(&inner.blobs.path(&row.held), &row.held, SystemTime::now()) {
        return Ok(says.series.station.as_deref() == Some(REPORT_STATION));
    }
    let Some(study) = inner.index.study_of(&row.instance)? else { return Ok(false) };
    for series in inner.index.series(&study)? {
        if series.station.as_deref() == Some(REPORT_STATION) {
            let instances = inner.index.instances(&study, &series.series)?;
            if instances.iter().any(|held| held.row.entry.instance == row.instance) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Writes the record; when it is durable the rows follow, and everybody who listens hears of the study it amends.
pub(super) async fn submit(
    inner: &Arc<Inner>,
    kind: u8,
    body: Vec<u8>,
    amended: Option<(Uid, Amendment)>,
    applied: Applied,
) -> Result<(), ArchiveError> {
    let shared = inner.clone();
    let then = move |_, next| {
        shared.apply(&applied, next);
        if let Some((study, what)) = amended {
            shared.amended(study, what);
        }
    };
    let append = Append { kind, body, then: Some(Box::new(then)), ..Append::default() };
    inner.journal.submit(append).await?;
    Ok(())
}

/// One of the objects in a conflict, as its file says.
#[derive(Clone, Debug)]
pub(crate) struct HeaderOf {
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) patient: Patient,
    pub(crate) date: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) accession: Option<String>,
    pub(crate) modality: String,
    pub(crate) number: Option<i32>,
    pub(crate) transfer_syntax: Uid,
    pub(crate) frames: u32,
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) bytes: u64,
    pub(crate) digest: Digest,
}

/// A conflict, and what both objects say.
pub(super) async fn compared(
    inner: Arc<Inner>,
    id: u64,
) -> Result<(ConflictRow, [Option<HeaderOf>; 2]), ConflictError> {
    let shared = inner.clone();
    let read = inner.tasks.spawn_blocking("conflict", move || {
        let row = shared.index.conflict(id)?.ok_or(ConflictError::NoConflict)?;
        let says = |digest: &Digest| {
            let ingest = rebuild::record_of(&shared.blobs.path(digest), digest, SystemTime::now()).ok()?;
            let (study, series, held) = (ingest.study, ingest.series, ingest.instance.row);
            Some(HeaderOf {
                study: study.study,
                series: series.series,
                patient: study.patient,
                date: study.date,
                time: study.time,
                description: study.description,
                accession: study.accession,
                modality: series.modality,
                number: held.entry.number,
                transfer_syntax: held.entry.transfer_syntax,
                frames: held.entry.frames,
                rows: held.rows,
                columns: held.columns,
                bytes: held.entry.bytes,
                digest: *digest,
            })
        };
        let both = [says(&row.held), says(&row.other)];
        Ok((row, both))
    });
    read.await.map_err(std::io::Error::other).map_err(ArchiveError::from)?
}

impl Inner {
    /// A study is other than it was: it settles at once, and all who listen hear why.
    pub(super) fn amended(&self, study: Uid, what: Amendment) {
        self.arrivals.settle_now(&study);
        let _ = self.events.send(ArchiveEvent::Amended(study, what));
    }
}
