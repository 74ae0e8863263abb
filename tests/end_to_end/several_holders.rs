//! A study that two sites have, read at a third: both bring it, as far as the custodian lets it be passed on; what one does not
//! bring the other does; and all three logs say who read what from whom.

use crate::SITE;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{Instance, OverRoad, Site, Study, eventually, hospital, multipart, wait::holds};

/// A is the custodian, B reads over a road, and a site between has a copy.
struct Three {
    over: OverRoad,
    centre: Site,
    centre_id: String,
}

async fn row(site: &Site, study: &str) -> Option<Value> {
    let rows = site.get("/api/transfers").await.ok().json();
    rows.as_array().unwrap().iter().find(|row| row["study"] == *study).cloned()
}

async fn fetched(site: &Site, study: &str) -> Value {
    let _ = site.post(&format!("/api/studies/{study}/fetch"), &json!({})).await.ok();
    eventually!(60, "all of it came", row(site, study).await.filter(|row| row["state"] == "done"))
}

impl Three {
    async fn open(terms: &Value) -> Self {
        let over = OverRoad::open(SITE).await;
        let centre = Site::open(SITE, "CHU Centre").await;
        hospital::pair(&over.pair.a, &centre).await;
        hospital::pair(&centre, &over.pair.b).await;
        let _ = hospital::agree((&over.pair.a, &centre), terms).await;
        let centre_id = centre.id().await;
        Self { over, centre, centre_id }
    }

    /// A study at A, told to both, of which the centre has a whole copy.
    async fn study(&self, instances: u32) -> (Study, Vec<Instance>) {
        let (pair, study) = (&self.over.pair, Study::of(instances).size(256, 256));
        let (made, paths) = study.write(&pair.a.scratch(&study.uid));
        pair.announced(&study.uid, made.len(), &paths).await;
        let _ = self.centre.settled(&study.uid, made.len()).await;
        let _ = fetched(&self.centre, &study.uid).await;
        (study, made)
    }

    async fn reads(&self, instance: &Instance) -> Duration {
        let began = Instant::now();
        let frame = self.over.pair.b.frame(&instance.path(), 1).await.ok();
        assert!(multipart::parts(&frame)[0] == instance.pixels, "the image is the one that was stored");
        began.elapsed()
    }
}

async fn said(site: &Site, act: &str, study: &str) -> Vec<Value> {
    let log = site.audit("").await.into_iter();
    log.filter(|entry| entry["act"] == *act && entry["study"] == *study && entry["outcome"] == "done").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_custodian_does_not_bring_comes_from_who_may_pass_it_on() {
    let three = Three::open(&json!({ "preset": "all", "onward": true })).await;
    let (pair, centre) = (&three.over.pair, &three.centre);
    let (study, made) = three.study(40).await;
    // Nothing of the custodian's images passes; its word does.
    three.over.road.allow_only(0);
    let done = fetched(&pair.b, &study.uid).await;
    let holders = done["holders"].as_array().unwrap();
    let told: Vec<&Value> = holders.iter().map(|holder| &holder["site_name"]).collect();
    assert_eq!(told, ["CH Nord", "CHU Centre"], "{done}");
    assert_eq!(holders[1]["bytes"], done["bytes_total"], "{done}");
    for instance in &made {
        let _ = three.reads(instance).await;
    }
    let listed = pair.b.cli(&["transfer", "list"]).ok().out;
    assert!(listed.contains("CHU Centre"), "{listed}");

    let given = said(&pair.a, "pass-given", &study.uid).await;
    assert!(!given.is_empty() && given.iter().all(|entry| entry["peer"] == pair.b_id), "{given:?}");
    assert!(given.iter().all(|entry| entry["note"].as_str().unwrap().contains(&three.centre_id)), "{given:?}");
    let lent = said(centre, "copy-lent", &study.uid).await;
    for whom in [&pair.a_id, &pair.b_id] {
        let of = lent.iter().find(|entry| entry["peer"] == **whom);
        assert!(of.is_some_and(|entry| entry["site"] == pair.b_id), "{lent:?}");
    }
    let copies = pair.a.get(&format!("/api/studies/{}/holders", study.uid)).await.ok().json();
    assert_eq!(copies["held"], 2, "the custodian knows of both copies: {copies}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_custodian_that_falls_silent_stalls_nobody_who_reads() {
    let three = Three::open(&json!({ "preset": "all", "onward": true })).await;
    let pair = &three.over.pair;
    let (study, made) = three.study(40).await;
    three.over.road.allow_only(0);
    let _ = three.reads(&made[0]).await;
    pair.a.kill();
    let mut longest = Duration::ZERO;
    for instance in &made[1..] {
        longest = longest.max(three.reads(instance).await);
    }
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    let shown = eventually!(20, "all of it came", row(&pair.b, &study.uid).await.filter(|row| row["state"] == "done"));
    assert_eq!(shown["holders"][1]["site_name"], "CHU Centre", "{shown}");
    // What the custodian did not pass cannot be judged by anybody else.
    pair.a.serve().await;
    let (other, images) = three.study(6).await;
    pair.a.kill();
    let answer = pair.b.frame(&images[0].path(), 1).await;
    assert!(!answer.status.is_success(), "{} of {}", answer.status, other.uid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_passes_on_what_was_not_agreed_or_is_held_back() {
    let three = Three::open(&json!({ "preset": "all" })).await;
    let (pair, centre) = (&three.over.pair, &three.centre);
    let (study, _) = three.study(6).await;
    three.over.road.allow_only(0);
    let _ = pair.b.post(&format!("/api/studies/{}/fetch", study.uid), &json!({})).await.ok();
    eventually!(20, "it is asked for", row(&pair.b, &study.uid).await.filter(|row| row["waiting"] == 6));
    three.over.road.allow_all();
    let done = fetched(&pair.b, &study.uid).await;
    assert_eq!(done["holders"], json!([]), "{done}");
    assert!(said(&pair.a, "pass-given", &study.uid).await.is_empty());
    assert!(said(centre, "copy-lent", &study.uid).await.is_empty());
    // Let go on: the custodian and its agreement say so, and it comes.
    let agreed = centre.get("/api/agreements").await.ok().json();
    let id = agreed.as_array().unwrap().iter().find(|row| row["state"] == "active").unwrap()["id"].clone();
    let terms = json!({ "preset": "all", "onward": true, "replaces": id });
    let _ = hospital::agree((&pair.a, centre), &terms).await;
    let (study, made) = three.study(6).await;
    three.over.road.allow_only(0);
    let _ = three.reads(&made[0]).await;
    assert!(!said(centre, "copy-lent", &study.uid).await.is_empty());
    // Masked, it is nowhere to be had but at its own site.
    let masked = json!({ "study": study.uid, "how": "masked", "asked_by": "patient" });
    let _ = pair.a.post("/api/withheld", &masked).await.ok();
    for site in [&pair.b, centre] {
        eventually!(10, "the study is gone", holds(site.listed(&study.uid).await.is_none()));
        assert!(!site.frame(&made[0].path(), 1).await.status.is_success());
    }
}
