//! Agreements: what is shared with whom, in clauses for programs and in sentences for people; drafting them, signing,
//! suspending and ending.

use super::{
    Door,
    agreements_json::{
        AgreementJson, CloseWithin, Offer, PreviewJson, UnderJson, newest, parse_id, preview as previewed, row,
        under as shown, us,
    },
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    tasks,
    trust::{Action, AgreementRow, AgreementState, TrustError, Wrong, draft},
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::{SiteId, agreement::Agreement, ids::Id128};

#[utoipa::path(get, path = "/api/agreements", operation_id = "list_agreements", responses((status = 200, body = Vec<AgreementJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<AgreementJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let rows = door.trust.agreements();
    let rows = rows.iter().map(|r| row(&door, &rows, r)).collect();
    std::future::ready(Ok(Json(rows))).await
}

/// All that is wrong with the terms, or the text.
fn drafted(door: &Door, offer: Offer) -> Result<(SiteId, Result<Agreement, Vec<Wrong>>), ApiError> {
    let peer = door.trust.find_peer(&offer.site).ok_or(ApiError::NotFound)?;
    let (preset, terms) = offer.terms()?;
    let wrong = terms.wrong(preset, tasks::now());
    if !wrong.is_empty() {
        return Ok((peer.site, Err(wrong)));
    }
    Ok((peer.site, draft(us(door), &peer, preset, &terms).map_err(|wrong| vec![wrong])))
}

#[utoipa::path(post, path = "/api/agreements/preview", operation_id = "preview_agreement", request_body = Offer,
    responses((status = 200, body = PreviewJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn preview(
    State(door): State<Door>,
    caller: Caller,
    Json(offer): Json<Offer>,
) -> Result<Json<PreviewJson>, ApiError> {
    caller.may(Action::Administer)?;
    let (_, drafted) = drafted(&door, offer)?;
    std::future::ready(Ok(Json(previewed(&door, drafted)))).await
}

#[utoipa::path(post, path = "/api/agreements", request_body = Offer,
    responses((status = 200, body = AgreementJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn offer(
    State(door): State<Door>,
    caller: Caller,
    Json(offer): Json<Offer>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let (peer, drafted) = drafted(&door, offer)?;
    let agreement = match drafted {
        Ok(agreement) => agreement,
        Err(wrong) => return Err(wrong.first().map_or(ApiError::NotFound, |wrong| ApiError::Terms(*wrong))),
    };
    let id = agreement.id;
    let event = Event::new(Act::AgreementOffered, caller.0.actor()).peer(peer).basis(id);
    door.audit.record(event).await?;
    let signed = door.trust.offer(agreement).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_agreement(&peer, signed).await?;
    }
    newest(&door, &id).map(Json)
}

/// An agreement in one of these states.
fn row_of(door: &Door, id: &Id128, fits: impl Fn(AgreementState) -> bool) -> Result<AgreementRow, ApiError> {
    let is_it = |r: &AgreementRow| r.agreement.id == *id && fits(r.state);
    door.trust.agreements().into_iter().find(is_it).ok_or(ApiError::NotFound)
}

fn peer_of(door: &Door, id: &Id128, fits: impl Fn(AgreementState) -> bool) -> Result<SiteId, ApiError> {
    row_of(door, id, fits).map(|row| row.peer)
}

#[utoipa::path(post, path = "/api/agreements/{id}/accept", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn accept(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let peer = peer_of(&door, &id, |state| state == AgreementState::Received)?;
    door.audit.record(Event::new(Act::AgreementAccepted, caller.0.actor()).peer(peer).basis(id)).await?;
    let signed = door.trust.accept(&id).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_agreement(&peer, signed).await?;
    }
    newest(&door, &id).map(Json)
}

async fn suspended(door: &Door, caller: &Caller, id: &str, suspended: bool) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(id)?;
    let row = row_of(door, &id, AgreementState::stands)?;
    let (peer, us) = (row.peer, door.identity.site());
    // Nothing is written of what will not be done.
    if row.standing.suspended.iter().any(|(site, _)| *site == us) == suspended {
        return Err(TrustError::State.into());
    }
    let act = if suspended { Act::AgreementSuspended } else { Act::AgreementResumed };
    door.audit.record(Event::new(act, caller.0.actor()).peer(peer).basis(id)).await?;
    let said = door.trust.suspend(&id, suspended).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_suspension(&peer, said).await?;
    }
    newest(door, &id).map(Json)
}

/// Nothing is told or opened under it until we resume it; copies stay, closed.
#[utoipa::path(post, path = "/api/agreements/{id}/suspend", operation_id = "suspend_agreement", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn suspend(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    suspended(&door, &caller, &id, true).await
}

/// Takes our own suspension back.
#[utoipa::path(post, path = "/api/agreements/{id}/resume", operation_id = "resume_agreement", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn resume(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    suspended(&door, &caller, &id, false).await
}

/// What its end would cut.
#[utoipa::path(get, path = "/api/agreements/{id}/under", operation_id = "under_agreement", params(("id" = String, Path)),
    responses((status = 200, body = UnderJson), (status = 404, body = ErrorBody)))]
pub(super) async fn under(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<UnderJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    let _: SiteId = peer_of(&door, &id, |_| true)?;
    std::future::ready(Ok(Json(shown(&door, door.trust.under(&id))))).await
}

/// Ends it when what is being read has been read; at once where nothing is.
#[utoipa::path(post, path = "/api/agreements/{id}/close", operation_id = "close_agreement", params(("id" = String, Path)),
    request_body = CloseWithin,
    responses((status = 200, body = AgreementJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn close(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Json(within): Json<CloseWithin>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    let id = parse_id(&id)?;
    if !(1..=protocol::agreement::CLOSING_HOURS_MAX).contains(&within.hours) {
        return Err(ApiError::Bad("an agreement ends within 1 to 168 hours"));
    }
    let row = row_of(&door, &id, AgreementState::stands)?;
    if door.trust.under(&id).is_empty() {
        return end_now(&door, &caller, &id).await;
    }
    if row.standing.closing.is_some() {
        return Err(TrustError::State.into());
    }
    let peer = row.peer;
    door.audit.record(Event::new(Act::AgreementClosing, caller.0.actor()).peer(peer).basis(id)).await?;
    let said = door.trust.close(&id, within.hours).await?;
    if let Some(overlay) = &door.overlay {
        overlay.send_closing(&peer, said).await?;
    }
    newest(&door, &id).map(Json)
}

async fn end_now(door: &Door, caller: &Caller, id: &Id128) -> Result<Json<AgreementJson>, ApiError> {
    let peer = peer_of(door, id, |state| state != AgreementState::Ended)?;
    door.audit.record(Event::new(Act::AgreementEnded, caller.0.actor()).peer(peer).basis(*id)).await?;
    door.trust.end(id, &door.identity.site()).await?;
    door.cache.end_agreement(id)?;
    if let Some(overlay) = &door.overlay {
        overlay.send_ending(&peer, id).await?;
    }
    newest(door, id).map(Json)
}

#[utoipa::path(post, path = "/api/agreements/{id}/end", params(("id" = String, Path)),
    responses((status = 200, body = AgreementJson), (status = 404, body = ErrorBody)))]
pub(super) async fn end(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<AgreementJson>, ApiError> {
    caller.may(Action::Administer)?;
    end_now(&door, &caller, &parse_id(&id)?).await
}
