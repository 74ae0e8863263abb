//! A study's time is past. One person proposes to erase it, another approves; then no byte of it is left, here or at
//! the confrère, and what was done stays written down.

use crate::SITE;
use hyper::Method;
use serde_json::{Value, json};
use tests::{Pair, Preset, Site, Study, eventually, http, wait::holds};

fn old(instances: u32) -> Study {
    Study { date: "19900102".to_owned(), ..Study::of(instances) }
}

async fn ask(site: &Site, token: &str, path: &str, body: &Value) -> http::Response {
    http::ask(site.portal(), http::Ask::new(Method::POST, path).json(body).bearer(token)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stood_in_a_conflict_goes_when_that_is_closed() {
    let site = Site::open(SITE, "CH Nord").await;
    let study = old(1);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, 1).await;
    let mut resent = made[0].file.clone();
    *resent.last_mut().unwrap() ^= 1;
    assert_eq!(site.stow(&[&resent]).await.status, 409);
    let conflicts = site.get("/api/conflicts").await.ok().json();
    let id = conflicts[0]["id"].to_string();
    let _ = site.cli(&["retention", "visit", &study.uid, "19900102", "--reason", "asked the HIS"]).ok();
    let propose = ["retention", "propose", &study.uid, "--reason", "time is past"];
    let refused = site.cli(&propose);
    assert!(refused.code != Some(0) && refused.err.contains("other bytes"), "{refused:?}");

    let _ = site.cli(&["conflict", "resolve", &id, "keep"]).ok();
    assert_ne!(site.cli(&["conflict", "close", &id]).code, Some(0), "it can be undone for some days");
    let due = site.cli(&["conflict", "close", "--due"]).ok();
    assert!(due.out.contains("Closed: 0"), "{}", due.out);
    let tech = site.new_token("tech", "technologist");
    let body = json!({ "ids": [conflicts[0]["id"]], "reason": "sent twice" });
    assert_eq!(ask(&site, &tech, "/api/conflicts/close", &body).await.status, 403);
    assert_eq!(objects(&site), 2, "nothing went so far");
    let _ = site.cli(&["conflict", "close", &id, "--reason", "sent twice"]).ok();
    assert_eq!(objects(&site), 1);
    let listed = site.cli(&["conflict", "list", "--all"]).ok();
    assert!(listed.out.contains(&id) && listed.out.contains("closed"), "{}", listed.out);
    assert_ne!(site.cli(&["conflict", "resolve", &id, "take"]).code, Some(0));

    let _ = site.cli(&propose).ok();
    let proposals = site.get("/api/retention/proposals").await.ok().json();
    let ben = site.new_token("ben", "admin");
    let path = format!("/api/retention/proposals/{}/approve", proposals[0]["id"]);
    assert_eq!(ask(&site, &ben, &path, &json!({})).await.status, 200);
    assert_eq!(objects(&site), 0);
}

fn objects(site: &Site) -> usize {
    let folder = site.dir().join("objects");
    let shards = (0..=u8::MAX).map(|n| std::fs::read_dir(folder.join(format!("{n:02x}"))).unwrap().count());
    shards.sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_two_persons_and_nothing_is_left() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let study = old(3);
    let (made, paths) = study.write(&pair.a.scratch("scanner"));
    let _ = pair.a.c_store(&paths).ok();
    pair.announced(&study.uid, made.len(), &paths).await;
    let ben = pair.a.new_token("ben", "admin");
    let radiologist = pair.a.new_token("reader", "radiologist");

    // Nobody looked up the last visit: it is kept.
    let said = pair.a.cli(&["retention", "show", &study.uid]).ok();
    assert!(said.out.contains("is kept") && said.out.contains("nobody recorded the last stay"), "{}", said.out);
    let propose = ["retention", "propose", &study.uid, "--reason", "time is past"];
    assert_ne!(pair.a.cli(&propose).code, Some(0));
    let said = pair.a.cli(&["retention", "visit", &study.uid, "19900102", "--reason", "asked the HIS"]).ok();
    assert!(said.out.contains("may be proposed") && said.out.contains("2010-01-02"), "{}", said.out);
    let said = pair.a.cli(&["retention", "due"]).ok();
    assert!(said.out.contains(&study.uid), "{}", said.out);
    let _ = pair.a.cli(&propose).ok();
    let proposals = pair.a.get("/api/retention/proposals").await.ok().json();
    let number = proposals[0]["id"].to_string();
    let path = format!("/api/retention/proposals/{number}/approve");

    let again = pair.a.cli(&["retention", "approve", &number]);
    assert!(again.code != Some(0) && again.err.contains("cannot approve"), "{again:?}");
    assert_eq!(ask(&pair.a, &radiologist, &path, &json!({})).await.status, 403);
    // A hold in between stops it.
    let hold = pair.a.cli(&["hold", "set", &study.uid, "--reason", "court"]).ok();
    let refused = ask(&pair.a, &ben, &path, &json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (409, &json!("still-kept")));
    let kept = pair.a.get(&format!("/api/studies/{}/retention", study.uid)).await.ok().json();
    let holds_on = kept["recorded"].as_array().unwrap().iter().find(|one| one["claim"] == "hold").unwrap();
    assert!(hold.out.contains("litigation hold") && kept["free"] == json!(false), "{}", hold.out);
    let _ = pair.a.cli(&["hold", "release", &study.uid, &holds_on["id"].to_string(), "--reason", "settled"]).ok();
    assert_eq!(objects(&pair.a), 3, "nothing went so far");

    let erased = ask(&pair.a, &ben, &path, &json!({})).await;
    assert_eq!((erased.status.as_u16(), &erased.json()["instances"]), (200, &json!(3)), "{}", erased.text());
    assert!(pair.a.listed(&study.uid).await.is_none());
    assert_eq!(objects(&pair.a), 0);
    assert_eq!(pair.a.retrieve(&made[0].path()).await.unwrap_err().status, 404);
    eventually!(5, "the confrère no longer lists it", { holds(pair.b.listed(&study.uid).await.is_none()) });

    // It holds over a crash and a lost index, and what was done is written down.
    pair.a.kill();
    std::fs::remove_dir_all(pair.a.dir().join("index")).unwrap();
    let _ = pair.a.cli(&["rebuild"]).ok();
    pair.a.serve().await;
    assert!(pair.a.listed(&study.uid).await.is_none());
    assert_eq!(objects(&pair.a), 0);
    let done = pair.a.get("/api/retention/erased").await.ok().json();
    assert_eq!((&done[0]["study"], &done[0]["done"]), (&json!(study.uid), &json!(true)));
    assert!(done[0]["proposer"] != done[0]["approver"]);
    let acts: Vec<_> = pair.a.audit("").await.into_iter().map(|entry| entry["act"].clone()).collect();
    assert!(acts.contains(&json!("study-erased")) && acts.contains(&json!("retention-changed")));
    // Sent again it is a new arrival.
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, 3).await;
}
