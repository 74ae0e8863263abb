//! Opposition and masking: what a patient, or the site, holds back of studies from other sites, whatever was agreed.
//!
//! Of one study, or of all of a patient's, those that come later too. It is in force for every decision that begins after
//! the method returns; whoever reads decides by [`Archive::facts`], so there is no row without it.
//!
//! # At a crash
//! The record is there or is not.
//!
//! # Not here
//! What follows from it: `trust`. Cutting what runs, telling peers that studies are withdrawn: `studies`, `overlay`.

use super::{
    Archive, ArchiveError, ArchiveEvent, StudyQuery,
    conflict::submit,
    index::Applied,
    rows::{AskedBy, How, Of, ReleaseRecord, StudyRow, WithholdRecord, kind},
};
use crate::audit::{Act, Actor, AuditError, Event};
use protocol::{Uid, agreement::StudyFacts, retention::Day, wire};

/// Records that stand at once: more patients than ever opposed anything.
const STANDING_MAX: usize = 100_000;
/// Characters of a note.
const NOTE_CHARS_MAX: usize = 500;
/// Studies of one patient looked at.
const STUDIES_MAX: usize = 10_000;

/// What is to be held back.
#[derive(Clone, Debug)]
pub(crate) struct Withholding {
    pub(crate) of: Of,
    pub(crate) how: How,
    pub(crate) asked_by: AskedBy,
    /// `YYYYMMDD`; today where nothing is said.
    pub(crate) asked_on: Option<String>,
    pub(crate) note: String,
}

/// Why nothing is held back, or held back still.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WithholdError {
    #[error("no such study is held here")]
    NotHeld,
    #[error("no such record stands")]
    NotStanding,
    #[error("it is recorded already")]
    Stands,
    #[error("{0}")]
    Unfit(&'static str),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NOTE_CHARS_MAX).collect()
}

impl Archive {
    /// What decisions about peers go by: what the study is, and what is held back of it now.
    ///
    /// # Errors
    /// When the index cannot be read: nothing is decided then.
    pub(crate) fn facts(&self, row: &StudyRow) -> Result<StudyFacts, ArchiveError> {
        Ok(row.facts(self.inner.index.withheld(&row.study, &row.patient)?))
    }

    /// Records that stand, oldest first.
    ///
    /// # Errors
    /// When the index cannot be read; so with what follows.
    pub(crate) fn withholdings(&self) -> Result<Vec<WithholdRecord>, ArchiveError> {
        self.inner.index.withholdings()
    }

    /// Those about one study.
    pub(crate) fn withholdings_of(&self, row: &StudyRow) -> Result<Vec<WithholdRecord>, ArchiveError> {
        let mut all = self.inner.index.withholdings()?;
        all.retain(|record| record.is_about(&row.study, &row.patient));
        Ok(all)
    }

    /// Holds back a study, or all of a patient.
    ///
    /// # Errors
    /// See [`WithholdError`].
    pub(crate) async fn withhold(&self, asked: Withholding, actor: Actor) -> Result<WithholdRecord, WithholdError> {
        let Withholding { of, how, asked_by, asked_on, note } = asked;
        let _one = self.inner.rejecting.lock().await;
        if let Of::Study(study) = &of {
            self.study(study)?.ok_or(WithholdError::NotHeld)?;
        }
        let asked_on = asked_on.unwrap_or_else(|| crate::tasks::civil(crate::tasks::now()).chars().take(8).collect());
        if Day::parse(&asked_on).is_none() {
            return Err(WithholdError::Unfit("the day is not YYYYMMDD"));
        }
        let standing = self.withholdings()?;
        if standing.iter().any(|record| record.of == of && record.how == how) {
            return Err(WithholdError::Stands);
        }
        if standing.len() >= STANDING_MAX {
            return Err(WithholdError::Unfit("there are too many"));
        }
        let (at, id) = (crate::tasks::now(), self.inner.next_id());
        let id = id.max(standing.last().map_or(0, |last| last.id + 1));
        let person = actor.person.clone();
        let record = WithholdRecord { id, at, person, of, how, asked_by, asked_on, note: plain(&note) };
        let said = format!("{id}: {}, asked by {}", how.word(), asked_by.word());
        self.inner.audit.record(event(Act::StudyWithheld, actor, &record.of).note(said)).await?;
        let applied = Applied::Withhold(record.clone());
        submit(&self.inner, kind::WITHHOLD, wire::encode(&record), None, applied).await?;
        self.tell_withheld(&record.of)?;
        Ok(record)
    }

    /// Takes it back.
    ///
    /// # Errors
    /// See [`WithholdError`].
    pub(crate) async fn release(&self, id: u64, note: &str, actor: Actor) -> Result<WithholdRecord, WithholdError> {
        let _one = self.inner.rejecting.lock().await;
        let record = self.withholdings()?.into_iter().find(|record| record.id == id);
        let record = record.ok_or(WithholdError::NotStanding)?;
        let said = format!("{id}: {} no more", record.how.word());
        self.inner.audit.record(event(Act::StudyReleased, actor.clone(), &record.of).note(said)).await?;
        let release = ReleaseRecord { id, at: crate::tasks::now(), person: actor.person, note: plain(note) };
        let body = wire::encode(&release);
        submit(&self.inner, kind::RELEASE, body, None, Applied::Release(release)).await?;
        self.tell_withheld(&record.of)?;
        Ok(record)
    }

    /// Studies that are meant.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn meant(&self, of: &Of) -> Result<Vec<Uid>, ArchiveError> {
        let key = match of {
            Of::Study(study) => return Ok(vec![study.clone()]),
            Of::Patient(key) => key,
        };
        // Asked by the plain identifier, which is no pattern; told apart by who issued it.
        let query = StudyQuery { patient_id: Some(key.id.clone()), ..StudyQuery::default() };
        let rows = self.studies(&query, 0, STUDIES_MAX)?;
        let of_patient = rows.into_iter().filter(|row| super::PatientKey::of(&row.patient).as_ref() == Some(key));
        Ok(of_patient.map(|row| row.study).collect())
    }

    fn tell_withheld(&self, of: &Of) -> Result<(), ArchiveError> {
        for study in self.meant(of)? {
            // Nobody may be listening.
            let _ = self.inner.events.send(ArchiveEvent::Growing(study));
        }
        Ok(())
    }
}

/// Of a patient no study is named, and no identifier.
fn event(act: Act, actor: Actor, of: &Of) -> Event {
    match of {
        Of::Study(study) => Event::new(act, actor).study(study),
        Of::Patient(_) => Event::new(act, actor),
    }
}
