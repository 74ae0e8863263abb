//! What an administrator does with the accounts of others: sessions, second factor, disabling, identifier and
//! credentials; and the table of roles.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    people_json::{Disabled, Leaving, ProfessionalJson, RoleJson, SessionJson},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::{Action, Role},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, post},
};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/roles", get(roles))
        .route("/users/{name}/sessions", get(sessions).delete(end_sessions))
        .route("/users/{name}/sessions/{id}", delete(end_session))
        .route("/users/{name}/second-factor", delete(reset_factor))
        .route("/users/{name}/disabled", post(set_disabled))
        .route("/users/{name}/professional", post(set_professional))
}

async fn note(door: &Door, caller: &Caller, note: String) -> Result<(), ApiError> {
    door.audit.record(Event::new(Act::UserChanged, caller.0.actor()).note(note)).await?;
    Ok(())
}

/// What each role allows, of the table that is asked at every request.
#[utoipa::path(get, path = "/api/roles", responses((status = 200, body = Vec<RoleJson>)))]
pub(super) async fn roles(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<RoleJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let row =
        |role: Role| RoleJson { role, actions: role.actions(), needs_second_factor: door.users.needs_factor(role) };
    std::future::ready(Ok(Json(Role::ALL.into_iter().map(row).collect()))).await
}

/// A user's name as it is kept.
fn known(door: &Door, name: &str) -> Result<String, ApiError> {
    door.users.account(name).map(|account| account.person.name).ok_or(ApiError::NotFound)
}

#[utoipa::path(get, path = "/api/users/{name}/sessions", params(("name" = String, Path)),
    responses((status = 200, body = Vec<SessionJson>), (status = 404, body = ErrorBody)))]
pub(super) async fn sessions(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Vec<SessionJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let rows = door.users.sessions(&known(&door, &name)?);
    std::future::ready(Ok(Json(rows.into_iter().map(|row| SessionJson::of(row, None)).collect()))).await
}

/// Signs a user out everywhere.
#[utoipa::path(delete, path = "/api/users/{name}/sessions", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn end_sessions(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = known(&door, &name)?;
    note(&door, &caller, format!("sign out {name} everywhere")).await?;
    door.users.end_sessions(&name);
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of a user.
#[utoipa::path(delete, path = "/api/users/{name}/sessions/{id}", params(("name" = String, Path), ("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn end_session(
    State(door): State<Door>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = known(&door, &name)?;
    note(&door, &caller, format!("end session {id} of {name}")).await?;
    if !door.users.end_session(&name, &id) {
        return Err(ApiError::NotFound);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a user's second factor away: the phone is lost. Its sessions end.
#[utoipa::path(delete, path = "/api/users/{name}/second-factor", params(("name" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn reset_factor(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = known(&door, &name)?;
    note(&door, &caller, format!("take away the second factor of {name}")).await?;
    door.users.reset_factor(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Disables a leaver's account, or enables it again. Sessions and tokens end at once; the answer says which.
#[utoipa::path(post, path = "/api/users/{name}/disabled", params(("name" = String, Path)), request_body = Disabled,
    responses((status = 200, body = Leaving), (status = 404, body = ErrorBody)))]
pub(super) async fn set_disabled(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(asked): Json<Disabled>,
) -> Result<Json<Leaving>, ApiError> {
    caller.may(Action::Administer)?;
    let name = known(&door, &name)?;
    if name == caller.0.name {
        return Err(ApiError::Bad("nobody disables the own account"));
    }
    let leaving = leaves_behind(&door, &name);
    note(&door, &caller, if asked.disabled { format!("disable {name}") } else { format!("enable {name}") }).await?;
    door.users.set_disabled(&name, asked.disabled).await?;
    Ok(Json(leaving))
}

/// What somebody who leaves has here.
fn leaves_behind(door: &Door, name: &str) -> Leaving {
    let theirs = door.users.tokens().into_iter().filter(|token| token.owner.as_deref() == Some(name));
    let us = door.identity.site();
    let is_theirs = |whole: &std::sync::Arc<crate::cases::Whole>| {
        (whole.state.stage.is_open() || whole.state.owes()) && whole.is_claimed_by(&us, name)
    };
    let claimed = door.cases.all().into_iter().filter(is_theirs);
    Leaving {
        tokens: theirs.map(|token| token.person.name).collect(),
        sessions: door.users.sessions(name).len(),
        cases: claimed.map(|whole| whole.name().to_string()).collect(),
    }
}

/// Sets a user's professional identifier and credentials.
#[utoipa::path(post, path = "/api/users/{name}/professional", params(("name" = String, Path)),
    request_body = ProfessionalJson, responses((status = 204), (status = 400, body = ErrorBody)))]
pub(super) async fn set_professional(
    State(door): State<Door>,
    caller: Caller,
    Path(name): Path<String>,
    Json(told): Json<ProfessionalJson>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::Administer)?;
    let name = known(&door, &name)?;
    note(&door, &caller, format!("identifier and credentials of {name}")).await?;
    door.users.set_professional(&name, told.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
