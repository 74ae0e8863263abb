//! Whoever directs a night sees who has what at which site, gives what lies with nobody to somebody who is free, and sees it move. In a
//! browser, against two nodes.

use crate::{
    SITE, cases,
    coverage_hole::{covered, hour, radiologist, time},
};
use serde_json::json;
use tests::{Pair, Preset, Study, browser, eventually, wait::holds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_browser() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    // Before anybody's credentials are recorded: from then on a token without any accepts nothing.
    let held = cases::ready(&pair, &Study::of(2).named("Durand^Paul")).await;
    let mut readers = Vec::new();
    for name in ["leroy", "martin"] {
        readers.push(json!({ "name": name, "password": radiologist(&pair.b, name, &["CT"]).await }));
    }
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "until": time(hour(12)) })).await;
    for (rank, person) in ["leroy", "martin"].into_iter().enumerate() {
        let plan = json!({ "person": person, "coverage": coverage, "start": time(hour(0)), "end": time(hour(12)),
            "rank": rank + 1, "confirmed": true, "telephone": "02 97 11 22 33" });
        let _ = pair.b.post("/api/shifts", &plan).await.ok();
    }
    let study = Study::of(2).named("Kervella^Maïwenn");
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    let asker = pair.a.new_token("dr.morvan", "referrer");
    let request = json!({
        "priority": "P1", "question": "Embolie pulmonaire ?", "identity_checked": true, "justification": "pas de radiologue sur place", "consent": "informed",
        "modality": "CT", "studies": [study.uid], "telephone": "02 97 01 02 03", "to": [{ "site": pair.b_id }],
    });
    let case = cases::post(&pair.a, &asker, "/api/cases", &request).await["case"].as_str().unwrap().to_owned();
    eventually!(10, "both shifts are known", {
        let shifts = pair.a.get("/api/shifts").await.json();
        holds(shifts.as_array().is_some_and(|rows| rows.iter().filter(|row| row["counts"] == true).count() == 2))
    });

    let password = pair.a.new_user("dr.regul", "radiologist");
    let input = json!({
        "portal": format!("http://{}", pair.a.portal()), "name": "dr.regul", "password": password,
        "case": case, "held": held, "patient": "Kervella Maïwenn", "busy": "Durand Paul",
        "other": { "portal": format!("http://{}", pair.b.portal()), "readers": readers },
    });
    let seen = browser::run("night_is_regulated", &input);
    println!("seconds: {}", seen["seconds"]);
    assert_eq!(seen["lanes"], json!([["Sans lecteur", 1], ["leroy", 1], ["martin", 0]]), "{seen}");
    assert!(seen["proposed"][0].as_str().unwrap().contains("disponible"), "who has least to do stands first: {seen}");
    assert_eq!(seen["after"], json!([["martin", 1], ["leroy", 1]]), "the more urgent first: {seen}");
    assert_eq!((&seen["wide"], &seen["grave"]), (&json!([]), &json!([])), "no width is too narrow: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    let whole = pair.a.get(&format!("/api/cases/{case}")).await.ok().json();
    let asked: Vec<_> = whole["asked"].as_array().unwrap().iter().map(|row| row["whom"].clone()).collect();
    assert_eq!((asked.last(), &whole["priority"]), (Some(&json!("martin")), &json!("P0")), "{whole}");
}
