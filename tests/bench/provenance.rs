//! What it costs that every byte shown is compared with what was signed, and whether it ever cries wolf.
//! `cargo bench -p tests --bench provenance`.
//!
//! Ten thousand instances go from a scanner to the holder and from there to the reader, and are read again at both; then
//! whole studies are read from the holder, and the processor time of the node is set beside that of the digest alone over as
//! many bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use serde_json::json;
use std::{
    fs,
    time::{Duration, Instant},
};
use tests::{Pair, Preset, Site, Study, eventually, http::Ask, wait::holds};

const SITE: &str = env!("CARGO_BIN_EXE_site");
const STUDIES: u32 = 20;
const EACH: u32 = 500;
/// Of the study that is read whole.
const SLICES: u32 = 200;
const READS: u32 = 10;

/// Seconds of processor time of a node so far.
fn cpu(site: &Site) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", site.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // utime and stime, in ticks of a hundredth of a second.
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

async fn no_false_alarm(pair: &Pair) {
    let began = Instant::now();
    let mut studies = Vec::new();
    for _ in 0..STUDIES {
        let study = Study::of(EACH).size(64, 64);
        let (_, paths) = study.write(&pair.a.scratch(&study.uid));
        let _ = pair.a.c_store(&paths).ok();
        studies.push(study.uid);
    }
    for study in &studies {
        let all = EACH.try_into().unwrap();
        let _ = pair.a.settled(study, all).await;
        let _ = pair.b.settled(study, all).await;
        let _ = pair.b.post(&format!("/api/studies/{study}/fetch"), &json!({})).await.ok();
    }
    for study in &studies {
        eventually!(300, "all of it is here", { holds(pair.b.listed(study).await?["instances_here"] == json!(EACH)) });
    }
    let mut verified = 0;
    for site in [&pair.a, &pair.b] {
        let alerts = site.audit("&alerts=true").await;
        assert!(alerts.is_empty(), "{}: {alerts:?}", site.name);
        for study in &studies {
            let row = site.listed(study).await.unwrap();
            assert_eq!(row["provenance"], "verified", "{row}");
            verified += row["instances_here"].as_u64().unwrap();
        }
    }
    let checked = pair.a.cli(&["verify"]).ok();
    println!(
        "{verified} instances at two sites, none called wrong, in {:.0} s; {}",
        began.elapsed().as_secs_f64(),
        checked.out.trim()
    );
}

/// Bytes of a whole series.
async fn whole(site: &Site, series: &str) -> usize {
    let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
    site.ask(Ask::get(format!("/dicomweb{series}")).header("accept", accept)).await.ok().body.len()
}

async fn what_it_costs(pair: &Pair) {
    let study = Study::of(SLICES).size(512, 512);
    let (made, paths) = study.write(&pair.a.scratch(&study.uid));
    let _ = pair.a.c_store(&paths).ok();
    let _ = pair.a.settled(&study.uid, SLICES.try_into().unwrap()).await;
    let series = format!("/studies/{}/series/{}", study.uid, made[0].series);
    let warm = whole(&pair.a, &series).await;
    let (began, before) = (Instant::now(), cpu(&pair.a));
    let mut bytes = 0usize;
    for _ in 0..READS {
        bytes += whole(&pair.a, &series).await;
    }
    let (took, spent) = (began.elapsed(), cpu(&pair.a) - before);
    assert_eq!(bytes, warm * usize::try_from(READS).unwrap());
    let content: Vec<u8> = made.iter().flat_map(|instance| instance.data_set().to_vec()).collect();
    let mut hashing = Duration::ZERO;
    let mut hashed = 0usize;
    while hashed < bytes {
        let began = Instant::now();
        for piece in content.chunks(1 << 20) {
            std::hint::black_box(blake3::hash(piece));
        }
        hashing += began.elapsed();
        hashed += content.len();
    }
    let gb = |bytes: usize| f64::from(u32::try_from(bytes >> 10).unwrap()) / f64::from(1 << 20);
    let (read, hash) = (spent / gb(bytes), hashing.as_secs_f64() / gb(hashed));
    println!(
        "whole series, {:.0} MB/s, node {read:.2} CPU-s/GB; the digest alone {hash:.3} CPU-s/GB",
        gb(bytes) * 1024.0 / took.as_secs_f64()
    );
    println!("share of the digest in the processor time of reading: {:.1} %", 100.0 * hash / read);
    println!("at 1 Gb/s a GB takes 8.6 s: the digest is {:.1} % of that", 100.0 * hash / 8.6);
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let pair = Pair::agreed(SITE, Preset::All).await;
        no_false_alarm(&pair).await;
        what_it_costs(&pair).await;
    });
}
