//! Reports: drafts kept while they are written, and signing.

use super::{
    Door,
    cases::{lost, named, told},
    cases_json::{CaseJson, KeyImageJson, ReadJson},
    cases_request::key_images,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
    worklist::uid,
};
use crate::{
    cases::{CaseError, Draft, standing_of, standing_word},
    desk::{Lack, ShownCase, SignError, ToSign},
    tasks,
    trust::Action,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use protocol::case::event::Report;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the editor shows of the patient.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) birth_date: String,
}

/// A report to be signed, with what the editor shows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReport {
    /// `preliminary`, `final`, `addendum` or `second-reading`.
    standing: String,
    #[serde(default)]
    indication: String,
    #[serde(default)]
    technique: String,
    #[serde(default)]
    findings: String,
    #[serde(default)]
    conclusion: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    critical: bool,
    /// Why it is signed although images are missing, late, not those signed, or could not be decoded.
    #[serde(default)]
    despite: String,
    /// What the reason is for, as the caller has seen it: `missing`, `unverified`, `undecoded`, `unconfirmed`, `late`,
    /// `other-patient`. What else is found to be lacking is refused.
    #[serde(default)]
    despite_of: Vec<String>,
    #[serde(default)]
    read: Vec<ReadJson>,
    /// Images that it points at, of the case's studies.
    #[serde(default)]
    key_images: Vec<KeyImageJson>,
    patient: Shown,
    hospital: String,
    #[serde(default)]
    study_date: String,
}

#[utoipa::path(post, path = "/api/cases/{case}/reports", operation_id = "sign_report", params(("case" = String, Path)),
    request_body = NewReport, responses((status = 200, body = CaseJson), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn sign(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(new): Json<NewReport>,
) -> Result<Json<CaseJson>, ApiError> {
    caller.may(Action::ReportCases)?;
    let (name, _) = named(&door, &case)?;
    if new.findings.trim().is_empty() && new.conclusion.trim().is_empty() {
        return Err(ApiError::Missing(vec!["findings", "conclusion"]));
    }
    let read = |read: &ReadJson| Ok::<_, ApiError>((uid(&read.study)?, read.version));
    let report = Report {
        standing: standing_of(&new.standing).ok_or(ApiError::Bad("standing"))?,
        indication: new.indication,
        technique: new.technique,
        findings: new.findings,
        conclusion: new.conclusion,
        language: new.language,
        read: new.read.iter().map(read).collect::<Result<_, _>>()?,
        critical: new.critical,
        despite: new.despite,
    };
    let images = key_images(&new.key_images)?;
    let lacks = new.despite_of.iter().map(|word| Lack::of(word).ok_or(ApiError::Bad("despite_of")));
    let despite_of = lacks.collect::<Result<Vec<_>, _>>()?;
    if !report.is_sound() {
        return Err(ApiError::Bad("report"));
    }
    let shown = ShownCase {
        patient_name: new.patient.name,
        birth_date: new.patient.birth_date,
        hospital: new.hospital,
        study_date: new.study_date,
    };
    let to_sign = ToSign { report, despite_of, images, shown };
    match door.desk()?.sign(name, caller.0.actor(), to_sign).await {
        Ok(whole) => told(&door, &caller, &whole).await,
        Err(SignError::Case(why)) => Err(lost(&door, &caller.0, &name, why)),
        Err(why) => Err(why.into()),
    }
}

/// What somebody has written so far.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftJson {
    /// Rises with each that is kept.
    serial: u64,
    standing: String,
    #[serde(default)]
    indication: String,
    #[serde(default)]
    technique: String,
    #[serde(default)]
    findings: String,
    #[serde(default)]
    conclusion: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    critical: bool,
    /// Whose it is; in what is kept: the caller's.
    #[serde(default)]
    person: Option<String>,
    /// When it was kept.
    #[serde(default)]
    at: Option<String>,
}

#[utoipa::path(get, path = "/api/cases/{case}/draft", operation_id = "show_draft", params(("case" = String, Path)),
    responses((status = 200, body = DraftJson), (status = 404, body = ErrorBody)))]
pub(super) async fn draft(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
) -> Result<Json<DraftJson>, ApiError> {
    caller.may(Action::ReportCases)?;
    let (name, _) = named(&door, &case)?;
    let draft = door.cases.draft(name, caller.0.name.clone()).await?.ok_or(ApiError::NotFound)?;
    Ok(Json(DraftJson {
        serial: draft.serial,
        standing: standing_word(draft.standing).to_owned(),
        indication: draft.indication,
        technique: draft.technique,
        findings: draft.findings,
        conclusion: draft.conclusion,
        language: draft.language,
        critical: draft.critical,
        person: Some(draft.person),
        at: Some(json::rfc3339(draft.at)),
    }))
}

/// Durable and sealed when it answers.
#[utoipa::path(put, path = "/api/cases/{case}/draft", operation_id = "keep_draft", params(("case" = String, Path)),
    request_body = DraftJson, responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn keep_draft(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
    Json(new): Json<DraftJson>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ReportCases)?;
    let (name, whole) = named(&door, &case)?;
    let draft = Draft {
        person: caller.0.name.clone(),
        serial: new.serial,
        at: tasks::now(),
        standing: standing_of(&new.standing).ok_or(ApiError::Bad("standing"))?,
        indication: new.indication,
        technique: new.technique,
        findings: new.findings,
        conclusion: new.conclusion,
        language: new.language,
        critical: new.critical,
        read: Vec::new(),
    };
    door.cases.keep_draft(name, draft).await?;
    door.cases.touch(&whole, &caller.0.name);
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(delete, path = "/api/cases/{case}/draft", operation_id = "drop_draft", params(("case" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn drop_draft(
    State(door): State<Door>,
    caller: Caller,
    Path(case): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Action::ReportCases)?;
    let (name, _) = named(&door, &case)?;
    door.cases.drop_draft(name, Some(caller.0.name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A failing draft is no case's fault.
pub(super) fn outside(error: &CaseError) -> (StatusCode, &'static str) {
    use crate::cases::{DraftError, void_word};
    match error {
        CaseError::NoCase => (StatusCode::NOT_FOUND, "not-found"),
        CaseError::Void(void) => (StatusCode::CONFLICT, void_word(void)),
        CaseError::TooMany => (StatusCode::CONFLICT, "too-many"),
        CaseError::Draft(DraftError::Stale) => (StatusCode::CONFLICT, "stale"),
        CaseError::Draft(DraftError::TooLong) => (StatusCode::BAD_REQUEST, "malformed"),
        CaseError::Stopping => (StatusCode::SERVICE_UNAVAILABLE, "not-running"),
        CaseError::Draft(DraftError::Io(_)) | CaseError::Audit(_) | CaseError::Journal(_) | CaseError::Record(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal")
        }
    }
}
