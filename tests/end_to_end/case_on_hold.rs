//! A radiologist needs to know more before they read, and puts the case on hold: the time runs on, whoever asked is called and answers,
//! whoever waits is called again. In two browsers, against two nodes. And nobody further is asked meanwhile.

use crate::{
    SITE,
    cases::{desk, get, ready},
    cases_are_read_elsewhere::{Person, id, is_stage, sent, set, stroke},
};
use serde_json::{Value, json};
use tests::{Pair, Preset, Site, Study, browser, hospital};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let case = ready(&pair, &Study::of(3).named("Kervella^Maïwenn")).await;
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "dr.leroy", "radiologist"),
        "case": case,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("case_on_hold", &input);
    println!("seconds: {}", seen["seconds"]);
    let due = seen["due"].as_array().unwrap();
    assert_eq!((due.len(), &due[0]["what"]), (4, &json!("preliminary")), "{seen}");
    assert!(
        due.iter().all(|one| one["at"] == due[0]["at"]),
        "on hold or not, at either site, it is due as before: {seen}"
    );
    let says = seen["says"].as_str().unwrap();
    for words in ["CHU Sud", "a suspendu un dossier", "En attente de la créatinine."] {
        assert!(says.contains(words), "the call says who waits for what: {seen}");
    }
    assert_eq!(seen["owner"]["person"], "dr.leroy", "a case on hold is not without an owner: {seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    // Both sites keep it in the order in which it happened.
    for site in [&pair.a, &pair.b] {
        let kept = get(site, &site.token, &format!("/api/cases/{case}")).await;
        let steps = kept["events"].as_array().unwrap().iter().filter(|event| event["void"].is_null());
        let words = ["info-asked", "on-hold", "info-given", "resumed", "reported", "acknowledged", "closed"];
        let steps: Vec<&str> = steps.filter_map(|event| event["step"].as_str()).filter(|s| words.contains(s)).collect();
        assert_eq!(steps, words, "{}", site.name);
        assert_eq!((&kept["stage"], &kept["reports"][0]["person"]), (&json!("closed"), &json!("dr.leroy")), "{kept}");
    }
}

/// Whom a case was asked of, by site.
fn asked(case: &Value) -> Vec<&str> {
    case["asked"].as_array().unwrap().iter().filter_map(|row| row["site_name"].as_str()).collect()
}

/// A case on hold waits for whoever was asked; one beside it, asked later, goes on to the next meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_nobody_further_is_asked_until_it_goes_on() {
    let a = Site::open(SITE, "CH Nord").await;
    let (b, c) = (Site::open(SITE, "CHU Sud").await, Site::open(SITE, "CHU Est").await);
    for reader in [&b, &c] {
        hospital::pair(&a, reader).await;
        let _ = hospital::agree((&a, reader), &json!({ "preset": "all" })).await;
    }
    let (study, _) = sent(&a).await;
    set(&a, |settings| settings["answer_s"] = json!([5, 5, 5, 5])).await;
    let urgence = Person::new(&a, "dr.urgence", "referrer");
    let held = id(&urgence.begin(stroke(&study, &[&b.name, &c.name])).await);
    let _ = urgence.sees(5, &held, "the first is asked", is_stage("offered")).await;
    let _ = urgence.step(&held, json!({ "step": "hold", "reason": "le patient est instable" })).await;
    // Begun later, so that its time is up later.
    let goes_on = id(&urgence.begin(stroke(&study, &[&b.name, &c.name])).await);
    let two = |case: &Value| asked(case) == [b.name.as_str(), c.name.as_str()];
    let _ = urgence.sees(30, &goes_on, "the next is asked", two).await;
    let shown = urgence.case(&held).await;
    assert_eq!((asked(&shown), &shown["asked"][0]["answer"]), (vec![b.name.as_str()], &json!("waiting")), "{shown}");
    let flags = shown["flags"].as_array().unwrap();
    // Nobody's silence is counted meanwhile, and the report's time runs on.
    assert!(flags.contains(&json!("on-hold")) && !flags.contains(&json!("breached")), "{shown}");
    assert_eq!(shown["due"]["what"], "preliminary", "{shown}");

    let _ = urgence.step(&held, json!({ "step": "resume" })).await;
    let shown = urgence.sees(20, &held, "the next is asked", two).await;
    assert_eq!(shown["asked"][0]["answer"], "timed-out", "{shown}");
}
