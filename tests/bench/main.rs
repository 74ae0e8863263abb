//! The figures that people ask for, measured between two real nodes on this machine: `cargo bench -p tests`.
//!
//! Seconds from the scanner's first instance to the other site's list, the first image through HTTP, a whole study over
//! eight connections, memory. On generated studies, and on series of the corpus where there is one. Arguments that are
//! not options choose series by a part of their name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use protocol::Digest;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tests::{Client, Pair, Site, Study, corpus, eventually, http::Ask, multipart, part10};

const SITE: &str = env!("CARGO_BIN_EXE_site");
/// As configured by default: what "complete" waits for.
const SETTLE: Duration = Duration::from_secs(3);
/// As a browser has over HTTP/1.1, and two more.
const CONNECTIONS: usize = 8;
const SERIES: [&str; 3] = ["ct-head-phantom-philips-1mm-140-jpegls", "mr-sag-irspgr-ge-fruit-196", "mr-epi-ge-nih-150"];

/// What is sent.
struct Load {
    name: String,
    study: String,
    paths: Vec<PathBuf>,
}

/// What came out, one row of the table.
#[derive(Debug, Default)]
struct Figures {
    instances: usize,
    bytes: u64,
    listed: Duration,
    complete: Duration,
    metadata: Duration,
    first_frame: Duration,
    whole: Duration,
    again: Duration,
    equal: bool,
}

fn generated(site: &Site) -> Load {
    // 512 × 512 × 16 bit: 512 KiB an image.
    let study = Study::of(160).size(512, 512);
    let (_, paths) = study.write(&site.scratch("generated"));
    Load { name: "generated CT 160 × 512 KiB".to_owned(), study: study.uid, paths }
}

fn from_corpus() -> Vec<Load> {
    let Some(folder) = corpus::folder() else { return Vec::new() };
    let manifest = fs::read_to_string(folder.join("MANIFEST.csv")).unwrap();
    let load = |series: &&str| {
        let under = format!("series/{series}/");
        let row = manifest.lines().find(|line| line.starts_with(&under))?;
        let study = row.split(',').nth(6)?.to_owned();
        let paths = corpus::samples(&folder, &under).into_iter().map(|sample| sample.path).collect();
        Some(Load { name: (*series).to_owned(), study, paths })
    };
    SERIES.iter().filter_map(load).collect()
}

async fn sites() -> Pair {
    let (a, b) = (Site::init(SITE, "CH Nord"), Site::init(SITE, "CHU Sud"));
    for site in [&a, &b] {
        site.configure("archive", "settle", toml::Value::String(format!("{}s", SETTLE.as_secs())));
        site.serve().await;
    }
    let (a_id, b_id) = (a.id().await, b.id().await);
    let pair = Pair { a, b, a_id, b_id };
    pair.pair().await;
    let _ = pair.agree(&json!({ "preset": "all" })).await;
    pair
}

/// Series and instances of a study as the viewer learns of them.
async fn instances(site: &Site, study: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let series = site.get(&format!("/dicomweb/studies/{study}/series")).await.ok().json();
    for row in series.as_array().unwrap() {
        let series = row["0020000E"]["Value"][0].as_str().unwrap();
        let metadata = site.get(&format!("/dicomweb/studies/{study}/series/{series}/metadata")).await.ok().json();
        let uid = |row: &Value| row["00080018"]["Value"][0].as_str().map(str::to_owned);
        let found = metadata.as_array().unwrap().iter().filter_map(uid);
        paths.extend(found.map(|uid| format!("/studies/{study}/series/{series}/instances/{uid}")));
    }
    paths
}

/// Every instance over [`CONNECTIONS`] connections: digests of the data sets, and their bytes.
async fn read_all(site: &Site, paths: &[String]) -> (HashSet<Digest>, u64) {
    let share = async |first: usize| {
        let mut client = Client::connect(site.portal()).await.unwrap();
        let mut got = Vec::new();
        for path in paths.iter().skip(first).step_by(CONNECTIONS) {
            let accept = "multipart/related; type=\"application/dicom\"; transfer-syntax=*";
            let ask = Ask::get(format!("/dicomweb{path}")).bearer(&site.token).header("accept", accept);
            let answer = client.ask(ask).await.unwrap().ok();
            let file = multipart::parts(&answer).remove(0);
            let data_set = file.slice(part10::data_set_at(&file)..);
            got.push((Digest::of(&data_set), data_set.len() as u64));
        }
        got
    };
    let shares = tokio::join!(share(0), share(1), share(2), share(3), share(4), share(5), share(6), share(7));
    let (a, b, c, d, e, f, g, h) = shares;
    let all: Vec<(Digest, u64)> = [a, b, c, d, e, f, g, h].concat();
    (all.iter().map(|(digest, _)| *digest).collect(), all.iter().map(|(_, bytes)| bytes).sum())
}

async fn measure(pair: &Pair, load: &Load) -> Figures {
    let mut figures = Figures { instances: load.paths.len(), ..Figures::default() };
    let to = format!("{}@{}", pair.a.ae_title, pair.a.dimse());
    let began = Instant::now();
    let mut scanner = Command::new(SITE)
        .args(["send", "--to", &to])
        .args(&load.paths)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually!(20, "B lists the study", pair.b.listed(&load.study).await);
    figures.listed = began.elapsed();
    let sent = eventually!(120, "the scanner is done", scanner.try_wait().unwrap().map(|_| Instant::now()));
    eventually!(30, "the study is complete at B", {
        pair.b.listed(&load.study).await.filter(|row| row["completeness"] == "complete")
    });
    figures.complete = sent.elapsed();

    let began = Instant::now();
    let paths = instances(&pair.b, &load.study).await;
    figures.metadata = began.elapsed();
    let middle = &paths[paths.len() / 2];
    figures.first_frame = pair.b.frame(middle, 1).await.ok().whole_after;
    let began = Instant::now();
    let (digests, bytes) = read_all(&pair.b, &paths).await;
    (figures.whole, figures.bytes) = (began.elapsed(), bytes);
    let began = Instant::now();
    let _ = read_all(&pair.b, &paths).await;
    figures.again = began.elapsed();
    let data_set = |path: &PathBuf| {
        let file = fs::read(path).unwrap();
        Digest::of(&file[part10::data_set_at(&file)..])
    };
    figures.equal = load.paths.iter().map(data_set).collect::<HashSet<_>>() == digests;
    figures
}

fn print_row(name: &str, f: &Figures) {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let rate =
        |time: Duration| f64::from(u32::try_from(f.bytes >> 10).unwrap_or(u32::MAX)) / 1024.0 / time.as_secs_f64();
    println!(
        "{name:<40} {:>5} {:>7.1} {:>8.0} {:>9.0} {:>8.0} {:>8.0} {:>8.0} {:>8.0} {:>7}",
        f.instances,
        f64::from(u32::try_from(f.bytes >> 10).unwrap_or(u32::MAX)) / 1024.0,
        ms(f.listed),
        ms(f.complete.saturating_sub(SETTLE)),
        ms(f.metadata),
        ms(f.first_frame),
        rate(f.whole),
        rate(f.again),
        if f.equal { "equal" } else { "DIFFER" },
    );
}

async fn run(chosen: &[String]) {
    let pair = sites().await;
    let memory = |site: &Site, peak: bool| site.memory(peak) >> 20;
    let idle = (memory(&pair.a, false), memory(&pair.b, false));
    println!(
        "{:<40} {:>5} {:>7} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7}",
        "study", "n", "MiB", "listed", "complete", "headers", "frame", "MiB/s", "again", "digests"
    );
    println!("{:<46} {:>7} {:>8} {:>9} {:>8} {:>8}", "", "", "ms", "ms*", "ms", "ms");
    let loads = std::iter::once(generated(&pair.a)).chain(from_corpus());
    for load in loads.filter(|load| chosen.is_empty() || chosen.iter().any(|part| load.name.contains(part))) {
        print_row(&load.name, &measure(&pair, &load).await);
    }
    println!("* after the settle time of {SETTLE:?}");
    println!("memory, MiB: idle A {}, B {}", idle.0, idle.1);
    println!("memory, MiB: highest while serving A {}, B {}", memory(&pair.a, true), memory(&pair.b, true));
}

fn main() {
    // cargo adds `--bench`.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(&chosen));
}
