//! The index is a view: without it, or with a damaged one, the archive says the same as before.

use crate::SITE;
use serde_json::Value;
use std::{fs, path::PathBuf};
use tests::{Instance, Site, Study};

async fn filled() -> (Site, Vec<Instance>) {
    let site = Site::open(SITE, "CH Nord").await;
    let mut all = Vec::new();
    for modality in ["CT", "MR", "CR"] {
        let study = Study { series: 2, ..Study::of(5) }.modality(modality);
        let made = study.make();
        let files: Vec<&[u8]> = made.iter().map(|i| i.file.as_slice()).collect();
        assert!(site.stow(&files).await.status.is_success());
        let _ = site.settled(&study.uid, made.len()).await;
        all.extend(made);
    }
    (site, all)
}

/// What people see of the archive.
async fn seen(site: &Site) -> (Value, Value) {
    let list = site.get("/api/studies").await.ok().json()["studies"].clone();
    let found = site.get("/dicomweb/studies?includefield=all").await.ok().json();
    (list, found)
}

/// Folders of a sled database.
fn indexes(site: &Site) -> Vec<PathBuf> {
    let mut folders = vec![site.dir()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(&folder).unwrap().flatten().filter(|item| item.path().is_dir()) {
            folders.push(item.path());
        }
        if folder.join("db").is_file() && folder.join("conf").is_file() {
            found.push(folder);
        }
    }
    found
}

async fn is_as_before(site: &Site, all: &[Instance], before: &(Value, Value)) {
    site.serve().await;
    let after =
        tests::eventually!(20, "the index is whole again", Some(seen(site).await).filter(|now| now.0 == before.0));
    assert_eq!(after.1, before.1);
    for instance in all {
        assert!(site.retrieve(&instance.path()).await.unwrap().ends_with(instance.data_set()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_removed() {
    let (site, all) = filled().await;
    let before = seen(&site).await;
    site.stop().await;
    let folders = indexes(&site);
    assert!(!folders.is_empty(), "there is an index");
    folders.iter().for_each(|folder| fs::remove_dir_all(folder).unwrap());
    is_as_before(&site, &all, &before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_damaged_while_the_node_was_killed() {
    let (site, all) = filled().await;
    let before = seen(&site).await;
    site.kill();
    for folder in indexes(&site) {
        fs::write(folder.join("conf"), b"not what it was").unwrap();
        let db = folder.join("db");
        let mut bytes = fs::read(&db).unwrap();
        bytes.iter_mut().step_by(97).for_each(|byte| *byte ^= 0x55);
        fs::write(&db, bytes).unwrap();
    }
    is_as_before(&site, &all, &before).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_rebuilt_by_command() {
    let (site, all) = filled().await;
    let before = seen(&site).await;
    site.stop().await;
    let _ = site.cli(&["rebuild"]).ok();
    is_as_before(&site, &all, &before).await;
}
