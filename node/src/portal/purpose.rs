//! For what a person here reads a peer's study, where more than one purpose is agreed.

use super::{
    Door,
    agreements_json::{purpose_of, purpose_word},
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::trust::Action;
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::Uid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For what a study may be opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PurposesJson {
    /// `care`, `on-call`, `expertise`, `emergency`, `quality` or `screening`; empty: there is nothing to choose.
    purposes: Vec<&'static str>,
    /// What it is opened for.
    purpose: Option<&'static str>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPurpose {
    purpose: String,
}

fn uid(text: &str) -> Result<Uid, ApiError> {
    text.parse().map_err(|_| ApiError::NotFound)
}

fn shown(door: &Door, caller: &Caller, study: &Uid) -> Result<PurposesJson, ApiError> {
    let known = door.studies()?.purposes(&caller.0, study);
    let (purposes, purpose) = known.map_or((Vec::new(), None), |(all, now)| (all, Some(now)));
    Ok(PurposesJson { purposes: purposes.into_iter().map(purpose_word).collect(), purpose: purpose.map(purpose_word) })
}

#[utoipa::path(get, path = "/api/studies/{study}/purpose", operation_id = "study_purposes",
    params(("study" = String, Path)), responses((status = 200, body = PurposesJson)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<PurposesJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    std::future::ready(shown(&door, &caller, &uid(&study)?).map(Json)).await
}

/// The purpose goes with each request to the study's holder, who refuses one that is not agreed.
#[utoipa::path(post, path = "/api/studies/{study}/purpose", operation_id = "set_study_purpose",
    params(("study" = String, Path)), request_body = NewPurpose,
    responses((status = 200, body = PurposesJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(new): Json<NewPurpose>,
) -> Result<Json<PurposesJson>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let study = uid(&study)?;
    door.studies()?.set_purpose(&caller.0, &study, purpose_of(&new.purpose)?)?;
    std::future::ready(shown(&door, &caller, &study).map(Json)).await
}
