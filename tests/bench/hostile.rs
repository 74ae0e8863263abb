//! A paired site in bad hands floods both planes: what another peer sees of it, and what the node keeps of it.
//! `cargo bench -p tests --bench hostile`.
//!
//! The honest peer asks for one range of an image on the pixel plane, and for a page of the catalog on the control plane,
//! so many times alone and under each flood; median and 99th percentile, ms, and the node's memory after each. The flood
//! comes from a process of its own that gets only what processor time the others leave: a real one runs on another
//! machine, and what is to be seen is what it costs the node. `Busy` is such a process that sends nothing: what it costs
//! to have it on the same machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a measurement stops where it fails")]

use ed25519_dalek::SigningKey;
use protocol::{
    Digest, SiteId, Timestamp, Uid,
    agreement::Purpose,
    catalog::{Cursor, Offer},
    fetch::{Priority, Reader, Request, What},
    ledger::{Hash, Head},
    message,
    signed::Signed,
    wire,
};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
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
const ASKED: usize = 3000;
/// Requests of the flood under way at once.
const AT_ONCE: usize = 64;
/// Streams that are opened, however long it takes.
const STREAMS: u64 = 1_000_000;

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

    fn target(&self) -> Target {
        Target {
            pixels: self.holder.pixels(),
            overlay: self.holder.overlay(),
            study: Uid::parse(&self.told[0].study).unwrap(),
            digests: self.told.iter().map(Instance::digest).collect(),
        }
    }
}

/// What is flooded, and asked for.
struct Target {
    pixels: SocketAddr,
    overlay: SocketAddr,
    study: Uid,
    digests: Vec<Digest>,
}

impl Target {
    fn range(&self, person: &str, digest: Digest) -> Request {
        Request {
            study: self.study.clone(),
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

    fn to_line(&self) -> String {
        let digests: Vec<_> = self.digests.iter().map(|d| d.0.to_vec()).collect();
        json!([self.pixels, self.overlay, self.study.as_str(), digests]).to_string()
    }

    fn of_line(line: &str) -> Self {
        let (pixels, overlay, study, digests): (_, _, String, Vec<[u8; 32]>) = serde_json::from_str(line).unwrap();
        let digests = digests.into_iter().map(Digest).collect();
        Self { pixels, overlay, study: Uid::parse(&study).unwrap(), digests }
    }
}

#[derive(Clone, Copy, Debug)]
enum Flood {
    None,
    /// Processor time taken, nothing sent.
    Busy,
    /// Bytes that cannot be read, on ever new connections.
    Garbage,
    /// Ever new studies and readers.
    Refused,
    /// What it may have, as fast as it comes.
    Greedy,
    /// Questions of the control plane.
    Control,
    /// Connections of the control plane, one question each.
    Redial,
    /// A million streams of the pixel plane that are opened and given up, over as many connections as it takes.
    Streams,
    /// Notices of the control plane: nudges, greetings from ever new addresses, offers, heads of logs.
    Gossip,
}

impl Flood {
    const ALL: [Self; 9] = [
        Self::None,
        Self::Busy,
        Self::Garbage,
        Self::Refused,
        Self::Greedy,
        Self::Control,
        Self::Redial,
        Self::Streams,
        Self::Gossip,
    ];

    /// What it sends at least before it has been a flood.
    const fn goal(self) -> u64 {
        match self {
            Self::Streams => STREAMS,
            _ => 0,
        }
    }
}

/// Another process that floods until it is dropped.
struct Flooding {
    child: Child,
    /// It has sent what it must.
    is_enough: Arc<AtomicBool>,
    /// Reads what it says: that all its lanes are under way, that it is enough, and what it sent.
    hears: JoinHandle<u64>,
}

fn hear(mut from: ChildStdout, ready: &mpsc::SyncSender<()>, is_enough: &AtomicBool) -> u64 {
    let mut sign = [0; 1];
    from.read_exact(&mut sign).unwrap();
    ready.send(()).unwrap();
    from.read_exact(&mut sign).unwrap();
    is_enough.store(true, Ordering::Relaxed);
    let mut sent = String::new();
    let _ = from.read_to_string(&mut sent).unwrap();
    sent.trim().parse().unwrap()
}

impl Flooding {
    fn start(scene: &Scene, flood: Flood) -> Option<Self> {
        if matches!(flood, Flood::None) {
            return None;
        }
        let (own, dir, target) = (std::env::current_exe().unwrap(), scene.peers[1].dir(), scene.target().to_line());
        let mut child = Command::new("chrt")
            .args(["--idle", "0"])
            .arg(own)
            .args(["--flood", &format!("{flood:?}")])
            .arg(dir)
            .arg(target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (from, is_enough) = (child.stdout.take().unwrap(), Arc::new(AtomicBool::new(false)));
        let ((says, ready), enough) = (mpsc::sync_channel(1), is_enough.clone());
        let hears = std::thread::spawn(move || hear(from, &says, &enough));
        ready.recv().unwrap();
        Some(Self { child, is_enough, hears })
    }

    /// What it sent.
    fn stop(mut self) -> u64 {
        drop(self.child.stdin.take());
        let sent = self.hears.join().unwrap();
        let _ = self.child.wait().unwrap();
        sent
    }
}

/// The flooding process: floods until its input ends.
async fn flood(flood: Flood, dir: PathBuf, target: Target) {
    let (target, dir) = (Arc::new(target), Arc::new(dir));
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut running = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (target, dir, stop, sent) = (target.clone(), dir.clone(), stop.clone(), sent.clone());
        let _ = running.spawn(async move { run(&target, &dir, flood, &stop, &sent).await });
    }
    while sent.load(Ordering::Relaxed) < AT_ONCE as u64 / 4 {
        tokio::task::yield_now().await;
    }
    print!(".");
    std::io::stdout().flush().unwrap();
    while sent.load(Ordering::Relaxed) < flood.goal() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    print!("!");
    std::io::stdout().flush().unwrap();
    let mut waiting = JoinSet::new();
    let _ = waiting.spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = waiting.join_next().await;
    stop.store(true, Ordering::Relaxed);
    println!("{}", sent.load(Ordering::Relaxed));
    running.abort_all();
}

/// One after the other until told to stop, counted.
async fn run(target: &Target, dir: &Path, flood: Flood, stop: &AtomicBool, sent: &AtomicU64) {
    if matches!(flood, Flood::Busy) {
        sent.fetch_add(1, Ordering::Relaxed);
        while !stop.load(Ordering::Relaxed) {
            for _ in 0..100_000 {
                std::hint::spin_loop();
            }
            tokio::task::yield_now().await;
        }
        return;
    }
    let (key, seed) = (Key::of_folder(dir), seed_of_folder(dir));
    let mut connection = quic::dial(target.pixels, &key).await.ok();
    let control = match flood {
        Flood::Control | Flood::Gossip => control::Peer::dial(seed, target.overlay, |_| None).await,
        _ => None,
    };
    let mut number = 0u64;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        // Of streams those are counted that were really opened.
        if !matches!(flood, Flood::Streams) {
            sent.fetch_add(1, Ordering::Relaxed);
        }
        let open = connection.as_ref().filter(|c| c.close_reason().is_none());
        match flood {
            Flood::None | Flood::Busy => return,
            Flood::Control => match &control {
                Some(control) => drop(control.ask(&message::Request::Pull(Cursor::default())).await),
                // No more connections of one site: this lane is done.
                None => return,
            },
            Flood::Gossip => match &control {
                Some(control) => drop(control.ask(&notice(&seed, target, number)).await),
                None => return,
            },
            Flood::Streams => match open {
                Some(open) => {
                    let opened = tokio::time::timeout(Duration::from_secs(1), open.open_bi()).await;
                    if let Ok(Ok((mut send, _))) = opened {
                        let _ = send.reset(0u32.into());
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                }
                None => connection = quic::dial(target.pixels, &key).await.ok(),
            },
            Flood::Redial => {
                if let Some(control) = control::Peer::dial(seed, target.overlay, |_| None).await {
                    let _ = control.ask(&message::Request::Pull(Cursor::default())).await;
                }
            }
            Flood::Garbage | Flood::Refused | Flood::Greedy => match open {
                Some(open) => pixels(target, flood, open, number).await,
                None => connection = quic::dial(target.pixels, &key).await.ok(),
            },
        }
    }
}

/// What a site may tell, told without end.
fn notice(seed: &[u8; 32], target: &Target, number: u64) -> message::Request {
    let key = SigningKey::from_bytes(seed);
    let site = SiteId(key.verifying_key().to_bytes());
    let at = Timestamp(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap());
    match number % 4 {
        0 => message::Request::Nudge,
        1 => {
            let port = 1024 + u16::try_from(number % 60_000).unwrap();
            let addresses = vec![format!("127.0.0.1:{port}")];
            let (overlay, pixels) = (addresses.clone(), addresses);
            let record = message::SiteRecord { name: "Clinique Ouest".to_owned(), overlay, pixels, issued: at };
            message::Request::Hello { record: Signed::seal(&key, &record), now: at }
        }
        2 => {
            let (study, manifest) = (target.study.clone(), Digest(*blake3::hash(&number.to_le_bytes()).as_bytes()));
            message::Request::Offer(Signed::seal(&key, &Offer { to: site, study, manifest, at }))
        }
        _ => {
            let head = Head { site, size: number, root: Hash::leaf(&number.to_le_bytes()), at };
            message::Request::LedgerHead { head: Signed::seal(&key, &head), from: 0, proof: Vec::new() }
        }
    }
}

/// One request of the pixel plane.
async fn pixels(target: &Target, flood: Flood, connection: &quinn::Connection, number: u64) {
    match flood {
        Flood::Garbage => {
            if let Ok((mut send, mut receive)) = connection.open_bi().await {
                let _ = send.write_all(&[0xff; 4096]).await;
                let _ = receive.read_to_end(1 << 10).await;
            }
        }
        Flood::Refused => {
            let study = Uid::parse(&format!("1.2.{number}")).unwrap();
            let request = Request { study, ..target.range(&format!("reader {number}"), Digest([7; 32])) };
            let _ = quic::ask(connection, &request).await;
        }
        _ => {
            let at = usize::try_from(number).unwrap() % target.digests.len();
            let _ = quic::ask(connection, &target.range("reader", target.digests[at])).await;
        }
    }
}

fn percentiles(mut all: Vec<Duration>) -> (f64, f64) {
    all.sort();
    let ms = |at: usize| all[at.min(all.len() - 1)].as_secs_f64() * 1e3;
    (ms(all.len() / 2), ms(all.len() * 99 / 100))
}

async fn measure(scene: &Scene, flood: Flood) -> [(f64, f64); 2] {
    let honest = quic::dial(scene.holder.pixels(), &Key::of_folder(&scene.peers[0].dir())).await.unwrap();
    let seed = seed_of_folder(&scene.peers[0].dir());
    let control = control::Peer::dial(seed, scene.holder.overlay(), |_| None).await.unwrap();
    let (target, flooding) = (scene.target(), Flooding::start(scene, flood));
    let (mut pixels, mut pages) = (Vec::new(), Vec::new());
    let question = control::framed(&wire::encode(&message::Request::Pull(Cursor::default())));
    let is_enough = || flooding.as_ref().is_none_or(|flooding| flooding.is_enough.load(Ordering::Relaxed));
    let mut asked = 0;
    while asked < ASKED || !is_enough() {
        let number = asked;
        asked += 1;
        let began = Instant::now();
        let request = target.range("honest", target.digests[number % target.digests.len()]);
        let (_, bytes) = quic::ask(&honest, &request).await.unwrap();
        assert!(!bytes.is_empty(), "the honest peer is served");
        pixels.push(began.elapsed());
        let began = Instant::now();
        let answer = control.throw(question.clone()).await;
        assert!(answer.is_some(), "the honest peer is answered");
        pages.push(began.elapsed());
    }
    let sent = flooding.map_or(0, Flooding::stop);
    let measured = [percentiles(pixels), percentiles(pages)];
    let memory = scene.holder.memory(false) >> 20;
    let name = format!("{flood:?}");
    let [(p50, p99), (c50, c99)] = measured;
    println!("{name:<10} {p50:>8.2} {p99:>8.2}   {c50:>8.2} {c99:>8.2} {sent:>10} {memory:>6} MiB");
    measured
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let told: Vec<String> = std::env::args().collect();
    if let [_, flag, name, dir, target] = told.as_slice()
        && flag == "--flood"
    {
        let kind = Flood::ALL.into_iter().find(|f| format!("{f:?}") == *name).unwrap();
        runtime.block_on(flood(kind, PathBuf::from(dir), Target::of_line(target)));
        return;
    }
    // Some floods only, by name.
    let wanted = |flood: Flood| {
        let mut named = told.iter().skip(1).filter(|a| !a.starts_with("--")).peekable();
        matches!(flood, Flood::None | Flood::Busy)
            || named.peek().is_none()
            || named.any(|n| *n == format!("{flood:?}"))
    };
    runtime.block_on(async {
        let scene = Scene::set().await;
        println!("another peer meanwhile, ms:   pixel plane         control plane");
        println!(
            "{:<10} {:>8} {:>8}   {:>8} {:>8} {:>10} {:>6}",
            "flood", "p50", "p99", "p50", "p99", "sent", "memory"
        );
        let mut alone = None;
        for flood in Flood::ALL.into_iter().filter(|f| wanted(*f)) {
            let measured = measure(&scene, flood).await;
            let base = *alone.get_or_insert(measured);
            let ratio = |plane: usize| measured[plane].1 / base[plane].1;
            println!("{:<10} p99 of alone: {:.1}x pixels, {:.1}x control", "", ratio(0), ratio(1));
        }
        println!("alerts in the log: {}", scene.holder.audit("&alerts=true").await.len());
    });
}
