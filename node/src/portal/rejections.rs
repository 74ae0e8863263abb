//! Rejecting studies, series and instances, and taking that back.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    archive::{RejectReason, Rejecting},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use protocol::Uid;
use serde::Deserialize;

/// Rows in one page at most.
const PAGE_MAX: usize = 200;

/// What of the study, and why.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Reject {
    /// Series Instance UID; absent: the whole study.
    series: Option<String>,
    /// SOP Instance UID; absent: the whole series.
    instance: Option<String>,
    /// `113001` (`quality`), `113037` (`patient-safety`), `113038` (`wrong-worklist-entry`), `113039`
    /// (`retention-expired`), of PS3.16 CID 7011.
    reason: String,
    /// For those who look later; without names.
    #[serde(default)]
    note: String,
}

fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a UID"))
}

#[utoipa::path(post, path = "/api/studies/{study}/reject", params(("study" = String, Path)), request_body = Reject,
    responses((status = 200, body = json::Rejection), (status = 404, body = ErrorBody)))]
pub(super) async fn reject(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(asked): Json<Reject>,
) -> Result<Json<json::Rejection>, ApiError> {
    caller.may(Action::RejectStudies)?;
    if asked.instance.is_some() && asked.series.is_none() {
        return Err(ApiError::Bad("an instance is named with its series"));
    }
    let rejecting = Rejecting {
        study: uid(&study)?,
        series: asked.series.as_deref().map(uid).transpose()?,
        instance: asked.instance.as_deref().map(uid).transpose()?,
        reason: RejectReason::parse(&asked.reason).ok_or(ApiError::Bad("no such reason"))?,
        note: asked.note,
    };
    let record = door.archive.reject(rejecting, caller.0.actor()).await?;
    Ok(Json(json::Rejection::of(&record)))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

#[utoipa::path(get, path = "/api/rejections", params(Page), responses((status = 200, body = Vec<json::Rejection>)))]
pub(super) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<json::Rejection>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let limit = page.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let records = door.archive.rejections(page.offset, limit)?;
    std::future::ready(Ok(Json(records.iter().map(json::Rejection::of).collect()))).await
}

#[utoipa::path(post, path = "/api/rejections/{id}/reinstate", params(("id" = u64, Path)),
    responses((status = 200, body = json::Rejection), (status = 404, body = ErrorBody)))]
pub(super) async fn reinstate(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<json::Rejection>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let record = door.archive.reinstate(id, caller.0.actor()).await?;
    Ok(Json(json::Rejection::of(&record)))
}

/// A rejection note of somebody else's.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct Note {
    id: u64,
    at: String,
    /// Who sent it, or decided about it.
    person: String,
    /// SOP Instance UID of the note.
    note: String,
    study: String,
    /// Code value of PS3.16 CID 7011.
    reason: &'static str,
    /// Instances that it names.
    named: u64,
    /// `obeyed`, `not-permitted`, `nothing-held`, `proposed` (for erasing), `still-kept` or `left` (not obeyed,
    /// as somebody decided).
    done: &'static str,
    /// Its sender may not reject: somebody who may has it obeyed, or leaves it.
    waits: bool,
}

#[utoipa::path(get, path = "/api/rejections/notes", params(Page), responses((status = 200, body = Vec<Note>)))]
pub(super) async fn notes(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Note>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let records = door.archive.notes(page.offset, page.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX))?;
    std::future::ready(Ok(Json(records.into_iter().map(Note::of).collect()))).await
}

impl Note {
    fn of((record, waits): (crate::archive::NoteRecord, bool)) -> Self {
        Self {
            id: record.id,
            at: json::rfc3339(record.at),
            person: record.person,
            note: record.note.to_string(),
            study: record.study.to_string(),
            reason: record.reason.code(),
            named: record.named,
            done: record.heeded.word(),
            waits,
        }
    }
}

/// Has a note obeyed whose sender may not reject.
#[utoipa::path(post, path = "/api/rejections/notes/{id}/obey", params(("id" = u64, Path)),
    responses((status = 200, body = Note), (status = 404, body = ErrorBody)))]
pub(super) async fn obey(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<Note>, ApiError> {
    caller.may(Action::RejectStudies)?;
    Ok(Json(Note::of((door.archive.decide_note(id, true, caller.0.actor()).await?, false))))
}

/// Leaves a note whose sender may not reject: it is not obeyed, also when it is sent again.
#[utoipa::path(post, path = "/api/rejections/notes/{id}/leave", params(("id" = u64, Path)),
    responses((status = 200, body = Note), (status = 404, body = ErrorBody)))]
pub(super) async fn leave(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<Note>, ApiError> {
    caller.may(Action::RejectStudies)?;
    Ok(Json(Note::of((door.archive.decide_note(id, false, caller.0.actor()).await?, false))))
}
