//! Of a case: who may read it here, who does beyond their credentials, and whose it was said to be.

use super::{cases_json::CasePatient, cases_row::For, json};
use crate::{cases::Whole, roster::Papers};
use protocol::case::state::{Identified, Uncovered};
use serde::Serialize;
use utoipa::ToSchema;

/// What is recorded here of what the caller may read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CredentialsJson {
    /// `covered`, `not-recorded` (this site keeps no register of credentials), `no-credential` or `credential-expired`.
    state: &'static str,
    /// Modalities that are not covered.
    lacking: Vec<String>,
}

/// Whose it was said to be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct IdentifiedJson {
    event: String,
    patient: CasePatient,
    person: String,
    at: String,
    /// Who compared it with the patient, and when; `null`: nobody said so.
    checked_by: Option<String>,
    checked_at: Option<String>,
}

/// Who reads it beyond their credentials.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UncoveredJson {
    site: String,
    site_name: String,
    person: String,
    reason: String,
    at: String,
}

impl CredentialsJson {
    pub(super) fn of(told: &For<'_>, whole: &Whole) -> Self {
        let papers = told.door.desk.as_ref().map(|desk| desk.papers(whole, &told.person.name));
        match papers {
            None | Some(Papers::Unrecorded) => Self { state: "not-recorded", lacking: Vec::new() },
            Some(Papers::Cover) => Self { state: "covered", lacking: Vec::new() },
            Some(Papers::Lack { why, modalities }) => Self { state: why.word(), lacking: modalities },
        }
    }
}

impl IdentifiedJson {
    pub(super) fn of(said: &Identified) -> Self {
        Self {
            event: said.event.to_string(),
            patient: CasePatient::of(&said.patient),
            person: said.person.clone(),
            at: json::rfc3339(said.at),
            checked_by: said.checked.as_ref().map(|checked| checked.person.clone()),
            checked_at: said.checked.as_ref().map(|checked| json::rfc3339(checked.at)),
        }
    }
}

impl UncoveredJson {
    pub(super) fn of(told: &For<'_>, said: &Uncovered) -> Self {
        let (site, site_name) = told.site(&said.site);
        let (person, reason) = (said.person.clone(), said.reason.clone());
        Self { site, site_name, person, reason, at: json::rfc3339(said.at) }
    }
}

impl For<'_> {
    /// As the first study that lies here names the patient.
    pub(super) fn patient_of_images(&self, whole: &Whole) -> Option<CasePatient> {
        let studies = &whole.state.ask.studies;
        let row = studies.iter().find_map(|study| self.door.archive.study(study).ok().flatten())?;
        Some(CasePatient {
            name: row.patient.name.unwrap_or_default(),
            birth_date: row.patient.birth_date.unwrap_or_default(),
            sex: row.patient.sex.unwrap_or_default(),
            id: row.patient.id.unwrap_or_default(),
            issuer: row.patient.issuer.unwrap_or_default(),
            ins: None,
            identity: None,
        })
    }
}
