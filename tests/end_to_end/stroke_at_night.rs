//! A stroke at night: the request from one hospital rings at another, is accepted and claimed there, its images are opened with a prior
//! from a third site, and the preliminary report is read where it was asked for. In the morning another radiologist signs the final
//! one, and the critical result is heard. In three browsers, against three nodes.

use crate::prior_at_a_third_site::{GROUP, Three, stored};
use serde_json::json;
use tests::{Study, browser};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_two_browsers() {
    let Three { asker, reader, third } = Three::set().await;
    let of = |date: &str| Study {
        issuer: Some(GROUP.to_owned()),
        date: date.to_owned(),
        ..Study::of(24).size(256, 256).named("Kervella^Maïwenn").region("HEAD")
    };
    let study = of("20260301");
    let prior = Study { patient_id: study.patient_id.clone(), ..of("20250110") };
    let (made, earlier) = (stored(&asker, &study).await, stored(&third, &prior).await);
    let _ = reader.settled(&study.uid, made.len()).await;
    let _ = reader.settled(&prior.uid, earlier.len()).await;
    let input = json!({
        "a": { "portal": format!("http://{}", asker.portal()), "site": asker.name, "name": "dr.morvan",
            "password": asker.new_user("dr.morvan", "referrer") },
        "b": { "portal": format!("http://{}", reader.portal()), "site": reader.name, "name": "dr.leroy",
            "password": reader.new_user("dr.leroy", "radiologist") },
        "morning": { "name": "dr.matin", "password": reader.new_user("dr.matin", "radiologist") },
        "study": study.uid,
        "prior": prior.uid,
        "patient": "Kervella Maïwenn",
        "born": "24/05/1961",
    });
    let seen = browser::run("stroke_at_night", &input);
    println!("seconds: {}", seen["seconds"]);
    assert!(seen["prior_from"].as_str().unwrap().contains("Clinique Ouest"), "the third site's: {seen}");
    assert_eq!(seen["beside"], 2, "both stand in the viewer: {seen}");
    let shown = |made: &[tests::Instance]| {
        let images = seen["images"].as_array().unwrap();
        images.iter().any(|uid| made.iter().any(|one| *uid == *one.uid))
    };
    assert!(shown(&made) && shown(&earlier), "{seen}");
    assert_eq!(seen["heard_by_opening"], false, "looking at a critical result is not hearing of it: {seen}");
    assert_eq!(seen["heard_by_reading"], false, "nor is reading the report: {seen}");
    assert_eq!(seen["final_begins_with"], "AVC ischémique sylvien gauche, occlusion M1.", "{seen}");
    assert!(seen["final_by"].as_str().unwrap().contains("dr.matin"), "{seen}");
    assert_eq!(seen["grave"], json!([]), "serious or critical for axe: {seen}");
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    // Both sites know who looked at the prior.
    for site in [&reader, &third] {
        let log = site.audit("").await;
        assert!(log.iter().any(|entry| entry["person"] == "dr.leroy" && entry["study"] == prior.uid), "{}", site.name);
    }
}
