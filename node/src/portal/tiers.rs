//! The cold tier: how it is, what moves, and moves asked for by hand.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    fault::FaultJson,
};
use crate::{
    archive::{ColdStatus, Tier},
    trust::Action,
    words::Fault,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::Uid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::signin::Caller;

/// Studies in one answer at most.
const STUDIES_MAX: usize = 200;

/// How the cold tier is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tiers {
    configured: bool,
    reachable: bool,
    /// `folder` or `store` (an object store, S3); `null`: none is configured.
    kind: Option<&'static str>,
    /// The folder; the store's address, bucket and prefix.
    place: Option<String>,
    /// Why it is not there: `silent`, `unmarked`, `other-site`, `credentials`, `bucket`, `region`, `clock`, `versions`.
    away: Option<&'static str>,
    free_bytes: Option<u64>,
    /// Bytes a second that reading it gave, the median of the last readings; `null`: none since the start.
    pace: Option<u64>,
    /// Studies there.
    studies: u64,
    bytes: u64,
    /// The first of them.
    rows: Vec<ColdStudy>,
    moves: Vec<Moving>,
}

/// A study in the cold tier.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ColdStudy {
    study: String,
    patient_name: Option<String>,
    date: Option<String>,
    description: Option<String>,
    bytes: u64,
    /// Seconds that recalling it may take; `null`: not measured yet.
    recall_s: Option<u64>,
}

/// A study that moves, waits for it, or could not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Moving {
    study: String,
    /// `cold` or `hot`.
    to: &'static str,
    done: u32,
    /// 0: it waits.
    objects: u32,
    /// Why it ended; `null`: it has not.
    error: Option<FaultJson>,
}

/// Where a study is to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Wanted {
    /// `cold` or `hot`.
    tier: String,
}

/// Where a study is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyTier {
    /// `hot`, `cold` or `unreachable` (cold, and not there now).
    tier: &'static str,
    /// Seconds that recalling it may take; `null`: not measured yet, or hot.
    recall_s: Option<u64>,
    moving: Option<Moving>,
}

fn moving(one: &crate::archive::Move) -> Moving {
    Moving {
        study: one.study.to_string(),
        to: if one.is_to_cold { "cold" } else { "hot" },
        done: one.done,
        objects: one.objects,
        error: one.error.map(|code| Fault::from(code).into()),
    }
}

#[utoipa::path(get, path = "/api/tiers", responses((status = 200, body = Tiers)))]
pub(super) async fn show(State(door): State<Door>, caller: Caller) -> Result<Json<Tiers>, ApiError> {
    caller.may(Action::Administer)?;
    let ColdStatus { place, away, free_bytes, pace, studies, moves } = door.archive.cold_status()?;
    let (mut rows, mut bytes) = (Vec::new(), 0u64);
    for study in &studies {
        let Some(row) = door.archive.study(study)? else { continue };
        bytes = bytes.saturating_add(row.bytes);
        if rows.len() < STUDIES_MAX {
            rows.push(ColdStudy {
                study: row.study.to_string(),
                patient_name: row.patient.name,
                date: row.date,
                description: row.description,
                bytes: row.bytes,
                recall_s: door.archive.recall_s(row.bytes),
            });
        }
    }
    let tiers = Tiers {
        configured: place.is_some(),
        reachable: away.is_none(),
        kind: place.as_ref().map(|place| if place.is_store { "store" } else { "folder" }),
        away: away.filter(|_| place.is_some()).map(crate::archive::Away::word),
        place: place.map(|place| place.name),
        free_bytes,
        pace,
        studies: u64::try_from(studies.len()).unwrap_or(u64::MAX),
        bytes,
        rows,
        moves: moves.iter().map(moving).collect(),
    };
    std::future::ready(Ok(Json(tiers))).await
}

fn uid(text: &str) -> Result<Uid, ApiError> {
    Uid::parse(text).map_err(|_| ApiError::Bad("not a UID"))
}

#[utoipa::path(get, path = "/api/studies/{study}/tier", params(("study" = String, Path)),
    responses((status = 200, body = StudyTier), (status = 404, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<StudyTier>, ApiError> {
    caller.may(Action::ListStudies)?;
    let study = uid(&study)?;
    let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    let status = door.archive.cold_status()?;
    let tier = match door.archive.tier(&study)? {
        Tier::Hot => "hot",
        Tier::Cold => "cold",
        Tier::Unreachable => "unreachable",
    };
    let recall_s = if tier == "hot" { None } else { door.archive.recall_s(row.bytes) };
    let moving = status.moves.iter().find(|one| one.study == study).map(moving);
    std::future::ready(Ok(Json(StudyTier { tier, recall_s, moving }))).await
}

#[utoipa::path(post, path = "/api/studies/{study}/tier", params(("study" = String, Path)), request_body = Wanted,
    responses((status = 202), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn move_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(wanted): Json<Wanted>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let is_to_cold = match wanted.tier.as_str() {
        "cold" => true,
        "hot" => false,
        _ => return Err(ApiError::Bad("a tier is \"hot\" or \"cold\"")),
    };
    door.archive.move_study(&uid(&study)?, is_to_cold)?;
    std::future::ready(Ok(StatusCode::ACCEPTED)).await
}
