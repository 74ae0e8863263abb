//! What is wrong, and whether those who are to know get to know.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    fault::FaultJson,
    json::rfc3339,
    signin::Caller,
};
use crate::{alarms::Alarm, trust::Action, words::Fault};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// A condition that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlarmJson {
    /// `disk-filling`, `certificate-ending`, `backup-overdue`, `peer-silent`, `rot-found`, `migration-stopped`,
    /// `tier-unreachable`.
    kind: String,
    /// Which certificate, peer, migration or tier; empty where there is one.
    subject: String,
    /// `notice`, `warning` or `critical`.
    level: String,
    /// Percent, days, hours or a number, as the kind has it.
    value: u64,
    since: String,
    told: Option<String>,
}

impl From<Alarm> for AlarmJson {
    fn from(alarm: Alarm) -> Self {
        Self {
            kind: alarm.kind.word().to_owned(),
            subject: alarm.subject,
            level: alarm.level.word().to_owned(),
            value: alarm.value,
            since: rfc3339(alarm.since),
            told: alarm.told.map(rfc3339),
        }
    }
}

/// All that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlarmsJson {
    standing: Vec<AlarmJson>,
    /// Whether notices go out by mail.
    mail: bool,
    /// Whether notices go out by webhook.
    webhook: bool,
    /// Why the last notice did not go out.
    fault: Option<FaultJson>,
}

#[utoipa::path(get, path = "/api/alarms", operation_id = "list_alarms",
    responses((status = 200, body = AlarmsJson), (status = 403, body = ErrorBody)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<AlarmsJson>, ApiError> {
    caller.may(Action::Administer)?;
    let config = &door.config.alarms;
    std::future::ready(Ok(Json(AlarmsJson {
        standing: door.alarms.standing().into_iter().map(AlarmJson::from).collect(),
        mail: config.mail.is_some(),
        webhook: config.webhook.is_some(),
        fault: door.alarms.fault().map(FaultJson::from),
    })))
    .await
}

/// What a test went by.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ToldJson {
    mail: bool,
    webhook: bool,
    /// Why one did not go out.
    fault: Option<FaultJson>,
}

/// Sends a test by every way that is set.
#[utoipa::path(post, path = "/api/alarms/test", operation_id = "test_alarms",
    responses((status = 200, body = ToldJson), (status = 403, body = ErrorBody)))]
pub(super) async fn test(State(door): State<Door>, caller: Caller) -> Result<Json<ToldJson>, ApiError> {
    caller.may(Action::Administer)?;
    Ok(Json(match door.alarms.test(&door.tasks).await {
        Ok(told) => ToldJson { mail: told.mail, webhook: told.webhook, fault: None },
        Err(error) => ToldJson { mail: false, webhook: false, fault: Some(Fault::from(&error).into()) },
    }))
}
