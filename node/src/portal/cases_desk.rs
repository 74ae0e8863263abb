//! Images and requests that have not met, and what is set for cases.

use super::{
    Door,
    cases::{find_site, named, told},
    cases_json::CaseJson,
    cases_row::{CaseRow, For},
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
    worklist::uid,
};
use crate::{
    cases::{Rank, Settings, SettingsWrong, Telephone, Whole},
    desk::{JoinError, Repeated, compared},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::{
    case::event::{Joined, Step},
    ids::Id128,
};
use serde::{Deserialize, Serialize};
use std::{collections::HashSet, sync::Arc};
use utoipa::ToSchema;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Candidate {
    case: String,
    /// What is equal: `accession` or `patient-id`. A person compares the rest.
    why: &'static str,
}

/// A study that nobody has asked to be read.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LooseStudy {
    study: String,
    name: String,
    birth_date: String,
    sex: String,
    id: String,
    issuer: String,
    date: String,
    modalities: Vec<String>,
    accession: String,
    arrived: String,
    /// It waits for longer than is set.
    alarm: bool,
    candidates: Vec<Candidate>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LooseJson {
    studies: Vec<LooseStudy>,
    /// Requests without images for longer than is set.
    cases: Vec<CaseRow>,
    /// Requests that a study can be joined to: open, and without images or a candidate.
    joinable: Vec<CaseRow>,
}

/// Rows told at most.
const ROWS_MAX: usize = 200;

#[utoipa::path(get, path = "/api/cases/loose", operation_id = "loose_studies", responses((status = 200, body = LooseJson)))]
pub(super) async fn loose(State(door): State<Door>, caller: Caller) -> Result<Json<LooseJson>, ApiError> {
    caller.may(Action::PrepareCases)?;
    let desk = door.desk()?;
    let loose = desk.loose();
    let candidates: HashSet<Id128> = loose.iter().flat_map(|one| &one.candidates).map(|(case, _)| *case).collect();
    let studies = loose.into_iter().map(|loose| LooseStudy {
        study: loose.row.study.to_string(),
        name: loose.row.patient.name.unwrap_or_default(),
        birth_date: loose.row.patient.birth_date.unwrap_or_default(),
        sex: loose.row.patient.sex.unwrap_or_default(),
        id: loose.row.patient.id.unwrap_or_default(),
        issuer: loose.row.patient.issuer.unwrap_or_default(),
        date: loose.row.date.unwrap_or_default(),
        modalities: loose.row.modalities,
        accession: loose.row.accession.unwrap_or_default(),
        arrived: json::rfc3339(loose.row.arrived),
        alarm: loose.is_late,
        candidates: loose.candidates.into_iter().map(|(case, why)| Candidate { case: case.to_string(), why }).collect(),
    });
    let told = For { door: &door, person: &caller.0 };
    let us = door.identity.site();
    let all = door.cases.all();
    let waits = |whole: &&Arc<Whole>| {
        let state = &whole.state;
        let is_ours = state.requester.0 == us && state.stage.is_open();
        is_ours && ((state.images.is_empty() && state.reports.is_empty()) || candidates.contains(&whole.name()))
    };
    let rows = |wanted: &dyn Fn(&&Arc<Whole>) -> bool| {
        all.iter().filter(wanted).take(ROWS_MAX).map(|whole| told.row(whole)).collect()
    };
    let (cases, joinable) = (rows(&|whole| desk.is_bare(whole)), rows(&waits));
    Ok(Json(LooseJson { studies: studies.collect(), cases, joinable }))
}

/// The patient, as the person repeats it: neither from the images alone nor from the request alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RepeatedPatient {
    name: String,
    birth_date: String,
}

/// A study that a person says belongs to the case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    study: String,
    patient: RepeatedPatient,
    /// How it is known, where the images or the request do not say whose they are.
    #[serde(default)]
    reason: String,
}

/// A person compared the identities: what they repeat must be what the images say, and what the request says.
#[utoipa::path(post, path = "/api/cases/{case}/join", operation_id = "join_study", params(("case" = String, Path)),
    request_body = Join, responses((status = 200, body = CaseJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn join(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(new): Json<Join>,
) -> Result<Json<CaseJson>, ApiError> {
    caller.may(Action::PrepareCases)?;
    let (name, whole) = named(&door, &case)?;
    let study = uid(&new.study)?;
    let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    let reason: String = new.reason.trim().chars().take(500).collect();
    let said = Repeated { name: new.patient.name, birth_date: new.patient.birth_date, reason: reason.clone() };
    match compared(&whole, &row, &said) {
        Ok(()) => {}
        Err(JoinError::Differs(differs)) => return Err(ApiError::WrongPatient(differs)),
        Err(JoinError::NoReason) => return Err(ApiError::Missing(vec!["reason"])),
    }
    // What the person says of it stands in the case before the study does.
    if !reason.is_empty() {
        let _ = door.cases.act(name, caller.0.actor(), Step::Said { text: reason }).await?;
    }
    let step = Step::Acquired { studies: vec![study], how: Joined::Confirmed };
    let whole = door.cases.act(name, caller.0.actor(), step).await?;
    told(&door, &caller, &whole).await
}

/// Why no request is needed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Dismiss {
    #[serde(default)]
    reason: String,
}

#[utoipa::path(post, path = "/api/cases/loose/{study}/dismiss", operation_id = "dismiss_study",
    params(("study" = String, Path)), request_body = Dismiss,
    responses((status = 204), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn dismiss(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
    Json(why): Json<Dismiss>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::PrepareCases)?;
    let study = uid(&study)?;
    let _ = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    let reason: String = why.reason.trim().chars().take(200).collect();
    if reason.is_empty() {
        return Err(ApiError::Missing(vec!["reason"]));
    }
    door.cases.dismiss(study, &reason, caller.0.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TelephoneJson {
    name: String,
    number: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RankJson {
    /// Key or name of a site.
    site: String,
    #[serde(default)]
    site_name: String,
    /// Person or team there; empty: whoever is on duty.
    #[serde(default)]
    whom: String,
}

/// Delays in seconds, by priority from P0.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseSettings {
    answer_s: [u32; 4],
    preliminary_s: [u32; 4],
    final_s: [u32; 4],
    /// Until somebody hears of a critical result.
    hear_s: u32,
    /// Until a request without images, or a study without a request, is told.
    images_s: u32,
    /// Until a claim that nobody works on is given back.
    idle_s: u32,
    /// Until a site counts as silent.
    silent_s: u32,
    /// Called when nobody answers.
    telephones: Vec<TelephoneJson>,
    /// Asked in turn, where no roster says otherwise.
    ranks: Vec<RankJson>,
    /// Studies of these modalities need a request; empty: those that another site is to read by a coverage, and those that look
    /// like what an open request waits for.
    requested_modalities: Vec<String>,
}

fn settings_json(door: &Door, settings: &Settings) -> CaseSettings {
    let rank = |rank: &Rank| RankJson {
        site: rank.site.to_string(),
        site_name: door.site_name(&rank.site),
        whom: rank.whom.clone(),
    };
    CaseSettings {
        answer_s: settings.answer_s,
        preliminary_s: settings.preliminary_s,
        final_s: settings.final_s,
        hear_s: settings.hear_s,
        images_s: settings.images_s,
        idle_s: settings.idle_s,
        silent_s: settings.silent_s,
        telephones: settings
            .telephones
            .iter()
            .map(|to| TelephoneJson { name: to.name.clone(), number: to.number.clone() })
            .collect(),
        ranks: settings.ranks.iter().map(rank).collect(),
        requested_modalities: settings.requested_modalities.clone(),
    }
}

#[utoipa::path(get, path = "/api/cases/settings", operation_id = "show_case_settings", responses((status = 200, body = CaseSettings)))]
pub(super) async fn settings(State(door): State<Door>, caller: Caller) -> Result<Json<CaseSettings>, ApiError> {
    caller.may(Action::ListStudies)?;
    std::future::ready(Ok(Json(settings_json(&door, &door.cases.settings())))).await
}

#[utoipa::path(put, path = "/api/cases/settings", operation_id = "set_case_settings", request_body = CaseSettings,
    responses((status = 200, body = CaseSettings), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn set(
    State(door): State<Door>,
    caller: Caller,
    Json(new): Json<CaseSettings>,
) -> Result<Json<CaseSettings>, ApiError> {
    caller.may(Action::Administer)?;
    let rank =
        |rank: &RankJson| Ok::<_, ApiError>(Rank { site: find_site(&door, &rank.site)?, whom: rank.whom.clone() });
    let settings = Settings {
        answer_s: new.answer_s,
        preliminary_s: new.preliminary_s,
        final_s: new.final_s,
        hear_s: new.hear_s,
        images_s: new.images_s,
        idle_s: new.idle_s,
        silent_s: new.silent_s,
        telephones: new.telephones.into_iter().map(|to| Telephone { name: to.name, number: to.number }).collect(),
        ranks: new.ranks.iter().map(rank).collect::<Result<_, _>>()?,
        requested_modalities: new.requested_modalities,
    };
    settings.check().map_err(|SettingsWrong(which)| ApiError::Missing(vec![which]))?;
    let told = settings_json(&door, &settings);
    door.cases.set(settings, caller.0.actor()).await?;
    Ok(Json(told))
}
