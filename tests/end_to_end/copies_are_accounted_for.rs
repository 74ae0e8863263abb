//! Who still holds copies of a hospital's studies: what was read elsewhere, until its erasure has a receipt. A peer that
//! does not answer is named, and one that comes back is heard.

use crate::{
    SITE,
    restored_site_relearns::{backup, lost_and_restored, open},
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{
    Instance, OverRoad, Pair, Site, Study, browser, eventually,
    http::{self, Ask, Method},
    wait::holds,
};

/// Two paired sites that look at themselves twice a second.
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

async fn read_at_b(pair: &Pair, instances: u32) -> (Study, Vec<Instance>) {
    let study = Study::of(instances);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    for instance in &made {
        let _ = pair.b.frame(&instance.path(), 1).await.ok();
    }
    (study, made)
}

async fn holders(site: &Site, study: &str) -> Value {
    site.get(&format!("/api/studies/{study}/holders")).await.ok().json()
}

fn states(copies: &Value) -> Vec<&str> {
    copies["copies"].as_array().unwrap().iter().map(|copy| copy["state"].as_str().unwrap()).collect()
}

async fn end(site: &Site, agreement: &Value) {
    let id = agreement["id"].as_str().unwrap();
    let _ = site.post(&format!("/api/agreements/{id}/end"), &json!({})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_copy_is_held_or_has_a_receipt() {
    let pair = paired().await;
    let agreement = pair.agree(&json!({ "preset": "all" })).await;
    let (study, made) = read_at_b(&pair, 3).await;
    let told = holders(&pair.a, &study.uid).await;
    assert_eq!((&told["held"], &told["overdue"]), (&json!(1), &json!(0)), "{told}");
    let copy = told["copies"][0].clone();
    assert_eq!((&copy["peer_name"], &copy["state"]), (&json!("CHU Sud"), &json!("held")));
    assert_eq!((&copy["instances"], &copy["bases"]), (&json!(3), &json!([agreement["id"]])), "{copy}");
    assert!(copy["bytes"].as_u64() >= Some(made.iter().map(|i| i.data_set().len() as u64).sum()));
    let said = pair.a.cli(&["study", "holders", &study.uid]).ok();
    assert!(said.out.contains("CHU Sud") && said.out.contains("held"), "{}", said.out);
    let said = pair.a.cli(&["peer", "copies", "CHU Sud", "--json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&said.out).unwrap()["copies"][0]["copy"], copy["copy"]);

    // Read again it is the same copy; and it is known after a crash and without the index.
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    let again = holders(&pair.a, &study.uid).await;
    assert_eq!((&again["held"], &again["copies"][0]["copy"]), (&json!(1), &copy["copy"]), "{again}");

    // B is down while the agreement ends: its copy is overdue, and B is named for it.
    pair.b.kill();
    end(&pair.a, &agreement).await;
    eventually!(20, "the copy is overdue", holds(states(&holders(&pair.a, &study.uid).await) == ["overdue"]));
    eventually!(10, "the administrators are told", {
        let alarms = pair.a.get("/api/alarms").await.ok().json()["standing"].to_string();
        holds(alarms.contains("copies-overdue") && alarms.contains("CHU Sud"))
    });

    // It comes back, hears of the end, erases, and says so.
    pair.b.serve().await;
    eventually!(20, "the receipt is here", holds(states(&holders(&pair.a, &study.uid).await) == ["erased"]));
    let told = holders(&pair.a, &study.uid).await;
    let receipt = &told["copies"][0]["erased"];
    assert_eq!((&told["held"], &receipt["instances"]), (&json!(0), &json!(3)), "{told}");
    // Whatever it heard first: that the study is told no more, or why.
    assert!(["agreement-ended", "withdrawn"].contains(&receipt["why"].as_str().unwrap()), "{receipt}");
    let said = pair.a.cli(&["peer", "copies", "CHU Sud"]).ok();
    assert!(!said.out.contains(&study.uid), "none is left: {}", said.out);
    let log = pair.a.audit("").await;
    let entries: Vec<_> = log.iter().filter(|e| e["act"] == "copy-erased").collect();
    assert!(entries.len() == 1 && entries[0]["study"] == study.uid && entries[0]["site"] == pair.b_id, "{entries:?}");
    eventually!(10, "the alarm is over", {
        holds(!pair.a.get("/api/alarms").await.ok().json()["standing"].to_string().contains("copies-overdue"))
    });

    // Once more: what is read under a new agreement is another copy, and no old receipt is for it.
    let next = pair.agree(&json!({ "preset": "all" })).await;
    let _ = pair.b.settled(&study.uid, 3).await;
    let _ = pair.b.frame(&made[1].path(), 1).await.ok();
    pair.b.kill();
    pair.b.serve().await;
    let told = holders(&pair.a, &study.uid).await;
    assert_eq!(states(&told), ["held", "erased"], "{told}");
    end(&pair.b, &next).await;
    let began = Instant::now();
    eventually!(20, "the second receipt", holds(states(&holders(&pair.a, &study.uid).await) == ["erased", "erased"]));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_site_gives_its_receipts_as_it_goes_and_one_that_is_away_is_not_confirmed() {
    let pair = paired().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let (study, _) = read_at_b(&pair, 2).await;
    let answer = pair.a.delete(&format!("/api/peers/{}", pair.b_id)).await;
    assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
    eventually!(
        5,
        "the receipt came with the goodbye",
        holds(states(&holders(&pair.a, &study.uid).await) == ["erased"])
    );
    assert_eq!(holders(&pair.a, &study.uid).await["copies"][0]["erased"]["why"], "parted");

    let pair = paired().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let (study, _) = read_at_b(&pair, 2).await;
    pair.b.kill();
    let _ = pair.a.delete(&format!("/api/peers/{}", pair.b_id)).await;
    eventually!(5, "nobody confirms it", holds(states(&holders(&pair.a, &study.uid).await) == ["unconfirmed"]));
    let said = pair.a.cli(&["peer", "copies", &pair.b_id]).ok();
    assert!(said.out.contains(&study.uid) && said.out.contains("not confirmed"), "{}", said.out);
    // It returns, is told goodbye, and its answer is still taken.
    pair.b.serve().await;
    eventually!(40, "it is told", holds(states(&holders(&pair.a, &study.uid).await) == ["erased"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_lost_its_cache_says_so() {
    let pair = paired().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let (study, _) = read_at_b(&pair, 2).await;
    // The reader's cache is lost, as after a restore: asked after what should be gone, it says that it knows no such copy.
    pair.b.kill();
    std::fs::remove_dir_all(pair.b.dir().join("cache")).unwrap();
    let _ = pair.a.cli(&["study", "reject", &study.uid, "--reason", "quality"]).ok();
    pair.b.serve().await;
    eventually!(20, "it is accounted for", holds(states(&holders(&pair.a, &study.uid).await) == ["erased"]));
    assert_eq!(holders(&pair.a, &study.uid).await["copies"][0]["erased"]["why"], "unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_holder_learns_who_has_copies() {
    let pair = paired().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let study = Study::of(2);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    pair.announced(&study.uid, made.len(), &paths).await;
    backup(&pair.a);
    let _ = pair.b.frame(&made[0].path(), 1).await.ok();
    let copy = holders(&pair.a, &study.uid).await["copies"][0]["copy"].clone();
    lost_and_restored(&pair.a);
    pair.a.serve().await;
    open(&pair.a).await;
    let told = holders(&pair.a, &study.uid).await;
    assert_eq!((&told["held"], &told["copies"][0]["copy"]), (&json!(1), &copy), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_portal() {
    let pair = paired().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    let (study, _) = read_at_b(&pair, 2).await;
    let password = pair.a.new_user("amy.wong", "admin");
    let portal = format!("http://{}", pair.a.portal());
    let input =
        json!({ "portal": portal, "name": "amy.wong", "password": password, "peer": "CHU Sud", "study": study.uid });
    let seen = browser::run("copies_are_accounted_for", &input);
    assert_eq!((&seen["errors"], &seen["outside_hosts"], &seen["held"]), (&json!([]), &json!([]), &json!(1)), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_loses_the_right_is_cut_here_and_at_the_peer() {
    let world = OverRoad::open(SITE).await;
    let (pair, road) = (&world.pair, &world.road);
    let study = Study::of(100).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    pair.announced(&study.uid, made.len(), &paths).await;
    let password = pair.b.new_user("zoe", "radiologist");
    let signing = Ask::new(Method::POST, "/api/session").json(&json!({ "name": "zoe", "password": password }));
    let signed_in = http::ask(pair.b.portal(), signing.header("sec-fetch-site", "same-origin")).await.unwrap();
    let cookies = signed_in.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookies: Vec<_> = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect();
    let cookies = cookies.join("; ");
    let as_zoe = |ask: Ask| ask.header("cookie", cookies.clone()).header("sec-fetch-site", "same-origin");
    road.allow_only(2_000);
    let fetch = Ask::new(Method::POST, format!("/api/studies/{}/fetch", study.uid)).json(&json!({}));
    let _ = http::ask(pair.b.portal(), as_zoe(fetch)).await.unwrap().ok();
    eventually!(20, "the transfer runs", holds(road.passed() > 1_000_000));
    let began = Instant::now();
    let _ = pair.b.post("/api/users/zoe/disabled", &json!({ "disabled": true })).await.ok();
    eventually!(5, "the holder's log says it", {
        holds(pair.a.audit("").await.iter().any(|e| e["act"] == "reader-gone" && e["person"] == "zoe"))
    });
    let told = began.elapsed();
    assert!(told < Duration::from_secs(2), "{told:?}");
    let passed = road.passed();
    road.allow_all();
    // What was on the road comes, and no more: others may read on, under their own names.
    let frame = pair.b.frame(&made[99].path(), 1).await.ok();
    assert_eq!(tests::multipart::parts(&frame), [made[99].pixels.clone()]);
    let total: u64 = made.iter().map(|i| i.data_set().len() as u64).sum();
    assert!(passed < total);
    let asked = as_zoe(Ask::get(format!("/dicomweb{}/frames/1", made[0].path())));
    let refused = http::ask(pair.b.portal(), asked).await.unwrap();
    assert!(matches!(refused.status.as_u16(), 401 | 403), "{}", refused.status);
}
