//! Rejection notes that others send (IHE RAD IOCM): Key Object Selections whose title says why what they name must not be
//! shown (PS3.16 CID 7011).
//!
//! They come by every door: sent by C-STORE or STOW, in an import, from a PACS beside the node. Each door says whether the
//! sender may reject; what follows is the same. One from a sender who may is obeyed, as if a person had rejected the
//! instances here, and can be taken back so.
//! A note for patient safety or of a wrong worklist entry goes with what it rejects; one for quality stays in its study.
//! *Data retention policy expired* erases and hides nothing: a study whose time is past is proposed for erasing, and
//! another person approves or not. One from a sender who may not is an object as any other, and waits for somebody who
//! may to have it obeyed or to leave it. What was done is a record, and is done once: a note that is sent again after its
//! rejection was taken back, or after it was left, rejects nothing.
//!
//! # At a crash
//! Between the note and its record it was not heard. Its sender had no answer and sends it again; what an import or a
//! PACS brought is heard when the import or the retrieval is made again.
//!
//! # Not here
//! Who may: the door tells. What a note's elements say: `pixels::rejection_note`, which `site` makes known here. Instances
//! that come after their note: they are shown; so doors hear notes after all that came with them.

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
    #[error("no such rejection note waits for a decision")]
    NotWaiting,
    #[error("the rejection note is not held here any more, or cannot be read")]
    NoteLost,
}

/// What a note says: why, and which instances of which studies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) reason: RejectReason,
    pub(crate) studies: BTreeMap<Uid, BTreeSet<Uid>>,
}

impl Note {
    /// Instances that it names.
    fn named(&self) -> u64 {
        u64::try_from(self.studies.values().map(BTreeSet::len).sum::<usize>()).unwrap_or(u64::MAX)
    }
}

/// Reads a Key Object Selection in a transfer syntax; `None`: it is no rejection note.
pub(crate) type ReadNote = fn(&[u8], &str) -> Option<Note>;

impl Ingested {
    /// Whether it is of the class that rejection notes are of.
    pub(crate) fn may_be_note(&self) -> bool {
        is_note_class(&self.sop_class)
    }
}

/// Whether rejection notes are of this class.
pub(crate) fn is_note_class(class: &Uid) -> bool {
    class.as_str() == KEY_OBJECT_SELECTION
}

/// A note that is held, and what it says.
struct Read {
    study: Uid,
    note: Note,
}

impl Archive {
    /// Makes known who reads notes. Without, none is one.
    pub(crate) fn read_notes_with(&self, read: ReadNote) {
        // Whoever came first reads as well.
        let _ = self.inner.read_note.set(read);
    }

    /// Heeds an instance that is held, if it is a rejection note that was not heard before.
    ///
    /// # Errors
    /// See [`NoteError`]. The note may then be heard again.
    pub(crate) async fn heed(
        &self,
        instance: &Uid,
        may_reject: bool,
        actor: Actor,
    ) -> Result<Option<NoteRecord>, NoteError> {
        if !self.inner.index.sop(instance)?.is_some_and(|held| is_note_class(&held.row.entry.sop_class)) {
            return Ok(None);
        }
        let _one = self.inner.hearing.lock().await;
        let before = self.inner.index.note(instance)?;
        if before.is_some_and(|note| note.heeded != Heeded::NotPermitted || !may_reject) {
            return Ok(None);
        }
        let Some(Read { study, note }) = self.read_note(instance).await? else { return Ok(None) };
        let heeded = if may_reject { self.follow(&note, instance, &actor).await? } else { Heeded::NotPermitted };
        let (reason, named) = (note.reason, note.named());
        self.heeded(NoteRecord::of((instance, study), (reason, named), heeded, &actor), actor).await.map(Some)
    }

    /// Has a note obeyed whose sender may not reject, or leaves it: somebody decided who may.
    ///
    /// # Errors
    /// See [`NoteError`]. It waits on then.
    pub(crate) async fn decide_note(&self, id: u64, obey: bool, actor: Actor) -> Result<NoteRecord, NoteError> {
        let _one = self.inner.hearing.lock().await;
        let asked = self.inner.index.numbered_note(id)?.ok_or(NoteError::NotWaiting)?;
        let latest = self.inner.index.note(&asked.note)?;
        if !latest.is_some_and(|latest| latest.id == id && latest.heeded == Heeded::NotPermitted) {
            return Err(NoteError::NotWaiting);
        }
        let heeded = if obey {
            let read = self.read_note(&asked.note).await?.ok_or(NoteError::NoteLost)?;
            self.follow(&read.note, &asked.note, &actor).await?
        } else {
            Heeded::Left
        };
        let of = (&asked.note, asked.study);
        self.heeded(NoteRecord::of(of, (asked.reason, asked.named), heeded, &actor), actor).await
    }

    /// Whether an instance is a rejection note that was heard.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn is_note(&self, instance: &Uid) -> Result<bool, ArchiveError> {
        Ok(self.inner.index.note(instance)?.is_some())
    }

    async fn read_note(&self, instance: &Uid) -> Result<Option<Read>, NoteError> {
        let inner = &self.inner;
        let (Some(read), Some(study)) = (inner.read_note.get(), inner.index.study_of(instance)?) else {
            return Ok(None);
        };
        let held = inner.index.sop(instance)?.filter(|held| is_note_class(&held.row.entry.sop_class));
        let Some(held) = held else { return Ok(None) };
        let header = object::header(inner, &study, &held.row.entry.digest).await?;
        Ok(read(&header, held.row.entry.transfer_syntax.as_str()).map(|note| Read { study, note }))
    }

    async fn follow(&self, note: &Note, of: &Uid, actor: &Actor) -> Result<Heeded, NoteError> {
        match note.reason {
            RejectReason::RetentionExpired => self.expire(note, of, actor).await,
            _ => self.obey(note, of, actor).await,
        }
    }

    /// Writes down what was done.
    async fn heeded(&self, mut record: NoteRecord, actor: Actor) -> Result<NoteRecord, NoteError> {
        record.id = record.at.0.max(self.inner.index.number()?.saturating_add(1));
        let outcome = match record.heeded {
            Heeded::Obeyed(_) | Heeded::Proposed(_) | Heeded::Left => Outcome::Done,
            Heeded::NotPermitted => Outcome::Refused(Refusal::Role),
            Heeded::NothingHeld | Heeded::StillKept => Outcome::Failed,
        };
        let event = Event::new(Act::StudyRejected, actor).outcome(outcome).study(&record.study).amount(record.named, 0);
        let told = format!("rejection note {}, {}: {}", record.note, record.reason.code(), record.heeded.word());
        self.inner.audit.record(event.note(told)).await?;
        submit(&self.inner, kind::NOTE, wire::encode(&record), None, Applied::Note(record.clone())).await?;
        Ok(record)
    }

    /// Rejection notes that came, and what was decided of them, newest first; with each whether it waits for somebody to
    /// decide.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn notes(&self, offset: usize, limit: usize) -> Result<Vec<(NoteRecord, bool)>, ArchiveError> {
        let index = &self.inner.index;
        let mut all = Vec::new();
        for record in index.notes(offset, limit)? {
            let is_latest = index.note(&record.note)?.is_some_and(|latest| latest.id == record.id);
            let waits = is_latest && record.heeded == Heeded::NotPermitted;
            all.push((record, waits));
        }
        Ok(all)
    }

    async fn obey(&self, note: &Note, of: &Uid, actor: &Actor) -> Result<Heeded, NoteError> {
        let mut made = Vec::new();
        for (study, named) in &note.studies {
            let mut meant = held(&self.inner, study, named)?;
            if meant.is_empty() {
                continue;
            }
            if note.reason != RejectReason::Quality {
                meant.insert(of.clone());
            }
            let is_meant = move |_: &Uid, one: &Uid| meant.contains(one);
            let said = (note.reason, format!("rejection note {of}"));
            match reject_where(self.inner.clone(), study.clone(), said, is_meant, actor.clone()).await {
                Ok(record) => made.push(record.id),
                Err(RejectError::NotHeld) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(if made.is_empty() { Heeded::NothingHeld } else { Heeded::Obeyed(made) })
    }

    async fn expire(&self, note: &Note, of: &Uid, actor: &Actor) -> Result<Heeded, NoteError> {
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
                let is_named = |one: &Uid| here.contains(one) || one == of;
                Ok::<_, ArchiveError>(is_whole && held.iter().all(|held| is_named(&held.row.entry.instance)))
            })?;
            if !is_whole {
                continue;
            }
            let reason = format!("rejection note {of}");
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
