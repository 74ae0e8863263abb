//! What rules offer to peers and fetch from them.
//!
//! # Not here
//! Writing the rules: [`super::rules`].

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json::rfc3339,
    rules::uid,
    signin::Caller,
};
use crate::{
    archive::{Cause, Ended, StudyRow},
    rules::{FetchView, OfferView, Waits, Waste},
    trust::Action,
};
use axum::{Json, extract::State, http::StatusCode};
use protocol::{SiteId, Timestamp, Uid};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A study that a rule offers to a peer, or fetches from one.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WithPeer {
    study: String,
    patient_name: Option<String>,
    /// `YYYYMMDD`.
    date: Option<String>,
    description: Option<String>,
    /// Key of the peer.
    site: String,
    site_name: String,
    /// Number of the rule that asked last.
    rule: u64,
    since: String,
    /// When it was dealt with last.
    at: String,
    /// `waiting`, `sending` or `failing`; then `done`, `refused`, `unknown` (the peer's version), `gone`, `rule-off`,
    /// `dropped`.
    state: &'static str,
    /// A code: why it is refused or fails, or what it waits for.
    reason: Option<String>,
    attempts: u32,
    /// When it is tried again; `null`: now, or not at all.
    again: Option<String>,
}

/// A study fetched by a rule, or on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fetching {
    #[serde(flatten)]
    of: WithPeer,
    /// `offered`, `announced` or `prior`.
    cause: &'static str,
    bytes: u64,
    /// Of it here now.
    kept_bytes: u64,
    /// When somebody opened it first.
    opened: Option<String>,
}

/// What fetching by rules came to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WasteJson {
    fetched: u64,
    fetched_bytes: u64,
    /// Of these nobody has opened so many.
    unopened: u64,
    unopened_bytes: u64,
    /// Of those unopened so many are here no more: they were for nothing.
    wasted: u64,
    wasted_bytes: u64,
}

/// What rules do with peers: what waits first, then the newest.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PeerRules {
    offers: Vec<WithPeer>,
    fetches: Vec<Fetching>,
    waste: WasteJson,
}

struct Of<'a> {
    study: &'a Uid,
    site: &'a SiteId,
    rule: u64,
    since: Timestamp,
    at: Timestamp,
    ended: Option<Ended>,
    waits: Option<Waits>,
}

impl WithPeer {
    fn of(door: &Door, held: Option<StudyRow>, of: Of<'_>) -> Self {
        let waits = of.waits.unwrap_or(Waits { state: "waiting", attempts: 0, error: None, again: None });
        let (state, reason) = match of.ended {
            None => (waits.state, waits.error),
            Some(Ended::Done) => ("done", None),
            Some(Ended::Refused(refusal)) => ("refused", Some(refusal.code().to_owned())),
            Some(Ended::Unknown) => ("unknown", None),
            Some(Ended::Gone) => ("gone", None),
            Some(Ended::RuleOff) => ("rule-off", None),
            Some(Ended::Dropped) => ("dropped", None),
        };
        let (patient_name, date, description) =
            held.map_or((None, None, None), |held| (held.patient.name, held.date, held.description));
        Self {
            study: of.study.to_string(),
            patient_name,
            date,
            description,
            site: of.site.to_string(),
            site_name: door.site_name(of.site),
            rule: of.rule,
            since: rfc3339(of.since),
            at: rfc3339(of.at),
            state,
            reason,
            attempts: waits.attempts,
            again: waits.again.filter(|_| of.ended.is_none()).map(rfc3339),
        }
    }
}

fn offer(door: &Door, OfferView { row, waits }: OfferView) -> Result<WithPeer, ApiError> {
    let held = door.archive.study(&row.study)?;
    let (study, site) = (&row.study, &row.to);
    let of = Of { study, site, rule: row.rule, since: row.since, at: row.at, ended: row.ended, waits };
    Ok(WithPeer::of(door, held, of))
}

fn fetching(door: &Door, FetchView { row, waits, kept_bytes }: FetchView) -> Fetching {
    // As far as the peer tells it now.
    let told = door.overlay.as_ref().map(|overlay| overlay.holders(&row.study)).unwrap_or_default();
    let told = told.iter().find(|told| told.holder == row.holder);
    let held = told.zip(door.studies().ok()).map(|(told, studies)| studies.row_of(told));
    let (study, site) = (&row.study, &row.holder);
    let of = Of { study, site, rule: row.rule, since: row.since, at: row.at, ended: row.ended, waits };
    let cause = match row.cause {
        Cause::Offered => "offered",
        Cause::Announced => "announced",
        Cause::Prior => "prior",
    };
    let of = WithPeer::of(door, held, of);
    Fetching { of, cause, bytes: row.bytes, kept_bytes, opened: row.used.map(rfc3339) }
}

#[utoipa::path(get, path = "/api/rules/peers",
    responses((status = 200, body = PeerRules), (status = 503, body = ErrorBody)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<PeerRules>, ApiError> {
    caller.may(Action::Administer)?;
    let work = door.rules()?.with_peers().await?;
    let offers = work.offers.into_iter().map(|view| offer(&door, view)).collect::<Result<_, _>>()?;
    let fetches = work.fetches.into_iter().map(|view| fetching(&door, view)).collect();
    let Waste { fetched, fetched_bytes, unopened, unopened_bytes, wasted, wasted_bytes } = work.waste;
    let waste = WasteJson { fetched, fetched_bytes, unopened, unopened_bytes, wasted, wasted_bytes };
    Ok(Json(PeerRules { offers, fetches, waste }))
}

/// One study, or all that waits for a peer or from it.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct RetryPeer {
    /// Key, short key or name of the peer.
    site: String,
    study: Option<String>,
}

#[utoipa::path(post, path = "/api/rules/peers/retry", request_body = RetryPeer,
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn retry(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<RetryPeer>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let study = asked.study.as_deref().map(uid).transpose()?;
    let peer = door.trust.find_peer(&asked.site).ok_or(ApiError::NotFound)?;
    door.rules()?.retry_with_peer(&peer.site, study.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is not to be offered or fetched after all.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct DropPeer {
    /// Key, short key or name of the peer.
    site: String,
    study: String,
}

#[utoipa::path(post, path = "/api/rules/peers/drop", request_body = DropPeer,
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn drop_one(
    State(door): State<Door>,
    caller: Caller,
    Json(asked): Json<DropPeer>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let (peer, study) = (door.trust.find_peer(&asked.site).ok_or(ApiError::NotFound)?, uid(&asked.study)?);
    door.rules()?.drop_with_peer(&peer.site, &study, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
