//! Images that come after a report, or while it is written and are not looked at: nobody takes the report for one that was read from all
//! of them. In two browsers, against two nodes.
#![allow(clippy::print_stdout, reason = "how long its steps took: `--no-capture`")]

use crate::{
    SITE,
    cases::{desk, get, taken},
};
use serde_json::{Value, json};
use tests::{Pair, Preset, Study, browser, eventually, part10, wait::holds};

/// Of the study as it is asked for.
const IMAGES: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_come_when_all_was_read_in_two_browsers() {
    let _ = told(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_come_while_it_is_written_in_two_browsers() {
    let seen = told(true).await;
    let despite = seen["despite"].as_str().unwrap();
    assert!(despite.contains("Vu avec la salle d’examen"), "the report says why it was signed all the same: {seen}");
}

async fn told(while_writing: bool) -> Value {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(IMAGES).size(128, 128).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let case = taken(&pair, &study.uid).await;
    let late = study.one(&made[0].series, 1, IMAGES + 1);
    let more = part10::write(&[late], &pair.a.scratch("later"));
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "dr.leroy", "radiologist"),
        "scanner": { "portal": format!("http://{}", pair.a.portal()), "token": pair.a.token },
        "case": case,
        "more": more,
        "while_writing": while_writing,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("late_images", &input);
    println!("seconds: {}", seen["seconds"]);
    let versions = &seen["versions"];
    let number = |site: usize, what: &str| versions[site][what].as_u64().unwrap();
    assert!(number(0, "read") < number(0, "there"), "which it was read from, and which is there: {seen}");
    assert_eq!(versions[0], versions[1], "both sites say the same: {seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    for site in [&pair.a, &pair.b] {
        let path = format!("/api/cases/{case}");
        let shown = get(site, &site.token, &path).await;
        let reports = shown["reports"].as_array().unwrap();
        assert_eq!((reports.len(), &shown["stage"]), (2, &json!("closed")), "{shown}");
        let read = |nth: usize| reports[nth]["read"][0]["version"].as_u64().unwrap();
        assert!(read(0) < number(0, "there") && read(1) >= number(0, "there"), "the addendum names all: {shown}");
        assert!(!shown["flags"].as_array().unwrap().contains(&json!("late-images")), "{shown}");
        eventually!(10, "all images are counted, and reports are none", {
            holds(get(site, &site.token, &path).await["study_list"][0]["instances"] == IMAGES + 1)
        });
    }
    seen
}
