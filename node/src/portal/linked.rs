//! Which records are of one patient: what persons compared and decided, what the strict rule asserted, and what was opened by it.
//!
//! # Not here
//! What a decision does: `links`, and `studies` for what stands beside one another.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    history::IdentifierJson,
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    links::{LinkError, LinkRow, Pair, method_word, word},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::{
    identity::{Identifier, LinkState},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Rows of the list.
const LISTED_MAX: usize = 500;
const LINE_MAX: usize = 256;

/// Something that was opened by a link.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenedByLink {
    study: String,
    person: String,
    at: String,
}

/// A pair of records and what was decided of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PatientLink {
    link: String,
    ours: IdentifierJson,
    theirs: IdentifierJson,
    peer: String,
    peer_name: String,
    /// `candidate`, `confirmed`, `rejected` or `revoked`.
    state: &'static str,
    /// By what: `strict` (by itself: both sites hold one qualified national identity with equal traits), `person`, or `likeness`
    /// (nobody compared yet).
    method: &'static str,
    /// Who decided; empty: nobody yet, or the strict rule.
    person: String,
    at: String,
    /// What was opened by it, the last first.
    opened: Vec<OpenedByLink>,
}

impl PatientLink {
    fn of(door: &Door, row: LinkRow) -> Self {
        let LinkRow { link, opened } = row;
        let opened = opened.into_iter().rev().map(|one| OpenedByLink {
            study: one.study.to_string(),
            person: one.person,
            at: json::rfc3339(one.at),
        });
        Self {
            link: link.id.to_string(),
            ours: link.ours.into(),
            theirs: link.theirs.into(),
            peer: link.peer.to_string(),
            peer_name: door.site_name(&link.peer),
            state: word(link.state),
            method: method_word(link.method),
            person: link.person,
            at: json::rfc3339(link.at),
            opened: opened.collect(),
        }
    }
}

pub(super) fn outside(e: &LinkError) -> (StatusCode, &'static str) {
    match e {
        LinkError::NoLink => (StatusCode::NOT_FOUND, "not-found"),
        LinkError::State => (StatusCode::CONFLICT, "state"),
        LinkError::NoPair => (StatusCode::BAD_REQUEST, "malformed"),
        LinkError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "not-running"),
        LinkError::Audit(_) | LinkError::Journal(_) | LinkError::Record(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}

/// All links, the last that were changed first.
#[utoipa::path(get, path = "/api/patient-links", operation_id = "list_patient_links", responses((status = 200, body = Vec<PatientLink>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<PatientLink>>, ApiError> {
    caller.may(Action::ReadStudies)?;
    door.audit.record(Event::new(Act::StudiesQueried, caller.0.actor()).note("links of patients")).await?;
    let rows = door.links.all().into_iter().take(LISTED_MAX);
    Ok(Json(rows.map(|row| PatientLink::of(&door, row)).collect()))
}

/// One link, with what was opened by it.
#[utoipa::path(get, path = "/api/patient-links/{id}", operation_id = "patient_link", params(("id" = String, Path)),
    responses((status = 200, body = PatientLink), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PatientLink>, ApiError> {
    caller.may(Action::ReadStudies)?;
    let id: Id128 = id.parse().map_err(|_| ApiError::Bad("not a link"))?;
    let row = door.links.link(&id).ok_or(LinkError::NoLink)?;
    let event = Event::new(Act::StudiesQueried, caller.0.actor()).peer(row.link.peer).basis(id);
    door.audit.record(event.note("a link of patients")).await?;
    Ok(Json(PatientLink::of(&door, row)))
}

/// What a person who compared two records decides.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkDecision {
    ours: IdentifierJson,
    theirs: IdentifierJson,
    /// Key of the site that told of the second.
    peer: String,
    /// `confirm`: one patient; `reject`: two; `revoke`: it was confirmed, and is taken back.
    decision: String,
}

fn identifier(of: IdentifierJson) -> Result<Identifier, ApiError> {
    let line = |text: &str| text.chars().count() <= LINE_MAX && !text.chars().any(protocol::limits::is_hidden);
    let (issuer, id) = (of.issuer.trim().to_owned(), of.id.trim().to_owned());
    if issuer.is_empty() || id.is_empty() || !line(&issuer) || !line(&id) {
        return Err(ApiError::Bad("an identifier, and who issued it"));
    }
    Ok(Identifier { issuer, id })
}

/// Confirms, rejects or takes back that two records are of one patient. Taken back, reading contexts that rest on it end.
#[utoipa::path(post, path = "/api/patient-links", operation_id = "decide_patient_link", request_body = LinkDecision,
    responses((status = 200, body = PatientLink), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn decide(
    State(door): State<Door>,
    caller: Caller,
    Json(said): Json<LinkDecision>,
) -> Result<Json<PatientLink>, ApiError> {
    caller.may(Action::ReportCases)?;
    let state = match said.decision.as_str() {
        "confirm" => LinkState::Confirmed,
        "reject" => LinkState::Rejected,
        "revoke" => LinkState::Revoked,
        _ => return Err(ApiError::Bad("decision is confirm, reject or revoke")),
    };
    let peer = door.trust.find_peer(&said.peer).ok_or(ApiError::NotFound)?.site;
    let pair = Pair { ours: identifier(said.ours)?, theirs: identifier(said.theirs)?, peer };
    let link = door.links.decide(caller.0.actor(), pair, state).await?;
    if state != LinkState::Confirmed {
        door.studies()?.part(&link.id);
    }
    let row = door.links.link(&link.id).ok_or(LinkError::NoLink)?;
    Ok(Json(PatientLink::of(&door, row)))
}
