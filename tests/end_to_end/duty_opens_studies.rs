//! What clauses ask beside the study: an open case, somebody on duty, a purpose that was agreed. Each opens and closes what
//! it is about, at both sites, and is what the explanation names.

use crate::SITE;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tests::{Instance, Pair, Study, eventually, wait::holds};

async fn study_at_a(pair: &Pair) -> Vec<Instance> {
    let study = Study::of(3);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    made
}

/// RFC 3339, so long from now.
fn after(minutes: u64) -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + minutes * 60;
    // Days to a date of the civil calendar, by eras of 400 years that begin in March.
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

async fn wrong(pair: &Pair, study: &str, more: &str) -> Vec<String> {
    let said = pair.a.get(&format!("/api/peers/{}/explain?study={study}{more}", pair.b_id)).await.ok().json();
    let steps = said["steps"].as_array().unwrap().iter().filter(|s| s["holds"] == false);
    steps.map(|s| s["link"].as_str().unwrap().to_owned()).collect()
}

/// The account or token that the story asks with.
async fn asker(site: &tests::Site) -> String {
    site.get("/api/session").await.ok().json()["person"]["name"].as_str().unwrap().to_owned()
}

async fn refused(pair: &Pair, made: &Instance, code: &str) {
    let answer = pair.b.frame(&made.path(), 1).await;
    assert_eq!((answer.status.as_u16(), answer.error_code()), (403, code.to_owned()), "{}", answer.text());
}

async fn is_known(site: &tests::Site, id: &str, state: &str) {
    eventually!(5, "the peer has heard of it", {
        let rows = site.get("/api/duty").await.ok().json();
        let row = rows.as_array().unwrap().iter().find(|row| row["id"] == *id).cloned();
        holds(row.is_some_and(|row| row["state"] == state && row["ours"] == false))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_study_opens_with_its_case_and_closes_with_it() {
    let pair = Pair::paired(SITE).await;
    let made = study_at_a(&pair).await;
    let study = made[0].study.as_str();
    let terms = json!({ "preset": "all", "direction": "ours", "with_case": true });
    let agreement = pair.agree(&terms).await;
    let said = agreement["sentences"]["en"].as_array().unwrap();
    assert!(
        said.iter().any(|line| line.as_str().unwrap().contains("only while CH Nord has a case open on it")),
        "{said:?}"
    );
    assert_eq!(wrong(&pair, study, "").await, ["case"]);
    assert!(pair.b.listed(study).await.is_none(), "without a case it is not even listed");

    let opened =
        pair.a.cli(&["duty", "case", study, "--owner", "dr", "--with", &pair.b.name, "--until", &after(60)]).ok();
    let case = opened.out.trim().to_owned();
    let _ = pair.b.settled(study, made.len()).await;
    is_known(&pair.b, &case, "open").await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(wrong(&pair, study, "").await, Vec::<String>::new());
    let id = agreement["id"].as_str().unwrap();
    for site in [&pair.a, &pair.b] {
        let under = site.get(&format!("/api/agreements/{id}/under")).await.ok().json();
        assert_eq!((&under["cases"][0]["case"], &under["cases"][0]["studies"][0]), (&json!(case), &json!(study)));
    }

    // Over a restart of the reader it is told again, and what is closed is closed at both within seconds.
    pair.b.stop().await;
    pair.b.serve().await;
    eventually!(20, "it opens again", holds(pair.b.frame(&made[1].path(), 1).await.status.is_success()));
    let _ = pair.a.cli(&["duty", "end", &case]).ok();
    is_known(&pair.b, &case, "closed").await;
    assert_eq!(wrong(&pair, study, "").await, ["case"]);
    eventually!(5, "it is withdrawn", holds(pair.b.listed(study).await.is_none()));
    assert!(!pair.b.frame(&made[2].path(), 1).await.status.is_success());
    let said = pair.b.cli(&["duty", "list"]).ok();
    assert!(said.out.contains("closed") && said.out.contains("CH Nord"), "{}", said.out);
    let stated = pair.b.audit("").await.iter().filter(|event| event["act"] == "duty-stated").count();
    assert_eq!(stated, 2, "what a peer states is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_on_duty_reads_for_a_purpose_that_was_agreed() {
    let pair = Pair::paired(SITE).await;
    let made = study_at_a(&pair).await;
    let study = made[0].study.as_str();
    let terms = json!({ "preset": "all", "direction": "ours", "on_duty": true, "purposes": ["on-call", "expertise"] });
    let _ = pair.agree(&terms).await;
    let _ = pair.b.settled(study, made.len()).await;
    refused(&pair, &made[0], "off-duty").await;
    assert_eq!(wrong(&pair, study, "").await, ["on-duty"]);

    // The shift is the reader's site's to state; it counts for its person, its modalities and its minutes.
    let person = asker(&pair.b).await;
    let shift = pair.b.cli(&["shift", "add", &person, "--until", &after(60), "--competences", "CT,MR"]).ok();
    let shift = shift.out.trim().to_owned();
    is_known(&pair.a, &shift, "confirmed").await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(wrong(&pair, study, &format!("&person={person}&purpose=expertise")).await, Vec::<String>::new());
    assert_eq!(wrong(&pair, study, "&person=somebody").await, ["on-duty"]);
    let later = after(90);
    assert_eq!(wrong(&pair, study, &format!("&at={later}")).await, ["on-duty"], "the shift is over by then");

    // Of the purposes agreed one is chosen, and no other.
    let known = pair.b.get(&format!("/api/studies/{study}/purpose")).await.ok().json();
    assert_eq!(known, json!({ "purposes": ["on-call", "expertise"], "purpose": "on-call" }));
    let post = async |purpose: &str| {
        pair.b.post(&format!("/api/studies/{study}/purpose"), &json!({ "purpose": purpose })).await
    };
    let answer = post("quality").await;
    assert_eq!((answer.status.as_u16(), answer.error_code()), (403, "purpose".to_owned()));
    let _ = post("expertise").await.ok();
    let _ = pair.b.frame(&made[1].path(), 1).await.ok();
    assert_eq!(wrong(&pair, study, "&purpose=quality").await, ["purpose"]);
    let said =
        pair.a.cli(&["--lang", "fr", "explain", "--peer", &pair.b.name, "--study", study, "--purpose", "quality"]);
    assert!(said.code == Some(1) && said.out.contains("demandé pour : contrôle de qualité"), "{}", said.out);

    let _ = pair.b.cli(&["shift", "end", &shift]).ok();
    refused(&pair, &made[2], "off-duty").await;
    is_known(&pair.a, &shift, "ended").await;
    assert_eq!(wrong(&pair, study, &format!("&person={person}")).await, ["on-duty"]);
    let row: Value = pair.b.listed(study).await.unwrap();
    assert_eq!(row["study"], study, "it stays listed");
}
