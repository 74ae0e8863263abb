//! Pairing on the wire: a TCP listener that is open only while an invitation is, and the joiner's connection to it.
//!
//! The listener has the pixel plane's address (TCP beside its UDP; where that plane has the port for itself, it hands these calls
//! on), at most [`CONNECTIONS_MAX`] connections, frames
//! within bounds and a time limit on every wait. The machine in `protocol::pairing` decides everything else. When both
//! people said yes, the pairing is on record before the site is a peer.
//!
//! # At a crash
//! An invitation lives in memory: after a restart it is expired. A peer is one when its record is durable; if only one
//! side got that far, the two pair again.

use super::{Inner, Invitation, OverlayError, OverlayEvent, Pairing, PairingFailure, PairingState};
use crate::{
    audit::{Act, Actor, Event as Evidence, Outcome},
    tasks,
    trust::Peer,
};
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::{
    Refusal, SiteId,
    ids::Id128,
    message::SiteRecord,
    pairing::{self, Code, Event, Failure, Inviter, Joiner, MESSAGE_BYTES_MAX},
    signed::Signed,
};
use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};

/// Connections to the listener at once.
const CONNECTIONS_MAX: usize = 4;
/// From connecting to the first message.
const FIRST_WAIT: Duration = Duration::from_secs(3);
/// From the first message to the proof.
const PROOF_WAIT: Duration = Duration::from_secs(10);
/// Connecting to one address.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Pairings remembered, the finished ones too.
const KEPT: usize = 16;

/// Who calls, and from where.
type Call = (TcpStream, SocketAddr);

/// Where calls go while an invitation is open.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Option<mpsc::Sender<Call>>>);

/// Where calls come from.
enum Door {
    Own(TcpListener),
    /// The pixel plane's.
    Shared(mpsc::Receiver<Call>),
}

impl Door {
    async fn call(&mut self) -> Option<Call> {
        match self {
            Self::Own(listener) => listener.accept().await.ok(),
            Self::Shared(calls) => calls.recv().await,
        }
    }
}

impl super::Overlay {
    /// A site called at the pixel plane's TCP port that does not speak its language: it may want to pair.
    pub(crate) fn pairing_call(&self, stream: TcpStream, from: SocketAddr) {
        let calls = self.inner.pairing_calls.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(calls) = calls {
            let _ = calls.try_send((stream, from));
        }
    }
}

type Decision = (bool, oneshot::Sender<()>);

#[derive(Debug)]
struct Row {
    pairing: Pairing,
    /// The peer that it is, which has lost its key, as this side's administrator says.
    replaces: Option<SiteId>,
    decide: mpsc::Sender<Decision>,
}

/// All pairings of this run.
#[derive(Debug, Default)]
pub(super) struct Pairings(Mutex<VecDeque<Row>>);

impl Pairings {
    fn with<T>(&self, work: impl FnOnce(&mut VecDeque<Row>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    pub(super) fn list(&self) -> Vec<Pairing> {
        self.with(|rows| rows.iter().map(|r| r.pairing.clone()).collect())
    }
    fn get(&self, id: &Id128) -> Option<Pairing> {
        self.with(|rows| rows.iter().find(|r| r.pairing.id == *id).map(|r| r.pairing.clone()))
    }
    fn add(&self, pairing: Pairing, decide: mpsc::Sender<Decision>) {
        self.with(|rows| {
            rows.retain(|r| r.pairing.id != pairing.id);
            rows.push_front(Row { pairing, replaces: None, decide });
            rows.truncate(KEPT);
        });
    }
    fn set(&self, id: &Id128, change: impl FnOnce(&mut PairingState)) {
        self.with(|rows| {
            if let Some(row) = rows.iter_mut().find(|r| r.pairing.id == *id) {
                change(&mut row.pairing.state);
            }
        });
    }
    fn replace(&self, id: &Id128, old: SiteId) {
        self.with(|rows| {
            if let Some(row) = rows.iter_mut().find(|r| r.pairing.id == *id) {
                row.replaces = Some(old);
            }
        });
    }
    fn replaced_by(&self, id: &Id128) -> Option<SiteId> {
        self.with(|rows| rows.iter().find(|r| r.pairing.id == *id).and_then(|r| r.replaces))
    }
    fn decider(&self, id: &Id128) -> Option<mpsc::Sender<Decision>> {
        self.with(|rows| rows.iter().find(|r| r.pairing.id == *id).map(|r| r.decide.clone()))
    }
}

impl From<Failure> for PairingFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WrongCode => Self::WrongCode,
            Failure::Expired => Self::Expired,
            Failure::Rejected => Self::Rejected,
            Failure::Protocol => Self::Protocol,
        }
    }
}

async fn read_frame(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let length = usize::from(stream.read_u16_le().await?);
    if length > MESSAGE_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn write_frame(stream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> io::Result<()> {
    let length = u16::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    stream.write_all(&[&length.to_le_bytes(), bytes].concat()).await?;
    stream.flush().await
}

/// Either side's machine, as the loop that carries its messages sees it.
trait Machine: Send {
    fn take(&mut self, bytes: &[u8]) -> Result<(), pairing::Violation>;
    fn say(&mut self) -> Option<Vec<u8>>;
    fn told(&mut self) -> Option<Event>;
    fn decide(&mut self, accept: bool) -> Result<(), pairing::Violation>;
    fn tick(&mut self);
    fn gone(&mut self);
    fn over(&self) -> bool;
}

macro_rules! machine {
    ($kind:ty) => {
        impl Machine for $kind {
            fn take(&mut self, bytes: &[u8]) -> Result<(), pairing::Violation> {
                self.handle_message(tasks::now(), bytes)
            }
            fn say(&mut self) -> Option<Vec<u8>> {
                self.poll_message()
            }
            fn told(&mut self) -> Option<Event> {
                self.poll_event()
            }
            fn decide(&mut self, accept: bool) -> Result<(), pairing::Violation> {
                self.confirm(accept)
            }
            fn tick(&mut self) {
                self.handle_timeout(tasks::now());
            }
            fn gone(&mut self) {
                self.lost();
            }
            fn over(&self) -> bool {
                self.is_closed()
            }
        }
    };
}
machine!(Inviter);
machine!(Joiner);

async fn say_all(machine: &mut impl Machine, stream: &mut (impl AsyncWriteExt + Unpin)) {
    while let Some(message) = machine.say() {
        if write_frame(stream, &message).await.is_err() {
            machine.gone();
            return;
        }
    }
}

impl Inner {
    fn pairing_addresses(&self, listen: SocketAddr) -> Vec<String> {
        let told = &self.config.pixels.advertise;
        if told.is_empty() { super::own_addresses(listen) } else { told.iter().take(8).cloned().collect() }
    }

    pub(super) async fn invite(self: &Arc<Self>) -> Result<Invitation, OverlayError> {
        // One invitation at a time: a new one closes the one before, and its listener with it.
        let mut open = self.inviting.lock().await;
        if let Some((stop, closed)) = open.take() {
            stop.cancel();
            let _ = closed.await;
        }
        let address = self.config.pixels.listen;
        let (door, listen) = if self.config.pixels.tcp {
            let (call, calls) = mpsc::channel(CONNECTIONS_MAX);
            *self.pairing_calls.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
            (Door::Shared(calls), address)
        } else {
            let bound = TcpListener::bind(address).await;
            let listener = bound.map_err(|source| OverlayError::Listen { address, source })?;
            let listen = listener.local_addr().unwrap_or(address);
            (Door::Own(listener), listen)
        };
        let invitation = pairing::Invitation {
            id: tasks::random_id(),
            site: self.identity.site(),
            name: self.config.site.name.clone(),
            addresses: self.pairing_addresses(listen),
            expires: tasks::now().after(pairing::LIFE),
        };
        let code = Code::draw(&rand::random());
        let told = Invitation {
            id: invitation.id,
            text: invitation.to_string(),
            code: code.spoken(),
            expires: invitation.expires,
        };
        let (decide, decisions) = mpsc::channel(4);
        let state = PairingState::Waiting { tries_left: pairing::TRIES };
        let row = Pairing { id: told.id, inviter: true, state, expires: told.expires };
        self.pairings.add(row, decide);
        let inviter = Inviter::new(self.identity.key(), self.record_now(), invitation, code);
        let (inner, stop, id) = (self.clone(), self.tasks.stop_token(), told.id);
        let cancel = stop.clone();
        let closed = self.tasks.spawn("pairing", async move {
            let open = inner.clone().open_to_join(id, inviter, door, decisions);
            tokio::select! {
                () = open => {}
                () = stop.cancelled() => inner.pairing_failed(&id, PairingFailure::Expired).await,
            }
        });
        *open = Some((cancel, closed));
        self.tell(OverlayEvent::Pairing(told.id));
        Ok(told)
    }

    async fn open_to_join(
        self: Arc<Self>,
        id: Id128,
        mut inviter: Inviter,
        mut door: Door,
        mut decisions: mpsc::Receiver<Decision>,
    ) {
        let mut first = FuturesUnordered::new();
        while !inviter.over() {
            tokio::select! {
                Some((stream, from)) = door.call(), if first.len() < CONNECTIONS_MAX => {
                    first.push(async move {
                        let mut stream = stream;
                        let frame = tokio::time::timeout(FIRST_WAIT, read_frame(&mut stream)).await;
                        (stream, from, frame)
                    });
                }
                Some((mut stream, from, frame)) = first.next() => {
                    let Ok(Ok(frame)) = frame else { continue };
                    if inviter.begin(tasks::now(), &rand::random()).is_err() {
                        break;
                    }
                    let _ = inviter.handle_message(tasks::now(), &frame);
                    if self.attempt(&id, &mut inviter, &mut stream, from).await {
                        // The invitation is used: nobody else may even connect.
                        drop(door);
                        drop(first);
                        return self.compare(&id, &mut inviter, &mut stream, &mut decisions).await;
                    }
                }
                Some((_, done)) = decisions.recv() => drop(done),
                () = tokio::time::sleep(Duration::from_secs(1)) => inviter.tick(),
            }
            self.note_events(&id, &mut inviter).await;
        }
        self.note_events(&id, &mut inviter).await;
    }

    /// From the first message to the proof; whether it held.
    async fn attempt(
        self: &Arc<Self>,
        id: &Id128,
        inviter: &mut Inviter,
        stream: &mut TcpStream,
        from: SocketAddr,
    ) -> bool {
        say_all(inviter, stream).await;
        let proof = tokio::time::timeout(PROOF_WAIT, read_frame(stream)).await;
        match proof {
            Ok(Ok(proof)) => drop(inviter.handle_message(tasks::now(), &proof)),
            Ok(Err(_)) | Err(_) => inviter.gone(),
        }
        say_all(inviter, stream).await;
        // Shown before it is on record: whoever sees the record sees what it left.
        self.pairings.set(id, |state| {
            if let PairingState::Waiting { tries_left } = state {
                *tries_left = inviter.tries_left();
            }
        });
        let proven = self.note_events(id, inviter).await;
        if !proven {
            tracing::info!(%from, tries_left = inviter.tries_left(), "a pairing attempt failed");
            self.tell(OverlayEvent::Pairing(*id));
        }
        proven
    }

    /// Both people compare; until both said yes, one said no, or time is up.
    async fn compare(
        self: &Arc<Self>,
        id: &Id128,
        machine: &mut impl Machine,
        stream: &mut TcpStream,
        decisions: &mut mpsc::Receiver<Decision>,
    ) {
        let (mut read, mut write) = stream.split();
        // Frames are read by one future that lives on, since a frame half read must not be lost.
        let (frames_in, mut frames) = mpsc::channel::<Vec<u8>>(4);
        let reader = async {
            while let Ok(frame) = read_frame(&mut read).await {
                if frames_in.send(frame).await.is_err() {
                    return;
                }
            }
            drop(frames_in);
            std::future::pending::<()>().await;
        };
        let talk = async {
            while !machine.over() {
                let mut heard = None;
                tokio::select! {
                    frame = frames.recv() => match frame {
                        Some(frame) => drop(machine.take(&frame)),
                        None => machine.gone(),
                    },
                    Some((accept, done)) = decisions.recv() => {
                        if machine.decide(accept).is_ok() {
                            self.pairings.set(id, |state| {
                                if let PairingState::Compare { confirmed_here, .. } = state {
                                    *confirmed_here = accept;
                                }
                            });
                        }
                        heard = Some(done);
                    }
                    () = tokio::time::sleep(Duration::from_secs(1)) => machine.tick(),
                }
                say_all(machine, &mut write).await;
                self.note_events(id, machine).await;
                drop(heard);
            }
            let _ = write.shutdown().await;
        };
        tokio::select! {
            () = reader => {}
            () = talk => {}
        }
    }

    /// Acts on what the machine tells; whether a proof held among it.
    async fn note_events(self: &Arc<Self>, id: &Id128, machine: &mut impl Machine) -> bool {
        let mut proven = false;
        while let Some(event) = machine.told() {
            match event {
                Event::Compare { peer, name, digits } => {
                    proven = true;
                    let (confirmed_here, confirmed_there) = (false, false);
                    let state =
                        PairingState::Compare { peer_name: name, peer, digits, confirmed_here, confirmed_there };
                    self.pairings.set(id, |s| *s = state);
                }
                Event::ConfirmedThere => self.pairings.set(id, |state| {
                    if let PairingState::Compare { confirmed_there, .. } = state {
                        *confirmed_there = true;
                    }
                }),
                Event::Done { peer, name, record } => self.paired(id, peer, name, record).await,
                Event::AttemptFailed(why) => {
                    let event = Evidence::new(Act::PairingFailed, Actor::default());
                    self.record(event.outcome(Outcome::Failed).note(why.to_string())).await;
                }
                Event::Failed(why) => self.pairing_failed(id, why.into()).await,
            }
            self.tell(OverlayEvent::Pairing(*id));
        }
        proven
    }

    async fn paired(self: &Arc<Self>, id: &Id128, site: SiteId, name: String, record: Signed<SiteRecord>) {
        let peer = Peer { site, name: name.clone(), record, paired: tasks::now(), revoked: None };
        let evidence = Evidence::new(Act::PeerPaired, Actor::default()).peer(site);
        // No evidence, no effect.
        let recorded = self.audit.record(evidence).await.is_ok();
        let state = if recorded && self.trust.add_peer(peer).await.is_ok() {
            if let Some(old) = self.pairings.replaced_by(id).filter(|old| *old != site) {
                self.replace_lost(old, site).await;
            }
            PairingState::Done { peer_name: name, peer: site }
        } else {
            tracing::error!("the pairing could not be recorded");
            PairingState::Failed { reason: PairingFailure::Protocol }
        };
        self.pairings.set(id, |s| *s = state);
    }

    async fn pairing_failed(self: &Arc<Self>, id: &Id128, reason: PairingFailure) {
        let open = self
            .pairings
            .get(id)
            .is_some_and(|p| !matches!(p.state, PairingState::Done { .. } | PairingState::Failed { .. }));
        if !open {
            return;
        }
        self.pairings.set(id, |s| *s = PairingState::Failed { reason });
        let outcome =
            if reason == PairingFailure::Expired { Outcome::Refused(Refusal::Expired) } else { Outcome::Failed };
        let event = Evidence::new(Act::PairingFailed, Actor::default()).outcome(outcome);
        self.record(event.note(reason.to_string())).await;
        self.tell(OverlayEvent::Pairing(*id));
    }

    pub(super) async fn join(self: &Arc<Self>, text: &str, code: &str) -> Result<Pairing, OverlayError> {
        let invitation: pairing::Invitation = text.parse().map_err(|_| PairingFailure::BadInvitation)?;
        let code: Code = code.parse().map_err(|_| PairingFailure::WrongCode)?;
        if invitation.site == self.identity.site() || self.trust.peer(&invitation.site).is_some() {
            return Err(PairingFailure::AlreadyPaired.into());
        }
        if invitation.expires <= tasks::now() {
            return Err(PairingFailure::Expired.into());
        }
        let (id, expires) = (invitation.id, invitation.expires);
        let mut stream = connect(&invitation.addresses).await.ok_or(PairingFailure::Unreachable)?;
        let (decide, mut decisions) = mpsc::channel(4);
        let state = PairingState::Waiting { tries_left: 1 };
        self.pairings.add(Pairing { id, inviter: false, state, expires }, decide);
        let key = self.identity.key();
        let mut joiner = Joiner::new(key, self.record_now(), invitation, &code, &rand::random());
        let proven = tokio::time::timeout(PROOF_WAIT, async {
            let mut proven = false;
            while !proven && !joiner.over() {
                say_all(&mut joiner, &mut stream).await;
                match read_frame(&mut stream).await {
                    Ok(frame) => drop(joiner.take(&frame)),
                    Err(_) => joiner.gone(),
                }
                proven = self.note_events(&id, &mut joiner).await;
            }
            proven
        });
        if !proven.await.unwrap_or(false) {
            joiner.gone();
            self.note_events(&id, &mut joiner).await;
            let failed = match self.pairings.get(&id).map(|p| p.state) {
                Some(PairingState::Failed { reason }) => reason,
                _ => PairingFailure::Protocol,
            };
            return Err(failed.into());
        }
        let inner = self.clone();
        self.tasks.spawn("pairing", async move {
            tokio::select! {
                () = inner.compare(&id, &mut joiner, &mut stream, &mut decisions) => {}
                () = inner.tasks.stopping() => {}
            }
        });
        self.pairings.get(&id).ok_or_else(|| PairingFailure::Protocol.into())
    }

    /// This side's administrator says whether the digits agree, and which peer it is that lost its key, if it is one.
    pub(super) async fn confirm(
        &self,
        id: &Id128,
        accept: bool,
        replaces: Option<SiteId>,
    ) -> Result<Pairing, OverlayError> {
        if let Some(old) = replaces {
            self.pairings.replace(id, old);
        }
        let decide = self.pairings.decider(id).ok_or(PairingFailure::Expired)?;
        let (done, heard) = oneshot::channel();
        if decide.send((accept, done)).await.is_ok() {
            // Resolves, in either way, when the decision has been acted on.
            let _ = heard.await;
        }
        self.pairings.get(id).ok_or_else(|| PairingFailure::Expired.into())
    }
}

async fn connect(addresses: &[String]) -> Option<TcpStream> {
    for address in resolve(addresses).await {
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_WAIT, TcpStream::connect(address)).await {
            let _ = stream.set_nodelay(true);
            return Some(stream);
        }
    }
    None
}

/// Names and numbers to addresses; those that do not resolve are left out.
pub(super) async fn resolve(addresses: &[String]) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for address in addresses.iter().take(8) {
        let lookup = tokio::time::timeout(Duration::from_secs(3), tokio::net::lookup_host(address.as_str())).await;
        if let Ok(Ok(some)) = lookup {
            found.extend(some.take(4));
        }
    }
    found
}
