//! Who gets how much of a link that several want: ten reading sites at one holder, and a transfer beside what other machines send
//! over the same link.

use crate::{
    Link, aims, link, middle, ms,
    net::{HOLDER, Net, READER},
    p95, reader, rows,
    sites::{self, Sites},
    worst,
};
use serde_json::json;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tests::{Site, eventually, hospital};

/// `link pour PORT LAW`: the far end of a TCP stream without end.
pub(crate) const POUR: &str = "pour";
const POUR_PORT: u16 = 9_099;
const READERS: usize = 10;
/// Images that each of the ten reads.
const EACH: usize = 20;
/// What two get is looked at after this time, for so long.
const SETTLED: Duration = Duration::from_secs(4);
const LOOKED_AT: Duration = Duration::from_secs(12);

/// Sends without end to whoever connects, under a law of the kernel's.
pub(crate) fn pour(port: u16, law: &str) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.set_tcp_congestion(law.as_bytes()).unwrap_or_else(|fault| panic!("{law}: {fault}"));
    socket.bind(&SocketAddr::new(HOLDER.parse().unwrap(), port).into()).unwrap();
    socket.listen(4).unwrap();
    while let Ok((stream, _)) = socket.accept() {
        thread::spawn(move || {
            let mut stream = TcpStream::from(stream);
            let piece = vec![0x5A; 256 << 10];
            while stream.write_all(&piece).is_ok() {}
        });
    }
}

/// A TCP stream from the holder's place that is read as fast as it comes.
pub(crate) struct Stream {
    far: Child,
    pub(crate) came: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Stream {
    pub(crate) fn open(net: &Net, law: &str) -> Self {
        let mut far = net.at_holder(std::env::current_exe().unwrap());
        let far = far.args([POUR, &POUR_PORT.to_string(), law]).stdin(Stdio::null()).spawn().unwrap();
        let (came, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (counts, over) = (came.clone(), is_over.clone());
        thread::spawn(move || {
            let address = SocketAddr::new(HOLDER.parse().unwrap(), POUR_PORT);
            let mut piece = vec![0; 256 << 10];
            while !over.load(Ordering::Relaxed) {
                // The far end may not listen yet.
                let Ok(mut stream) = TcpStream::connect(address) else {
                    thread::sleep(Duration::from_millis(5));
                    continue;
                };
                while let Ok(size @ 1..) = stream.read(&mut piece) {
                    counts.fetch_add(size as u64, Ordering::Relaxed);
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        });
        Self { far, came, is_over }
    }

    pub(crate) fn bytes(&self) -> f64 {
        self.came.load(Ordering::Relaxed) as f64
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = self.far.kill();
        let _ = self.far.wait();
    }
}

/// Another reading site beside the first: paired, agreed, and told of the study.
async fn another(sites: &Sites, binary: &Path, number: usize) -> Site {
    let site = Site::init(&binary.to_string_lossy(), &format!("CH {number}"));
    sites::at(&site, READER);
    site.configure("pixels", "coding", "off".into());
    site.serve().await;
    hospital::pair(&sites.pair.a, &site).await;
    let _ = hospital::agree((&sites.pair.a, &site), &json!({ "preset": "all" })).await;
    for instances in [&sites.study, &sites.small] {
        eventually!(60, "it has heard of the study", site.listed(&instances[0].study).await);
    }
    site
}

/// How even some shares are: 1 where all are equal (Jain).
fn evenness(shares: &[f64]) -> f64 {
    let (sum, squares) = (shares.iter().sum::<f64>(), shares.iter().map(|share| share * share).sum::<f64>());
    sum * sum / (squares * shares.len() as f64)
}

/// How ten readings went.
struct Ten {
    last_s: f64,
    percent_of_floor: f64,
    firsts_s: Vec<f64>,
    evenness: f64,
    /// The slowest, so many times the fastest.
    spread: f64,
    holder_mb: f64,
}

/// Ten sites read the same study from one holder at once, from a cold start.
async fn read_by(net: &Net, sites: &Sites, readers: &[Site], link: &Link) -> Ten {
    net.unshape();
    for site in readers {
        sites::emptied(site).await;
        eventually!(60, "it has heard of the study", site.listed(&sites.study[0].study).await);
    }
    net.shape(link);
    sites::forget_peak(&sites.pair.a);
    let began = Instant::now();
    let read = async |site: &Site| {
        let first = reader::frame(site, &sites.study[0]).await.as_secs_f64();
        for instance in &sites.study[1..EACH] {
            let _ = reader::frame(site, instance).await;
        }
        (first, began.elapsed().as_secs_f64())
    };
    let went = futures::future::join_all(readers.iter().map(read)).await;
    net.unshape();
    let last_s = went.iter().map(|(_, all)| *all).fold(0.0, f64::max);
    let bytes = Sites::bytes(&sites.study[..EACH]) * readers.len() as f64;
    let rates: Vec<f64> = went.iter().map(|(_, all)| 1.0 / all).collect();
    Ten {
        last_s,
        percent_of_floor: 100.0 * link.floor_s(bytes, 2.0) / last_s,
        firsts_s: went.iter().map(|(first, _)| *first).collect(),
        evenness: evenness(&rates),
        spread: last_s / went.iter().map(|(_, all)| *all).fold(f64::INFINITY, f64::min),
        holder_mb: sites::used(&sites.pair.a).peak_mb,
    }
}

pub(crate) async fn ten(net: &Net, sites: &Sites, binary: &Path, runs: usize) {
    let link = Link { images: EACH, ..rows::link("100Mb-50ms") };
    net.unshape();
    let mut readers = Vec::new();
    for number in 0..READERS {
        readers.push(another(sites, binary, number).await);
    }
    let mut went = Vec::new();
    for _ in 0..runs {
        went.push(read_by(net, sites, &readers, &link).await);
    }
    for site in &readers {
        site.stop().await;
    }
    let all = |what: fn(&Ten) -> f64| went.iter().map(what).collect::<Vec<f64>>();
    let firsts: Vec<f64> = went.iter().flat_map(|ten| ten.firsts_s.clone()).collect();
    let (percent, even) = (middle(all(|ten| ten.percent_of_floor)), middle(all(|ten| ten.evenness)));
    println!(
        "ten readers at {}: {EACH} images each in {:.2} s (at most {:.2}), {percent:.1} % of the floor; first image {} (p95 {}); evenness \
         {even:.3}, slowest {:.2} times the fastest; holder {:.0} MB; of {runs} runs",
        link.name,
        middle(all(|ten| ten.last_s)),
        worst(&all(|ten| ten.last_s)),
        ms(middle(firsts.clone())),
        ms(p95(firsts.clone())),
        middle(all(|ten| ten.spread)),
        worst(&all(|ten| ten.holder_mb)),
    );
    aims::tell("ten readers: of the floor", format!("{percent:.1} %, evenness {even:.3}"));
    aims::tell("ten readers: first image", format!("{}, p95 {}", ms(middle(firsts.clone())), ms(p95(firsts))));
}

/// A measurement lasts as long as it is said to.
async fn passes(time: Duration) {
    let began = Instant::now();
    eventually!(60, "the time is over", tests::wait::holds(began.elapsed() >= time));
}

/// What a transfer and another get of a link, as bytes a second each.
async fn beside(sites: &Sites, other: impl AsyncFn() -> f64) -> (f64, f64) {
    let (reader, study) = (&sites.pair.b, &sites.study[0].study);
    rows::fetch(reader, study).await;
    eventually!(30, "it has settled", tests::wait::holds(rows::come(reader, study).await > 0.0));
    passes(SETTLED).await;
    let (began, before) = (Instant::now(), (rows::come(reader, study).await, other().await));
    passes(LOOKED_AT).await;
    let (after, took) = ((rows::come(reader, study).await, other().await), began.elapsed().as_secs_f64());
    ((after.0 - before.0) / took, (after.1 - before.1) / took)
}

/// A transfer beside another of ours, beside the kernel's cubic and beside its BBR, over links of three kinds.
pub(crate) async fn fairness(net: &Net, sites: &Sites, binary: &Path) {
    net.unshape();
    let second = another(sites, binary, 99).await;
    for link in [rows::link("100Mb-50ms"), rows::link("30Mb-60ms-1%"), link("20Mb-20ms", 20e6, 20, "0%", 500, "")] {
        for other in ["confrere", "cubic", "bbr"] {
            sites.anew().await;
            sites.warmed().await;
            let study = &sites.study[0].study;
            net.shape(&link);
            let (ours, theirs) = if other == "confrere" {
                rows::fetch(&second, study).await;
                beside(sites, async || rows::come(&second, study).await).await
            } else {
                let stream = Stream::open(net, other);
                beside(sites, async || stream.bytes()).await
            };
            net.unshape();
            let mbit = |rate: f64| rate * 8.0 / 1e6;
            let ours_of_it = ours / (ours + theirs);
            aims::judge(
                &format!("fairness {} beside {other}", link.name),
                "1/3 to 2/3",
                format!("{ours_of_it:.2}"),
                (1.0 / 3.0..=2.0 / 3.0).contains(&ours_of_it),
            );
            println!(
                "fairness {:<14} beside {other:<9} {:.1} and {:.1} Mb/s: {:.2} of it  (aim 1/3 to 2/3)",
                link.name,
                mbit(ours),
                mbit(theirs),
                ours_of_it
            );
            if other == "confrere" {
                sites::emptied(&second).await;
                eventually!(60, "it has heard of the study", second.listed(study).await);
            }
        }
    }
    second.stop().await;
}
