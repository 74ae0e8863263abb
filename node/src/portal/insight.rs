//! What a peer sees of ours, and why it may or may not have a study: for the admin, from the very code that decides.

use super::{
    Door,
    agreements_json::{level_of, purpose_of},
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    overlay::SeenStudy,
    tasks,
    trust::{self, Action, By, Ground, Held, Peer},
};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use protocol::{
    SiteId, Timestamp, Uid,
    agreement::{Level, StudyFacts, Withheld},
    catalog::Basis,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Studies told at once.
const SEEN_MAX: usize = 500;

/// A study as a peer sees it: what the agreement does not name is not there.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeenJson {
    study: String,
    patient: json::Patient,
    date: Option<String>,
    modalities: Vec<String>,
    body_parts: Vec<String>,
    description: Option<String>,
    accession: Option<String>,
    referrer: Option<String>,
    series: u32,
    instances: u32,
    /// `agreement` or `grant`.
    basis: &'static str,
    basis_id: String,
    /// Why it may not open the images now (`outside-hours`, …); `null`: it may.
    closed: Option<&'static str>,
}

/// What a peer sees of ours now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeesJson {
    peer_name: String,
    total: usize,
    studies: Vec<SeenJson>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Part {
    #[serde(default)]
    offset: usize,
    limit: Option<usize>,
}

fn seen(door: &Door, peer: &Peer, told: SeenStudy) -> SeenJson {
    let caller = trust::Caller::Peer(&peer.site);
    let opens = door.trust.explain(&caller, &told.facts, &Held::Here, Level::Pixels, tasks::now());
    let card = told.card;
    SeenJson {
        study: card.study.to_string(),
        patient: json::Patient {
            name: card.patient.name,
            birth_date: card.patient.birth_date,
            sex: card.patient.sex,
            id: card.patient.id,
            issuer: card.patient.issuer,
        },
        date: card.date,
        modalities: card.modalities,
        body_parts: card.body_parts,
        description: card.description,
        accession: card.accession,
        referrer: card.referrer,
        series: card.series,
        instances: card.instances,
        basis: match told.basis {
            Basis::Agreement(_) => "agreement",
            Basis::Grant { .. } => "grant",
        },
        basis_id: told.basis.id().to_string(),
        closed: opens.verdict.err().map(protocol::Refusal::code),
    }
}

fn peer_of(door: &Door, site: &str) -> Result<Peer, ApiError> {
    // A revoked one is found by its key: that it sees nothing is an answer too.
    let revoked =
        || site.parse::<SiteId>().ok().and_then(|site| door.trust.peers().into_iter().find(|p| p.site == site));
    door.trust.find_peer(site).or_else(revoked).ok_or(ApiError::NotFound)
}

#[utoipa::path(get, path = "/api/peers/{site}/sees", operation_id = "peer_sees",
    params(("site" = String, Path), ("offset" = Option<usize>, Query), ("limit" = Option<usize>, Query)),
    responses((status = 200, body = SeesJson), (status = 404, body = ErrorBody)))]
pub(super) async fn sees(
    State(door): State<Door>,
    caller: Caller,
    Path(site): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<SeesJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peer = peer_of(&door, &site)?;
    let limit = part.limit.unwrap_or(SEEN_MAX).min(SEEN_MAX);
    let found = door.overlay()?.seen_by(peer.site, part.offset, limit).await?;
    let studies = found.studies.into_iter().map(|told| seen(&door, &peer, told)).collect();
    Ok(Json(SeesJson { peer_name: peer.name, total: found.total, studies }))
}

/// One link of a decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepJson {
    /// `sites`, `agreement` or `grant`.
    ground: &'static str,
    ground_id: Option<String>,
    /// Of the agreement.
    version: Option<u32>,
    /// Stable word: `paired`, `not-ended`, `modalities`, `hours`, …
    link: &'static str,
    holds: bool,
    fr: String,
    en: String,
}

/// A decision with each link that was looked at; in every ground the first that does not hold is the last.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExplanationJson {
    peer_name: String,
    study: String,
    /// The study is theirs and we would read it; otherwise ours, and they would.
    theirs: bool,
    at: String,
    allowed: bool,
    /// Why not.
    refusal: Option<&'static str>,
    until: Option<String>,
    steps: Vec<StepJson>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    study: String,
    at: Option<String>,
    level: Option<String>,
    /// As somebody of the reader's site.
    person: Option<String>,
    purpose: Option<String>,
}

pub(super) fn moment(text: Option<&str>) -> Result<Timestamp, ApiError> {
    let Some(text) = text else { return Ok(tasks::now()) };
    let at = text.parse::<jiff::Timestamp>().ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    at.map(Timestamp).ok_or(ApiError::Bad("the time is not RFC 3339, for example 2026-01-05T20:00:00Z"))
}

fn level(text: Option<&str>) -> Result<Level, ApiError> {
    text.map_or(Ok(Level::Pixels), level_of)
}

fn step(step: trust::ExplainedStep) -> StepJson {
    let (ground, ground_id) = match step.step.ground {
        Ground::Sites => ("sites", None),
        Ground::Agreement(id) => ("agreement", Some(id.to_string())),
        Ground::Grant(id) => ("grant", Some(id.to_string())),
    };
    StepJson {
        ground,
        ground_id,
        version: step.version,
        link: step.step.link.word(),
        holds: step.step.holds,
        fr: step.french,
        en: step.english,
    }
}

/// By what a study is judged: ours, or one that the peer told us of.
fn found(door: &Door, peer: &Peer, study: &Uid) -> Result<(StudyFacts, Option<Basis>), ApiError> {
    if let Some(row) = door.archive.study(study)? {
        return Ok((door.archive.facts(&row)?, None));
    }
    let told = door.overlay()?.holders(study).into_iter().find(|told| told.holder == peer.site);
    let told = told.ok_or(ApiError::NotFound)?;
    Ok((door.studies()?.row_of(&told).facts(Withheld::NOTHING), Some(told.basis)))
}

#[utoipa::path(get, path = "/api/peers/{site}/explain", operation_id = "explain_peer",
    params(("site" = String, Path), ("study" = String, Query), ("at" = Option<String>, Query), ("level" = Option<String>, Query),
    ("person" = Option<String>, Query), ("purpose" = Option<String>, Query)),
    responses((status = 200, body = ExplanationJson), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn explain(
    State(door): State<Door>,
    caller: Caller,
    Path(site): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<ExplanationJson>, ApiError> {
    caller.may(Action::Administer)?;
    let peer = peer_of(&door, &site)?;
    let study: Uid = asked.study.trim().parse().map_err(|_| ApiError::Bad("not a Study Instance UID"))?;
    let (at, level) = (moment(asked.at.as_deref())?, level(asked.level.as_deref())?);
    let purpose = asked.purpose.as_deref().map(purpose_of).transpose()?;
    let (facts, told) = found(&door, &peer, &study)?;
    let explained = match &told {
        None => {
            let by = By { person: asked.person, purpose, copy: None };
            door.trust.explain(&trust::Caller::As(&peer.site, by), &facts, &Held::Here, level, at)
        }
        Some(basis) => {
            let held = Held::ByPeer(&peer.site, basis);
            let mut person = caller.0.clone();
            person.name = asked.person.unwrap_or(person.name);
            let caller = purpose.map_or(trust::Caller::Person(&person), |purpose| trust::Caller::For(&person, purpose));
            door.trust.explain(&caller, &facts, &held, level, at)
        }
    };
    let answer = ExplanationJson {
        peer_name: peer.name,
        study: study.to_string(),
        theirs: told.is_some(),
        at: json::rfc3339(at),
        allowed: explained.verdict.is_ok(),
        refusal: explained.verdict.err().map(protocol::Refusal::code),
        until: explained.verdict.ok().and_then(|(_, until)| until).map(json::rfc3339),
        steps: explained.steps.into_iter().map(step).collect(),
    };
    std::future::ready(Ok(Json(answer))).await
}
