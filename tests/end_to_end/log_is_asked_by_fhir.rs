//! The access log is asked by FHIR: what came is AuditEvent of R4 by the rules of its fields, a page leads to the next, and
//! nowhere is a patient's name.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Site, Study,
    http::{self, Ask, Response},
};

async fn ask(site: &Site, token: &str, path: &str) -> Response {
    http::ask(site.portal(), Ask::get(path).bearer(token)).await.unwrap()
}

fn is_coding(value: &Value) -> bool {
    ["system", "code", "display"].iter().all(|field| value[*field].as_str().is_some_and(|text| !text.is_empty()))
}

/// The rules of the base profile for what we send: required fields, cardinalities, bound codes, and sev-1.
fn judge(event: &Value) {
    assert_eq!(event["resourceType"], "AuditEvent");
    let id = event["id"].as_str().unwrap();
    assert!(
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)),
        "{id}"
    );
    assert!(is_coding(&event["type"]) && event["subtype"].as_array().unwrap().iter().all(is_coding), "{event}");
    assert!(["C", "R", "U", "D", "E"].contains(&event["action"].as_str().unwrap()), "{event}");
    assert!(["0", "4", "8", "12"].contains(&event["outcome"].as_str().unwrap()), "{event}");
    let recorded = event["recorded"].as_str().unwrap();
    let shape: String = recorded.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "an instant");
    let agents = event["agent"].as_array().unwrap();
    assert!(agents.iter().all(|agent| agent["requestor"].is_boolean()), "{event}");
    assert_eq!(agents.iter().filter(|agent| agent["requestor"] == true).count(), 1, "{event}");
    assert!(event["source"]["observer"]["identifier"]["value"].is_string(), "{event}");
    for entity in event["entity"].as_array().unwrap() {
        assert!(is_coding(&entity["type"]) && is_coding(&entity["role"]), "{entity}");
        assert!(entity.get("name").is_none() || entity.get("query").is_none(), "sev-1: {entity}");
        for detail in entity["detail"].as_array().into_iter().flatten() {
            assert!(detail["type"].is_string() && detail["valueString"].is_string(), "{detail}");
        }
    }
    assert!(!holds_nothing(event), "no empty text, list or object, and no null: {event}");
}

fn holds_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty() || list.iter().any(holds_nothing),
        Value::Object(fields) => fields.is_empty() || fields.values().any(holds_nothing),
        _ => false,
    }
}

fn events(bundle: &Value) -> Vec<&Value> {
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("searchset")));
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let events: Vec<&Value> = entries.map(|entry| &entry["resource"]).collect();
    events.iter().for_each(|event| judge(event));
    events
}

async fn page_by_page(site: &Site, auditor: &str) {
    // Page by page it is the same, each event once; only the first page is a reading.
    let (mut place, mut seen, mut pages) = ("/fhir/AuditEvent?_count=2&date=ge2026-01-01".to_owned(), Vec::new(), 0);
    loop {
        let bundle = ask(site, auditor, &place).await.ok().json();
        seen.extend(events(&bundle).iter().map(|event| event["id"].as_str().unwrap().parse::<u64>().unwrap()));
        pages += 1;
        let links = bundle["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        let url = next["url"].as_str().unwrap();
        place = url[url.find("/fhir").unwrap()..].to_owned();
    }
    let first = seen[0];
    assert_eq!(seen, (1..=first).rev().collect::<Vec<u64>>());
    assert!(pages > 3);
    let log = site.audit("").await;
    let readings = log.iter().filter(|entry| entry["act"] == "log-read" && entry["note"] == "by FHIR");
    let since = readings.filter(|entry| entry["number"].as_u64().unwrap() >= first).count();
    assert_eq!(since, 1, "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_answers_page_by_page() {
    let site = Site::open(SITE, "CH Nord").await;
    let (auditor, reader) = (site.new_token("dpo", "auditor"), site.new_token("reader", "radiologist"));
    let study = Study::of(2);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    let read = format!("/dicomweb/studies/{}/metadata", study.uid);
    let _ = ask(&site, &reader, &read).await.ok();
    let _ = ask(&site, &reader, "/dicomweb/studies?PatientName=X*").await.ok();

    let told = http::ask(site.portal(), Ask::get("/fhir/metadata")).await.unwrap().ok().json();
    assert_eq!((&told["resourceType"], &told["fhirVersion"]), (&json!("CapabilityStatement"), &json!("4.0.1")));
    let all = ask(&site, &auditor, "/fhir/AuditEvent?_count=200").await.ok();
    assert!(all.header("content-type").starts_with("application/fhir+json"));
    let text = all.text();
    let all = all.json();
    let all = events(&all);
    assert!(!text.contains(&study.patient_name) && all.len() > 4, "{text}");

    // Who opened the study: by its UID, by the patient, by the person, by the code.
    let uid = format!("urn:oid:{}", study.uid);
    for condition in [
        format!("entity={uid}&type=110103"),
        format!("patient={}&type=110103", study.patient_id),
        "agent=reader&action=R&type=110103".to_owned(),
        "type=http%3A%2F%2Fdicom.nema.org%2Fresources%2Fontology%2FDCM%7C110103&outcome=0".to_owned(),
        "subtype=study-opened&date=ge2026-01-01".to_owned(),
    ] {
        let bundle = ask(&site, &auditor, &format!("/fhir/AuditEvent?{condition}")).await.ok().json();
        let found = events(&bundle);
        assert_eq!(found.len(), 1, "{condition}: {bundle}");
        let event = found[0];
        assert_eq!(event["agent"][0]["who"]["identifier"]["value"], "reader");
        let named = |value: &str| {
            let entities = event["entity"].as_array().unwrap();
            entities.iter().any(|entity| entity["what"]["identifier"]["value"] == value)
        };
        assert!(named(&uid) && named(&study.patient_id), "{event}");
        let one =
            ask(&site, &auditor, &format!("/fhir/AuditEvent/{}", event["id"].as_str().unwrap())).await.ok().json();
        assert_eq!(&one, event);
    }
    for none in ["agent=nobody", "date=lt2020-01-01", "entity=1.2.3", "action=C&type=110103", "outcome=8"] {
        let bundle = ask(&site, &auditor, &format!("/fhir/AuditEvent?{none}")).await.ok().json();
        assert_eq!(events(&bundle).len(), 0, "{none}");
    }

    page_by_page(&site, &auditor).await;

    // Who may not read the log, and what is not understood.
    let refused = ask(&site, &reader, "/fhir/AuditEvent").await;
    assert_eq!((refused.status.as_u16(), &refused.json()["issue"][0]["code"]), (403, &json!("forbidden")));
    for (path, status) in
        [("/fhir/AuditEvent?colour=blue", 400), ("/fhir/AuditEvent/0", 404), ("/fhir/AuditEvent/x", 404)]
    {
        let answer = ask(&site, &auditor, path).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["resourceType"]),
            (status, &json!("OperationOutcome")),
            "{path}"
        );
    }
}
