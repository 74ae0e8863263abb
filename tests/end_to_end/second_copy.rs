//! A hospital's backup has a second copy at another hospital, which cannot read it. The first one burns down with all its
//! disks, and comes back.

use crate::SITE;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use tests::{Instance, Pair, Site, Study, eventually, part10, wait::holds};

const PASSPHRASE: &str = "quatre mots au hasard";

/// Two paired sites that look for news twice a second.
async fn paired() -> Pair {
    let (a, b) = (Site::init(SITE, "CH Nord"), Site::init(SITE, "CHU Sud"));
    for site in [&a, &b] {
        site.configure("alarms", "look_every", toml::Value::String("500ms".to_owned()));
        site.serve().await;
    }
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    pair
}

fn secrets(site: &Site) -> (PathBuf, PathBuf) {
    let file = site.scratch("secrets").join("passphrase");
    fs::write(&file, PASSPHRASE).unwrap();
    (site.scratch("vault"), file)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn back_up(site: &Site) {
    let (folder, file) = secrets(site);
    let _ = site.cli(&["backup", "--to", &text(&folder), "--passphrase-file", &text(&file)]).ok();
}

async fn stored(site: &Site, instances: u32) -> Vec<Instance> {
    let study = Study::of(instances).named("Durand^Secret").make();
    let files: Vec<&[u8]> = study.iter().map(|i| i.file.as_slice()).collect();
    let _ = site.stow(&files).await.ok();
    let _ = site.settled(&study[0].study, study.len()).await;
    study
}

/// A offers on these terms, B accepts. The name of the text.
async fn agreed(pair: &Pair, terms: &Value) -> String {
    let mut terms = terms.clone();
    terms["site"] = json!(pair.b_id);
    let offered = pair.a.post("/api/spare", &terms).await.ok().json();
    let id = offered["id"].as_str().unwrap().to_owned();
    eventually!(15, "the offer is at the other site", {
        holds(row(&pair.b, &id).await.is_some_and(|row| row["state"] == "received"))
    });
    let _ = pair.b.cli(&["spare", "accept", &id]).ok();
    for site in [&pair.a, &pair.b] {
        eventually!(15, "it is in force", holds(row(site, &id).await.is_some_and(|row| row["state"] == "active")));
    }
    id
}

async fn row(site: &Site, id: &str) -> Option<Value> {
    let copies = site.get("/api/spare").await.ok().json();
    copies["keepings"].as_array().unwrap().iter().find(|row| row["id"] == id).cloned()
}

/// As the owner sees it.
async fn standing(pair: &Pair, id: &str) -> Value {
    row(&pair.a, id).await.unwrap()["standing"].clone()
}

/// All that the owner's backup has is at the keeper's, in the keeper's words.
async fn whole(pair: &Pair, id: &str) {
    let files = files(&pair.a.scratch("vault")).len();
    eventually!(90, "the second copy is whole", {
        let standing = standing(pair, id).await;
        holds(standing["missing_files"] == 0 && standing["files"] == files && standing["whole"].is_string())
    });
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut waiting, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(next) = waiting.pop() {
        // The keeper may be writing.
        for item in fs::read_dir(next).into_iter().flatten().map_while(Result::ok) {
            match item.path() {
                path if path.is_dir() => waiting.push(path),
                path => drop(fs::read(&path).map(|b| found.insert(path.strip_prefix(folder).unwrap().to_owned(), b))),
            }
        }
    }
    found
}

/// The folder at the keeper's.
fn copy(pair: &Pair) -> PathBuf {
    let owner = pair.b.dir().join("spare").join(&pair.a_id);
    let folders: Vec<_> = fs::read_dir(&owner).into_iter().flatten().map_while(Result::ok).map(|i| i.path()).collect();
    folders.first().cloned().unwrap_or(owner).join("copy")
}

fn insist_same(pair: &Pair) {
    let (ours, theirs) = (files(&pair.a.scratch("vault")), files(&copy(pair)));
    assert!(ours.keys().eq(theirs.keys()), "the same files");
    assert!(ours == theirs, "of the same bytes");
}

async fn acts(site: &Site, act: &str) -> Vec<Value> {
    site.audit("").await.into_iter().filter(|entry| entry["act"] == act).collect()
}

async fn insist_read(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_crashes_of_both_and_brings_a_lost_site_back() {
    let pair = paired().await;
    let first = stored(&pair.a, 40).await;
    back_up(&pair.a);
    let total = files(&pair.a.scratch("vault")).len();
    let bytes: usize = files(&pair.a.scratch("vault")).values().map(Vec::len).sum();

    // So slow that one can pull the plug in the middle.
    let rate = (bytes / 12).max(16 * 1024);
    let slow = json!({ "bytes_max": 1u64 << 30, "bytes_per_second": rate, "days_after": 0 });
    let id = agreed(&pair, &slow).await;
    eventually!(60, "a part has come", holds(files(&copy(&pair)).len() >= 4));
    pair.b.kill();
    let had = files(&copy(&pair)).len();
    assert!(had < total, "killed in the middle");
    pair.b.serve().await;
    eventually!(60, "it goes on", holds(files(&copy(&pair)).len() >= had + 4));
    pair.a.kill();
    assert!(files(&copy(&pair)).len() < total, "killed in the middle");
    assert!(
        !copy(&pair).join("snapshots").read_dir().unwrap().map_while(Result::ok).any(|_| true),
        "snapshots are last"
    );
    pair.a.serve().await;
    whole(&pair, &id).await;
    insist_same(&pair);

    // Sealed: neither names nor pixels are anywhere at the keeper's, and it is no study there.
    assert!(pair.b.files_with(b"Durand").is_empty());
    assert!(pair.b.files_with(&first[0].pixels[..64]).is_empty());
    assert!(pair.b.listed(&first[0].study).await.is_none());
    assert!(!acts(&pair.a, "backup-served").await.is_empty() && !acts(&pair.b, "backup-kept").await.is_empty());

    // The next backup sends what is new, and nothing else.
    let before = files(&pair.a.scratch("vault"));
    let second = stored(&pair.a, 3).await;
    back_up(&pair.a);
    let after = files(&pair.a.scratch("vault"));
    let (new, new_bytes) = (after.len() - before.len(), after.iter().filter(|(name, _)| !before.contains_key(*name)));
    let new_bytes: usize = new_bytes.map(|(_, bytes)| bytes.len()).sum();
    whole(&pair, &id).await;
    insist_same(&pair);
    let last = acts(&pair.b, "backup-kept").await.into_iter().next().unwrap();
    assert_eq!((&last["instances"], &last["bytes"]), (&json!(new), &json!(new_bytes)), "{last}");

    // The whole site burns down, the disk with its backup too. The keeper writes the copy on a medium.
    pair.a.kill();
    fs::remove_dir_all(pair.a.dir()).unwrap();
    fs::remove_dir_all(pair.a.scratch("vault")).unwrap();
    let medium = pair.b.scratch("medium").join("CH Nord");
    let said = pair.b.cli(&["spare", "export", "CH Nord", "--to", &text(&medium)]).ok();
    assert!(said.out.contains(&format!("{} files", after.len())), "{}", said.out);
    assert!(files(&medium) == after);
    let (_, file) = secrets(&pair.a);
    let _ = pair.a.cli(&["restore", "--from", &text(&medium), "--passphrase-file", &text(&file)]).ok();
    pair.a.serve().await;
    insist_read(&pair.a, &first).await;
    insist_read(&pair.a, &second).await;
    let verified = pair.a.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);

    // It ends; the keeper erases, and says so.
    eventually!(60, "it is open again", holds(pair.a.get("/api/restore").await.ok().json()["restored"].is_null()));
    let _ = pair.a.cli(&["spare", "end", &id]).ok();
    eventually!(30, "the receipt is here", {
        holds(row(&pair.a, &id).await.is_some_and(|row| row["erased"]["files"] == after.len()))
    });
    // What says so to the owner goes last, after the receipt has left.
    eventually!(10, "the folder is gone", holds(!pair.b.dir().join("spare").join(&pair.a_id).exists()));
    for site in [&pair.a, &pair.b] {
        assert_eq!(acts(site, "kept-erased").await.len(), 1);
    }
    assert_eq!(acts(&pair.b, "kept-exported").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn within_the_room_agreed_and_proved_byte_by_byte() {
    let pair = paired().await;
    let _ = stored(&pair.a, 5).await;
    back_up(&pair.a);
    let narrow = json!({ "bytes_max": 5000, "bytes_per_second": 100 << 20 });
    let id = agreed(&pair, &narrow).await;
    eventually!(30, "the owner hears why nothing comes", {
        let standing = standing(&pair, &id).await;
        holds(standing["halt"] == "full" && standing["needed_bytes"].as_u64() > Some(5000))
    });
    let halts = acts(&pair.b, "backup-kept").await;
    assert!(halts.len() == 1 && halts[0]["outcome"] == "failed", "{halts:?}");
    let listed = pair.a.cli(&["spare", "list"]).ok();
    assert!(listed.out.contains("full"), "{}", listed.out);
    assert!(files(&copy(&pair)).is_empty());

    // Another text takes its place; the copy goes on under it.
    let wide = json!({ "bytes_max": 1u64 << 30, "bytes_per_second": 100 << 20 });
    let id = agreed(&pair, &wide).await;
    whole(&pair, &id).await;
    insist_same(&pair);
    eventually!(30, "it was proved by itself", holds(row(&pair.a, &id).await.unwrap()["proved"]["bad"] == 0));

    // A disk turns a bit at the keeper's. Whoever asks for proof finds it, and it is mended.
    let (name, bytes) = files(&copy(&pair)).into_iter().find(|(name, _)| name.starts_with("data")).unwrap();
    let mut rotten = bytes.clone();
    rotten[bytes.len() / 2] ^= 4;
    fs::write(copy(&pair).join(&name), &rotten).unwrap();
    let said = pair.a.cli(&["spare", "prove", &id, "--files", "1000"]);
    assert!(said.code == Some(1) && said.out.contains("1 not there"), "{said:?}");
    eventually!(30, "it is sent again", { holds(fs::read(copy(&pair).join(&name)).is_ok_and(|now| now == bytes)) });
    whole(&pair, &id).await;
    let said = pair.a.cli(&["spare", "prove", &id, "--files", "1000"]).ok();
    assert!(said.out.contains(" 0 not there"), "{}", said.out);
    let failed = acts(&pair.a, "backup-proved").await.into_iter().filter(|entry| entry["outcome"] == "failed").count();
    assert_eq!(failed, 1);

    // A stranger to the agreement gets nothing: the other direction was not agreed.
    let (site, to) = (pair.b_id.as_str(), text(&pair.a.scratch("medium").join("none")));
    assert_ne!(pair.a.cli(&["spare", "export", site, "--to", &to]).code, Some(0));
}
