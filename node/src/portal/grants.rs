//! Grants of single studies to peers: which live, and taking one back.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::{SiteId, catalog::Basis, ids::Id128};
use serde::Serialize;

/// A live grant of ours.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct GrantJson {
    grant: String,
    study: String,
    peer: String,
    peer_name: String,
    expires: String,
}

#[utoipa::path(get, path = "/api/grants", operation_id = "list_grants", responses((status = 200, body = Vec<GrantJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<GrantJson>>, ApiError> {
    caller.may(Action::ShareStudies)?;
    let mut rows = Vec::new();
    for peer in door.trust.peers() {
        for (study, basis) in door.trust.granted(&peer.site) {
            let Basis::Grant { id, expires, .. } = basis else { continue };
            rows.push(GrantJson {
                grant: id.to_string(),
                study: study.to_string(),
                peer: peer.site.to_string(),
                peer_name: peer.name.clone(),
                expires: json::rfc3339(expires),
            });
        }
    }
    std::future::ready(Ok(Json(rows))).await
}

fn subject(door: &Door, grant: &Id128) -> Option<SiteId> {
    let named = |basis: &Basis| matches!(basis, Basis::Grant { id, .. } if id == grant);
    let peers = door.trust.peers().into_iter().map(|p| p.site);
    peers.into_iter().find(|site| door.trust.granted(site).iter().any(|(_, basis)| named(basis)))
}

/// The peer's running transfers under it stop, and its copies are erased when it hears of it.
#[utoipa::path(delete, path = "/api/grants/{id}", operation_id = "revoke_grant", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn revoke(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ShareStudies)?;
    let id: Id128 = id.parse().map_err(|_| ApiError::Bad("not a grant"))?;
    let peer = subject(&door, &id).ok_or(ApiError::NotFound)?;
    let event = Event::new(Act::StudyShared, caller.0.actor()).peer(peer).basis(id).note("taken back");
    door.audit.record(event).await?;
    door.trust.revoke_grant(&id, &door.identity.site()).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_grant_revoked(&peer, &id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
