//! Reports that were found to differ: who had one of them in hand is told at their next screen, and says that they know.
//!
//! # Not here
//! Who that is: `cases`. The requesting site's own acknowledgement, a step: [`super::cases`].

use super::{
    Door,
    cases::{event, named, told},
    cases_json::{CaseJson, CasePatient},
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
};
use crate::{
    cases::{Told, Whole, class_word},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::case::event::Step;
use serde::Serialize;
use utoipa::ToSchema;

/// Rows told at most: whoever has more sees them when these are done.
const ROWS_MAX: usize = 200;

/// Somebody here who had a report in hand before it was found to differ from another.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InHandJson {
    person: String,
    /// The event by which the reports differ.
    comparison: String,
    report: String,
    /// `screen`, `printed` or `dicom`: how they came to it.
    way: &'static str,
    opened: String,
    /// When they said that they know; `null`: not yet.
    acknowledged: Option<String>,
}

impl InHandJson {
    pub(super) fn of(told: Told) -> Self {
        Self {
            person: told.person,
            comparison: told.said_by.to_string(),
            report: told.report.to_string(),
            way: told.way.word(),
            opened: json::rfc3339(told.opened),
            acknowledged: told.noted.map(json::rfc3339),
        }
    }
}

/// A case whose reports differ, and what of it somebody is to know.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiscordanceJson {
    case: String,
    patient: CasePatient,
    question: String,
    requester_name: String,
    /// `minor`, `moderate`, `major` or `severe`.
    class: &'static str,
    text: String,
    /// Who compared, and when.
    compared_by: String,
    compared: String,
    told: InHandJson,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DiscordancesJson {
    /// What the caller is to know and has not acknowledged.
    mine: Vec<DiscordanceJson>,
    /// What others here have not acknowledged; for whoever administers.
    others: Vec<DiscordanceJson>,
}

fn row(door: &Door, whole: &Whole, told: Told) -> Option<DiscordanceJson> {
    let comparison = whole.state.comparisons.iter().find(|one| one.said_by == Some(told.said_by))?;
    let said = whole.case.events().get(&told.said_by)?;
    let Step::Compared { text, .. } = &said.step else { return None };
    Some(DiscordanceJson {
        case: whole.name().to_string(),
        patient: CasePatient::of(&whole.state.ask.patient),
        question: whole.state.ask.question.clone(),
        requester_name: door.site_name(&whole.state.requester.0),
        class: class_word(comparison.class?),
        text: text.clone(),
        compared_by: said.person.clone(),
        compared: json::rfc3339(said.at),
        told: InHandJson::of(told),
    })
}

#[utoipa::path(get, path = "/api/cases/discordances", operation_id = "list_discordances", responses((status = 200, body = DiscordancesJson)))]
pub(super) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<DiscordancesJson>, ApiError> {
    caller.may(Action::ListStudies)?;
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    let sees_others = caller.0.allows(Action::Administer);
    for whole in door.cases.discordant() {
        for told in door.cases.told(&whole).into_iter().filter(|told| told.noted.is_none()) {
            let rows = if told.person == caller.0.name {
                &mut mine
            } else if sees_others {
                &mut others
            } else {
                continue;
            };
            if rows.len() < ROWS_MAX {
                rows.extend(row(&door, &whole, told));
            }
        }
    }
    std::future::ready(Ok(Json(DiscordancesJson { mine, others }))).await
}

/// The caller knows of the difference.
#[utoipa::path(post, path = "/api/cases/{case}/discordances/{comparison}", operation_id = "acknowledge_discordance",
    params(("case" = String, Path), ("comparison" = String, Path, description = "the event that said so")),
    responses((status = 200, body = CaseJson), (status = 404, body = ErrorBody)))]
pub(super) async fn acknowledge(
    State(door): State<Door>,
    caller: Caller,
    Path((case, comparison)): Path<(String, String)>,
) -> Result<Json<CaseJson>, ApiError> {
    caller.may(Action::ListStudies)?;
    let (_, whole) = named(&door, &case)?;
    let comparison = event(&comparison).map_err(|_| ApiError::NotFound)?;
    if !door.cases.noted(&whole, comparison, caller.0.actor()).await? {
        return Err(ApiError::NotFound);
    }
    told(&door, &caller, &whole).await
}
