//! The access log as FHIR: AuditEvent of R4, read and search (IHE ATNA RESTful query, ITI-81, shaped after BALP).
//!
//! A search looks through a bounded part of the log, newest first; where more may be found, its `next` link goes on from
//! there. Who may read the log may ask; reading is written into the log, a page that follows another is part of its reading.
//!
//! # Not here
//! What an event is in FHIR: `collect::fhir`. Cases and reports: [`super::fhir_cases`].

use super::{
    Door,
    error::ApiError,
    fhir_cases,
    fhir_search::{Dates, PAGE, code, conditions, count, patient},
    signin::Caller,
};
use crate::{
    archive::StudyQuery,
    audit::{Act, Event, Filter},
    collect::{Source, audit_event, codes, outcome_code, study_of},
    trust::Action,
};
use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use protocol::Uid;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::form_urlencoded;

/// Entries of the log that one search looks through.
const LOOK_MAX: usize = 20_000;
/// Entries read at a time.
const STEP: usize = 500;
/// Studies of one patient at most.
const STUDIES_MAX: usize = 200;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/metadata", get(metadata))
        .route("/AuditEvent", get(search))
        .route("/AuditEvent/{id}", get(read))
        .route("/Task", get(fhir_cases::tasks))
        .route("/Task/{id}", get(fhir_cases::task))
        .route("/ServiceRequest", get(fhir_cases::requests))
        .route("/ServiceRequest/{id}", get(fhir_cases::request))
        .route("/DiagnosticReport", get(fhir_cases::reports))
        .route("/DiagnosticReport/{id}", get(fhir_cases::report))
}

/// An answer of this door.
pub(super) fn resource(status: StatusCode, body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/fhir+json; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}

/// A fault as OperationOutcome. What else the answer carries (for the log, for a retry) stays.
pub(super) fn fault(error: ApiError) -> Response {
    let code = match error.word() {
        "not-signed-in" => "login",
        "role" => "forbidden",
        "not-found" => "not-found",
        "malformed" => "invalid",
        _ => "exception",
    };
    let told = json!({
        "resourceType": "OperationOutcome",
        "issue": [{ "severity": "error", "code": code, "diagnostics": error.to_string() }],
    });
    let (mut parts, _) = error.into_response().into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/fhir+json; charset=utf-8"));
    Response::from_parts(parts, told.to_string().into())
}

/// What this door can do. For everybody, as FHIR asks.
pub(super) async fn metadata(State(door): State<Door>) -> Response {
    let of = |(kind, parameters): (&str, &[(&str, &str)])| {
        let told: Vec<Value> = parameters.iter().map(|(name, kind)| json!({ "name": name, "type": kind })).collect();
        json!({
            "type": kind,
            "interaction": [{ "code": "read" }, { "code": "search-type" }],
            "searchParam": told,
        })
    };
    let log = [
        ("date", "date"),
        ("patient", "token"),
        ("agent", "string"),
        ("entity", "token"),
        ("action", "token"),
        ("type", "token"),
        ("outcome", "token"),
    ];
    let resources: Vec<Value> =
        std::iter::once(("AuditEvent", &log[..])).chain(fhir_cases::PARAMETERS).map(of).collect();
    let told = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-29",
        "kind": "instance",
        "software": { "name": "Confrere", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": door.config.site.name },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "resource": resources,
        }],
    });
    std::future::ready(resource(StatusCode::OK, &told)).await
}

pub(super) async fn read(
    State(door): State<Door>,
    caller: Result<Caller, ApiError>,
    Path(id): Path<String>,
) -> Response {
    one(&door, caller, &id).await.map_or_else(fault, |told| resource(StatusCode::OK, &told))
}

async fn one(door: &Door, caller: Result<Caller, ApiError>, id: &str) -> Result<Value, ApiError> {
    let caller = caller?;
    caller.may(Action::ReadLog)?;
    let number: u64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let above = number.checked_add(1).ok_or(ApiError::NotFound)?;
    door.audit.record(Event::new(Act::LogRead, caller.0.actor()).note("by FHIR")).await?;
    let reading = door.clone();
    let found = door.tasks.spawn_blocking("one event by FHIR", move || {
        let filter = Filter { before: Some(above), limit: 1, ..Filter::default() };
        let event = reading.audit.page(&filter).into_iter().find(|(found, _)| *found == number);
        event.map(|(number, event)| told(&reading, number, &event))
    });
    found.await.map_err(|_| ApiError::Bad("stopping"))?.ok_or(ApiError::NotFound)
}

fn told(door: &Door, number: u64, event: &Event) -> Value {
    let key = door.identity.site().to_string();
    let source = Source { site: &door.config.site.name, key: &key };
    let study = event.study.as_ref().and_then(|study| study_of(&door.archive, study));
    audit_event(&source, number, event, study.as_ref())
}

pub(super) async fn search(
    State(door): State<Door>,
    caller: Result<Caller, ApiError>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    bundle(&door, caller, &query).await.map_or_else(fault, |told| resource(StatusCode::OK, &told))
}

async fn bundle(door: &Door, caller: Result<Caller, ApiError>, query: &str) -> Result<Value, ApiError> {
    let caller = caller?;
    caller.may(Action::ReadLog)?;
    let mut asked = Asked::read(query)?;
    if asked.before.is_none() {
        let event = Event::new(Act::LogRead, caller.0.actor()).note("by FHIR");
        door.audit.record(event).await?;
    }
    let (reading, patient) = (door.clone(), asked.patient.take());
    let found = door.tasks.spawn_blocking("events by FHIR", move || {
        if let Some((issuer, id)) = patient {
            asked.studies = Some(studies_of(&reading, issuer, id)?);
        }
        let (found, next) = look(&reading, &asked);
        let entries: Vec<Value> = found.iter().map(|(number, event)| told(&reading, *number, event)).collect();
        Ok::<_, ApiError>((entries, next, asked.studies.unwrap_or_default()))
    });
    let (entries, next, studies) = found.await.map_err(|_| ApiError::Bad("stopping"))??;
    if asked_first(query) {
        // A patient's access list is read under each of the patient's studies.
        for study in &studies {
            let event = Event::new(Act::LogRead, caller.0.actor()).study(study).note("the access list of a patient");
            door.audit.record(event).await?;
        }
    }
    let next = next.map(|before| (BEFORE, before.to_string()));
    Ok(page(door, "AuditEvent", query, next, entries))
}

/// A page of a search; `next`: where the page that follows begins, by the parameter that says so.
pub(super) fn page(
    door: &Door,
    kind: &str,
    query: &str,
    next: Option<(&'static str, String)>,
    found: Vec<Value>,
) -> Value {
    let mut links = vec![json!({ "relation": "self", "url": address(door, kind, query) })];
    if let Some((parameter, place)) = next {
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != parameter);
        let following =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).append_pair(parameter, &place).finish();
        links.push(json!({ "relation": "next", "url": address(door, kind, &following) }));
    }
    let entries: Vec<Value> = found
        .into_iter()
        .map(|resource| {
            let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
            let url = format!("{}/{id}", address(door, kind, ""));
            json!({ "fullUrl": url, "resource": resource, "search": { "mode": "match" } })
        })
        .collect();
    let mut told = json!({ "resourceType": "Bundle", "type": "searchset", "link": links });
    if !entries.is_empty()
        && let Some(fields) = told.as_object_mut()
    {
        fields.insert("entry".to_owned(), Value::Array(entries));
    }
    told
}

/// Where the pages that follow begin; our own.
const BEFORE: &str = "_before";

fn asked_first(query: &str) -> bool {
    !form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == BEFORE)
}

fn address(door: &Door, kind: &str, query: &str) -> String {
    let place = format!("{}/fhir/{kind}", door.config.portal_url(door.bound.portal));
    if query.is_empty() { place } else { format!("{place}?{query}") }
}

/// The studies of one patient that are here.
fn studies_of(door: &Door, issuer: Option<String>, id: String) -> Result<BTreeSet<Uid>, ApiError> {
    let query = StudyQuery { patient_id: Some(id.clone()), issuer, ..StudyQuery::default() };
    let rows = door.archive.studies(&query, 0, STUDIES_MAX)?;
    Ok(rows.into_iter().filter(|row| row.patient.id.as_deref() == Some(id.as_str())).map(|row| row.study).collect())
}

/// What matches, and where to go on if there may be more.
fn look(door: &Door, asked: &Asked) -> (Vec<(u64, Event)>, Option<u64>) {
    let mut found = Vec::new();
    let (mut before, mut looked) = (asked.before, 0);
    while looked < LOOK_MAX {
        let page = door.audit.page(&Filter { before, study: asked.study.clone(), limit: STEP, ..Filter::default() });
        let is_last = page.len() < STEP;
        for (number, event) in page {
            looked += 1;
            before = Some(number);
            if asked.is_over(&event) {
                return (found, None);
            }
            if !asked.fits(&event) {
                continue;
            }
            if found.len() >= asked.count {
                // The one that comes first on the page that follows.
                return (found, number.checked_add(1));
            }
            found.push((number, event));
        }
        if is_last {
            return (found, None);
        }
    }
    (found, before)
}

/// Conditions of a search.
#[derive(Debug, Default)]
struct Asked {
    count: usize,
    before: Option<u64>,
    dates: Dates,
    /// Issuer, where given, and ID.
    patient: Option<(Option<String>, String)>,
    studies: Option<BTreeSet<Uid>>,
    agent: Option<String>,
    study: Option<Uid>,
    action: Option<String>,
    types: Vec<String>,
    outcome: Option<String>,
}

impl Asked {
    fn read(query: &str) -> Result<Self, ApiError> {
        let mut asked = Self { count: PAGE, ..Self::default() };
        for (name, value) in conditions(query)? {
            let code = code(&value).to_owned();
            match name.as_str() {
                "_count" => asked.count = count(&value)?,
                BEFORE => asked.before = Some(value.parse().map_err(|_| ApiError::Bad(BEFORE))?),
                "date" => asked.dates.narrow(&value)?,
                "patient" | "patient:identifier" => asked.patient = Some(patient(&value)?),
                "agent" | "agent:identifier" | "agent-name" => asked.agent = Some(code),
                "entity" | "entity:identifier" => {
                    let uid = code.strip_prefix("urn:oid:").unwrap_or(&code);
                    asked.study = Some(Uid::parse(uid).map_err(|_| ApiError::Bad("entity"))?);
                }
                "action" => asked.action = Some(code),
                "type" | "subtype" => asked.types.push(code),
                "outcome" => asked.outcome = Some(code),
                "_format" => {}
                _ => return Err(ApiError::Bad("no such condition")),
            }
        }
        Ok(asked)
    }

    /// Nothing older is asked for. Events are in the order of their numbers, which is nearly that of their times.
    fn is_over(&self, event: &Event) -> bool {
        const NEARLY: std::time::Duration = std::time::Duration::from_secs(3600);
        self.dates.from.is_some_and(|from| event.at.after(NEARLY) < from)
    }

    fn fits(&self, event: &Event) -> bool {
        let (codes, action) = codes(event.act);
        self.dates.hold(event.at)
            && self.studies.as_ref().is_none_or(|of| event.study.as_ref().is_some_and(|study| of.contains(study)))
            && self.agent.as_ref().is_none_or(|agent| event.actor.person.eq_ignore_ascii_case(agent))
            && self.action.as_ref().is_none_or(|wanted| *wanted == action.to_string())
            && self.types.iter().all(|wanted| codes.contains(&wanted.as_str()))
            && self.outcome.as_ref().is_none_or(|wanted| wanted == outcome_code(event.outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_others_refused() {
        let asked =
            Asked::read("date=ge2026-11-01&date=lt2026-11-02&type=http%3A%2F%2Fx%7C110103&_count=9999").unwrap();
        assert_eq!(asked.dates.until.unwrap().0 - asked.dates.from.unwrap().0, 24 * 3600 * 1000);
        assert_eq!((asked.types, asked.count), (vec!["110103".to_owned()], super::super::fhir_search::PAGE_MAX));
        for wrong in ["date=yesterday", "colour=blue", "_count=x", "patient=*", "patient=", "entity=x"] {
            assert!(Asked::read(wrong).is_err(), "{wrong}");
        }
    }
}
