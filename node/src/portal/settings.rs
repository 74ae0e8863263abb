//! Users, tokens and known DICOM application entities.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    trust::Action,
    users::{KnownAe, generate_password},
};
use axum::{Json, extract::State};

#[utoipa::path(get, path = "/api/users", responses((status = 200, body = Vec<json::PersonJson>)))]
pub(super) async fn users(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<json::PersonJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let users = door.users.users().into_iter().map(|p| json::PersonJson { name: p.name, role: p.role }).collect();
    std::future::ready(Ok(Json(users))).await
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
    door.users.add_user(&new.name, new.role, password).await?;
    Ok(Json(json::AddedUser { name: new.name, role: new.role, password: generated }))
}

#[utoipa::path(post, path = "/api/tokens", request_body = json::NewToken,
    responses((status = 200, body = json::Token), (status = 409, body = ErrorBody)))]
pub(super) async fn add_token(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<json::NewToken>,
) -> Result<Json<json::Token>, ApiError> {
    caller.may(Action::Administer)?;
    let note = format!("add {} as {}", new.name, new.role.word());
    door.audit.record(Event::new(Act::TokenChanged, caller.0.actor()).note(note)).await?;
    Ok(Json(json::Token { token: door.users.add_token(&new.name, new.role).await? }))
}

#[utoipa::path(get, path = "/api/aes", responses((status = 200, body = Vec<json::Ae>)))]
pub(super) async fn aes(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<json::Ae>>, ApiError> {
    caller.may(Action::Administer)?;
    let row = |ae: KnownAe| json::Ae { title: ae.title.to_string(), host: ae.host, port: ae.port };
    std::future::ready(Ok(Json(door.users.aes().into_iter().map(row).collect()))).await
}

#[utoipa::path(post, path = "/api/aes", request_body = json::Ae,
    responses((status = 200, body = json::Ae), (status = 400, body = ErrorBody)))]
pub(super) async fn add_ae(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<json::Ae>,
) -> Result<Json<json::Ae>, ApiError> {
    caller.may(Action::Administer)?;
    let title = new.title.parse().map_err(|_| ApiError::Bad("AE titles have 1 to 16 printable characters"))?;
    if new.host.is_empty() || new.host.len() > 255 || new.port == 0 {
        return Err(ApiError::Bad("host and port"));
    }
    door.audit.record(Event::new(Act::AeChanged, caller.0.actor()).note(format!("add {title}"))).await?;
    door.users.add_ae(KnownAe { title, host: new.host.clone(), port: new.port }).await?;
    Ok(Json(new))
}
