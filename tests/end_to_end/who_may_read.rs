//! Who may be asked for what, and who may read it: what an agreement leaves out is not asked, what the practice keeps on site is not
//! asked of anybody elsewhere, and nobody reads what their credentials do not cover, or says in an emergency why.

use crate::{
    SITE,
    coverage_hole::{licensed, radiologist},
};
use serde_json::{Value, json};
use tests::{
    Pair, Site, eventually,
    http::{self, Ask, Method, Response},
    wait::holds,
};

async fn signed_in(site: &Site, name: &str, password: &str) -> String {
    let ask = Ask::new(Method::POST, "/api/session").json(&json!({ "name": name, "password": password }));
    let answer = http::ask(site.portal(), ask).await.unwrap().ok();
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().to_owned());
    let mut cookies = cookies.filter_map(|cookie| cookie.split(';').next().map(str::to_owned));
    cookies.find(|cookie| !cookie.starts_with("confrere-device-")).unwrap()
}

async fn ask(site: &Site, cookie: &str, method: Method, path: &str, body: &Value) -> Response {
    let ask = Ask::new(method, path).json(body).header("cookie", cookie).header("sec-fetch-site", "same-origin");
    http::ask(site.portal(), ask).await.unwrap()
}

async fn step(site: &Site, cookie: &str, case: &str, step: Value) -> Response {
    ask(site, cookie, Method::POST, &format!("/api/cases/{case}/steps"), &step).await
}

/// A request that is yet to be made images of.
fn request(modality: &str, more: &Value) -> Value {
    let mut body = json!({
        "kind": "diagnosis", "priority": "P1", "question": "une question", "identity_checked": true, "justification": "personne sur place",
        "consent": "informed", "modality": modality,
        "patient": { "name": "DURAND^PAUL", "birth_date": "19500101", "id": "4711", "issuer": "CHN" },
    });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn begin(site: &Site, body: &Value) -> Response {
    site.post("/api/cases", body).await
}

async fn case(site: &Site, case: &Value) -> Value {
    site.get(&format!("/api/cases/{}", case["case"].as_str().unwrap())).await.ok().json()
}

async fn ranked(pair: &Pair) {
    let mut settings = pair.a.get("/api/cases/settings").await.ok().json();
    settings["ranks"] = json!([{ "site": pair.b.name }]);
    let _ = pair.a.ask(Ask::new(Method::PUT, "/api/cases/settings").json(&settings)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_agreement_leaves_out_is_not_asked() {
    let pair = Pair::paired(SITE).await;
    let _ = pair.agree(&json!({ "preset": "all", "modalities": ["CT"], "regions_excluded": ["BREAST"] })).await;
    ranked(&pair).await;
    let bars = async |query: &str| {
        pair.a.get(&format!("/api/cases/askable?{query}")).await.ok().json()["sites"][0]["bar"].clone()
    };
    assert_eq!(bars("modality=CT&region=HEAD").await, Value::Null);
    assert_eq!(bars("modality=MR").await, "out-of-scope", "the form says so before it is asked");
    assert_eq!(bars("modality=CT&region=BREAST").await, "out-of-scope");
    for to in [json!([]), json!([{ "site": pair.b.name }])] {
        let made = begin(&pair.a, &request("MR", &json!({ "to": to }))).await.ok().json();
        let passed = eventually!(10, "it is passed over", {
            let now = case(&pair.a, &made).await;
            (now["skipped"][0]["why"] == "out-of-scope").then_some(now)
        });
        assert_eq!(passed["asked"], json!([]), "nobody is asked for what could not be opened: {passed}");
        let steps = format!("/api/cases/{}/steps", made["case"].as_str().unwrap());
        let by_hand = pair.a.post(&steps, &json!({ "step": "offer", "to": pair.b.name })).await;
        assert_eq!(by_hand.error_code(), "out-of-scope");
    }
    let made = begin(&pair.a, &request("CT", &json!({}))).await.ok().json();
    eventually!(10, "the other is asked", holds(case(&pair.a, &made).await["asked"][0]["answer"] == "waiting"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn screening_and_nuclear_medicine_keep_to_the_practice() {
    let pair = Pair::paired(SITE).await;
    let first = pair.agree(&json!({ "preset": "all" })).await;
    ranked(&pair).await;
    let refused = async |modality: &str, more: Value| {
        let answer = begin(&pair.a, &request(modality, &more)).await;
        (answer.status.as_u16(), answer.error_code(), answer.json()["fields"].clone())
    };
    assert_eq!(refused("MG", json!({})).await, (400, "missing".to_owned(), json!(["examination"])));
    assert_eq!(refused("MG", json!({ "examination": "screening-first" })).await.1, "screening-first");
    for modality in ["NM", "PT"] {
        assert_eq!(refused(modality, json!({})).await.1, "nuclear-alone");
        let with = begin(&pair.a, &request(modality, &json!({ "on_site_physician": "Dr Curie" }))).await.ok().json();
        let asked = eventually!(10, "with its physician it is asked", {
            let now = case(&pair.a, &with).await;
            (now["asked"][0]["answer"] == "waiting").then_some(now)
        });
        assert_eq!(asked["on_site_physician"], "Dr Curie");
        let _ = begin(&pair.a, &request(modality, &json!({ "kind": "expertise" }))).await.ok();
    }
    let clinical = begin(&pair.a, &request("MG", &json!({ "examination": "clinical" }))).await.ok().json();
    eventually!(10, "it is asked", holds(case(&pair.a, &clinical).await["asked"][0]["answer"] == "waiting"));

    // The second reading: not before the agreement derogates.
    let second = request("MG", &json!({ "examination": "screening-second" }));
    let made = begin(&pair.a, &second).await.ok().json();
    eventually!(10, "no agreement says so", holds(case(&pair.a, &made).await["skipped"][0]["why"] == "from-afar"));
    let _ = pair
        .agree(&json!({ "preset": "all", "purposes": ["care", "on-call", "screening"], "replaces": first["id"] }))
        .await;
    let made = begin(&pair.a, &second).await.ok().json();
    eventually!(10, "it derogates", holds(case(&pair.a, &made).await["asked"][0]["answer"] == "waiting"));
    let password = pair.b.new_user("dr.sein", "radiologist");
    let reader = signed_in(&pair.b, "dr.sein", &password).await;
    let id = made["case"].as_str().unwrap();
    eventually!(10, "the request is at the other site", {
        holds(pair.b.get(&format!("/api/cases/{id}")).await.status.is_success())
    });
    let taken = step(&pair.b, &reader, id, json!({ "step": "accept" })).await.ok().json();
    assert_eq!(
        (&taken["examination"], &taken["credentials"]["state"]),
        (&json!("screening-second"), &json!("not-recorded"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_beyond_their_credentials_without_saying_why() {
    let pair = Pair::paired(SITE).await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    ranked(&pair).await;
    let password = radiologist(&pair.b, "dr.irm", &["MR"]).await;
    let reader = signed_in(&pair.b, "dr.irm", &password).await;
    let offered = async |priority: &str| {
        let made = begin(&pair.a, &request("CT", &json!({ "priority": priority }))).await.ok().json();
        let id = made["case"].as_str().unwrap().to_owned();
        eventually!(10, "it is offered", {
            let answer = pair.b.get(&format!("/api/cases/{id}")).await;
            holds(answer.status.is_success() && answer.json()["asked"][0]["answer"] == "waiting")
        });
        id
    };
    let seen = async |id: &str| {
        ask(&pair.b, &reader, Method::GET, &format!("/api/cases/{id}"), &json!(null)).await.ok().json()
    };

    // No emergency: refused, and nothing to go beyond.
    let id = offered("P1").await;
    let shown = seen(&id).await;
    assert_eq!(shown["credentials"], json!({ "state": "no-credential", "lacking": ["CT"] }));
    let actions = shown["actions"].as_array().unwrap().clone();
    assert!(["accept", "uncover"].iter().all(|word| !actions.contains(&json!(word))), "{actions:?}");
    assert_eq!(step(&pair.b, &reader, &id, json!({ "step": "accept" })).await.error_code(), "no-credential");
    let beyond = json!({ "step": "uncover", "reason": "seule de garde" });
    assert_eq!(step(&pair.b, &reader, &id, beyond.clone()).await.error_code(), "nothing-to-override");

    // An emergency: with a reason, that stands at both sites.
    let id = offered("P0").await;
    assert_eq!(step(&pair.b, &reader, &id, json!({ "step": "accept" })).await.error_code(), "no-credential");
    assert_eq!(step(&pair.b, &reader, &id, json!({ "step": "uncover" })).await.error_code(), "missing");
    let _ = step(&pair.b, &reader, &id, beyond).await.ok();
    for word in ["accept", "claim"] {
        let _ = step(&pair.b, &reader, &id, json!({ "step": word })).await.ok();
    }
    let at_a = eventually!(10, "the asker sees who reads beyond what", {
        let now = pair.a.get(&format!("/api/cases/{id}")).await.json();
        (now["uncovered"][0]["reason"] == "seule de garde").then_some(now)
    });
    assert_eq!(at_a["uncovered"][0]["person"], "dr.irm");
    for site in [&pair.a, &pair.b] {
        eventually!(10, "it stands in the log", {
            let log = site.get("/api/audit?limit=200").await.ok().text();
            holds(log.contains("uncovered: ") && log.contains("seule de garde"))
        });
    }

    // Signing asks again; a colleague without the papers is not handed it.
    let other = radiologist(&pair.b, "dr.scanner", &["CT"]).await;
    let other = signed_in(&pair.b, "dr.scanner", &other).await;
    let id = offered("P1").await;
    for word in ["accept", "claim"] {
        let _ = step(&pair.b, &other, &id, json!({ "step": word })).await.ok();
    }
    let to = json!({ "step": "hand-over", "to": "dr.irm" });
    assert_eq!(step(&pair.b, &other, &id, to).await.error_code(), "no-credential");
    licensed(&pair.b, "dr.scanner", &["US"]).await;
    let report = json!({
        "standing": "final", "findings": "normal", "language": "fr", "despite": "sans image",
        "despite_of": ["missing", "unconfirmed"],
        "patient": { "name": "DURAND^PAUL", "birth_date": "19500101" }, "hospital": pair.a.name,
    });
    let signed = ask(&pair.b, &other, Method::POST, &format!("/api/cases/{id}/reports"), &report).await;
    assert_eq!(signed.error_code(), "no-credential");
    licensed(&pair.b, "dr.scanner", &["CT"]).await;
    let _ = ask(&pair.b, &other, Method::POST, &format!("/api/cases/{id}/reports"), &report).await.ok();
}
