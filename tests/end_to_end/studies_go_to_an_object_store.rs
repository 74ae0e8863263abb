//! Older studies lie in an object store that the hospital rents. The store sees neither images nor names; they come back
//! when opened, when the store was away in between, and to a node restored from its backup; what is erased is gone there.

#![allow(clippy::print_stdout, reason = "what lies in the store: `--no-capture`")]

use crate::SITE;
use hyper::Method;
use serde_json::json;
use std::{fs, path::Path};
use tests::{
    Instance, Site, Study,
    certificates::Authority,
    eventually, http, part10,
    ports::Port,
    tools::{dcmtk, object_store::ObjectStore, pynetdicom::Serving},
    wait::holds,
};

/// A part of an upload.
const PART: u64 = 16 << 20;

fn configure(site: &Site, store: &ObjectStore, url: &str, secret: Option<&str>) {
    for (key, value) in store.settings(&site.scratch("secrets"), secret) {
        site.configure("archive", key, toml::Value::String(value));
    }
    site.configure("archive", "cold_store", toml::Value::String(url.to_owned()));
}

async fn there(site: &Site, is_there: bool) {
    let what = if is_there { "the store is there" } else { "the store is away" };
    eventually!(30, what, { holds(site.get("/api/tiers").await.ok().json()["reachable"] == json!(is_there)) });
}

async fn with_store(name: &str) -> (Site, ObjectStore) {
    let site = Site::init(SITE, name);
    let store = ObjectStore::start(&site.scratch("store")).await;
    configure(&site, &store, &store.url(), None);
    site.serve().await;
    (site, store)
}

async fn stored(site: &Site, study: &Study) -> Vec<Instance> {
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    made
}

async fn insist(site: &Site, all: &[Instance]) {
    for instance in all {
        let file = site.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set());
    }
}

async fn availability(site: &Site, study: &str) -> String {
    site.listed(study).await.map(|row| row["availability"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
}

fn hot(site: &Site) -> usize {
    let folder = site.dir().join("objects");
    (0..=u8::MAX).map(|n| fs::read_dir(folder.join(format!("{n:02x}"))).unwrap().count()).sum()
}

fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_sees_nothing_and_gives_all_of_it_back() {
    let (site, store) = with_store("CH Nord").await;
    let study = Study::of(6);
    let made = stored(&site, &study).await;
    let said = site.cli(&["tier", "cold", &study.uid]).ok();
    assert!(said.out.contains("The study is cold"), "{}", said.out);
    assert_eq!((hot(&site), store.objects().len()), (0, 6));
    let said = site.cli(&["tier", "status"]).ok();
    assert!(
        said.out.contains("an object store: http://127.0.0.1") && said.out.contains("It is there."),
        "{}",
        said.out
    );

    // What the store holds tells it nothing: no names, no digests, no format of ours or DICOM's.
    let files = store.files();
    for path in &files {
        let bytes = fs::read(path).unwrap();
        let seen = ["Lefèvre".as_bytes(), b"DICM", b"1.2.840.10008", study.uid.as_bytes(), &[0x28, 0xb5, 0x2f, 0xfd]];
        for text in seen {
            assert!(!has(&bytes, text), "{} holds {text:?}", path.display());
        }
        let name = path.to_string_lossy().into_owned();
        assert!(made.iter().all(|one| !name.contains(&one.digest().to_string())), "{name}");
    }
    println!("6 synthetic images: {} bytes sent, {} files in the store", size(&store.objects()), files.len());

    assert_eq!(availability(&site, &study.uid).await, "nearline");
    // Killed, and the index lost: the journal knows where the bytes are.
    site.kill();
    fs::remove_dir_all(site.dir().join("index")).unwrap();
    let _ = site.cli(&["rebuild"]).ok();
    site.serve().await;
    assert_eq!(availability(&site, &study.uid).await, "nearline");
    eventually!(20, "the start leaves no hot files of small objects", holds(hot(&site) == 0));
    insist(&site, &made[..1]).await;
    eventually!(30, "all of it is hot again", { holds(availability(&site, &study.uid).await == "online") });
    assert_eq!(hot(&site), 6);
    insist(&site, &made).await;
}

fn size(files: &[std::path::PathBuf]) -> u64 {
    files.iter().map(|path| fs::metadata(path).unwrap().len()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_parts_where_an_object_is_large() {
    let (site, store) = with_store("CH Nord").await;
    let study = Study::of(1).size(5000, 5000);
    let made = stored(&site, &study).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    let bytes = size(&store.objects());
    println!("{} bytes of pixels: {bytes} in the store", made[0].pixels.len());
    assert!(bytes > PART, "it went in parts: {bytes}");
    let verified = site.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_does_not_know_our_secret_and_says_so() {
    let site = Site::init(SITE, "CH Nord");
    let store = ObjectStore::start(&site.scratch("store")).await;
    configure(&site, &store, &store.url(), Some("another+secret"));
    site.serve().await;
    let study = Study::of(2);
    let made = stored(&site, &study).await;
    there(&site, false).await;
    let tiers = site.get("/api/tiers").await.ok().json();
    assert_eq!((&tiers["kind"], &tiers["away"]), (&json!("store"), &json!("credentials")));
    let said = site.cli(&["tier", "status"]).ok();
    assert!(said.out.contains("NOT THERE") && said.out.contains("does not accept the credentials"), "{}", said.out);
    let said = site.cli(&["tier", "cold", &study.uid]);
    assert!(said.code != Some(0) && said.err.contains("cannot be reached"), "{said:?}");
    assert_eq!((hot(&site), store.objects().len()), (2, 0));

    // Others may read the secret: the node does not start with it.
    site.stop().await;
    configure(&site, &store, &store.url(), None);
    let secret = site.scratch("secrets").join("s3");
    let mode = |mode: u32| fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o644);
    let said = site.cli(&["config", "check"]);
    let all = format!("{}{}", said.out, said.err);
    assert!(said.code == Some(64) && all.contains("archive.cold_credentials") && all.contains("0600"), "{said:?}");
    mode(0o600);
    site.serve().await;
    there(&site, true).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn which_goes_away_and_loses_nothing() {
    let (site, mut store) = with_store("CH Nord").await;
    site.stop().await;
    site.configure("alarms", "look_every", toml::Value::String("500ms".to_owned()));
    site.serve().await;
    let (first, second) = (Study::of(3), Study { date: "19900102".to_owned(), ..Study::of(40) });
    let made = stored(&site, &first).await;
    let _ = site.cli(&["tier", "cold", &first.uid]).ok();
    let others = stored(&site, &second).await;

    // It goes in the middle of a move: the study stays where it is.
    let mut moving = site.cli_start(&["tier", "cold", &second.uid]);
    eventually!(20, "the move is under way", holds(store.objects().len() > 3));
    store.kill();
    assert!(!moving.wait().unwrap().success());
    assert_eq!(hot(&site), 40);
    there(&site, false).await;
    assert_eq!(availability(&site, &first.uid).await, "unreachable");
    assert_eq!(availability(&site, &second.uid).await, "online");
    let answer = site.retrieve(&made[0].path()).await.unwrap_err();
    assert_eq!(answer.status, 503, "{}", answer.text());
    insist(&site, &others).await;
    eventually!(20, "there is an alarm", {
        let standing = site.get("/api/alarms").await.ok().text();
        holds(standing.contains("tier-unreachable") && standing.contains("cold-tier"))
    });

    // What is erased meanwhile is under way until the store is back, also what no record says is there.
    let _ = site.cli(&["retention", "visit", &second.uid, "19900102", "--reason", "asked the HIS"]).ok();
    let _ = site.cli(&["retention", "propose", &second.uid, "--reason", "time is past"]).ok();
    let proposals = site.get("/api/retention/proposals").await.ok().json();
    let ben = site.new_token("ben", "admin");
    let path = format!("/api/retention/proposals/{}/approve", proposals[0]["id"]);
    let ask = http::Ask::new(Method::POST, path).json(&json!({})).bearer(&ben);
    let _ = http::ask(site.portal(), ask).await.unwrap().ok();
    let done = site.get("/api/retention/erased").await.ok().json();
    assert_eq!(done[0]["done"], json!(false), "{done}");
    assert!(store.objects().len() > 3);

    // A restart without it, then it is back.
    site.kill();
    site.serve().await;
    there(&site, false).await;
    assert_eq!(availability(&site, &first.uid).await, "unreachable");
    store.resume().await;
    there(&site, true).await;
    assert_eq!(availability(&site, &first.uid).await, "nearline");
    insist(&site, &made).await;
    eventually!(20, "what was erased is gone from the store", holds(store.objects().len() == 3));
    eventually!(20, "and said to be", {
        holds(site.get("/api/retention/erased").await.ok().json()[0]["done"] == json!(true))
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_what_is_spoilt_or_erased_there_is_known() {
    let (site, store) = with_store("CH Nord").await;
    let study = Study { date: "19900102".to_owned(), ..Study::of(3) };
    let made = stored(&site, &study).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    let mut bytes = fs::read(&store.objects()[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&store.objects()[1], bytes).unwrap();
    let said = site.cli(&["verify"]);
    assert!(said.code != Some(0) && said.out.contains("1 fault"), "{said:?}");
    let mut spoilt = 0;
    for instance in &made {
        match site.retrieve(&instance.path()).await {
            Ok(file) => assert_eq!(&file[part10::data_set_at(&file)..], instance.data_set()),
            Err(answer) => {
                assert_eq!(answer.status, 502, "{}", answer.text());
                spoilt += 1;
            }
        }
    }
    assert_eq!(spoilt, 1);
    assert!(site.audit("").await.iter().any(|entry| entry["act"] == "security-alert"));

    let _ = site.cli(&["retention", "visit", &study.uid, "19900102", "--reason", "asked the HIS"]).ok();
    let _ = site.cli(&["retention", "propose", &study.uid, "--reason", "time is past"]).ok();
    let proposals = site.get("/api/retention/proposals").await.ok().json();
    let ben = site.new_token("ben", "admin");
    let path = format!("/api/retention/proposals/{}/approve", proposals[0]["id"]);
    let ask = http::Ask::new(Method::POST, path).json(&json!({})).bearer(&ben);
    let _ = http::ask(site.portal(), ask).await.unwrap().ok();
    assert_eq!((hot(&site), store.objects().len()), (0, 0), "gone here and there");
}

fn arguments(site: &Site) -> [String; 4] {
    let file = site.scratch("secrets").join("passphrase");
    fs::write(&file, "quatre mots au hasard").unwrap();
    let text = |path: &Path| path.display().to_string();
    ["--passphrase-file".to_owned(), text(&file), "--to".to_owned(), text(&site.scratch("vault"))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_tls_and_a_restored_node_reads_them() {
    let site = Site::init(SITE, "CH Nord");
    let store = ObjectStore::start(&site.scratch("store")).await;
    let authority = Authority::found(&site.scratch("authority"), "authority");
    let shown = authority.issue("localhost");
    let port = Port::reserve();
    let text = |path: &Path| path.display().to_string();
    let (listen, to) = (port.number().to_string(), store.port().to_string());
    let _road = Serving::start("tls_road.py", &[&text(&shown.certificate), &text(&shown.key), &listen, &to]);
    eventually!(60, "the road is open", std::net::TcpStream::connect(port.address()).ok());
    configure(&site, &store, &format!("https://localhost:{listen}"), None);
    site.serve().await;
    let study = Study::of(3);
    let made = stored(&site, &study).await;
    there(&site, false).await;
    let tiers = site.get("/api/tiers").await.ok().json();
    assert_eq!(tiers["away"], json!("silent"), "nobody vouches for that certificate");
    site.stop().await;
    site.configure("archive", "cold_ca", toml::Value::String(text(&authority.certificate)));
    site.serve().await;
    there(&site, true).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    assert_eq!((hot(&site), store.objects().len()), (0, 3));

    let [option, passphrase, to, vault] = arguments(&site);
    let _ = site.cli(&["backup", &to, &vault, &option, &passphrase]).ok();
    site.kill();
    fs::remove_dir_all(site.dir()).unwrap();
    let _ = site.cli(&["restore", "--from", &vault, &option, &passphrase]).ok();
    site.serve().await;
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_a_workstation_gets_them_by_c_get() {
    let (site, mut store) = with_store("CH Nord").await;
    site.add_ae(dcmtk::WORKSTATION, 1, "own");
    let study = Study::of(3);
    let made = stored(&site, &study).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    let uid = format!("StudyInstanceUID={}", study.uid);
    let keys = ["QueryRetrieveLevel=STUDY", uid.as_str(), "InstanceAvailability"];
    let found = dcmtk::find(site.dimse(), &site.ae_title, &keys);
    assert!(found.text.contains("[NEARLINE]"), "{}", found.text);
    store.kill();
    let folder = site.scratch("away");
    let got = dcmtk::get(site.dimse(), &site.ae_title, &folder, &keys[..2]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert!(got.text.contains("Refused: OutOfResourcesSubOperations"), "A702: {}", got.text);
    store.resume().await;
    there(&site, true).await;
    let folder = site.scratch("got");
    assert!(dcmtk::get(site.dimse(), &site.ae_title, &folder, &keys[..2]).success);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), made.len());
    insist(&site, &made).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_are_sealed_anew_after_the_first_key_was_stolen() {
    let (site, mut store) = with_store("CH Nord").await;
    let study = Study::of(30).size(64, 64);
    let made = stored(&site, &study).await;
    let _ = site.cli(&["tier", "cold", &study.uid]).ok();
    let before = store.objects();
    let stolen = fs::read(site.dir().join("site.key")).unwrap();
    let stage = async || site.get("/api/keys").await.ok().json()["sealing"]["stage"].as_str().unwrap().to_owned();

    let said = site.cli(&["key", "reseal", "--yes", "--lang", "en"]);
    assert!(said.code != Some(0) && said.err.contains("change the key first"), "{said:?}");
    let said = site.cli(&["key", "rotate", "--compromised", "--yes", "--lang", "en"]).ok();
    assert!(said.err.contains("confrere key reseal"), "{}", said.err);
    let said = site.cli(&["key", "reseal", "--yes", "--lang", "en"]).ok();
    assert!(said.err.contains("It goes on by itself"), "{}", said.err);
    // A backup from before could read none of what comes: one is waited for, a start in between.
    eventually!(20, "a backup is waited for", holds(stage().await == "waits-for-backup"));
    site.stop().await;
    site.serve().await;
    eventually!(20, "a backup is still waited for", holds(stage().await == "waits-for-backup"));
    assert_eq!(store.objects(), before);
    insist(&site, &made[..1]).await;
    let [option, passphrase, to, vault] = arguments(&site);
    let _ = site.cli(&["backup", &to, &vault, &option, &passphrase]).ok();

    // Killed in the middle, with the store; it goes on when both are back.
    eventually!(
        30,
        "the first are under other names",
        holds(store.objects().iter().any(|file| !before.contains(file)))
    );
    site.kill();
    store.kill();
    site.serve().await;
    there(&site, false).await;
    eventually!(20, "the store is waited for", holds(stage().await == "store-away"));
    store.resume().await;
    eventually!(60, "all are sealed anew", holds(stage().await == "none"));
    let after = store.objects();
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|file| !before.contains(file)), "none is under its old name");

    // Nothing in the folder gives the stolen key back; all is read by what there is now.
    let holds_it: Vec<_> = site.files_with(&stolen);
    assert_eq!(holds_it, Vec::new());
    site.stop().await;
    site.serve().await;
    there(&site, true).await;
    insist(&site, &made).await;
    assert_eq!(site.audit("").await.iter().filter(|entry| entry["act"] == "key-changed").count(), 3);

    // The backup that was waited for reads them, too, and goes on where it was taken.
    site.kill();
    fs::remove_dir_all(site.dir()).unwrap();
    let _ = site.cli(&["restore", "--from", &vault, &option, &passphrase]).ok();
    site.serve().await;
    there(&site, true).await;
    insist(&site, &made).await;
}
