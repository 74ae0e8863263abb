//! What calls the caller now, and that they heard it. No alert names a patient: it may show on a locked screen.

use super::{
    Door,
    cases::named,
    cases_row::{For, HolderJson},
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    cases::{Alert, AlertKind, Present, Team, Whole, priority_word},
    trust::Action,
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/cases/alerts", get(list)).route("/cases/{case}/alerts", post(hear))
}

/// Why the caller is called.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AlertJson {
    /// Its name, for saying that it was heard.
    id: String,
    case: String,
    /// `asked`, `prioritised`, `critical`, `escalated`, `late`, `refused`, `info-asked`, `compared`, `lost`, `held`, `lowered`,
    /// `differs`, `reopened`, `cancelled`, `named`, `answered`, `reported`, `said`, `given`, `taken` or `moved`.
    kind: &'static str,
    priority: &'static str,
    /// Where it was made that calls.
    site_name: String,
    at: String,
    /// Word of a reason, or what a person wrote.
    text: String,
    /// Of a claim in vain: who has it.
    lost_to: Option<HolderJson>,
}

impl AlertJson {
    fn of(told: &For<'_>, whole: &Whole, alert: &Alert) -> Self {
        let (_, site_name) = told.site(&alert.site);
        let since = whole.state.claim.as_ref().map(|claim| json::rfc3339(claim.at));
        let lost_to = (alert.kind == AlertKind::Lost).then(|| HolderJson {
            person: alert.person.clone(),
            site_name: site_name.clone(),
            at: since,
        });
        Self {
            id: alert.id(),
            case: whole.name().to_string(),
            kind: alert.kind.word(),
            priority: priority_word(whole.state.ask.priority),
            site_name,
            at: json::rfc3339(alert.at),
            text: alert.text.clone(),
            lost_to,
        }
    }
}

/// Who of this site is there now.
fn present(door: &Door) -> Present {
    let accounts = door.users.accounts().into_iter().filter(|account| !account.is_disabled);
    let opened = door.studies.as_ref().map(|studies| studies.opened()).unwrap_or_default();
    let zone = door.config.site.time_zone.as_deref();
    let readers = |team: &Team| door.roster.readers_of(team.members.iter(), zone);
    let teams = door.cases.teams().iter().map(|team| (team.clone(), readers(team))).collect();
    Present { people: accounts.map(|account| account.person.name).collect(), opened, teams, ..door.roster.present() }
}

/// What calls the caller and they have not heard yet, the most urgent first.
#[utoipa::path(get, path = "/api/cases/alerts", operation_id = "list_alerts", responses((status = 200, body = Vec<AlertJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<AlertJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let told = For { door: &door, person: &caller.0 };
    let alerts = door.cases.alerts(&caller.0, &present(&door));
    std::future::ready(Ok(Json(alerts.iter().map(|(whole, alert)| AlertJson::of(&told, whole, alert)).collect()))).await
}

/// Which were heard; none named: all that the case calls for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heard {
    #[serde(default)]
    alerts: Vec<String>,
}

/// The caller heard what a case calls them for: it is written down, and no screen of theirs calls for it any more.
#[utoipa::path(post, path = "/api/cases/{case}/alerts", operation_id = "hear_alerts", params(("case" = String, Path)),
    request_body = Heard, responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn hear(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(heard): Json<Heard>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ListStudies)?;
    let (name, _) = named(&door, &case)?;
    let who = (caller.0.clone(), caller.0.actor());
    door.cases.hear_alerts(name, who, &present(&door), &heard.alerts).await?;
    Ok(StatusCode::NO_CONTENT)
}
