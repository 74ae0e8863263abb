//! One event as a FHIR R4 AuditEvent, shaped after IHE BALP: the same codes as the DICOM audit message of the event.
//!
//! # Not here
//! Search and paging: the portal's door. Addresses of those who acted: events do not hold them. Names of patients: events
//! never hold them.

use super::message::{Source, Study, kind, time};
use crate::audit::{Act, Event, Outcome};
use serde_json::{Value, json};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const OWN: &str = "urn:confrere:act";
const OBJECT_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";

fn coding(system: &str, code: &str, display: &str) -> Value {
    json!({ "system": system, "code": code, "display": display })
}

/// The code of the outcome (audit-event-outcome): as in the DICOM message.
pub(crate) const fn outcome_code(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "0",
        Outcome::Refused(_) => "4",
        Outcome::Failed => "8",
    }
}

/// The codes by which an event is found: event, kind, our own word; and the action.
pub(crate) fn codes(act: Act) -> (Vec<&'static str>, char) {
    let ((event, _), action, detail) = kind(act);
    (std::iter::once(event).chain(detail.map(|(code, _)| code)).chain([act.word()]).collect(), action)
}

/// The resource.
pub(crate) fn audit_event(source: &Source<'_>, number: u64, event: &Event, study: Option<&Study>) -> Value {
    let ((code, meaning), action, detail) = kind(event.act);
    let own = coding(OWN, event.act.word(), event.act.word());
    let subtype: Vec<Value> =
        detail.map(|(code, meaning)| coding(DCM, code, meaning)).into_iter().chain([own]).collect();
    json!({
        "resourceType": "AuditEvent",
        "id": number.to_string(),
        "type": coding(DCM, code, meaning),
        "subtype": subtype,
        "action": action.to_string(),
        "recorded": time(event.at),
        "outcome": outcome_code(event.outcome),
        "outcomeDesc": event.outcome.reason().unwrap_or_else(|| event.outcome.word()),
        "agent": agents(source, event),
        "source": {
            "site": source.site,
            "observer": { "identifier": { "value": source.key }, "display": source.site },
            "type": [coding("http://terminology.hl7.org/CodeSystem/security-source-type", "4", "Application Server")],
        },
        "entity": entities(source, number, event, study),
    })
}

/// Who acted, the node, and the other site where there is one.
fn agents(source: &Source<'_>, event: &Event) -> Vec<Value> {
    let actor = &event.actor;
    let person = if actor.person.is_empty() { "unknown" } else { actor.person.as_str() };
    let site = actor.site.map_or_else(|| source.key.to_owned(), |site| site.to_string());
    let mut who = json!({
        "type": { "coding": [coding("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP", "information recipient")] },
        "who": { "identifier": { "system": format!("urn:confrere:site:{site}"), "value": person } },
        "name": person,
        "requestor": true,
    });
    if !actor.role.is_empty()
        && let Some(fields) = who.as_object_mut()
    {
        let role = coding("urn:confrere:role", &actor.role, &actor.role);
        fields.insert("role".to_owned(), json!([{ "coding": [role] }]));
    }
    if let Some((from, fields)) = actor.from.as_ref().zip(who.as_object_mut()) {
        // 2: an IP address.
        fields.insert("network".to_owned(), json!({ "address": from.address.to_string(), "type": "2" }));
        if !from.title.is_empty() {
            fields.insert("altId".to_owned(), json!(from.title));
        }
    }
    let system = |key: &str, code: &str, meaning: &str| {
        json!({
            "type": { "coding": [coding(DCM, code, meaning)] },
            "who": { "identifier": { "value": key } },
            "requestor": false,
        })
    };
    let mut agents = vec![who, system(source.key, "110153", "Source Role ID")];
    if let Some(peer) = event.peer.filter(|peer| Some(*peer) != actor.site) {
        agents.push(system(&peer.to_string(), "110152", "Destination Role ID"));
    }
    agents
}

fn entities(source: &Source<'_>, number: u64, event: &Event, study: Option<&Study>) -> Vec<Value> {
    let mut entities = Vec::new();
    if let Some(uid) = &event.study {
        let accession =
            study.and_then(|study| study.accession.as_deref()).map(|accession| ("accession", accession.to_owned()));
        let mut entity = json!({
            "what": { "identifier": { "system": "urn:dicom:uid", "value": format!("urn:oid:{uid}") } },
            "type": coding(OBJECT_TYPE, "2", "System Object"),
            "role": coding(OBJECT_ROLE, "3", "Report"),
        });
        with_detail(&mut entity, accession);
        entities.push(entity);
        if let Some(patient) = study.and_then(|study| study.patient_id.as_deref()) {
            entities.push(json!({
                "what": { "identifier": { "value": patient } },
                "type": coding(OBJECT_TYPE, "1", "Person"),
                "role": coding(OBJECT_ROLE, "1", "Patient"),
            }));
        }
    }
    let mut entry = json!({
        "what": { "identifier": { "system": "urn:confrere:log", "value": format!("{}/{number}", source.key) } },
        "type": coding(OBJECT_TYPE, "2", "System Object"),
        "role": coding(OBJECT_ROLE, "13", "Security Resource"),
    });
    if event.act == Act::StudiesQueried
        && let Some(fields) = entry.as_object_mut()
    {
        fields.insert("role".to_owned(), coding(OBJECT_ROLE, "24", "Query"));
        fields.insert("query".to_owned(), json!(data_encoding::BASE64.encode(event.note.as_bytes())));
    }
    let amount = |n: u64| if n == 0 { String::new() } else { n.to_string() };
    with_detail(
        &mut entry,
        [
            ("note", event.note.clone()),
            ("basis", event.basis.map(|basis| basis.to_string()).unwrap_or_default()),
            ("instances", amount(event.instances)),
            ("bytes", amount(event.bytes)),
        ],
    );
    entities.push(entry);
    entities
}

/// Details that say something; FHIR knows no empty text and no empty list.
fn with_detail(entity: &mut Value, details: impl IntoIterator<Item = (&'static str, String)>) {
    let told = details.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let told: Vec<Value> = told.map(|(kind, value)| json!({ "type": kind, "valueString": value })).collect();
    if !told.is_empty()
        && let Some(fields) = entity.as_object_mut()
    {
        fields.insert("detail".to_owned(), Value::Array(told));
    }
}
