//! At the site that reads, a radiologist who regulates gives a case to a colleague, takes it from one who does not answer, and leaves a
//! preliminary report with somebody who ends it; everybody concerned is told, and both sites' logs say why.

use crate::{
    SITE,
    cases::{desk, get, ready},
    cases_are_read_elsewhere::{Person, id, is_stage, sent, stroke},
    coverage_hole::{covered, hour, licensed, radiologist, time},
};
use serde_json::{Value, json};
use tests::{Pair, Preset, Study, browser, eventually, http::Method, wait::holds};

fn has(case: &Value, person: &str) -> bool {
    case["claim"]["person"] == person
}

async fn calls(person: &Person<'_>, kind: &str) -> bool {
    let alerts = person.get("/api/cases/alerts").await;
    alerts.as_array().unwrap().iter().any(|alert| alert["kind"] == kind)
}

fn gives(from: &str, to: &str, is_known: bool) -> Value {
    json!({ "step": "regulate", "from": from, "to": to, "reason": "ne répond plus", "confirmed": is_known })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_goes_from_hand_to_hand_and_nobody_is_left_unaware() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (study, _) = sent(&pair.a).await;
    let asker = Person::new(&pair.a, "dr.morvan", "referrer");
    let one = Person::signed_in(&pair.b, "dr.un", "radiologist").await;
    let two = Person::signed_in(&pair.b, "dr.deux", "radiologist").await;
    let regulator = Person::signed_in(&pair.b, "dr.regul", "radiologist").await;
    let clerk = Person::signed_in(&pair.b, "accueil", "technologist").await;
    let case = id(&asker.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = regulator.sees(10, &case, "it is asked", is_stage("offered")).await;
    let early = regulator.try_step(&case, gives("", "dr.un", false)).await;
    assert_eq!(early.error_code(), "too-early", "nobody has accepted it");
    let _ = regulator.step(&case, json!({ "step": "accept" })).await;
    let _ = regulator.sees(30, &case, "it can be read", is_stage("images-ready")).await;

    // To somebody of this site who reads, with a reason.
    for (wrong, why) in [
        (json!({ "step": "regulate", "to": "dr.un" }), "missing"),
        (json!({ "step": "regulate", "reason": "pour rien" }), "missing"),
        (gives("", "personne", false), "not-found"),
        (gives("", "accueil", false), "malformed"),
        (gives("dr.un", "dr.deux", false), "not-claimed"),
    ] {
        assert_eq!(regulator.try_step(&case, wrong.clone()).await.error_code(), why, "{wrong}");
    }
    for nobody in [&asker, &clerk] {
        assert_eq!(nobody.try_step(&case, gives("", "dr.un", false)).await.status, 403);
    }
    let given = regulator.step(&case, gives("", "dr.un", false)).await;
    assert!(has(&given, "dr.un"), "{given}");
    assert!(calls(&one, "given").await && !calls(&two, "given").await);
    let _ = asker.sees(5, &case, "the asker sees who has it", |case| has(case, "dr.un")).await;

    // From somebody who has just got it only by who knows that; and only from whom the screen shows.
    let work = regulator.try_step(&case, gives("dr.un", "dr.deux", false)).await;
    assert_eq!(work.error_code(), "at-work");
    let refuse = regulator.try_step(&case, json!({ "step": "refuse", "reason": "débordés" })).await;
    assert_eq!(refuse.error_code(), "at-work", "neither is it given back over their head");
    assert_eq!(regulator.try_step(&case, gives("dr.autre", "dr.deux", true)).await.error_code(), "claimed");
    let draft = json!({ "standing": "preliminary", "findings": "début de lecture", "language": "fr", "serial": 1 });
    let kept = one.ask(Method::PUT, &format!("/api/cases/{case}/draft"), Some(&draft)).await;
    assert!(kept.status.is_success(), "{}", kept.text());
    let moved = regulator.step(&case, gives("dr.un", "dr.deux", true)).await;
    assert!(has(&moved, "dr.deux"), "{moved}");
    assert!(calls(&two, "given").await && calls(&one, "taken").await);
    eventually!(10, "the asker is told", holds(calls(&asker, "moved").await));
    let mine = one.get(&format!("/api/cases/{case}/draft")).await;
    assert_eq!(mine["findings"], "début de lecture", "whoever wrote it keeps it: {mine}");

    // A preliminary report is left with somebody.
    let _ = two.step(&case, json!({ "step": "read" })).await;
    let _ = two.sign(&case, "preliminary", "occlusion M1 gauche").await;
    assert_eq!(regulator.try_step(&case, gives("dr.deux", "", true)).await.error_code(), "reported");
    let _ = regulator.step(&case, gives("dr.deux", "dr.un", true)).await;
    let _ = one.sign(&case, "final", "occlusion M1 gauche, ASPECTS 8").await;
    let after = regulator.try_step(&case, gives("", "dr.deux", true)).await;
    assert_eq!(after.error_code(), "reported", "a final report is nobody's to move");

    let both = |case: &Value| case["reports"].as_array().is_some_and(|reports| reports.len() == 2);
    let shown = asker.sees(10, &case, "the report is there", both).await;
    let moves: Vec<&Value> =
        shown["events"].as_array().unwrap().iter().filter(|event| event["step"] == "regulated").collect();
    assert_eq!(moves.len(), 3, "{shown}");
    assert!(moves.iter().all(|event| event["person"] == "dr.regul" && event["void"].is_null()), "{moves:?}");
    assert_eq!(moves[1]["text"], "dr.un → dr.deux · ne répond plus");
    for site in [&pair.a, &pair.b] {
        eventually!(10, "it stands in the log", {
            let log = site.get("/api/audit?limit=200").await.ok().text();
            holds(log.contains("regulated: ") && log.contains("dr.un → dr.deux: ne répond plus"))
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_given_a_case_may_read_it_and_is_on_duty() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let regulator = Person::signed_in(&pair.b, "dr.regul", "radiologist").await;
    for (name, modality) in [("dr.garde", "CT"), ("dr.repos", "CT"), ("dr.irm", "MR")] {
        let _ = radiologist(&pair.b, name, &[modality]).await;
    }
    licensed(&pair.b, "dr.regul", &["CT"]).await;
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    let plan = json!({ "person": "dr.garde", "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)),
        "rank": 1, "confirmed": true, "telephone": "02 97 11 22 33" });
    let _ = pair.b.post("/api/shifts", &plan).await.ok();
    let (study, _) = sent(&pair.a).await;
    let asker = Person::new(&pair.a, "dr.morvan", "referrer");
    let case = id(&asker.begin(stroke(&study, &[&pair.b_id])).await);
    let _ = regulator.sees(10, &case, "it is asked", is_stage("offered")).await;
    let _ = regulator.step(&case, json!({ "step": "accept" })).await;
    for (person, why) in [("dr.irm", "no-credential"), ("dr.repos", "not-on-duty")] {
        assert_eq!(regulator.try_step(&case, gives("", person, true)).await.error_code(), why, "{person}");
    }
    let given = regulator.step(&case, gives("", "dr.garde", false)).await;
    assert!(has(&given, "dr.garde"), "{given}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_four_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let case = ready(&pair, &Study::of(3).named("Kervella^Maïwenn")).await;
    let at_b = |name: &str| desk(&pair.b, name, "radiologist");
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "regul": at_b("dr.regul"), "martin": at_b("martin"), "leroy": at_b("leroy"),
        "case": case,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("reading_site_is_regulated", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["kept"], "Défect lobaire inférieur droit, à revoir.", "who lost it keeps what they wrote: {seen}");
    assert!(seen["by"].as_str().unwrap().contains("leroy"), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    // Both sites know who moved it and why; what was not meant moved nothing.
    for site in [&pair.a, &pair.b] {
        let kept = get(site, &site.token, &format!("/api/cases/{case}")).await;
        let moves = kept["events"].as_array().unwrap().iter().filter(|event| event["step"] == "regulated");
        let moves: Vec<_> = moves.map(|event| (event["person"].clone(), event["text"].clone())).collect();
        let by = |what: &str| (json!("dr.regul"), json!(what));
        assert_eq!(moves, [by("→ martin · Première disponible."), by("martin → leroy · Ne répond plus")], "{kept}");
    }
}
