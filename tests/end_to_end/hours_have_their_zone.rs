//! A study's hour is that of the clock where it was made: another site is told which clock that is, by the site or by the object,
//! and is told that nobody says.

use crate::SITE;
use serde_json::{Value, json};
use tests::{Pair, Preset, Site, Study, eventually, wait::holds};

async fn zone(site: &Site, study: &str) -> (Value, Value) {
    let row = site.listed(study).await.unwrap_or_default();
    (row["time_zone"].clone(), row["utc_offset_min"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_site_sees_by_which_clock_a_study_was_made() {
    let pair = Pair::agreed(SITE, Preset::All).await;
    let (made, paths) = Study::of(1).write(&pair.a.scratch("here"));
    pair.announced(&made[0].study, 1, &paths).await;
    // It came from a ship: the object says so itself.
    let afar = Study { utc_offset: Some("-0330".to_owned()), ..Study::of(1) };
    let (afar, paths) = afar.write(&pair.a.scratch("afar"));
    pair.announced(&afar[0].study, 1, &paths).await;
    let (here, afar) = (made[0].study.clone(), afar[0].study.clone());
    eventually!(10, "what the object says is told", holds(zone(&pair.b, &afar).await == (Value::Null, json!(-210))));
    assert_eq!(zone(&pair.a, &afar).await, (Value::Null, json!(-210)));
    assert_eq!(zone(&pair.b, &here).await, (Value::Null, Value::Null), "nobody said");
    let list = pair.b.cli(&["study", "list", "--remote"]).ok();
    let line = |list: &str, study: &str| list.lines().find(|line| line.contains(study)).unwrap_or_default().to_owned();
    assert!(line(&list.out, &here).contains("10:15 (time zone unknown)"), "{}", list.out);
    assert!(line(&list.out, &afar).contains("10:15 (UTC-3:30)"), "{}", list.out);

    // The site says where it is: what it told already reads by it, and what objects say goes before.
    pair.a.stop().await;
    pair.a.configure("site", "time_zone", toml::Value::String("Indian/Reunion".to_owned()));
    pair.a.serve().await;
    let reunion = || (json!("Indian/Reunion"), json!(240));
    eventually!(30, "its zone is told", holds(zone(&pair.b, &here).await == reunion()));
    assert_eq!(zone(&pair.a, &here).await, reunion());
    assert_eq!(zone(&pair.b, &afar).await, (Value::Null, json!(-210)));
    let list = pair.b.cli(&["study", "list", "--remote"]).ok();
    assert!(line(&list.out, &here).contains("10:15 (Reunion, UTC+4)"), "{}", list.out);

    // It is kept over a night on which the other site cannot be asked.
    pair.a.stop().await;
    pair.b.stop().await;
    pair.b.serve().await;
    eventually!(20, "it is known still", holds(zone(&pair.b, &here).await == reunion()));
    assert_eq!(zone(&pair.b, &afar).await, (Value::Null, json!(-210)));
}
