//! Rejection notes that others send (IHE RAD IOCM): Key Object Selections whose title says why what they name must not be
//! shown (PS3.16 CID 7011).
//!
//! One from a sender who may reject is obeyed, as if a person had rejected the instances here, and can be taken back so.
//! A note for patient safety or of a wrong worklist entry goes with what it rejects; one for quality stays in its study.
//! *Data retention policy expired* erases and hides nothing: a study whose time is past is proposed for erasing, and
//! another person approves or not. One from a sender who may not is an object as any other. What was done is a record,
//! and is done once: a note that is sent again after its rejection was taken back rejects nothing.
//!
//! # At a crash
//! Between the note and its record it was not heard: its sender had no answer and sends it again.
//!
//! # Not here
//! Who may, and what a note's elements say: the door tells. Instances that come after their note: they are shown.

use super::{
    Archive, ArchiveError, Heeded, Ingested, Inner, NoteRecord, ReadError, RejectError, RejectReason, RetainError,
    Target, conflict::submit, index::Applied, object, reject::reject_where, rows::kind,
};
use crate::audit::{Act, Actor, AuditError, Event, Outcome};
use protocol::{Refusal, Uid, wire};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Key Object Selection Document Storage.
const KEY_OBJECT_SELECTION: &str = "1.2.840.10008.5.1.4.1.1.88.59";

/// Why a note is not heeded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoteError {
    #[error(transparent)]
    Reject(#[from] RejectError),
    #[error(transparent)]
    Retain(#[from] RetainError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// What a note says: why, and which instances of which studies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) reason: RejectReason,
    pub(crate) studies: BTreeMap<Uid, BTreeSet<Uid>>,
}

/// Reads a Key Object Selection in a transfer syntax; `None`: it is no rejection note.
pub(crate) type ReadNote = fn(&[u8], &str) -> Option<Note>;

impl Archive {
    /// Heeds an object that was taken in, if it is a rejection note that was not heard before.
    ///
    /// # Errors
    /// See [`NoteError`]. The note may then be heard again.
    pub(crate) async fn heed(
        &self,
        ingested: &Ingested,
        read: ReadNote,
        may_reject: bool,
        actor: Actor,
    ) -> Result<Option<NoteRecord>, NoteError> {
        if ingested.sop_class.as_str() != KEY_OBJECT_SELECTION {
            return Ok(None);
        }
        let before = self.inner.index.note(&ingested.instance)?;
        let is_heard = before.is_some_and(|note| note.heeded != Heeded::NotPermitted || !may_reject);
        let Some(held) = self.inner.index.sop(&ingested.instance)?.filter(|_| !is_heard) else { return Ok(None) };
        let header = object::header(&self.inner, &ingested.study, &held.row.entry.digest).await?;
        let Some(note) = read(&header, held.row.entry.transfer_syntax.as_str()) else { return Ok(None) };
        let heeded = match (may_reject, note.reason) {
            (false, _) => Heeded::NotPermitted,
            (true, RejectReason::RetentionExpired) => self.expire(&note, ingested, &actor).await?,
            (true, _) => self.obey(&note, ingested, &actor).await?,
        };
        let at = crate::tasks::now();
        let record = NoteRecord {
            id: at.0.max(self.inner.index.number()?.saturating_add(1)),
            at,
            person: actor.person.clone(),
            note: ingested.instance.clone(),
            study: ingested.study.clone(),
            reason: note.reason,
            named: u64::try_from(note.studies.values().map(BTreeSet::len).sum::<usize>()).unwrap_or(u64::MAX),
            heeded,
        };
        let outcome = match record.heeded {
            Heeded::Obeyed(_) | Heeded::Proposed(_) => Outcome::Done,
            Heeded::NotPermitted => Outcome::Refused(Refusal::Role),
            Heeded::NothingHeld | Heeded::StillKept => Outcome::Failed,
        };
        let event = Event::new(Act::StudyRejected, actor).outcome(outcome).study(&record.study).amount(record.named, 0);
        let told = format!("rejection note {}, {}: {}", record.note, record.reason.code(), record.heeded.word());
        self.inner.audit.record(event.note(told)).await?;
        submit(&self.inner, kind::NOTE, wire::encode(&record), None, Applied::Note(record.clone())).await?;
        Ok(Some(record))
    }

    /// Rejection notes that came, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn notes(&self, offset: usize, limit: usize) -> Result<Vec<NoteRecord>, ArchiveError> {
        self.inner.index.notes(offset, limit)
    }

    async fn obey(&self, note: &Note, ingested: &Ingested, actor: &Actor) -> Result<Heeded, NoteError> {
        let mut made = Vec::new();
        for (study, named) in &note.studies {
            let mut meant = held(&self.inner, study, named)?;
            if meant.is_empty() {
                continue;
            }
            if note.reason != RejectReason::Quality {
                meant.insert(ingested.instance.clone());
            }
            let is_meant = move |_: &Uid, one: &Uid| meant.contains(one);
            let said = (note.reason, format!("rejection note {}", ingested.instance));
            match reject_where(self.inner.clone(), study.clone(), said, is_meant, actor.clone()).await {
                Ok(record) => made.push(record.id),
                Err(RejectError::NotHeld) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if made.is_empty() { Heeded::NothingHeld } else { Heeded::Obeyed(made) })
    }

    async fn expire(&self, note: &Note, ingested: &Ingested, actor: &Actor) -> Result<Heeded, NoteError> {
        let (mut proposed, mut is_held) = (Vec::new(), false);
        for (study, named) in &note.studies {
            let here = held(&self.inner, study, named)?;
            if here.is_empty() {
                continue;
            }
            is_held = true;
            // What is proposed is a whole study: all of it must be called expired, but for the note.
            let is_whole = self.inner.index.series(study)?.iter().try_fold(true, |is_whole, row| {
                let held = self.inner.index.instances(study, &row.series)?;
                let is_named = |one: &Uid| here.contains(one) || *one == ingested.instance;
                Ok::<_, ArchiveError>(is_whole && held.iter().all(|held| is_named(&held.row.entry.instance)))
            })?;
            if !is_whole {
                continue;
            }
            let reason = format!("rejection note {}", ingested.instance);
            match self.propose(Target::Study(study.clone()), &reason, actor.clone()).await {
                Ok(proposal) => proposed.push(proposal.id),
                Err(RetainError::Audit(error)) => return Err(error.into()),
                Err(RetainError::Archive(error)) => return Err(error.into()),
                Err(error) => tracing::info!(%study, %error, "a rejection note calls a study expired that is kept"),
            }
        }
        Ok(match (proposed.is_empty(), is_held) {
            (false, _) => Heeded::Proposed(proposed),
            (true, true) => Heeded::StillKept,
            (true, false) => Heeded::NothingHeld,
        })
    }
}

/// Of the instances named, those held in that study.
fn held(inner: &Arc<Inner>, study: &Uid, named: &BTreeSet<Uid>) -> Result<BTreeSet<Uid>, ArchiveError> {
    let mut found = BTreeSet::new();
    for instance in named {
        if inner.index.study_of(instance)?.as_ref() == Some(study) {
            found.insert(instance.clone());
        }
    }
    Ok(found)
}
