//! Opposition and masking: what is held back from other sites, of one study or of all of a patient's.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    archive::{AskedBy, How, Of, PatientKey, WithholdError, WithholdRecord, Withholding},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::Uid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A study, or a patient's studies, held back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Withheld {
    id: u64,
    /// `opposed` (the patient opposes sharing), `masked` (no other site, an emergency neither) or `no-break-glass`.
    how: &'static str,
    /// Study Instance UID; `null`: all of a patient.
    study: Option<String>,
    /// `patient`, `representative`, `physician` or `site`.
    asked_by: &'static str,
    /// `YYYYMMDD`.
    asked_on: String,
    /// Who recorded it.
    person: String,
    at: String,
    note: String,
}

impl Withheld {
    pub(super) fn of(record: &WithholdRecord) -> Self {
        Self {
            id: record.id,
            how: record.how.word(),
            study: match &record.of {
                Of::Study(study) => Some(study.to_string()),
                Of::Patient(_) => None,
            },
            asked_by: record.asked_by.word(),
            asked_on: record.asked_on.clone(),
            person: record.person.clone(),
            at: json::rfc3339(record.at),
            note: record.note.clone(),
        }
    }
}

/// One in the list of all: with the patient's identifier where all of a patient is meant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithheldRow {
    #[serde(flatten)]
    what: Withheld,
    patient_id: Option<String>,
    issuer: Option<String>,
}

impl WithheldRow {
    fn of(record: &WithholdRecord) -> Self {
        let key = match &record.of {
            Of::Patient(key) => Some(key.clone()),
            Of::Study(_) => None,
        };
        let (patient_id, issuer) = key.map_or((None, None), |key| (Some(key.id), key.issuer));
        Self { what: Withheld::of(record), patient_id, issuer }
    }
}

/// What to hold back: a study, or all of a patient, also what comes later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Withhold {
    /// Study Instance UID.
    study: Option<String>,
    /// All studies with this Patient ID …
    patient_id: Option<String>,
    /// … of this issuer; absent: those whose objects name no issuer.
    issuer: Option<String>,
    /// All studies of the patient of `study`.
    #[serde(default)]
    all_of_patient: bool,
    how: String,
    asked_by: String,
    asked_on: Option<String>,
    #[serde(default)]
    note: String,
}

/// Why it is taken back.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Release {
    #[serde(default)]
    note: String,
}

/// Why it was not done, for the answer.
pub(super) fn outside(e: &WithholdError) -> (StatusCode, &'static str) {
    match e {
        WithholdError::NotHeld | WithholdError::NotStanding => (StatusCode::NOT_FOUND, "not-found"),
        WithholdError::Stands => (StatusCode::CONFLICT, "exists"),
        WithholdError::Unfit(_) => (StatusCode::BAD_REQUEST, "unfit"),
        WithholdError::Audit(_) | WithholdError::Archive(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

fn of(door: &Door, asked: &Withhold) -> Result<Of, ApiError> {
    let study = asked.study.as_deref().map(Uid::parse).transpose();
    let study = study.map_err(|_| ApiError::Bad("not a Study Instance UID"))?;
    match (study, &asked.patient_id) {
        (Some(study), None) if asked.all_of_patient => {
            let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
            PatientKey::of(&row.patient).map(Of::Patient).ok_or(ApiError::Bad("the study names no patient"))
        }
        (Some(study), None) => Ok(Of::Study(study)),
        (None, Some(id)) if !id.trim().is_empty() => {
            Ok(Of::Patient(PatientKey { id: id.trim().to_owned(), issuer: asked.issuer.clone() }))
        }
        _ => Err(ApiError::Bad("name a study, or a patient")),
    }
}

#[utoipa::path(get, path = "/api/withheld", operation_id = "list_withheld",
    responses((status = 200, body = Vec<WithheldRow>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<WithheldRow>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let rows = door.archive.withholdings()?.iter().map(WithheldRow::of).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// In force at once: peers hear that the studies are withdrawn and erase their copies; what runs is cut.
#[utoipa::path(post, path = "/api/withheld", operation_id = "withhold", request_body = Withhold,
    responses((status = 200, body = WithheldRow), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn withhold(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Withhold>,
) -> Result<Json<WithheldRow>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let of = of(&door, &asked)?;
    let how = How::parse(&asked.how).ok_or(ApiError::Bad("how is opposed, masked or no-break-glass"))?;
    let asked_by = AskedBy::parse(&asked.asked_by);
    let asked_by = asked_by.ok_or(ApiError::Bad("asked_by is patient, representative, physician or site"))?;
    let wanted = Withholding { of, how, asked_by, asked_on: asked.asked_on, note: asked.note };
    let record = match &door.studies {
        Some(studies) => studies.withhold(wanted, caller.0.actor()).await?,
        None => door.archive.withhold(wanted, caller.0.actor()).await?,
    };
    Ok(Json(WithheldRow::of(&record)))
}

#[utoipa::path(post, path = "/api/withheld/{id}/release", operation_id = "release_withheld", params(("id" = u64, Path)),
    request_body = Release, responses((status = 200, body = WithheldRow), (status = 404, body = ErrorBody)))]
pub(super) async fn release(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
    Json(asked): Json<Release>,
) -> Result<Json<WithheldRow>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let record = match &door.studies {
        Some(studies) => studies.release(id, &asked.note, caller.0.actor()).await?,
        None => door.archive.release(id, &asked.note, caller.0.actor()).await?,
    };
    Ok(Json(WithheldRow::of(&record)))
}
