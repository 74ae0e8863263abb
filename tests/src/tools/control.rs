//! A bare end of the control plane: any key, no policy of its own. Frames go out as a story wrote them, and what the other
//! side asks is answered by the story.

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identity, ping, request_response,
    swarm::{NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
};
use protocol::{
    message::{Answer, PROTOCOL, Request},
    wire,
};
use std::{
    collections::HashMap,
    fs, io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// More than any answer has.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// Longer than the node takes to give a request up.
const ANSWER_WAIT: Duration = Duration::from_secs(15);

/// Frames as they are: what is written is not looked at.
#[derive(Clone, Copy, Debug, Default)]
struct AsIs;

/// A frame as the protocol wants it: its length, then the bytes.
#[must_use]
pub fn framed(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a story writes no 4 GiB");
    [&length.to_le_bytes(), body].concat()
}

async fn read_body<T: AsyncRead + Unpin + Send>(io: &mut T) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let mut body = Vec::new();
    io.take(u64::from(u32::from_le_bytes(length)).min(ANSWER_BYTES_MAX)).read_to_end(&mut body).await?;
    Ok(body)
}

async fn write_all<T: AsyncWrite + Unpin + Send>(io: &mut T, bytes: &[u8]) -> io::Result<()> {
    io.write_all(bytes).await?;
    io.close().await
}

impl request_response::Codec for AsIs {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_body(io).await
    }
    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        read_body(io).await
    }
    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        write_all(io, &bytes).await
    }
    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        write_all(io, &bytes).await
    }
}

/// Whoever does not answer pings is taken for dead.
#[derive(NetworkBehaviour)]
struct End {
    requests: request_response::Behaviour<AsIs>,
    ping: ping::Behaviour,
}

type Ask = (Vec<u8>, oneshot::Sender<Option<Vec<u8>>>);
/// What the story says to what the other side asks; `None`: nothing at all.
type Says = Arc<Mutex<dyn FnMut(Request) -> Option<Answer> + Send>>;

/// Connected to one site in the name of a key.
#[derive(Clone, Debug)]
pub struct Peer {
    asks: mpsc::Sender<Ask>,
    _task: Arc<JoinSet<()>>,
}

/// The 32 bytes of the key that speaks for the node of a folder: behind its first one, where it was changed.
#[must_use]
pub fn seed_of_folder(dir: &Path) -> [u8; 32] {
    let seeds = fs::read(dir.join("site.key")).unwrap();
    let current = if seeds.len() > 32 { &seeds[32..64] } else { &seeds[..] };
    current.try_into().expect("a seed has 32 bytes")
}

fn swarm(mut seed: [u8; 32]) -> Swarm<End> {
    let key = identity::Keypair::ed25519_from_bytes(&mut seed).unwrap();
    let protocols = [(StreamProtocol::new(PROTOCOL), request_response::ProtocolSupport::Full)];
    let settings =
        request_response::Config::default().with_request_timeout(ANSWER_WAIT).with_max_concurrent_streams(4096);
    SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_quic()
        .with_behaviour(|_| End {
            requests: request_response::Behaviour::with_codec(AsIs, protocols, settings),
            // libp2p does not listen for the next ping until something else wakes the connection: its own do, as the node's.
            ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(1))),
        })
        .unwrap()
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build()
}

impl Peer {
    /// Connects; `None` when the other side does not let this key in. `says` answers what it asks.
    pub async fn dial(
        seed: [u8; 32],
        to: SocketAddr,
        says: impl FnMut(Request) -> Option<Answer> + Send + 'static,
    ) -> Option<Self> {
        let mut swarm = swarm(seed);
        let address: Multiaddr = format!("/ip4/{}/udp/{}/quic-v1", to.ip(), to.port()).parse().unwrap();
        swarm.dial(DialOpts::unknown_peer_id().address(address).build()).unwrap();
        let other = tokio::time::timeout(CONNECT_WAIT, async {
            loop {
                match swarm.select_next_some().await {
                    SwarmEvent::ConnectionEstablished { peer_id, .. } => return Some(peer_id),
                    SwarmEvent::OutgoingConnectionError { .. } => return None,
                    _ => {}
                }
            }
        });
        let other = other.await.ok()??;
        let (asks, asked) = mpsc::channel(4096);
        let says: Says = Arc::new(Mutex::new(says));
        let mut task = JoinSet::new();
        let _ = task.spawn(drive(swarm, other, asked, says));
        Some(Self { asks, _task: Arc::new(task) })
    }

    /// Sends a frame as it is, and gives the body of what comes back. `None`: nothing does.
    pub async fn throw(&self, frame: Vec<u8>) -> Option<Vec<u8>> {
        let (reply, answer) = oneshot::channel();
        self.asks.send((frame, reply)).await.ok()?;
        answer.await.ok().flatten()
    }

    /// Asks as the protocol says.
    pub async fn ask(&self, request: &Request) -> Option<Answer> {
        wire::decode(&self.throw(framed(&wire::encode(request))).await?).ok()
    }

    /// The same, for many at once.
    pub async fn ask_soon(&self, request: Request) -> Option<Answer> {
        self.ask(&request).await
    }
}

async fn drive(mut swarm: Swarm<End>, other: PeerId, mut asked: mpsc::Receiver<Ask>, says: Says) {
    let mut waiting: HashMap<request_response::OutboundRequestId, oneshot::Sender<Option<Vec<u8>>>> = HashMap::new();
    loop {
        tokio::select! {
            ask = asked.recv() => {
                let Some((frame, reply)) = ask else { return };
                waiting.insert(swarm.behaviour_mut().requests.send_request(&other, frame), reply);
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::Behaviour(EndEvent::Requests(request_response::Event::Message { message, .. })) => match message {
                    request_response::Message::Response { request_id, response } => {
                        if let Some(reply) = waiting.remove(&request_id) {
                            let _ = reply.send(Some(response));
                        }
                    }
                    request_response::Message::Request { request, channel, .. } => {
                        let answer = wire::decode(&request).ok().and_then(|request| says.lock().unwrap()(request));
                        if let Some(answer) = answer {
                            let _ = swarm.behaviour_mut().requests.send_response(channel, framed(&wire::encode(&answer)));
                        }
                    }
                },
                SwarmEvent::Behaviour(EndEvent::Requests(request_response::Event::OutboundFailure { request_id, .. })) => {
                    if let Some(reply) = waiting.remove(&request_id) {
                        let _ = reply.send(None);
                    }
                }
                SwarmEvent::ConnectionClosed { num_established: 0, .. } => return,
                _ => {}
            },
        }
    }
}
