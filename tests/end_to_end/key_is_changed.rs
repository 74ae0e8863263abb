//! A site changes its key and stays the site it is; a stolen key opens nothing; a lost one is replaced.

use crate::SITE;
use ed25519_dalek::SigningKey;
use protocol::{
    SiteKey, Timestamp,
    message::{Answer, Request, SiteRecord},
    signed::Signed,
};
use serde_json::{Value, json};
use std::{
    fs,
    time::{Instant, SystemTime},
};
use tests::{
    Pair, Site, Study, eventually,
    hospital::{agreement, peer},
    tools::{
        control::{Peer, seed_of_folder},
        thief::Thief,
    },
    wait::holds,
};

/// Two sites with an agreement for everything, that look at themselves twice a second.
async fn agreed() -> Pair {
    let (a, b) = (Site::init(SITE, "CH Nord"), Site::init(SITE, "CHU Sud"));
    for site in [&a, &b] {
        site.configure("alarms", "look_every", toml::Value::String("500ms".to_owned()));
        site.serve().await;
    }
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    pair
}

/// A new study of A's, listed at B; the path of its first instance.
async fn announced(pair: &Pair) -> (String, String) {
    let study = Study::of(2).size(64, 64);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    (study.uid, made[0].path())
}

fn rotate(site: &Site, more: &[&str]) -> String {
    site.cli(&[&["key", "rotate", "--yes", "--lang", "en"][..], more].concat()).ok().err
}

async fn keys(site: &Site) -> Value {
    site.get("/api/keys").await.ok().json()
}

async fn connected(pair: &Pair) {
    for (site, other) in [(&pair.a, &pair.b_id), (&pair.b, &pair.a_id)] {
        let what = format!("{} is connected to its peer", site.name);
        eventually!(40, what, peer(site, other).await.filter(|peer| peer["connected"] == true));
    }
}

async fn alarm(site: &Site, kind: &str, subject: &str) {
    eventually!(20, format!("{kind} is an alarm at {}", site.name), {
        let alarms = site.get("/api/alarms").await.ok().json();
        let standing = alarms["standing"].as_array().unwrap();
        holds(standing.iter().any(|alarm| alarm["kind"] == kind && alarm["subject"] == subject))
    });
}

async fn countersigned(site: &Site) {
    eventually!(40, "all is countersigned", {
        let ledger = site.get("/api/ledger").await.ok().json();
        let peer = &ledger["peers"][0];
        holds(peer["missing"] == 0 && peer["cosigned"]["size"] == ledger["size"])
    });
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp(u64::try_from(since.as_millis()).unwrap())
}

/// Whether whoever has this key gets in at a site, by either plane.
async fn gets_in(seed: [u8; 32], at: &Site) -> bool {
    Thief::new(seed).gets_in(at).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_goes_on_with_a_new_key_and_the_old_one_is_refused() {
    let pair = agreed().await;
    let (before, first) = announced(&pair).await;
    let _ = pair.b.frame(&first, 1).await.ok();
    let (unread, second) = announced(&pair).await;
    let old = seed_of_folder(&pair.a.dir());
    assert!(gets_in(old, &pair.b).await, "it is the site's key");

    let began = Instant::now();
    let said = rotate(&pair.a, &[]);
    let changed = began.elapsed();
    assert!(said.contains("It is known to: CHU Sud."), "{said}");
    eventually!(10, "B reads from A again", holds(pair.b.frame(&second, 1).await.status.is_success()));
    let read = began.elapsed();
    assert!(!gets_in(old, &pair.b).await, "the old key is refused");
    let refused = began.elapsed();
    eprintln!("key changed after {changed:?}, next remote read after {read:?}, old key refused by {refused:?}");
    assert_ne!(seed_of_folder(&pair.a.dir()), old);

    // Who it is, is what it was; both see that it has another key.
    assert_eq!(pair.a.id().await, pair.a_id);
    connected(&pair).await;
    let (ours, theirs) = (keys(&pair.a).await, keys(&pair.b).await);
    assert_eq!((&ours["own"]["key"], &ours["own"]["before"]), (&theirs["peers"][0]["key"], &json!([pair.a_id])));
    assert_eq!(theirs["peers"][0]["conflict"], Value::Null);
    alarm(&pair.b, "key-changed", "CH Nord").await;
    for site in [&pair.a, &pair.b] {
        let log = site.audit("").await;
        assert!(log.iter().any(|entry| entry["act"] == "key-changed"), "{log:?}");
    }
    eventually!(20, "that the old key knocked is an alert", {
        let alerts = pair.b.audit("&alerts=true").await;
        holds(alerts.iter().any(|entry| entry["note"].to_string().contains("a key that the site has changed")))
    });

    // A new study, a restart of either side, a second change at the other side.
    let (after, third) = announced(&pair).await;
    let _ = pair.b.frame(&third, 1).await.ok();
    pair.a.kill();
    pair.a.serve().await;
    pair.b.stop().await;
    pair.b.serve().await;
    connected(&pair).await;
    let _ = rotate(&pair.b, &[]);
    let (_, fourth) = announced(&pair).await;
    let _ = pair.b.frame(&fourth, 1).await.ok();

    // What was signed by any of the keys is proved by the names alone.
    for site in [&pair.a, &pair.b] {
        countersigned(site).await;
        assert_eq!(site.get("/api/ledger").await.ok().json()["findings"], json!([]));
        let file = site.scratch("evidence").join("bundle.json").display().to_string();
        let _ = site.cli(&["audit", "export", "--from", "2020-01-01T00:00:00Z", "--out", &file]).ok();
        let verify = ["audit", "verify", &file, "--lang", "en", "--key", &pair.a_id, "--key", &pair.b_id];
        let said = site.cli(&verify).ok();
        assert!(said.out.contains("Everything in this bundle holds."), "{}", said.out);
        let whole = fs::read_to_string(&file).unwrap();
        assert!(whole.len() > 1_000 && said.out.contains("key-changed"), "{}", said.out);
        for study in [&before, &unread, &after] {
            assert!(said.out.contains(study.as_str()), "{study}: {}", said.out);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_was_away_learns_it_when_it_is_back() {
    let pair = agreed().await;
    let (_, path) = announced(&pair).await;
    pair.b.stop().await;
    for _ in 0..2 {
        let said = rotate(&pair.a, &[]);
        assert!(said.contains("These learn it when they are met: CHU Sud."), "{said}");
    }
    pair.b.serve().await;
    connected(&pair).await;
    let _ = pair.b.frame(&path, 1).await.ok();
    assert_eq!(keys(&pair.b).await["peers"][0]["key"], keys(&pair.a).await["own"]["key"]);
    let (_, fresh) = announced(&pair).await;
    let _ = pair.b.frame(&fresh, 1).await.ok();
    let alerts = pair.b.audit("&alerts=true").await;
    assert_eq!(alerts, Vec::<Value>::new(), "no stranger, no alert");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stolen_key_gave_is_void() {
    let (a, b) = (Site::open(SITE, "CH Nord").await, Site::open(SITE, "CHU Sud").await);
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "case-only" })).await;
    let study = Study::of(1).size(32, 32);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    let share = json!({ "site": pair.b_id, "hours": 2 });
    let _ = pair.a.post(&format!("/api/studies/{}/share", study.uid), &share).await.ok();
    let _ = pair.b.settled(&study.uid, made.len()).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    let old = seed_of_folder(&pair.a.dir());

    let began = Instant::now();
    let _ = rotate(&pair.a, &["--compromised", "--since", "2020-01-01T00:00:00Z"]);
    pair.withdrawn(&study.uid).await;
    let void = began.elapsed();
    let answer = pair.b.frame(&made[0].path(), 1).await;
    assert!(matches!(answer.status.as_u16(), 403 | 404), "nothing is shown any more: {}", answer.status);
    assert!(!gets_in(old, &pair.b).await);
    eprintln!("grants of the stolen key void after {void:?}");
    // What is given with the new key counts.
    connected(&pair).await;
    let _ = pair.a.post(&format!("/api/studies/{}/share", study.uid), &share).await.ok();
    let _ = pair.b.settled(&study.uid, made.len()).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
}

/// Whether a key that speaks over a connection of `seed` is greeted, with a record that says where the site is found.
async fn greets(at: &Site, seed: &[u8; 32], key: &SiteKey, (overlay, pixels): (String, String)) -> bool {
    let record = SiteRecord { name: "CH Nord".to_owned(), overlay: vec![overlay], pixels: vec![pixels], issued: now() };
    let Some(peer) = Peer::dial(*seed, at.overlay(), |_| None).await else { return false };
    let hello = Request::Hello { record: Signed::seal(key, &record), now: now() };
    matches!(peer.ask(&hello).await, Some(Answer::Hello { .. }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sites_changed_their_keys_while_the_other_was_away() {
    let pair = agreed().await;
    let (_, path) = announced(&pair).await;
    let old = [seed_of_folder(&pair.a.dir()), seed_of_folder(&pair.b.dir())];
    pair.b.stop().await;
    let said = rotate(&pair.a, &[]);
    assert!(said.contains("These learn it when they are met: CHU Sud."), "{said}");
    pair.a.stop().await;
    pair.b.serve().await;
    for _ in 0..2 {
        let said = rotate(&pair.b, &[]);
        assert!(said.contains("These learn it when they are met: CH Nord."), "{said}");
    }
    // Neither knows the key that the other answers with.
    pair.a.serve().await;
    connected(&pair).await;
    let (at_a, at_b) = (keys(&pair.a).await, keys(&pair.b).await);
    assert_eq!((&at_a["own"]["key"], &at_b["own"]["key"]), (&at_b["peers"][0]["key"], &at_a["peers"][0]["key"]));
    let _ = pair.b.frame(&path, 1).await.ok();
    let (_, fresh) = announced(&pair).await;
    let _ = pair.b.frame(&fresh, 1).await.ok();
    for (seed, site) in old.into_iter().zip([&pair.b, &pair.a]) {
        assert!(!gets_in(seed, site).await, "the keys of before are over");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_nobody_can_dial_shows_its_next_key_where_it_knocks() {
    let (a, b) = (Site::init(SITE, "CH Nord"), Site::init(SITE, "CHU Sud"));
    // Nothing listens there: B alone can begin a connection.
    b.configure("overlay", "advertise", toml::Value::Array(vec![toml::Value::String("127.0.0.1:9".to_owned())]));
    a.serve().await;
    b.serve().await;
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let (_, path) = announced(&pair).await;
    let old = seed_of_folder(&pair.b.dir());
    pair.a.stop().await;
    let _ = rotate(&pair.b, &[]);
    pair.a.serve().await;
    connected(&pair).await;
    assert_eq!(keys(&pair.a).await["peers"][0]["key"], keys(&pair.b).await["own"]["key"]);
    let _ = pair.b.frame(&path, 1).await.ok();
    // What a stranger shows of a site is a chain that ends in the stranger's own key, or nothing.
    let stolen = SiteKey::from(SigningKey::from_bytes(&old));
    let nowhere = || ("127.0.0.1:9".to_owned(), "127.0.0.1:9".to_owned());
    let own = SigningKey::from_bytes(&[77; 32]);
    assert!(!greets(&pair.a, &own.to_bytes(), &stolen, nowhere()).await, "of another key");
    assert!(!greets(&pair.a, &own.to_bytes(), &SiteKey::from(own.clone()), nowhere()).await, "of no peer");
    assert!(!greets(&pair.a, &old, &stolen, nowhere()).await, "of before");
    connected(&pair).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thief_who_was_first_is_found_out_by_the_site_that_knocks() {
    let pair = agreed().await;
    let (_, path) = announced(&pair).await;
    // A thief changes the key of A, and says that A is somewhere else: B does not meet A at its address any more.
    let stolen = seed_of_folder(&pair.a.dir());
    let first = SiteKey::from(SigningKey::from_bytes(&stolen));
    let thief = first.succeed(SigningKey::from_bytes(&[66; 32]), now(), None).unwrap();
    let nowhere = ("127.0.0.1:9".to_owned(), "127.0.0.1:9".to_owned());
    // The answer may be cut off: from then on another key is the site.
    let _ = greets(&pair.b, &stolen, &thief, nowhere).await;
    eventually!(10, "the thief's key is the site's", holds(gets_in([66; 32], &pair.b).await));
    // The site, which changed nothing, knocks with the key it has, and hears of the one that it did not make.
    alarm(&pair.a, "own-keys-part", "CH Nord").await;
    assert_eq!(keys(&pair.a).await["own"]["rival"]["key"], thief.keys().current().to_string());
    assert_eq!(keys(&pair.b).await["peers"][0]["conflict"], Value::Null, "a key of before proves nothing at B");
    // It answers with a key of its own: now B knows of two.
    let _ = rotate(&pair.a, &["--compromised"]);
    alarm(&pair.b, "keys-part", "CH Nord").await;
    eventually!(5, "the thief is shut out", holds(!gets_in([66; 32], &pair.b).await));
    alarm(&pair.a, "own-keys-part", "CH Nord").await;
    // Two people on the telephone: what was agreed goes on.
    pair.pair().await;
    eventually!(20, "B reads from A again", holds(pair.b.frame(&path, 1).await.status.is_success()));
    assert!(!gets_in([66; 32], &pair.b).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_successors_of_one_key_are_both_refused_until_the_sites_are_paired_again() {
    let pair = agreed().await;
    let (_, path) = announced(&pair).await;
    // A thief changes the key of A before A does.
    let stolen = SiteKey::from(SigningKey::from_bytes(&seed_of_folder(&pair.a.dir())));
    let thiefs_seed = [66; 32];
    let thief = stolen.succeed(SigningKey::from_bytes(&thiefs_seed), now(), None).unwrap();
    let thief_id = thief.keys().current().to_string();
    let at_a = (pair.a.overlay().to_string(), pair.a.pixels().to_string());
    assert!(greets(&pair.b, &seed_of_folder(&pair.a.dir()), &thief, at_a).await);
    eventually!(10, "the thief's key is the site's", holds(gets_in(thiefs_seed, &pair.b).await));

    let _ = rotate(&pair.a, &["--compromised"]);
    let at_b = || async { keys(&pair.b).await["peers"][0].clone() };
    eventually!(40, "B sees both", holds(at_b().await["conflict"].is_string()));
    for seed in [thiefs_seed, seed_of_folder(&pair.a.dir()), stolen.signing_key().to_bytes()] {
        eventually!(5, "none of them is believed", holds(!gets_in(seed, &pair.b).await));
    }
    assert!(!pair.b.frame(&path, 1).await.status.is_success());
    alarm(&pair.b, "keys-part", "CH Nord").await;
    // The site is told, with both chains, and sees by its own signature that one of them is not its own.
    alarm(&pair.a, "own-keys-part", "CH Nord").await;
    let own = keys(&pair.a).await["own"].clone();
    assert_eq!((&own["rival"]["key"], &own["rival"]["follows"]), (&json!(thief_id), &json!(pair.a_id)));
    let theirs = at_b().await;
    assert_eq!((&theirs["key"], &theirs["rival"]["key"]), (&json!(thief_id), &own["key"]));
    let said = pair.a.cli(&["key", "list", "--lang", "en"]).ok();
    assert!(said.err.contains("Somebody else has signed a new key in the name of CH Nord"), "{}", said.err);
    let said = pair.b.cli(&["key", "list", "--lang", "fr"]).ok();
    assert!(said.err.contains("Deux clés prétendent suivre"), "{}", said.err);

    // Two people on the telephone: what was agreed goes on.
    pair.pair().await;
    assert_eq!(at_b().await["key"], keys(&pair.a).await["own"]["key"]);
    assert!(!gets_in(thiefs_seed, &pair.b).await);
    eventually!(20, "B reads from A again", holds(pair.b.frame(&path, 1).await.status.is_success()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_lost_its_key_is_paired_anew_and_its_agreements_are_offered_again() {
    let pair = agreed().await;
    let (study, path) = announced(&pair).await;
    let _ = pair.b.frame(&path, 1).await.ok();
    countersigned(&pair.b).await;
    pair.a.stop().await;
    let Pair { b, a_id, b_id, .. } = pair;

    // The disk is gone, and there is no backup.
    let a = Site::open(SITE, "CH Nord").await;
    let new_id = a.id().await;
    let invitation = b.post("/api/peers/invitations", &json!({})).await.ok().json();
    let join = json!({ "invitation": invitation["invitation"], "code": invitation["code"] });
    let _ = a.post("/api/peers/join", &join).await.ok();
    for (site, answer) in [(&a, json!({ "accept": true })), (&b, json!({ "accept": true, "replaces": a_id }))] {
        let pairing = eventually!(20, "there are digits to compare", {
            let pairings = site.get("/api/pairings").await.ok().json();
            pairings.as_array()?.iter().find(|pairing| pairing["state"] == "compare").cloned()
        });
        let id = pairing["id"].as_str().unwrap().to_owned();
        let _ = site.post(&format!("/api/pairings/{id}/confirm"), &answer).await.ok();
    }
    eventually!(20, "the old key is revoked", peer(&b, &a_id).await.filter(|peer| !peer["revoked"].is_null()));
    assert!(b.listed(&study).await.is_none() && !b.frame(&path, 1).await.status.is_success());
    let offered = eventually!(30, "the agreement is offered again", {
        let rows = a.get("/api/agreements").await.ok().json();
        rows.as_array()?.iter().find(|row| row["state"] == "received").cloned()
    });
    let id = offered["id"].as_str().unwrap().to_owned();
    let _ = a.post(&format!("/api/agreements/{id}/accept"), &json!({})).await.ok();
    eventually!(15, "it is in force", agreement(&b, &id).await.filter(|row| row["state"] == "active"));
    let pair = Pair { a, b, a_id: new_id, b_id };
    let (_, path) = announced(&pair).await;
    let _ = pair.b.frame(&path, 1).await.ok();
    // What the lost key signed is still evidence.
    let file = pair.b.scratch("evidence").join("bundle.json").display().to_string();
    let _ = pair.b.cli(&["audit", "export", "--study", &study, "--out", &file]).ok();
    let keys = ["--key", &a_id, "--key", &pair.a_id, "--key", &pair.b_id];
    let said = pair.b.cli(&[&["audit", "verify", &file, "--lang", "en"][..], &keys].concat()).ok();
    assert!(said.out.contains("Everything in this bundle holds."), "{}", said.out);
}
