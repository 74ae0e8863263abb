//! This node beside Debian's Orthanc, in one run: `cargo bench -p tests --bench beside [part of a name …]`.
//!
//! Both are durable as configured by default; the node's audit is on. Orthanc runs with `TCP_NODELAY=1` in its
//! environment: without it DCMTK's Nagle makes it some eight times slower. Medians of three runs, taken in turn; the
//! server's CPU and highest resident memory of the median run stand beside each figure, and below those of `storescu` what
//! it reaches with a receiver that keeps nothing. `CONFRERE_BENCH_RUNS`,
//! `CONFRERE_BENCH_STUDIES` (of the register) change the amounts. `scale` measures this node alone ([`scale`]).
//!
//! Needs `orthanc`, `orthanc-dicomweb` and `dcmtk` of Debian.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement stops where it fails"
)]

mod dimse;
mod load;
mod scale;
mod server;
mod work;

use server::Server;
use std::process::{Child, Command, Stdio};
use tests::ports::Port;
use work::{REGISTER, Sample, Stage, TABLE, Unit, Work};

const SITE: &str = env!("CARGO_BIN_EXE_site");

fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// A storescp that takes everything and keeps nothing.
struct Receiver(Child);

impl Receiver {
    fn start(port: u16) -> Self {
        let mut command = Command::new("storescp");
        command.args(["--ignore", "--fork", "-aet", server::RECEIVER, &port.to_string()]).env("TCP_NODELAY", "1");
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("dcmtk"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The sample with the median value.
fn middle(mut samples: Vec<Sample>) -> Sample {
    samples.sort_by(|a, b| a.value.total_cmp(&b.value));
    samples[samples.len() / 2]
}

fn cell(sample: Sample, unit: Unit) -> String {
    let (value, cost) = match unit {
        Unit::MbPerSecond => (format!("{:.0} MB/s", sample.value), format!("{:.1} s/GB", sample.cpu / sample.amount)),
        Unit::PerSecond => (format!("{:.0} /s", sample.value), format!("{:.2} ms", sample.cpu / sample.amount * 1e3)),
        Unit::Milliseconds => {
            (format!("{:.2} ms", sample.value), format!("{:.2} ms", sample.cpu / sample.amount * 1e3))
        }
    };
    format!("{value:>12} {cost:>10} {:>5.0} MB", sample.peak)
}

fn ratio(node: Sample, peer: Sample, unit: Unit) -> f64 {
    if unit == Unit::Milliseconds { peer.value / node.value } else { node.value / peer.value }
}

async fn run(chosen: &[String]) {
    let rows: Vec<_> = TABLE
        .iter()
        .filter(|(_, name, ..)| chosen.is_empty() || chosen.iter().any(|part| name.contains(part.as_str())))
        .collect();
    let runs = number("CONFRERE_BENCH_RUNS", 3);
    println!("fdatasync of 4 KiB, p50: {:.2} ms", load::fdatasync_p50(&std::env::temp_dir()));
    let port = Port::reserve();
    let _receiver = Receiver::start(port.number());
    let mut servers = [Server::node(SITE, port.number()).await, Server::orthanc(port.number()).await];
    let mut stage = Stage { binary: SITE, study: load::load(1, 500, 512), register: None, tiny: 2000, images: 500 };
    work::fill(&servers, &stage).await;
    println!(
        "{:<44} {:>12} {:>10} {:>8}  {:>12} {:>10} {:>8}  {:>6}  aim",
        "", "node", "CPU", "RSS", "orthanc", "CPU", "RSS", "ratio"
    );
    let mut kept = Vec::new();
    for (work, name, unit, aim) in rows {
        if work.needs_register() && stage.register.is_none() {
            stage.register = Some(load::register(0, number("CONFRERE_BENCH_STUDIES", REGISTER)));
            work::fill(&servers, &stage).await;
            start_again(&mut servers).await;
        }
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..runs {
            // Kept to the end: ext4 looks for the next file's place past every file deleted in the last minutes.
            let made = work.fresh(&stage);
            let is_fresh = made.is_some();
            kept.extend(made);
            let fresh = kept.last().filter(|_| is_fresh);
            for (server, samples) in servers.iter_mut().zip(&mut samples) {
                if *work == Work::Metadata {
                    // The first time is after a start.
                    server.stop().await;
                    server.start().await;
                }
                samples.push(work.run(server, &stage, fresh).await);
            }
        }
        let [node, peer] = samples.map(middle);
        let ratio = ratio(node, peer, *unit);
        println!("{name:<44} {}  {}  {ratio:>5.1}x  {aim}", cell(node, *unit), cell(peer, *unit));
        if let Some(most) = work.at_most(port.address(), kept.last()) {
            println!("{:<44} {most:>12.0}: what storescu reaches where nothing is kept", "");
        }
    }
    for server in &servers {
        println!("{:>8}: {:.1} MB on disk in all", server.name, server.disk() as f64 / 1e6);
    }
}

/// Start and idle memory with the register in.
async fn start_again(servers: &mut [Server; 2]) {
    for server in servers {
        server.stop().await;
        let took = server.start().await;
        // The memory of a server that was asked once.
        let answer = tests::http::ask(server.http, server.ask("/studies?limit=1")).await.unwrap();
        assert!(answer.status.is_success());
        let idle = server.memory().0;
        println!("{:>8}: answers {:.0} ms after its start; idle {idle:.0} MB", server.name, took.as_secs_f64() * 1e3);
    }
}

fn main() {
    // cargo adds `--bench`.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if chosen.iter().any(|word| word == "scale") {
        let studies = std::env::var("CONFRERE_BENCH_STUDIES").ok().and_then(|n| n.parse().ok());
        return runtime.block_on(scale::run(SITE, studies));
    }
    runtime.block_on(run(&chosen));
}
