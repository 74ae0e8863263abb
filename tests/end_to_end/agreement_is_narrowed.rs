//! What is agreed changes: less is shared than before, and what is no longer shared is no longer seen.

use crate::SITE;
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};
use tests::{Pair, Study, eventually};

async fn study_at_a(pair: &Pair, modality: &str) -> (Study, Vec<tests::Instance>) {
    let study = Study::of(2).modality(modality);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    (study, made)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn studies_no_longer_covered_are_withdrawn_with_their_copies() {
    let pair = Pair::paired(SITE).await;
    let first = pair.agree(&json!({ "preset": "all" })).await;
    let (ct, ct_made) = study_at_a(&pair, "CT").await;
    let (mr, mr_made) = study_at_a(&pair, "MR").await;
    for (study, made) in [(&ct, &ct_made), (&mr, &mr_made)] {
        let _ = pair.b.settled(&study.uid, 2).await;
        let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    }

    let next = pair.agree(&json!({ "preset": "all", "modalities": ["CT"], "replaces": first["id"] })).await;
    assert_eq!((&next["id"], &next["version"]), (&first["id"], &json!(2)), "a change is a new version");
    pair.withdrawn(&mr.uid).await;
    let copy = pair.b.frame(&mr_made[0].path(), 1).await;
    assert!(matches!(copy.status.as_u16(), 403 | 404), "the copy is not shown: {}", copy.status);
    let _ = pair.b.frame(&ct_made[1].path(), 1).await.ok();

    let id = first["id"].as_str().unwrap();
    let _ = pair.b.post(&format!("/api/agreements/{id}/end"), &json!({})).await.ok();
    pair.withdrawn(&ct.uid).await;
    let copy = pair.b.frame(&ct_made[0].path(), 1).await;
    assert!(matches!(copy.status.as_u16(), 403 | 404), "{}", copy.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outside_the_agreed_hours_nothing_is_opened() {
    let pair = Pair::paired(SITE).await;
    // The epoch was a Thursday: minutes of the week since Monday 00:00 UTC.
    let minutes = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60;
    let now = (minutes + 3 * 24 * 60) % (7 * 24 * 60);
    let from = (now + 2 * 24 * 60) % (7 * 24 * 60);
    let to = (from + 60) % (7 * 24 * 60);
    let _ = pair.agree(&json!({ "preset": "on-call", "time_zone": "UTC", "spans": [[from, to]] })).await;
    let (study, made) = study_at_a(&pair, "CT").await;
    let _ = pair.b.settled(&study.uid, 2).await;
    let refused = pair.b.frame(&made[0].path(), 1).await;
    assert_eq!(refused.status.as_u16(), 403, "{}", refused.text());
    assert_eq!(refused.error_code(), "outside-hours", "{}", refused.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_by_case_only_what_is_shared_is_seen() {
    let pair = Pair::paired(SITE).await;
    let _ = pair.agree(&json!({ "preset": "case-only" })).await;
    let (shared, made) = study_at_a(&pair, "CT").await;
    let (kept, _) = study_at_a(&pair, "CT").await;
    let share = json!({ "site": pair.b_id, "hours": 2 });
    let grant = pair.a.post(&format!("/api/studies/{}/share", shared.uid), &share).await.ok().json();
    assert!(grant["expires"].is_string());
    let row = pair.b.settled(&shared.uid, 2).await;
    assert_eq!(row["patient"]["name"], shared.patient_name, "whoever is asked for an opinion knows of whom");
    assert!(row["accession"].is_null() && row["referrer"].is_null(), "the preset names no more than that: {row}");
    let frame = pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(tests::multipart::parts(&frame), [made[0].pixels.clone()]);
    assert!(pair.b.listed(&kept.uid).await.is_none());
    let said = pair.a.cli(&["study", "share", &kept.uid, &pair.b.name, "--hours", "1"]).ok();
    assert!(!said.out.is_empty());
    eventually!(15, "the second is told too", pair.b.listed(&kept.uid).await);
}
