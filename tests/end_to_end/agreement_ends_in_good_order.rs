//! An agreement from its draft to its end: read before it is offered, narrowed to a region, compared before it is signed
//! again, suspended, resumed, and ended when what was being read has been read.

use crate::SITE;
use serde_json::{Value, json};
use tests::{Pair, Study, browser, eventually, hospital::agreement};

/// A study as it was made, with its images.
type Made = (Study, Vec<tests::Instance>);

async fn study_at_a(pair: &Pair, region: &str) -> Made {
    let study = Study::of(2).region(region);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    (study, made)
}

fn lines(said: &Value, language: &str) -> String {
    said[language].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

async fn wrong(pair: &Pair, study: &str) -> Vec<String> {
    let said = pair.a.get(&format!("/api/peers/{}/explain?study={study}", pair.b_id)).await.ok().json();
    let steps = said["steps"].as_array().unwrap().iter().filter(|s| s["holds"] == false);
    steps.map(|s| s["link"].as_str().unwrap().to_owned()).collect()
}

async fn audited(site: &tests::Site, act: &str) -> usize {
    site.audit("").await.iter().filter(|entry| entry["act"] == act).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agreement_is_drafted_compared_suspended_and_ended_when_all_is_read() {
    let pair = Pair::paired(SITE).await;
    let terms = json!({
        "preset": "all", "direction": "ours", "regions": ["HEAD"], "since_days": 36500, "fields": [],
        "purposes": ["care"], "our_privacy_contact": "dpo@nord.example"
    });
    is_read_before_it_is_offered(&pair, &terms).await;
    let first = pair.agree(&terms).await;
    let id = first["id"].as_str().unwrap();

    // Of what region a study is decides whether it is told.
    let (head, knee) = (study_at_a(&pair, "HEAD").await, study_at_a(&pair, "KNEE").await);
    let row = pair.b.settled(&head.0.uid, 2).await;
    assert!(row["patient"]["name"].is_null(), "{row}");
    let _ = pair.b.frame(&head.1[0].path(), 1).await.ok();
    assert!(pair.b.listed(&knee.0.uid).await.is_none());
    assert_eq!(wrong(&pair, &knee.0.uid).await, ["regions"]);
    assert_eq!(pair.b.frame(&knee.1[0].path(), 1).await.status.as_u16(), 404);

    is_compared_before_it_is_signed_again(&pair, id, &terms).await;
    let _ = pair.b.settled(&knee.0.uid, 2).await;
    let late = is_suspended_and_resumed(&pair, id, &head).await;
    ends_when_all_is_read(&pair, id, (&head, &knee, &late)).await;
}

async fn is_read_before_it_is_offered(pair: &Pair, terms: &Value) {
    let mut asked = terms.clone();
    asked["site"] = json!(pair.b_id);
    let preview = pair.a.post("/api/agreements/preview", &asked).await.ok().json();
    let (fr, en) = (lines(&preview["sentences"], "fr"), lines(&preview["sentences"], "en"));
    assert!(en.contains("CHU Sud sees the list of all studies of CH Nord of the head"), "{en}");
    assert!(en.contains("neither name nor birth date") && en.contains("care of the patient"), "{en}");
    assert!(fr.contains("de la région tête") && fr.contains("dpo@nord.example"), "{fr}");
    assert_eq!(pair.a.get("/api/agreements").await.ok().json(), json!([]), "nothing is offered");

    // What is wrong is said at its place.
    let odd = json!({ "site": pair.b_id, "preset": "all", "regions": ["a head"], "cache_days": 0 });
    let odd = pair.a.post("/api/agreements/preview", &odd).await.ok().json();
    let places: Vec<_> = odd["wrong"].as_array().unwrap().iter().map(|wrong| wrong["term"].clone()).collect();
    assert_eq!((places, &odd["sentences"]), (vec![json!("regions"), json!("cache_days")], &Value::Null));
    let said = pair.a.cli(&["agreement", "preview", &pair.b.name, "--regions", "HEAD", "--without-names"]).ok();
    assert!(said.out.contains("of the head"), "{}", said.out);
    let said = pair.a.cli(&["--lang", "fr", "agreement", "preview", &pair.b.name, "--regions", "a head"]);
    assert!(said.code == Some(1) && said.err.contains("une région est un code"), "{}", said.err);
}

/// The next version is shown to both as what it changes, before either signs.
async fn is_compared_before_it_is_signed_again(pair: &Pair, id: &str, terms: &Value) {
    let mut asked = terms.clone();
    asked["site"] = json!(pair.b_id);
    asked["regions"] = json!(["HEAD", "KNEE"]);
    asked["replaces"] = json!(id);
    let preview = pair.a.post("/api/agreements/preview", &asked).await.ok().json();
    assert_eq!(preview["changes"]["version"], 1, "{preview}");
    let offered = pair.a.post("/api/agreements", &asked).await.ok().json();
    assert_eq!((&offered["version"], &offered["changes"]), (&json!(2), &preview["changes"]));
    let received = eventually!(15, "the offer is at the other site", {
        agreement(&pair.b, id).await.filter(|row| row["state"] == "received")
    });
    assert_eq!(received["changes"], offered["changes"]);
    assert!(lines(&received["changes"]["added"], "en").contains("of the head, knee"), "{received}");
    assert!(!lines(&received["changes"]["removed"], "en").contains("knee"), "{received}");
    let said = pair.b.cli(&["agreement", "show", id, "--changes"]).ok();
    assert!(said.out.contains("+ ") && said.out.contains("- "), "{}", said.out);
    let _ = pair.b.cli(&["agreement", "accept", id]).ok();
    let row = agreement(&pair.b, id).await.unwrap();
    assert_eq!((&row["version"], &row["state"]), (&json!(2), &json!("active")));
}

/// By the one who reads: at both sites nothing opens, and what was copied stays, closed. Gives a study that came meanwhile.
async fn is_suspended_and_resumed(pair: &Pair, id: &str, (head, made): &Made) -> Made {
    for instance in made {
        let _ = pair.b.frame(&instance.path(), 1).await.ok();
    }
    let _ = pair.b.cli(&["agreement", "suspend", id]).ok();
    let closed = pair.b.frame(&made[0].path(), 1).await;
    assert_eq!((closed.status.as_u16(), closed.error_code()), (403, "suspended".to_owned()), "{}", closed.text());
    assert_eq!(pair.b.listed(&head.uid).await.unwrap()["availability"], "closed");
    is_at(&pair.a, id, "suspended").await;
    assert_eq!(wrong(pair, &head.uid).await, ["not-suspended"]);
    let by_a = pair.a.post(&format!("/api/agreements/{id}/resume"), &json!({})).await;
    assert_eq!(by_a.status.as_u16(), 409, "only who suspended it resumes it");
    let late = study_at_a(pair, "HEAD").await;
    for site in [&pair.a, &pair.b] {
        site.stop().await;
        site.serve().await;
        is_at(site, id, "suspended").await;
        assert_eq!(audited(site, "agreement-suspended").await, 1, "both logs have it");
    }
    assert_eq!(pair.b.frame(&made[0].path(), 1).await.error_code(), "suspended", "over a restart");
    assert!(pair.b.listed(&late.0.uid).await.is_none(), "nothing is told");
    assert_eq!(pair.b.listed(&head.uid).await.unwrap()["instances_here"], 2, "copies stay");
    let _ = pair.b.cli(&["agreement", "resume", id]).ok();
    is_at(&pair.a, id, "active").await;
    let _ = pair.b.settled(&late.0.uid, 2).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    late
}

async fn ends_when_all_is_read(pair: &Pair, id: &str, (head, knee, late): (&Made, &Made, &Made)) {
    let under = pair.b.get(&format!("/api/agreements/{id}/under")).await.ok().json();
    let reading: Vec<_> = under["reading"].as_array().unwrap().iter().map(|row| row["study"].clone()).collect();
    assert_eq!(reading, [json!(head.0.uid)], "{under}");
    let _ = pair.b.post(&format!("/api/agreements/{id}/close"), &json!({ "hours": 2 })).await.ok();
    for site in [&pair.b, &pair.a] {
        is_at(site, id, "closing").await;
        assert_eq!(audited(site, "agreement-closing").await, 1);
    }
    let _ = pair.b.frame(&head.1[1].path(), 1).await.ok();
    for (study, made) in [knee, late] {
        let refused = pair.b.frame(&made[0].path(), 1).await;
        assert_eq!(refused.error_code(), "closing", "{}", refused.text());
        assert_eq!(wrong(pair, &study.uid).await, ["not-closing"]);
        assert_eq!(pair.b.listed(&study.uid).await.unwrap()["availability"], "closed");
    }
    let row = pair.b.listed(&head.0.uid).await.unwrap();
    assert!(row["ends"].is_string(), "who reads is told until when: {row}");
    let _ = pair.a.cli(&["agreement", "end", id]).ok();
    for (study, _) in [head, knee, late] {
        pair.withdrawn(&study.uid).await;
    }
    for site in [&pair.a, &pair.b] {
        is_at(site, id, "ended").await;
        assert_eq!(audited(site, "agreement-ended").await, 1);
    }
}

async fn is_at(site: &tests::Site, id: &str, state: &str) {
    let what = format!("the agreement is {state} at {}", site.name);
    eventually!(15, what, agreement(site, id).await.filter(|row| row["state"] == state));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_read_the_end_comes_at_once() {
    let pair = Pair::paired(SITE).await;
    let agreed = pair.agree(&json!({ "preset": "all" })).await;
    let id = agreed["id"].as_str().unwrap();
    let said = pair.a.cli(&["agreement", "end", id, "--after", "24"]).ok();
    assert!(said.err.contains("has ended"), "{}", said.err);
    is_at(&pair.b, id, "ended").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::paired(SITE).await;
    let (study, _) = study_at_a(&pair, "HEAD").await;
    let side = |site: &tests::Site| {
        json!({
            "portal": format!("http://{}", site.portal()), "site": site.name, "password": site.new_user("admin", "admin"),
        })
    };
    let input = json!({ "a": side(&pair.a), "b": side(&pair.b), "name": "admin", "study": study.uid });
    let seen = browser::run("agreement_is_drafted", &input);
    assert_eq!((&seen["cases"], &seen["own_case"]), (&json!(1), &json!(false)), "of one direction alone: {seen}");
    assert_eq!((&seen["removed"], &seen["added"]), (&json!(2), &json!(2)), "one sentence of either direction: {seen}");
    assert_eq!(
        (&seen["shared"], &seen["errors"], &seen["outside_hosts"]),
        (&json!(200), &json!([]), &json!([])),
        "{seen}"
    );
}
