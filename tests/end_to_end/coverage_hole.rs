//! Two hospitals share their nights. A minute that nobody has is an alarm at both within a second, and is filled by somebody
//! who drags a shift over it.

use crate::SITE;
use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tests::{Pair, Site, browser, eventually, wait::holds};

/// RFC 3339, in UTC.
pub(super) fn time(at: SystemTime) -> String {
    let seconds = i64::try_from(at.duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

/// So many hours from now, and whole.
pub(super) fn hour(from_now: u64) -> SystemTime {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    UNIX_EPOCH + Duration::from_secs((seconds / 3_600 + from_now) * 3_600)
}

/// A radiologist with papers for these modalities.
pub(super) async fn radiologist(site: &Site, name: &str, modalities: &[&str]) -> String {
    let password = site.new_user(name, "radiologist");
    licensed(site, name, modalities).await;
    password
}

pub(super) async fn licensed(site: &Site, name: &str, modalities: &[&str]) {
    let credentials = if modalities.is_empty() {
        json!([])
    } else {
        json!([{ "licence": "Ordre 75/1234", "modalities": modalities }])
    };
    let papers = json!({ "rpps": null, "credentials": credentials });
    let _ = site.post(&format!("/api/users/{name}/professional"), &papers).await.ok();
}

/// A coverage of A's studies, read at B, always; in force at both.
pub(super) async fn covered(pair: &Pair, terms: &Value) -> String {
    covered_by((&pair.a, &pair.b), terms).await
}

/// As [`covered`], of two sites that are peers.
pub(super) async fn covered_by((a, b): (&Site, &Site), terms: &Value) -> String {
    let mut body = json!({
        "name": "Nuit commune", "beneficiaries": ["here"], "readers": [{ "site": b.name, "tier": "group" }],
        "modalities": ["CT", "MR"], "time_zone": "Europe/Paris", "telephone": "+33 1 00 00 00 00",
    });
    for (key, value) in terms.as_object().unwrap() {
        body[key] = value.clone();
    }
    let offered = a.post("/api/coverages", &body).await.ok().json();
    assert_eq!(offered["state"], "offered", "{offered}");
    let id = offered["id"].as_str().unwrap().to_owned();
    eventually!(10, "the other site has the offer", holds(state(b, &id).await == "received"));
    let said = b.post(&format!("/api/coverages/{id}/accept"), &json!({})).await.ok().json();
    assert_eq!(said["state"], "active", "{said}");
    eventually!(10, "it is in force at both", holds(state(a, &id).await == "active"));
    id
}

pub(super) async fn state(site: &Site, id: &str) -> String {
    let rows = site.get("/api/coverages").await.ok().json();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == *id).cloned().unwrap_or_default();
    row["state"].as_str().unwrap_or_default().to_owned()
}

/// Alarms of a kind: their subjects and levels.
pub(super) async fn alarms(site: &Site, kind: &str) -> Vec<(String, String)> {
    let standing = site.get("/api/alarms").await.ok().json();
    let rows = standing["standing"].as_array().unwrap().iter().filter(|row| row["kind"] == kind);
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.map(|row| (word(row, "subject"), word(row, "level"))).collect()
}

/// The holes of some days, from now on.
pub(super) async fn holes(site: &Site, coverage: &str, days: u32) -> Vec<(String, String)> {
    let roster = site.get(&format!("/api/rosters?coverage={coverage}&days={days}")).await.ok().json();
    let now = roster["now"].as_str().unwrap().to_owned();
    let word = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = roster["holes"].as_array().unwrap().iter().map(|row| (word(row, "from"), word(row, "until")));
    rows.filter(|(_, until)| *until > now).collect()
}

/// Waits, looking all the time; how many seconds it took.
async fn took(what: &str, mut look: impl AsyncFnMut() -> bool) -> f64 {
    let began = Instant::now();
    tests::wait::until(Duration::from_secs(30), what, async || holds(look().await)).await;
    began.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_found_at_once_at_both_sites_and_over_when_it_is_filled() {
    let pair = Pair::paired(SITE).await;
    let _ = radiologist(&pair.b, "martin", &["CT", "MR"]).await;
    let until = time(hour(48));
    let coverage = covered(&pair, &json!({ "until": until })).await;
    for site in [&pair.a, &pair.b] {
        eventually!(5, "nobody is on duty", holds(alarms(site, "coverage-hole").await.len() == 1));
        assert_eq!(alarms(site, "coverage-hole").await[0].1, "critical", "it has begun");
    }
    let ladder = pair.a.get("/api/rosters/who?modalities=CT").await.ok().json();
    assert_eq!((&ladder[0]["skip"], &ladder[0]["site_name"]), (&json!("not-on-duty"), &json!(pair.b.name)));

    // The whole is filled: over at both. What is planned and not confirmed fills nothing.
    let plan = |start: &str, end: &str, confirmed: bool| json!({ "person": "martin", "coverage": coverage, "start": start, "end": end, "confirmed": confirmed });
    let (first, middle) = (time(hour(0)), time(hour(20)));
    let early = pair.b.post("/api/shifts", &plan(&first, &middle, true)).await.ok().json();
    let late = pair.b.post("/api/shifts", &plan(&middle, &until, false)).await.ok().json();
    eventually!(
        5,
        "the hole is what is not confirmed",
        holds(holes(&pair.a, &coverage, 4).await == [(middle.clone(), until.clone())])
    );
    let _ = pair.b.post(&format!("/api/shifts/{}/confirm", late["id"].as_str().unwrap()), &json!({})).await.ok();
    for site in [&pair.a, &pair.b] {
        eventually!(5, "somebody is there in every minute", holds(alarms(site, "coverage-hole").await.is_empty()));
    }
    let ladder = pair.a.get("/api/rosters/who?modalities=CT").await.ok().json();
    assert_eq!((&ladder[0]["skip"], &ladder[0]["person"]), (&json!(null), &json!("martin")));
    let clash = pair.b.post("/api/shifts", &plan(&middle, &until, true)).await;
    assert_eq!((clash.status.as_u16(), clash.error_code()), (409, "overlap".to_owned()));

    // One shift is taken away: an alarm at this site, and at the other.
    let _ = pair.b.post(&format!("/api/shifts/{}/end", early["id"].as_str().unwrap()), &json!({})).await.ok();
    let here = took("the hole is an alarm here", async || !alarms(&pair.b, "coverage-hole").await.is_empty()).await;
    let there = here
        + took("and at the site that is covered", async || !alarms(&pair.a, "coverage-hole").await.is_empty()).await;

    // A paper that ends leaves a hole as well, wherever it was written.
    let again = pair.b.post("/api/shifts", &plan(&first, &middle, true)).await.ok().json();
    assert_eq!(again["licences"][0]["modalities"], json!(["CT", "MR"]));
    eventually!(5, "it is filled again", holds(alarms(&pair.a, "coverage-hole").await.is_empty()));
    licensed(&pair.b, "martin", &["CT"]).await;
    let lost = took("a paper is gone", async || !alarms(&pair.b, "coverage-hole").await.is_empty()).await;
    println!("seconds: {}", json!({ "alarm_here": here, "alarm_there": there, "paper_gone": lost }));
    eventually!(5, "and the ladder says why", {
        let ladder = pair.a.get("/api/rosters/who?modalities=MR").await.ok().json();
        holds(ladder[0]["skip"] == "no-credential")
    });
    let roster = pair.a.get(&format!("/api/rosters?coverage={coverage}&days=3")).await.ok().json();
    assert!(roster["holes"].as_array().unwrap().iter().all(|hole| hole["modalities"] == json!(["MR"])), "{roster}");

    let stated = |events: Vec<Value>| events.iter().filter(|event| event["act"] == "duty-stated").count();
    assert!(stated(pair.b.audit("").await) >= 5 && stated(pair.a.audit("").await) >= 5, "each change is in both logs");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_filled_by_dragging_a_shift_over_it() {
    let pair = Pair::paired(SITE).await;
    let _ = radiologist(&pair.b, "martin", &["CT", "MR"]).await;
    let _ = radiologist(&pair.b, "leroy", &["CT", "MR"]).await;
    let coverage = covered(&pair, &json!({ "spans": nights(), "holidays": "alsace-moselle" })).await;
    let password = pair.b.new_user("planner", "admin");
    let input = json!({
        "portal": format!("http://{}", pair.b.portal()), "name": "planner", "password": password,
        "coverage": coverage, "person": "martin",
    });
    let seen = browser::run("coverage_hole", &input);
    assert_eq!(
        (&seen["errors"], &seen["outside_hosts"], &seen["grave"]),
        (&json!([]), &json!([]), &json!([])),
        "{seen}"
    );
    println!("seconds: {}", seen["seconds"]);
    println!("25 h are shown as: {}", seen["long_day"]);
    let shifts = pair.a.get("/api/shifts").await.ok().json();
    let of = |person: &str| {
        shifts.as_array().unwrap().iter().filter(|row| row["person"] == person && row["state"] == "confirmed").count()
    };
    assert!(of("martin") >= 1, "the other site has heard of it: {shifts}");
}

/// Every night from 18:00 to 08:00, as minutes of the week.
pub(super) fn nights() -> Value {
    let night = |day: u32| json!([day * 1_440 + 1_080, ((day + 1) % 7) * 1_440 + 480]);
    (0..7).map(night).collect()
}
