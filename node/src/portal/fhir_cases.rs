//! Cases as FHIR R4: Task, ServiceRequest and DiagnosticReport, read and search.
//!
//! The same cases as everywhere, for whoever may see the list of cases. A search shows newest first, in an order that does
//! not change while pages are turned. Looking is written into the log as at the portal's own routes.
//!
//! # Not here
//! What a case is in FHIR: [`super::fhir_cases_json`]. Changing anything: the portal's routes, and UPS-RS. The PDF of a report,
//! which its link leads to.

use super::{
    Door,
    error::ApiError,
    fhir::{fault, page, resource},
    fhir_cases_json::{self as told, Kind},
    fhir_search::{Dates, PAGE, code, conditions, count, patient},
    signin::Caller,
};
use crate::{
    cases::{Way, Whole, priority_word},
    trust::Action,
};
use axum::{
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::Response,
};
use protocol::{Timestamp, case::state::Reported, ids::Id128};
use serde_json::Value;
use std::sync::Arc;

/// Where the pages that follow begin; our own.
const AFTER: &str = "_after";

/// What each resource is searched by, as the capability statement says it.
pub(super) const PARAMETERS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Task",
        &[
            ("_id", "token"),
            ("_lastUpdated", "date"),
            ("patient", "token"),
            ("status", "token"),
            ("priority", "token"),
            ("authored-on", "date"),
            ("based-on", "reference"),
            ("focus", "reference"),
            ("identifier", "token"),
        ],
    ),
    (
        "ServiceRequest",
        &[
            ("_id", "token"),
            ("_lastUpdated", "date"),
            ("patient", "token"),
            ("status", "token"),
            ("priority", "token"),
            ("authored", "date"),
            ("identifier", "token"),
        ],
    ),
    (
        "DiagnosticReport",
        &[
            ("_id", "token"),
            ("_lastUpdated", "date"),
            ("patient", "token"),
            ("status", "token"),
            ("issued", "date"),
            ("based-on", "reference"),
            ("identifier", "token"),
        ],
    ),
];

type Who = Result<Caller, ApiError>;

pub(super) async fn tasks(State(door): State<Door>, caller: Who, RawQuery(query): RawQuery) -> Response {
    search(door, caller, Kind::Task, query).await
}

pub(super) async fn requests(State(door): State<Door>, caller: Who, RawQuery(query): RawQuery) -> Response {
    search(door, caller, Kind::ServiceRequest, query).await
}

pub(super) async fn reports(State(door): State<Door>, caller: Who, RawQuery(query): RawQuery) -> Response {
    search(door, caller, Kind::DiagnosticReport, query).await
}

pub(super) async fn task(State(door): State<Door>, caller: Who, Path(id): Path<String>) -> Response {
    read(&door, caller, Kind::Task, &id).await
}

pub(super) async fn request(State(door): State<Door>, caller: Who, Path(id): Path<String>) -> Response {
    read(&door, caller, Kind::ServiceRequest, &id).await
}

pub(super) async fn report(State(door): State<Door>, caller: Who, Path(id): Path<String>) -> Response {
    read(&door, caller, Kind::DiagnosticReport, &id).await
}

async fn read(door: &Door, caller: Who, kind: Kind, id: &str) -> Response {
    found(door, caller, kind, id).await.map_or_else(fault, |told| resource(StatusCode::OK, &told))
}

async fn found(door: &Door, caller: Who, kind: Kind, id: &str) -> Result<Value, ApiError> {
    let caller = caller?;
    caller.may(Action::ListStudies)?;
    let row = match kind {
        Kind::Task | Kind::ServiceRequest => {
            let name: Id128 = id.parse().map_err(|_| ApiError::NotFound)?;
            door.cases.case(&name).filter(|whole| told::id(whole, None) == id).map(|whole| Row::of(whole, None))
        }
        Kind::DiagnosticReport => {
            let rows = door.cases.all().into_iter().flat_map(|whole| rows(kind, whole));
            rows.into_iter().find(|row| row.id == id)
        }
    };
    let row = row.ok_or(ApiError::NotFound)?;
    row.opened(door, &caller).await?;
    Ok(row.told(door, kind))
}

async fn search(door: Door, caller: Who, kind: Kind, query: Option<String>) -> Response {
    let query = query.unwrap_or_default();
    bundle(door, caller, kind, &query).await.map_or_else(fault, |told| resource(StatusCode::OK, &told))
}

async fn bundle(door: Door, caller: Who, kind: Kind, query: &str) -> Result<Value, ApiError> {
    let caller = caller?;
    caller.may(Action::ListStudies)?;
    let asked = Asked::read(kind, query)?;
    let reading = door.cases.clone();
    let found = door.tasks.spawn_blocking("cases by FHIR", move || {
        let all = reading.all().into_iter().flat_map(|whole| rows(kind, whole));
        let mut found: Vec<Row> = all.filter(|row| asked.fits(row, kind)).collect();
        found.sort_by_cached_key(Row::place);
        let from = found.partition_point(|row| asked.after.as_ref().is_some_and(|after| row.place() <= *after));
        let rest = found.get(from..).unwrap_or_default();
        let count = rest.len().min(asked.count);
        let next = rest.get(..count).and_then(<[Row]>::last).filter(|_| rest.len() > count);
        let next = next.map(|row| (AFTER, row.place()));
        (found.drain(from..from + count).collect::<Vec<_>>(), next)
    });
    let (shown, next) = found.await.map_err(|_| ApiError::NotRunning)?;
    for row in &shown {
        row.opened(&door, &caller).await?;
    }
    let told = shown.iter().map(|row| row.told(&door, kind)).collect();
    Ok(page(&door, kind.word(), query, next, told))
}

/// A case, or a report of one.
struct Row {
    whole: Arc<Whole>,
    /// Which of the case's reports.
    report: Option<usize>,
    id: String,
    /// When it began: it does not change.
    at: Timestamp,
}

fn rows(kind: Kind, whole: Arc<Whole>) -> Vec<Row> {
    match kind {
        Kind::Task | Kind::ServiceRequest => vec![Row::of(whole, None)],
        Kind::DiagnosticReport => {
            (0..whole.state.reports.len()).map(|report| Row::of(whole.clone(), Some(report))).collect()
        }
    }
}

impl Row {
    fn of(whole: Arc<Whole>, report: Option<usize>) -> Self {
        let reported = report.and_then(|at| whole.state.reports.get(at));
        let (id, at) = (told::id(&whole, reported), reported.map_or(whole.requested, |reported| reported.at));
        Self { whole, report, id, at }
    }

    /// Before a report is shown: by whom it was opened.
    async fn opened(&self, door: &Door, caller: &Caller) -> Result<(), ApiError> {
        let Some(reported) = self.reported() else { return Ok(()) };
        Ok(door.cases.opened(&self.whole, &[reported.event], Way::Screen, caller.0.actor()).await?)
    }

    fn reported(&self) -> Option<&Reported> {
        self.report.and_then(|at| self.whole.state.reports.get(at))
    }

    /// Newest first.
    fn place(&self) -> String {
        format!("{:016x}{}", u64::MAX - self.at.0, self.id)
    }

    fn told(&self, door: &Door, kind: Kind) -> Value {
        match (kind, self.reported()) {
            (Kind::Task, _) => told::task(door, &self.whole),
            (Kind::DiagnosticReport, Some(reported)) => told::report(door, &self.whole, reported),
            (Kind::ServiceRequest | Kind::DiagnosticReport, _) => told::request(door, &self.whole),
        }
    }

    fn status(&self, kind: Kind) -> &'static str {
        match (kind, self.reported()) {
            (Kind::Task, _) => told::task_status(&self.whole),
            (Kind::DiagnosticReport, Some(reported)) => told::report_status(&self.whole, reported),
            (Kind::ServiceRequest | Kind::DiagnosticReport, _) => told::request_status(&self.whole),
        }
    }
}

/// Conditions of a search: of those named, each must be met by one of its values.
#[derive(Debug, Default)]
struct Asked {
    count: usize,
    after: Option<String>,
    ids: Vec<String>,
    /// Issuer, where given, and ID.
    patient: Option<(Option<String>, String)>,
    statuses: Vec<String>,
    priorities: Vec<String>,
    /// Ids of the cases.
    cases: Vec<String>,
    /// Case, event or accession number.
    identifiers: Vec<String>,
    changed: Dates,
    began: Dates,
}

impl Asked {
    fn read(kind: Kind, query: &str) -> Result<Self, ApiError> {
        let known = PARAMETERS.iter().find(|(word, _)| *word == kind.word()).map_or(&[][..], |(_, known)| *known);
        let mut asked = Self { count: PAGE, ..Self::default() };
        for (name, value) in conditions(query)? {
            let name = name.strip_suffix(":identifier").unwrap_or(&name);
            let codes = || value.split(',').map(|value| code(value).to_owned());
            match name {
                "_count" => asked.count = count(&value)?,
                AFTER => asked.after = Some(value),
                "_format" => {}
                _ if !known.iter().any(|(known, _)| *known == name) => return Err(ApiError::Bad("no such condition")),
                "_id" => asked.ids.extend(codes()),
                "_lastUpdated" => asked.changed.narrow(&value)?,
                "authored-on" | "authored" | "issued" => asked.began.narrow(&value)?,
                "patient" => asked.patient = Some(patient(&value)?),
                "status" => asked.statuses.extend(codes()),
                "priority" => asked.priorities.extend(codes()),
                // `ServiceRequest/ID`, an address that ends so, or the ID alone.
                "based-on" | "focus" => {
                    asked.cases.extend(value.split(',').filter_map(|one| one.rsplit('/').next()).map(str::to_owned));
                }
                "identifier" => asked.identifiers.extend(codes()),
                _ => return Err(ApiError::Bad("no such condition")),
            }
        }
        Ok(asked)
    }

    fn fits(&self, row: &Row, kind: Kind) -> bool {
        let one_of = |wanted: &[String], is: &str| wanted.is_empty() || wanted.iter().any(|one| one == is);
        let whole = &row.whole;
        let (ask, name) = (&whole.state.ask, whole.name().to_string());
        let is_patient = |(issuer, id): &(Option<String>, String)| {
            ask.patient.id == *id && issuer.as_ref().is_none_or(|issuer| ask.patient.issuer == *issuer)
        };
        self.patient.as_ref().is_none_or(is_patient)
            && one_of(&self.ids, &row.id)
            && one_of(&self.statuses, row.status(kind))
            && one_of(&self.priorities, told::priority(priority_word(ask.priority)))
            && one_of(&self.cases, &name)
            && (self.identifiers.is_empty()
                || [row.id.as_str(), &name, &ask.accession.0]
                    .iter()
                    .any(|is| !is.is_empty() && self.identifiers.iter().any(|one| one == is)))
            && self.changed.hold(whole.changed)
            && self.began.hold(row.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_resource_knows_its_conditions_and_refuses_others() {
        let asked =
            Asked::read(Kind::Task, "status=ready,http%3A%2F%2Fx%7Crequested&patient=CHN%7C1&_count=3").unwrap();
        assert_eq!(asked.statuses, ["ready", "requested"]);
        assert_eq!((asked.patient, asked.count), (Some((Some("CHN".to_owned()), "1".to_owned())), 3));
        let asked = Asked::read(Kind::DiagnosticReport, "based-on=http://x/fhir/ServiceRequest/ab,cd").unwrap();
        assert_eq!(asked.cases, ["ab", "cd"]);
        for (kind, wrong) in [
            (Kind::Task, "issued=2026-11-01"),
            (Kind::ServiceRequest, "based-on=x"),
            (Kind::DiagnosticReport, "priority=stat"),
            (Kind::Task, "patient=*"),
            (Kind::Task, "_lastUpdated=yesterday"),
            (Kind::Task, "colour=blue"),
        ] {
            assert!(Asked::read(kind, wrong).is_err(), "{wrong}");
        }
    }
}
