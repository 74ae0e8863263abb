//! A disk forgets: what a confrère read earlier comes back to the site that signed it, and to nobody else.

use crate::SITE;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use tests::{Instance, Pair, Preset, Site, Study, eventually, http::Ask, part10, tools::pacs::Pacs, wait::holds};

/// A study at A of which B has a whole copy.
async fn copied(pair: &Pair, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    for instance in &made {
        let _ = pair.b.frame(&instance.path(), 1).await.ok();
    }
    eventually!(30, "B has all of it", {
        holds(pair.b.listed(&study.uid).await.is_some_and(|row| row["availability"] == "online"))
    });
    made
}

fn file_of(site: &Site, instance: &Instance) -> PathBuf {
    let objects = site.dir().join("objects");
    let found = site.files_with(instance.data_set()).into_iter().map(|(path, _)| path);
    found.into_iter().find(|path| path.starts_with(&objects)).unwrap()
}

fn turn_a_bit(path: &Path) {
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let at = file.metadata().unwrap().len() - 100;
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
}

async fn scrub(site: &Site) -> Value {
    site.get("/api/storage").await.ok().json()["scrub"].clone()
}

async fn repaired(site: &Site, objects: u64) {
    eventually!(60, "all is repaired", {
        let scrub = scrub(site).await;
        (scrub["waiting"] == 0 && scrub["found"] == objects && scrub["repaired"][0]["objects"] == objects).then_some(())
    });
}

async fn insist(site: &Site, instance: &Instance) {
    let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
    assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_copy_of_a_peer_that_read_them_and_byte_for_byte() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(3);
    let made = copied(&pair, &study).await;
    let path = file_of(&pair.a, &made[1]);
    let before = fs::read(&path).unwrap();
    turn_a_bit(&path);
    // Whoever reads it first is told so, and brings the repair about.
    let answer = pair.a.frame(&made[1].path(), 1).await;
    assert_eq!(answer.status.as_u16(), 502, "{}", answer.text());
    repaired(&pair.a, 1).await;
    insist(&pair.a, &made[1]).await;
    assert_eq!(fs::read(&path).unwrap(), before, "the file, with what stands before the data set");
    let storage = scrub(&pair.a).await;
    assert_eq!(storage["repaired"][0]["from"], "peer");
    assert_eq!(storage["repaired"][0]["site"], pair.b.name.as_str(), "{storage}");
    let verified = pair.a.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);

    let (at_a, at_b) = (pair.a.audit("").await, pair.b.audit("").await);
    let tells = |log: &[Value], act: &str, peer: &str| {
        log.iter().any(|e| e["act"] == act && e["study"] == study.uid && e["peer"] == peer && e["outcome"] == "done")
    };
    assert!(tells(&at_a, "object-repaired", &pair.b_id), "{at_a:?}");
    assert!(tells(&at_b, "object-returned", &pair.a_id), "{at_b:?}");

    // What happened is in the journal, not in the index.
    pair.a.kill();
    fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    pair.a.serve().await;
    repaired(&pair.a, 1).await;
    insist(&pair.a, &made[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_peer_comes_back_and_until_then_they_are_reported() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(2);
    let made = copied(&pair, &study).await;
    let unread = Study::of(1);
    let (alone, paths) = unread.write(&pair.a.scratch(&unread.uid));
    pair.announced(&unread.uid, 1, &paths).await;
    pair.b.kill();
    for instance in [&made[0], &alone[0]] {
        turn_a_bit(&file_of(&pair.a, instance));
        assert_eq!(pair.a.frame(&instance.path(), 1).await.status.as_u16(), 502);
    }
    eventually!(10, "both wait", holds(scrub(&pair.a).await["waiting"] == 2));
    pair.b.serve().await;
    eventually!(60, "what B has is repaired", holds(scrub(&pair.a).await["waiting"] == 1));
    insist(&pair.a, &made[0]).await;
    let answer = pair.a.frame(&alone[0].path(), 1).await;
    assert_eq!(answer.status.as_u16(), 502, "what nobody has stays reported");
    // The scanner has it still.
    let _ = pair.a.c_store(&paths).ok();
    insist(&pair.a, &alone[0]).await;
    assert_eq!(scrub(&pair.a).await["waiting"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn also_when_the_node_dies_in_the_middle() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = Study::of(1).size(6000, 6000);
    let made = copied(&pair, &study).await;
    turn_a_bit(&file_of(&pair.a, &made[0]));
    // The answer breaks off where the wrong bytes are.
    let asked = pair.a.try_ask(Ask::get(format!("/dicomweb{}", made[0].path()))).await;
    assert!(asked.is_err() || asked.is_ok_and(|answer| !answer.status.is_success()));
    let tmp = pair.a.dir().join("objects/tmp");
    // 72 MB at the pace of a repair take some seconds.
    eventually!(30, "some of it is there", {
        let files = fs::read_dir(&tmp).unwrap().filter_map(Result::ok);
        files.filter_map(|file| file.metadata().ok()).any(|meta| meta.len() > 1 << 20).then_some(())
    });
    pair.a.kill();
    pair.a.serve().await;
    repaired(&pair.a, 1).await;
    insist(&pair.a, &made[0]).await;
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "nothing is left over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_pacs_beside_the_node_and_byte_for_byte() {
    let site = Site::open(SITE, "CH Nord").await;
    let node = (site.ae_title.as_str(), site.dimse());
    let (dcmtk, orthanc) = (Pacs::dcmtk(node).await, Pacs::orthanc(node).await);
    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let large = Study::of(1).size(2000, 2000);
    let (big, big_paths) = large.write(&site.scratch("large"));
    let _ = site.c_store(&[paths.clone(), big_paths.clone()].concat()).ok();
    let _ = site.settled(&study.uid, 3).await;
    for pacs in [&dcmtk, &orthanc] {
        pacs.store(&paths);
        pacs.store(&big_paths);
    }
    let basic = site.scratch("secret").join("basic");
    fs::write(&basic, "node:secret").unwrap();
    let ways = [
        (&made[0], vec!["--at".to_owned(), dcmtk.at()]),
        (&made[1], vec!["--at".to_owned(), dcmtk.at(), "--move".to_owned()]),
        (&made[2], vec!["--url".to_owned(), orthanc.url(), "--basic-file".to_owned(), basic.display().to_string()]),
        (&big[0], vec!["--url".to_owned(), orthanc.url(), "--basic-file".to_owned(), basic.display().to_string()]),
    ];
    for (number, (instance, way)) in ways.iter().enumerate() {
        let mut words = vec!["source", "add", "pacs", "--purposes", "migrate"];
        words.extend(way.iter().map(String::as_str));
        let _ = site.cli(&words).ok();
        let path = file_of(&site, instance);
        let before = fs::read(&path).unwrap();
        turn_a_bit(&path);
        let read = site.try_ask(Ask::get(format!("/dicomweb{}/frames/1", instance.path()))).await;
        assert!(read.is_err() || read.is_ok_and(|answer| !answer.status.is_success()));
        repaired(&site, number as u64 + 1).await;
        insist(&site, instance).await;
        // What comes by the door has the front of an arrival.
        if !way.contains(&"--move".to_owned()) {
            assert_eq!(fs::read(&path).unwrap(), before, "the file, with what stands before the data set: {way:?}");
        }
    }
    let scrub = scrub(&site).await;
    assert_eq!(
        (&scrub["repaired"][0]["from"], scrub["repaired"].as_array().unwrap().len()),
        (&Value::from("source"), 1)
    );
    let log = site.audit("").await;
    let told =
        |e: &&Value| e["act"] == "object-repaired" && e["note"].as_str().is_some_and(|n| n.ends_with("source pacs"));
    assert!(log.iter().filter(told).count() >= 4, "{log:?}");
    let verified = site.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);
    // What happened is in the journal.
    site.kill();
    fs::remove_dir_all(site.dir().join("index")).unwrap();
    site.serve().await;
    repaired(&site, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_never_by_other_bytes_that_a_pacs_has() {
    let site = Site::open(SITE, "CH Nord").await;
    let pacs = Pacs::dcmtk((&site.ae_title, site.dimse())).await;
    let study = Study::of(1);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 1).await;
    let mut other = made[0].clone();
    let at = other.file.len() - 7;
    other.file[at] ^= 1;
    pacs.store(&part10::write(&[other], &site.scratch("other")));
    let _ = site.cli(&["source", "add", "pacs", "--at", &pacs.at(), "--purposes", "migrate"]).ok();
    turn_a_bit(&file_of(&site, &made[0]));
    assert_eq!(site.frame(&made[0].path(), 1).await.status.as_u16(), 502);
    eventually!(30, "it was tried, and refused", {
        let log = site.audit("").await;
        holds(log.iter().any(|e| e["act"] == "object-repaired" && e["outcome"] == "failed"))
    });
    assert_eq!(scrub(&site).await["waiting"], 1);
    assert_eq!(site.get("/api/conflicts").await.ok().json().as_array().map(Vec::len), Some(0));
    let _ = site.c_store(&paths).ok();
    insist(&site, &made[0]).await;
    repaired(&site, 1).await;
}
