//! "Has anybody seen this patient?", asked of many peers at once: `cargo bench -p tests --bench presence [-- PEERS PATIENTS]`.
//!
//! One real node and so many played peers (100), of which a tenth are away, each with a list of so many patients (1,000) under a key of
//! its own; over loopback. Measured at the asker's API: from the request until the answers of all that live are there; their lists were
//! pulled before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use protocol::{message::Answer, presence::Element};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::{
    Client, Site,
    http::{Ask, Method},
    tools::confrere::{Confrere, Holding, Paired, ins, subject},
};

const SITE: &str = env!("CARGO_BIN_EXE_site");
/// Questions of one person in a minute.
const EACH: usize = 10;
const PEOPLE: usize = 5;

fn seed(n: usize) -> [u8; 32] {
    *blake3::hash(&n.to_le_bytes()).as_bytes()
}

async fn asked(site: &Site, token: &str, number: &str) -> (Duration, Vec<Value>) {
    let mut client = Client::connect(site.portal()).await.unwrap();
    let ask = Ask::new(Method::POST, "/api/presence").bearer(token).json(&json!({ "ins": number }));
    let began = Instant::now();
    let answers = client.ask(ask).await.unwrap().ok().json();
    (began.elapsed(), answers["sites"].as_array().unwrap().clone())
}

async fn world(site: &Site, peers: usize, patients: usize) -> Vec<Confrere> {
    let us = site.id().await.parse().unwrap();
    let away = peers / 10;
    let mut met = Vec::new();
    for n in 0..peers {
        let paired = Paired::with(site, seed(n), &format!("Site {n}")).await;
        // Every tenth knows the patient that is asked for.
        let first = if n % 10 == 0 { 0 } else { 1 };
        let many = (first..first + patients).map(|n| subject(&ins(u64::try_from(n).unwrap())));
        let holding = Holding::of(seed(n), many, us);
        let answers =
            |holding: &Holding, blinded: &Element| Some(Answer::Presence(Box::new(holding.evaluate(blinded))));
        let peer = paired.meet(site, holding, answers).await;
        let _ = peer.agree(site, &json!({ "preset": "all", "direction": "theirs", "presence": true })).await;
        peer.is_pulled().await;
        if n >= away {
            met.push(peer);
        }
    }
    met
}

async fn run(peers: usize, patients: usize) {
    let site = Site::open(SITE, "CHU Sud").await;
    let tokens: Vec<String> = (0..=PEOPLE).map(|n| site.new_token(&format!("reader-{n}"), "radiologist")).collect();
    let began = Instant::now();
    let met = world(&site, peers, patients).await;
    println!(
        "{peers} peers, {patients} patients each, {} here: made in {:.1} s",
        met.len(),
        began.elapsed().as_secs_f64()
    );
    let mut times = Vec::new();
    for token in &tokens[..PEOPLE] {
        for _ in 0..EACH {
            let (took, rows) = asked(&site, token, &ins(0)).await;
            let count = |word: &str| rows.iter().filter(|row| row["answer"] == word).count();
            assert_eq!((rows.len(), count("not-reached")), (peers, peers - met.len()), "all are named");
            assert_eq!(count("knows") + count("does-not"), met.len(), "{rows:?}");
            times.push(took);
        }
    }
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let at = |part: usize| ms(times[(times.len() - 1) * part / 100]);
    println!("{} questions: median {:.0} ms, 95 % {:.0} ms, longest {:.0} ms", times.len(), at(50), at(95), at(100));
    println!("memory of the asker: {} MiB", site.memory(false) >> 20);
    drop(met);
}

fn main() {
    // cargo adds `--bench`.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(numbers.first().copied().unwrap_or(100), numbers.get(1).copied().unwrap_or(1000)));
}
