//! Who is calling: session cookie, bearer token or control socket; and what the role allows.
//!
//! The cookie's name carries the site id: cookies ignore ports, and two sites on one host must not sign each other out.
//! A request that changes something under a cookie must come from a page of ours (Origin or Sec-Fetch-Site).

use super::{Door, Local, error::ApiError, json, people_json::must_word, witness::Witness};
use crate::{
    audit::{Act, Actor, Event, Origin, Outcome},
    trust::{Action, Person},
    users::{self, Arrival, DEVICE_KEPT, SignIn, Users, UsersError},
};
use axum::{
    Extension, Json,
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use protocol::Refusal;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// The session's secret as presented, for signing out.
#[derive(Clone)]
pub(super) struct Presented(String);

impl Presented {
    /// What the session is called.
    pub(super) fn id(&self) -> String {
        Users::session_id(&self.0)
    }
}

/// The layer before every API and DICOMweb route: finds the person and leaves it in the request, or leaves nothing.
pub(super) async fn identify(
    State((door, witness)): State<(Door, Arc<Witness>)>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.extensions().get::<Local>().is_none() {
        let found = viewer(&door, &request).or_else(|| bearer(&door, request.headers()));
        let found = found.or_else(|| cookie(&door, request.headers()));
        if let Some((person, presented)) = found {
            let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
            let from = from.map(|ConnectInfo(address)| Origin::new(address.ip(), ""));
            let person = Person { from, ..person };
            let is_page = presented.is_some();
            if is_page
                && let Some(must) = door.users.must(&person, presented.as_ref().map(|presented| presented.0.as_str()))
                && !is_open_to_all(request.uri().path())
            {
                return ApiError::Must(must).into_response();
            }
            request.extensions_mut().insert(person);
            if is_page && changes(request.method()) && !is_same_origin(request.headers()) {
                return witness.refuse(&door, request, ApiError::Origin).await;
            }
            if let Some(presented) = presented {
                request.extensions_mut().insert(presented);
            }
        }
    }
    witness.watch(&door, request, next).await
}

/// What somebody reaches who must do something first.
fn is_open_to_all(path: &str) -> bool {
    ["/api/site", "/api/session", "/api/account", "/api/account/password"].contains(&path)
        || path.strip_prefix("/api/account/second-factor").is_some_and(|rest| rest.is_empty() || rest == "/confirm")
}

fn bearer(door: &Door, headers: &HeaderMap) -> Option<(Person, Option<Presented>)> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    Some((door.users.bearer(token.trim())?, None))
}

/// A viewer's token reads the one context that it is for; anywhere else it opens nothing.
fn viewer(door: &Door, request: &Request) -> Option<(Person, Option<Presented>)> {
    let token = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let (person, context) = door.users.viewing(token.trim())?;
    let root = format!("/dicomweb/contexts/{context}");
    let is_within =
        request.uri().path().strip_prefix(&root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (is_within && !changes(request.method())).then_some((person, None))
}

fn cookie(door: &Door, headers: &HeaderMap) -> Option<(Person, Option<Presented>)> {
    let secret = cookie_named(headers, &cookie_name(door))?.to_owned();
    Some((door.users.session(&secret)?, Some(Presented(secret))))
}

pub(super) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The cookie of a known device: sent with sign-ins only.
fn device_name(door: &Door) -> String {
    format!("confrere-device-{}", door.identity.site().short())
}

fn cookie_name(door: &Door) -> String {
    format!("confrere-{}", door.identity.site().short())
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that the request comes from a page of this very origin.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|v: &HeaderValue| v.to_str().ok());
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return site == "same-origin";
    }
    // HTTP/2 has no Host header of its own; browsers that speak it send Sec-Fetch-Site.
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        _ => false,
    }
}

/// A caller whose identity was checked; [`Caller::may`] asks the role table.
pub(super) struct Caller(pub(super) Person);

impl Caller {
    pub(super) fn may(&self, action: Action) -> Result<(), ApiError> {
        if self.0.allows(action) { Ok(()) } else { Err(ApiError::Refused(Refusal::Role)) }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        std::future::ready(parts.extensions.get::<Person>().cloned().map(Self).ok_or(ApiError::NotSignedIn)).await
    }
}

/// A person who signed in with a browser: neither a token nor the control socket.
pub(super) struct SignedIn {
    pub(super) person: Person,
    /// What the session is called.
    pub(super) session: String,
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(person) = Caller::from_request_parts(parts, state).await?;
        let session = parts.extensions.get::<Presented>().ok_or(ApiError::NotSignedIn)?.id();
        Ok(Self { person, session })
    }
}

/// Only over the control socket.
pub(super) struct LocalCaller(pub(super) Person);

impl<S: Send + Sync> FromRequestParts<S> for LocalCaller {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Caller(person) = Caller::from_request_parts(parts, state).await?;
        parts.extensions.get::<Local>().ok_or(ApiError::LocalOnly)?;
        Ok(Self(person))
    }
}

/// Name and password.
#[derive(serde::Deserialize, utoipa::ToSchema)]
pub(super) struct Credentials {
    name: String,
    password: String,
    /// Of the second factor, where there is one: of the app, or a recovery code.
    code: Option<String>,
}

#[utoipa::path(post, path = "/api/session", request_body = Credentials,
    responses((status = 200, body = json::Session), (status = 401, body = super::error::ErrorBody), (status = 429, body = super::error::ErrorBody)))]
pub(super) async fn sign_in(
    State(door): State<Door>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    Json(given): Json<Credentials>,
) -> Result<Response, ApiError> {
    must_be_ours(&headers)?;
    // The name as typed may be a password typed into the wrong field: only a name that signed in is written down.
    let device = cookie_named(&headers, &device_name(&door));
    let Arrival { code, from, agent } = arrival(peer, &headers, given.code.as_deref());
    let (name, password) = (given.name.as_str(), given.password.as_str());
    match door.users.sign_in(SignIn { name, password, code, device, from, agent }).await {
        Ok(came) => {
            let person = &came.person;
            let actor = person.actor().from(Some(Origin::new(from, "")));
            door.audit.record(Event::new(Act::SignIn, actor).note(how(&door, person))).await?;
            let (session, device) = begun(&door, &came)?;
            let mut response = Json(session_of(&door, person, Some(&came.secret))).into_response();
            response.headers_mut().append(header::SET_COOKIE, session);
            response.headers_mut().append(header::SET_COOKIE, device);
            Ok(response)
        }
        Err(e) => {
            refused(&door, (name, from), &e).await?;
            Err(e.into())
        }
    }
}

/// A page of another origin must not sign its visitor in as somebody else; a program sends neither header.
pub(super) fn must_be_ours(headers: &HeaderMap) -> Result<(), ApiError> {
    let from_browser = headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site");
    if from_browser && !is_same_origin(headers) { Err(ApiError::Origin) } else { Ok(()) }
}

/// Where a sign-in comes from.
pub(super) fn arrival<'a>(
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: &'a HeaderMap,
    code: Option<&'a str>,
) -> Arrival<'a> {
    let from = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Extension(ConnectInfo(address))| address.ip());
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Arrival { code, from, agent }
}

/// The cookies of a session and a device.
pub(super) fn begun(door: &Door, came: &users::SignedIn) -> Result<(HeaderValue, HeaderValue), ApiError> {
    Ok((set_cookie(door, &came.secret, "")?, set_device(door, &came.device)?))
}

/// What the evidence says beside the name.
fn how(door: &Door, person: &Person) -> String {
    let account = door.users.account(&person.name);
    let rpps = account.as_ref().and_then(|account| account.professional.rpps.as_deref());
    let by = if account.as_ref().is_some_and(|account| account.has_factor) { "by two factors" } else { "by password" };
    rpps.map_or_else(|| by.to_owned(), |rpps| format!("{by}, RPPS {rpps}"))
}

async fn refused(door: &Door, (name, from): (&str, IpAddr), error: &UsersError) -> Result<(), ApiError> {
    // Past the password the name is a person's.
    let known = || door.users.account(name).map(|account| account.person.actor()).unwrap_or_default();
    let (actor, note) = match error {
        UsersError::Wrong => (Actor::default(), ""),
        UsersError::WrongCode => (known(), "wrong code of the second factor"),
        UsersError::Disabled => (known(), "disabled account"),
        _ => return Ok(()),
    };
    let actor = actor.from(Some(Origin::new(from, "")));
    let event = Event::new(Act::SignIn, actor).outcome(Outcome::Refused(Refusal::NotPermitted)).note(note);
    door.audit.record(event).await?;
    Ok(())
}

pub(super) fn session_of(door: &Door, person: &Person, secret: Option<&str>) -> json::Session {
    json::Session { must: door.users.must(person, secret).map(must_word), ..json::Session::of(person) }
}

/// Cookies go by TLS only where there is TLS.
pub(super) fn secure(door: &Door) -> &'static str {
    if door.config.portal.tls_cert.is_some() { "; Secure" } else { "" }
}

fn set_device(door: &Door, device: &str) -> Result<HeaderValue, ApiError> {
    let secure = secure(door);
    let (name, age) = (device_name(door), DEVICE_KEPT.as_secs());
    let text = format!("{name}={device}; HttpOnly; SameSite=Strict; Path=/api/session; Max-Age={age}{secure}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::Bad("cookie"))
}

fn set_cookie(door: &Door, secret: &str, extra: &str) -> Result<HeaderValue, ApiError> {
    let (name, secure) = (cookie_name(door), secure(door));
    let text = format!("{name}={secret}; HttpOnly; SameSite=Strict; Path=/{secure}{extra}");
    HeaderValue::from_str(&text).map_err(|_| ApiError::Bad("cookie"))
}

#[utoipa::path(get, path = "/api/session",
    responses((status = 200, body = json::Session), (status = 401, body = super::error::ErrorBody)))]
pub(super) async fn session(
    State(door): State<Door>,
    Caller(person): Caller,
    presented: Option<Extension<Presented>>,
) -> Json<json::Session> {
    let told = match &presented {
        Some(Extension(presented)) => session_of(&door, &person, Some(&presented.0)),
        None => json::Session::of(&person),
    };
    std::future::ready(Json(told)).await
}

/// Signs out. Who came by an identity provider is told where to sign out there.
#[utoipa::path(delete, path = "/api/session", responses((status = 204), (status = 200, body = json::Leave)))]
pub(super) async fn sign_out(
    State(door): State<Door>,
    Caller(person): Caller,
    presented: Option<Extension<Presented>>,
) -> Result<Response, ApiError> {
    let mut leave = None;
    if let Some(Extension(Presented(secret))) = presented {
        leave = door.users.sign_out(&secret);
        door.audit.record(Event::new(Act::SignOut, person.actor())).await?;
    }
    let gone = [(header::SET_COOKIE, set_cookie(&door, "", "; Max-Age=0")?)];
    Ok(match leave {
        Some(url) => (gone, Json(json::Leave { url })).into_response(),
        None => (StatusCode::NO_CONTENT, gone).into_response(),
    })
}
