//! What stories of the reading room begin with.

use hyper::Method;
use serde_json::{Value, json};
use tests::{
    Pair, Site, Study, eventually,
    http::{self, Ask},
    wait::holds,
};

pub(crate) async fn post(site: &Site, token: &str, path: &str, body: &Value) -> Value {
    let answer = http::ask(site.portal(), Ask::new(Method::POST, path).json(body).bearer(token)).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

pub(crate) async fn get(site: &Site, token: &str, path: &str) -> Value {
    http::ask(site.portal(), Ask::get(path).bearer(token)).await.unwrap().ok().json()
}

/// Takes a step.
pub(crate) async fn step(site: &Site, token: &str, case: &str, step: Value) -> Value {
    post(site, token, &format!("/api/cases/{case}/steps"), &step).await
}

/// Signs a report as the editor does: with what the case says of the patient and the images.
pub(crate) async fn sign(site: &Site, token: &str, case: &str, standing: &str, findings: &str) -> Value {
    let shown = get(site, token, &format!("/api/cases/{case}")).await;
    let is_here = |study: &&Value| !study["version"].is_null();
    let read = shown["study_list"].as_array().unwrap().iter().filter(is_here);
    let read: Vec<Value> = read.map(|one| json!({ "study": one["study"], "version": one["version"] })).collect();
    let report = json!({
        "standing": standing, "indication": "dyspnée", "technique": "TDM", "findings": findings, "conclusion": findings,
        "language": "fr", "read": read, "despite": "comptées avec la salle",
        "despite_of": ["missing", "undecoded", "unconfirmed", "late"],
        "patient": { "name": shown["patient"]["name"], "birth_date": shown["patient"]["birth_date"] },
        "hospital": shown["requester_name"], "study_date": shown["study_date"],
    });
    post(site, token, &format!("/api/cases/{case}/reports"), &report).await
}

/// Somebody with an account at a site, as a story in a browser is told of them.
pub(crate) fn desk(site: &Site, name: &str, role: &str) -> Value {
    let password = site.new_user(name, role);
    json!({ "portal": format!("http://{}", site.portal()), "site": site.name, "name": name, "password": password })
}

/// A case that A asks for, B has accepted, and whose images can be read at B; its name.
pub(crate) async fn ready(pair: &Pair, study: &Study) -> String {
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    taken(pair, &study.uid).await
}

/// As [`ready`], of a study that both know of.
pub(crate) async fn taken(pair: &Pair, study: &str) -> String {
    // One of each for each study.
    let short = &study[study.len().saturating_sub(8)..];
    let asker = pair.a.new_token(&format!("desk-of-a-{short}"), "referrer");
    let reader = pair.b.new_token(&format!("desk-of-b-{short}"), "radiologist");
    let request = json!({
        "priority": "P1", "question": "Embolie pulmonaire ?", "identity_checked": true, "justification": "pas de radiologue sur place", "consent": "informed",
        "modality": "CT", "studies": [study], "telephone": "02 97 01 02 03", "to": [{ "site": pair.b_id }],
    });
    let case = post(&pair.a, &asker, "/api/cases", &request).await;
    let id = case["case"].as_str().unwrap().to_owned();
    let path = format!("/api/cases/{id}");
    let at_b = async || pair.b.get(&path).await.json();
    eventually!(10, "B is asked", holds(at_b().await["stage"] == "offered"));
    let _ = post(&pair.b, &reader, &format!("{path}/steps"), &json!({ "step": "accept", "protocol": "" })).await;
    eventually!(30, "it can be read at B", holds(at_b().await["stage"] == "images-ready"));
    id
}
