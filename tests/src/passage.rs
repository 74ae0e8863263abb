//! A passage to a port of a site, in the hands of the story: UDP and TCP pass, or do not.
//!
//! Behind an address that a site advertises it stands for the firewall in front of that site. Nothing is changed on it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::{
    net::{TcpListener, TcpStream, UdpSocket},
    sync::watch,
    task::JoinSet,
};

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    udp: AtomicBool,
    tcp: watch::Sender<bool>,
    udp_bytes: AtomicU64,
    tcp_bytes: AtomicU64,
}

/// A passage. Gone when dropped.
#[derive(Debug)]
pub struct Passage {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl Passage {
    /// Opens a passage at `at` to `to`: both kinds pass.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn open(at: SocketAddr, to: SocketAddr) -> anyhow::Result<Self> {
        let (udp, tcp) = (UdpSocket::bind(at).await?, TcpListener::bind(at).await?);
        let shared = Arc::new(Shared {
            to,
            udp: AtomicBool::new(true),
            tcp: watch::Sender::new(true),
            udp_bytes: AtomicU64::new(0),
            tcp_bytes: AtomicU64::new(0),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(datagrams(Arc::new(udp), shared.clone()));
        tasks.spawn(calls(tcp, shared.clone()));
        Ok(Self { shared, _tasks: tasks })
    }

    /// Whether datagrams pass from now on.
    pub fn udp(&self, pass: bool) {
        self.shared.udp.store(pass, Ordering::Relaxed);
    }

    /// Whether connections are taken from now on; if not, those there are end.
    pub fn tcp(&self, pass: bool) {
        self.shared.tcp.send_replace(pass);
    }

    /// Bytes that passed towards whoever called, by UDP and by TCP.
    #[must_use]
    pub fn passed(&self) -> (u64, u64) {
        (self.shared.udp_bytes.load(Ordering::Relaxed), self.shared.tcp_bytes.load(Ordering::Relaxed))
    }
}

/// One socket for each caller, so that answers find their way back.
async fn datagrams(front: Arc<UdpSocket>, shared: Arc<Shared>) {
    let mut backs: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
    let mut returning = JoinSet::new();
    let mut packet = vec![0; 65_536];
    loop {
        let Ok((len, from)) = front.recv_from(&mut packet).await else { continue };
        if !shared.udp.load(Ordering::Relaxed) {
            continue;
        }
        let back = match backs.get(&from) {
            Some(back) => back.clone(),
            None => {
                let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                back.connect(shared.to).await.unwrap();
                backs.insert(from, back.clone());
                returning.spawn(bring_back(front.clone(), back.clone(), from, shared.clone()));
                back
            }
        };
        let _ = back.send(&packet[..len]).await;
    }
}

async fn bring_back(front: Arc<UdpSocket>, back: Arc<UdpSocket>, to: SocketAddr, shared: Arc<Shared>) {
    let mut packet = vec![0; 65_536];
    loop {
        // Refused while the site is down.
        let Ok(len) = back.recv(&mut packet).await else { continue };
        if shared.udp.load(Ordering::Relaxed) {
            shared.udp_bytes.fetch_add(len as u64, Ordering::Relaxed);
            let _ = front.send_to(&packet[..len], to).await;
        }
    }
}

async fn calls(listener: TcpListener, shared: Arc<Shared>) {
    let mut calls = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let shared = shared.clone();
        calls.spawn(async move {
            let mut closed = shared.tcp.subscribe();
            if !*closed.borrow_and_update() {
                return;
            }
            let Ok(far) = TcpStream::connect(shared.to).await else { return };
            let ((mut near_in, mut near_out), (far_in, mut far_out)) = (near.into_split(), far.into_split());
            tokio::select! {
                _ = closed.changed() => {}
                _ = tokio::io::copy(&mut near_in, &mut far_out) => {}
                () = count(far_in, &mut near_out, &shared) => {}
            }
        });
    }
}

async fn count(mut from: tokio::net::tcp::OwnedReadHalf, to: &mut tokio::net::tcp::OwnedWriteHalf, shared: &Shared) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut piece = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut piece).await {
        shared.tcp_bytes.fetch_add(read as u64, Ordering::Relaxed);
        if to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}
