//! What a viewer could not decode, told by the viewer: it decodes in the browser, and nobody else sees it fail.
//!
//! # Not here
//! What follows for whoever signs: `desk`. What the node itself could not decode: `pixels`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    signin::Caller,
    worklist::uid,
};
use crate::{
    cases::{TriedBy, TriedFrame},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::ToSchema;

/// A frame that a viewer tried to decode.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TriedJson {
    series: String,
    instance: String,
    /// From 1.
    frame: u32,
    /// It can be decoded after all.
    #[serde(default)]
    decoded: bool,
}

/// Whoever signs is told of it. Durable when it answers.
#[utoipa::path(post, path = "/api/studies/{study}/undecoded", operation_id = "tell_undecoded", params(("study" = String, Path)),
    request_body = TriedJson, responses((status = 204), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(super) async fn tell(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(tried): Json<TriedJson>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ReadStudies)?;
    let open = door.studies()?.open(&caller.0, &uid(&study)?).await?;
    let entry = open.instance(&uid(&tried.series)?, &uid(&tried.instance)?).await?;
    let frame =
        tried.frame.checked_sub(1).filter(|frame| *frame < entry.frames.max(1)).ok_or(ApiError::Bad("frame"))?;
    let of = TriedFrame::of(open.study(), &entry, frame.into());
    door.cases.tried(of, TriedBy::Viewer, tried.decoded, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
