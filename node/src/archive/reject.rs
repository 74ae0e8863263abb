//! Rejecting and reinstating (after IHE IOCM and PS3.16 CID 7011): what must not be shown leaves every list and every
//! manifest, here and at peers, at once; its bytes stay until retention says otherwise, and an administrator may take
//! the rejection back.
//!
//! A rejection is a journal record that names instances by digest; its number is the time it was made, so that numbers
//! rise. Peers hear of it as of any change: a new manifest without the instances, or that the study is withdrawn. The
//! same instance sent again is refused while the rejection stands.
//!
//! # At a crash
//! The record is there or is not. The files are untouched either way.
//!
//! # Not here
//! Erasing bytes: [`super::retain`]. Rejection notes that others send: [`super::note`].

use super::{
    ArchiveError, Inner,
    conflict::submit,
    index::Applied,
    rebuild,
    rows::{ReinstateRecord, RejectReason, RejectRecord, RejectedInstance, kind},
};
use crate::audit::{Act, Actor, AuditError, Event};
use protocol::{Digest, Uid, manifest::Amendment, wire};
use std::sync::Arc;

/// Instances in one rejection: its record stays within the journal's bound.
const INSTANCES_MAX: usize = 50_000;
/// Characters of a note.
pub(crate) const NOTE_CHARS_MAX: usize = 500;

/// What is to be rejected.
#[derive(Clone, Debug)]
pub(crate) struct Rejecting {
    pub(crate) study: Uid,
    /// `None`: all of the study.
    pub(crate) series: Option<Uid>,
    /// `None`: all of the series.
    pub(crate) instance: Option<Uid>,
    pub(crate) reason: RejectReason,
    pub(crate) note: String,
}

/// Why a rejection is not made or not taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RejectError {
    #[error("no such study, series or instance is held here, or it is rejected already")]
    NotHeld,
    #[error("more than {INSTANCES_MAX} instances at once: reject by series")]
    TooMany,
    #[error("no such rejection stands")]
    NoRejection,
    #[error("not all of its files are whole")]
    FileLost,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Rejects; it is in force for everybody here when this returns.
pub(super) async fn reject(inner: Arc<Inner>, asked: Rejecting, actor: Actor) -> Result<RejectRecord, RejectError> {
    let Rejecting { study, series, instance, reason, note } = asked;
    let is_meant = move |of: &Uid, one: &Uid| {
        series.as_ref().is_none_or(|series| series == of) && instance.as_ref().is_none_or(|instance| instance == one)
    };
    reject_where(inner, study, (reason, note), is_meant, actor).await
}

/// Rejects those instances of a study that are meant, by series and instance.
pub(super) async fn reject_where(
    inner: Arc<Inner>,
    study: Uid,
    (reason, note): (RejectReason, String),
    is_meant: impl Fn(&Uid, &Uid) -> bool + Send + 'static,
    actor: Actor,
) -> Result<RejectRecord, RejectError> {
    let _one = inner.rejecting.lock().await;
    let (shared, of) = (inner.clone(), study.clone());
    let found = inner.tasks.spawn_blocking("reject", move || named(&shared, &of, &is_meant)).await;
    let instances = found.map_err(std::io::Error::other).map_err(ArchiveError::from)??;
    let at = crate::tasks::now();
    let latest = inner.index.rejections(0, 1)?.first().map_or(0, |record| record.id);
    let record = RejectRecord {
        id: at.0.max(latest + 1),
        at,
        person: actor.person.clone(),
        reason,
        note: note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect(),
        study,
        instances,
    };
    let count = u64::try_from(record.instances.len()).unwrap_or(u64::MAX);
    let bytes = record.instances.iter().map(|named| named.bytes).sum();
    let event = Event::new(Act::StudyRejected, actor).study(&record.study).amount(count, bytes);
    inner.audit.record(event.note(format!("{}: {}", record.id, record.reason.code()))).await?;
    let amended = Some((record.study.clone(), Amendment::Rejected));
    submit(&inner, kind::REJECT, wire::encode(&record), amended, Applied::Reject(record.clone())).await?;
    Ok(record)
}

/// Takes a rejection back.
pub(super) async fn reinstate(inner: Arc<Inner>, id: u64, actor: Actor) -> Result<RejectRecord, RejectError> {
    let _one = inner.rejecting.lock().await;
    let record = inner.index.rejection(id)?.ok_or(RejectError::NoRejection)?;
    let (shared, rejected) = (inner.clone(), record.clone());
    let read = inner.tasks.spawn_blocking("reinstate", move || ingests(&shared, &rejected)).await;
    let instances = read.map_err(std::io::Error::other).map_err(ArchiveError::from)??;
    let count = u64::try_from(instances.len()).unwrap_or(u64::MAX);
    let bytes = record.instances.iter().map(|named| named.bytes).sum();
    let event = Event::new(Act::StudyReinstated, actor.clone()).study(&record.study).amount(count, bytes);
    inner.audit.record(event.note(id.to_string())).await?;
    let back = ReinstateRecord { id, at: crate::tasks::now(), person: actor.person, instances };
    let amended = Some((record.study.clone(), Amendment::Reinstated));
    submit(&inner, kind::REINSTATE, wire::encode(&back), amended, Applied::Reinstate(back)).await?;
    Ok(record)
}

fn named(
    inner: &Inner,
    study: &Uid,
    is_meant: &dyn Fn(&Uid, &Uid) -> bool,
) -> Result<Vec<RejectedInstance>, RejectError> {
    let mut found = Vec::new();
    for row in inner.index.series(study)? {
        for held in inner.index.instances(study, &row.series)? {
            let entry = held.row.entry;
            if is_meant(&row.series, &entry.instance) {
                let series = row.series.clone();
                found.push(RejectedInstance {
                    series,
                    instance: entry.instance,
                    digest: entry.digest,
                    bytes: entry.bytes,
                });
            }
        }
        if found.len() > INSTANCES_MAX {
            return Err(RejectError::TooMany);
        }
    }
    if found.is_empty() { Err(RejectError::NotHeld) } else { Ok(found) }
}

/// The records of what was rejected, read from the files again: every byte of them is compared with its digest.
fn ingests(inner: &Inner, record: &RejectRecord) -> Result<Vec<super::rows::IngestRecord>, RejectError> {
    let mut ingests = Vec::with_capacity(record.instances.len());
    for named in &record.instances {
        bring(inner, &named.digest).map_err(|_| RejectError::FileLost)?;
        // A file may serve two instances; the one that was rejected is meant.
        let mut ingest =
            rebuild::record_of(&inner.blobs.path(&named.digest), &named.digest, std::time::SystemTime::now())
                .map_err(|_| RejectError::FileLost)?;
        ingest.instance.row.entry.instance = named.instance.clone();
        ingest.person.clone_from(&record.person);
        ingests.push(ingest);
    }
    Ok(ingests)
}

/// Sees to it that an object's file is hot, though no row says what it is.
pub(super) fn bring(inner: &Inner, digest: &Digest) -> std::io::Result<()> {
    if inner.blobs.path(digest).exists() {
        return Ok(());
    }
    let mut temp = inner.blobs.temp()?;
    inner.cold.unpack(digest, &mut temp.file)?;
    inner.blobs.place_again(temp, digest)
}
