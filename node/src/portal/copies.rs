//! Who holds copies of our studies: by study, and by site.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    signin::Caller,
};
use crate::{
    overlay::{CopyState, CopyThere},
    trust::{Action, Peer},
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use protocol::{SiteId, Uid, copies::CopyErased};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Copies told at once.
const COPIES_MAX: usize = 1000;

/// The reader's signed receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CopyReceipt {
    at: String,
    /// Instances that were whole there.
    instances: u64,
    /// Bytes on disk there, sealed.
    bytes: u64,
    /// `agreement-ended`, `grant-ended`, `withdrawn`, `outdated`, `lease-over`, `room`, `parted` or `unknown`.
    why: &'static str,
}

impl From<&CopyErased> for CopyReceipt {
    fn from(erased: &CopyErased) -> Self {
        let CopyErased { instances, bytes, why, at, .. } = erased;
        Self { at: rfc3339(*at), instances: *instances, bytes: *bytes, why: why.word() }
    }
}

/// A copy of a study of ours at another site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CopyJson {
    peer: String,
    peer_name: String,
    study: String,
    copy: String,
    /// `held`; `ending`: it should be gone since a moment; `overdue`: and its site does not say that it is; `unconfirmed`:
    /// the sites parted before it said so; `erased`: with its receipt.
    state: &'static str,
    since: String,
    /// Until when it may stay, as far as is known here.
    until: String,
    /// Version of the study that was served last.
    version: u64,
    /// What it holds at most: all that was let out.
    instances: u64,
    bytes: u64,
    /// Agreements and grants.
    bases: Vec<String>,
    erased: Option<CopyReceipt>,
}

/// Copies of a study, or at a site: what is overdue first, what is erased last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CopiesJson {
    /// Copies that may still be there.
    held: usize,
    /// Of these, such as should be gone.
    overdue: usize,
    /// At most a thousand.
    copies: Vec<CopyJson>,
}

fn shown(door: &Door, there: &[CopyThere]) -> CopiesJson {
    let row = |there: &CopyThere| {
        let CopyThere { row, state } = there;
        CopyJson {
            peer: row.peer.to_string(),
            peer_name: door.site_name(&row.peer),
            study: row.study.to_string(),
            copy: row.copy.to_string(),
            state: state.word(),
            since: rfc3339(row.since),
            until: rfc3339(row.until),
            version: row.version,
            instances: row.instances,
            bytes: row.bytes,
            bases: row.bases.iter().map(ToString::to_string).collect(),
            erased: row.erased.as_ref().map(Into::into),
        }
    };
    CopiesJson {
        held: there.iter().filter(|there| there.state != CopyState::Erased).count(),
        overdue: there.iter().filter(|there| there.state == CopyState::Overdue).count(),
        copies: there.iter().take(COPIES_MAX).map(row).collect(),
    }
}

/// One that was revoked is found too: it may still hold copies.
fn peer_of(door: &Door, text: &str) -> Result<Peer, ApiError> {
    let was_peer = || {
        let (site, name) = (text.parse::<SiteId>().ok(), text.trim().to_lowercase());
        door.trust.peers().into_iter().find(|peer| site == Some(peer.site) || peer.name.to_lowercase() == name)
    };
    door.trust.find_peer(text).or_else(was_peer).ok_or(ApiError::NotFound)
}

/// Who holds copies of a study of ours.
#[utoipa::path(get, path = "/api/studies/{study}/holders", operation_id = "study_holders",
    params(("study" = String, Path)),
    responses((status = 200, body = CopiesJson), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<CopiesJson>, ApiError> {
    caller.may(Action::ReadLog)?;
    let study = Uid::parse(&study).map_err(|_| ApiError::Bad("not a Study Instance UID"))?;
    let there = door.overlay()?.copies_of(&study).await;
    Ok(Json(shown(&door, &there)))
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    /// Those that are erased too.
    #[serde(default)]
    all: bool,
}

/// Copies of our studies at a site.
#[utoipa::path(get, path = "/api/peers/{site}/copies", operation_id = "peer_copies",
    params(("site" = String, Path), ("all" = Option<bool>, Query)),
    responses((status = 200, body = CopiesJson), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn at_peer(
    State(door): State<Door>,
    caller: Caller,
    Path(site): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<CopiesJson>, ApiError> {
    caller.may(Action::ReadLog)?;
    let peer = peer_of(&door, &site)?;
    let there = door.overlay()?.copies_at(&peer.site, which.all).await;
    Ok(Json(shown(&door, &there)))
}
