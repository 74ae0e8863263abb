//! The access log, newest first. Reading it is written into it.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    audit::{Act, Event, Filter},
    trust::Action,
};
use axum::{
    Json,
    extract::{Query, State},
};
use serde::Deserialize;

/// Entries in one page at most.
const PAGE_MAX: usize = 500;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Only entries with a lower number.
    before: Option<u64>,
    limit: Option<usize>,
    study: Option<String>,
    peer: Option<String>,
    /// Only security alerts.
    alerts: Option<bool>,
}

#[utoipa::path(get, path = "/api/audit", params(Asked),
    responses((status = 200, body = json::AuditPage), (status = 403, body = ErrorBody)))]
pub(super) async fn page(
    State(door): State<Door>,
    caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Json<json::AuditPage>, ApiError> {
    caller.may(Action::ReadLog)?;
    let limit = asked.limit.unwrap_or(50).clamp(1, PAGE_MAX);
    let study = asked.study.as_deref().filter(|s| !s.is_empty());
    let peer = asked.peer.as_deref().filter(|s| !s.is_empty());
    let filter = Filter {
        before: asked.before,
        study: study.map(protocol::Uid::parse).transpose().map_err(|_| ApiError::Bad("study"))?,
        peer: peer.map(str::parse).transpose().map_err(|_| ApiError::Bad("peer"))?,
        act: None,
        alerts_only: asked.alerts.unwrap_or(false),
        limit: limit + 1,
    };
    // Turning a page is part of the reading that began with the first.
    if asked.before.is_none() {
        door.audit.record(Event::new(Act::LogRead, caller.0.actor())).await?;
    }
    let log = door.audit.clone();
    let found = door.tasks.spawn_blocking("audit page", move || log.page(&filter)).await;
    let found = found.map_err(|_| ApiError::Bad("stopping"))?;
    let more = found.len() > limit;
    let entries = found
        .into_iter()
        .take(limit)
        .map(|(number, event)| json::AuditEntry::of(number, event, |site| door.site_name(site)))
        .collect();
    Ok(Json(json::AuditPage { entries, more }))
}
