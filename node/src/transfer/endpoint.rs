//! The endpoint of the pixel plane: one socket for dialling and being dialled, UDP with tunnels beside it.
//!
//! Buffers and windows are those that measured well between hospitals (docs/decisions): large enough for a 1 Gb/s link
//! of 40 ms, small enough that a peer that stops reading costs 32 MiB.
//!
//! # Not here
//! Which keys pass: [`super::keys`]. Connections after their handshake: [`super::line`] and [`super::serve`].

use super::{
    TransferError, congestion,
    keys::{Gate, Keys},
    roads::{
        self, Table,
        socket::{Came, Socket as RoadSocket},
    },
};
use protocol::{Key, congestion::Law};
use quinn::{
    AckFrequencyConfig, ClientConfig, Endpoint, EndpointConfig, IdleTimeout, Runtime, ServerConfig, TokioRuntime,
    TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use socket2::{Domain, Protocol, Socket, Type};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::mpsc};

/// Kernel buffer asked for, each way: 4 MiB hold 30 ms at 1 Gb/s, a scheduling hiccup.
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
/// Keeps address translators open and finds a dead peer.
const KEEP_ALIVE: Duration = Duration::from_millis(1500);
/// Without a packet for so long a connection is gone, and readers are told that the holder is away. Shorter outages are
/// ridden out; after a longer one what was verified stays, and the rest is asked for anew.
const IDLE_MS: u32 = 5_000;
/// Packets acknowledged at once while they come in order: each acknowledgement costs both sides about what an image's packet
/// costs. A gap is told of at once all the same.
const ACK_EACH: u32 = 10;
/// A packet is acknowledged within this time: less than what a far link's round trips differ by.
const ACK_WITHIN: Duration = Duration::from_millis(5);
/// Requests one peer may have open: those being served and as many waiting.
const STREAMS_MAX: u32 = 256;
/// Name given to TLS, which neither sends nor checks it: the key is the name.
pub(crate) const SERVER_NAME: &str = "confrere.invalid";

/// Ports tried where any will do.
const ANY_TRIES: usize = 16;

/// Stream error codes.
pub(crate) mod code {
    use quinn::VarInt;

    /// The permission was withdrawn while bytes were on their way.
    pub(crate) const WITHDRAWN: VarInt = VarInt::from_u32(1);
    /// The node stops.
    pub(crate) const STOPPING: VarInt = VarInt::from_u32(2);
    /// Nobody wants it any more.
    pub(crate) const UNWANTED: VarInt = VarInt::from_u32(3);
    /// The other side broke the protocol.
    pub(crate) const MALFORMED: VarInt = VarInt::from_u32(4);
    /// No trust between the sites.
    pub(crate) const NOT_PAIRED: VarInt = VarInt::from_u32(5);
    /// Another connection took its place.
    pub(crate) const REPLACED: VarInt = VarInt::from_u32(6);
    /// The site connects again and again.
    pub(crate) const TOO_OFTEN: VarInt = VarInt::from_u32(7);
}

/// What is bound.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) endpoint: Endpoint,
    pub(crate) table: Arc<Table>,
    /// The endpoint's socket, and where tunnels put what they bring.
    pub(crate) socket: (Arc<RoadSocket>, mpsc::Sender<Came>),
    /// TCP on the same port.
    pub(crate) listener: Option<TcpListener>,
}

/// Binds the endpoint and makes it accept what the gate lets in; `tcp`: the TCP port too; `law`: how fast it sends.
///
/// # Errors
/// [`TransferError::Listen`].
pub(crate) fn bind(
    address: SocketAddr,
    keys: &Keys,
    gate: Gate,
    (tcp, law): (bool, Law),
) -> Result<Bound, TransferError> {
    let listen = |source: io::Error| TransferError::Listen { address, source };
    let server = accepting(keys, gate, law).map_err(|e| listen(io::Error::other(e)))?;
    let (udp, listener) = sockets(address, tcp).map_err(listen)?;
    let table = Arc::new(Table::default());
    let udp = TokioRuntime.wrap_udp_socket(udp).map_err(listen)?;
    let socket = RoadSocket::new(udp, table.clone());
    let (config, runtime) = (EndpointConfig::default(), Arc::new(TokioRuntime));
    let endpoint =
        Endpoint::new_with_abstract_socket(config, Some(server), socket.0.clone(), runtime).map_err(listen)?;
    Ok(Bound { endpoint, table, socket, listener })
}

/// UDP and, where it is wanted, TCP with the same number: where any will do, one that is free for both.
fn sockets(address: SocketAddr, tcp: bool) -> io::Result<(std::net::UdpSocket, Option<TcpListener>)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..ANY_TRIES {
        let udp = socket(address)?;
        if !tcp {
            return Ok((udp, None));
        }
        match roads::tcp::bind(udp.local_addr()?) {
            Ok(listener) => return Ok((udp, Some(listener))),
            Err(taken) if address.port() == 0 => last = taken,
            Err(taken) => return Err(taken),
        }
    }
    Err(last)
}

/// How to be dialled, with our key of now.
///
/// # Errors
/// When the key is not one TLS takes: never, for a site's key.
pub(crate) fn accepting(keys: &Keys, gate: Gate, law: Law) -> Result<ServerConfig, rustls::Error> {
    let tls = keys.server(gate)?;
    let crypto = QuicServerConfig::try_from(tls).map_err(|e| rustls::Error::General(e.to_string()))?;
    let mut server = ServerConfig::with_crypto(Arc::new(crypto));
    server.transport_config(Arc::new(transport(law)));
    // Half-open handshakes of anybody: bounded, since no key is known yet.
    server.max_incoming(256);
    Ok(server)
}

/// How to dial one peer.
///
/// # Errors
/// When the key is not one TLS takes: never, for a site's key.
pub(crate) fn dialling(keys: &Keys, peer: Key, law: Law) -> Result<ClientConfig, rustls::Error> {
    let tls = keys.client(peer)?;
    let crypto = QuicClientConfig::try_from(tls).map_err(|e| rustls::Error::General(e.to_string()))?;
    let mut client = ClientConfig::new(Arc::new(crypto));
    client.transport_config(Arc::new(transport(law)));
    Ok(client)
}

fn socket(address: SocketAddr) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES)?;
    socket.set_send_buffer_size(SOCKET_BUFFER_BYTES)?;
    socket.bind(&address.into())?;
    // Linux reports twice what is usable.
    let (receive, send) = (socket.recv_buffer_size()? / 2, socket.send_buffer_size()? / 2);
    if receive < SOCKET_BUFFER_BYTES || send < SOCKET_BUFFER_BYTES {
        tracing::warn!(
            receive,
            send,
            wanted = SOCKET_BUFFER_BYTES,
            "the kernel cut the UDP buffers: raise net.core.rmem_max and net.core.wmem_max, or far peers will be slow"
        );
    }
    Ok(socket.into())
}

fn transport(law: Law) -> TransportConfig {
    let mut acknowledged = AckFrequencyConfig::default();
    acknowledged.ack_eliciting_threshold(VarInt::from_u32(ACK_EACH - 1)).max_ack_delay(Some(ACK_WITHIN));
    let mut transport = TransportConfig::default();
    transport
        .stream_receive_window(VarInt::from_u32(16 << 20))
        .receive_window(VarInt::from_u32(32 << 20))
        .send_window(32 << 20)
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .max_concurrent_bidi_streams(VarInt::from_u32(STREAMS_MAX))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        // Every stream has a place of its own (`wire::place`), so that the first image asked for is complete first. Without
        // this quinn would end a stream that it began before anything more urgent, also before what it must send again.
        .send_fairness(true)
        .congestion_controller_factory(congestion::controller(law))
        .ack_frequency_config(Some(acknowledged))
        .enable_segmentation_offload(true);
    transport
}
