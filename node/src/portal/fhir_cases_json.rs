//! What a case is in FHIR R4: the request as ServiceRequest, its fulfilment as Task, each signed report as DiagnosticReport.
//!
//! Patients, people and studies are named by their identifiers: there are no Patient, Practitioner or ImagingStudy resources
//! here to point at. Nothing empty is told: FHIR knows no empty text and no empty list.
//!
//! # Not here
//! Search and paging: [`super::fhir_cases`].

use super::Door;
use crate::cases::{Whole, kind_word, priority_word, stage_word, standing_word};
use protocol::{
    SiteId, Timestamp, Uid,
    case::{
        event::{Kind as Asked, Standing},
        state::{Reported, Stage},
    },
};
use serde_json::{Value, json};

const LOINC: &str = "http://loinc.org";

/// Kinds of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Task,
    ServiceRequest,
    DiagnosticReport,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::ServiceRequest => "ServiceRequest",
            Self::DiagnosticReport => "DiagnosticReport",
        }
    }
}

/// Of a case, its name; of a report, the digest of the event that reported.
pub(super) fn id(whole: &Whole, reported: Option<&Reported>) -> String {
    reported.map_or_else(|| whole.name().to_string(), |reported| reported.event.to_string())
}

/// To the millisecond, so that texts are in the order of times.
fn instant(at: Timestamp) -> String {
    let at = i64::try_from(at.0).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(String::new, |at| format!("{at:.3}"))
}

/// Without what is empty.
fn full(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.trim().is_empty()).then_some(Value::String(text)),
        Value::Array(list) => {
            let kept: Vec<Value> = list.into_iter().filter_map(full).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Object(fields) => {
            let kept: serde_json::Map<String, Value> =
                fields.into_iter().filter_map(|(name, value)| Some((name, full(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        other => Some(other),
    }
}

/// In the order of FHIR's request-priority: P0 is the most urgent here, `stat` there.
pub(super) fn priority(word: &str) -> &'static str {
    match word {
        "P0" => "stat",
        "P1" => "asap",
        "P2" => "urgent",
        _ => "routine",
    }
}

fn has_final(whole: &Whole) -> bool {
    whole.state.reports.iter().any(|one| one.report.standing == Standing::Final)
}

pub(super) fn task_status(whole: &Whole) -> &'static str {
    let state = &whole.state;
    match state.stage {
        Stage::Cancelled => "cancelled",
        Stage::Unserved => "failed",
        Stage::Closed => "completed",
        _ if state.on_hold => "on-hold",
        Stage::Requested => "requested",
        Stage::Offered => "received",
        _ if state.claim.is_some() => "in-progress",
        Stage::Accepted | Stage::Acquired | Stage::Complemented => "accepted",
        Stage::ImagesReady => "ready",
        Stage::Reading | Stage::Preliminary | Stage::Reopened => "in-progress",
        Stage::Final | Stage::Delivered | Stage::Acknowledged => "completed",
    }
}

pub(super) fn request_status(whole: &Whole) -> &'static str {
    match whole.state.stage {
        Stage::Cancelled | Stage::Unserved => "revoked",
        Stage::Closed => "completed",
        _ if has_final(whole) => "completed",
        _ if whole.state.on_hold => "on-hold",
        _ => "active",
    }
}

/// Of two final ones that stand side by side the later amends; an addendum is one of its own.
pub(super) fn report_status(whole: &Whole, reported: &Reported) -> &'static str {
    let finals = |one: &&Reported| one.report.standing == Standing::Final;
    match reported.report.standing {
        Standing::Preliminary => "preliminary",
        Standing::Addendum => "appended",
        Standing::SecondReading => "final",
        Standing::Final => {
            let first = whole.state.reports.iter().find(finals).map(|one| one.event);
            if first == Some(reported.event) { "final" } else { "amended" }
        }
    }
}

fn text(text: &str) -> Value {
    json!({ "text": text })
}

fn subject(whole: &Whole) -> Value {
    let patient = &whole.state.ask.patient;
    let name = patient.name.split('=').next().unwrap_or_default();
    let name = name.split('^').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    json!({
        "type": "Patient",
        "identifier": { "value": patient.id, "assigner": { "display": patient.issuer } },
        "display": name,
    })
}

fn site(door: &Door, site: &SiteId) -> Value {
    json!({
        "type": "Organization",
        "identifier": { "system": "urn:confrere:site", "value": site.to_string() },
        "display": door.site_name(site),
    })
}

/// An account is known by its site: the same system as in AuditEvent.
fn person(site: &SiteId, name: &str) -> Value {
    if name.is_empty() {
        return Value::Null;
    }
    json!({
        "type": "Practitioner",
        "identifier": { "system": format!("urn:confrere:site:{site}"), "value": name },
        "display": name,
    })
}

fn study(study: &Uid) -> Value {
    let identifier = json!({ "system": "urn:dicom:uid", "value": format!("urn:oid:{study}") });
    json!({ "type": "ImagingStudy", "identifier": identifier })
}

fn accession(whole: &Whole) -> Value {
    let (number, issuer) = &whole.state.ask.accession;
    if number.is_empty() {
        return Value::Null;
    }
    let kind =
        json!({ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN", "display": "Accession ID" });
    json!({ "type": { "coding": [kind] }, "value": number, "assigner": { "display": issuer } })
}

fn case(whole: &Whole) -> Value {
    json!({ "system": "urn:confrere:case", "value": whole.name().to_string() })
}

fn code(whole: &Whole) -> Value {
    let ask = &whole.state.ask;
    let named = [kind_word(ask.kind), &ask.modality, &ask.region];
    let said = named.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    json!({ "coding": [{ "system": "urn:confrere:kind", "code": kind_word(ask.kind) }], "text": said })
}

fn made(value: Value) -> Value {
    full(value).unwrap_or_default()
}

pub(super) fn request(door: &Door, whole: &Whole) -> Value {
    let (state, ask) = (&whole.state, &whole.state.ask);
    let note = |said: &str| if said.is_empty() { Value::Null } else { text(said) };
    made(json!({
        "resourceType": "ServiceRequest",
        "id": id(whole, None),
        "meta": { "lastUpdated": instant(whole.changed) },
        "identifier": [case(whole), accession(whole)],
        "status": request_status(whole),
        "intent": "order",
        "category": [{ "coding": [{ "system": "http://snomed.info/sct", "code": "363679005", "display": "Imaging" }] }],
        "priority": priority(priority_word(ask.priority)),
        "code": code(whole),
        "subject": subject(whole),
        "authoredOn": instant(whole.requested),
        "requester": site(door, &state.requester.0),
        "performer": state.reader.map(|reader| site(door, &reader)).into_iter().collect::<Vec<_>>(),
        "reasonCode": [text(&ask.question)],
        "bodySite": [text(&ask.region)],
        "supportingInfo": ask.studies.iter().map(study).collect::<Vec<_>>(),
        "note": [note(&ask.context), note(&ask.contraindications), note(&ask.priors), note(&ask.justification)],
    }))
}

pub(super) fn task(door: &Door, whole: &Whole) -> Value {
    let (state, ask) = (&whole.state, &whole.state.ask);
    let request = json!({ "reference": format!("ServiceRequest/{}", whole.name()) });
    let owner = state.owner();
    let holder = owner.person.as_deref().map_or(Value::Null, |name| person(&owner.site, name));
    let output = |reported: &Reported| {
        json!({
            "type": { "coding": [{ "system": LOINC, "code": "18748-4", "display": "Diagnostic imaging study" }] },
            "valueReference": { "reference": format!("DiagnosticReport/{}", reported.event) },
        })
    };
    made(json!({
        "resourceType": "Task",
        "id": id(whole, None),
        "meta": { "lastUpdated": instant(whole.changed) },
        "identifier": [case(whole)],
        "basedOn": [request.clone()],
        "status": task_status(whole),
        "businessStatus": text(stage_word(state.stage)),
        "intent": "order",
        "priority": priority(priority_word(ask.priority)),
        "code": code(whole),
        "focus": request,
        "for": subject(whole),
        "authoredOn": instant(whole.requested),
        "lastModified": instant(whole.changed),
        "requester": site(door, &state.requester.0),
        // Who has it; else the site that has to see to it.
        "owner": if holder.is_null() { site(door, &owner.site) } else { holder },
        "reasonCode": text(&ask.question),
        "output": state.reports.iter().map(output).collect::<Vec<_>>(),
    }))
}

pub(super) fn report(door: &Door, whole: &Whole, reported: &Reported) -> Value {
    let (ask, report, event) = (&whole.state.ask, &reported.report, reported.event);
    let read: Vec<&Uid> = report.read.iter().map(|(study, _)| study).collect();
    let studies = if read.is_empty() { ask.studies.iter().collect() } else { read };
    let category =
        json!({ "system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD", "display": "Radiology" });
    let (loinc, meaning) = match ask.kind {
        Asked::Diagnosis => ("18748-4", "Diagnostic imaging study"),
        Asked::Expertise => ("11488-4", "Consult note"),
    };
    made(json!({
        "resourceType": "DiagnosticReport",
        "id": id(whole, Some(reported)),
        "meta": { "lastUpdated": instant(whole.changed) },
        "language": report.language,
        "identifier": [{ "system": "urn:confrere:report", "value": event.to_string() }, accession(whole)],
        "basedOn": [{ "reference": format!("ServiceRequest/{}", whole.name()) }],
        "status": report_status(whole, reported),
        "category": [{ "coding": [category] }],
        "code": { "coding": [{ "system": LOINC, "code": loinc, "display": meaning }], "text": standing_word(report.standing) },
        "subject": subject(whole),
        "issued": instant(reported.at),
        "performer": [site(door, &reported.site)],
        "resultsInterpreter": [person(&reported.site, &reported.person)],
        "imagingStudy": studies.into_iter().map(study).collect::<Vec<_>>(),
        "conclusion": report.conclusion,
        "presentedForm": [{
            "contentType": "application/pdf",
            "language": report.language,
            "url": format!("{}/api/cases/{}/reports/{event}/pdf", door.config.portal_url(door.bound.portal), whole.name()),
            "creation": instant(reported.at),
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_empty_is_told() {
        let told = full(json!({ "a": "", "b": [null, "x", { "c": [] }], "d": { "e": { "f": " " } }, "g": 0 }));
        assert_eq!(told, Some(json!({ "b": ["x"], "g": 0 })));
        assert_eq!(["P0", "P1", "P2", "P3"].map(priority), ["stat", "asap", "urgent", "routine"]);
    }
}
