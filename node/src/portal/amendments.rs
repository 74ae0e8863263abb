//! Other bytes kept aside for review, corrections of patient and study attributes, and merges of patients.
//!
//! # Not here
//! Rejecting: [`super::rejections`].

use super::{
    Door,
    amendments_json::{Compared, Conflict, CorrectionEntry, Identity},
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    archive::{self, ConflictState, Correction, PatientKey},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use protocol::{Uid, manifest::Edit};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows in one page at most.
const PAGE_MAX: usize = 200;

fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a UID"))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct Page {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
    /// Conflicts: those decided too.
    #[serde(default)]
    all: bool,
}

impl Page {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_MAX).min(PAGE_MAX)
    }
}

#[utoipa::path(get, path = "/api/conflicts", params(Page), responses((status = 200, body = Vec<Conflict>)))]
pub(super) async fn conflicts(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<Conflict>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let rows = door.archive.conflicts(!page.all, page.offset, page.limit())?;
    std::future::ready(Ok(Json(rows.iter().map(|row| Conflict::of(row, &door.archive)).collect()))).await
}

#[utoipa::path(get, path = "/api/conflicts/{id}", params(("id" = u64, Path)),
    responses((status = 200, body = Compared), (status = 404, body = ErrorBody)))]
pub(super) async fn conflict(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<Compared>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let (row, [first, other]) = door.archive.conflict(id).await?;
    Ok(Json(Compared::of(&row, first, other, &door.archive)))
}

/// What is decided on bytes kept aside.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Decision {
    /// `keep` the first bytes; `take` the new ones in their place; they belong `elsewhere`; or `open`: undo the decision.
    decision: String,
    /// For those who look later; without names.
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/api/conflicts/{id}/resolve", params(("id" = u64, Path)), request_body = Decision,
    responses((status = 200, body = Conflict), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn resolve(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
    Json(asked): Json<Decision>,
) -> Result<Json<Conflict>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let state = ConflictState::parse(&asked.decision).ok_or(ApiError::Bad("no such decision"))?;
    let row = door.archive.resolve(id, state, &asked.note, caller.0.actor()).await?;
    Ok(Json(Conflict::of(&row, &door.archive)))
}

/// Decided conflicts to close.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Close {
    ids: Vec<u64>,
    /// Why now, where the time of undoing is not over; without names.
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/api/conflicts/close", request_body = Close,
    responses((status = 200, body = Vec<Conflict>), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn close(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Close>,
) -> Result<Json<Vec<Conflict>>, ApiError> {
    caller.may(Action::Administer)?;
    let rows = door.archive.close_conflicts(asked.ids, &asked.reason, caller.0.actor()).await?;
    Ok(Json(rows.iter().map(|row| Conflict::of(row, &door.archive)).collect()))
}

/// A correction of one study: attributes, or the identity of another study's patient.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Correct {
    /// Values by keyword (`PatientName`, `PatientID`, `IssuerOfPatientID`, `PatientBirthDate`, `PatientSex`, `StudyDate`,
    /// `StudyTime`, `AccessionNumber`, `StudyDescription`, `ReferringPhysicianName`, `StudyID`); empty: none.
    #[serde(default)]
    set: BTreeMap<String, String>,
    /// Study Instance UID of a study of the patient it is moved to.
    like: Option<String>,
    /// Why; without names.
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/api/studies/{study}/correct", params(("study" = String, Path)), request_body = Correct,
    responses((status = 200, body = CorrectionEntry), (status = 404, body = ErrorBody)))]
pub(super) async fn correct(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(asked): Json<Correct>,
) -> Result<Json<CorrectionEntry>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let study = uid(&study)?;
    let correction = match (&asked.like, asked.set.is_empty()) {
        (Some(like), true) => Correction::Move { study, like: uid(like)? },
        (None, false) => Correction::Edit { study, edits: edits(&asked.set)? },
        _ => return Err(ApiError::Bad("either attributes or another study is given")),
    };
    let row = door.archive.correct(correction, &asked.note, caller.0.actor()).await?;
    Ok(Json(CorrectionEntry::of(&row)))
}

fn edits(set: &BTreeMap<String, String>) -> Result<Vec<Edit>, ApiError> {
    let edit = |(keyword, value): (&String, &String)| {
        let attribute = archive::by_keyword(keyword).ok_or(ApiError::Bad("an attribute that cannot be corrected"))?;
        attribute.edit(value).ok_or(ApiError::Bad("a value that is not one of its attribute"))
    };
    set.iter().map(edit).collect()
}

/// All studies of one patient under another.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Merge {
    /// Patient ID whose studies are shown under the other.
    id: String,
    issuer: Option<String>,
    /// Study Instance UID of a study of the other.
    like: String,
    /// Why; without names.
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/api/patients/merge", request_body = Merge,
    responses((status = 200, body = CorrectionEntry), (status = 404, body = ErrorBody)))]
pub(super) async fn merge(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Merge>,
) -> Result<Json<CorrectionEntry>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let from = PatientKey { id: asked.id, issuer: asked.issuer.filter(|issuer| !issuer.is_empty()) };
    let correction = Correction::Merge { from, like: uid(&asked.like)? };
    let row = door.archive.correct(correction, &asked.note, caller.0.actor()).await?;
    Ok(Json(CorrectionEntry::of(&row)))
}

#[utoipa::path(get, path = "/api/corrections", params(Page), responses((status = 200, body = Vec<CorrectionEntry>)))]
pub(super) async fn corrections(
    State(door): State<Door>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<Vec<CorrectionEntry>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let rows = door.archive.corrections(page.offset, page.limit())?;
    std::future::ready(Ok(Json(rows.iter().map(CorrectionEntry::of).collect()))).await
}

#[utoipa::path(post, path = "/api/corrections/{id}/undo", params(("id" = u64, Path)),
    responses((status = 200, body = CorrectionEntry), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn undo(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<CorrectionEntry>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let row = door.archive.uncorrect(id, caller.0.actor()).await?;
    Ok(Json(CorrectionEntry::of(&row)))
}

#[utoipa::path(get, path = "/api/studies/{study}/identities", params(("study" = String, Path)),
    responses((status = 200, body = Vec<Identity>)))]
pub(super) async fn identities(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<Vec<Identity>>, ApiError> {
    caller.may(Action::RejectStudies)?;
    let found = door.archive.identities(&uid(&study)?).await?;
    Ok(Json(found.into_iter().map(Identity::of).collect()))
}
