//! Break-glass, by the three complaints that the French data protection authority had of the national record: it must work
//! for who lacks the local identifier, it must not open masked documents, and every use is logged and reviewed.

use crate::SITE;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tests::{
    Instance, Pair, Site, Study, browser, eventually,
    http::{Ask, ask},
    site::Said,
    wait::holds,
};

const PERSON: &str = "garde";

/// An agreement whose hours are at the other end of the week: nobody may open anything now, but for broken glass.
async fn asleep() -> (Pair, String) {
    let pair = Pair::paired(SITE).await;
    let minutes = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60;
    // 1970-01-01 was a Thursday.
    let minute = (minutes + 3 * 1440 + 5040) % 10_080;
    let spans = json!([[minute, (minute + 1) % 10_080]]);
    let terms = json!({ "preset": "on-call", "time_zone": "UTC", "spans": spans, "break_glass_hours": 72, "modalities": ["CT"] });
    let _ = pair.agree(&terms).await;
    let _ = pair.b.new_user(PERSON, "radiologist");
    (pair, PERSON.to_owned())
}

async fn stored(site: &Site, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&site.scratch(&study.uid));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    made
}

/// At B's command line: whom, and the rest as always.
fn break_glass(pair: &Pair, whom: &[&str], text: &str) -> Said {
    let password = pair.b.scratch("passwords").join(PERSON);
    let password = password.to_string_lossy().into_owned();
    let head = ["patient", "break-glass", "--site", "CH Nord", "--person", PERSON, "--password-file", &password];
    pair.b.cli(&[&head[..], whom, &["--reason", "danger-to-life", "--text", text]].concat())
}

async fn reviews(site: &Site, all: bool) -> Vec<Value> {
    site.get(&format!("/api/reviews?all={all}")).await.ok().json().as_array().unwrap().clone()
}

async fn broken_events(site: &Site) -> Vec<Value> {
    site.audit("").await.into_iter().filter(|entry| entry["act"] == "glass-broken").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_works_without_the_local_identifier_while_all_sleep_and_leaves_masked_studies_masked() {
    let (pair, _) = asleep().await;
    let of = |patient: &str| Study { patient_id: patient.to_owned(), ..Study::of(2).named("Kervella^Maïwenn") };
    let (head, hidden) = (of("N1").modality("MR"), of("N1"));
    let (closed, stranger) = (of("N1"), Study::of(1).named("Kervella^Maël"));
    let made = stored(&pair.a, &head).await;
    for study in [&hidden, &closed, &stranger] {
        let _ = stored(&pair.a, study).await;
    }
    let _ = pair.a.cli(&["study", "mask", &hidden.uid]).ok();
    let _ = pair.a.cli(&["study", "no-break-glass", &closed.uid]).ok();
    // The patient opposes sharing: an emergency goes before that.
    let _ = pair.a.cli(&["study", "oppose", &head.uid]).ok();
    assert!(pair.b.listed(&head.uid).await.is_none(), "an MR is not agreed, at no hour");

    // Two of the three traits are not enough, and a wrong one finds nobody; nor does a name that two patients bear.
    let traits = ["--name", "KERVELLA^MAIWENN", "--birth-date", "19610524", "--sex", "F"];
    assert_eq!(break_glass(&pair, &traits[..4], "polytraumatisée").code, Some(2));
    let other = [&traits[..3], &["19610525", "--sex", "F"]].concat();
    assert_ne!(break_glass(&pair, &other, "polytraumatisée").code, Some(0));
    assert_ne!(break_glass(&pair, &traits, "urgent").code, Some(0), "a reason has ten characters");
    let twin = Study { patient_id: "N2".to_owned(), ..head.clone() };
    let twin = Study { uid: tests::part10::uid(), ..twin };
    let _ = stored(&pair.a, &twin).await;
    assert_ne!(break_glass(&pair, &traits, "polytraumatisée").code, Some(0), "two patients fit");
    let _ = pair.a.cli(&["study", "mask", &twin.uid]).ok();
    assert_ne!(break_glass(&pair, &traits, "polytraumatisée").code, Some(0), "also where one is masked");
    let _ = pair.a.cli(&["study", "reject", &twin.uid, "--reason", "wrong-worklist-entry"]).ok();

    let said = break_glass(&pair, &traits, "polytraumatisée, bloc dans 10 min").ok();
    assert_eq!(said.out.trim(), head.uid, "that study and no other");
    eventually!(5, "B lists it", holds(pair.b.listed(&head.uid).await.is_some()));
    let row = pair.b.get(&format!("/api/studies/{}", head.uid)).await.ok().json();
    let broken = &row["break_glass"];
    assert_eq!((&broken["reason"], &broken["person"]), (&json!("danger-to-life"), &json!(PERSON)), "{row}");
    assert_eq!(row["patient"]["name"], json!("Kervella^Maïwenn"), "who it is stands on it");
    for one in &made {
        let _ = pair.b.retrieve(&one.path()).await.expect("it is read, at an hour that is not agreed");
    }
    for study in [&hidden, &stranger] {
        assert!(pair.b.get(&format!("/api/studies/{}", study.uid)).await.json()["break_glass"].is_null());
    }
    assert!(pair.b.listed(&hidden.uid).await.is_none(), "masked stays masked");

    // By an identifier with who issued it, and only with that one.
    assert_ne!(break_glass(&pair, &["--id", "N1", "--issuer", "CHU Sud"], "polytraumatisée").code, Some(0));
    let said = break_glass(&pair, &["--id", "N1", "--issuer", "CH Nord"], "polytraumatisée").ok();
    assert_eq!(said.out.trim(), head.uid);

    // Masked meanwhile: it is gone, emergency or not.
    let _ = pair.a.cli(&["study", "mask", &head.uid]).ok();
    eventually!(5, "B no longer has it", holds(pair.b.listed(&head.uid).await.is_none()));
    eventually!(5, "nor its copy", holds(pair.b.retrieve(&made[0].path()).await.is_err()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_is_in_both_logs_and_in_both_queues_until_it_is_reviewed() {
    let (pair, person) = asleep().await;
    let study = Study::of(1);
    let _ = stored(&pair.a, &study).await;
    let whom = ["--id", study.patient_id.as_str(), "--issuer", "CH Nord"];
    // Who is not who they say breaks nothing; it is written down all the same.
    let wrong = pair.b.scratch("wrong").join("password");
    std::fs::write(&wrong, "not-the-password-1").unwrap();
    let refused = pair.b.cli(
        &[
            &["patient", "break-glass", "--site", "CH Nord", "--person", &person, "--password-file"][..],
            &[wrong.to_str().unwrap(), "--reason", "other", "--text", "a reason of some length"],
            &whom,
        ]
        .concat(),
    );
    assert_ne!(refused.code, Some(0));
    let events = broken_events(&pair.b).await;
    assert_eq!((events.len(), &events[0]["outcome"]), (1, &json!("refused")), "{events:?}");
    assert_eq!(reviews(&pair.a, true).await.len(), 0);

    let _ = break_glass(&pair, &whom, "arrêt cardiaque récupéré").ok();
    for site in [&pair.a, &pair.b] {
        let events = broken_events(site).await;
        let done = events.iter().find(|event| event["outcome"] == "done").unwrap();
        assert_eq!(done["person"], json!(person), "{done}");
        assert!(!done.to_string().contains("Lefèvre") && !done.to_string().contains(&study.patient_id), "{done}");
        let open = reviews(site, false).await;
        assert_eq!(open.len(), 1);
        assert_eq!((&open[0]["person"], &open[0]["text"]), (&json!(person), &json!("arrêt cardiaque récupéré")));
        assert_eq!((&open[0]["studies"], &open[0]["verdict"]), (&json!([study.uid]), &Value::Null));
    }
    // The other site countersigns it.
    eventually!(20, "both logs hold the other's word for it", {
        let ledger = async |site: &Site| site.get("/api/ledger").await.ok().json()["peers"][0]["missing"].clone();
        holds(ledger(&pair.a).await == 0 && ledger(&pair.b).await == 0)
    });

    // It survives a crash at both, and an auditor says what it was; whoever reads images does not.
    for site in [&pair.a, &pair.b] {
        site.kill();
        site.serve().await;
    }
    let id = reviews(&pair.a, false).await[0]["request"].as_str().unwrap().to_owned();
    let path = format!("/api/reviews/{id}");
    let say = async |role: &str, verdict: &str| {
        let token = pair.a.new_token(&format!("{role}-{verdict}"), role);
        let body = json!({ "verdict": verdict, "note": "dossier relu" });
        ask(pair.a.portal(), Ask::new(hyper::Method::POST, path.clone()).json(&body).bearer(&token)).await.unwrap()
    };
    assert_eq!(say("radiologist", "justified").await.status, 403);
    assert_eq!(say("auditor", "fine").await.status, 400);
    let _ = say("auditor", "follow-up").await.ok();
    assert_eq!(reviews(&pair.a, false).await.len(), 1, "it is not over");
    let _ = say("auditor", "justified").await.ok();
    assert_eq!(reviews(&pair.a, false).await.len(), 0);
    let all = reviews(&pair.a, true).await;
    assert_eq!(
        (&all[0]["verdict"], &all[0]["reviewer"]),
        (&json!("justified"), &json!("auditor-justified")),
        "{all:?}"
    );
    assert_eq!(reviews(&pair.b, false).await.len(), 1, "each site reviews for itself");
    let said = pair.b.cli(&["audit", "review", &id, "not-justified", "--note", "voir le chef de service"]).ok();
    assert_eq!(said.out.trim(), "not-justified");
    assert!(pair.b.cli(&["audit", "reviews", "--all"]).ok().out.contains("not-justified"));
    let reviewed = pair.b.audit("").await;
    assert!(reviewed.iter().any(|entry| entry["act"] == "glass-reviewed" && entry["note"] == "not-justified"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreement_that_does_not_allow_it_is_not_broken() {
    let pair = Pair::agreed(SITE, tests::Preset::CaseOnly).await;
    let _ = pair.b.new_user(PERSON, "radiologist");
    let study = Study::of(1);
    let _ = stored(&pair.a, &study).await;
    let whom = ["--id", study.patient_id.as_str(), "--issuer", "CH Nord"];
    assert_ne!(break_glass(&pair, &whom, "arrêt cardiaque récupéré").code, Some(0));
    assert!(pair.b.listed(&study.uid).await.is_none());
    // A token is no person, whoever's it is.
    let token = pair.b.new_token("reader", "radiologist");
    let body = json!({ "site": "CH Nord", "issuer": "CH Nord", "patient_id": study.patient_id, "reason": "other",
        "text": "a reason of some length", "password": "Correct-horse-battery-9", "person": PERSON });
    let asked = Ask::new(hyper::Method::POST, "/api/emergencies").json(&body).bearer(&token);
    assert_eq!(ask(pair.b.portal(), asked).await.unwrap().status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_their_browsers() {
    let (pair, person) = asleep().await;
    let study = Study::of(3).named("Kervella^Maïwenn").size(256, 256);
    let _ = stored(&pair.a, &study).await;
    let password = pair.a.new_user("dpo", "auditor");
    let _ = pair.a.new_user("amy.wong", "admin");
    let portal = |site: &Site| format!("http://{}", site.portal());
    let seen = browser::run(
        "glass_is_broken",
        &json!({ "reader": portal(&pair.b), "holder": portal(&pair.a), "person": person, "auditor": "dpo",
            "admin": "amy.wong", "password": password }),
    );
    assert_eq!((&seen["viewer"], &seen["reviewed"]), (&json!(true), &json!(true)), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    assert_eq!(reviews(&pair.b, false).await.len(), 1, "the other site reviews for itself");
}
