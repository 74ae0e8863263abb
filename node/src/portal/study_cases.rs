//! Which cases that are read a study belongs to, and in what its images say another patient than the request of each: for whoever shows the study.
//!
//! # Not here
//! By which rule: `desk`. What stands in the cases: [`super::cases`].

use super::{
    Door,
    error::{ApiError, ErrorBody},
    signin::Caller,
    worklist::uid,
};
use crate::{desk::Otherwise, trust::Action};
use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Cases told of one study.
const CASES_MAX: usize = 64;

/// In what images say another patient than the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OtherwiseJson {
    /// `birth_date` or `id`.
    what: &'static str,
    /// As the request says it.
    asked: String,
    /// As the images say it; the same as `asked` where the study has images of several patients.
    said: String,
}

/// A case that has the study, open or with images to read after its end.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StudyCase {
    case: String,
    /// Empty: the images do not say another patient.
    differs: Vec<OtherwiseJson>,
}

impl From<Otherwise> for OtherwiseJson {
    fn from(one: Otherwise) -> Self {
        Self { what: one.what, asked: one.asked, said: one.said }
    }
}

#[utoipa::path(get, path = "/api/studies/{study}/cases", operation_id = "study_cases", params(("study" = String, Path)),
    responses((status = 200, body = Vec<StudyCase>), (status = 400, body = ErrorBody)))]
pub(super) async fn of_study(
    State(door): State<Door>,
    caller: Caller,
    Path(study): Path<String>,
) -> Result<Json<Vec<StudyCase>>, ApiError> {
    caller.may(Action::ListStudies)?;
    let study = uid(&study)?;
    let all = door.cases.all();
    let of_it = all.iter().filter(|whole| whole.is_to_read() && whole.state.ask.studies.contains(&study));
    let told = of_it.take(CASES_MAX).map(|whole| {
        let differs = door.desk.as_ref().map(|desk| desk.otherwise(whole, &study)).unwrap_or_default();
        StudyCase { case: whole.name().to_string(), differs: differs.into_iter().map(Into::into).collect() }
    });
    let told = told.collect();
    std::future::ready(Ok(Json(told))).await
}
