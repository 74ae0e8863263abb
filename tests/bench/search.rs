//! One patient's history asked of a hundred sites: `cargo bench -p tests --bench search [-- SITES]`.
//!
//! One real node over loopback and as many sites that are only keys: paired and agreed as any, nine in ten of them answer each
//! question with two studies of the patient, one of which two sites have; one in ten is dead, half of those gone and half
//! connected, with an end that breaks each question off. (One that says nothing at all is given up after 1.8 s, as the story
//! `prior_at_a_third_site` has it.) Measured from outside, at the portal's route: the first line with a study, the first answer of another
//! site, when 95 % of the live ones have answered, and when the last dead one is named. The answers are real: signed cards of
//! an agreement that names no patient, verified and merged. The evidence of each question is synced before it leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use protocol::{
    Signed, SiteId, Timestamp, Uid,
    catalog::Basis,
    history::{HistoryStudy, HistoryTold},
    ids::Id128,
    manifest::{Completeness, Patient, StudyCard},
    message::{Answer, Request},
};
use serde_json::{Value, json};
use std::time::Duration;
use tests::{
    Site, Study, eventually,
    http::{Ask, Client, Method},
    tools::simulated::{Says, Simulated},
};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const SITES: usize = 100;
const ROUNDS: usize = 20;

fn card(custodian: SiteId, study: &str) -> StudyCard {
    StudyCard {
        custodian,
        study: Uid::parse(study).unwrap(),
        version: 1,
        completeness: Completeness::Arriving,
        date: Some("20240115".to_owned()),
        time: None,
        modalities: vec!["CT".to_owned()],
        body_parts: vec!["CHEST".to_owned()],
        description: None,
        accession: None,
        referrer: None,
        patient: Patient::default(),
        series: 2,
        instances: 300,
        bytes: 150_000_000,
        arrived: Timestamp(1),
        issued: Timestamp(1),
        manifest: None,
        amended: None,
    }
}

/// A site by its number: its own study, and one that it shares with its neighbour.
fn says(number: usize, seed: [u8; 32]) -> Says {
    let key = ed25519_dalek::SigningKey::from_bytes(&seed);
    let us = SiteId(key.verifying_key().to_bytes());
    let basis = Basis::Agreement(Id128(us.0[..16].try_into().unwrap()));
    Box::new(move |request| match request {
        Request::History(asked) => {
            assert_eq!(asked.patient[0].issuer, "GHT");
            let told = |study: String| HistoryStudy { of: 0, card: Signed::seal(&key, &card(us, &study)), basis };
            let studies = vec![told(format!("1.2.3.{}", number + 1)), told(format!("1.2.4.{}", number / 2 + 1))];
            Some(Answer::History(HistoryTold { studies, more: false }))
        }
        _ => None,
    })
}

#[derive(Debug, Default)]
struct Times {
    study: Vec<Duration>,
    first: Vec<Duration>,
    most: Vec<Duration>,
    dead: Vec<Duration>,
    whole: Vec<Duration>,
}

fn line(name: &str, times: &mut [Duration], aim_ms: u128) {
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2].as_millis(), times[times.len() - 1].as_millis());
    println!("{name:<44} median {median:>5} ms, worst {worst:>5} ms (aim {aim_ms} ms)");
}

/// One question: when what was told.
fn read(lines: &[(Duration, Value)], (live, dead): (usize, usize), times: &mut Times) {
    let of = |word: &str| lines.iter().filter(|(_, line)| line["line"] == word).collect::<Vec<_>>();
    let sites: Vec<_> = of("site").into_iter().filter(|(_, line)| !line["site"].is_null()).collect();
    let of_state = |state: &str| sites.iter().filter(|(_, line)| line["state"] == state).map(|(at, _)| *at).collect();
    let (mut answered, mut away): (Vec<Duration>, Vec<Duration>) = (of_state("answered"), of_state("away"));
    assert_eq!((answered.len(), away.len()), (live, dead), "{:?}", sites.last());
    answered.sort_unstable();
    away.sort_unstable();
    let rows: std::collections::BTreeMap<String, usize> = of("study")
        .into_iter()
        .map(|(_, line)| (line["row"]["study"]["study"].to_string(), line["row"]["holders"].as_array().unwrap().len()))
        .collect();
    assert_eq!(rows.len(), 1 + live + live.div_ceil(2), "each study is one row");
    assert_eq!(rows.values().filter(|holders| **holders == 2).count(), live / 2, "with both who have it");
    times.study.push(of("study")[0].0);
    times.first.push(answered[0]);
    times.most.push(answered[(live * 95).div_ceil(100) - 1]);
    times.dead.push(*away.last().unwrap());
    times.whole.push(lines.last().unwrap().0);
}

#[tokio::main]
async fn main() {
    let count = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(SITES);
    let real = Site::init(SITE, "CHU Sud");
    real.serve().await;
    let study = Study { issuer: Some("GHT".to_owned()), ..Study::of(1) };
    let (_, paths) = study.write(&real.scratch("ct"));
    let _ = real.c_store(&paths).ok();
    let _ = real.settled(&study.uid, 1).await;
    let dead = count / 10;
    let mut sites = Vec::new();
    for number in 0..count {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&(number as u64 + 1).to_le_bytes());
        // The last ones are dead: silent, or gone.
        let says: Says = if number < count - dead { says(number, seed) } else { Box::new(|_| None) };
        sites.push(Simulated::join(&real, seed, &format!("Site {}", number + 1), &[], says).await);
    }
    for gone in sites.iter_mut().rev().take(dead / 2) {
        gone.line = None;
    }
    let connected = count - dead / 2;
    eventually!(60, "those that are there are connected, and nobody else", {
        let peers = real.get("/api/peers").await.ok().json();
        let now = peers.as_array()?.iter().filter(|peer| peer["connected"] == true).count();
        (now == connected).then_some(())
    });
    let token = real.new_token("reader", "radiologist");
    let mut times = Times::default();
    for _ in 0..ROUNDS {
        let ask = Ask::new(Method::POST, "/api/history").json(&json!({ "study": study.uid, "live": true }));
        let mut client = Client::connect(real.portal()).await.unwrap();
        let lines = client.lines(ask.bearer(&token)).await.unwrap();
        read(&lines, (count - dead, dead), &mut times);
    }
    println!("{count} sites, {dead} of them dead; {ROUNDS} questions, one after the other");
    line("first study (known here)", &mut times.study, 100);
    line("first answer of another site", &mut times.first, 100);
    line("95 % of live answers", &mut times.most, 500);
    line("last dead site named", &mut times.dead, 2_000);
    line("all told", &mut times.whole, 2_000);
}
