//! A node is lost with its disk. Its backup, taken while it worked, brings it back: images, people and confrères.

use crate::SITE;
use std::fs;
use tests::{Instance, Pair, Preset, Site, Study, eventually, part10, wait::holds};

const PASSPHRASE: &str = "quatre mots au hasard";

fn backup(site: &Site, more: &[&str]) -> tests::site::Said {
    let folder = site.scratch("vault");
    let file = site.scratch("secrets").join("passphrase");
    fs::write(&file, PASSPHRASE).unwrap();
    let (folder, file) = (folder.display().to_string(), file.display().to_string());
    site.cli(&[&["backup", "--to", &folder, "--passphrase-file", &file][..], more].concat())
}

fn restore(site: &Site) -> tests::site::Said {
    let (folder, file) = (site.scratch("vault"), site.scratch("secrets").join("passphrase"));
    let (folder, file) = (folder.display().to_string(), file.display().to_string());
    site.cli(&["restore", "--from", &folder, "--passphrase-file", &file])
}

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_images_people_and_peers() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let site = &pair.a;
    let first = Study::of(12).make();
    let files: Vec<&[u8]> = first.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    let _ = site.settled(&first[0].study, first.len()).await;
    let said = backup(site, &[]).ok();
    assert!(said.out.contains("Snapshot"), "{}", said.out);

    // While the second is taken, a scanner sends: a snapshot holds whole instances only.
    let second = Study::of(30);
    let (second, paths) = second.write(&site.scratch("scanner"));
    let (during, sent) = std::thread::scope(|threads| {
        let sending = threads.spawn(|| site.c_store(&paths));
        (backup(site, &[]), sending.join().unwrap())
    });
    let _ = (during.ok(), sent.ok());
    let _ = site.settled(&second[0].study, second.len()).await;
    let said = backup(site, &[]).ok();
    let evidence = site.audit("").await;
    assert_eq!(evidence.iter().filter(|entry| entry["act"] == "backup-taken").count(), 3, "{said:?}");
    let listed = backup(site, &["--list"]).ok();
    assert!(!listed.out.is_empty());

    site.kill();
    fs::remove_dir_all(site.dir()).unwrap();
    let said = restore(site).ok();
    assert!(said.out.contains("2 studies, 42 instances"), "{}", said.out);
    assert_ne!(restore(site).code, Some(0), "not over what is there");

    // Looked at before it serves.
    let state = site.cli(&["restore", "--state"]).ok();
    assert!(state.out.contains("nothing is served to peers"), "{}", state.out);
    let people = site.cli(&["peer", "list"]).ok();
    assert!(people.out.contains(&pair.b.name), "{}", people.out);
    assert_ne!(site.cli(&["restore", "--confirm"]).code, Some(0), "not without a reason");
    let confirm = ["restore", "--confirm", "--reason", "the peers were asked by telephone"];
    let _ = site.cli(&confirm).ok();
    assert_ne!(site.cli(&confirm).code, Some(0), "once");

    site.serve().await;
    insist(site, &first).await;
    insist(site, &second).await;
    let verified = site.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);
    let evidence = site.audit("").await;
    assert!(evidence.iter().any(|entry| entry["act"] == "restore-confirmed"), "the log came back and goes on");
    // The other site reads as before, and what comes now.
    let third = Study::of(3).make();
    let files: Vec<&[u8]> = third.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    eventually!(30, "the peer lists what came after", {
        holds(pair.b.listed(&third[0].study).await.is_some_and(|row| row["completeness"] == "complete"))
    });
    insist(&pair.b, &third).await;
    insist(&pair.b, &second).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_node_at_rest_and_never_with_another_passphrase() {
    let site = Site::init(SITE, "CH Nord");
    let _ = backup(&site, &[]).ok();
    let wrong = site.scratch("secrets").join("wrong");
    fs::write(&wrong, "quatre autres mots ici").unwrap();
    let (folder, wrong) = (site.scratch("vault").display().to_string(), wrong.display().to_string());
    let said = site.cli(&["backup", "--to", &folder, "--passphrase-file", &wrong]);
    assert!(said.code == Some(1) && said.err.contains("passphrase"), "{said:?}");
    fs::remove_dir_all(site.dir()).unwrap();
    let said = site.cli(&["restore", "--from", &folder, "--passphrase-file", &wrong]);
    assert!(said.code == Some(1) && !site.dir().exists(), "{said:?}");
    let _ = restore(&site).ok();
}
