//! A study was acquired for the wrong patient. It is rejected: nobody sees it, here or at the confrère, until that is
//! taken back.

#![allow(clippy::print_stdout, reason = "how long the confrère took: `--no-capture`")]

use crate::SITE;
use serde_json::json;
use tests::{Instance, Pair, Preset, Site, Study, eventually, part10, wait::holds};

/// "At every reachable holder" within.
const WITHIN_S: u32 = 5;

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

async fn insist_gone(site: &Site, all: &[Instance]) {
    for instance in all {
        let answer = site.retrieve(&instance.path()).await.unwrap_err();
        assert_eq!(answer.status, 404, "{}: {}", site.name, answer.text());
        assert_eq!(site.frame(&instance.path(), 1).await.status, 404, "{}", site.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_is_seen_nowhere_until_reinstated() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(5);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    // B has read it: there is a copy.
    insist(&pair.b, &made).await;

    let said = pair.a.cli(&["study", "reject", &study.uid, "--reason", "wrong-worklist-entry"]).ok();
    assert!(said.out.contains("5 instances"), "{}", said.out);
    assert!(pair.a.listed(&study.uid).await.is_none());
    insist_gone(&pair.a, &made).await;
    let (_, took) =
        Site::measure(WITHIN_S, "B no longer lists it", async || holds(pair.b.listed(&study.uid).await.is_none()))
            .await;
    println!("withdrawn at the confrère after {} ms", took.as_millis());
    insist_gone(&pair.b, &made).await;

    // The scanner sends again: refused, and said why.
    let said = pair.a.c_store(&paths[..1]);
    assert!(said.code != Some(0) && format!("{}{}", said.out, said.err).contains("C904"), "{said:?}");
    let stowed = pair.a.stow(&[&made[1].file]).await;
    assert_eq!(stowed.status, 409);
    let again = pair.a.cli(&["study", "reject", &study.uid, "--reason", "quality"]);
    assert_ne!(again.code, Some(0), "what is rejected is not rejected twice");

    // It holds over a crash, a lost index and a rebuild.
    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    insist_gone(&pair.a, &made).await;

    let standing = pair.a.get("/api/rejections").await.ok().json();
    assert_eq!((&standing[0]["study"], &standing[0]["instances"]), (&json!(study.uid), &json!(5)));
    assert_eq!(standing[0]["reason"], "113038");
    let _ = pair.a.cli(&["study", "reinstate", &standing[0]["id"].to_string()]).ok();
    insist(&pair.a, &made).await;
    assert_eq!(pair.a.get("/api/rejections").await.ok().json(), json!([]));
    eventually!(30, "B lists it again", {
        holds(pair.b.listed(&study.uid).await.is_some_and(|row| row["completeness"] == "complete"))
    });
    insist(&pair.b, &made).await;
    let acts: Vec<_> = pair.a.audit("").await.into_iter().map(|entry| entry["act"].clone()).collect();
    assert!(acts.contains(&json!("study-rejected")) && acts.contains(&json!("study-reinstated")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_image_of_it_leaves_and_its_siblings_stay() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(4);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    insist(&pair.b, &made).await;
    let path = format!("/api/studies/{}/reject", study.uid);
    let body = json!({ "series": made[0].series, "instance": made[0].uid, "reason": "113001", "note": "bougé" });
    let radiologist = pair.a.new_token("reader", "radiologist");
    let ask = tests::http::Ask::new(hyper::Method::POST, &path).json(&body).bearer(&radiologist);
    assert_eq!(tests::http::ask(pair.a.portal(), ask).await.unwrap().status, 403, "not everybody's to say");
    let _ = pair.a.post(&path, &body).await.ok();
    insist_gone(&pair.a, &made[..1]).await;
    insist(&pair.a, &made[1..]).await;
    eventually!(WITHIN_S, "B has the new manifest", {
        let row = pair.b.listed(&study.uid).await?;
        (row["instances"] == json!(3) && row["completeness"] == "complete").then_some(())
    });
    // B erased its copy, and fetches what is left again.
    eventually!(WITHIN_S, "B reads the others again", { holds(pair.b.retrieve(&made[1].path()).await.is_ok()) });
    insist_gone(&pair.b, &made[..1]).await;
    insist(&pair.b, &made[1..]).await;
    let _ = pair.a.settled(&study.uid, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_dicomweb_once() {
    let site = Site::open(SITE, "CH Nord").await;
    let made = Study::of(3).make();
    let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    let one = format!("/dicomweb{}", made[0].path());
    assert_eq!(site.delete(&format!("{one}?reason=42")).await.status, 400);
    assert_eq!(site.delete(&format!("{one}?reason=113037%5EDCM")).await.status, 204);
    assert_eq!(site.delete(&one).await.status, 404);
    insist_gone(&site, &made[..1]).await;
    insist(&site, &made[1..]).await;
    let radiologist = site.new_token("reader", "radiologist");
    let whole = format!("/dicomweb/studies/{}", made[0].study);
    let ask = tests::http::Ask::new(hyper::Method::DELETE, &whole).bearer(&radiologist);
    assert_eq!(tests::http::ask(site.portal(), ask).await.unwrap().status, 403);
    assert_eq!(site.delete(&whole).await.status, 204);
    assert_eq!(site.delete(&whole).await.status, 404);
    insist_gone(&site, &made).await;
    let reasons: Vec<_> = site.get("/api/rejections").await.ok().json().as_array().unwrap().clone();
    assert_eq!((&reasons[0]["reason"], &reasons[1]["reason"]), (&json!("113001"), &json!("113037")));
}
