//! What happens at a site is told to the house's collector as DICOM audit messages, each at least once, over a collector
//! that is away and a node that is killed; and to nobody whose certificate is not the house's.

use crate::SITE;
use std::{collections::BTreeSet, process::Command};
use tests::{Site, Study, certificates::Authority, eventually, tools::syslog::Collector};

fn set(site: &Site, collector: &Collector, ca: &Authority, shown: &tests::certificates::Issued) {
    let text = |path: &std::path::Path| toml::Value::String(path.display().to_string());
    site.configure("collector", "address", toml::Value::String(collector.address()));
    site.configure("collector", "ca", text(&ca.certificate));
    site.configure("collector", "cert", text(&shown.certificate));
    site.configure("collector", "key", text(&shown.key));
}

/// Numbers of the log's entries that the collector has, in the order in which they came first.
fn numbers(collector: &Collector, key: &str) -> Vec<u64> {
    let mark = format!("ParticipantObjectID=\"{key}/");
    let mut known = BTreeSet::new();
    let all = collector.messages();
    let number = |message: &String| message.split(&mark).nth(1)?.split('"').next()?.parse().ok();
    all.iter().filter_map(number).filter(|number| known.insert(*number)).collect()
}

/// Waits until the collector has all that is in the log, without a hole and in order.
async fn has_all(site: &Site, collector: &Collector, key: &str) -> u64 {
    let newest = site.audit("").await[0]["number"].as_u64().unwrap();
    eventually!(90, "the collector has the whole log", {
        let got = numbers(collector, key);
        got.contains(&newest).then_some(())
    });
    let got = numbers(collector, key);
    let whole: Vec<u64> = (1..=u64::try_from(got.len()).unwrap()).collect();
    assert_eq!(got, whole);
    newest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_collector_that_is_away_and_a_node_that_is_killed() {
    let site = Site::init(SITE, "CH Nord");
    let folder = site.scratch("collector");
    let house = Authority::found(&folder, "house");
    let mut collector = Collector::new(&folder, &house, &house.issue("collector"));
    set(&site, &collector, &house, &house.issue("node"));
    site.serve().await;
    let key = site.id().await;
    let study = Study::of(2);
    let (made, paths) = study.write(&site.scratch("scanner"));
    let _ = site.c_store(&paths).ok();
    let _ = site.settled(&study.uid, made.len()).await;
    let _ = site.retrieve(&made[0].path()).await.unwrap();

    // It was away from the beginning; then it comes.
    let said = site.cli(&["doctor"]);
    assert!(said.out.lines().any(|line| line.starts_with("BAD   collector: ")), "{}", said.out);
    collector.start().await;
    let said = site.cli(&["doctor"]);
    assert!(said.out.lines().any(|line| line.starts_with("good  collector: ")), "{}", said.out);
    let first = has_all(&site, &collector, &key).await;
    // It goes, things happen, the node is killed, and it comes back.
    collector.kill();
    for _ in 0..20 {
        let _ = site.audit("").await;
    }
    site.kill();
    site.serve().await;
    collector.start().await;
    let second = has_all(&site, &collector, &key).await;
    assert!(second > first + 20);
    // The node is killed while it sends.
    for _ in 0..20 {
        let _ = site.audit("").await;
    }
    site.kill();
    site.serve().await;
    let third = has_all(&site, &collector, &key).await;
    assert!(third > second + 20);

    let all = collector.messages();
    let opened = all.iter().find(|m| m.contains("csd-code=\"110103\"") && m.contains(&study.uid)).expect("the opening");
    assert!(opened.contains("UserID=\"story\"") && opened.contains("NumberOfInstances=\"2\""), "{opened}");
    assert!(opened.contains(&format!("ParticipantObjectID=\"{}\"", study.patient_id)), "{opened}");
    for word in study.patient_name.split(['^', ' ']).filter(|word| word.len() > 3) {
        assert!(!all.iter().any(|message| message.contains(word)), "{word} left the house");
    }
    fit_the_schema(&folder, &all);
}

/// Each message by the schema of PS3.15 A.5.1, with libxml2.
fn fit_the_schema(folder: &std::path::Path, messages: &[String]) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/audit_message.rng");
    let mut files = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let start = message.find("<?xml").expect("a message is XML");
        let file = folder.join(format!("{at}.xml"));
        std::fs::write(&file, &message[start..]).unwrap();
        files.push(file);
    }
    let checked = Command::new("xmllint").args(["--noout", "--relaxng", schema]).args(&files).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_of_another_house_gets_nothing_and_takes_nothing() {
    let site = Site::init(SITE, "CH Nord");
    let (folder, other) = (site.scratch("collector"), site.scratch("other"));
    let (house, stranger) = (Authority::found(&folder, "house"), Authority::found(&other, "stranger"));
    let mut false_one = Collector::new(&other, &stranger, &stranger.issue("collector"));
    false_one.start().await;
    set(&site, &false_one, &house, &house.issue("node"));
    site.serve().await;
    eventually!(30, "the node says that it does not send", site.log().contains("did not take a batch").then_some(()));
    assert!(false_one.messages().is_empty());

    // The right collector takes nothing from a stranger.
    site.stop().await;
    let mut right = Collector::new(&folder, &house, &house.issue("collector"));
    right.start().await;
    set(&site, &right, &house, &stranger.issue("node"));
    site.serve().await;
    let failures = |log: String| log.matches("did not take a batch").count();
    let before = failures(site.log());
    eventually!(60, "the node is refused twice more", (failures(site.log()) > before + 1).then_some(()));
    assert!(right.messages().is_empty());
    let state = site.dir().join("collector.state");
    assert!(!state.exists(), "{}", std::fs::read_to_string(&state).unwrap_or_default());
}
