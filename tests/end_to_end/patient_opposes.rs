//! A patient opposes sharing, or a study is masked: no other site sees it from that moment on, whatever was agreed.

use crate::SITE;
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Site, Study, eventually,
    http::{Ask, ask},
    wait::holds,
};

/// A withdrawal reaches the other site within this.
const WITHIN_S: u32 = 5;

async fn withheld(site: &Site, study: &str) -> Value {
    site.get(&format!("/api/studies/{study}")).await.ok().json()["withheld"].clone()
}

fn number(said: &str) -> String {
    said.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_leaves_the_other_site_at_once_and_stays_away_until_that_is_taken_back() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    for one in &made {
        let _ = pair.b.retrieve(&one.path()).await.unwrap();
    }

    let said = pair.a.cli(&["study", "oppose", &study.uid, "--asked-by", "representative", "--on", "20260102"]).ok();
    let id = number(&said.out);
    eventually!(WITHIN_S, "B no longer lists it", holds(pair.b.listed(&study.uid).await.is_none()));
    eventually!(WITHIN_S, "nor reads its copy", holds(pair.b.retrieve(&made[0].path()).await.is_err()));
    let _ = pair.a.retrieve(&made[0].path()).await.expect("the own site reads on");
    let shown = withheld(&pair.a, &study.uid).await;
    assert_eq!((&shown[0]["how"], &shown[0]["asked_by"]), (&json!("opposed"), &json!("representative")), "{shown}");
    assert_eq!((&shown[0]["asked_on"], &shown[0]["person"]), (&json!("20260102"), &json!("local")), "{shown}");
    let why = pair.a.get(&format!("/api/peers/{}/explain?study={}", pair.b_id, study.uid)).await.ok().json();
    let wrong: Vec<_> = why["steps"].as_array().unwrap().iter().filter(|step| step["holds"] == false).collect();
    assert_eq!((wrong.len(), &wrong[0]["link"]), (1, &json!("not-opposed")), "{why}");
    let shared =
        pair.a.post(&format!("/api/studies/{}/share", study.uid), &json!({ "site": pair.b_id, "hours": 1 })).await;
    assert_eq!(shared.status, 403, "nor is it given by hand: {}", shared.text());
    assert_ne!(pair.a.cli(&["study", "oppose", &study.uid]).code, Some(0), "it is recorded already");

    // It holds over a crash, a lost index and a rebuild.
    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    assert_eq!(withheld(&pair.a, &study.uid).await[0]["id"].to_string(), id);
    let seen = pair.a.get(&format!("/api/peers/{}/sees", pair.b_id)).await.ok().json();
    assert_eq!(seen["total"], 0, "{seen}");

    let _ = pair.a.cli(&["study", "release", &id]).ok();
    eventually!(30, "B lists it again", {
        holds(pair.b.listed(&study.uid).await.is_some_and(|row| row["completeness"] == "complete"))
    });
    let _ = pair.b.retrieve(&made[0].path()).await.unwrap();
    let acts: Vec<_> = pair.a.audit("").await.into_iter().map(|entry| entry["act"].clone()).collect();
    assert!(acts.contains(&json!("study-withheld")) && acts.contains(&json!("study-released")), "{acts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_patient_it_is_also_what_comes_later_and_masked_is_masked_here_too() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let before = Study::of(1);
    let later = Study { uid: tests::part10::uid(), patient_id: before.patient_id.clone(), ..Study::of(1) };
    let other = Study { issuer: Some("ELSEWHERE".to_owned()), patient_id: before.patient_id.clone(), ..Study::of(1) };
    let (_, paths) = before.write(&pair.a.scratch("before"));
    pair.announced(&before.uid, 1, &paths).await;
    let _ = pair.a.cli(&["patient", "oppose", &before.patient_id]).ok();
    eventually!(WITHIN_S, "B no longer lists it", holds(pair.b.listed(&before.uid).await.is_none()));
    let (_, paths) = later.write(&pair.a.scratch("later"));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&later.uid, 1).await;
    // Another patient with the same number of another issuer is another: once that one is told, the later one would be.
    let (_, paths) = other.write(&pair.a.scratch("other"));
    pair.announced(&other.uid, 1, &paths).await;
    assert!(pair.b.listed(&later.uid).await.is_none());
    assert_eq!(withheld(&pair.a, &later.uid).await[0]["how"], "opposed");
    assert_eq!(withheld(&pair.a, &other.uid).await, json!([]));

    let reader = pair.a.new_token("reader", "radiologist");
    let open = async || {
        let path = format!("/dicomweb/studies/{}/metadata", later.uid);
        ask(pair.a.portal(), Ask::get(path).bearer(&reader)).await.unwrap().status.as_u16()
    };
    assert_eq!(open().await, 200, "opposed to sharing, it is read at home");
    let masking = json!({ "study": later.uid, "how": "masked", "asked_by": "patient" });
    let asked = Ask::new(hyper::Method::POST, "/api/withheld").json(&masking).bearer(&reader);
    assert_eq!(ask(pair.a.portal(), asked).await.unwrap().status, 403, "not everybody's to say");
    let _ = pair.a.post("/api/withheld", &masking).await.ok();
    assert_eq!(open().await, 403, "masked, only who may correct reads it");
    let _ = pair.a.get(&format!("/dicomweb/studies/{}/metadata", later.uid)).await.ok();
}
