//! Studies leave the house: a zip for a browser, pieces for the command line.
//!
//! # Not here
//! What an export holds, and its evidence: `media`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    cases::Way,
    media::{
        self, Layout, Piece, Wanted,
        pack::{Packing, Zip},
    },
    trust::Action,
};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use protocol::{Digest, Uid};
use serde::Deserialize;
use std::{convert::Infallible, io};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

/// Parts of a zip waiting for a slow browser.
const PARTS_WAITING: usize = 4;

fn layout(form: &str) -> Result<Layout, ApiError> {
    match form {
        "files" => Ok(Layout::Files),
        "pdi" => Ok(Layout::Pdi),
        _ => Err(ApiError::Bad("the form is files or pdi")),
    }
}

/// How one study is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct How {
    /// `pdi` (with DICOMDIR and pages) or `files`.
    #[serde(default = "pdi")]
    form: String,
    /// Objects are made Explicit VR Little Endian.
    #[serde(default)]
    plain: bool,
    /// Why it leaves the house, for the log; without names.
    purpose: String,
}

fn pdi() -> String {
    "pdi".to_owned()
}

/// Reports lie in the archive beside their images, and leave with them: who takes them has them in hand.
async fn reports_leave(door: &Door, caller: &Caller, studies: &[Uid]) -> Result<(), ApiError> {
    let leaves = |study: &Uid| studies.contains(study);
    for whole in door.cases.all().into_iter().filter(|whole| whole.state.ask.studies.iter().any(leaves)) {
        let filed = whole.state.reports.iter().filter(|report| report.delivered);
        let filed: Vec<Digest> = filed.map(|report| report.event).collect();
        door.cases.opened(&whole, &filed, Way::Dicom, caller.0.actor()).await?;
    }
    Ok(())
}

/// A study of ours as a zip.
#[utoipa::path(get, path = "/api/studies/{study}/export", params(("study" = String, Path), How),
    responses((status = 200, content_type = "application/zip"), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn zip(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Query(how): Query<How>,
) -> Result<Response, ApiError> {
    caller.may(Action::ExportStudies)?;
    let study = Uid::parse(&study).map_err(|_| ApiError::Bad("not a UID"))?;
    let name = format!("attachment; filename=\"study-{study}.zip\"");
    let studies = vec![study];
    let wanted =
        Wanted { studies: studies.clone(), layout: layout(&how.form)?, plain: how.plain, purpose: how.purpose };
    let pieces = media::export(&door.media, &caller.0, wanted)?;
    reports_leave(&door, &caller, &studies).await?;
    let (parts, receiver) = mpsc::channel(PARTS_WAITING);
    door.tasks.spawn("export zip", zipped(pieces, parts));
    let body = Body::from_stream(ReceiverStream::new(receiver));
    let response = ([(header::CONTENT_TYPE, "application/zip"), (header::CONTENT_DISPOSITION, name.as_str())], body);
    Ok(response.into_response())
}

/// An export that breaks off breaks the answer off: half a zip does not open.
async fn zipped(mut pieces: mpsc::Receiver<Piece>, parts: mpsc::Sender<io::Result<Bytes>>) {
    let mut packing = Packing::new(Zip::new(Vec::new()));
    while let Some(piece) = pieces.recv().await {
        let taken = packing.take(&piece);
        let made = std::mem::take(&mut packing.pack.out);
        if !made.is_empty() && parts.send(Ok(made.into())).await.is_err() {
            return;
        }
        if let Err(error) = taken {
            _ = parts.send(Err(io::Error::other(error.to_string()))).await;
            return;
        }
    }
    if !packing.is_done() {
        _ = parts.send(Err(io::Error::other("the export was cut off"))).await;
    }
}

/// Which studies, and how.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Export {
    /// Study Instance UIDs of ours.
    studies: Vec<String>,
    /// `pdi` or `files`.
    form: String,
    #[serde(default)]
    plain: bool,
    /// Why they leave the house, for the log; without names.
    purpose: String,
}

/// Studies of ours as pieces: frames of a kind (`J`: JSON, `B`: bytes), a length in 32 bits little endian, and a body.
#[utoipa::path(post, path = "/api/export", request_body = Export,
    responses((status = 200, content_type = "application/x-confrere-export"), (status = 404, body = ErrorBody)))]
pub(super) async fn stream(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<Export>,
) -> Result<Response, ApiError> {
    caller.may(Action::ExportStudies)?;
    let studies: Result<Vec<Uid>, _> = asked.studies.iter().map(|study| Uid::parse(study)).collect();
    let studies = studies.map_err(|_| ApiError::Bad("not a UID"))?;
    let form = layout(&asked.form)?;
    let wanted = Wanted { studies: studies.clone(), layout: form, plain: asked.plain, purpose: asked.purpose };
    let pieces = media::export(&door.media, &caller.0, wanted)?;
    reports_leave(&door, &caller, &studies).await?;
    let frames = ReceiverStream::new(pieces).map(|piece| Ok::<_, Infallible>(media::frame(&piece)));
    let response = ([(header::CONTENT_TYPE, "application/x-confrere-export")], Body::from_stream(frames));
    Ok(response.into_response())
}
