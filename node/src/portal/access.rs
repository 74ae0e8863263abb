//! A patient's access list: who did what with the patient's studies, when, for which site. Reading it is written down, under
//! each of the studies it is about.
//!
//! # Not here
//! Names of patients, which no event holds; studies of the patient that only a peer holds and nobody here has touched.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    archive::StudyQuery,
    audit::{Act, Event, Filter},
    trust::Action,
};
use axum::{
    Json,
    extract::{Query, State},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Studies of one patient at most; who has more asks with an issuer.
const STUDIES_MAX: usize = 200;
/// Entries of one study at most, the newest.
const ENTRIES_MAX: usize = 1_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Patient ID, as it is shown.
    id: String,
    /// Issuer of Patient ID.
    issuer: Option<String>,
}

/// What was done with a patient's studies.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accesses {
    /// Study Instance UIDs the list is about.
    studies: Vec<String>,
    /// Newest first.
    entries: Vec<json::AuditEntry>,
    /// Whether older entries, or further studies, are left out.
    more: bool,
}

#[utoipa::path(get, path = "/api/audit/patient", params(Asked),
    responses((status = 200, body = Accesses), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn patient(
    State(door): State<Door>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<Accesses>, ApiError> {
    caller.may(Action::ReadLog)?;
    // A wildcard would make a list of several patients.
    if asked.id.trim().is_empty() || asked.id.contains(['*', '?', '\\']) {
        return Err(ApiError::Bad("not the ID of one patient"));
    }
    let query =
        StudyQuery { patient_id: Some(asked.id.clone()), issuer: asked.issuer.clone(), ..StudyQuery::default() };
    let reading = door.clone();
    let found = door.tasks.spawn_blocking("access list", move || {
        let rows = reading.archive.studies(&query, 0, STUDIES_MAX + 1)?;
        let same = |row: &crate::archive::StudyRow| row.patient.id.as_deref() == Some(asked.id.as_str());
        let studies: Vec<_> = rows.into_iter().filter(same).map(|row| row.study).collect();
        Ok::<_, ApiError>(studies)
    });
    let mut studies = found.await.map_err(|_| ApiError::Bad("stopping"))??;
    let mut more = studies.len() > STUDIES_MAX;
    studies.truncate(STUDIES_MAX);
    if studies.is_empty() {
        return Err(ApiError::NotFound);
    }
    for study in &studies {
        let event = Event::new(Act::LogRead, caller.0.actor()).study(study).note("the access list of a patient");
        door.audit.record(event).await?;
    }
    let (log, wanted) = (door.audit.clone(), studies.clone());
    let read = door.tasks.spawn_blocking("access list", move || {
        let of = |study| Filter { study: Some(study), limit: ENTRIES_MAX, ..Filter::default() };
        wanted.into_iter().map(|study| log.page(&of(study))).collect::<Vec<_>>()
    });
    let pages = read.await.map_err(|_| ApiError::Bad("stopping"))?;
    more |= pages.iter().any(|page| page.len() >= ENTRIES_MAX);
    let mut entries: Vec<_> = pages.into_iter().flatten().collect();
    entries.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
    let told = |(number, event)| json::AuditEntry::of(number, event, |site| door.site_name(site));
    Ok(Json(Accesses {
        studies: studies.iter().map(ToString::to_string).collect(),
        entries: entries.into_iter().map(told).collect(),
        more,
    }))
}
