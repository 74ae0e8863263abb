//! A case of one hospital is read at another on a workstation of another maker, by UPS-RS; the portals see it, the report lies with
//! the images, and whoever reads FHIR finds it.

use crate::{SITE, cases};
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, Study, eventually,
    http::{self, Ask, Response},
    tools::python,
    wait::holds,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

async fn ask(site: &Site, token: &str, path: &str) -> Response {
    http::ask(site.portal(), Ask::get(path).bearer(token)).await.unwrap()
}

async fn fhir(site: &Site, token: &str, path: &str) -> Value {
    let answer = ask(site, token, &format!("/fhir/{path}")).await.ok();
    assert!(answer.header("content-type").starts_with("application/fhir+json"), "{path}");
    answer.json()
}

fn found(bundle: &Value) -> Vec<Value> {
    assert_eq!((&bundle["resourceType"], &bundle["type"]), (&json!("Bundle"), &json!("searchset")));
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let all: Vec<Value> = entries.map(|entry| entry["resource"].clone()).collect();
    all.iter().for_each(judge);
    all
}

/// The rules of R4 for what we send: an id, an instant, a status of the value set, no empty values.
fn judge(resource: &Value) {
    let id = resource["id"].as_str().unwrap();
    assert!((1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    assert!(resource["meta"]["lastUpdated"].as_str().unwrap().ends_with('Z'), "{resource}");
    let statuses: &[&str] = match resource["resourceType"].as_str().unwrap() {
        "Task" => &[
            "requested",
            "received",
            "accepted",
            "ready",
            "in-progress",
            "on-hold",
            "completed",
            "cancelled",
            "failed",
        ],
        "ServiceRequest" => &["active", "on-hold", "revoked", "completed"],
        _ => &["preliminary", "final", "amended", "appended"],
    };
    assert!(statuses.contains(&resource["status"].as_str().unwrap()), "{resource}");
    assert!(!holds_nothing(resource), "{resource}");
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

/// A reader of FHIR at the site that asked: from the patient to the report, and on to its PDF.
async fn a_fhir_reader_finds_it(site: &Site, study: &Study, case: &str) {
    let (reader, auditor) = (site.new_token("dossier", "referrer"), site.new_token("dpo", "auditor"));
    let told = fhir(site, &reader, "metadata").await;
    let kinds: Vec<&str> =
        told["rest"][0]["resource"].as_array().unwrap().iter().map(|kind| kind["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["AuditEvent", "Task", "ServiceRequest", "DiagnosticReport"]);

    let query = format!("DiagnosticReport?patient={}&status=final&_lastUpdated=ge2026-01-01", study.patient_id);
    let reports = found(&fhir(site, &reader, &query).await);
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = &reports[0];
    assert_eq!(report["conclusion"], "Conclusion : Pas d'embolie pulmonaire.");
    let uid = format!("urn:oid:{}", study.uid);
    assert_eq!(report["imagingStudy"][0]["identifier"], json!({ "system": "urn:dicom:uid", "value": uid }));
    assert_eq!(report["basedOn"][0]["reference"], json!(format!("ServiceRequest/{case}")));
    assert_eq!(report["resultsInterpreter"][0]["identifier"]["value"], "workstation");
    let same = fhir(site, &reader, &format!("DiagnosticReport/{}", report["id"].as_str().unwrap())).await;
    assert_eq!(&same, report);
    let form = &report["presentedForm"][0];
    assert_eq!(form["contentType"], "application/pdf");
    let url = form["url"].as_str().unwrap();
    let pdf = ask(site, &reader, &url[url.find("/api/").unwrap()..]).await.ok();
    let (text, viewer) = (&pdf.body, format!("/ohif/viewer?StudyInstanceUIDs={}", study.uid));
    let shows = |wanted: &str| text.windows(wanted.len()).any(|window| window == wanted.as_bytes());
    assert!(text.starts_with(b"%PDF-") && shows(&viewer), "{url}");

    for (path, status) in [
        (format!("Task?based-on=ServiceRequest/{case}"), "completed"),
        (format!("Task?focus={case}&status=completed,ready"), "completed"),
        (format!("ServiceRequest?_id={case}&priority=asap"), "completed"),
        (format!("DiagnosticReport?based-on=ServiceRequest/{case}"), "final"),
    ] {
        let rows = found(&fhir(site, &reader, &path).await);
        assert_eq!((rows.len(), &rows[0]["status"]), (1, &json!(status)), "{path}");
    }
    let task = fhir(site, &reader, &format!("Task/{case}")).await;
    assert_eq!(
        task["output"][0]["valueReference"]["reference"],
        json!(format!("DiagnosticReport/{}", report["id"].as_str().unwrap()))
    );
    for none in [
        "Task?status=ready",
        "DiagnosticReport?patient=nobody",
        "ServiceRequest?authored=lt2020-01-01",
        "Task?identifier=x",
    ] {
        assert_eq!(found(&fhir(site, &reader, none).await).len(), 0, "{none}");
    }
    for (path, token, status, code) in [
        ("Task?colour=blue", &reader, 400, "invalid"),
        ("Task/none", &reader, 404, "not-found"),
        ("DiagnosticReport/0", &reader, 404, "not-found"),
        ("DiagnosticReport", &auditor, 403, "forbidden"),
    ] {
        let answer = ask(site, token, &format!("/fhir/{path}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["issue"][0]["code"]), (status, &json!(code)), "{path}");
    }
    let log = site.audit("").await;
    let looked = |entry: &&Value| entry["note"].as_str().is_some_and(|note| note.contains("/fhir/DiagnosticReport"));
    assert!(log.iter().any(|entry| looked(&entry) && entry["act"] == "studies-queried"), "looking is written down");
}

/// The list of requests, two to a page.
async fn page_by_page(site: &Site, count: usize) {
    let reader = site.new_token("pager", "referrer");
    let (mut place, mut seen) = ("ServiceRequest?_count=2".to_owned(), Vec::new());
    loop {
        let bundle = fhir(site, &reader, &place).await;
        seen.extend(found(&bundle).iter().map(|one| one["authoredOn"].as_str().unwrap().to_owned()));
        let links = bundle["link"].as_array().unwrap();
        let Some(next) = links.iter().find(|link| link["relation"] == "next") else { break };
        let url = next["url"].as_str().unwrap();
        place = url[url.find("/fhir/").unwrap() + "/fhir/".len()..].to_owned();
    }
    assert_eq!(seen.len(), count);
    assert!(seen.is_sorted_by(|one, two| one >= two), "newest first: {seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_workstation_of_another_maker() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3).named("DURAND^PAUL");
    let case = cases::ready(&pair, &study).await;
    let path = format!("/api/cases/{case}");
    let story = json!({
        "url": format!("http://{}/dicomweb", pair.b.portal()),
        "token": pair.b.new_token("workstation", "radiologist"),
        "findings": "Pas d'embolie pulmonaire.",
        "images": 3,
    });
    let told = python::run("workstation", &story);
    assert_eq!(told["question"], "Embolie pulmonaire ?");

    // The portal where it was read shows who read it; the one that asked has the report beside the images.
    let read = pair.b.get(&path).await.ok().json();
    assert_eq!(
        (&read["reports"][0]["person"], &read["reports"][0]["standing"]),
        (&json!("workstation"), &json!("final"))
    );
    assert_eq!(read["reports"][0]["findings"], "Pas d'embolie pulmonaire.");
    let steps: Vec<&str> =
        read["events"].as_array().unwrap().iter().map(|event| event["step"].as_str().unwrap()).collect();
    assert!(steps.ends_with(&["claimed", "reading", "reported"]) || steps.contains(&"delivered"), "{steps:?}");
    eventually!(15, "the report is delivered", holds(pair.a.get(&path).await.json()["stage"] == "delivered"));
    let series = pair.a.get(&format!("/dicomweb/studies/{}/series?Modality=SR", study.uid)).await.ok().json();
    assert_eq!(series.as_array().unwrap().len(), 1);
    let metadata = format!(
        "/dicomweb/studies/{}/series/{}/metadata",
        study.uid,
        series[0]["0020000E"]["Value"][0].as_str().unwrap()
    );
    let report = pair.a.get(&metadata).await.ok().json();
    let zone = report[0]["00080201"]["Value"][0].as_str().unwrap();
    assert!(zone.len() == 5 && zone.starts_with(['+', '-']), "{zone}");

    a_fhir_reader_finds_it(&pair.a, &study, &case).await;
    let asker = pair.a.new_token("more", "referrer");
    for _ in 0..4 {
        let request = json!({ "priority": "P0", "identity_checked": true, "question": "AVC ?", "studies": [study.uid], "consent": "unable", "to": [{ "site": pair.b_id }] });
        let ask = Ask::new(http::Method::POST, "/api/cases").json(&request).bearer(&asker);
        let _ = http::ask(pair.a.portal(), ask).await.unwrap().ok();
    }
    page_by_page(&pair.a, 5).await;
}

/// The channel of a subscriber (RFC 6455, as much of it as a listener needs).
struct Channel(BufReader<TcpStream>);

impl Channel {
    /// What is answered where it is not opened.
    async fn open(site: &Site, token: &str, name: &str) -> Result<Self, String> {
        let mut stream = TcpStream::connect(site.portal()).await.unwrap();
        let ask = format!(
            "GET /dicomweb/subscribers/{name} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n",
            site.portal()
        );
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut read = BufReader::new(stream);
        let (mut status, mut line) = (String::new(), String::from("-"));
        let _ = read.read_line(&mut status).await.unwrap();
        while !line.trim().is_empty() {
            line.clear();
            let _ = read.read_line(&mut line).await.unwrap();
        }
        if status.contains(" 101 ") { Ok(Self(read)) } else { Err(status) }
    }

    /// The next report: which workitem, and its state.
    async fn report(&mut self) -> (String, String) {
        loop {
            let [first, second] = [self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap()];
            let length = match second & 0x7f {
                126 => usize::from(self.0.read_u16().await.unwrap()),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            let _ = self.0.read_exact(&mut payload).await.unwrap();
            if first & 0x0f == 1 {
                let told: Value = serde_json::from_slice(&payload).unwrap();
                let value = |tag: &str| told[tag]["Value"][0].as_str().unwrap_or_default().to_owned();
                return (value("00001000"), value("00741000"));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_outlives_the_node() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(1).named("DURAND^PAUL");
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    let asker = site.new_token("dr.urgence", "referrer");
    let begin = async |priority: &str| {
        let request = json!({ "priority": priority, "question": "AVC ?", "identity_checked": true, "justification": "x", "studies": [study.uid], "consent": "informed" });
        let made = cases::post(&site, &asker, "/api/cases", &request).await;
        format!("2.25.{}", u128::from_str_radix(made["case"].as_str().unwrap(), 16).unwrap())
    };
    let (low, high) = (begin("P3").await, begin("P0").await);
    let reader = site.new_token("dr.garde", "radiologist");
    let at = |list: &str, tail: &str| format!("/dicomweb/workitems/{list}/subscribers/WS1{tail}");
    let send = async |method: http::Method, path: String| {
        http::ask(site.portal(), Ask::new(method, path).bearer(&reader)).await.unwrap().status.as_u16()
    };
    let filtered = "1.2.840.10008.5.1.4.34.5.1";
    let urgent = at(filtered, "?filter=ScheduledProcedureStepPriority%3DHIGH");
    assert_eq!(send(http::Method::POST, urgent).await, 201);
    site.kill();
    site.serve().await;
    let other = site.new_token("dr.autre", "radiologist");
    let refused = Channel::open(&site, &other, "WS1").await.err().unwrap();
    assert!(refused.contains(" 404 "), "{refused}");
    let mut channel = Channel::open(&site, &reader, "WS1").await.unwrap();
    assert_eq!(channel.report().await, (high, "SCHEDULED".to_owned()), "what it asked for is told, and nothing else");
    // By its name a workitem is told whatever the filter says.
    assert_eq!(send(http::Method::POST, at(&low, "")).await, 201);
    assert_eq!(channel.report().await, (low.clone(), "SCHEDULED".to_owned()));
    assert_eq!(send(http::Method::DELETE, at(filtered, "")).await, 200);
    site.kill();
    site.serve().await;
    let gone = Channel::open(&site, &reader, "WS1").await.err().unwrap();
    assert!(gone.contains(" 404 "), "what was ended stays ended: {gone}");
    assert_eq!(send(http::Method::DELETE, at(&low, "")).await, 404);
}
