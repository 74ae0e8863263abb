//! What a person does with the own account: password, second factor, sessions, tokens. Only a person who signed in may;
//! a token makes no tokens.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    people_json::{AccountJson, Again, Code, Enrolment, OwnPassword, OwnToken, Recovery, SessionJson, TokenJson},
    signin::SignedIn,
};
use crate::{
    audit::{Act, Event},
    trust::Scope,
    users::NewToken,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, post},
};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/account", get(show))
        .route("/account/password", post(change_password))
        .route("/account/second-factor", post(begin_factor))
        .route("/account/second-factor/confirm", post(confirm_factor))
        .route("/account/sessions", get(sessions).delete(end_sessions))
        .route("/account/sessions/{id}", delete(end_session))
        .route("/account/tokens", get(tokens).post(add_token))
        .route("/account/tokens/{name}", delete(remove_token))
}

async fn note(door: &Door, who: &SignedIn, act: Act, note: impl Into<String>) -> Result<(), ApiError> {
    door.audit.record(Event::new(act, who.person.actor()).note(note)).await?;
    Ok(())
}

#[utoipa::path(get, path = "/api/account",
    responses((status = 200, body = AccountJson), (status = 401, body = ErrorBody)))]
pub(super) async fn show(State(door): State<Door>, who: SignedIn) -> Result<Json<AccountJson>, ApiError> {
    let account = door.users.account(&who.person.name).ok_or(ApiError::NotFound)?;
    let left = door.users.recovery_left(&who.person.name);
    std::future::ready(Ok(Json(AccountJson::of(account, left)))).await
}

/// Changes the own password; all own sessions end.
#[utoipa::path(post, path = "/api/account/password", request_body = OwnPassword,
    responses((status = 204), (status = 401, body = ErrorBody)))]
pub(super) async fn change_password(
    State(door): State<Door>,
    who: SignedIn,
    Json(new): Json<OwnPassword>,
) -> Result<StatusCode, ApiError> {
    note(&door, &who, Act::UserChanged, "own password").await?;
    door.users.change_password(&who.person.name, &new.from, &new.to, &who.session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins a second factor: what the app is told. It holds from its first right code on.
#[utoipa::path(post, path = "/api/account/second-factor", request_body = Again,
    responses((status = 200, body = Enrolment), (status = 401, body = ErrorBody)))]
pub(super) async fn begin_factor(
    State(door): State<Door>,
    who: SignedIn,
    Json(again): Json<Again>,
) -> Result<Json<Enrolment>, ApiError> {
    door.users.prove(&who.person.name, &again.password, again.code.as_deref(), &who.session).await?;
    let told = door.users.begin_factor(&who.person, &door.config.site.name);
    Ok(Json(Enrolment { secret: told.secret, link: told.link }))
}

/// The first code of the app. Gives the recovery codes.
#[utoipa::path(post, path = "/api/account/second-factor/confirm", request_body = Code,
    responses((status = 200, body = Recovery), (status = 401, body = ErrorBody)))]
pub(super) async fn confirm_factor(
    State(door): State<Door>,
    who: SignedIn,
    Json(given): Json<Code>,
) -> Result<Json<Recovery>, ApiError> {
    note(&door, &who, Act::UserChanged, "own second factor").await?;
    Ok(Json(Recovery { codes: door.users.confirm_factor(&who.person, &given.code).await? }))
}

#[utoipa::path(get, path = "/api/account/sessions", responses((status = 200, body = Vec<SessionJson>)))]
pub(super) async fn sessions(State(door): State<Door>, who: SignedIn) -> Json<Vec<SessionJson>> {
    let rows = door.users.sessions(&who.person.name);
    let told = rows.into_iter().map(|row| SessionJson::of(row, Some(&who.session))).collect();
    std::future::ready(Json(told)).await
}

/// Signs out everywhere, here too.
#[utoipa::path(delete, path = "/api/account/sessions", responses((status = 204)))]
pub(super) async fn end_sessions(State(door): State<Door>, who: SignedIn) -> Result<StatusCode, ApiError> {
    note(&door, &who, Act::SignOut, "everywhere").await?;
    door.users.end_sessions(&who.person.name);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of the own sessions.
#[utoipa::path(delete, path = "/api/account/sessions/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn end_session(
    State(door): State<Door>,
    who: SignedIn,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    note(&door, &who, Act::SignOut, format!("session {id}")).await?;
    if !door.users.end_session(&who.person.name, &id) {
        return Err(ApiError::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/api/account/tokens", responses((status = 200, body = Vec<TokenJson>)))]
pub(super) async fn tokens(State(door): State<Door>, who: SignedIn) -> Json<Vec<TokenJson>> {
    let own = door.users.tokens().into_iter().filter(|row| row.owner.as_ref() == Some(&who.person.name));
    std::future::ready(Json(own.map(TokenJson::from).collect())).await
}

/// Makes a token that speaks for oneself, for some of what one may and for a time.
#[utoipa::path(post, path = "/api/account/tokens", request_body = OwnToken,
    responses((status = 200, body = json::Token), (status = 409, body = ErrorBody)))]
pub(super) async fn add_token(
    State(door): State<Door>,
    who: SignedIn,
    Json(new): Json<OwnToken>,
) -> Result<Json<json::Token>, ApiError> {
    let scope = scope_of(new.actions.as_deref())?;
    note(&door, &who, Act::TokenChanged, format!("add own {} for {} days", new.name, new.days)).await?;
    let (name, days, role) = (new.name, new.days, who.person.role);
    let token = door.users.add_token(NewToken { name, role, scope, days, owner: Some(who.person.name) }).await?;
    Ok(Json(json::Token { token }))
}

/// The actions a token is to open, where they are actions.
pub(super) fn scope_of(words: Option<&[String]>) -> Result<Scope, ApiError> {
    words.map_or(Ok(Scope::ALL), |words| Scope::of_words(words).ok_or(ApiError::Bad("no such action")))
}

/// Takes one of the own tokens back.
#[utoipa::path(delete, path = "/api/account/tokens/{name}", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_token(
    State(door): State<Door>,
    who: SignedIn,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    note(&door, &who, Act::TokenChanged, format!("remove own {name}")).await?;
    door.users.remove_own_token(&who.person.name, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
