//! What stories of the reading room begin with.

use hyper::Method;
use serde_json::{Value, json};
use tests::{
    Pair, Site, Study, eventually,
    http::{self, Ask},
    wait::holds,
};

async fn post(site: &Site, token: &str, path: &str, body: &Value) -> Value {
    let answer = http::ask(site.portal(), Ask::new(Method::POST, path).json(body).bearer(token)).await.unwrap();
    assert!(answer.status.is_success(), "{path}: {}", answer.text());
    answer.json()
}

/// A case that A asks for, B has accepted, and whose images can be read at B; its name.
pub(crate) async fn ready(pair: &Pair, study: &Study) -> String {
    let asker = pair.a.new_token("desk-of-a", "referrer");
    let reader = pair.b.new_token("desk-of-b", "radiologist");
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    let request = json!({
        "priority": "P1", "question": "Embolie pulmonaire ?", "justification": "pas de radiologue sur place", "consent": "informed",
        "modality": "CT", "studies": [study.uid], "telephone": "02 97 01 02 03", "to": [{ "site": pair.b_id }],
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
