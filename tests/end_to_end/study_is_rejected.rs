//! A study was acquired for the wrong patient. It is rejected: nobody sees it, here or at the confrère, until that is
//! taken back.

#![allow(clippy::print_stdout, reason = "how long the confrère took: `--no-capture`")]

use crate::SITE;
use serde_json::json;
use std::path::PathBuf;
use tests::{
    Instance, Pair, Preset, Site, Study, eventually,
    http::{Ask, Response, ask},
    multipart, part10,
    tools::{dcmtk, pacs::Pacs},
    wait::holds,
};

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
    let asked = Ask::new(hyper::Method::POST, &path).json(&body).bearer(&radiologist);
    assert_eq!(ask(pair.a.portal(), asked).await.unwrap().status, 403, "not everybody's to say");
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

/// A rejection note as a PACS sends it.
fn note(site: &Site, number: u32, code: &str, named: &[&Instance]) -> PathBuf {
    let study = &named[0].study;
    let referenced: String = named
        .iter()
        .map(|one| {
            format!("(fffe,e000) na\n(0008,1150) UI =CTImageStorage\n(0008,1155) UI [{}]\n(fffe,e00d) na\n", one.uid)
        })
        .collect();
    let text = format!(
        "(0008,0016) UI =KeyObjectSelectionDocumentStorage\n(0008,0018) UI [{study}.99.{number}]\n\
         (0008,0020) DA [20240102]\n(0008,0060) CS [KO]\n(0010,0010) PN [Durand^Zoe]\n\
         (0020,000d) UI [{study}]\n(0020,000e) UI [{study}.99]\n(0020,0013) IS [{number}]\n\
         (0040,a040) CS [CONTAINER]\n(0040,a043) SQ\n(fffe,e000) na\n(0008,0100) SH [{code}]\n\
         (0008,0102) SH [DCM]\n(0008,0104) LO [Rejected]\n(fffe,e00d) na\n(fffe,e0dd) na\n\
         (0040,a375) SQ\n(fffe,e000) na\n(0008,1115) SQ\n(fffe,e000) na\n(0008,1199) SQ\n{referenced}\
         (fffe,e0dd) na\n(0020,000e) UI [{}]\n(fffe,e00d) na\n(fffe,e0dd) na\n\
         (0020,000d) UI [{study}]\n(fffe,e00d) na\n(fffe,e0dd) na\n",
        named[0].series
    );
    dcmtk::from_dump(&text, &site.scratch("notes").join(format!("{number}.dcm")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_note_of_who_may_reject() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 3).await;
    let send = |note: &PathBuf| {
        let said = dcmtk::store(site.dimse(), &site.ae_title, std::slice::from_ref(note));
        assert!(said.success, "{}", said.text);
    };
    let last = async || site.get("/api/rejections/notes").await.ok().json()[0].clone();
    let add = |more: &[&str]| site.cli(&[&["ae", "add", "CT1", "127.0.0.1", "104"][..], more].concat()).ok();
    let wrong = note(&site, 1, "113038", &[&made[0], &made[1]]);

    // Its sender may store, no more: the note is an object as any other, and it is written down that nothing was done.
    let _ = add(&[]);
    send(&wrong);
    let told = last().await;
    assert_eq!(
        (&told["done"], &told["reason"], &told["named"]),
        (&json!("not-permitted"), &json!("113038"), &json!(2))
    );
    insist(&site, &made).await;
    let _ = site.settled(&study.uid, 4).await;
    let refused = site.audit("").await;
    let refused = refused.iter().find(|entry| entry["act"] == "study-rejected").unwrap();
    assert_eq!((&refused["outcome"], &refused["person"]), (&json!("refused"), &json!("CT1")));

    // It may: what is named is gone with the note, until that is taken back.
    let _ = add(&["--reject"]);
    send(&wrong);
    assert_eq!(last().await["done"], "obeyed");
    insist_gone(&site, &made[..2]).await;
    insist(&site, &made[2..]).await;
    let _ = site.settled(&study.uid, 1).await;
    site.kill();
    std::fs::remove_dir_all(site.dir().join("index")).unwrap();
    let _ = site.cli(&["rebuild"]).ok();
    site.serve().await;
    assert_eq!(last().await["done"], "obeyed");
    let rejected = site.get("/api/rejections").await.ok().json()[0].clone();
    assert_eq!((&rejected["person"], &rejected["reason"]), (&json!("CT1"), &json!("113038")));
    let _ = site.cli(&["study", "reinstate", &rejected["id"].to_string()]).ok();
    insist(&site, &made).await;
    // What was taken back is not rejected again by the same note.
    send(&wrong);
    insist(&site, &made).await;

    // Expired is what our retention calls so, and nothing else.
    send(&note(&site, 2, "113039", &[&made[0], &made[1], &made[2]]));
    assert_eq!(last().await["done"], "still-kept");
    assert!(site.get("/api/retention/proposals").await.ok().json().as_array().unwrap().is_empty());
    insist(&site, &made).await;
    // A note for quality stays with the images that are left.
    let quality = note(&site, 3, "113001", &[&made[2]]);
    send(&quality);
    assert_eq!(last().await["done"], "obeyed");
    insist_gone(&site, &made[2..]).await;
    let held = Study::of(1).make();
    send(&note(&site, 4, "113037", &[&held[0]]));
    assert_eq!(last().await["done"], "nothing-held");
}

async fn last_note(site: &Site) -> serde_json::Value {
    site.get("/api/rejections/notes").await.ok().json()[0].clone()
}

async fn posted(site: &Site, path: &str, token: &str, media: &str, body: Vec<u8>) -> Response {
    ask(site.portal(), Ask::new(hyper::Method::POST, path).body(media, body).bearer(token)).await.unwrap()
}

async fn stowed(site: &Site, files: &[&[u8]], token: &str) {
    let _ = posted(site, "/dicomweb/studies", token, &multipart::dicom_type(), multipart::body(files)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_note_at_the_doors_of_the_web() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = Study::of(5);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths[..4]).ok();
    let _ = site.settled(&study.uid, 4).await;
    let read = |path: &PathBuf| std::fs::read(path).unwrap();
    let (reader, tech) = (site.new_token("reader", "radiologist"), site.new_token("tech", "technologist"));
    let decide = async |id: &serde_json::Value, what: &str, token: &str| {
        let path = format!("/api/rejections/notes/{id}/{what}");
        posted(&site, &path, token, "application/json", b"{}".to_vec()).await
    };

    // STOW by who may not reject: it is an object, and waits for who may.
    stowed(&site, &[&read(&note(&site, 1, "113037", &[&made[0]]))], &reader).await;
    let told = last_note(&site).await;
    assert_eq!(
        (&told["done"], &told["waits"], &told["person"]),
        (&json!("not-permitted"), &json!(true), &json!("reader"))
    );
    insist(&site, &made[..4]).await;
    assert_eq!(decide(&told["id"], "obey", &reader).await.status, 403);
    assert_eq!(decide(&told["id"], "obey", &tech).await.ok().json()["done"], "obeyed");
    insist_gone(&site, &made[..1]).await;
    assert_eq!(decide(&told["id"], "leave", &tech).await.status, 404, "it is decided");
    let all = site.get("/api/rejections/notes").await.ok().json();
    assert!(all.as_array().unwrap().iter().all(|note| note["waits"] == false), "{all}");
    assert_eq!((&all[0]["person"], &all[1]["person"]), (&json!("tech"), &json!("reader")));

    // STOW by who may, before what it names in the same request.
    let (wrong, late) = (read(&note(&site, 2, "113038", &[&made[1], &made[4]])), read(&paths[4]));
    stowed(&site, &[&wrong, &late], &tech).await;
    assert_eq!(last_note(&site).await["done"], "obeyed");
    insist_gone(&site, &[made[1].clone(), made[4].clone()]).await;

    // An import by an administrator; an upload by who may not.
    let imported = note(&site, 3, "113001", &[&made[2]]);
    let _ = site.cli(&["import", imported.to_str().unwrap()]).ok();
    assert_eq!(last_note(&site).await["done"], "obeyed");
    insist_gone(&site, &made[2..3]).await;
    insist(&site, &made[3..4]).await;
    let quality = read(&note(&site, 4, "113001", &[&made[3]]));
    let id = posted(&site, "/api/uploads", &reader, "application/json", b"{}".to_vec()).await.ok().json()["id"].clone();
    let id = id.as_str().unwrap();
    let put = Ask::new(hyper::Method::PUT, format!("/api/uploads/{id}?name=note.dcm"));
    let _ =
        ask(site.portal(), put.body("application/octet-stream", quality.clone()).bearer(&reader)).await.unwrap().ok();
    let body = json!({ "upload": id }).to_string().into_bytes();
    let lines = posted(&site, "/api/import", &reader, "application/json", body).await.ok().text();
    assert!(lines.contains("\"done\":\"not-permitted\""), "{lines}");
    let told = last_note(&site).await;
    assert_eq!((&told["waits"], &told["person"]), (&json!(true), &json!("reader")));
    assert_eq!(decide(&told["id"], "leave", &tech).await.ok().json()["done"], "left");
    // What was left is left, whoever sends it again, also over a crash and a lost index.
    site.kill();
    std::fs::remove_dir_all(site.dir().join("index")).unwrap();
    site.serve().await;
    stowed(&site, &[&quality], &tech).await;
    assert_eq!(last_note(&site).await["done"], "left");
    insist(&site, &made[3..4]).await;
    insist_gone(&site, &made[..3]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_a_note_of_the_pacs_if_it_may() {
    let site = Site::open(SITE, "CH Nord").await;
    let pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    let study = Study::of(3);
    let (made, mut paths) = study.write(&site.scratch("pacs"));
    paths.insert(0, note(&site, 1, "113037", &[&made[0]]));
    pacs.store(&paths);
    let taken_over = async |purposes: &str, number: &str| {
        let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", purposes]).ok();
        let _ = site.cli(&["migrate", "start", "pacs"]).ok();
        eventually!(60, "it is taken over", {
            let all = site.get("/api/migrations").await.ok().json();
            let ours = all.as_array().unwrap().iter().find(|one| one["id"].as_u64() == number.parse().ok()).cloned()?;
            holds(ours["state"] == "done")
        });
    };
    taken_over("migrate", "1").await;
    let told = last_note(&site).await;
    assert_eq!(
        (&told["done"], &told["waits"], &told["person"]),
        (&json!("not-permitted"), &json!(true), &json!("source pacs"))
    );
    insist(&site, &made).await;
    // It may now: what was heard and not obeyed is obeyed when it is told again.
    taken_over("migrate,reject", "2").await;
    assert_eq!(last_note(&site).await["done"], "obeyed");
    insist_gone(&site, &made[..1]).await;
    insist(&site, &made[1..]).await;
    let rejected = site.get("/api/rejections").await.ok().json()[0].clone();
    assert_eq!((&rejected["person"], &rejected["reason"]), (&json!("source pacs"), &json!("113037")));
    let _ = site.cli(&["study", "reinstate", &rejected["id"].to_string()]).ok();
    taken_over("migrate,reject", "3").await;
    insist(&site, &made).await;
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
    let asked = Ask::new(hyper::Method::DELETE, &whole).bearer(&radiologist);
    assert_eq!(ask(site.portal(), asked).await.unwrap().status, 403);
    assert_eq!(site.delete(&whole).await.status, 204);
    assert_eq!(site.delete(&whole).await.status, 404);
    insist_gone(&site, &made).await;
    let reasons: Vec<_> = site.get("/api/rejections").await.ok().json().as_array().unwrap().clone();
    assert_eq!((&reasons[0]["reason"], &reasons[1]["reason"]), (&json!("113001"), &json!("113037")));
}
