//! Older studies lie on another disk. They are listed as before, said to be nearline, and come back when opened; when
//! that disk is not there, that is said, and nothing is lost.

#![allow(clippy::print_stdout, reason = "what compression gave: `--no-capture`")]

use crate::SITE;
use serde_json::json;
use std::{fs, path::Path};
use tests::{Instance, Pair, Preset, Site, Study, eventually, part10, tools::dcmtk, wait::holds};

fn files(folder: &Path, ending: &str) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    for shard in (0..=u8::MAX).map(|n| folder.join(format!("{n:02x}"))) {
        for entry in fs::read_dir(shard).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with(ending) {
                let bytes = fs::metadata(&path).unwrap().len();
                found.push((path, bytes));
            }
        }
    }
    found
}

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

async fn with_cold(name: &str) -> (Site, std::path::PathBuf) {
    let site = Site::init(SITE, name);
    let cold = site.scratch("nas").join("cold");
    site.configure("archive", "cold", toml::Value::String(cold.to_string_lossy().into_owned()));
    site.serve().await;
    (site, cold)
}

async fn availability(site: &Site, study: &str) -> String {
    site.listed(study).await.map(|row| row["availability"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_come_back_when_opened() {
    let (site, cold) = with_cold("CH Nord").await;
    let study = Study::of(6);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 6).await;
    let hot = files(&site.dir().join("objects"), ".dcm");
    let said = site.cli(&["tier", "cold", &study.uid]).ok();
    assert!(said.out.contains("The study is cold"), "{}", said.out);
    let there = files(&cold, ".dcm.zst");
    assert_eq!((files(&site.dir().join("objects"), ".dcm").len(), there.len()), (0, 6));
    let sum = |all: &[(std::path::PathBuf, u64)]| all.iter().map(|(_, bytes)| bytes).sum::<u64>();
    println!("6 synthetic images: {} bytes hot, {} cold", sum(&hot), sum(&there));

    assert_eq!(availability(&site, &study.uid).await, "nearline");
    let found = site.get(&format!("/dicomweb/studies?StudyInstanceUID={}", study.uid)).await.ok().json();
    assert_eq!(found[0]["00080056"]["Value"], json!(["NEARLINE"]));
    let tiers = site.get("/api/tiers").await.ok().json();
    assert_eq!(
        (&tiers["reachable"], &tiers["studies"], &tiers["rows"][0]["study"]),
        (&json!(true), &json!(1), &json!(study.uid))
    );
    assert!(tiers["rows"][0]["recall_s"].is_u64(), "measured when it was read back: {tiers}");

    // Killed, and the index lost: the journal knows where the bytes are.
    site.kill();
    fs::remove_dir_all(site.dir().join("index")).unwrap();
    let _ = site.cli(&["rebuild"]).ok();
    site.serve().await;
    assert_eq!(availability(&site, &study.uid).await, "nearline");
    // One image is opened, and the rest follows.
    insist(&site, &made[..1]).await;
    eventually!(20, "all of it is hot again", {
        holds(site.listed(&study.uid).await.is_some_and(|row| row["availability"] == "online"))
    });
    assert_eq!(files(&site.dir().join("objects"), ".dcm").len(), 6);
    for (path, bytes) in &hot {
        assert_eq!(fs::metadata(path).unwrap().len(), *bytes);
    }
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_disk_that_is_not_there_loses_nothing() {
    let (site, cold) = with_cold("CH Nord").await;
    let study = Study::of(3);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 3).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    let away = cold.with_extension("away");
    fs::rename(&cold, &away).unwrap();
    assert_eq!(availability(&site, &study.uid).await, "unreachable");
    let answer = site.retrieve(&made[0].path()).await.unwrap_err();
    assert_eq!(answer.status, 503, "{}", answer.text());
    let said = site.cli(&["tier", "hot", &study.uid]);
    assert!(said.code != Some(0) && said.err.contains("cannot be reached"), "{said:?}");
    fs::rename(&away, &cold).unwrap();
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_confrere_reads_them_as_before() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let cold = pair.a.scratch("nas");
    pair.a.configure("archive", "cold", toml::Value::String(cold.to_string_lossy().into_owned()));
    let study = Study::of(4);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    pair.a.kill();
    pair.a.serve().await;
    let _ = pair.a.cli(&["tier", "cold", &study.uid]).ok();
    assert!(files(&pair.a.dir().join("objects"), ".dcm").is_empty());
    eventually!(30, "B reaches A again", { holds(pair.b.retrieve(&made[0].path()).await.is_ok()) });
    insist(&pair.b, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_the_confrere_is_told_where_they_lie() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let cold = pair.a.scratch("nas");
    pair.a.configure("archive", "cold", toml::Value::String(cold.to_string_lossy().into_owned()));
    let (study, other) = (Study::of(4), Study::of(2));
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let (_, others) = other.write(&pair.a.scratch("other"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    pair.announced(&other.uid, 2, &others).await;
    assert_eq!(availability(&pair.b, &study.uid).await, "remote");
    pair.a.kill();
    pair.a.serve().await;
    for uid in [&study.uid, &other.uid] {
        let _ = pair.a.cli(&["tier", "cold", uid]).ok();
    }
    let row = eventually!(30, "B shows it as nearline, and how long it takes", {
        pair.b.listed(&study.uid).await.filter(|row| row["availability"] == "nearline" && row["recall_s"].is_u64())
    });
    assert_eq!((&row["holder"], &row["source"]), (&json!(pair.a_id), &json!(null)), "{row}");
    let found = pair.b.get(&format!("/dicomweb/studies?StudyInstanceUID={}", study.uid)).await.ok().json();
    assert_eq!(found[0]["00080056"]["Value"], json!(["NEARLINE"]));
    // B starts anew and asks again: nothing is told to it meanwhile.
    pair.b.kill();
    pair.b.serve().await;
    eventually!(30, "B knows it again", holds(availability(&pair.b, &study.uid).await == "nearline"));
    // Brought back by hand at A.
    let _ = pair.a.cli(&["tier", "hot", &other.uid]).ok();
    eventually!(30, "B shows it as at hand", holds(availability(&pair.b, &other.uid).await == "remote"));
    // Opened at B: A brings it back first.
    insist(&pair.b, &made).await;
    eventually!(30, "it is at hand at A", holds(availability(&pair.a, &study.uid).await == "online"));
    eventually!(30, "all of it is at B", holds(availability(&pair.b, &study.uid).await == "online"));
}

/// Data sets of the files that DCMTK wrote.
fn received(folder: &Path) -> Vec<Vec<u8>> {
    let read = |entry: fs::DirEntry| fs::read(entry.path()).unwrap();
    let files = fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap()));
    let mut all: Vec<Vec<u8>> = files.map(|file| file[part10::data_set_at(&file)..].to_vec()).collect();
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_workstation_finds_gets_and_moves_them() {
    let (site, cold) = with_cold("CH Nord").await;
    let workstation = dcmtk::Receiver::start(&site.scratch("moved")).await;
    site.add_ae(dcmtk::WORKSTATION, workstation.port, "own");
    let (uid_of, title) = (|study: &Study| format!("StudyInstanceUID={}", study.uid), site.ae_title.as_str());
    let (to_get, to_move) = (Study { series: 2, ..Study::of(3) }, Study::of(4));
    let mut all = Vec::new();
    for study in [&to_get, &to_move] {
        let (made, paths) = study.write(&site.scratch(&study.uid));
        assert!(dcmtk::store(site.dimse(), title, &paths).success);
        let _ = site.settled(&study.uid, made.len()).await;
        let _ = site.cli(&["tier", "cold", &study.uid]).ok();
        let mut sets: Vec<Vec<u8>> = made.iter().map(|one| one.data_set().to_vec()).collect();
        sets.sort();
        all.push(sets);
    }
    let availability_is = |study: &Study, wanted: &str| {
        let keys = ["QueryRetrieveLevel=STUDY", &uid_of(study), "InstanceAvailability"];
        let found = dcmtk::find(site.dimse(), title, &keys);
        assert!(found.text.contains(&format!("CS [{wanted}")), "{wanted}: {}", found.text);
    };
    availability_is(&to_get, "NEARLINE");

    // The disk is not there: found, said to be offline, and refused as a failure of ours, with nothing half sent.
    let away = cold.with_extension("away");
    fs::rename(&cold, &away).unwrap();
    availability_is(&to_get, "OFFLINE");
    let keys = |study: &Study| ["QueryRetrieveLevel=STUDY".to_owned(), uid_of(study)];
    let keys_to_get = keys(&to_get);
    let keys_to_get = [keys_to_get[0].as_str(), keys_to_get[1].as_str()];
    let keys_to_move = keys(&to_move);
    let keys_to_move = [keys_to_move[0].as_str(), keys_to_move[1].as_str()];
    let folder = site.scratch("away");
    for said in [
        dcmtk::get(site.dimse(), title, &folder, &keys_to_get),
        dcmtk::move_to(site.dimse(), title, dcmtk::WORKSTATION, &keys_to_move),
    ] {
        assert!(said.text.contains("Refused: OutOfResourcesSubOperations"), "A702: {}", said.text);
    }
    assert!(received(&folder).is_empty() && received(&workstation.folder).is_empty());

    fs::rename(&away, &cold).unwrap();
    let folder = site.scratch("got");
    let got = dcmtk::get(site.dimse(), title, &folder, &keys_to_get);
    assert!(got.success, "{}", got.text);
    assert_eq!(received(&folder), all[0]);
    let moved = dcmtk::move_to(site.dimse(), title, dcmtk::WORKSTATION, &keys_to_move);
    assert!(moved.success, "{}", moved.text);
    assert_eq!(received(&workstation.folder), all[1]);
    for study in [&to_get, &to_move] {
        eventually!(20, "it is hot again", { holds(availability(&site, &study.uid).await == "online") });
        availability_is(study, "ONLINE");
    }
}
