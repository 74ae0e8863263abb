//! The access log as FHIR: AuditEvent of R4, read and search (IHE ATNA RESTful query, ITI-81, shaped after BALP).
//!
//! A search looks through a bounded part of the log, newest first; where more may be found, its `next` link goes on from
//! there. Who may read the log may ask; reading is written into the log, a page that follows another is part of its reading.
//!
//! # Not here
//! What an event is in FHIR: `collect::fhir`. Other resources.

use super::{Door, error::ApiError, signin::Caller};
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
use protocol::{Timestamp, Uid};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use url::form_urlencoded;

/// Events in one page at most.
const PAGE_MAX: usize = 200;
const PAGE: usize = 50;
/// Entries of the log that one search looks through.
const LOOK_MAX: usize = 20_000;
/// Entries read at a time.
const STEP: usize = 500;
/// Studies of one patient at most.
const STUDIES_MAX: usize = 200;
/// Conditions of one search.
const CONDITIONS_MAX: usize = 32;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/metadata", get(metadata))
        .route("/AuditEvent", get(search))
        .route("/AuditEvent/{id}", get(read))
}

/// An answer of this door.
fn resource(status: StatusCode, body: &Value) -> Response {
    let kind = HeaderValue::from_static("application/fhir+json; charset=utf-8");
    (status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response()
}

/// A fault as OperationOutcome. What else the answer carries (for the log, for a retry) stays.
fn fault(error: ApiError) -> Response {
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
    let parameter = |(name, kind): (&str, &str)| json!({ "name": name, "type": kind });
    let parameters: Vec<Value> = [
        ("date", "date"),
        ("patient", "token"),
        ("agent", "string"),
        ("entity", "token"),
        ("action", "token"),
        ("type", "token"),
        ("outcome", "token"),
    ]
    .into_iter()
    .map(parameter)
    .collect();
    let told = json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-28",
        "kind": "instance",
        "software": { "name": "Confrere", "version": env!("CARGO_PKG_VERSION") },
        "implementation": { "description": door.config.site.name },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "resource": [{
                "type": "AuditEvent",
                "interaction": [{ "code": "read" }, { "code": "search-type" }],
                "searchParam": parameters,
            }],
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
    let mut links = vec![json!({ "relation": "self", "url": address(door, query) })];
    if let Some(before) = next {
        let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != BEFORE);
        let following = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair(BEFORE, &before.to_string())
            .finish();
        links.push(json!({ "relation": "next", "url": address(door, &following) }));
    }
    let entries: Vec<Value> = entries
        .into_iter()
        .map(|resource| {
            let url =
                format!("{}/{}", address(door, ""), resource.get("id").and_then(Value::as_str).unwrap_or_default());
            json!({ "fullUrl": url, "resource": resource, "search": { "mode": "match" } })
        })
        .collect();
    let mut told = json!({ "resourceType": "Bundle", "type": "searchset", "link": links });
    if !entries.is_empty()
        && let Some(fields) = told.as_object_mut()
    {
        fields.insert("entry".to_owned(), Value::Array(entries));
    }
    Ok(told)
}

/// Where the pages that follow begin; our own.
const BEFORE: &str = "_before";

fn asked_first(query: &str) -> bool {
    !form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == BEFORE)
}

fn address(door: &Door, query: &str) -> String {
    let scheme = if door.config.portal.tls_cert.is_some() { "https" } else { "http" };
    let own = format!("{scheme}://{}", door.bound.portal);
    let base = door.config.oidc.as_ref().map_or(own, |oidc| oidc.portal_url.clone());
    let place = format!("{base}/fhir/AuditEvent");
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
    from: Option<Timestamp>,
    until: Option<Timestamp>,
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
        for (n, (name, value)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
            if n >= CONDITIONS_MAX {
                return Err(ApiError::Bad("too many conditions"));
            }
            let value = value.into_owned();
            // A token may name its system; ours are known by their codes.
            let code = value.rsplit('|').next().unwrap_or_default().to_owned();
            match name.as_ref() {
                "_count" => {
                    let count: usize = value.parse().map_err(|_| ApiError::Bad("_count"))?;
                    asked.count = count.min(PAGE_MAX);
                }
                BEFORE => asked.before = Some(value.parse().map_err(|_| ApiError::Bad(BEFORE))?),
                "date" => asked.date(&value)?,
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

    /// `ge`, `gt`, `le`, `lt`, `eq` or none, and a day or a moment.
    fn date(&mut self, value: &str) -> Result<(), ApiError> {
        let known = ["ge", "gt", "le", "lt", "eq"].into_iter().find(|prefix| value.starts_with(prefix));
        let text = known.map_or(value, |prefix| value.strip_prefix(prefix).unwrap_or(value));
        let (from, after) = span(text).ok_or(ApiError::Bad("date"))?;
        match known.unwrap_or("eq") {
            "ge" => self.from = Some(from),
            "gt" => self.from = Some(after),
            "lt" => self.until = Some(from),
            "le" => self.until = Some(after),
            _ => (self.from, self.until) = (Some(from), Some(after)),
        }
        Ok(())
    }

    /// Nothing older is asked for. Events are in the order of their numbers, which is nearly that of their times.
    fn is_over(&self, event: &Event) -> bool {
        const NEARLY: std::time::Duration = std::time::Duration::from_secs(3600);
        self.from.is_some_and(|from| event.at.after(NEARLY) < from)
    }

    fn fits(&self, event: &Event) -> bool {
        let (codes, action) = codes(event.act);
        self.from.is_none_or(|from| event.at >= from)
            && self.until.is_none_or(|until| event.at < until)
            && self.studies.as_ref().is_none_or(|of| event.study.as_ref().is_some_and(|study| of.contains(study)))
            && self.agent.as_ref().is_none_or(|agent| event.actor.person.eq_ignore_ascii_case(agent))
            && self.action.as_ref().is_none_or(|wanted| *wanted == action.to_string())
            && self.types.iter().all(|wanted| codes.contains(&wanted.as_str()))
            && self.outcome.as_ref().is_none_or(|wanted| wanted == outcome_code(event.outcome))
    }
}

/// `ISSUER|ID` or an ID alone; a wildcard would make a list of several patients.
fn patient(value: &str) -> Result<(Option<String>, String), ApiError> {
    let (issuer, id) = value.rsplit_once('|').map_or((None, value), |(issuer, id)| (Some(issuer), id));
    if id.trim().is_empty() || value.contains(['*', '?', '\\']) {
        return Err(ApiError::Bad("not the ID of one patient"));
    }
    Ok((issuer.filter(|issuer| !issuer.is_empty()).map(str::to_owned), id.to_owned()))
}

/// From when, and the first moment after it: of a day in UTC, or of a moment (a second where none smaller is said).
fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    let at = |when: jiff::Timestamp| u64::try_from(when.as_millisecond()).ok().map(Timestamp);
    if let Ok(day) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        let from = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        let after = day.tomorrow().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        return Some((at(from)?, at(after)?));
    }
    let from = at(text.parse().ok()?)?;
    let lasts = if text.contains('.') { 1 } else { 1_000 };
    Some((from, Timestamp(from.0.checked_add(lasts)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_others_refused() {
        let asked =
            Asked::read("date=ge2026-11-01&date=lt2026-11-02&type=http%3A%2F%2Fx%7C110103&_count=9999").unwrap();
        assert_eq!(asked.until.unwrap().0 - asked.from.unwrap().0, 24 * 3600 * 1000);
        assert_eq!((asked.types, asked.count), (vec!["110103".to_owned()], PAGE_MAX));
        let day = Asked::read("date=2026-11-01").unwrap();
        assert_eq!(day.until.unwrap().0 - day.from.unwrap().0, 24 * 3600 * 1000);
        assert_eq!(Asked::read("patient=CHN%7C123").unwrap().patient, Some((Some("CHN".to_owned()), "123".to_owned())));
        for wrong in
            ["date=yesterday", "colour=blue", "_count=x", "patient=*", "patient=", "entity=x", "date=ne2026-11-01"]
        {
            assert!(Asked::read(wrong).is_err(), "{wrong}");
        }
        assert!(Asked::read(&"type=1&".repeat(CONDITIONS_MAX + 1)).is_err());
    }
}
