//! The one task that owns the libp2p swarm, and the handle to it.
//!
//! The gate is the first behaviour: of keys that are not a peer's a few are heard for a moment ([`super::gate`]), all others
//! refused right after the handshake, before any protocol runs; each is told upwards as a stranger. A peer that is
//! disallowed loses its connections at once.
//!
//! Upwards a site is its name; down here it is the key that speaks for it, and [`super::names`] is the one place where the two
//! are exchanged. Where a peer was dialled and another key answers, that key is let in to show that it is the peer's next one
//! ([`News::Claims`]). What a key asks that is no peer's is told apart ([`News::Heard`]).
//!
//! # Not here
//! What is said: [`super::converse`]. When to dial: [`super::dial`]. Which connections stay: [`super::lines`].

use super::{
    OverlayError,
    aside::{Aside, Beside, Change},
    callers::Callers,
    codec::Frames,
    dial::{Dialer, Road},
    gate::{Gate, NotAllowed},
    lines::Lines,
    names::{self, Names},
    news::{Channel, News},
    pairing::resolve,
};
use crate::tasks::Tasks;
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, TransportError, connection_limits, identity,
    memory_connection_limits,
    multiaddr::Protocol,
    ping, request_response,
    swarm::{
        ConnectionId, DialError, ListenError, NetworkBehaviour, SwarmEvent,
        dial_opts::{DialOpts, PeerCondition},
    },
    tcp, yamux,
};
use protocol::{Key, SiteId, SiteKey, message, signed::Signs as _};
use std::{
    collections::HashMap,
    net::{SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// Commands waiting for the loop: enough for a burst to every peer.
const COMMANDS: usize = 1024;
/// News waiting for [`super::converse`], which never waits itself.
const NEWS: usize = 1024;
/// An answer takes this long at most.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests of one connection worked on at once.
const STREAMS_MAX: usize = 64;
/// Both sides dial, by two roads: four connections at worst, and as many that died with the process at the other end.
const PER_PEER_MAX: u32 = 8;
/// Handshakes at once: strangers cost a handshake each.
const PENDING_MAX: u32 = 64;
/// Above this the node takes no new connections: it has other work to keep alive.
const MEMORY_MAX: usize = 768 << 20;
/// Whoever does not answer is noticed within seconds: people wait for what it holds.
const PING: Duration = Duration::from_secs(1);
/// A connection over which nothing comes is given up by QUIC itself.
const QUIC_IDLE_MS: u32 = 5_000;

/// How long an address in use is waited for at start.
const LISTEN_WAIT: Duration = Duration::from_secs(5);
/// How long goodbyes have to get out before the connections of a key of before are dropped.
const LEAVES: Duration = Duration::from_millis(100);

#[derive(NetworkBehaviour)]
struct Behaviour {
    gate: Gate,
    callers: Callers,
    limits: connection_limits::Behaviour,
    memory: memory_connection_limits::Behaviour,
    requests: request_response::Behaviour<Frames>,
    ping: ping::Behaviour,
}

#[derive(Debug)]
enum Command {
    Ask { of: Whom, bytes: Vec<u8>, reply: oneshot::Sender<Option<Vec<u8>>> },
    Answer { channel: request_response::ResponseChannel<Vec<u8>>, bytes: Vec<u8> },
    Beside(Arc<dyn Aside>),
    Allow { site: SiteId, key: Key, addresses: Vec<String> },
    Disallow(SiteId),
    Settled(SiteId),
    Dial { site: SiteId, addresses: Vec<Multiaddr> },
    Unclaim(Key),
    Rekey(Box<SiteKey>),
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
enum Whom {
    Site(SiteId),
    /// Whoever has this key.
    Key(Key),
}

/// The handle. Clones share the loop.
#[derive(Clone, Debug)]
pub(super) struct Link {
    commands: mpsc::Sender<Command>,
    /// Where it listens, UDP and TCP.
    pub(super) listen: SocketAddr,
}

impl Link {
    /// Asks a connected site; `None` when it is not, or does not answer in time.
    pub(super) async fn ask(&self, site: SiteId, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.ask_whom(Whom::Site(site), bytes).await
    }
    /// Asks whoever answered with this key where a peer was dialled.
    pub(super) async fn ask_claimant(&self, key: Key, bytes: Vec<u8>) -> Option<Vec<u8>> {
        self.ask_whom(Whom::Key(key), bytes).await
    }
    async fn ask_whom(&self, of: Whom, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Ask { of, bytes, reply }).await.ok()?;
        answer.await.ok().flatten()
    }
    /// Lets a key in no more that answered where a peer was dialled, or was in the hall.
    pub(super) async fn unclaim(&self, key: Key) {
        let _ = self.commands.send(Command::Unclaim(key)).await;
    }
    /// We have another key: all connections are made anew with it.
    pub(super) async fn rekey(&self, key: SiteKey) {
        let _ = self.commands.send(Command::Rekey(Box::new(key))).await;
    }
    pub(super) async fn answer(&self, channel: Channel, bytes: Vec<u8>) {
        match channel {
            Channel::Line(channel) => drop(self.commands.send(Command::Answer { channel, bytes }).await),
            Channel::Aside(reply) => drop(reply.send(bytes)),
        }
    }
    /// Sites without a road of their own are asked by this one.
    pub(super) async fn reach_by(&self, aside: Arc<dyn Aside>) {
        let _ = self.commands.send(Command::Beside(aside)).await;
    }
    /// Lets a site in by its key, and by no other, and keeps it connected.
    pub(super) async fn allow(&self, site: SiteId, key: Key, addresses: Vec<String>) {
        let _ = self.commands.send(Command::Allow { site, key, addresses }).await;
    }
    /// Closes its connections and lets it in no more.
    pub(super) async fn disallow(&self, site: SiteId) {
        let _ = self.commands.send(Command::Disallow(site)).await;
    }
    /// A greeting was answered: the connection is good.
    pub(super) async fn settled(&self, site: SiteId) {
        let _ = self.commands.send(Command::Settled(site)).await;
    }
}

/// Finds a port that is free for both roads when any will do.
fn settle_port(listen: SocketAddr) -> std::io::Result<SocketAddr> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    let mut last = None;
    for _ in 0..16 {
        let address = TcpListener::bind(listen)?.local_addr()?;
        match UdpSocket::bind(address) {
            Ok(_) => return Ok(address),
            Err(taken) => last = Some(taken),
        }
    }
    Err(last.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into()))
}

fn build(key: &SiteKey) -> Result<Swarm<Behaviour>, OverlayError> {
    let transport = |why: &dyn std::fmt::Display| OverlayError::Transport(why.to_string());
    let mut seed = key.signing_key().to_bytes();
    let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).map_err(|e| transport(&e))?;
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_established_per_peer(Some(PER_PEER_MAX));
    let protocols = [(StreamProtocol::new(message::PROTOCOL), request_response::ProtocolSupport::Full)];
    let requests = request_response::Config::default()
        .with_request_timeout(REQUEST_TIMEOUT)
        .with_max_concurrent_streams(STREAMS_MAX);
    let behaviour = Behaviour {
        gate: Gate::default(),
        callers: Callers::default(),
        limits: connection_limits::Behaviour::new(limits),
        memory: memory_connection_limits::Behaviour::with_max_bytes(MEMORY_MAX),
        requests: request_response::Behaviour::with_codec(Frames, protocols, requests),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(PING).with_timeout(5 * PING)),
    };
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), libp2p::tls::Config::new, yamux::Config::default)
        .map_err(|e| transport(&e))?
        .with_quic_config(|mut quic| {
            quic.keep_alive_interval = PING;
            quic.max_idle_timeout = QUIC_IDLE_MS;
            quic
        })
        .with_behaviour(|_| behaviour)
        .map_err(|e| transport(&e))?
        // Connections to peers are kept: both ends ping.
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(3600 * 24 * 365)))
        .build();
    Ok(swarm)
}

/// Binds one road; an address that a node just stopped still holds is waited for.
async fn listen_on(swarm: &mut Swarm<Behaviour>, address: Multiaddr) -> std::io::Result<()> {
    let began = Instant::now();
    loop {
        let failed = match swarm.listen_on(address.clone()) {
            Ok(_) => return Ok(()),
            Err(TransportError::Other(why)) => why,
            Err(TransportError::MultiaddrNotSupported(_)) => return Err(std::io::ErrorKind::Unsupported.into()),
        };
        if began.elapsed() > LISTEN_WAIT {
            return Err(failed);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn listen_everywhere(swarm: &mut Swarm<Behaviour>, listen: SocketAddr) -> std::io::Result<()> {
    for road in [Road::Tcp, Road::Quic] {
        listen_on(swarm, road.address(listen)).await?;
    }
    Ok(())
}

/// Binds both roads and starts the loop.
pub(super) async fn start(
    listen: SocketAddr,
    key: &SiteKey,
    tasks: &Tasks,
) -> Result<(Link, mpsc::Receiver<News>), OverlayError> {
    let failed = |source| OverlayError::Listen { address: listen, source };
    let listen = settle_port(listen).map_err(failed)?;
    let mut swarm = build(key)?;
    listen_everywhere(&mut swarm, listen).await.map_err(failed)?;
    let (commands, received) = mpsc::channel(COMMANDS);
    let (news, heard) = mpsc::channel(NEWS);
    let state = Loop {
        swarm,
        listen,
        names: Names::default(),
        dialer: Dialer::default(),
        lines: Lines::new(key.site(), Instant::now()),
        beside: Beside::default(),
        asked: HashMap::new(),
        news,
        commands: commands.downgrade(),
        tasks: tasks.clone(),
    };
    tasks.spawn("swarm", state.run(received, tasks.stop_token()));
    Ok((Link { commands, listen }, heard))
}

struct Loop {
    swarm: Swarm<Behaviour>,
    listen: SocketAddr,
    names: Names,
    dialer: Dialer,
    lines: Lines,
    beside: Beside,
    asked: HashMap<request_response::OutboundRequestId, oneshot::Sender<Option<Vec<u8>>>>,
    news: mpsc::Sender<News>,
    commands: mpsc::WeakSender<Command>,
    tasks: Tasks,
}

enum Step {
    Swarm(Box<SwarmEvent<BehaviourEvent>>),
    Command(Command),
    Dial,
    Look,
    Stop,
}

impl Loop {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, stop: CancellationToken) {
        loop {
            match self.select(&mut commands, &stop).await {
                Step::Swarm(event) => self.apply(*event).await,
                Step::Command(Command::Rekey(key)) => self.rekey(&key).await,
                Step::Command(command) => self.obey(command),
                Step::Dial => self.dial_due(),
                Step::Look => {
                    let ending = self.lines.ending(Instant::now());
                    self.close_all(ending);
                    self.look_beside().await;
                }
                Step::Stop => return,
            }
        }
    }

    async fn select(&mut self, commands: &mut mpsc::Receiver<Command>, stop: &CancellationToken) -> Step {
        let due = self.dialer.next();
        let dial = async {
            match due {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        let look = tokio::time::sleep_until(self.lines.look_at().into());
        tokio::select! {
            () = stop.cancelled() => Step::Stop,
            command = commands.recv() => command.map_or(Step::Stop, Step::Command),
            event = self.swarm.select_next_some() => Step::Swarm(Box::new(event)),
            () = dial => Step::Dial,
            () = look => Step::Look,
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Ask { of, bytes, reply } => {
                let peer = match of {
                    Whom::Site(site) => self.names.peer(&site),
                    Whom::Key(key) => names::peer_id(&key),
                };
                match peer.filter(|p| self.swarm.is_connected(p)) {
                    Some(peer) => {
                        let id = self.swarm.behaviour_mut().requests.send_request(&peer, bytes);
                        self.asked.insert(id, reply);
                    }
                    None => self.ask_beside(of, bytes, reply),
                }
            }
            Command::Beside(aside) => self.beside.set(aside),
            Command::Answer { channel, bytes } => {
                // The asker may be gone.
                let _ = self.swarm.behaviour_mut().requests.send_response(channel, bytes);
            }
            Command::Allow { site, key, addresses } => {
                let Some(peer) = names::peer_id(&key) else { return };
                let now = Instant::now();
                // It was let in to show that it is this site: now it comes as the site. And no key of before does.
                let visits = self.swarm.behaviour().gate.is_in_hall(&peer).then_some(peer);
                let other = self.names.unclaim(&peer).into_iter().chain(self.names.is(site, peer));
                let shut: Vec<PeerId> = other.chain(visits).collect();
                if !shut.is_empty() {
                    shut.into_iter().for_each(|other| self.shut(other));
                    self.dialer.hurry(&site, now);
                }
                self.swarm.behaviour_mut().gate.allow(peer);
                self.dialer.keep(site, addresses, now);
            }
            Command::Disallow(site) => {
                self.dialer.forget(&site);
                let claimants = self.names.claimants(&site);
                self.names.forget(&site).into_iter().chain(claimants).for_each(|peer| self.shut(peer));
            }
            Command::Settled(site) => self.dialer.settled(&site),
            Command::Dial { site, addresses } => self.dial(&site, addresses),
            Command::Unclaim(key) => {
                let Some(peer) = names::peer_id(&key) else { return };
                let visits = self.names.site(&peer).is_none() && self.swarm.behaviour().gate.is_in_hall(&peer);
                if self.names.unclaim(&peer).is_some() || visits {
                    self.shut(peer);
                }
            }
            // The loop's own, since it waits.
            Command::Rekey(_) => {}
        }
    }

    fn ask_beside(&self, of: Whom, bytes: Vec<u8>, reply: oneshot::Sender<Option<Vec<u8>>>) {
        let asking = match of {
            Whom::Site(site) => self.beside.ask(&site, bytes),
            Whom::Key(_) => None,
        };
        match asking {
            Some(asking) => drop(self.tasks.spawn("ask.aside", async move { reply.send(asking.await) })),
            None => drop(reply.send(None)),
        }
    }

    /// Peers without a connection may be reached by another road.
    async fn look_beside(&mut self) {
        let all = self.names.all();
        let missing: Vec<SiteId> =
            all.iter().filter(|(_, peer)| !self.swarm.is_connected(peer)).map(|(site, _)| *site).collect();
        for change in self.beside.look(&missing) {
            let (Change::Came(site) | Change::Went(site) | Change::Road(site)) = change;
            self.tell_road(site).await;
            let news = match change {
                Change::Came(_) => News::Connected(site),
                Change::Went(_) => News::Disconnected(site),
                Change::Road(_) => continue,
            };
            let _ = self.news.send(news).await;
        }
    }

    fn shut(&mut self, peer: PeerId) {
        self.swarm.behaviour_mut().gate.disallow(&peer);
        let _ = self.swarm.disconnect_peer_id(peer);
    }

    /// All that was said over the connections of the key before is over; whoever asked asks again.
    async fn rekey(&mut self, key: &SiteKey) {
        let mut fresh = match build(key) {
            Ok(fresh) => fresh,
            Err(why) => return tracing::error!(%why, "the new key does not speak before the next start"),
        };
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let goodbyes = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        let _ = tokio::time::timeout(LEAVES, goodbyes).await;
        std::mem::swap(&mut self.swarm, &mut fresh);
        drop(fresh);
        for (_, reply) in self.asked.drain() {
            let _ = reply.send(None);
        }
        if let Err(why) = listen_everywhere(&mut self.swarm, self.listen).await {
            tracing::error!(%why, "the control plane does not listen with the new key before the next start");
        }
        let now = Instant::now();
        for (site, peer) in self.names.all() {
            self.swarm.behaviour_mut().gate.allow(peer);
            self.dialer.hurry(&site, now);
        }
        for site in self.lines.clear() {
            self.tell_road(site).await;
            let _ = self.news.send(News::Disconnected(site)).await;
        }
    }

    /// Another key answers for a site that is not connected: it may show that it is the site's next one.
    fn claim(&mut self, site: SiteId, obtained: PeerId, address: Multiaddr) {
        let is_connected = self.names.peer(&site).is_some_and(|peer| self.swarm.is_connected(&peer));
        if is_connected || !self.names.claims(site, obtained) {
            return;
        }
        self.swarm.behaviour_mut().gate.allow(obtained);
        // Named by whom it was dialled as.
        let address = address.iter().filter(|part| !matches!(part, Protocol::P2p(_))).collect();
        let options = DialOpts::peer_id(obtained).addresses(vec![address]).condition(PeerCondition::Always).build();
        if self.swarm.dial(options).is_err() {
            self.names.unclaim(&obtained).into_iter().for_each(|peer| self.shut(peer));
        }
    }

    fn dial(&mut self, site: &SiteId, addresses: Vec<Multiaddr>) {
        let Some(peer) = self.names.peer(site).filter(|p| !addresses.is_empty() && !self.swarm.is_connected(p)) else {
            return;
        };
        let options = DialOpts::peer_id(peer).addresses(addresses).condition(PeerCondition::Disconnected).build();
        if let Err(why) = self.swarm.dial(options) {
            tracing::debug!(site = %site.short(), %why, "not dialled");
        }
    }

    fn dial_due(&mut self) {
        for (site, road, addresses) in self.dialer.due(Instant::now()) {
            let literal: Result<Vec<SocketAddr>, _> = addresses.iter().map(|a| a.parse()).collect();
            if let Ok(literal) = literal {
                self.dial(&site, literal.into_iter().map(|a| road.address(a)).collect());
            } else if let Some(commands) = self.commands.upgrade() {
                self.tasks.spawn("resolve", async move {
                    let addresses = resolve(&addresses).await.into_iter().map(|a| road.address(a)).collect();
                    let _ = commands.send(Command::Dial { site, addresses }).await;
                });
            }
        }
    }

    async fn apply(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Requests(event)) => self.apply_request(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, connection, result })) => match result {
                Ok(_) => {
                    if let Some(site) = self.names.site(&peer) {
                        self.lines.heard(&site, connection, Instant::now());
                    }
                }
                Err(why) => {
                    tracing::debug!(%peer, %why, "no answer to a ping");
                    self.swarm.close_connection(connection);
                }
            },
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                if let Some((site, key)) = self.names.claimant(&peer_id) {
                    let _ = self.news.send(News::Claims(site, key)).await;
                    return;
                }
                let Some(site) = self.names.site(&peer_id) else {
                    return self.visited(&peer_id, endpoint.get_remote_address()).await;
                };
                let road = Road::of(endpoint.get_remote_address());
                let now = Instant::now();
                let dead = self.lines.opened(site, connection_id, road, endpoint.is_dialer(), now);
                self.close_all(dead);
                self.dialer.connected(&site);
                self.beside.leave(&site);
                self.tell_road(site).await;
                let _ = self.news.send(News::Connected(site)).await;
            }
            SwarmEvent::ConnectionClosed { connection_id, .. } => {
                let Some((site, last)) = self.lines.closed(connection_id) else { return };
                self.tell_road(site).await;
                if last {
                    self.dialer.lost(&site, Instant::now());
                    let _ = self.news.send(News::Disconnected(site)).await;
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                tracing::debug!(%peer, %error, "dial failed");
                if let Some(shut) = self.names.unclaim(&peer) {
                    self.shut(shut);
                }
                let Some(site) = self.names.site(&peer) else { return };
                self.dialer.failed(&site, Instant::now());
                if let DialError::WrongPeerId { obtained, address } = error {
                    self.claim(site, obtained, address);
                }
            }
            SwarmEvent::IncomingConnectionError {
                error: ListenError::Denied { cause },
                peer_id,
                send_back_addr,
                ..
            } if cause.downcast_ref::<NotAllowed>().is_some() => {
                let key = peer_id.as_ref().and_then(names::key_of);
                let _ = self.news.try_send(News::Stranger { key, from: send_back_addr.to_string() });
            }
            _ => {}
        }
    }

    /// A stranger is in the hall.
    async fn visited(&mut self, peer: &PeerId, from: &Multiaddr) {
        let Some(key) = names::key_of(peer) else { return };
        let _ = self.news.send(News::Visitor(key)).await;
        let _ = self.news.send(News::Stranger { key: Some(key), from: from.to_string() }).await;
    }

    async fn tell_road(&mut self, site: SiteId) {
        let road = self.lines.road(&site).map(Road::word).or_else(|| self.beside.road(&site));
        let _ = self.news.send(News::Road(site, road)).await;
    }

    fn close_all(&mut self, connections: Vec<ConnectionId>) {
        for connection in connections {
            tracing::debug!(%connection, "a connection is closed: dead, or one too many");
            self.swarm.close_connection(connection);
        }
    }

    fn apply_request(&mut self, event: request_response::Event<Vec<u8>, Vec<u8>>) {
        use request_response::{Event, Message};
        match event {
            Event::Message { peer, message: Message::Request { request, channel, .. }, .. } => {
                // A full queue drops the channel, and the asker hears at once that nothing came.
                let _ = match (self.names.site(&peer), names::key_of(&peer)) {
                    (Some(site), _) => {
                        self.news.try_send(News::Asked { site, bytes: request, channel: Channel::Line(channel) })
                    }
                    (None, Some(key)) => {
                        self.news.try_send(News::Heard { key, bytes: request, channel: Channel::Line(channel) })
                    }
                    (None, None) => Ok(()),
                };
            }
            Event::Message { message: Message::Response { request_id, response }, .. } => {
                if let Some(reply) = self.asked.remove(&request_id) {
                    let _ = reply.send(Some(response));
                }
            }
            Event::OutboundFailure { request_id, error, .. } => {
                tracing::debug!(%error, "a request was not answered");
                if let Some(reply) = self.asked.remove(&request_id) {
                    let _ = reply.send(None);
                }
            }
            Event::InboundFailure { .. } | Event::ResponseSent { .. } => {}
        }
    }
}
