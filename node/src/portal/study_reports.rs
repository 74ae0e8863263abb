//! Which reports of cases a study has, and which of them a later one took the place of: without their text, for whoever shows the study.
//!
//! # Not here
//! The reports: [`super::cases`].

use super::{
    Door,
    error::{ApiError, ErrorBody},
    json,
    signin::Caller,
    worklist::uid,
};
use crate::{cases::standing_word, trust::Action};
use axum::{
    Json,
    extract::{Path, State},
};
use protocol::case::state::Reported;
use serde::Serialize;
use utoipa::ToSchema;

/// Reports told of one study.
const REPORTS_MAX: usize = 64;

/// Who signed a report, and when.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignedBy {
    /// The event that reported.
    event: String,
    /// `preliminary`, `final`, `addendum` or `second-reading`.
    standing: &'static str,
    person: String,
    site_name: String,
    at: String,
}

/// A report of a case that is about the study.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyReport {
    case: String,
    signed: SignedBy,
    /// The final report that took its place; `null`: none did.
    superseded_by: Option<SignedBy>,
}

fn signed(door: &Door, reported: &Reported) -> SignedBy {
    SignedBy {
        event: reported.event.to_string(),
        standing: standing_word(reported.report.standing),
        person: reported.person.clone(),
        site_name: door.site_name(&reported.site),
        at: json::rfc3339(reported.at),
    }
}

#[utoipa::path(get, path = "/api/studies/{study}/reports", operation_id = "study_reports", params(("study" = String, Path)),
    responses((status = 200, body = Vec<StudyReport>), (status = 400, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<Vec<StudyReport>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let study = uid(&study)?;
    let cases = door.cases.all().into_iter().filter(|whole| whole.state.ask.studies.contains(&study));
    let of_case = |whole: &crate::cases::Whole| {
        let state = &whole.state;
        let told = |reported: &Reported| StudyReport {
            case: whole.name().to_string(),
            signed: signed(&door, reported),
            superseded_by: state.superseded_by(&reported.event).map(|last| signed(&door, last)),
        };
        state.reports.iter().map(told).collect::<Vec<_>>()
    };
    let told = cases.flat_map(|whole| of_case(&whole)).take(REPORTS_MAX).collect();
    std::future::ready(Ok(Json(told))).await
}
