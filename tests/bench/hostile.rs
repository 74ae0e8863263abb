//! A paired site in bad hands floods both planes: what another peer sees of it, and what the node keeps of it.
//! `cargo bench -p tests --bench hostile`.
//!
//! The honest peer asks for one range of an image on the pixel plane, and for a page of the catalog on the control plane,
//! so many times alone and under each flood; median and 99th percentile, ms, and the node's memory after each.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use protocol::{
    Digest, Uid,
    agreement::Purpose,
    catalog::Cursor,
    fetch::{Priority, Reader, Request, What},
    message, wire,
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tests::{
    Instance, Site, Study,
    hospital::{agree, pair},
    tools::{
        control::{self, seed_of_folder},
        quic::{self, Key},
    },
};

use tokio::task::JoinSet;

const SITE: &str = env!("CARGO_BIN_EXE_site");
const ASKED: usize = 300;
/// Requests of the flood under way at once.
const AT_ONCE: usize = 64;

struct Scene {
    holder: Site,
    peers: [Site; 2],
    told: Vec<Instance>,
}

impl Scene {
    async fn set() -> Self {
        let holder = Site::open(SITE, "CH Nord").await;
        let peers = [Site::open(SITE, "CHU Sud").await, Site::open(SITE, "Clinique Ouest").await];
        for peer in &peers {
            pair(&holder, peer).await;
            let _ = agree((&holder, peer), &json!({ "preset": "all" })).await;
        }
        let (told, paths) = Study::of(20).size(512, 512).write(&holder.scratch("ct"));
        let _ = holder.c_store(&paths).ok();
        let _ = holder.settled(&told[0].study, 20).await;
        for peer in &peers {
            let _ = peer.settled(&told[0].study, 20).await;
            peer.stop().await;
        }
        Self { holder, peers, told }
    }

    fn range(&self, person: &str, digest: Digest) -> Request {
        Request {
            study: Uid::parse(&self.told[0].study).unwrap(),
            reader: Reader {
                person: person.to_owned(),
                role: "radiologist".to_owned(),
                copy: None,
                purpose: Purpose::Care,
            },
            priority: Priority::Emergency,
            what: What::Range { digest, groups: false, first_group: 0, groups_wanted: 64 },
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Flood {
    None,
    /// Bytes that cannot be read, on ever new connections.
    Garbage,
    /// Ever new studies and readers.
    Refused,
    /// What it may have, as fast as it comes.
    Greedy,
    /// Questions of the control plane.
    Control,
}

impl Flood {
    const ALL: [Self; 5] = [Self::None, Self::Garbage, Self::Refused, Self::Greedy, Self::Control];
}

/// One after the other until told to stop, counted.
async fn run(scene: Arc<Scene>, flood: Flood, stop: Arc<AtomicBool>, sent: Arc<AtomicU64>) {
    let key = Key::of_folder(&scene.peers[1].dir());
    let seed = seed_of_folder(&scene.peers[1].dir());
    let mut connection = quic::dial(scene.holder.pixels(), &key).await.unwrap();
    let control = control::Peer::dial(seed, scene.holder.overlay(), |_| None).await;
    let mut number = 0u64;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        sent.fetch_add(1, Ordering::Relaxed);
        match flood {
            Flood::None => return,
            Flood::Garbage => match connection.open_bi().await {
                Ok((mut send, mut receive)) => {
                    let _ = send.write_all(&[0xff; 4096]).await;
                    let _ = receive.read_to_end(1 << 10).await;
                }
                Err(_) => {
                    if let Ok(again) = quic::dial(scene.holder.pixels(), &key).await {
                        connection = again;
                    }
                }
            },
            Flood::Refused => {
                let study = Uid::parse(&format!("1.2.{number}")).unwrap();
                let reader = format!("reader {number}");
                let request = Request { study, ..scene.range(&reader, Digest([7; 32])) };
                let _ = quic::ask(&connection, &request).await;
            }
            Flood::Greedy => {
                let at = usize::try_from(number).unwrap() % scene.told.len();
                let _ = quic::ask(&connection, &scene.range("reader", scene.told[at].digest())).await;
            }
            Flood::Control => match &control {
                Some(control) => {
                    let _ = control.ask(&message::Request::Pull(Cursor::default())).await;
                }
                None => return,
            },
        }
    }
}

fn percentiles(mut all: Vec<Duration>) -> (f64, f64) {
    all.sort();
    let ms = |at: usize| all[at.min(all.len() - 1)].as_secs_f64() * 1e3;
    (ms(all.len() / 2), ms(all.len() * 99 / 100))
}

async fn measure(scene: &Arc<Scene>, flood: Flood) -> [(f64, f64); 2] {
    let honest = quic::dial(scene.holder.pixels(), &Key::of_folder(&scene.peers[0].dir())).await.unwrap();
    let seed = seed_of_folder(&scene.peers[0].dir());
    let control = control::Peer::dial(seed, scene.holder.overlay(), |_| None).await.unwrap();
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let lanes = if matches!(flood, Flood::None) { 0 } else { AT_ONCE };
    let mut running = JoinSet::new();
    for _ in 0..lanes {
        let _ = running.spawn(run(scene.clone(), flood, stop.clone(), sent.clone()));
    }
    let (mut pixels, mut pages) = (Vec::new(), Vec::new());
    let question = control::framed(&wire::encode(&message::Request::Pull(Cursor::default())));
    for number in 0..ASKED {
        let began = Instant::now();
        let request = scene.range("honest", scene.told[number % scene.told.len()].digest());
        let (_, bytes) = quic::ask(&honest, &request).await.unwrap();
        assert!(!bytes.is_empty(), "the honest peer is served");
        pixels.push(began.elapsed());
        let began = Instant::now();
        let answer = control.throw(question.clone()).await;
        assert!(answer.is_some(), "the honest peer is answered");
        pages.push(began.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let _ = tokio::time::timeout(Duration::from_secs(20), running.join_all()).await;
    let measured = [percentiles(pixels), percentiles(pages)];
    let memory = scene.holder.memory(false) >> 20;
    let name = format!("{flood:?}");
    let [(p50, p99), (c50, c99)] = measured;
    println!(
        "{name:<10} {p50:>8.2} {p99:>8.2}   {c50:>8.2} {c99:>8.2} {:>10} {memory:>6} MiB",
        sent.load(Ordering::Relaxed)
    );
    measured
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let scene = Arc::new(Scene::set().await);
        println!("another peer meanwhile, ms:   pixel plane         control plane");
        println!(
            "{:<10} {:>8} {:>8}   {:>8} {:>8} {:>10} {:>6}",
            "flood", "p50", "p99", "p50", "p99", "sent", "memory"
        );
        let mut alone = None;
        for flood in Flood::ALL {
            let measured = measure(&scene, flood).await;
            let base = *alone.get_or_insert(measured);
            let ratio = |plane: usize| measured[plane].1 / base[plane].1;
            println!("{:<10} p99 of alone: {:.1}x pixels, {:.1}x control", "", ratio(0), ratio(1));
        }
        println!("alerts in the log: {}", scene.holder.audit("&alerts=true").await.len());
    });
}
