//! Breaking the glass, and the reviews that fall due at both sites.

use super::{
    Door, Local,
    error::{ApiError, ErrorBody},
    json,
    signin::{Caller, Presented},
};
use crate::{
    audit::{Act, Event, Outcome},
    studies::Emergency,
    trust::{Action, GlassReview, GlassUse, Person, ReviewVerdict},
};
use axum::{
    Extension, Json,
    extract::{Path, Query, State},
};
use protocol::{
    Refusal,
    glass::{Reason, Whom},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What proves the caller of the command line, in place of a session.
const AT_THE_MACHINE: &str = "command line";

/// A person breaks the glass: for whom, why, and once more who they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Break {
    /// Key, short key or name of the site that holds the studies.
    site: String,
    /// Who issued the identifier: an OID (`1.2.250.1.213.1.4.8` is the French national identity), or the site's name.
    issuer: Option<String>,
    patient_id: Option<String>,
    /// Without identifier: `FAMILY^Given`, with birth date and sex.
    name: Option<String>,
    /// `YYYYMMDD`.
    birth_date: Option<String>,
    /// `F`, `M` or `O`.
    sex: Option<String>,
    /// `danger-to-life`, `cannot-consent`, `urgent-transfer`, `urgent-opinion` or `other`.
    reason: String,
    /// At least ten characters; without names.
    text: String,
    password: String,
    /// Of the second factor, where there is one.
    code: Option<String>,
    /// Through the command line: whose account it is.
    person: Option<String>,
}

/// The glass is broken: what every view of these studies says.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Broken {
    request: String,
    site_name: String,
    reason: &'static str,
    text: String,
    person: String,
    at: String,
    ends: String,
    studies: Vec<String>,
}

impl Broken {
    pub(super) fn of(door: &Door, used: &GlassUse) -> Self {
        Self {
            request: used.request.id.to_string(),
            site_name: door.site_name(&used.request.holder),
            reason: used.request.reason.word(),
            text: used.request.text.clone(),
            person: used.request.person.clone(),
            at: json::rfc3339(used.at),
            ends: json::rfc3339(used.ends),
            studies: used.studies.iter().map(ToString::to_string).collect(),
        }
    }
}

fn whom(asked: &Break) -> Result<Whom, ApiError> {
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let by_id = (given(&asked.issuer), given(&asked.patient_id));
    let by_traits = (given(&asked.name), given(&asked.birth_date), given(&asked.sex));
    let whom = match (by_id, by_traits) {
        ((Some(issuer), Some(id)), (None, None, None)) => Whom::Identifier { issuer, id },
        ((None, None), (Some(name), Some(birth_date), Some(sex))) => Whom::Traits { name, birth_date, sex },
        _ => return Err(ApiError::Bad("an identifier with its issuer, or name, birth date and sex")),
    };
    if whom.is_sound() { Ok(whom) } else { Err(ApiError::Bad("birth date is YYYYMMDD, sex is F, M or O")) }
}

/// Who it is, proved once more: a session alone is not enough, and a token never is.
async fn proved(
    door: &Door,
    caller: &Caller,
    session: Option<&Presented>,
    is_local: bool,
    asked: &Break,
) -> Result<Person, ApiError> {
    let named = || asked.person.as_deref().and_then(|name| door.users.person(name));
    let (person, place) = match session {
        Some(session) => (caller.0.clone(), session.id()),
        None if is_local => (named().ok_or(ApiError::Bad("whose account it is"))?, AT_THE_MACHINE.to_owned()),
        None => return Err(ApiError::NotSignedIn),
    };
    if !person.allows(Action::BreakGlass) {
        return Err(Refusal::Role.into());
    }
    if let Err(why) = door.users.prove(&person.name, &asked.password, asked.code.as_deref(), &place).await {
        let event = Event::new(Act::GlassBroken, person.actor()).outcome(Outcome::Refused(Refusal::NotPermitted));
        door.audit.record(event.note("identity was not confirmed")).await?;
        return Err(why.into());
    }
    Ok(person)
}

/// Opens one patient's studies at another site in an emergency; both sites write it down and review it.
#[utoipa::path(post, path = "/api/emergencies", operation_id = "break_glass", request_body = Break,
    responses((status = 200, body = Broken), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(super) async fn break_glass(
    State(door): State<Door>,
    caller: Caller,
    presented: Option<Extension<Presented>>,
    local: Option<Extension<Local>>,
    Json(asked): Json<Break>,
) -> Result<Json<Broken>, ApiError> {
    // Whoever may not is told so before anything is looked at.
    if local.is_none() {
        caller.may(Action::BreakGlass)?;
    }
    let session = presented.as_ref().map(|Extension(presented)| presented);
    let person = proved(&door, &caller, session, local.is_some(), &asked).await?;
    let patient = whom(&asked)?;
    let reason = Reason::parse(&asked.reason).ok_or(ApiError::Bad("no such reason"))?;
    if asked.text.trim().chars().count() < protocol::glass::TEXT_MIN {
        return Err(ApiError::Bad("the reason has at least ten characters"));
    }
    let holder = door.trust.find_peer(&asked.site).ok_or(ApiError::NotFound)?.site;
    let rpps = door.users.account(&person.name).and_then(|account| account.professional.rpps).unwrap_or_default();
    let emergency = Emergency { holder, reason, text: asked.text, patient, rpps };
    let used = door.studies()?.break_glass(&person, emergency).await?;
    Ok(Json(Broken::of(&door, &used)))
}

/// One use of broken glass, to be reviewed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Review {
    request: String,
    /// A person of ours opened studies of theirs; otherwise a person of theirs opened ours.
    ours: bool,
    peer: String,
    peer_name: String,
    person: String,
    role: String,
    /// The person's number in the national register; empty: none.
    rpps: String,
    reason: &'static str,
    text: String,
    studies: Vec<String>,
    at: String,
    ends: String,
    due: String,
    overdue: bool,
    /// `justified`, `not-justified` or `follow-up`; `null`: nobody has looked at it.
    verdict: Option<&'static str>,
    note: Option<String>,
    reviewer: Option<String>,
    reviewed_at: Option<String>,
}

impl Review {
    fn of(door: &Door, used: &GlassUse) -> Self {
        let us = door.identity.site();
        let (peer, review) = (used.peer(&us), used.review.as_ref());
        Self {
            request: used.request.id.to_string(),
            ours: used.reader == us,
            peer: peer.to_string(),
            peer_name: door.site_name(&peer),
            person: used.request.person.clone(),
            role: used.request.role.clone(),
            rpps: used.request.rpps.clone(),
            reason: used.request.reason.word(),
            text: used.request.text.clone(),
            studies: used.studies.iter().map(ToString::to_string).collect(),
            at: json::rfc3339(used.at),
            ends: json::rfc3339(used.ends),
            due: json::rfc3339(used.due),
            overdue: review.is_none() && used.due <= crate::tasks::now(),
            verdict: review.map(|review| review.verdict.word()),
            note: review.map(|review| review.note.clone()),
            reviewer: review.map(|review| review.person.clone()),
            reviewed_at: review.map(|review| json::rfc3339(review.at)),
        }
    }
}

/// Which reviews.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    /// Those made too.
    #[serde(default)]
    all: bool,
}

#[utoipa::path(get, path = "/api/reviews", operation_id = "list_reviews", params(("all" = Option<bool>, Query)),
    responses((status = 200, body = Vec<Review>)))]
pub(super) async fn reviews(
    State(door): State<Door>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Json<Vec<Review>>, ApiError> {
    caller.may(Action::ReadLog)?;
    door.audit.record(Event::new(Act::LogRead, caller.0.actor()).note("reviews of broken glass")).await?;
    let uses = door.trust.glasses();
    Ok(Json(uses.iter().filter(|used| which.all || used.is_open()).map(|used| Review::of(&door, used)).collect()))
}

/// What somebody says of it who looked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reviewed {
    /// `justified`, `not-justified` or `follow-up`.
    verdict: String,
    /// Without names of patients.
    #[serde(default)]
    note: String,
}

#[utoipa::path(post, path = "/api/reviews/{id}", operation_id = "review", params(("id" = String, Path)),
    request_body = Reviewed, responses((status = 200, body = Review), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn review(
    State(door): State<Door>,
    caller: Caller,
    Path(id): Path<String>,
    Json(said): Json<Reviewed>,
) -> Result<Json<Review>, ApiError> {
    caller.may(Action::ReadLog)?;
    let request: Id128 = id.parse().map_err(|_| ApiError::Bad("not a request"))?;
    let used = door.trust.glass(&request).ok_or(ApiError::NotFound)?;
    let verdict = ReviewVerdict::parse(&said.verdict);
    let verdict = verdict.ok_or(ApiError::Bad("verdict is justified, not-justified or follow-up"))?;
    if used.request.person == caller.0.name && used.reader == door.identity.site() {
        return Err(Refusal::NotPermitted.into());
    }
    let peer = used.peer(&door.identity.site());
    let event = Event::new(Act::GlassReviewed, caller.0.actor()).peer(peer).basis(request).note(verdict.word());
    door.audit.record(event).await?;
    let (person, at) = (caller.0.name.clone(), crate::tasks::now());
    door.trust.review_glass(GlassReview { request, verdict, note: said.note, person, at }).await?;
    let used = door.trust.glass(&request).ok_or(ApiError::NotFound)?;
    Ok(Json(Review::of(&door, &used)))
}
