//! A disk forgets: what a confrère read earlier comes back to the site that signed it, and to nobody else.

use crate::SITE;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use tests::{Instance, Pair, Preset, Site, Study, eventually, http::Ask, part10, wait::holds};

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
