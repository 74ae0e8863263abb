//! A story of a site whose address changes while images come: from one packet to the next its peer sees it in another place.

use super::*;
use std::{
    net::Ipv4Addr,
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::{net::UdpSocket, sync::watch};

/// Another address of this machine.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A way to a site on which whoever uses it is seen at an address that changes. What is sent to the one before is lost.
struct Way {
    address: SocketAddr,
    home: watch::Sender<Ipv4Addr>,
    /// Bytes that were brought to the address of now.
    brought: Arc<AtomicU64>,
}

impl Way {
    async fn to(target: SocketAddr, tasks: &Tasks) -> Self {
        let front = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = front.local_addr().unwrap();
        let (home, moves) = watch::channel(Ipv4Addr::LOCALHOST);
        let brought = Arc::new(AtomicU64::new(0));
        tasks.spawn("way", carry((front, target), moves, brought.clone(), tasks.stop_token()));
        Self { address, home, brought }
    }
}

async fn seen_at(home: Ipv4Addr, target: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind((home, 0)).await.unwrap();
    socket.connect(target).await.unwrap();
    socket
}

async fn carry(
    (front, target): (UdpSocket, SocketAddr),
    mut moves: watch::Receiver<Ipv4Addr>,
    brought: Arc<AtomicU64>,
    stop: tokio_util::sync::CancellationToken,
) {
    let mut back = seen_at(Ipv4Addr::LOCALHOST, target).await;
    let (mut out, mut home) = (vec![0; 65_536], vec![0; 65_536]);
    let mut user = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            moved = moves.changed() => {
                if moved.is_err() {
                    return;
                }
                let now = *moves.borrow_and_update();
                back = seen_at(now, target).await;
                brought.store(0, Ordering::Relaxed);
            }
            got = front.recv_from(&mut out) => if let Ok((len, from)) = got {
                user = Some(from);
                let _ = back.send(&out[..len]).await;
            },
            got = back.recv(&mut home) => if let (Ok(len), Some(user)) = (got, user) {
                brought.fetch_add(len as u64, Ordering::Relaxed);
                let _ = front.send_to(&home[..len], user).await;
            },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_goes_on_when_the_readers_address_changes_and_nothing_verified_comes_twice() {
    let (a, b) = (Site::new("CH Nord", 1).await, Site::new("Clinique Sud", 2).await);
    let way = Way::to(a.address(), &b.tasks).await;
    // Only B can dial: A is told a port where nobody listens.
    a.pair_by(&b, SocketAddr::from(([127, 0, 0, 1], 9))).await;
    b.pair_by(&a, way.address).await;
    let agreement = a.agree(&b).await;
    let card = a.store("1.2.826.51.1", 60, 1_000_000).await;
    let (_, manifest) = b.transfer.manifest(&a.id(), &card, &reader()).await.unwrap();
    let lease = b.lease(&a, &card.study, agreement);
    let errand = b.transfer.errand(&a.id(), &card.study, lease.clone()).unwrap();
    want_all(&errand, &entries(&manifest), Priority::Series);
    eventually("it flows", || errand.tally().objects > 2).await;
    way.home.send_replace(ELSEWHERE);
    let moved = Instant::now();
    assert!(errand.tally().objects < 60, "it moved on the way");
    let (mut came, mut last, mut longest) = (errand.tally().fetched, moved, Duration::ZERO);
    eventually("all is here", || {
        let tally = errand.tally();
        if tally.fetched > came {
            longest = longest.max(last.elapsed());
            (came, last) = (tally.fetched, Instant::now());
        }
        tally.objects == 60
    })
    .await;
    println!("the address changed: at most {longest:?} without a byte, all after {:?}", moved.elapsed());
    assert!(longest < Duration::from_secs(3), "{longest:?}");
    assert!(way.brought.load(Ordering::Relaxed) > 1_000_000, "it came to the new address");
    // What was in flight may come twice where the connection had to be made anew: a chunk for each stream.
    assert!(errand.tally().fetched <= manifest.bytes() + 64 * 65_536, "{:?}", errand.tally());
    for entry in entries(&manifest) {
        assert_eq!(Digest::of(&bytes_of(&lease, &entry).await.unwrap()), entry.digest);
    }
    drop((errand, lease));
    for site in [a, b] {
        stop(site).await;
    }
}
