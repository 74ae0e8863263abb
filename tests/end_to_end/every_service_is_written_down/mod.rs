//! Every DIMSE service that the node offers or uses leaves in the log what its row says: what, about which study, by whom,
//! from where, and how it went. The services are read from the door's own code: one without a row fails.

mod deeds;
mod rows;
mod services;

use deeds::Bed;
use rows::ROWS;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};
use tests::{Site, eventually};

/// One line of the table.
#[derive(Debug)]
struct Row {
    name: &'static str,
    of: Vec<&'static str>,
    leaves: Leaves,
}

#[derive(Debug)]
enum Leaves {
    /// Nothing, for a reason.
    Nothing,
    /// What another story shows.
    See {
        story: &'static str,
        act: &'static str,
    },
    Event {
        act: &'static str,
        outcome: &'static str,
        person: &'static str,
        has_study: bool,
        note: &'static str,
    },
}

impl Row {
    fn read(line: &'static str) -> Self {
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, of, rest @ ..] = &fields[..] else { panic!("{line}") };
        let leaves = match rest {
            [act, outcome, person, study, note] => {
                Leaves::Event { act, outcome, person, has_study: *study == "+", note }
            }
            [why] => match why.strip_prefix("- see ").and_then(|see| see.split_once(": ")) {
                Some((story, act)) => Leaves::See { story, act },
                None => {
                    assert!(why.starts_with("- ") && why.len() > 10, "a row that says no reason: {line}");
                    Leaves::Nothing
                }
            },
            _ => panic!("{line}"),
        };
        Self { name, of: of.split(' ').collect(), leaves }
    }
}

fn rows() -> Vec<Row> {
    ROWS.lines().filter(|line| !line.is_empty()).map(Row::read).collect()
}

#[test]
fn every_service_has_a_row() {
    let named: BTreeSet<String> = rows().iter().flat_map(|row| &row.of).map(|of| (*of).to_owned()).collect();
    let there = services::services();
    let without: Vec<_> = there.difference(&named).collect();
    let of_nothing: Vec<_> = named.difference(&there).collect();
    assert!(without.is_empty(), "services without a row: {without:?}");
    assert!(of_nothing.is_empty(), "rows of services that are not there: {of_nothing:?}");
    let stories = Path::new(env!("CARGO_MANIFEST_DIR")).join("end_to_end");
    for row in rows() {
        if let Leaves::See { story, act } = row.leaves {
            let told = fs::read_to_string(stories.join(format!("{story}.rs"))).unwrap();
            assert!(told.contains(act), "{}: {story} says nothing of {act}", row.name);
        }
    }
}

/// Whether an entry is what a row says, from this machine and of nobody's name.
fn is_of(entry: &Value, row: &Row, bed: &Bed) -> bool {
    let Leaves::Event { act, outcome, person, has_study, note } = row.leaves else { return false };
    let study = if has_study { json!(bed.study(row.name)) } else { Value::Null };
    let by_ae = match entry["role"].as_str() {
        // An account at an AE.
        Some("radiologist") => entry["ae"] == "VIEWER",
        _ if person == "127.0.0.1" => entry["ae"].is_null(),
        _ => entry["ae"] == person,
    };
    let is_told = person == "NOTIFIED";
    entry["act"] == act
        && entry["outcome"] == outcome
        && entry["person"] == person
        && entry["study"] == study
        && entry["note"].as_str().is_some_and(|said| said.contains(note))
        && (is_told || by_ae && entry["address"] == "127.0.0.1")
}

async fn newest(site: &Site, after: u64) -> Vec<Value> {
    let mut log = site.audit("").await;
    log.retain(|entry| entry["number"].as_u64().unwrap() > after && entry["act"] != "log-read");
    log
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_leaves_what_its_row_says() {
    let mut bed = Bed::open().await;
    let (mut faults, mut left, mut none) = (Vec::new(), 0u32, 0u32);
    for row in rows() {
        if matches!(row.leaves, Leaves::See { .. }) {
            continue;
        }
        let before = bed.site.audit("").await.first().and_then(|entry| entry["number"].as_u64()).unwrap_or_default();
        if !bed.does(row.name).await {
            assert!(row.of == ["commitment/scu"], "nothing is done for {}", row.name);
            continue;
        }
        if let Leaves::Nothing = row.leaves {
            none += 1;
            let log = newest(&bed.site, before).await;
            if !log.is_empty() {
                faults.push(format!("{}: leaves {log:?}", row.name));
            }
            continue;
        }
        left += 1;
        let found = bed.site.name.clone();
        // What is told or reported later is written when it is.
        let is_later = row.name.starts_with("commit") || row.name.starts_with("told") || row.name.starts_with("no ");
        if is_later {
            let what = format!("{found}: the log has: {}", row.name);
            eventually!(40, what, {
                newest(&bed.site, before).await.iter().any(|entry| is_of(entry, &row, &bed)).then_some(())
            });
            continue;
        }
        let log = newest(&bed.site, before).await;
        if !log.iter().any(|entry| is_of(entry, &row, &bed)) {
            faults.push(format!("{}: {:?}\n  of {}", row.name, row.leaves, json!(log)));
        }
    }
    let whole = json!(bed.site.audit("").await).to_string();
    assert!(bed.names().iter().all(|name| !whole.contains(name.as_str())), "a patient's name is in the log");
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), rows().len(), faults.join("\n"));
    println!("{} rows: {left} leave their event, {none} none for their reason, 0 faults", rows().len());
}
