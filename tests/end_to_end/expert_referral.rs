//! A question to an expert at another hospital, with the series it is about: they ask for more, are answered, and sign an opinion; or they
//! decline, and another is asked by the same hour. In browsers, against two nodes.

use crate::{
    SITE,
    cases::desk,
    cases_are_read_elsewhere::{Person, id, is_stage, sent},
    coverage_hole::{hour, time},
};
use serde_json::{Value, json};
use tests::{
    Pair, Preset, Study, browser, eventually,
    http::{self, Ask},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(12).size(256, 256).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "pr.expert", "radiologist"),
        "study": study.uid,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("expert_referral", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!((&seen["series_chosen"], &seen["pictures"]), (&json!("true"), &json!(1)), "{seen}");
    assert!(seen["asked"].as_str().unwrap().contains("pr.expert"), "it is asked of a person: {seen}");
    let said = |nth: usize, words: &[&str]| {
        let line = seen["thread"][nth].as_str().unwrap_or_default();
        assert!(words.iter().all(|word| line.contains(word)), "{words:?}: {seen}");
    };
    said(0, &["pr.expert", "CHU Sud", "demande un complément", "Y a-t-il de la fièvre"]);
    said(1, &["dr.morvan", "CH Nord", "répond", "Apyrexie"]);
    assert!(seen["english"].as_str().unwrap().contains("accepted"), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    // The opinion lies in the asker's record: a case of its own kind, and the report beside the images.
    let ask = Ask::get("/api/cases?kind=expertise").bearer(&pair.a.token);
    let list = http::ask(pair.a.portal(), ask).await.unwrap().ok().json();
    assert_eq!((&list["total"], &list["rows"][0]["kind"]), (&json!(1), &json!("expertise")), "{list}");
    eventually!(20, "the signed opinion is filed", {
        let found = pair.a.get(&format!("/dicomweb/studies/{}/series?Modality=SR", study.uid)).await.json();
        found.as_array().is_some_and(|series| series.len() == 1).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_declined_and_taken_by_another_in_three_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(12).size(256, 256).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let input = json!({
        "asker": desk(&pair.a, "dr.morvan", "referrer"),
        "first": desk(&pair.b, "pr.un", "radiologist"),
        "second": desk(&pair.b, "pr.deux", "radiologist"),
        "site": pair.b.name,
        "study": study.uid,
        "patient": "Kervella Maïwenn",
    });
    let seen = browser::run("expert_declines", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["late_ms"], json!([0, 0, 0, 0]), "the hour that was named stands at both sites, for both: {seen}");
    let line = |lines: &Value, nth: usize, words: [&str; 2]| {
        let said = lines[nth].as_str().unwrap_or_default();
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}: {seen}");
    };
    line(&seen["lines"], 0, ["CHU Sud · pr.un", "refus : Hors de ma compétence"]);
    line(&seen["lines"], 1, ["CHU Sud · pr.deux", "accepté"]);
    line(&seen["english"], 0, ["pr.un", "refused: Hors de ma compétence"]);
    line(&seen["english"], 1, ["pr.deux", "accepted"]);
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
}

/// By name, at the reading site, until an hour.
fn question(study: &str, site: &str, whom: &str, by: &str) -> Value {
    json!({ "kind": "expertise", "priority": "P2", "question": "Lésion ?", "identity_checked": true, "justification": "avis", "consent": "informed",
        "modality": "CT", "studies": [study], "to": [{ "site": site, "whom": whom }], "answer_by": by })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_declines_is_replaced_and_the_hour_stays() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let asker = Person::new(&pair.a, "dr.morvan", "referrer");
    let first = Person::signed_in(&pair.b, "pr.un", "radiologist").await;
    let second = Person::signed_in(&pair.b, "pr.deux", "radiologist").await;
    let by = time(hour(3));
    let case = id(&asker.begin(question(&study, &pair.b_id, "pr.un", &by)).await);
    let asks = |nth: usize, whom: &'static str, answer: &'static str| {
        move |case: &Value| case["asked"][nth]["whom"] == whom && case["asked"][nth]["answer"] == answer
    };
    let _ = first.sees(10, &case, "it is asked of a person", asks(0, "pr.un", "waiting")).await;

    // Declined, with a reason: the case is the asker's again, who asks another.
    let _ = first.step(&case, json!({ "step": "refuse", "reason": "hors de mon domaine" })).await;
    let shown = asker.sees(5, &case, "it is declined", asks(0, "pr.un", "refused")).await;
    assert_eq!((&shown["asked"][0]["reason"], &shown["owner"]["ours"]), (&json!("hors de mon domaine"), &json!(true)));
    let again = first.try_step(&case, json!({ "step": "accept" })).await;
    assert!(!again.status.is_success(), "who declined is not asked any more: {}", again.text());
    let _ = asker.step(&case, json!({ "step": "offer", "to": pair.b.name, "whom": "pr.deux" })).await;
    let _ = second.sees(10, &case, "the other is asked", asks(1, "pr.deux", "waiting")).await;
    let _ = second.step(&case, json!({ "step": "accept" })).await;

    // The hour that was named holds for whoever reads it.
    for person in [&asker, &second] {
        let shown = person.sees(5, &case, "it is taken", |case| case["due"]["what"] == "wanted").await;
        assert_eq!(shown["due"]["at"], by.as_str(), "{shown}");
    }
    let _ = second.step(&case, json!({ "step": "ask", "text": "Depuis quand ?" })).await;
    let _ = asker.sees(5, &case, "more is asked for", |case| case["thread"][0]["text"] == "Depuis quand ?").await;
    let _ = asker.step(&case, json!({ "step": "answer", "text": "Trois mois." })).await;
    let _ = second.sees(10, &case, "the images are ready", is_stage("images-ready")).await;
    let _ = second.step(&case, json!({ "step": "claim" })).await;
    let _ = second.sign(&case, "final", "méningiome").await;
    let _ = asker.sees(5, &case, "the opinion is there", |case| case["reports"][0]["person"] == "pr.deux").await;
}
