//! Scanners that associate all day, connections that say nothing, and ones that stop in the middle: everybody else is
//! served, and nothing is left behind. How long an echo takes meanwhile is measured by `cargo bench --bench hardening`.

use crate::SITE;
use tests::{
    Site, eventually,
    tools::{dcmtk, scu},
};
use tokio::net::TcpStream;

/// Ten thousand of them are the benchmark's.
const ASSOCIATIONS: u32 = 2_000;
const HELD: usize = 200;
const SILENT: usize = 100;
const HALF_OPEN: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn associations_leave_nothing_behind() {
    let site = Site::open(SITE, "CH Nord").await;
    let mut early = 0;
    for number in 1..=ASSOCIATIONS {
        scu::verify(site.dimse(), &site.ae_title).await.unwrap();
        if number == ASSOCIATIONS / 4 {
            early = site.memory(false);
        }
    }
    let late = site.memory(false);
    assert!(early > 0 && late < early + early / 5, "{} KiB, then {} KiB", early >> 10, late >> 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_is_served_and_so_is_who_comes_after_it() {
    let site = Site::open(SITE, "CH Nord").await;
    let (to, called) = (site.dimse(), site.ae_title.as_str());
    let (mut held, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..HELD {
        held.push(scu::Verifier::open(to, called).await.unwrap());
    }
    for _ in 0..SILENT {
        idle.push(TcpStream::connect(to).await.unwrap());
    }
    let mut half_open = Vec::new();
    for _ in 0..HALF_OPEN {
        half_open.push(scu::Verifier::half(to, called).await.unwrap());
    }
    let echo = dcmtk::echo(to, called);
    assert!(echo.success, "{}", echo.text);
    for verifier in &mut held {
        verifier.echo().await.unwrap();
    }
    for verifier in held {
        verifier.release().await.unwrap();
    }
    drop((idle, half_open));
    eventually!(20, "every place is free again", {
        let mut again = Vec::new();
        for _ in 0..HELD {
            again.push(scu::Verifier::open(to, called).await.ok()?);
        }
        Some(again.len())
    });
}
