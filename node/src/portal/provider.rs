//! Sign-in by the identity provider of the settings: to it, back from it, and the code that may be owed then.
//!
//! What a browser brings from the provider is a request from elsewhere: its cookie is `Lax`, holds the sealed beginning
//! and nothing else, and is of one use. The session's own cookie stays `Strict`. What goes wrong on the way back is told by
//! a word in the address of the sign-in page, which has a sentence for each.
//!
//! # Not here
//! Whether it is true: `users::oidc`. Whose account it is: `users`.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    people_json::{Code, Link},
    signin::{Caller, arrival, begun, cookie_named, must_be_ours, secure},
};
use crate::{
    audit::{Act, Actor, Event, Outcome},
    trust::Action,
    users::{Arrival, HALF_WAY, OIDC_WITHIN, Oidc, OidcError, Origin, Proof, Returned, SignedIn, UsersError},
};
use axum::{
    Extension, Json, Router,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use protocol::Refusal;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, time::Duration};
use utoipa::ToSchema;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/session/provider", post(begin))
        .route("/session/provider/callback", get(callback))
        .route("/session/provider/code", post(code))
        .route("/users/{name}/origin", post(link).delete(unlink))
}

fn provider(door: &Door) -> Result<&Oidc, ApiError> {
    door.oidc.as_ref().ok_or(ApiError::NotFound)
}

/// The page to come back to.
#[derive(Deserialize, ToSchema)]
#[schema(as = ToProvider)]
pub(super) struct Page {
    /// A path of this portal.
    page: String,
}

/// Where the browser goes.
#[derive(Serialize, ToSchema)]
#[schema(as = AtProvider)]
pub(super) struct Place {
    url: String,
}

/// Begins a sign-in at the identity provider: where the browser is to go.
#[utoipa::path(post, path = "/api/session/provider", request_body = Page,
    responses((status = 200, body = Place), (status = 404, body = ErrorBody), (status = 502, body = ErrorBody)))]
pub(super) async fn begin(
    State(door): State<Door>,
    headers: HeaderMap,
    Json(asked): Json<Page>,
) -> Result<Response, ApiError> {
    must_be_ours(&headers)?;
    let begun = provider(&door)?.begin(&asked.page).await?;
    let mut response = Json(Place { url: begun.url }).into_response();
    response.headers_mut().append(header::SET_COOKIE, cookie(&door, Kind::Begun, &begun.sealed, OIDC_WITHIN)?);
    Ok(response)
}

/// What the provider sends the browser back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Deserialize, utoipa::IntoParams)]
pub(super) struct Answer {
    #[serde(default)]
    state: String,
    code: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

/// Where the provider sends browsers back to. Leads on to a page of the portal.
#[utoipa::path(get, path = "/api/session/provider/callback", params(Answer),
    responses((status = 303, description = "on to the page, or to the sign-in page with the word of what is wrong"), (status = 404, body = ErrorBody)))]
pub(super) async fn callback(
    State(door): State<Door>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Query(answer): Query<Answer>,
) -> Result<Response, ApiError> {
    let oidc = provider(&door)?;
    let sealed = cookie_named(&headers, &Kind::Begun.name(&door));
    let (state, issuer) = (answer.state.as_str(), answer.iss.as_deref());
    let returned = Returned { state, code: answer.code.as_deref(), error: answer.error.as_deref(), issuer, sealed };
    let arrival = arrival(peer, &headers, None);
    let mut response = match oidc.finish(returned).await {
        Ok((proof, page)) => come_in(&door, proof, arrival, &page).await?,
        Err(error) => {
            note_untrue(&door, oidc, error).await?;
            to_sign_in(&ApiError::from(error))
        }
    };
    // Of one use, whatever came of it.
    response.headers_mut().append(header::SET_COOKIE, cookie(&door, Kind::Begun, "", Duration::ZERO)?);
    Ok(response)
}

/// With a session, or with what is still owed.
async fn come_in(door: &Door, proof: Proof, arrival: Arrival<'_>, page: &str) -> Result<Response, ApiError> {
    match door.users.sign_in_by_provider(&proof, arrival).await {
        Ok(came) => {
            note_sign_in(door, &proof, &came, false).await?;
            let (session, device) = begun(door, &came)?;
            let mut response = to(page);
            response.headers_mut().append(header::SET_COOKIE, session);
            response.headers_mut().append(header::SET_COOKIE, device);
            Ok(response)
        }
        Err(UsersError::SecondFactor) => {
            let secret = door.users.wait_for_code(proof);
            let mut response = to_sign_in(&ApiError::Users(UsersError::SecondFactor));
            response.headers_mut().append(header::SET_COOKIE, cookie(door, Kind::HalfWay, &secret, HALF_WAY)?);
            Ok(response)
        }
        Err(error) => {
            note_refused(door, &proof, &error).await?;
            Ok(to_sign_in(&ApiError::Users(error)))
        }
    }
}

/// The code that somebody owes who came by the provider.
#[utoipa::path(post, path = "/api/session/provider/code", request_body = Code,
    responses((status = 200, body = json::Session), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn code(
    State(door): State<Door>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Json(given): Json<Code>,
) -> Result<Response, ApiError> {
    must_be_ours(&headers)?;
    let _ = provider(&door)?;
    let secret = cookie_named(&headers, &Kind::HalfWay.name(&door)).unwrap_or_default();
    let proof = door.users.waiting(secret).ok_or(OidcError::State)?;
    let arrival = arrival(peer, &headers, Some(&given.code));
    match door.users.sign_in_by_provider(&proof, arrival).await {
        Ok(came) => {
            door.users.waits_no_more(secret);
            note_sign_in(&door, &proof, &came, true).await?;
            let (session, device) = begun(&door, &came)?;
            let mut response = Json(super::signin::session_of(&door, &came.person, Some(&came.secret))).into_response();
            let gone = cookie(&door, Kind::HalfWay, "", Duration::ZERO)?;
            for one in [session, device, gone] {
                response.headers_mut().append(header::SET_COOKIE, one);
            }
            Ok(response)
        }
        Err(error) => {
            note_refused(&door, &proof, &error).await?;
            Err(error.into())
        }
    }
}

/// Says who a user is at the identity provider: from then on they come in by it.
#[utoipa::path(post, path = "/api/users/{name}/origin", params(("name" = String, Path)), request_body = Link,
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn link(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(asked): Json<Link>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = door.users.account(&name).ok_or(ApiError::NotFound)?.person.name;
    let issuer = provider(&door)?.issuer().to_owned();
    let by = if asked.role_by_mapping { "role by mapping" } else { "role fixed" };
    let note = format!("{name} is {} at {issuer}, {by}", told(&asked.subject));
    door.audit.record(Event::new(Act::UserChanged, caller.0.actor()).note(note)).await?;
    let origin = Origin { issuer, subject: asked.subject, role_is_fixed: !asked.role_by_mapping };
    door.users.link(&name, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// From then on the identity provider opens the account no more; its sessions and tokens end.
#[utoipa::path(delete, path = "/api/users/{name}/origin", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn unlink(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = door.users.account(&name).ok_or(ApiError::NotFound)?.person.name;
    let note = format!("{name} comes no more by an identity provider");
    door.audit.record(Event::new(Act::UserChanged, caller.0.actor()).note(note)).await?;
    door.users.unlink(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A text of others, for the log.
fn told(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(255).collect()
}

async fn note_sign_in(door: &Door, proof: &Proof, came: &SignedIn, by_code: bool) -> Result<(), ApiError> {
    let account = door.users.account(&came.person.name);
    let rpps = account.and_then(|account| account.professional.rpps);
    let factor = match (proof.two_factors, by_code) {
        (true, _) => ", by two factors there",
        (false, true) => ", and by a code",
        (false, false) => "",
    };
    let number = rpps.map(|rpps| format!(", RPPS {rpps}")).unwrap_or_default();
    let note = format!("by {}{factor}{number}", proof.issuer);
    door.audit.record(Event::new(Act::SignIn, came.person.actor()).note(note)).await?;
    Ok(())
}

/// Whom the provider vouches for and who does not come in: an administrator finds the subject here.
async fn note_refused(door: &Door, proof: &Proof, error: &UsersError) -> Result<(), ApiError> {
    let subject = told(&proof.subject);
    let why = match error {
        UsersError::NoRole => format!("no role for {subject}"),
        UsersError::Disabled => format!("disabled account of {subject}"),
        UsersError::WrongCode => format!("wrong code of {subject}"),
        UsersError::OtherNumber => format!("another RPPS number than the account's, of {subject}"),
        _ => return Ok(()),
    };
    let name = door.users.name_of_origin(&proof.issuer, &proof.subject);
    let account = name.and_then(|name| door.users.account(&name));
    let actor = account.map(|account| account.person.actor()).unwrap_or_default();
    let note = format!("by {}: {why}", proof.issuer);
    let event = Event::new(Act::SignIn, actor).outcome(Outcome::Refused(Refusal::NotPermitted)).note(note);
    door.audit.record(event).await?;
    Ok(())
}

/// What came from the provider itself, and is not what it should be. What a browser alone brings names nobody, and is not
/// written.
async fn note_untrue(door: &Door, oidc: &Oidc, error: OidcError) -> Result<(), ApiError> {
    let act = match error {
        OidcError::Untrue(_) | OidcError::MixUp => Act::SecurityAlert,
        OidcError::Weak => Act::SignIn,
        _ => return Ok(()),
    };
    let event = Event::new(act, Actor::default()).outcome(Outcome::Refused(Refusal::NotPermitted));
    door.audit.record(event.note(format!("by {}: {error}", oidc.issuer()))).await?;
    Ok(())
}

fn to(page: &str) -> Response {
    let place = HeaderValue::from_str(page).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

/// The sign-in page, which has a sentence for the word.
fn to_sign_in(error: &ApiError) -> Response {
    to(&format!("/?sign-in={}", error.word()))
}

/// What a cookie is for.
#[derive(Clone, Copy)]
enum Kind {
    Begun,
    HalfWay,
}

impl Kind {
    fn name(self, door: &Door) -> String {
        let word = match self {
            Self::Begun => "provider",
            Self::HalfWay => "half-way",
        };
        format!("confrere-{word}-{}", door.identity.site().short())
    }

    /// A browser on its way back from the provider sends `Lax` cookies only.
    const fn same_site(self) -> &'static str {
        match self {
            Self::Begun => "Lax",
            Self::HalfWay => "Strict",
        }
    }
}

fn cookie(door: &Door, kind: Kind, value: &str, kept: Duration) -> Result<HeaderValue, ApiError> {
    let (name, same_site, age) = (kind.name(door), kind.same_site(), kept.as_secs());
    let flags = format!("HttpOnly; SameSite={same_site}; Path=/api/session/provider; Max-Age={age}{}", secure(door));
    HeaderValue::from_str(&format!("{name}={value}; {flags}")).map_err(|_| ApiError::Bad("cookie"))
}
