//! Images of a study over links as hospitals have them: `cargo bench -p tests --bench link [-- [--full] [part of a row's name …]]`.
//!
//! Two nodes in two network namespaces, joined by the emulator of `CONFRERE_WAN` (else `../shared/tools/wan`; it is built in the
//! folder for temporary files). 500 CT images of 525 kB (fewer where the link is thin) lie at the one and are read through
//! the HTTP door of the other, which has just been started without a copy and has heard of the study: a first frame, then all
//! images over eight connections, and meanwhile a frame that has not come every 400 ms. "warm" is the first frame over a connection
//! that has carried eight images before. The floor is what the link takes for the bytes, QUIC's payload being 95.5 % of IP,
//! and one round trip for the handshake and one for the request; drops are those of the link's own queue.
//!
//! Beside them, in the same run and on the same link, what HTTP/2 with 16 streams (nginx, h2load), C-STORE (DCMTK) and C-MOVE
//! (Orthanc) take, all over the kernel's BBR. Medians of three, with `--full` of five. What takes longer than [`LIMIT`] is
//! cut, and the share of the link it reached is told. `CONFRERE_BIN` names another binary than the one just built.
//!
//! The rows of the links, and those that count bytes, are of plain bytes: coding is off.
//!
//! `blocked` reads where only TCP passes, over a tunnel; `relay` and `punch` where both sites are behind address translators (with
//! ports drawn at random, which cannot be punched; and masquerade) and a third site relays. The last two are run each by itself, since
//! they want other places.
//!
//! `holders` reads from two holders at once, each with a link of its own, and tells the rate; `unplug` cuts off the other holder for
//! good, and in runs of their own the custodian, and tells the longest time without an image. They want a third place, and are run by
//! themselves.
//!
//! Rows by name: those of the links, `outage` (ten seconds), `beside` (a study read beside the transfer of another), `kill` (both
//! nodes in turn, with what is read after each and what lies on the disk), `address` (the reader's changes), `verify` (what verified
//! ranges cost), `coded` (a real CT of as many images, if the tests' data is here, with coding as the sites choose it and without),
//! `foresight` (what was foretold of studies that nobody had opened), `satellite` (a study of many series at a glance, with reports),
//! `preview` (its stack in reduced frames), `ten` (ten sites read from one holder at once), `fairness` (a transfer beside another,
//! beside the kernel's cubic and beside its BBR); `alone` leaves the others out. `sweep` is run only where it is
//! named: many round trips, losses and rates against the kernel's BBR, printed and drawn into `<target>/sweep.svg`.
//!
//! Figures are medians, with the worst of the runs beside them; `kill`, `fairness` and the sweep are run once. `CONFRERE_BENCH_RUNS`
//! says another number of runs. At the end stands a list of what was measured beside what is aimed at, and whether it is met.
//!
//! Needs root, network namespaces, and what `cargo ci tools` installs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a measurement stops where it fails"
)]

mod ahead;
mod aims;
mod foresight;
mod glance;
mod holders;
mod kill;
mod moved;
mod net;
mod peers;
mod reader;
mod roads;
mod rows;
mod shares;
mod sites;
mod sweep;
mod verify;

use net::{Link, Net, Places};
use peers::{Peer, Peers, Went};
use reader::Reading;
use sites::Sites;
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const IMAGES: usize = 500;
/// Nobody waits longer for a study.
const LIMIT: Duration = Duration::from_secs(60);

const LINKS: [Link; 6] = [
    link("1Gb-1ms", 1e9, 1, "0%", IMAGES, "≥ 90 %"),
    link("300Mb-20ms", 300e6, 20, "0%", IMAGES, "≥ 96 %, warm ≤ 60 ms"),
    link("1Gb-40ms-0.1%", 1e9, 40, "0.1%", IMAGES, "≥ 85 %, cold ≤ 150 ms, warm ≤ 80 ms"),
    link("100Mb-50ms", 100e6, 50, "0%", IMAGES, "≥ 95 %, slice p95 ≤ 150 ms"),
    link("30Mb-60ms-1%", 30e6, 60, "1%", 60, "≥ 95 %, warm ≤ 350 ms"),
    link("256kb-600ms", 256e3, 600, "0%", 2, "–"),
];

const fn link(
    name: &'static str,
    bits_per_s: f64,
    rtt_ms: u32,
    loss: &'static str,
    images: usize,
    aim: &'static str,
) -> Link {
    Link { name, bits_per_s, rtt_ms, loss, images, aim }
}

/// The middle of some numbers; of none, none.
fn middle(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The largest of some numbers.
fn worst(numbers: &[f64]) -> f64 {
    numbers.iter().copied().fold(f64::NAN, f64::max)
}

fn p95(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let at = (numbers.len() * 95).div_ceil(100).saturating_sub(1);
    numbers.get(at).copied().unwrap_or(f64::NAN)
}

fn of(readings: &[Reading], what: impl Fn(&Reading) -> f64) -> f64 {
    middle(readings.iter().map(what).collect())
}

fn ms(seconds: f64) -> String {
    if seconds.is_nan() { "–".to_owned() } else { format!("{:.0} ms", seconds * 1e3) }
}

/// Share of the floor; of the link where it did not come to its end.
fn share(link: &Link, is_whole: bool, total_s: f64, sent_bytes: f64, bytes: f64) -> String {
    if is_whole {
        return format!("{:.1} %", 100.0 * link.floor_s(bytes, 2.0) / total_s);
    }
    format!("{:.1} % of link", 100.0 * sent_bytes * 8.0 / total_s / link.bits_per_s)
}

fn print_node(link: &Link, readings: &[Reading], warm: &[f64]) {
    let gb = |r: &Reading| r.bytes / 1e9;
    let is_whole = readings.iter().all(|r| r.images == link.images);
    let total = of(readings, |r| r.total_s);
    let slices: Vec<f64> = readings.iter().flat_map(|r| r.slices_s.clone()).collect();
    let times = if is_whole { format!("{total:.2} s") } else { format!("> {total:.0} s") };
    println!(
        "{:<16} {:<14} {:>9} {:>14} {:>9} {:>9} {:>9}/{:<9} {:>7} {:>5.1}/{:<5.1} {:>4.0}/{:<4.0}  {}",
        link.name,
        "confrere",
        times,
        share(link, is_whole, total, of(readings, |r| r.sent.bytes), of(readings, |r| r.bytes)),
        ms(of(readings, |r| r.first_s)),
        ms(middle(warm.to_vec())),
        ms(middle(slices.clone())),
        ms(p95(slices)),
        format!("{:.2} %", 100.0 * of(readings, |r| r.sent.dropped / r.sent.packets)),
        of(readings, |r| r.holder.cpu_s / gb(r)),
        of(readings, |r| r.reader.cpu_s / gb(r)),
        of(readings, |r| r.holder.peak_mb),
        of(readings, |r| r.reader.peak_mb),
        link.aim,
    );
}

fn print_peer(link: &Link, name: &str, went: &[Went], bytes: f64) {
    let is_whole = went.iter().all(|w| w.is_whole);
    let total = middle(went.iter().map(|w| w.total_s).collect());
    let sent = middle(went.iter().map(|w| w.sent.bytes).collect());
    let first: Vec<f64> = went.iter().filter_map(|w| w.first_s).collect();
    let dropped = middle(went.iter().map(|w| w.sent.dropped / w.sent.packets).collect());
    let times = if is_whole { format!("{total:.2} s") } else { format!("> {total:.0} s") };
    println!(
        "{:<16} {name:<14} {times:>9} {:>14} {:>9} {:>9} {:>19} {:>7}",
        "",
        share(link, is_whole, total, sent, bytes),
        ms(middle(first)),
        "",
        "",
        format!("{:.2} %", 100.0 * dropped),
    );
}

async fn row(net: &Net, sites: &Sites, peers: Option<&Peers>, link: &Link, runs: usize) {
    let (mut readings, mut warm) = (Vec::new(), Vec::new());
    let mut went: [Vec<Went>; 3] = Default::default();
    let kinds = [Peer::Http2, Peer::Store, Peer::Move];
    for _ in 0..runs {
        net.shape(link);
        sites.anew().await;
        readings.push(reader::read(net, sites, link, LIMIT, true).await);
        if link.bits_per_s > 1e6 {
            sites.anew().await;
            sites.warmed().await;
            // As after a look at the list.
            tokio::time::sleep(Duration::from_secs(2)).await;
            warm.push(reader::frame(&sites.pair.b, &sites.study[0]).await.as_secs_f64());
        }
        for (peer, went) in kinds.into_iter().zip(&mut went) {
            let is_asked = peer != Peer::Move || link.images == sites.study.len();
            if let Some(peers) = peers.filter(|_| Peers::is_here(peer) && is_asked && link.bits_per_s > 1e6) {
                went.push(peers.carry(net, peer, link, LIMIT));
            }
        }
        net.unshape();
    }
    print_node(link, &readings, &warm);
    aims::link(link, &readings, &warm);
    let bytes = Sites::bytes(&sites.study[..1]) * link.images as f64;
    for (name, went) in ["HTTP/2 × 16", "C-STORE", "C-MOVE"].into_iter().zip(&went) {
        if !went.is_empty() {
            print_peer(link, name, went, bytes);
        }
    }
}

async fn run(chosen: &[String], runs: usize) {
    let net = Net::here();
    let binary = std::env::var_os("CONFRERE_BIN").map_or_else(|| env!("CARGO_BIN_EXE_site").into(), PathBuf::from);
    let images = std::env::var("CONFRERE_BENCH_IMAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(IMAGES);
    let mut sites = Sites::open(&net, &binary, images).await;
    let is_alone = chosen.iter().any(|word| word == "alone");
    let peers = (!is_alone).then(|| Peers::open(&net, &sites));
    let words = || chosen.iter().filter(|word| *word != "alone");
    let is_chosen = |name: &str| words().next().is_none() || words().any(|word| name.contains(word.as_str()));
    println!(
        "{:<16} {:<14} {:>9} {:>14} {:>9} {:>9} {:>9}/{:<9} {:>7} {:>11} {:>9}  aim",
        "link", "", "all", "of the floor", "started", "warm", "slice p50", "p95", "drops", "CPU s/GB", "RSS MB"
    );
    // The sweep takes hours.
    let is_named = |name: &str| words().any(|word| word == name) || (words().next().is_none() && name != "sweep");
    for link in LINKS.iter().filter(|link| is_chosen(link.name)) {
        let link = Link { images: link.images.min(images), ..*link };
        row(&net, &sites, peers.as_ref(), &link, runs).await;
    }
    drop(peers);
    Box::pin(besides(&net, &mut sites, (&binary, runs), is_named)).await;
}

/// The rows that are no row of the links.
async fn besides(net: &Net, sites: &mut Sites, (binary, runs): (&Path, usize), is_named: impl Fn(&str) -> bool) {
    if is_named("outage") {
        rows::outage(net, sites, runs).await;
    }
    if is_named("beside") {
        rows::beside(net, sites, runs).await;
    }
    if is_named("kill") {
        kill::kill(net, sites).await;
    }
    if is_named("address") {
        moved::address(net, sites, runs).await;
    }
    if is_named("verify") {
        verify::verify(net, sites, runs).await;
    }
    if is_named("coded") {
        rows::coded(net, sites, runs).await;
    }
    if is_named("blocked") {
        roads::blocked(net, sites, runs).await;
    }
    if is_named("ten") {
        shares::ten(net, sites, binary, runs).await;
    }
    if is_named("fairness") {
        shares::fairness(net, sites, binary).await;
    }
    if is_named("sweep") {
        sweep::run(net, sites).await;
    }
    if is_named("foresight") {
        sites.coding("auto").await;
        foresight::foresight(net, sites).await;
    }
    if is_named("satellite") {
        glance::satellite(net, sites, runs).await;
    }
    if is_named("preview") {
        ahead::preview(net, sites, runs).await;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let [word, file, port] = arguments.as_slice()
        && word == net::FORWARD
    {
        return runtime.block_on(net::forward(file.as_ref(), port));
    }
    if let [word, port, law] = arguments.as_slice()
        && word == shares::POUR
    {
        return shares::pour(port.parse().unwrap(), law);
    }
    let nat = roads::NATS.iter().find(|(row, _)| arguments.iter().any(|word| word == row));
    let is_shared = holders::ROWS.iter().any(|row| arguments.iter().any(|word| word == row));
    if !net::is_inside() {
        let places = if is_shared { Places::Three } else { Places::Two };
        net::enter(nat.map_or(places, |(_, nat)| Places::Apart(nat)));
    }
    // cargo adds `--bench`.
    let chosen: Vec<String> = arguments.iter().filter(|word| !word.starts_with('-')).cloned().collect();
    let runs = if arguments.iter().any(|word| word == "--full") { 5 } else { 3 };
    let runs = std::env::var("CONFRERE_BENCH_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(runs);
    match nat {
        Some((row, _)) => runtime.block_on(roads::apart(row, runs)),
        None if is_shared => runtime.block_on(holders::run(&chosen, runs)),
        None => runtime.block_on(run(&chosen, runs)),
    }
    aims::print();
}
