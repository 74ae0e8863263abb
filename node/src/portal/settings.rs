//! Users, tokens and known DICOM application entities.

use super::{
    Door,
    account::scope_of,
    error::{ApiError, ErrorBody},
    fault::FaultJson,
    json,
    people_json::{TokenJson, UserJson},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    sources::{DimseAccess, RetrieveBy},
    trust::Action,
    users::{Account, KnownAe, NewToken, TOKEN_DAYS_MAX, generate_password},
    words::Fault,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::Serialize;
use std::time::Instant;
use utoipa::ToSchema;

#[utoipa::path(get, path = "/api/users", responses((status = 200, body = Vec<UserJson>)))]
pub(super) async fn users(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<UserJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let told = |account: Account| {
        let sessions = door.users.sessions(&account.person.name).len();
        UserJson::of(account, sessions)
    };
    std::future::ready(Ok(Json(door.users.accounts().into_iter().map(told).collect()))).await
}

#[utoipa::path(post, path = "/api/users", request_body = json::NewUser,
    responses((status = 200, body = json::AddedUser), (status = 409, body = ErrorBody)))]
pub(super) async fn add_user(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<json::NewUser>,
) -> Result<Json<json::AddedUser>, ApiError> {
    caller.may(Action::Administer)?;
    let generated = new.password.is_none().then(generate_password);
    let password = new.password.as_deref().or(generated.as_deref()).unwrap_or_default();
    let event = Event::new(Act::UserChanged, caller.0.actor()).note(format!("add {} as {}", new.name, new.role.word()));
    door.audit.record(event).await?;
    door.users.add_user(&new.name, new.role, password, new.must_change).await?;
    Ok(Json(json::AddedUser { name: new.name, role: new.role, password: generated }))
}

async fn note_user(door: &Door, caller: &Caller, note: String) -> Result<(), ApiError> {
    door.audit.record(Event::new(Act::UserChanged, caller.0.actor()).note(note)).await?;
    Ok(())
}

/// Removes a user; its sessions end at once.
#[utoipa::path(delete, path = "/api/users/{name}", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_user(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    note_user(&door, &caller, format!("remove {name}")).await?;
    door.users.remove_user(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a user another password; its sessions end at once.
#[utoipa::path(post, path = "/api/users/{name}/password", params(("name" = String, Path)),
    request_body = json::NewPassword, responses((status = 200, body = json::AddedUser), (status = 404, body = ErrorBody)))]
pub(super) async fn set_password(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<json::NewPassword>,
) -> Result<Json<json::AddedUser>, ApiError> {
    caller.may(Action::Administer)?;
    let user = door.users.account(&name).ok_or(ApiError::NotFound)?.person;
    let generated = new.password.is_none().then(generate_password);
    // Whoever is told a password by another chooses one nobody else knows.
    let must_change = new.must_change.unwrap_or_else(|| generated.is_some());
    note_user(&door, &caller, format!("new password for {name}")).await?;
    let password = new.password.as_deref().or(generated.as_deref()).unwrap_or_default();
    door.users.set_password(&name, password, must_change).await?;
    Ok(Json(json::AddedUser { name, role: user.role, password: generated }))
}

/// Gives a user another role; its sessions end at once.
#[utoipa::path(post, path = "/api/users/{name}/role", params(("name" = String, Path)),
    request_body = json::NewRole, responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn set_role(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(new): Json<json::NewRole>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    note_user(&door, &caller, format!("{name} becomes {}", new.role.word())).await?;
    door.users.set_role(&name, new.role).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/tokens", responses((status = 200, body = Vec<TokenJson>)))]
pub(super) async fn tokens(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<TokenJson>>, ApiError> {
    caller.may(Action::Administer)?;
    std::future::ready(Ok(Json(door.users.tokens().into_iter().map(TokenJson::from).collect()))).await
}

/// Takes a token back; it opens nothing from then on.
#[utoipa::path(delete, path = "/api/tokens/{name}", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_token(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    door.audit.record(Event::new(Act::TokenChanged, caller.0.actor()).note(format!("remove {name}"))).await?;
    door.users.remove_token(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/api/tokens", request_body = json::NewToken,
    responses((status = 200, body = json::Token), (status = 409, body = ErrorBody)))]
pub(super) async fn add_token(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<json::NewToken>,
) -> Result<Json<json::Token>, ApiError> {
    caller.may(Action::Administer)?;
    let scope = scope_of(new.actions.as_deref())?;
    let note = format!("add {} as {}", new.name, new.role.word());
    door.audit.record(Event::new(Act::TokenChanged, caller.0.actor()).note(note)).await?;
    let (name, role, days) = (new.name, new.role, new.days.unwrap_or(TOKEN_DAYS_MAX));
    Ok(Json(json::Token { token: door.users.add_token(NewToken { name, role, scope, days, owner: None }).await? }))
}

#[utoipa::path(get, path = "/api/aes", responses((status = 200, body = Vec<json::Ae>)))]
pub(super) async fn aes(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<json::Ae>>, ApiError> {
    caller.may(Action::Administer)?;
    let told = |ae: KnownAe| {
        let heard = door.users.ae_heard(&ae.title).map(json::rfc3339);
        json::Ae { heard, ..ae.into() }
    };
    std::future::ready(Ok(Json(door.users.aes().into_iter().map(told).collect()))).await
}

/// Makes a DICOM peer known, or replaces what is known of it.
#[utoipa::path(post, path = "/api/aes", request_body = json::Ae,
    responses((status = 200, body = json::Ae), (status = 400, body = ErrorBody)))]
pub(super) async fn add_ae(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<json::Ae>,
) -> Result<Json<json::Ae>, ApiError> {
    caller.may(Action::Administer)?;
    let ae = new.known().map_err(ApiError::Bad)?;
    if new.host.is_empty() || new.host.len() > 255 || new.port == 0 {
        return Err(ApiError::Bad("host and port"));
    }
    let secured = if ae.security.tls { ", by TLS only" } else { "" };
    let note = format!("set {}, {}{secured}", ae.title, ae.rights.words());
    door.audit.record(Event::new(Act::AeChanged, caller.0.actor()).note(note)).await?;
    door.users.add_ae(ae).await?;
    Ok(Json(new))
}

/// Forgets a DICOM peer; what it retrieves now ends.
#[utoipa::path(delete, path = "/api/aes/{title}", params(("title" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_ae(
    State(door): State<Door>,
    caller: Caller,
    Path(title): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let title = title.parse().map_err(|_| ApiError::Bad("not an AE title"))?;
    door.audit.record(Event::new(Act::AeChanged, caller.0.actor()).note(format!("remove {title}"))).await?;
    door.users.remove_ae(&title).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What came of a C-ECHO.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Echoed {
    /// How long it took to be answered; `null`: it was not.
    after_ms: Option<u64>,
    fault: Option<FaultJson>,
}

/// Asks a known DICOM peer whether it is there (C-ECHO).
#[utoipa::path(post, path = "/api/aes/{title}/echo", params(("title" = String, Path)),
    responses((status = 200, body = Echoed), (status = 404, body = ErrorBody)))]
pub(super) async fn echo_ae(
    State(door): State<Door>,
    caller: Caller,
    Path(title): Path<String>,
) -> Result<Json<Echoed>, ApiError> {
    caller.may(Action::Administer)?;
    let title = title.parse().map_err(|_| ApiError::Bad("not an AE title"))?;
    let KnownAe { title, host, port, security, .. } = door.users.ae(&title).ok_or(ApiError::NotFound)?;
    let to =
        DimseAccess { title, host, port, by: RetrieveBy::Get, tls: security.tls, certificate: security.certificate };
    let begun = Instant::now();
    if let Err(error) = door.sources.echo(&to).await {
        return Ok(Json(Echoed { after_ms: None, fault: Some(Fault::from(&error).into()) }));
    }
    door.users.hear_ae(&to.title);
    Ok(Json(Echoed { after_ms: u64::try_from(begun.elapsed().as_millis()).ok(), fault: None }))
}
