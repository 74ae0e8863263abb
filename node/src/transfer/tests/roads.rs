//! Stories of roads: UDP that does not pass, a third site that carries, one that lies.

use super::*;
use crate::config::RelayConfig;
use protocol::roads::RoadKind;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
};

/// An address at which nobody answers: it is held, and nothing is ever read.
async fn nowhere() -> (SocketAddr, UdpSocket) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    (socket.local_addr().unwrap(), socket)
}

/// TCP to a site; UDP to the same number goes nowhere.
async fn only_tcp(target: SocketAddr, tasks: &Tasks) -> SocketAddr {
    let (address, socket) = nowhere().await;
    let listener = TcpListener::bind(address).await.unwrap();
    let (stop, spawner) = (tasks.stop_token(), tasks.clone());
    tasks.spawn("only tcp", async move {
        let _held = socket;
        loop {
            let (mut near, _) = tokio::select! {
                () = stop.cancelled() => return,
                call = listener.accept() => call.unwrap(),
            };
            let stop = stop.clone();
            spawner.spawn("only tcp call", async move {
                let Ok(mut far) = TcpStream::connect(target).await else { return };
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                }
            });
        }
    });
    address
}

fn road(from: &Site, to: &Site) -> Option<RoadKind> {
    from.transfer.link(&to.id()).and_then(|link| link.road)
}

async fn read(b: &Site, a: &Site, study: &str, instances: u32, agreement: protocol::ids::Id128) {
    let card = a.store(study, instances, 200_000).await;
    let began = Instant::now();
    let manifest = loop {
        // Asked again while the line is made anew.
        match b.transfer.manifest(&a.id(), &card, &reader()).await {
            Ok((_, manifest)) => break manifest,
            Err(fault) => assert!(began.elapsed() < Duration::from_secs(20), "{fault}"),
        }
    };
    let lease = b.lease(a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("all objects here", || errand.tally().objects == u64::from(instances)).await;
    for entry in entries(&manifest) {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udp_does_not_pass_images_come_by_tcp() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    b.pair_by(&a, only_tcp(a.address(), &b.tasks).await).await;
    let (dead, _held) = nowhere().await;
    a.pair_by(&b, dead).await;
    let agreement = a.agree(&b).await;
    read(&b, &a, "1.2.826.41.1", 20, agreement).await;
    assert_eq!((road(&b, &a), road(&a, &b)), (Some(RoadKind::Tcp), Some(RoadKind::Tcp)));
    // A key that is not a peer's fails in the handshake by TCP as by UDP, and is written down.
    let stranger = Site::new("Nobody", 3).await;
    stranger.pair_by(&a, only_tcp(a.address(), &stranger.tasks).await).await;
    assert!(stranger.transfer.reach(&a.id(), Duration::from_secs(5)).await.is_err());
    eventually("the stranger is written down", || {
        a.events(Act::SecurityAlert).iter().any(|event| event.peer == Some(stranger.id()))
    })
    .await;
    for site in [a, b, stranger] {
        stop(site).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_on_by_tcp_when_udp_goes_away_and_by_udp_when_it_is_back() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let udp = Road::to(a.address(), &b.tasks).await;
    // TCP by another address of the same site.
    let tcp = only_tcp(a.address(), &b.tasks).await;
    b.trust.add_peer(a.as_peer_at(&[udp.address, tcp])).await.unwrap();
    let (dead, _held) = nowhere().await;
    a.pair_by(&b, dead).await;
    let agreement = a.agree(&b).await;
    let card = a.store("1.2.826.41.2", 60, 500_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    assert_eq!(road(&b, &a), Some(RoadKind::Direct));
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("some objects here", || errand.tally().objects >= 2).await;
    udp.is_open.store(false, Ordering::Relaxed);
    eventually("all objects here", || errand.tally().objects == 60).await;
    assert_eq!(errand.tally().bytes, manifest.bytes());
    assert!(errand.tally().fetched < manifest.bytes() + (8 << 20), "what was verified is not fetched again");
    udp.is_open.store(true, Ordering::Relaxed);
    eventually("UDP is taken again", || road(&b, &a) == Some(RoadKind::Direct)).await;
    drop((errand, lease));
    for site in [a, b] {
        stop(site).await;
    }
}

/// Two sites that do not reach each other, and one that both reach.
async fn around(relay: Site) -> (Site, Site, Site, protocol::ids::Id128) {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let (dead, held) = nowhere().await;
    a.tasks.spawn("held", async move {
        let _ = held.recv(&mut [0; 1]).await;
    });
    for site in [&a, &b] {
        site.pair(&relay).await;
        // With these the line is kept warm.
        site.agree(&relay).await;
    }
    a.pair_by(&b, dead).await;
    b.pair_by(&a, dead).await;
    let agreement = a.agree(&b).await;
    (a, b, relay, agreement)
}

fn relaying() -> RelayConfig {
    RelayConfig { enabled: true, ..RelayConfig::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sites_that_do_not_reach_each_other_read_over_a_third_which_writes_it_down() {
    let (a, b, r, agreement) = around(Site::relaying("CHU Centre", 3, relaying()).await).await;
    let began = Instant::now();
    while b.transfer.reach(&a.id(), Duration::from_secs(5)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "never reached");
    }
    let link = b.transfer.link(&a.id()).unwrap();
    // On one machine a hole is punched at once where it is tried before the look.
    assert!(link.road >= Some(RoadKind::Relay), "{link:?}");
    read(&b, &a, "1.2.826.41.3", 20, agreement).await;
    let carried = r.events(Act::RoadRelayed);
    assert!(!carried.is_empty());
    assert!(carried.iter().all(|event| event.peer == Some(a.id()) || event.peer == Some(b.id())), "{carried:?}");
    // Both sites' packets come from addresses that R told them: they meet without it, and are still one line.
    eventually("a hole is punched", || road(&b, &a) == Some(RoadKind::Punched)).await;
    eventually("at both ends", || road(&a, &b) == Some(RoadKind::Punched)).await;
    read(&b, &a, "1.2.826.41.4", 4, agreement).await;
    for site in [a, b, r] {
        stop(site).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_named_or_is_revoked_is_not_carried() {
    let (a, b, r, _) = around(Site::new("CHU Centre", 3).await).await;
    assert!(b.transfer.reach(&a.id(), Duration::from_secs(6)).await.is_err(), "R does not relay");
    assert!(r.events(Act::RoadRelayed).is_empty());
    for site in [a, b, r] {
        stop(site).await;
    }

    let (a, b, r, _) = around(Site::relaying("CHU Centre", 4, relaying()).await).await;
    let began = Instant::now();
    while b.transfer.reach(&a.id(), Duration::from_secs(5)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "never reached");
    }
    r.trust.revoke_peer(&a.id()).await.unwrap();
    eventually("what was carried ended", || {
        let begun = r.events(Act::RoadRelayed);
        begun.iter().filter(|event| event.note.ends_with("begun")).count()
            == begun.iter().filter(|event| event.note.ends_with("ended")).count()
    })
    .await;
    assert!(r.transfer.link(&a.id()).is_none(), "no line to a revoked site");
    for site in [a, b, r] {
        stop(site).await;
    }
}

/// What somebody on the way does with bytes: nothing, turns a bit, says something twice.
const HONEST: u8 = 0;
const CHANGES: u8 = 1;
const REPEATS: u8 = 2;

/// Carries TCP to a site, once otherwise than it came.
struct Liar {
    conduct: AtomicU8,
    passed: AtomicU64,
    target: SocketAddr,
}

impl Liar {
    async fn listen(self: Arc<Self>, listener: TcpListener, stop: tokio_util::sync::CancellationToken, tasks: Tasks) {
        while let Some(Ok((near, _))) = stop.run_until_cancelled(listener.accept()).await {
            let (liar, stop) = (self.clone(), stop.clone());
            tasks.spawn("liar call", async move {
                stop.run_until_cancelled(liar.carry(near)).await;
            });
        }
    }

    async fn carry(&self, near: TcpStream) {
        let Ok(far) = TcpStream::connect(self.target).await else { return };
        let ((mut from, mut far_out), (mut near_in, mut to)) = (far.into_split(), near.into_split());
        let lies = async {
            let mut piece = vec![0; 16_384];
            while let Ok(read @ 1..) = from.read(&mut piece).await {
                self.passed.fetch_add(read as u64, Ordering::Relaxed);
                let conduct = self.conduct.swap(HONEST, Ordering::Relaxed);
                if conduct == CHANGES {
                    piece[read / 2] ^= 1;
                }
                let said = piece[..read].repeat(if conduct == REPEATS { 2 } else { 1 });
                if to.write_all(&said).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = lies => {}
            _ = tokio::io::copy(&mut near_in, &mut far_out) => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_or_repeats_bytes_on_a_road_is_found() {
    for conduct in [CHANGES, REPEATS] {
        let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
        let (address, _silent) = nowhere().await;
        let listener = TcpListener::bind(address).await.unwrap();
        let (passed, target) = (AtomicU64::new(0), a.address());
        let liar = Arc::new(Liar { conduct: AtomicU8::new(HONEST), passed, target });
        b.tasks.spawn("liar", liar.clone().listen(listener, b.tasks.stop_token(), b.tasks.clone()));
        b.pair_by(&a, address).await;
        let (dead, _held) = nowhere().await;
        a.pair_by(&b, dead).await;
        let agreement = a.agree(&b).await;
        read(&b, &a, "1.2.826.41.5", 4, agreement).await;
        assert_eq!(road(&b, &a), Some(RoadKind::Tcp));
        assert!(liar.passed.load(Ordering::Relaxed) > 800_000);
        liar.conduct.store(conduct, Ordering::Relaxed);
        eventually("it is found", || {
            b.events(Act::SecurityAlert).iter().any(|event| event.note.contains("changed on a road"))
        })
        .await;
        // And the next connection serves.
        read(&b, &a, "1.2.826.41.6", 4, agreement).await;
        for site in [a, b] {
            stop(site).await;
        }
    }
}
