//! A report of a case as a PDF: for people who print, file or send it.
//!
//! # Not here
//! What it holds: `reports`. Reports as data: [`super::cases`].

use super::{
    Door,
    cases::{event, named},
    error::{ApiError, ErrorBody},
    signin::Caller,
};
use crate::{
    audit::{Act, Event},
    cases::Way,
    reports::pdf,
    trust::Action,
};
use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

#[utoipa::path(get, path = "/api/cases/{case}/reports/{report}/pdf", operation_id = "show_report_pdf",
    params(("case" = String, Path), ("report" = String, Path, description = "the event that reported")),
    responses((status = 200, content_type = "application/pdf"), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    State(door): State<Door>,
    caller: Caller,
    Path((case, report)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.may(Action::ListStudies)?;
    let (name, whole) = named(&door, &case)?;
    let report = event(&report).map_err(|_| ApiError::NotFound)?;
    let reported = whole.state.reports.iter().find(|one| one.event == report).ok_or(ApiError::NotFound)?;
    // Whoever has it can print it and carry it away.
    let mut written = Event::new(Act::StudyExported, caller.0.actor()).note(format!("report of case {name} as PDF"));
    if let Some((study, _)) = reported.report.read.first() {
        written = written.study(study);
    }
    door.audit.record(written).await?;
    door.cases.opened(&whole, &[report], Way::Printed, caller.0.actor()).await?;
    let sheet = door.desk()?.sheet(&whole, reported).await;
    let short = report.to_string().chars().take(12).collect::<String>();
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("inline; filename=\"report-{short}.pdf\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, pdf(&sheet)).into_response())
}
