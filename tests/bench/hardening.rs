//! The DICOM port under those who mean no harm and those who do: `cargo bench -p tests --bench hardening`.
//!
//! Ten thousand associations one after the other, and what memory they leave behind; then a crowd (associations held
//! open, connections that say nothing, ones that stop in the middle of their proposal), and how long a scanner's C-ECHO
//! takes meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tests::{Site, eventually, tools::scu};
use tokio::net::TcpStream;

const SITE: &str = env!("CARGO_BIN_EXE_site");
const ASSOCIATIONS: u32 = 10_000;
/// From here on memory may not grow by a fifth.
const WARM: u32 = 1_000;
const HELD: usize = 200;
const SILENT: usize = 100;
const HALF_OPEN: usize = 100;
const ECHOES: usize = 100;
const ECHO_WITHIN: Duration = Duration::from_millis(100);

async fn verify(to: SocketAddr, called: &str) -> Duration {
    let began = Instant::now();
    scu::verify(to, called).await.unwrap();
    began.elapsed()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Middle and longest.
async fn verify_often(to: SocketAddr, called: &str) -> (Duration, Duration) {
    let mut all = Vec::new();
    for _ in 0..ECHOES {
        all.push(verify(to, called).await);
    }
    all.sort();
    (all[ECHOES / 2], all[ECHOES - 1])
}

async fn one_after_the_other(site: &Site) {
    let (to, called) = (site.dimse(), site.ae_title.as_str());
    let began = Instant::now();
    let mut memory = Vec::new();
    for number in 1..=ASSOCIATIONS {
        verify(to, called).await;
        if number % WARM == 0 {
            memory.push(site.memory(false) >> 10);
        }
    }
    println!("{ASSOCIATIONS} associations with C-ECHO and release: {:.1} s", began.elapsed().as_secs_f64());
    println!("memory after each {WARM}, KiB: {memory:?}");
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last < first + first / 5, "memory grew from {first} to {last} KiB");
}

async fn in_a_crowd(site: &Site) {
    let (to, called) = (site.dimse(), site.ae_title.as_str());
    let alone = verify_often(to, called).await;
    let (mut held, mut idle, mut half_open) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..HELD {
        held.push(scu::Verifier::open(to, called).await.unwrap());
    }
    for _ in 0..SILENT {
        idle.push(TcpStream::connect(to).await.unwrap());
    }
    for _ in 0..HALF_OPEN {
        half_open.push(scu::Verifier::half(to, called).await.unwrap());
    }
    let within = verify_often(to, called).await;
    for verifier in &mut held {
        verifier.echo().await.unwrap();
    }
    let memory = site.memory(false) >> 20;
    drop((held, idle, half_open));
    // The crowd gone, every place is free again.
    eventually!(30, "an association as before", scu::verify(to, called).await.ok());
    println!("C-ECHO with connection, association and release, of {ECHOES}: middle and longest, ms");
    for (name, (middle, longest)) in [("alone", alone), ("in the crowd", within)] {
        println!("{name:<40} {:>8.2} {:>8.2}", ms(middle), ms(longest));
    }
    println!("the crowd: {HELD} associations held, {SILENT} silent, {HALF_OPEN} half a proposal; memory {memory} MiB");
    assert!(within.1 < ECHO_WITHIN, "an echo took {:?}", within.1);
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let site = Site::open(SITE, "CH Nord").await;
        one_after_the_other(&site).await;
        in_a_crowd(&site).await;
    });
}
