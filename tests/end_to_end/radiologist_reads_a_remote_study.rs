//! The on-call radiologist at B reads what A's scanner has just made.

use crate::SITE;
use serde_json::json;
use std::time::Duration;
use tests::{Pair, Preset, Site, Study, browser, multipart, part10};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_in_her_list_within_seconds_and_every_byte_is_the_scanners() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study { series: 2, ..Study::of(10) }.size(128, 128);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));

    let _ = pair.a.c_store(&paths[..5]).ok();
    let (row, arriving_after) =
        Site::measure(5, "B lists the study as arriving", async || pair.b.listed(&study.uid).await).await;
    assert!(arriving_after < Duration::from_secs(3), "{arriving_after:?}");
    assert_eq!((&row["site_name"], &row["holder"]), (&json!(pair.a.name), &json!(pair.a_id)));
    assert_eq!(row["patient"]["name"], study.patient_name, "the agreement discloses the name");
    pair.announced(&study.uid, made.len(), &paths[5..]).await;

    let first = pair.b.frame(&made[10].path(), 1).await.ok();
    assert!(first.whole_after < Duration::from_secs(2), "{:?}", first.whole_after);
    assert_eq!(multipart::parts(&first), [made[10].pixels.clone()]);
    for instance in &made {
        let file = pair.b.retrieve(&instance.path()).await.unwrap();
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
    let metadata = pair.b.get(&format!("/dicomweb/studies/{}/metadata", study.uid)).await.ok().json();
    assert_eq!(metadata.as_array().unwrap().len(), made.len());

    // Both sites know who opened what of whom.
    let opened = |log: Vec<serde_json::Value>| log.into_iter().filter(|e| e["study"] == study.uid).collect::<Vec<_>>();
    let at_b = opened(pair.b.audit("").await);
    assert!(at_b.iter().any(|e| e["person"] == "story" && e["peer"] == pair.a_id), "{at_b:?}");
    let at_a = opened(pair.a.audit("").await);
    assert!(at_a.iter().any(|e| e["person"] == "story" && e["site"] == pair.b_id), "{at_a:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_context_shows_its_studies_and_no_others() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let patient = "P0001".to_owned();
    let (one, other) =
        (Study { patient_id: patient.clone(), ..Study::of(2) }, Study { patient_id: patient, ..Study::of(2) });
    for study in [&one, &other] {
        let (_, paths) = study.write(&pair.a.scratch(&study.uid));
        pair.announced(&study.uid, 2, &paths).await;
    }
    let reading = pair.b.post("/api/readings", &json!({ "studies": [one.uid] })).await.ok().json();
    let root = reading["dicomweb_root"].as_str().unwrap();
    assert!(reading["viewer"].as_str().unwrap().contains(&one.uid));
    // The viewer asks for priors by Patient ID alone: it gets what the context holds.
    let found = pair.b.get(&format!("{root}/studies?00100020=P0001")).await.ok().json();
    let studies: Vec<_> = found.as_array().unwrap().iter().map(|row| &row["0020000D"]["Value"][0]).collect();
    assert_eq!(studies, [&json!(one.uid)]);
    let outside = pair.b.get(&format!("{root}/studies/{}/metadata", other.uid)).await;
    assert_eq!(outside.status.as_u16(), 404, "{}", outside.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_her_browser() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let password = pair.b.new_user("zoe.martin", "radiologist");
    let study = Study::of(12).size(256, 256).named("Lefèvre^Zoé");
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;

    let input = json!({
        "portal": format!("http://{}", pair.b.portal()),
        "name": "zoe.martin",
        "password": password,
        "study": study.uid,
        "patient": "Lefèvre",
        "site": pair.a.name,
    });
    let seen = browser::run("radiologist_reads_a_remote_study", &input);
    assert_eq!(seen["listed"], true, "{seen}");
    assert_eq!(seen["drawn"], true, "the canvas is not blank: {seen}");
    assert_eq!(seen["outside_hosts"], json!([]), "no outside host is asked for anything");
    assert_eq!(seen["errors"], json!([]), "{seen}");
    let log = pair.a.audit("").await;
    assert!(log.iter().any(|e| e["person"] == "zoe.martin" && e["study"] == study.uid), "A knows who read: {log:?}");
}
