//! Who asks why: what a peer sees is shown as it sees it, and each decision names what decided it.

use crate::SITE;
use serde_json::{Value, json};
use tests::{Pair, Study};

async fn study_at_a(pair: &Pair, modality: &str) -> (Study, Vec<tests::Instance>) {
    let study = Study::of(1).modality(modality);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    (study, made)
}

async fn explained(pair: &Pair, study: &str) -> Value {
    pair.a.get(&format!("/api/peers/{}/explain?study={study}", pair.b_id)).await.ok().json()
}

fn wrong(explained: &Value) -> Vec<String> {
    let steps = explained["steps"].as_array().unwrap();
    steps.iter().filter(|s| s["holds"] == false).map(|s| s["link"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_looks_through_its_peers_eyes_and_asks_why() {
    let pair = Pair::paired(SITE).await;
    let (ct, ct_made) = study_at_a(&pair, "CT").await;
    let (mr, mr_made) = study_at_a(&pair, "MR").await;
    assert_eq!(wrong(&explained(&pair, &ct.uid).await), ["agreed"], "nothing is agreed yet");
    let first = pair.agree(&json!({ "preset": "all", "modalities": ["CT"] })).await;

    // The list is what the peer has, field by field.
    let row = pair.b.settled(&ct.uid, 1).await;
    let sees = pair.a.get(&format!("/api/peers/{}/sees", pair.b_id)).await.ok().json();
    assert_eq!((&sees["total"], sees["studies"].as_array().unwrap().len()), (&json!(1), 1), "{sees}");
    for field in ["study", "patient", "date", "modalities", "description", "accession", "referrer"] {
        assert_eq!(sees["studies"][0][field], row[field], "{field}");
    }
    assert!(sees["studies"][0]["closed"].is_null());

    let yes = explained(&pair, &ct.uid).await;
    assert_eq!((&yes["allowed"], wrong(&yes)), (&json!(true), vec![]), "{yes}");
    let _ = pair.b.frame(&ct_made[0].path(), 1).await.ok();
    let no = explained(&pair, &mr.uid).await;
    assert_eq!((&no["allowed"], wrong(&no)), (&json!(false), vec!["modalities".to_owned()]), "{no}");
    let refused = pair.b.frame(&mr_made[0].path(), 1).await;
    assert_eq!(refused.status.as_u16(), 404, "not even its name is known there");

    // The command line says the same, and a program hears it from the exit code.
    let said = pair.a.cli(&["explain", "--peer", &pair.b.name, "--study", &ct.uid]).ok();
    assert!(said.out.contains("✓"), "{}", said.out);
    let said = pair.a.cli(&["explain", "--peer", &pair.b.name, "--study", &mr.uid]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert!(said.out.contains("✗"), "{}", said.out);
    let seen = pair.a.cli(&["peer", "view-as", &pair.b.name]).ok();
    assert!(seen.out.contains(&ct.uid) && !seen.out.contains(&mr.uid), "{}", seen.out);

    // From the reader's end the same chain is explained as well.
    let theirs = pair.b.get(&format!("/api/peers/{}/explain?study={}", pair.a_id, ct.uid)).await.ok().json();
    assert_eq!((&theirs["allowed"], &theirs["theirs"]), (&json!(true), &json!(true)), "{theirs}");

    let _ = pair.a.post(&format!("/api/agreements/{}/end", first["id"].as_str().unwrap()), &json!({})).await.ok();
    let ended = explained(&pair, &ct.uid).await;
    assert_eq!(wrong(&ended), ["not-ended"], "{ended}");
    let sees = pair.a.get(&format!("/api/peers/{}/sees", pair.b_id)).await.ok().json();
    assert_eq!(sees["total"], 0, "{sees}");
}
