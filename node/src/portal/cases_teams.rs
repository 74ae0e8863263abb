//! Teams of this site: people who are asked under one name.

use super::{
    Door,
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    cases::{Team, are_sound},
    trust::Action,
};
use axum::{Json, Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/cases/teams", get(list).put(set))
}

/// A team.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamJson {
    /// As peers see it and requests name it.
    name: String,
    /// Account names.
    members: Vec<String>,
}

fn told(door: &Door) -> Vec<TeamJson> {
    let of = |team: &Team| TeamJson { name: team.name.clone(), members: team.members.clone() };
    door.cases.teams().iter().map(of).collect()
}

#[utoipa::path(get, path = "/api/cases/teams", operation_id = "list_teams", responses((status = 200, body = Vec<TeamJson>)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<TeamJson>>, ApiError> {
    caller.may(Action::ListStudies)?;
    std::future::ready(Ok(Json(told(&door)))).await
}

/// All of them: what is left out is none any more. Members are accounts that report; names are no accounts'.
#[utoipa::path(put, path = "/api/cases/teams", operation_id = "set_teams", request_body = Vec<TeamJson>,
    responses((status = 200, body = Vec<TeamJson>), (status = 400, body = ErrorBody)))]
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<Vec<TeamJson>>,
) -> Result<Json<Vec<TeamJson>>, ApiError> {
    caller.may(Action::Administer)?;
    let (before, mut teams) = (door.cases.teams(), Vec::with_capacity(new.len()));
    for team in new {
        let had = before.iter().find(|one| one.is_named(team.name.trim()));
        let mut members = Vec::with_capacity(team.members.len());
        for member in &team.members {
            match door.users.account(member.trim()).filter(|account| account.person.allows(Action::ReportCases)) {
                Some(account) => members.push(account.person.name),
                // Gone since it was set: whoever changes another team does not stumble over them.
                None if had.is_some_and(|had| had.has(member.trim())) => {}
                None => return Err(ApiError::Missing(vec!["members"])),
            }
        }
        if members.is_empty() && had.is_some() {
            continue;
        }
        members.sort_unstable();
        members.dedup();
        teams.push(Team { name: team.name.trim().to_owned(), members });
    }
    if !are_sound(&teams, |name| door.users.account(name).is_some()) {
        return Err(ApiError::Missing(vec!["name"]));
    }
    door.cases.set_teams(teams, caller.0.actor()).await?;
    Ok(Json(told(&door)))
}
