//! This node alone with many studies: `cargo bench -p tests --bench beside scale`.
//!
//! `CONFRERE_BENCH_STUDIES` says how many (500,000 if not). Each has one image of 8 × 8, so that what grows is the number
//! of rows. The room on disk is measured by itself, with images of 64 × 64 and 512 × 512.

use crate::{dimse::Finder, load, server::Server};
use std::{fs, time::Instant};
use tests::{Client, Instance, Study, multipart};

const STUDIES: u32 = 500_000;
const EACH: u32 = 100;

/// Seconds of CPU of all ended children.
fn children_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    (fields[13].parse::<f64>().unwrap() + fields[14].parse::<f64>().unwrap()) / 100.0
}

async fn send(server: &Server, from: u32, upto: u32) {
    let mut client = Client::connect(server.http).await.unwrap();
    let mut first = from;
    while first < upto {
        let instances: Vec<Instance> =
            (first..upto.min(first + EACH)).flat_map(|n| load::registered(n).make()).collect();
        let files: Vec<&[u8]> = instances.iter().map(|i| i.file.as_slice()).collect();
        let ask = server.post("/studies").header("accept", "application/dicom+json");
        let answer = client.ask(ask.body(&multipart::dicom_type(), multipart::body(&files))).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        first += EACH;
    }
}

async fn qido(server: &Server, path: &str, times: usize) -> f64 {
    let mut client = Client::connect(server.http).await.unwrap();
    let mut took = Vec::new();
    for _ in 0..times {
        let ask = server.ask(path).header("accept", "application/dicom+json");
        let answer = client.ask(ask).await.unwrap().ok();
        assert!(!answer.json().as_array().unwrap().is_empty(), "{path}");
        took.push(answer.whole_after.as_secs_f64() * 1e3);
    }
    crate::work::median(&mut took)
}

pub(crate) async fn run(binary: &str, studies: Option<u32>) {
    let studies = studies.unwrap_or(STUDIES);
    let mut server = Server::node(binary, 1).await;
    let (began, cpu) = (Instant::now(), server.cpu());
    let share = studies / 2;
    tokio::join!(send(&server, 0, share), send(&server, share, studies));
    let (seconds, cpu, all) = (began.elapsed().as_secs_f64(), server.cpu() - cpu, f64::from(studies));
    println!(
        "{studies} studies by STOW, {EACH} a request: {seconds:.0} s, {:.0} /s, {:.2} ms CPU each, RSS at most {:.0} MB",
        all / seconds,
        cpu / all * 1e3,
        server.memory().1
    );
    settled(&server, studies).await;
    searches(&server, studies).await;
    server.stop().await;
    let took = server.start().await;
    let _ = qido(&server, "/studies?limit=1", 1).await;
    println!("start: answers after {:.2} s; RSS {:.0} MB", took.as_secs_f64(), server.memory().0);
    searches(&server, studies).await;
    server.stop().await;
    let (began, cpu) = (Instant::now(), children_cpu());
    server.rebuild();
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), children_cpu() - cpu);
    println!("rebuild: {seconds:.1} s, {:.0} instances per CPU second", all / cpu);
    drop(server);
    for (name, pixels, images, count) in [("64 x 64", 64, 100, 200), ("512 x 512", 512, 100, 5)] {
        room(binary, name, pixels, images, count).await;
    }
}

/// Waits until every study has its manifest: that is work too.
async fn settled(server: &Server, studies: u32) {
    let began = Instant::now();
    let (mut seen, mut same) = (server.cpu(), 0);
    tests::eventually!(900, "the node is idle", {
        let before = std::mem::replace(&mut seen, server.cpu());
        same = if seen > before { 0 } else { same + 1 };
        (same > 100).then_some(())
    });
    println!(
        "settled {studies} studies after {:.0} s more; RSS {:.0} MB",
        began.elapsed().as_secs_f64(),
        server.memory().0
    );
}

async fn searches(server: &Server, studies: u32) {
    let id = |n: usize| format!("R{:07}", (n * 7919) % studies as usize);
    let mut finder = Finder::open(server.dimse, &server.title);
    let mut took: Vec<f64> = (0..300)
        .map(|n| {
            let began = Instant::now();
            let keys = [(0x0008, 0x0052, "STUDY"), (0x0010, 0x0020, &id(n)), (0x0020, 0x000d, "")];
            assert_eq!(finder.find(&keys), 1);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    let find = crate::work::median(&mut took);
    let exact = qido(server, &format!("/studies?PatientID={}", id(7)), 300).await;
    let day = qido(server, "/studies?StudyDate=20250304&limit=1000", 5).await;
    let prefix = qido(server, "/studies?PatientName=Martin*&limit=100", 5).await;
    let infix = qido(server, "/studies?PatientName=*Anne0199*&limit=100", 5).await;
    let first = qido(server, "/studies?limit=100", 5).await;
    let last = qido(server, &format!("/studies?limit=100&offset={}", studies - 100), 5).await;
    println!(
        "  C-FIND by Patient ID {find:.2} ms, QIDO by Patient ID {exact:.2} ms, one day {day:.1} ms, name prefix {prefix:.1} ms, infix {infix:.1} ms, page 1 {first:.1} ms, last page {last:.1} ms"
    );
}

/// What the node takes on disk beside the bytes of its objects.
async fn room(binary: &str, name: &str, pixels: u16, images: u32, studies: u32) {
    let mut server = Server::node(binary, 1).await;
    let mut bytes = 0.0;
    for _ in 0..studies {
        let made = Study::of(images).size(pixels, pixels).make();
        bytes += made.iter().map(|i| i.file.len() as f64).sum::<f64>();
        load::stow(&server, &made, 50).await;
    }
    settled(&server, studies).await;
    server.stop().await;
    let used = server.disk() as f64;
    println!(
        "{name}: {} objects of {:.1} MB take {:.1} MB of disk, {:.2} times",
        studies * images,
        bytes / 1e6,
        used / 1e6,
        used / bytes
    );
}
