//! Bytes that are not those the scanner sent are never shown, whoever changed them and wherever.

use crate::SITE;
use serde_json::Value;
use std::{fs, os::unix::fs::FileExt};
use tests::{Instance, OverRoad, Pair, Response, Study, eventually, road::Conduct};

async fn announce(pair: &Pair, instances: u32) -> (Study, Vec<Instance>) {
    let study = Study::of(instances).size(256, 256);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    (study, made)
}

fn is_corrupt(answer: &Response) -> bool {
    answer.status.as_u16() == 502
}

async fn alerts(site: &tests::Site, study: &str) -> Vec<Value> {
    let all = site.audit("&alerts=true").await;
    all.into_iter().filter(|entry| entry["study"] == study).collect()
}

async fn a_lie_is_found(conduct: Conduct) {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    road.conduct(conduct);
    let (study, made) = announce(pair, 2).await;
    let answer = pair.b.frame(&made[0].path(), 1).await;
    assert!(is_corrupt(&answer), "{conduct:?}: {} {}", answer.status, answer.error_code());
    let entries = eventually!(
        5,
        "B's log has a security alert",
        Some(alerts(&pair.b, &study.uid).await).filter(|a| !a.is_empty())
    );
    assert!(entries.iter().any(|entry| entry["peer"] == pair.a_id), "it names the site: {entries:?}");

    // Over an honest road another study of the same site reads well.
    road.conduct(Conduct::Honest);
    let (_, made) = announce(pair, 2).await;
    let answer = pair.b.frame(&made[0].path(), 1).await.ok();
    assert_eq!(tests::multipart::parts(&answer), [made[0].pixels.clone()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_byte_on_the_way() {
    a_lie_is_found(Conduct::WrongByte).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_list_of_groups_on_the_way() {
    a_lie_is_found(Conduct::WrongList).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_header_on_the_way() {
    a_lie_is_found(Conduct::WrongHeaders).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_manifest_on_the_way() {
    a_lie_is_found(Conduct::WrongManifest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_byte_on_the_holders_disk() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let (study, made) = announce(&pair, 3).await;
    let found = pair.a.files_with(made[1].data_set());
    assert_eq!(found.len(), 1, "objects are kept as they came, once");
    let (path, at) = &found[0];
    let at = (at + made[1].data_set().len() / 2) as u64;
    let file = fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();

    for site in [&pair.a, &pair.b] {
        let answer = site.frame(&made[1].path(), 1).await;
        assert!(is_corrupt(&answer), "{}: {} {}", site.name, answer.status, answer.error_code());
        let whole = site.frame(&made[0].path(), 1).await.ok();
        assert_eq!(tests::multipart::parts(&whole), [made[0].pixels.clone()], "its neighbour is whole");
    }
    assert!(!alerts(&pair.a, &study.uid).await.is_empty(), "A's log has a security alert");
    let verified = pair.a.cli(&["verify"]);
    assert_eq!(verified.code, Some(1), "verify finds it: {}", verified.out);
}
