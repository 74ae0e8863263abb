//! Peers: invite, join, compare, list, revoke.

use super::{
    Door, PortalDoor,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::{Action, Peer},
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;

/// All peers with how they are reached, for the list and for status.
pub(super) fn rows(door: &PortalDoor) -> Vec<json::Peer> {
    let remote = door.overlay.as_ref().map(crate::overlay::Overlay::remote_studies).unwrap_or_default();
    let row = |peer: Peer| {
        let contact = door.overlay.as_ref().map(|o| o.contact(&peer.site));
        let of_peer = || remote.iter().filter(|r| r.holder == peer.site);
        let record = peer.record.open(&peer.site).ok();
        json::Peer {
            site: peer.site.to_string(),
            paired: json::rfc3339(peer.paired),
            revoked: peer.revoked.map(json::rfc3339),
            connected: contact.as_ref().is_some_and(|c| c.connected),
            last_contact: contact.as_ref().and_then(|c| c.last).map(json::rfc3339),
            road: contact.as_ref().and_then(|c| c.road).map(str::to_owned),
            clock_offset_ms: contact.as_ref().and_then(|c| c.clock_offset_ms),
            studies_told: of_peer().count(),
            addresses: record.map(|r| r.overlay).unwrap_or_default(),
            held_bytes: of_peer().map(|r| door.cache.kept(&peer.site, &r.card.study).bytes).sum(),
            name: peer.name,
        }
    };
    door.trust.peers().into_iter().map(row).collect()
}

#[utoipa::path(get, path = "/api/peers", operation_id = "list_peers", responses((status = 200, body = Vec<json::Peer>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<json::Peer>>, ApiError> {
    // Readers see the names of the sites in their list; keys and addresses are no secret among staff.
    caller.may(Action::ListStudies)?;
    std::future::ready(Ok(Json(rows(&door)))).await
}

#[utoipa::path(post, path = "/api/peers/invitations", responses((status = 200, body = json::Invitation)))]
pub(super) async fn invite(State(door): State<Door>, caller: Caller) -> Result<Json<json::Invitation>, ApiError> {
    caller.may(Action::Administer)?;
    let overlay = door.overlay()?;
    door.audit.record(Event::new(Act::PeerInvited, caller.0.actor())).await?;
    let invitation = overlay.invite().await?;
    Ok(Json(json::Invitation {
        id: invitation.id.to_string(),
        invitation: invitation.text,
        code: invitation.code,
        expires: json::rfc3339(invitation.expires),
    }))
}

/// What the other site's admin sent and said.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct Join {
    invitation: String,
    code: String,
}

#[utoipa::path(post, path = "/api/peers/join", request_body = Join,
    responses((status = 200, body = json::Pairing), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn join(
    State(door): State<Door>,
    caller: Caller,
    Json(given): Json<Join>,
) -> Result<Json<json::Pairing>, ApiError> {
    caller.may(Action::Administer)?;
    Ok(Json(door.overlay()?.join(&given.invitation, &given.code).await?.into()))
}

#[utoipa::path(get, path = "/api/pairings", responses((status = 200, body = Vec<json::Pairing>)))]
pub(super) async fn pairings(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<json::Pairing>>, ApiError> {
    caller.may(Action::Administer)?;
    let pairings = door.overlay()?.pairings();
    std::future::ready(Ok(Json(pairings.into_iter().map(Into::into).collect()))).await
}

/// Whether digits and name agree.
#[derive(Deserialize, utoipa::ToSchema)]
pub(super) struct Confirm {
    accept: bool,
    /// The peer that it is, which has lost its key: its name, key, or the beginning of the key.
    replaces: Option<String>,
}

#[utoipa::path(post, path = "/api/pairings/{id}/confirm", params(("id" = String, Path)), request_body = Confirm,
    responses((status = 200, body = json::Pairing), (status = 404, body = ErrorBody)))]
pub(super) async fn confirm(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Json(confirm): Json<Confirm>,
) -> Result<Json<json::Pairing>, ApiError> {
    caller.may(Action::Administer)?;
    let id = id.parse().map_err(|_| ApiError::Bad("not a pairing"))?;
    let find = |text: &str| door.trust.find_peer(text).map(|peer| peer.site).ok_or(ApiError::NotFound);
    let replaces = confirm.replaces.as_deref().map(find).transpose()?;
    Ok(Json(door.overlay()?.confirm(&id, confirm.accept, replaces).await?.into()))
}

/// Everything with that site is over: its permits, agreements, connections, and our copies of its studies.
#[utoipa::path(delete, path = "/api/peers/{site}", operation_id = "revoke_peer", params(("site" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn revoke(
    State(door): State<Door>,
    caller: Caller,
    Path(site): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let peer = door.trust.find_peer(&site).ok_or(ApiError::NotFound)?;
    let of_peer = door.trust.agreements().into_iter().filter(|a| a.peer == peer.site);
    let active: Vec<_> = of_peer.filter(|a| a.state.stands()).map(|a| a.agreement.id).collect();
    door.audit.record(Event::new(Act::PeerRevoked, caller.0.actor()).peer(peer.site)).await?;
    door.trust.revoke_peer(&peer.site).await?;
    if let Some(overlay) = &door.overlay {
        overlay.drop_peer(&peer.site).await;
    }
    for agreement in active {
        door.cache.end_agreement(&agreement)?;
    }
    Ok(StatusCode::NO_CONTENT)
}
