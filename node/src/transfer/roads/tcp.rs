//! Tunnels over TCP, for where UDP does not pass: on the port with the pixel plane's number.
//!
//! The kernel's BBR is asked for on each connection; where the kernel has none, its own choice stays, which is warned of at
//! the start. The first bytes of a caller tell a tunnel (TLS) from a site that pairs, which is handed on while an invitation is
//! open and dropped else. A caller that is no peer fails in the TLS handshake; before it, callers are paced by address as those
//! by UDP are.
//!
//! # At a crash
//! As [`super::tunnel`].
//!
//! # Not here
//! Pairing: `overlay::pairing`.

use super::{
    super::{HANDSHAKE_WITHIN, HANDSHAKES_MAX, Inner, endpoint::SERVER_NAME, keys},
    Road,
    tunnel::Tunnel,
};
use protocol::{SiteId, roads::RoadKind};
use rustls::pki_types::ServerName;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// From the SYN to the end of the TLS handshake: three round trips.
const DIAL_WITHIN: Duration = Duration::from_millis(1_800);
/// The first bytes come within this.
const FIRST_WITHIN: Duration = Duration::from_secs(3);
/// Bytes that tell TLS from pairing: record, version 3.1 (RFC 8446 §5.1), length, client hello.
const FIRST_BYTES: usize = 6;
const BACKLOG: i32 = 128;
/// The kernel's law that does not take every loss for congestion.
const LAW: &[u8] = b"bbr";
/// What is sent and not acknowledged for so long is lost: the line has another road by then.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(8);

/// Binds the TCP port beside the UDP one.
///
/// # Errors
/// When it is taken.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// As a tunnel wants its connection.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    // Refused where the kernel has no such module, or lets only root choose it: that was said at the start.
    if let Err(why) = socket.set_tcp_congestion(LAW) {
        tracing::debug!(%why, "no BBR for TCP: the kernel's own choice stays");
    }
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
}

/// Says once that tunnels will be slow over lossy links; whoever is taken by the listener has its law.
fn warn_without_law(listener: &TcpListener) {
    if let Err(why) = SockRef::from(listener).set_tcp_congestion(LAW) {
        tracing::warn!(
            %why,
            "the kernel does not let this node use BBR for TCP: modprobe tcp_bbr and name it in \
             net.ipv4.tcp_allowed_congestion_control, or images over TCP will be slow where packets are lost"
        );
    }
}

/// Takes calls until the node stops.
pub(crate) async fn accept(inner: Arc<Inner>, listener: TcpListener) {
    warn_without_law(&listener);
    let stop = inner.tasks.stop_token();
    let room = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let (stream, from) = tokio::select! {
            () = stop.cancelled() => return,
            call = listener.accept() => match call {
                Ok(call) => call,
                // Out of descriptors, as a rule: it passes.
                Err(why) => {
                    tracing::warn!(%why, "a TCP call was not taken");
                    inner.tasks.pause(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        if inner.callers.take(&from.ip(), Instant::now()).is_err() {
            continue;
        }
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let inner = inner.clone();
        inner.tasks.clone().spawn("transfer.call", async move {
            let admitted = tokio::time::timeout(HANDSHAKE_WITHIN, admit(&inner, stream, from)).await;
            if admitted.is_err() {
                tracing::debug!(%from, "a TCP call came to nothing");
            }
            drop(place);
        });
    }
}

async fn admit(inner: &Arc<Inner>, stream: TcpStream, from: SocketAddr) {
    match tokio::time::timeout(FIRST_WITHIN, is_tls(&stream)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => return inner.roads.pairing_call(stream, from),
        Ok(Err(_)) | Err(_) => return,
    }
    tune(&stream);
    let made = inner.keys().tunnel_server(inner.roads.gate.clone());
    let Ok(config) = made else { return };
    let tls = match TlsAcceptor::from(Arc::new(config)).accept(stream).await {
        Ok(tls) => tls,
        Err(why) => {
            tracing::debug!(%from, %why, "a tunnel's handshake failed");
            return;
        }
    };
    let key = keys::other_end_of_tls(tls.get_ref().1);
    let Some(peer) = key.and_then(|key| inner.trust.peer_with(&key)) else { return };
    if inner.visits.take(&peer, Instant::now()).is_ok() {
        inner.open_tunnel(peer, Road::of(RoadKind::Tcp), tls);
    }
}

/// Whether the caller begins with a TLS handshake. Takes nothing off the stream.
async fn is_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; FIRST_BYTES];
    loop {
        match stream.peek(&mut first).await? {
            FIRST_BYTES => return Ok(matches!(first, [0x16, 3, 1, _, _, 1])),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Makes a tunnel to a peer at one of its addresses.
pub(crate) async fn dial(inner: &Arc<Inner>, peer: SiteId, address: SocketAddr) -> Option<Arc<Tunnel>> {
    let key = inner.trust.key_of(&peer);
    let config = inner.keys().tunnel_client(key).ok()?;
    let name = ServerName::try_from(SERVER_NAME).ok()?;
    let dialled = tokio::time::timeout(DIAL_WITHIN, async {
        let stream = TcpStream::connect(address).await?;
        tune(&stream);
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    });
    let tls = dialled.await.ok()?.ok()?;
    if keys::other_end_of_tls(tls.get_ref().1) != Some(key) {
        return None;
    }
    inner.open_tunnel(peer, Road::of(RoadKind::Tcp), tls)
}
