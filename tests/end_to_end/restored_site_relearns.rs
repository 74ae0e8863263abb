//! A node comes back from a backup that is older than what was agreed since. It serves nobody by what it forgot.

use crate::SITE;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use tests::{
    Instance, Pair, Site, Study, browser, eventually,
    hospital::{agreement, peer},
    multipart,
    wait::holds,
};

fn secrets(site: &Site) -> (String, String) {
    let (folder, file) = (site.scratch("vault"), site.scratch("secrets").join("passphrase"));
    fs::write(&file, "quatre mots au hasard").unwrap();
    (folder.display().to_string(), file.display().to_string())
}

pub(crate) fn backup(site: &Site) {
    let (folder, file) = secrets(site);
    let _ = site.cli(&["backup", "--to", &folder, "--passphrase-file", &file]).ok();
}

/// The disk is lost; what the backup has comes back.
pub(crate) fn lost_and_restored(site: &Site) {
    site.kill();
    fs::remove_dir_all(site.dir()).unwrap();
    let (folder, file) = secrets(site);
    let _ = site.cli(&["restore", "--from", &folder, "--passphrase-file", &file]).ok();
}

async fn stored(pair: &Pair, modality: &str, instances: u32) -> (Study, Vec<Instance>, Vec<PathBuf>) {
    let study = Study::of(instances).modality(modality);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, made.len()).await;
    (study, made, paths)
}

async fn restore_state(site: &Site) -> Value {
    site.get("/api/restore").await.ok().json()
}

pub(crate) async fn open(site: &Site) {
    eventually!(60, "it has learnt all and is open", holds(restore_state(site).await["restored"].is_null()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_narrowed_since_from_the_peer_that_countersigned_it() {
    let pair = Pair::paired(SITE).await;
    let first = pair.agree(&json!({ "preset": "all" })).await;
    let (mr, mr_made, _) = stored(&pair, "MR", 2).await;
    let _ = pair.b.settled(&mr.uid, 2).await;
    backup(&pair.a);

    // Since then: MR is no longer shared, and a CT came that B has read.
    let _ = pair.agree(&json!({ "preset": "all", "modalities": ["CT"], "replaces": first["id"] })).await;
    pair.withdrawn(&mr.uid).await;
    let (ct, ct_made, ct_paths) = stored(&pair, "CT", 2).await;
    let _ = pair.b.settled(&ct.uid, 2).await;
    for instance in &ct_made {
        let _ = pair.b.frame(&instance.path(), 1).await.ok();
    }
    eventually!(30, "B has all of it", holds(pair.b.listed(&ct.uid).await.unwrap()["availability"] == "online"));

    // While B is away nobody can say what is newer.
    pair.b.stop().await;
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    let id = first["id"].as_str().unwrap();
    assert_eq!(agreement(&pair.a, id).await.unwrap()["version"], 1, "as it was on the day of the backup");
    let state = restore_state(&pair.a).await;
    assert!(state["restored"].is_string() && state["waiting"] == json!([pair.b.name.as_str()]), "{state}");
    let own = pair.a.frame(&mr_made[0].path(), 1).await.ok();
    assert_eq!(multipart::parts(&own), [mr_made[0].pixels.clone()], "its own are read here");

    pair.b.serve().await;
    open(&pair.a).await;
    let now = agreement(&pair.a, id).await.unwrap();
    assert_eq!((&now["version"], &now["state"]), (&json!(2), &json!("active")), "{now}");
    let log = pair.a.audit("").await;
    assert!(log.iter().any(|e| e["act"] == "peer-relearned" && e["peer"] == pair.b_id.as_str()), "{log:?}");
    assert!(log.iter().any(|e| e["act"] == "restore-confirmed"), "{log:?}");

    // A study that came after the backup is named, and B still reads what it has of it.
    let state = restore_state(&pair.a).await;
    assert_eq!(state["forgotten"], 1, "{state}");
    let known = &state["studies"][0];
    assert_eq!((&known["study"], &known["site"]), (&json!(ct.uid), &json!(pair.b.name)));
    assert_eq!((&known["instances"], &known["copied"]), (&json!(2), &json!(2)));
    let before = known["version"].as_u64().unwrap();
    let said = pair.a.cli(&["restore", "--state"]).ok();
    assert!(said.out.contains(&ct.uid), "{}", said.out);

    // What comes from now on is told under the new text.
    let (later, later_made, _) = stored(&pair, "CT", 1).await;
    let _ = pair.b.settled(&later.uid, 1).await;
    let _ = pair.b.frame(&later_made[0].path(), 1).await.ok();
    assert!(pair.b.listed(&mr.uid).await.is_none(), "not what the old text shared");
    assert_eq!(pair.b.frame(&mr_made[0].path(), 1).await.status.as_u16(), 404);
    assert!(pair.b.listed(&ct.uid).await.is_some(), "what is not told again is not withdrawn");
    let copy = pair.b.frame(&ct_made[0].path(), 1).await.ok();
    assert_eq!(multipart::parts(&copy), [ct_made[0].pixels.clone()], "the only copy is not erased");
    // The scanner sends it again: it is A's again.
    let _ = pair.a.c_store(&ct_paths).ok();
    let _ = pair.a.settled(&ct.uid, 2).await;
    let (last, ..) = stored(&pair, "CT", 1).await;
    let _ = pair.b.settled(&last.uid, 1).await;

    // Lost a second time, B tells what it was told since: all of it above what it had been told before.
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    open(&pair.a).await;
    let state = restore_state(&pair.a).await;
    let version = |study: &Study| {
        let known = state["studies"].as_array().unwrap().iter().find(|known| known["study"] == study.uid);
        known.unwrap()["version"].as_u64().unwrap()
    };
    assert_eq!(state["forgotten"], 3, "{state}");
    for study in [&ct, &later, &last] {
        assert!(version(study) > before, "{state}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_takes_back_what_came_since_from_the_peer_that_copied_it() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    backup(&pair.a);
    let (whole, whole_made, _) = stored(&pair, "CT", 3).await;
    let (half, half_made, _) = stored(&pair, "MR", 3).await;
    for study in [&whole, &half] {
        let _ = pair.b.settled(&study.uid, 3).await;
    }
    for instance in &whole_made {
        let _ = pair.b.frame(&instance.path(), 1).await.ok();
    }
    eventually!(30, "B has all of it", holds(pair.b.listed(&whole.uid).await.unwrap()["availability"] == "online"));
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    open(&pair.a).await;
    assert_eq!(restore_state(&pair.a).await["forgotten"], 2);
    assert!(pair.a.listed(&whole.uid).await.is_none_or(|row| row["availability"] != "online"));

    // By the portal's button, and what is left by the command line.
    let password = pair.a.new_user("amy.wong", "admin");
    let portal = format!("http://{}", pair.a.portal());
    let seen = browser::run(
        "studies_are_fetched_back",
        &json!({ "portal": portal, "name": "amy.wong", "password": password, "left": half.uid }),
    );
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    let said = pair.a.cli(&["restore", "--fetch-back"]).ok();
    assert!(said.out.contains("0 studies are whole, 1 are not"), "{}", said.out);
    for instance in &whole_made {
        let file = pair.a.retrieve(&instance.path()).await.unwrap_or_else(|e| panic!("{}: {}", e.status, e.text()));
        assert_eq!(&file[tests::part10::data_set_at(&file)..], instance.data_set());
    }
    // Nobody read the other one at B, so nobody has it: it stays on the list.
    let state = restore_state(&pair.a).await;
    assert_eq!((&state["forgotten"], &state["studies"][0]["study"]), (&json!(1), &json!(half.uid)), "{state}");
    assert_ne!(pair.a.frame(&half_made[0].path(), 1).await.status.as_u16(), 200);
    let log = pair.a.audit("").await;
    assert!(log.iter().any(|e| e["act"] == "study-fetched" && e["study"] == whole.uid.as_str()), "{log:?}");
    let log = pair.b.audit("").await;
    assert!(log.iter().any(|e| e["act"] == "object-returned" && e["study"] == whole.uid.as_str()), "{log:?}");

    // It is told to B again, above what B knew, and B reads it as before.
    let _ = pair.a.settled(&whole.uid, 3).await;
    eventually!(30, "B reads it", { holds(pair.b.frame(&whole_made[0].path(), 1).await.status.as_u16() == 200) });
    let verified = pair.a.cli(&["verify"]).ok();
    assert!(verified.out.contains("0 faults"), "{}", verified.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn that_an_agreement_ended_also_across_another_restart() {
    let pair = Pair::paired(SITE).await;
    let agreed = pair.agree(&json!({ "preset": "all" })).await;
    let (study, made, _) = stored(&pair, "CT", 1).await;
    let _ = pair.b.settled(&study.uid, 1).await;
    backup(&pair.a);
    let id = agreed["id"].as_str().unwrap();
    let _ = pair.a.post(&format!("/api/agreements/{id}/end"), &json!({})).await.ok();
    pair.withdrawn(&study.uid).await;
    pair.b.kill();
    lost_and_restored(&pair.a);
    for _ in 0..2 {
        pair.a.serve().await;
        assert!(restore_state(&pair.a).await["restored"].is_string(), "a restart opens nothing");
        pair.a.kill();
    }
    pair.a.serve().await;
    pair.b.serve().await;
    open(&pair.a).await;
    assert_eq!(agreement(&pair.a, id).await.unwrap()["state"], "ended");
    assert!(pair.b.listed(&study.uid).await.is_none());
    assert_eq!(pair.b.frame(&made[0].path(), 1).await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn or_an_administrator_says_that_it_may_serve() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    backup(&pair.a);
    pair.b.kill();
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    let alarms = async || pair.a.get("/api/alarms").await.ok().json();
    eventually!(30, "it is an alarm", {
        let standing = alarms().await["standing"].as_array().cloned()?;
        holds(standing.iter().any(|alarm| alarm["kind"] == "restore-unconfirmed" && alarm["value"] == 1))
    });
    let empty = pair.a.post("/api/restore/confirm", &json!({ "reason": " " })).await;
    assert_eq!(empty.status.as_u16(), 400);
    let reason = "CHU Sud asked by telephone";
    let _ = pair.a.post("/api/restore/confirm", &json!({ "reason": reason })).await.ok();
    assert!(restore_state(&pair.a).await["restored"].is_null());
    let log = pair.a.audit("").await;
    let told = log.iter().find(|entry| entry["act"] == "restore-confirmed").unwrap();
    assert!(told["note"].as_str().unwrap().contains(reason), "{told}");
    pair.b.serve().await;
    let (study, made, _) = stored(&pair, "CT", 1).await;
    let _ = pair.b.settled(&study.uid, 1).await;
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn or_says_so_in_the_portal_whose_banner_tells_what_is_missing() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    let password = pair.a.new_user("amy.wong", "admin");
    let reader = pair.a.new_user("dr.moreau", "radiologist");
    backup(&pair.a);
    pair.b.kill();
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    let seen = browser::run(
        "restored_site_is_opened",
        &json!({
            "portal": format!("http://{}", pair.a.portal()), "name": "amy.wong", "password": password,
            "reader": { "name": "dr.moreau", "password": reader }, "peer": pair.b.name,
        }),
    );
    assert_eq!((&seen["errors"], &seen["outside_hosts"]), (&json!([]), &json!([])), "{seen}");
    assert_eq!(seen["cut"], json!([]), "nothing of the banner is cut off");
    assert!(restore_state(&pair.a).await["restored"].is_null());
    let log = pair.a.audit("").await;
    let told = log.iter().find(|entry| entry["act"] == "restore-confirmed").unwrap();
    assert!(told["person"] == "amy.wong" && told["note"].as_str().unwrap().contains("by telephone"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn or_forgets_the_peer_that_does_not_answer() {
    let pair = Pair::agreed(SITE, tests::Preset::All).await;
    backup(&pair.a);
    pair.b.kill();
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    assert!(restore_state(&pair.a).await["restored"].is_string());
    let _ = pair.a.delete(&format!("/api/peers/{}", pair.b_id)).await.ok();
    eventually!(30, "nobody is left to be asked", holds(restore_state(&pair.a).await["restored"].is_null()));
    assert!(peer(&pair.a, &pair.b_id).await.is_none_or(|peer| peer["revoked"].is_string()));
}
