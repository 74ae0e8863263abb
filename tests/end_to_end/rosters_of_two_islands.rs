//! Two sites that cannot reach one another change the same roster, each for its own people, over the night of the clock change;
//! when they meet they see the same. And files of other programs, and of nobody who means well.

use crate::{
    SITE,
    coverage_hole::{covered, holes, nights, radiologist, state, time},
};
use jiff::{ToSpan, civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::{Pair, Site, eventually, http::Ask, wait::holds};

/// An instant by the wall of Paris.
fn paris(at: DateTime) -> String {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let at = zone.to_timestamp(at).unwrap();
    time(UNIX_EPOCH + Duration::from_millis(u64::try_from(at.as_millisecond()).unwrap()))
}

/// Noon before the next night in which an hour comes twice.
fn long_night() -> DateTime {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let now = jiff::Timestamp::try_from(SystemTime::now()).unwrap();
    let back =
        zone.following(now.checked_add(48.hours()).unwrap()).find(|change| change.dst() == jiff::tz::Dst::No).unwrap();
    zone.to_datetime(back.timestamp()).date().yesterday().unwrap().at(12, 0, 0, 0)
}

async fn seen(site: &Site, coverage: &str, from: &str) -> (Vec<Value>, Value) {
    let roster = site.get(&format!("/api/rosters?coverage={coverage}&from={from}&days=2")).await.ok().json();
    let mut shifts: Vec<Value> = roster["shifts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["id"], row["state"], row["start"], row["end"], row["person"]]))
        .collect();
    shifts.sort_by_key(ToString::to_string);
    (shifts, roster["holes"].clone())
}

async fn asks_for_the_long_night(site: &Site, coverage: &str, noon: DateTime) {
    let day = noon.date().to_string();
    let evening = noon.date().at(18, 0, 0, 0);
    let roster = site.get(&format!("/api/rosters?coverage={coverage}&from={day}&days=2")).await.ok().json();
    assert_eq!(roster["days"][1]["hours"], json!(25.0), "the night of the clock change");
    assert_eq!(
        roster["holes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|h| h["from"] == paris(evening))
            .map(|h| h["minutes"].clone())
            .collect::<Vec<_>>(),
        [json!(15 * 60)],
        "14 hours by the wall, and the one that comes twice: {roster}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn come_together() {
    let pair = Pair::paired(SITE).await;
    let _ = radiologist(&pair.a, "bernard", &["CT"]).await;
    let _ = radiologist(&pair.b, "martin", &["CT"]).await;
    let readers = json!([{ "site": "here", "tier": "own" }, { "site": pair.b.name, "tier": "group" }]);
    let coverage = covered(&pair, &json!({ "modalities": ["CT"], "readers": readers, "spans": nights() })).await;
    let noon = long_night();
    let evening = noon.date().at(18, 0, 0, 0);
    let morning = noon.date().tomorrow().unwrap().at(8, 0, 0, 0);
    let day = noon.date().to_string();
    asks_for_the_long_night(&pair.a, &coverage, noon).await;

    // Apart: B's node is down, and its administrator works on the folder.
    let known = pair
        .a
        .cli(&[
            "shift",
            "add",
            "bernard",
            "--coverage",
            &coverage,
            "--from",
            &paris(evening),
            "--until",
            &paris(noon.date().tomorrow().unwrap().at(1, 0, 0, 0)),
        ])
        .ok();
    let known = known.out.trim().to_owned();
    eventually!(5, "B has heard", holds(seen(&pair.b, &coverage, &day).await.0.len() == 1));
    pair.b.stop().await;
    let one = noon.date().tomorrow().unwrap();
    let moved = pair.a.cli(&[
        "shift",
        "move",
        &known,
        "bernard",
        "--coverage",
        &coverage,
        "--from",
        &paris(evening),
        "--until",
        &paris(one.at(0, 30, 0, 0)),
    ]);
    assert_eq!(moved.ok().out.trim(), "confirmed");
    let late = pair
        .b
        .cli(&[
            "shift",
            "add",
            "martin",
            "--coverage",
            &coverage,
            "--from",
            &paris(one.at(1, 0, 0, 0)),
            "--until",
            &paris(morning),
            "--planned",
        ])
        .ok();
    let late = late.out.trim().to_owned();
    assert_eq!(pair.b.cli(&["shift", "confirm", &late]).ok().out.trim(), "confirmed");
    pair.b.serve().await;
    let hole = json!([{ "from": paris(one.at(0, 30, 0, 0)), "until": paris(one.at(1, 0, 0, 0)), "minutes": 30, "modalities": ["CT"] }]);
    eventually!(20, "they see the same, and the half hour that neither has", {
        let (a, b) = (night(&pair.a, &coverage, noon).await, night(&pair.b, &coverage, noon).await);
        holds(a == b && a.0.len() == 2 && a.1 == hole)
    });

    comes_back_from_its_file(&pair, &coverage, noon).await;

    // Ended by one, it is over for both, and asks for nobody.
    let _ = pair.b.post(&format!("/api/coverages/{coverage}/end"), &json!({})).await.ok();
    eventually!(3, "it is over", holds(state(&pair.a, &coverage).await == "ended"));
    assert_eq!(pair.a.get("/api/rosters/who?modalities=CT").await.ok().json(), json!([]));
}

/// Shifts, and the holes of the night alone.
async fn night(site: &Site, coverage: &str, noon: DateTime) -> (Vec<Value>, Value) {
    let morning = paris(noon.date().tomorrow().unwrap().at(8, 0, 0, 0));
    let (shifts, holes) = seen(site, coverage, &noon.date().to_string()).await;
    let of_night = holes.as_array().unwrap().iter().filter(|hole| hole["until"].as_str() <= Some(morning.as_str()));
    (shifts, json!(of_night.filter(|hole| hole["from"].as_str() >= Some(paris(noon).as_str())).collect::<Vec<_>>()))
}

async fn comes_back_from_its_file(pair: &Pair, coverage: &str, noon: DateTime) {
    let (day, one) = (noon.date().to_string(), noon.date().tomorrow().unwrap());
    // A file of B's own goes out and comes back to the same, over the hour that comes twice.
    let file = pair.b.cli(&["roster", "export", coverage, "--from", &day, "--days", "2"]).ok().out;
    assert!(
        file.contains("BEGIN:VTIMEZONE") && file.contains("TZID:Europe/Paris") && file.contains("martin"),
        "{file}"
    );
    let path = pair.b.scratch("files").join("roster.ics");
    std::fs::write(&path, &file).unwrap();
    let path = path.display().to_string();
    let trial = pair.b.cli(&["roster", "import", coverage, &path, "--trial"]).ok();
    assert!(trial.out.contains("same") && !trial.out.contains("moved"), "{}", trial.out);
    let other = file.replace("T010000", "T013000").replace("martin", "nobody.here");
    let import = async |text: String, query: &str| {
        pair.b
            .ask(
                Ask::new(hyper::Method::POST, format!("/api/rosters/{coverage}/calendar{query}"))
                    .body("text/calendar", text),
            )
            .await
    };
    let said = import(other, "").await.ok().json();
    assert_eq!((&said["done"], &said["events"][0]["fate"]), (&json!(false), &json!("unknown")), "{said}");
    let said = import(file.replace("T010000", "T003000"), "").await.ok().json();
    assert_eq!((&said["done"], &said["events"][0]["fate"]), (&json!(true), &json!("moved")), "{said}");
    eventually!(5, "the hole is filled by the file, at both", {
        let none = |holes: Vec<(String, String)>| holes.iter().all(|(from, _)| *from != paris(one.at(0, 30, 0, 0)));
        holds(none(holes(&pair.a, coverage, 1).await) && night(&pair.a, coverage, noon).await.1 == json!([]))
    });
    for hostile in [
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY\r\n",
        "\u{0}",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:99999999T999999Z\r\n",
    ] {
        let refused = import(hostile.to_owned(), "").await;
        assert_eq!(refused.status, 400);
        assert!(refused.error_code().starts_with("calendar-"), "{}", refused.text());
    }
    assert_eq!(import("X".repeat(2 << 20), "").await.status.as_u16(), 413);
}
