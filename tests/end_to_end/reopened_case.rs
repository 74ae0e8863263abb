//! A case that is over is opened again for a new question: it has its time again, and an addendum beside what was signed before. In two
//! browsers, against two nodes.

use crate::{
    SITE,
    cases::{desk, get, ready},
    cases_are_read_elsewhere::filed,
};
use serde_json::json;
use tests::{Pair, Preset, Study, browser, eventually, wait::holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(4).named("Kervella^Maïwenn");
    let case = ready(&pair, &study).await;
    let input = json!({
        "a": desk(&pair.a, "dr.morvan", "referrer"),
        "b": desk(&pair.b, "dr.leroy", "radiologist"),
        "case": case,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("reopened_case", &input);
    println!("seconds: {}", seen["seconds"]);
    let question = "Le micronodule était-il là en 2024 ?";
    assert!(seen["says"].as_str().unwrap().contains(question), "the call says what is asked: {seen}");
    assert_eq!((&seen["due"][0]["what"], &seen["due"][0]), (&json!("final"), &seen["due"][1]), "at both sites: {seen}");
    assert!(seen["left"].as_str().unwrap().starts_with("11"), "within twelve hours, as a final report is: {seen}");
    for before in seen["before"].as_array().unwrap() {
        assert!(before.as_str().unwrap().contains("Pas d’embolie pulmonaire."), "what was signed stays: {seen}");
    }
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");

    for site in [&pair.a, &pair.b] {
        let kept = get(site, &site.token, &format!("/api/cases/{case}")).await;
        let signed: Vec<_> = kept["reports"].as_array().unwrap().iter().map(|one| one["standing"].clone()).collect();
        assert_eq!((signed, &kept["stage"]), (vec![json!("final"), json!("addendum")], &json!("closed")), "{kept}");
        assert_eq!(kept["reports"][0]["conclusion"], "Pas d’embolie pulmonaire.", "{kept}");
        let opened = kept["events"].as_array().unwrap().iter().find(|event| event["step"] == "reopened").unwrap();
        assert_eq!((&opened["person"], &opened["text"]), (&json!("dr.morvan"), &json!(question)), "{}", site.name);
    }
    eventually!(20, "both reports lie beside the images", {
        let found = pair.a.get(&format!("/dicomweb/studies/{}/series?Modality=SR", study.uid)).await.json();
        let is_any = found.as_array().is_some_and(|series| !series.is_empty());
        holds(is_any && filed(&pair.a, &study.uid, "SR").await.len() == 2)
    });
}
