//! Nobody's case is forgotten: what calls somebody calls again until they heard; where screens do not do it there are numbers, at
//! both sites; and those who are to ring somebody up are told whom.

use crate::{
    SITE,
    cases_are_read_elsewhere::{Person, id, is_stage, sent, set, stroke},
    coverage_hole::{covered, hour, licensed, radiologist, time},
    something_is_wrong::secret,
};
use serde_json::{Value, json};
use std::{fs, path::Path};
use tests::{Pair, Preset, eventually, http::Method, ports::Port, tools::pynetdicom::Serving, wait::holds};

/// What calls somebody, as kinds.
async fn calls(person: &Person<'_>) -> Vec<String> {
    let alerts = person.get("/api/cases/alerts").await;
    alerts.as_array().unwrap().iter().map(|alert| alert["kind"].as_str().unwrap().to_owned()).collect()
}

async fn heard(person: &Person<'_>, case: &str) {
    let path = format!("/api/cases/{case}/alerts");
    assert_eq!(person.ask(Method::POST, &path, Some(&json!({ "alerts": [] }))).await.status, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_calls_somebody_calls_again_until_they_heard() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let (one, two) = (Person::new(&pair.b, "dr.un", "radiologist"), Person::new(&pair.b, "dr.deux", "radiologist"));
    let technologist = Person::new(&pair.b, "manip", "technologist");
    let case = id(&urgence.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = one.sees(5, &case, "the case is offered", is_stage("offered")).await;
    assert_eq!((calls(&one).await, calls(&two).await), (vec!["asked".to_owned()], vec!["asked".to_owned()]));
    assert!(calls(&technologist).await.is_empty(), "who cannot act is not called");

    // A new start of the node, as a new screen, knows it still. What one has heard calls the other on.
    pair.b.stop().await;
    pair.b.serve().await;
    assert_eq!(calls(&one).await, ["asked"]);
    heard(&one, &case).await;
    assert!(calls(&one).await.is_empty());
    assert_eq!(calls(&two).await, ["asked"]);
    pair.b.kill();
    pair.b.serve().await;
    assert!(calls(&one).await.is_empty(), "that it was heard is kept");
    let log = pair.b.audit("").await;
    let said: Vec<&Value> = log.iter().filter(|event| event["act"] == "alert-heard").collect();
    assert_eq!((said.len(), &said[0]["person"]), (1, &json!("dr.un")), "{said:?}");

    // A critical result calls whoever asked, until it was heard as such: that the alert was heard is not that.
    let _ = two.step(&case, json!({ "step": "accept" })).await;
    assert!(calls(&two).await.is_empty(), "it is taken");
    let _ = two.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = two.step(&case, json!({ "step": "claim" })).await;
    let mut report = two.report(&case, "preliminary", "occlusion M1").await;
    report["critical"] = json!(true);
    let signed = two.try_sign(&case, &report).await.ok().json();
    let may = |case: &Value, word: &str| case["actions"].as_array().unwrap().contains(&json!(word));
    assert!(may(&signed, "hear") && !may(&signed, "hear-here"), "the reader tells, and cannot hear for the asker");
    let seen = urgence.sees(5, &case, "the report is there", |case| case["reports"][0].is_object()).await;
    assert!(may(&seen, "hear-here"));
    assert_eq!(calls(&urgence).await, ["critical"]);
    heard(&urgence, &case).await;
    assert!(calls(&urgence).await.is_empty());
    assert_eq!(urgence.case(&case).await["reports"][0]["unheard"], true);
}

fn numbers(case: &Value, of: &str) -> Vec<String> {
    let all = case["escalation"]["telephones"].as_array().unwrap().iter();
    all.filter(|one| one["of"] == of).map(|one| one["number"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_side_has_the_numbers_of_the_other() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let list = |number: &'static str| {
        move |settings: &mut Value| settings["telephones"] = json!([{ "name": "Urgences", "number": number }])
    };
    set(&pair.a, list("02 97 11 11 11")).await;
    set(&pair.b, list("02 97 22 22 22")).await;
    set(&pair.a, |settings| settings["hear_s"] = json!(1)).await;
    set(&pair.b, |settings| settings["hear_s"] = json!(1)).await;
    let _ = radiologist(&pair.b, "leroy", &["CT"]).await;
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = json!({ "person": "leroy", "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)), "presence": "astreinte", "telephone": "+33 6 00 00 00 01", "confirmed": true });
    let _ = pair.b.post("/api/shifts", &plan).await.ok();
    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let garde = Person::signed_in(&pair.b, "dr.garde", "radiologist").await;
    licensed(&pair.b, "dr.garde", &["CT"]).await;
    // No case is open yet: a silent hospital shows a number all the same.
    let sites = garde.get("/api/cases?limit=1").await["sites"].clone();
    let of_a = sites.as_array().unwrap().iter().find(|site| site["site"] == pair.a_id).unwrap().clone();
    assert_eq!(of_a["telephones"], json!(["+33 1 00 00 00 00"]), "of the coverage: {of_a}");

    let case = id(&urgence.begin(stroke(&study, &[])).await);
    let shown = urgence.sees(5, &case, "somebody is asked", |case| case["asked"][0].is_object()).await;
    assert_eq!(numbers(&shown, "shift"), ["+33 6 00 00 00 01"], "of whoever is on duty there: {shown}");
    assert_eq!(numbers(&shown, "coverage"), ["+33 1 00 00 00 00"]);
    let _ = garde.sees(5, &case, "the case is offered", is_stage("offered")).await;
    let _ = garde.step(&case, json!({ "step": "accept" })).await;
    let has = |number: &'static str| move |case: &Value| numbers(case, "site").contains(&number.to_owned());
    let _ = urgence.sees(5, &case, "the reader's list", has("02 97 22 22 22")).await;
    let shown = garde.sees(5, &case, "the requester's list", has("02 97 11 11 11")).await;
    assert_eq!(numbers(&shown, "request"), ["02 97 00 00 00"]);

    // A critical result that nobody hears: the reader is shown the requester's numbers, and is called.
    let _ = garde.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = garde.step(&case, json!({ "step": "claim" })).await;
    let mut report = garde.report(&case, "preliminary", "occlusion M1").await;
    report["critical"] = json!(true);
    let _ = garde.try_sign(&case, &report).await.ok();
    let unheard = |case: &Value| case["escalation"]["call"] == "critical-unheard";
    let shown = garde.sees(10, &case, "nobody heard in time", unheard).await;
    assert!(numbers(&shown, "site").contains(&"02 97 11 11 11".to_owned()), "{shown}");
    eventually!(5, "the reader is called too", holds(calls(&garde).await.contains(&"escalated".to_owned())));

    // The requester cannot reach the reader's side: telephone, with its numbers.
    let other = id(&urgence.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = garde.sees(5, &other, "the case is offered", is_stage("offered")).await;
    pair.b.stop().await;
    let away = |case: &Value| case["escalation"]["call"] == "not-reached";
    let shown = urgence.sees(60, &other, "not reached, telephone", away).await;
    assert!(!numbers(&shown, "coverage").is_empty(), "{shown}");

    // Nobody takes it: the site helps itself, with a reason, and it counts.
    let shown = urgence.step(&other, json!({ "step": "unserved", "reason": "lu sur place" })).await;
    assert_eq!((&shown["stage"], &shown["tab"]), (&json!("unserved"), &json!("done")));
    let counted = pair.a.get("/api/cases/statistics").await.ok().json();
    let unserved: u64 = counted["groups"].as_array().unwrap().iter().map(|g| g["unserved"].as_u64().unwrap()).sum();
    assert_eq!(unserved, 1, "{counted}");
}

/// Bodies that the webhook got, of a kind.
fn kept(folder: &Path, kind: &str) -> Vec<Value> {
    let named = |n: usize| fs::read(folder.join(format!("hook-{n}.json")));
    let all = (1..).map_while(|n| named(n).ok()).map(|bytes| serde_json::from_slice::<Value>(&bytes).unwrap());
    all.map(|entry| entry["body"].clone()).filter(|body| body["kind"] == *kind).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_is_told_whom_to_ring_up() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (folder, secrets) = (pair.b.scratch("sinks"), pair.b.scratch("secrets"));
    let authority = tests::certificates::Authority::found(&secrets, "authority");
    let shown = authority.issue("localhost");
    let (mail, hook) = (Port::reserve(), Port::reserve());
    let text = |path: &Path| path.display().to_string();
    let ports = [mail.address().port().to_string(), hook.address().port().to_string()];
    let arguments = [&text(&folder), &ports[0], &ports[1], &text(&shown.certificate), &text(&shown.key), "a secret"];
    let _sinks = Serving::start("alarm_sinks.py", &arguments);
    eventually!(60, "the sinks listen", {
        holds([&mail, &hook].iter().all(|port| std::net::TcpStream::connect(port.address()).is_ok()))
    });
    pair.b.stop().await;
    let set_to = |key: &str, value: &str| pair.b.configure("alarms", key, toml::Value::String(value.to_owned()));
    set_to("webhook", &format!("https://127.0.0.1:{}/hook", ports[1]));
    set_to("webhook_secret", &text(&secret(&secrets, "hook", "a secret\n")));
    set_to("tls_ca", &text(&authority.certificate));
    set_to("screen_silent", "5s");
    set_to("look_every", "500ms");
    pair.b.serve().await;
    // Half of the time for an answer is over after some seconds, and the rest is time enough to tell it.
    set(&pair.a, |settings| settings["answer_s"] = json!([30, 600, 600, 600])).await;
    set(&pair.b, |settings| {
        settings["telephones"] = json!([{ "name": "Secrétariat", "number": "02 97 22 22 22" }]);
    })
    .await;
    let _ = pair.b.new_user("leroy", "radiologist");
    let plan = json!({ "person": "leroy", "start": time(hour(0)), "end": time(hour(12)), "telephone": "+33 6 00 00 00 01", "confirmed": true });
    let _ = pair.b.post("/api/shifts", &plan).await.ok();
    eventually!(30, "no screen of the one on duty is live", holds(!kept(&folder, "screen-silent").is_empty()));
    let silent = kept(&folder, "screen-silent").remove(0);
    let callee = &silent["call"]["whom"][0];
    assert_eq!((&callee["account"], &callee["telephone"]), (&json!("leroy"), &json!("+33 6 00 00 00 01")), "{silent}");

    let (study, _) = sent(&pair.a).await;
    let urgence = Person::new(&pair.a, "dr.urgence", "referrer");
    let cases = [
        id(&urgence.begin(stroke(&study, &[&pair.b_id])).await),
        id(&urgence.begin(stroke(&study, &[&pair.b_id])).await),
    ];
    eventually!(60, "each stroke that nobody answers is told", holds(kept(&folder, "case-unanswered").len() == 2));
    for body in kept(&folder, "case-unanswered") {
        let call = &body["call"];
        assert_eq!((&call["priority"], &body["level"]), (&json!("P0"), &json!("critical")), "{body}");
        assert!(cases.iter().any(|case| call["case"] == *case), "{body}");
        let whom: Vec<_> = call["whom"].as_array().unwrap().iter().map(|one| one["telephone"].clone()).collect();
        assert_eq!(whom, [json!("+33 6 00 00 00 01"), json!("02 97 22 22 22")], "{body}");
        let said = body.to_string().to_uppercase();
        assert!(!said.contains("DURAND") && !said.contains("PAUL") && !said.contains(&study), "no patient: {body}");
    }
}
