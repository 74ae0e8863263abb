//! A request before it is one: what is missing is named by its field, and the patient is that of the images.
//!
//! # Not here
//! The forms in which doors take it; its effect: `protocol::case`.

use crate::{
    archive::{Archive, ArchiveError},
    cases::rule_word,
};
use protocol::{
    SiteId, Uid,
    case::{
        event::{Ask, Consent, Particulars, Patient, Priority},
        practice::{self, Rule},
    },
};

/// Why nothing is asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("missing: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
    #[error("the images are of another patient: {}", .0.join(", "))]
    WrongPatient(Vec<&'static str>),
    #[error("it is not read from afar: {}", rule_word(*.0))]
    FromAfar(Rule),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// Stands for the patient until [`Asking::checked`] says who it is.
pub(crate) const fn unnamed() -> Patient {
    Patient {
        name: String::new(),
        birth_date: String::new(),
        sex: String::new(),
        id: String::new(),
        issuer: String::new(),
        national: String::new(),
        standing: None,
    }
}

/// A request as a door took it.
#[derive(Debug)]
pub(crate) struct Asking {
    /// Of [`unnamed`].
    pub(crate) ask: Ask,
    pub(crate) particulars: Particulars,
    /// As the door was told who it is.
    pub(crate) patient: Option<Patient>,
}

impl Asking {
    /// The request, of the patient that is given or that its images name.
    ///
    /// # Errors
    /// See [`AskError`].
    pub(crate) fn checked(self, archive: &Archive, us: &SiteId) -> Result<(Ask, Particulars), AskError> {
        let Self { mut ask, particulars, patient } = self;
        let mut modalities = Vec::new();
        for study in &ask.studies {
            modalities.extend(archive.study(study)?.into_iter().flat_map(|row| row.modalities));
        }
        let mut missing = missing(&ask);
        missing.extend(practice::needs_examination(&ask, &modalities, &particulars).then_some("examination"));
        if !missing.is_empty() {
            return Err(AskError::Missing(missing));
        }
        let is_own = !ask.to.is_empty() && ask.to.iter().all(|(site, _)| site == us);
        // What an agreement derogates from is judged site by site, when one is to be asked.
        if let Some(rule) = practice::bars(&ask, &modalities, &particulars, true).filter(|_| !is_own) {
            return Err(AskError::FromAfar(rule));
        }
        ask.patient = agreed(patient, patient_of(archive, &ask.studies)?)?;
        if ask.studies.is_empty() && !ask.patient.is_named() && !may_be_unknown(&ask) {
            return Err(AskError::Missing(vec!["patient"]));
        }
        Ok((ask, particulars))
    }
}

/// Whether somebody has to compare whom a request names with the patient before it leaves: nobody can, where nobody knows who it is.
pub(crate) fn needs_check(ask: &Ask) -> bool {
    !ask.studies.is_empty() || !may_be_unknown(ask)
}

/// Nobody waits in an emergency until it is known who it is.
fn may_be_unknown(ask: &Ask) -> bool {
    ask.patient.standing.is_none() && matches!(ask.priority, Priority::P0 | Priority::P1)
}

/// Of the first study that is here, as its objects say.
fn patient_of(archive: &Archive, studies: &[Uid]) -> Result<Option<Patient>, AskError> {
    for study in studies {
        if let Some(row) = archive.study(study)? {
            let text = |text: Option<String>| text.unwrap_or_default().trim().to_owned();
            return Ok(Some(Patient {
                name: text(row.patient.name),
                birth_date: text(row.patient.birth_date),
                sex: text(row.patient.sex).chars().filter(|c| "FMO".contains(*c)).take(1).collect(),
                id: text(row.patient.id),
                issuer: text(row.patient.issuer),
                national: String::new(),
                standing: Some(protocol::identity::Standing::Provisional),
            }));
        }
    }
    Ok(None)
}

/// What is given must be that of the images; what the images do not say is taken from what is given.
fn agreed(given: Option<Patient>, of_images: Option<Patient>) -> Result<Patient, AskError> {
    match (given, of_images) {
        (None, None) => Err(AskError::Missing(vec!["patient"])),
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (Some(given), Some(held)) => {
            let same = |given: &str, held: &str| given.is_empty() || held.is_empty() || given == held;
            let differs: Vec<&'static str> = [
                (same(&given.name, &held.name), "name"),
                (same(&given.birth_date, &held.birth_date), "birth_date"),
                (same(&given.id, &held.id), "id"),
                (same(&given.issuer, &held.issuer), "issuer"),
            ]
            .into_iter()
            .filter_map(|(same, what)| (!same).then_some(what))
            .collect();
            if !differs.is_empty() {
                return Err(AskError::WrongPatient(differs));
            }
            let or = |one: String, other: String| if one.is_empty() { other } else { one };
            Ok(Patient {
                name: or(held.name, given.name),
                birth_date: or(held.birth_date, given.birth_date),
                sex: or(held.sex, given.sex),
                id: or(held.id, given.id),
                issuer: or(held.issuer, given.issuer),
                national: given.national,
                standing: given.standing,
            })
        }
    }
}

fn missing(ask: &Ask) -> Vec<&'static str> {
    let is_empty = |text: &str| text.trim().is_empty();
    let made = !ask.studies.is_empty() || !ask.accession.0.is_empty();
    [
        (is_empty(&ask.question), "question"),
        (is_empty(&ask.justification) && ask.priority != Priority::P0, "justification"),
        // Nothing that the patient cannot answer now holds up an emergency.
        (ask.consent == Consent::Open && ask.priority != Priority::P0, "consent"),
        (is_empty(&ask.modality) && !made, "modality"),
        (is_empty(&ask.accession.1) && !is_empty(&ask.accession.0), "accession_issuer"),
    ]
    .into_iter()
    .filter_map(|(lacks, field)| lacks.then_some(field))
    .collect()
}
