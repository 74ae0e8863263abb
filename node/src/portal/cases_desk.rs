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
    cases::{Rank, Settings, SettingsWrong, Telephone},
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::case::event::{Joined, Step};
use serde::{Deserialize, Serialize};
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
}

#[utoipa::path(get, path = "/api/cases/loose", operation_id = "loose_studies", responses((status = 200, body = LooseJson)))]
pub(super) async fn loose(State(door): State<Door>, caller: Caller) -> Result<Json<LooseJson>, ApiError> {
    caller.may(Action::PrepareCases)?;
    let desk = door.desk()?;
    let studies = desk.loose().await.into_iter().map(|loose| LooseStudy {
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
    let bare = door.cases.all().into_iter().filter(|whole| desk.is_bare(whole)).take(200);
    Ok(Json(LooseJson { studies: studies.collect(), cases: bare.map(|whole| told.row(&whole)).collect() }))
}

/// The patient, as the images say and the person repeats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeated {
    name: String,
    birth_date: String,
}

/// A study that a person says belongs to the case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Join {
    study: String,
    patient: Repeated,
}

/// A person compared the identities: what they repeat must be what the images say.
#[utoipa::path(post, path = "/api/cases/{case}/join", operation_id = "join_study", params(("case" = String, Path)),
    request_body = Join, responses((status = 200, body = CaseJson), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn join(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(new): Json<Join>,
) -> Result<Json<CaseJson>, ApiError> {
    caller.may(Action::PrepareCases)?;
    let (name, _) = named(&door, &case)?;
    let study = uid(&new.study)?;
    let row = door.archive.study(&study)?.ok_or(ApiError::NotFound)?;
    let differs: Vec<&'static str> = [
        (row.patient.name.unwrap_or_default() == new.patient.name, "name"),
        (row.patient.birth_date.unwrap_or_default() == new.patient.birth_date, "birth_date"),
    ]
    .into_iter()
    .filter_map(|(same, what)| (!same).then_some(what))
    .collect();
    if !differs.is_empty() {
        return Err(ApiError::WrongPatient(differs));
    }
    let step = Step::Acquired { studies: vec![study], how: Joined::Confirmed };
    let whole = door.cases.act(name, caller.0.actor(), step).await?;
    Ok(told(&door, &caller, &whole))
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
    /// Studies of these modalities need a request.
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
