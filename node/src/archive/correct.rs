//! Corrections of patient and study attributes: recorded beside the objects, whose bytes stay as they were received.
//!
//! An edit is of one study; moving it to another patient is an edit of the whole identity. A merge shows all studies of
//! one patient, those that come later too, under the identity of another. Rows, lists and cards show what results; the
//! objects themselves show it where they leave ([`super::amend`]). Each correction can be taken back, unless a later
//! merge builds on it.
//!
//! # At a crash
//! The record is there or is not. No file is touched.
//!
//! # Not here
//! Who may. Telling peers: the card has what was amended.

use super::{
    ArchiveError, Inner, StudyQuery,
    conflict::submit,
    edits::{self, IDENTITY, tag},
    index::Applied,
    prescan::{self, DataSet},
    reject::NOTE_CHARS_MAX,
    rows::{CorrectRecord, Correcting, CorrectionRow, PatientKey, StoredInstance, StudyRow, UncorrectRecord, kind},
};
use crate::audit::{Act, Actor, AuditError, Event};
use protocol::{
    Uid,
    manifest::{Amendment, EDITS_MAX, Edit, Patient},
    wire,
};
use std::sync::Arc;

/// Corrections of one study that stand.
pub(super) const OF_STUDY_MAX: usize = 64;
/// Studies told of one merge at once; the rest is told with the next look through the lists.
const STUDIES_MAX: usize = 10_000;

/// Identities told apart in one study.
const IDENTITIES_MAX: usize = 16;

/// What is to be corrected.
#[derive(Clone, Debug)]
pub(crate) enum Correction {
    /// These attributes of one study.
    Edit { study: Uid, edits: Vec<Edit> },
    /// As an edit, of a study that may not have come yet: it is shown so from its first object on.
    Ahead { study: Uid, edits: Vec<Edit> },
    /// One study gets the identity that another shows.
    Move { study: Uid, like: Uid },
    /// All studies of one patient get the identity that a study of another shows.
    Merge { from: PatientKey, like: Uid },
}

/// Why a correction is not made or not taken back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CorrectError {
    #[error("no such study is held here, or no study of this patient")]
    NotHeld,
    #[error("nothing would change, or the same attribute is given twice")]
    Nothing,
    #[error("a patient without ID cannot be merged")]
    NoPatientId,
    #[error("more than {OF_STUDY_MAX} corrections of one study stand")]
    TooMany,
    #[error("no such correction stands")]
    NoCorrection,
    #[error("a later merge builds on it: take that back first")]
    BuiltOn,
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Corrects; it is shown to everybody here when this returns.
pub(super) async fn correct(
    inner: Arc<Inner>,
    asked: Correction,
    note: &str,
    actor: Actor,
) -> Result<CorrectionRow, CorrectError> {
    let _one = inner.rejecting.lock().await;
    let (shared, wanted) = (inner.clone(), asked);
    let looked = inner.tasks.spawn_blocking("correct", move || look(&shared, wanted)).await;
    let (what, studies) = looked.map_err(std::io::Error::other).map_err(ArchiveError::from)??;
    let at = crate::tasks::now();
    let id = inner.next_id();
    let mut event = Event::new(Act::StudyCorrected, actor.clone());
    if let Correcting::Study { study, .. } = &what {
        event = event.study(study);
    }
    let count = u64::try_from(studies.len()).unwrap_or(u64::MAX);
    inner.audit.record(event.amount(count, 0).note(format!("{id}: {}", what.word()))).await?;
    let record = CorrectRecord {
        id,
        at,
        person: actor.person,
        note: note.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect(),
        what,
    };
    let body = wire::encode(&record);
    submit(&inner, kind::CORRECT, body, None, Applied::Correct(Box::new(record))).await?;
    for study in studies {
        inner.amended(study, Amendment::Corrected);
    }
    inner.index.correction(id)?.ok_or(CorrectError::NoCorrection)
}

/// Takes a correction back.
pub(super) async fn uncorrect(inner: Arc<Inner>, id: u64, actor: Actor) -> Result<CorrectionRow, CorrectError> {
    let _one = inner.rejecting.lock().await;
    let row = inner.index.correction(id)?.filter(|row| row.undone.is_none()).ok_or(CorrectError::NoCorrection)?;
    if let Correcting::Merge { into, .. } = &row.record.what
        && let Some(key) = PatientKey::of(into)
        && inner.index.merge_of(&key)?.is_some_and(|later| later > id)
    {
        return Err(CorrectError::BuiltOn);
    }
    let studies = inner.index.corrected_by(id)?;
    let mut event = Event::new(Act::CorrectionUndone, actor.clone());
    if let Correcting::Study { study, .. } = &row.record.what {
        event = event.study(study);
    }
    let count = u64::try_from(studies.len()).unwrap_or(u64::MAX);
    inner.audit.record(event.amount(count, 0).note(id.to_string())).await?;
    let record = UncorrectRecord { id, at: crate::tasks::now(), person: actor.person };
    submit(&inner, kind::UNCORRECT, wire::encode(&record), None, Applied::Uncorrect(record)).await?;
    for study in studies {
        inner.amended(study, Amendment::Corrected);
    }
    inner.index.correction(id)?.ok_or(CorrectError::NoCorrection)
}

fn look(inner: &Inner, asked: Correction) -> Result<(Correcting, Vec<Uid>), CorrectError> {
    match asked {
        Correction::Edit { study, edits } => edit(inner, study, edits),
        Correction::Ahead { study, edits } => {
            if inner.index.study(&study)?.is_some() {
                return edit(inner, study, edits);
            }
            require_room(inner, &study)?;
            let edits = edits::folded(edits.iter());
            if edits.is_empty() || edits.len() > EDITS_MAX {
                return Err(CorrectError::Nothing);
            }
            Ok((Correcting::Study { study, edits }, Vec::new()))
        }
        Correction::Move { study, like } => {
            let like = inner.index.study(&like)?.ok_or(CorrectError::NotHeld)?;
            edit(inner, study, identity(&like))
        }
        Correction::Merge { from, like } => {
            let into = inner.index.study(&like)?.ok_or(CorrectError::NotHeld)?.patient;
            let target = PatientKey::of(&into).ok_or(CorrectError::NoPatientId)?;
            if target == from {
                return Err(CorrectError::Nothing);
            }
            let studies = of_patient(inner, &from)?;
            if studies.is_empty() {
                return Err(CorrectError::NotHeld);
            }
            for study in &studies {
                require_room(inner, study)?;
            }
            Ok((Correcting::Merge { from, into }, studies))
        }
    }
}

fn require_room(inner: &Inner, study: &Uid) -> Result<(), CorrectError> {
    let standing = inner.index.corrections_of(study)?.len();
    if standing >= OF_STUDY_MAX { Err(CorrectError::TooMany) } else { Ok(()) }
}

fn edit(inner: &Inner, study: Uid, edits: Vec<Edit>) -> Result<(Correcting, Vec<Uid>), CorrectError> {
    let row = inner.index.study(&study)?.ok_or(CorrectError::NotHeld)?;
    require_room(inner, &study)?;
    let wanted = edits.len();
    let edits = edits::folded(edits.iter());
    if edits.len() != wanted || edits.len() > EDITS_MAX {
        return Err(CorrectError::Nothing);
    }
    // Of two identities one may be confirmed, though it is the one shown.
    let confirms = |edit: &Edit| row.patient_conflict && IDENTITY.contains(&edit.tag);
    let differs = |edit: &Edit| edits::value(&row, edit.tag) != edit.value;
    let changed: Vec<Edit> = edits.into_iter().filter(|edit| confirms(edit) || differs(edit)).collect();
    if changed.is_empty() {
        return Err(CorrectError::Nothing);
    }
    Ok((Correcting::Study { study: study.clone(), edits: changed }, vec![study]))
}

/// Edits that give a study the identity a row shows.
fn identity(row: &StudyRow) -> Vec<Edit> {
    IDENTITY.into_iter().map(|tag| Edit { tag, value: edits::value(row, tag) }).collect()
}

/// The edits that a merge means for each study.
pub(crate) fn identity_of(patient: &Patient) -> Vec<Edit> {
    let values = [
        (tag::PATIENT_NAME, &patient.name),
        (tag::PATIENT_ID, &patient.id),
        (tag::ISSUER, &patient.issuer),
        (tag::BIRTH_DATE, &patient.birth_date),
        (tag::SEX, &patient.sex),
    ];
    values.into_iter().map(|(tag, value)| Edit { tag, value: value.clone() }).collect()
}

fn of_patient(inner: &Inner, key: &PatientKey) -> Result<Vec<Uid>, ArchiveError> {
    let query = StudyQuery { patient_id: Some(key.id.clone()), ..StudyQuery::default() };
    let rows = inner.index.studies(&query, 0, STUDIES_MAX)?;
    Ok(rows.into_iter().filter(|row| PatientKey::of(&row.patient).as_ref() == Some(key)).map(|row| row.study).collect())
}

/// An identity that objects of a study name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identified {
    pub(crate) patient: Patient,
    pub(crate) series: Vec<Uid>,
    pub(crate) instances: u32,
}

/// Reads every header of a study; the identity named most often comes first.
pub(super) async fn identities(inner: Arc<Inner>, study: Uid) -> Result<Vec<Identified>, ArchiveError> {
    let shared = inner.clone();
    let read = inner.tasks.spawn_blocking("identities", move || {
        let mut found: Vec<Identified> = Vec::new();
        for row in shared.index.series(&study)? {
            for held in shared.index.instances(&study, &row.series)? {
                let Some(patient) = patient_of(&shared, &held) else { continue };
                let at = found.iter().position(|known| known.patient == patient);
                if at.is_none() && found.len() < IDENTITIES_MAX {
                    found.push(Identified { patient, series: vec![row.series.clone()], instances: 1 });
                } else if let Some(known) = at.and_then(|at| found.get_mut(at)) {
                    known.instances += 1;
                    if !known.series.contains(&row.series) {
                        known.series.push(row.series.clone());
                    }
                }
            }
        }
        found.sort_by_key(|known| std::cmp::Reverse(known.instances));
        Ok(found)
    });
    read.await.map_err(std::io::Error::other)?
}

fn patient_of(inner: &Inner, held: &StoredInstance) -> Option<Patient> {
    let entry = &held.row.entry;
    let file = inner.blobs.open_object(&entry.digest).ok()?;
    let data = DataSet::File(&file, u64::from(held.row.meta_bytes), entry.bytes);
    Some(prescan::scan(data, &entry.transfer_syntax).ok()?.study.patient)
}
