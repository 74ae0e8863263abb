//! Two hospitals' logs countersign one another: evidence is checked offline, and a log that is put back is found out.

use crate::SITE;
use serde_json::{Value, json};
use std::{fs, path::Path};
use tests::{Pair, Site, Study, eventually, wait::holds};

/// Two sites with an agreement, that look for news twice a second.
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

async fn ledger(site: &Site) -> Value {
    site.get("/api/ledger").await.ok().json()
}

/// All is countersigned, and the peer cosigned all of it.
async fn settled(site: &Site) {
    eventually!(30, "the peer countersigned and cosigned all", {
        let ledger = ledger(site).await;
        let peer = &ledger["peers"][0];
        holds(peer["missing"] == 0 && peer["cosigned"]["size"] == ledger["size"])
    });
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

async fn read_at_b(pair: &Pair) -> String {
    let study = Study::of(3).size(64, 64);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    study.uid
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn evidence_is_checked_offline_and_a_log_put_back_is_found() {
    let pair = agreed().await;
    let study = read_at_b(&pair).await;
    for site in [&pair.a, &pair.b] {
        settled(site).await;
    }

    // The bundle, at both sites, checked by somebody who has two keys and nothing else.
    let keys = ["--key", &pair.a_id, "--key", &pair.b_id];
    for site in [&pair.a, &pair.b] {
        let file = site.scratch("evidence").join("bundle.json");
        let file = file.display().to_string();
        let _ = site.cli(&["audit", "export", "--study", &study, "--out", &file]).ok();
        let said = site.cli(&[&["audit", "verify", &file, "--lang", "en"][..], &keys].concat()).ok();
        assert!(said.out.contains("Everything in this bundle holds."), "{}", said.out);
        assert!(said.out.contains("study-served") && said.out.contains("countersigned by"), "{}", said.out);
        let said = site.cli(&[&["audit", "verify", &file, "--lang", "fr", "--quiet"][..], &keys].concat()).ok();
        assert!(said.out.contains("Ce que cela ne prouve pas."), "{}", said.out);
        let mut bundle: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let records = bundle["records"].as_array().unwrap().len();
        assert!(records >= 3, "{records} records");
        let body = bundle["records"][0]["body"].as_str().unwrap().to_owned();
        let other = body.replacen('A', "B", 1);
        bundle["records"][0]["body"] = json!(other);
        fs::write(&file, bundle.to_string()).unwrap();
        let said = site.cli(&[&["audit", "verify", &file, "--lang", "en"][..], &keys].concat());
        assert_eq!(said.code, Some(1), "{}", said.out);
        assert!(said.out.contains("DOES NOT HOLD"), "{}", said.out);
    }
    assert_eq!(ledger(&pair.a).await["findings"], json!([]), "nothing is wrong yet");

    // A's administrator puts an older log back.
    let (folder, aside) = (pair.a.dir().join("journal/audit"), pair.a.scratch("older"));
    pair.a.stop().await;
    copy(&folder, &aside);
    pair.a.serve().await;
    let _ = read_at_b(&pair).await;
    settled(&pair.a).await;
    pair.a.stop().await;
    copy(&aside, &folder);
    pair.a.serve().await;
    let of_a = |ledger: &Value| {
        let all = ledger["findings"].as_array().unwrap();
        all.iter().find(|finding| finding["site"] == json!(pair.a_id)).cloned()
    };
    for site in [&pair.a, &pair.b] {
        eventually!(30, "the log that was put back is found", holds(of_a(&ledger(site).await).is_some()));
        let alerts = site.audit("&alerts=true").await;
        assert!(alerts.iter().any(|entry| entry["note"].as_str().unwrap().starts_with("ledger ")), "{alerts:?}");
        eventually!(30, "it is an alarm", {
            let alarms = site.get("/api/alarms").await.ok().json();
            let standing = alarms["standing"].as_array().unwrap();
            holds(
                standing.iter().any(|alarm| alarm["kind"] == "ledger-broken" && alarm["subject"] == json!(pair.a.name)),
            )
        });
    }
    let finding = of_a(&ledger(&pair.b).await).unwrap();
    assert!(finding["number"].is_u64() || finding["last"].as_u64() >= finding["first"].as_u64(), "{finding}");
    // It goes on from there, and an administrator takes note.
    let _ = pair.b.cli(&["audit", "settle"]).ok();
    eventually!(30, "the alarm is over", {
        let alarms = pair.b.get("/api/alarms").await.ok().json();
        holds(!alarms["standing"].to_string().contains("ledger-broken"))
    });
    let status = pair.b.cli(&["audit", "status", "--lang", "en"]).ok();
    assert!(status.out.contains("FINDING"), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_countersignature_that_does_not_come_is_an_alarm() {
    let pair = agreed().await;
    settled(&pair.a).await;
    pair.b.stop().await;
    let study = Study::of(1).size(32, 32);
    let (_, paths) = study.write(&pair.a.scratch("alone"));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, 1).await;
    let shared = json!({ "site": pair.b_id, "hours": 1 });
    let _ = pair.a.post(&format!("/api/studies/{}/share", study.uid), &shared).await.ok();
    // Sixty looks, two a second.
    eventually!(60, "it is an alarm", {
        let alarms = pair.a.get("/api/alarms").await.ok().json();
        holds(alarms["standing"].to_string().contains("ledger-unwitnessed"))
    });
    let finding = ledger(&pair.a).await["findings"][0].clone();
    assert_eq!((&finding["wrong"], &finding["site"]), (&json!("unwitnessed"), &json!(pair.b_id)));
    assert!(finding["number"].is_u64(), "{finding}");
    pair.b.serve().await;
    settled(&pair.a).await;
    eventually!(30, "it is over", {
        let alarms = pair.a.get("/api/alarms").await.ok().json();
        holds(!alarms["standing"].to_string().contains("ledger-unwitnessed"))
    });
}
