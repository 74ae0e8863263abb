//! The line to one peer: its connections, kept warm, found dead, raced, and closed when trust ends.
//!
//! Either side may dial, and either may ask on whatever connection there is, since both keys are pinned. The site with
//! the smaller key dials first, so that two sites do not keep two connections without need. A connection that stays
//! silent while something is asked of it is raced by a new one; the one that speaks is kept.
//!
//! # Not here
//! What is asked: [`super::fetch`], [`super::pump`]. What is served: [`super::serve`].

use super::{TransferError, endpoint, endpoint::code, keys, progress::Pulse};
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::{Key, SiteId};
use quinn::{ClientConfig, Connection, Endpoint};
use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// An acknowledgement comes within the peer's delay of 25 ms and the road; the rest is for a starved machine.
const LAST_CHANCE: Duration = Duration::from_millis(300);
/// A dial that has no answer by then failed; longer than any two round trips on earth.
const DIAL_WITHIN: Duration = Duration::from_millis(2_500);
/// Between two dials at least, also when somebody waits.
const PAUSE_MIN: Duration = Duration::from_millis(300);
/// Between two dials at most while somebody waits: what resumes within 1.5 s of the link's return.
const PAUSE_WANTED_MAX: Duration = Duration::from_secs(1);
/// Between two dials at most while nobody waits.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// Connections of one peer; the oldest goes. Two are usual after a simultaneous dial, more come with a broken peer.
const CONNECTIONS_MAX: usize = 4;
/// A connection that ends sooner was not let in, whatever the handshake said.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

/// A connection that is used for asking.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) connection: Connection,
    /// Cancelled when another took its place: whoever asks on it asks again there.
    pub(crate) abandoned: CancellationToken,
    since: Instant,
}

/// How a peer is reached.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    live: Option<Live>,
    /// Dials that failed, ever.
    failures: u64,
    /// Whether the last dial failed.
    is_down: bool,
    last_failure: Option<Instant>,
}

/// The line.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) peer: SiteId,
    state: watch::Sender<State>,
    all: Mutex<Vec<Connection>>,
    /// Somebody waits for a connection.
    wanted: Notify,
    /// The peer, or we, have another key: what is being dialled is dialled anew.
    renewed: Notify,
    /// Silence on the live connection with requests under way.
    silence: Notify,
    /// Beats with every group of bytes that comes.
    pub(crate) pulse: Pulse,
    waiting: AtomicUsize,
    demand: AtomicBool,
    /// Trust with this peer ended.
    pub(crate) over: CancellationToken,
}

/// Counts one who waits for a connection, also when its future is dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn enter(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}
impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What dialling needs; given by the owner, who knows trust.
pub(crate) trait Dialler: Send + Sync {
    fn endpoint(&self) -> &Endpoint;
    /// How to dial the peer, and the key that must answer.
    fn config(&self, peer: SiteId) -> Option<(Key, ClientConfig)>;
    /// `host:port` of the peer's pixel plane, in order of preference.
    fn addresses(&self, peer: &SiteId) -> Vec<String>;
    /// Whether the connection is wanted although nothing is asked.
    fn keep_warm(&self, peer: &SiteId) -> bool;
    /// Whether we are the one to dial first.
    fn dials_first(&self, peer: &SiteId) -> bool;
    /// A connection is there: serve on it.
    fn connected(&self, peer: SiteId, connection: &Connection);
}

impl Line {
    pub(crate) fn new(peer: SiteId, over: CancellationToken) -> Self {
        Self {
            peer,
            state: watch::Sender::new(State::default()),
            all: Mutex::default(),
            wanted: Notify::new(),
            renewed: Notify::new(),
            silence: Notify::new(),
            pulse: Pulse::default(),
            waiting: AtomicUsize::new(0),
            demand: AtomicBool::new(false),
            over,
        }
    }

    /// The live connection.
    pub(crate) fn live(&self) -> Option<Live> {
        self.state.borrow().live.clone().filter(|l| l.connection.close_reason().is_none())
    }

    /// Whether the last dial failed and nothing is connected.
    pub(crate) fn is_down(&self) -> bool {
        self.live().is_none() && self.state.borrow().is_down
    }

    /// Waits for a connection, and makes one be dialled.
    ///
    /// # Errors
    /// [`TransferError::Unreachable`] when a dial fails, or failed a moment ago, or nothing came within the time.
    pub(crate) async fn reach(&self, within: Duration) -> Result<Live, TransferError> {
        let mut state = self.state.subscribe();
        let failures = {
            let now = state.borrow();
            let just_failed = now.is_down && now.last_failure.is_some_and(|at| at.elapsed() < PAUSE_WANTED_MAX);
            if just_failed { now.failures.saturating_sub(1) } else { now.failures }
        };
        let _waiter = Waiter::enter(&self.waiting);
        self.wanted.notify_one();
        let came = tokio::time::timeout(within, async {
            loop {
                let (live, failed) = {
                    let now = state.borrow_and_update();
                    (now.live.clone(), now.failures)
                };
                match live.filter(|l| l.connection.close_reason().is_none()) {
                    Some(live) => return Ok(live),
                    None if failed > failures || self.over.is_cancelled() => return Err(TransferError::Unreachable),
                    None => state.changed().await.map_err(|_| TransferError::Cancelled)?,
                }
            }
        });
        came.await.unwrap_or(Err(TransferError::Unreachable))
    }

    /// Resolves when the line may have come or gone.
    pub(crate) fn changes(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Says whether requests wait for a connection: then it is dialled eagerly.
    pub(crate) fn set_demand(&self, is_wanted: bool) {
        if self.demand.swap(is_wanted, Ordering::Relaxed) != is_wanted && is_wanted {
            self.wanted.notify_one();
        }
    }

    fn is_wanted(&self) -> bool {
        self.demand.load(Ordering::Relaxed) || self.waiting.load(Ordering::Relaxed) > 0
    }

    /// The live connection is silent although something was asked.
    pub(crate) fn report_silence(&self) {
        self.silence.notify_one();
    }

    /// Takes a connection that came in or was dialled. It becomes the live one if there is none.
    pub(crate) fn adopt(&self, connection: Connection) {
        if self.over.is_cancelled() {
            connection.close(code::NOT_PAIRED, b"not paired");
            return;
        }
        {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|c| c.close_reason().is_none());
            if all.len() >= CONNECTIONS_MAX {
                all.remove(0).close(code::REPLACED, b"replaced");
            }
            all.push(connection.clone());
        }
        self.state.send_if_modified(|state| {
            let has_one = state.live.as_ref().is_some_and(|l| l.connection.close_reason().is_none());
            if !has_one {
                state.live = Some(Live { connection, abandoned: CancellationToken::new(), since: Instant::now() });
                state.is_down = false;
            }
            !has_one
        });
    }

    /// Closes everything for good.
    pub(crate) fn end(&self) {
        self.over.cancel();
        for connection in self.all.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            connection.close(code::NOT_PAIRED, b"not paired");
        }
        self.state.send_modify(|state| {
            if let Some(live) = state.live.take() {
                live.abandoned.cancel();
            }
        });
    }

    /// The peer, or we, have another key: whoever asks asks again over a connection that is made with it.
    pub(crate) fn renew(&self) {
        for connection in self.all.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            connection.close(code::REPLACED, b"another key");
        }
        self.state.send_modify(|state| {
            if let Some(live) = state.live.take() {
                live.abandoned.cancel();
            }
            state.is_down = false;
        });
        self.renewed.notify_waiters();
        self.wanted.notify_one();
    }

    fn drop_live(&self, live: &Live, is_down: bool) {
        live.abandoned.cancel();
        self.state.send_modify(|state| {
            if state.live.as_ref().is_some_and(|l| l.connection.stable_id() == live.connection.stable_id()) {
                // Another connection of this peer may be open: it takes over without a dial.
                let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
                let other = all
                    .iter()
                    .rev()
                    .find(|c| c.close_reason().is_none() && c.stable_id() != live.connection.stable_id());
                state.live = other.map(|c| Live {
                    connection: c.clone(),
                    abandoned: CancellationToken::new(),
                    since: Instant::now(),
                });
                state.is_down = is_down && state.live.is_none();
            }
        });
    }

    fn note_failure(&self) {
        self.state.send_modify(|state| {
            state.failures += 1;
            state.is_down = state.live.as_ref().is_none_or(|l| l.connection.close_reason().is_some());
            state.last_failure = Some(Instant::now());
        });
    }

    /// Keeps the line until trust ends or the node stops.
    pub(crate) async fn keep(&self, dialler: &dyn Dialler) {
        let mut pause = PAUSE_MIN;
        if !dialler.dials_first(&self.peer) {
            // The other side's dial is on its way, as a rule.
            self.rest(PAUSE_WANTED_MAX * 3).await;
        }
        while !self.over.is_cancelled() {
            if let Some(live) = self.live() {
                self.watch(&live, dialler).await;
                if live.since.elapsed() > SETTLED_AFTER {
                    pause = PAUSE_MIN;
                }
                continue;
            }
            if !self.is_wanted() && !dialler.keep_warm(&self.peer) {
                self.rest(PAUSE_MAX).await;
                if !self.is_wanted() && !dialler.keep_warm(&self.peer) {
                    continue;
                }
            }
            let dialled = tokio::select! {
                dialled = self.dial(dialler) => dialled,
                () = self.renewed.notified() => continue,
            };
            match dialled {
                Some(connection) => {
                    dialler.connected(self.peer, &connection);
                    self.adopt(connection);
                }
                None => self.note_failure(),
            }
            self.pause(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Waits so long, or until somebody wants a connection or one came.
    async fn rest(&self, at_most: Duration) {
        let mut state = self.state.subscribe();
        state.mark_unchanged();
        if self.live().is_some() {
            return;
        }
        tokio::select! {
            () = self.over.cancelled() => {}
            () = self.wanted.notified() => {}
            _ = state.changed() => {}
            () = tokio::time::sleep(at_most) => {}
        }
    }

    async fn pause(&self, pause: Duration) {
        if self.live().is_some() {
            return;
        }
        let pause = if self.is_wanted() { pause.min(PAUSE_WANTED_MAX) } else { pause };
        tokio::select! {
            () = self.over.cancelled() => return,
            () = tokio::time::sleep(PAUSE_MIN) => {}
        }
        self.rest(pause.saturating_sub(PAUSE_MIN)).await;
    }

    async fn watch(&self, live: &Live, dialler: &dyn Dialler) {
        tokio::select! {
            () = self.over.cancelled() => {}
            reason = live.connection.closed() => {
                tracing::debug!(peer = %self.peer.short(), %reason, "connection ended");
                self.drop_live(live, false);
                if live.since.elapsed() < SETTLED_AFTER {
                    self.note_failure();
                    tokio::time::sleep(PAUSE_MIN).await;
                }
            }
            () = self.silence.notified() => self.race(live, dialler).await,
        }
    }

    /// Dials anew while the old connection gets its last chance: any packet on it meanwhile and it stays.
    async fn race(&self, live: &Live, dialler: &dyn Dialler) {
        let heard = |c: &Connection| c.stats().udp_rx.datagrams;
        let before = heard(&live.connection);
        // A stream opened and dropped makes a living peer acknowledge.
        if let Ok(Ok((mut send, _recv))) =
            tokio::time::timeout(Duration::from_millis(50), live.connection.open_bi()).await
        {
            let _ = send.reset(code::UNWANTED);
        }
        let fresh = self.dial(dialler).await;
        // On a short road the dial is over before the old peer's acknowledgement can be here: a holder that is only
        // busy (a large header pack) must not be taken for a dead one.
        let until = Instant::now() + LAST_CHANCE + live.connection.rtt() * 2;
        while heard(&live.connection) <= before && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        if heard(&live.connection) > before && live.connection.close_reason().is_none() {
            if let Some(fresh) = fresh {
                fresh.close(code::REPLACED, b"not needed");
            }
            self.pulse.beat();
            return;
        }
        tracing::info!(peer = %self.peer.short(), replaced = fresh.is_some(), "silent connection given up");
        live.connection.close(code::REPLACED, b"silent");
        match fresh {
            Some(fresh) => {
                self.drop_live(live, false);
                dialler.connected(self.peer, &fresh);
                self.adopt(fresh);
            }
            None => {
                self.drop_live(live, true);
                self.note_failure();
            }
        }
        self.pulse.beat();
    }

    /// Tries all addresses side by side; the first whose key is right wins.
    async fn dial(&self, dialler: &dyn Dialler) -> Option<Connection> {
        let (key, config) = dialler.config(self.peer)?;
        let mut dials = FuturesUnordered::new();
        for address in resolve(&dialler.addresses(&self.peer)).await {
            if let Ok(connecting) = dialler.endpoint().connect_with(config.clone(), address, endpoint::SERVER_NAME) {
                dials.push(tokio::time::timeout(DIAL_WITHIN, connecting));
            }
        }
        while let Some(dialled) = dials.next().await {
            if let Ok(Ok(connection)) = dialled
                && keys::other_end(&connection) == Some(key)
            {
                return Some(connection);
            }
        }
        None
    }
}

async fn resolve(addresses: &[String]) -> Vec<SocketAddr> {
    let mut found = Vec::new();
    for address in addresses.iter().take(8) {
        match tokio::time::timeout(DIAL_WITHIN, tokio::net::lookup_host(address)).await {
            Ok(Ok(resolved)) => found.extend(resolved.take(4)),
            Ok(Err(_)) | Err(_) => tracing::debug!(%address, "address does not resolve"),
        }
    }
    found
}
