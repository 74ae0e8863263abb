//! Labels of studies: which are in use, and setting them by hand.

use super::{
    Door,
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

/// A label in use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Label {
    label: String,
    studies: u64,
}

/// Labels to set and to take away.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Relabel {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// The labels of a study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Labels {
    labels: Vec<String>,
}

#[utoipa::path(get, path = "/api/labels", responses((status = 200, body = Vec<Label>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<Label>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let used = door.archive.labels()?;
    let labels = used.into_iter().map(|(label, studies)| Label { label, studies }).collect();
    std::future::ready(Ok(Json(labels))).await
}

#[utoipa::path(post, path = "/api/studies/{study}/labels", params(("study" = String, Path)), request_body = Relabel,
    responses((status = 200, body = Labels), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(asked): Json<Relabel>,
) -> Result<Json<Labels>, ApiError> {
    caller.may(Action::LabelStudies)?;
    let study = Uid::parse(&study).map_err(|_| ApiError::Bad("not a Study Instance UID"))?;
    let labels = door.archive.label(&study, (asked.add, asked.remove), caller.0.actor()).await?;
    Ok(Json(Labels { labels }))
}
