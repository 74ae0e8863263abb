//! The line to one peer: its connections, kept warm, found dead, raced, and closed when trust ends.
//!
//! Either side may dial, and either may ask on whatever connection there is, since both keys are pinned. The site with
//! the smaller key dials first, so that two sites do not keep two connections without need. A connection that stays
//! silent while something is asked of it is raced by a new one; the one that speaks is kept.
//!
//! Roads are dialled one shortly after the other, the best first, and the first that answers is taken. While a lesser road is
//! in use the better ones are tried now and then; one that comes about takes over what is asked from then on, and what runs
//! ends where it is. A connection that nobody asks on any more is closed.
//!
//! # Not here
//! Which road is better: `protocol::roads`. How each is dialled: [`super::dial`]. What is asked: [`super::fetch`], [`super::pump`]. What is served: [`super::serve`].

use super::{TransferError, endpoint::code, losses::Told, progress::Pulse, roads::Road};
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use protocol::{
    SiteId,
    roads::{Judge, RoadKind},
};
use quinn::Connection;
use std::{
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
/// When each kind of road is dialled after the one before; nothing for one whose betters could not be reached lately.
const HEAD_STARTS: [(RoadKind, Duration); 3] = [
    (RoadKind::Direct, Duration::ZERO),
    (RoadKind::Tcp, Duration::from_millis(400)),
    (RoadKind::Relay, Duration::from_millis(900)),
];
/// How often better roads are thought of, and connections that nobody uses.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A connection that is not the one in use, and that nobody asked on for so long, is closed.
const UNUSED_MAX: Duration = Duration::from_secs(30);
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
    pub(crate) road: Road,
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
    all: Mutex<Vec<Held>>,
    judge: Mutex<Judge>,
    /// The clock of the judge.
    since: Instant,
    /// The road in use carries too little: to this one.
    change: watch::Sender<Option<RoadKind>>,
    /// Somebody waits for a connection.
    wanted: Notify,
    /// The peer, or we, have another key: what is being dialled is dialled anew.
    renewed: Notify,
    /// Silence on the live connection with requests under way.
    silence: Notify,
    /// Beats with every group of bytes that comes.
    pub(crate) pulse: Pulse,
    /// What the peer tells of its packets to us.
    pub(super) told: Told,
    waiting: AtomicUsize,
    demand: AtomicBool,
    /// The peer is missed on the control plane.
    is_missed: AtomicBool,
    /// Trust with this peer ended.
    pub(crate) over: CancellationToken,
}

/// A connection of the peer.
#[derive(Debug)]
struct Held {
    connection: Connection,
    road: Road,
    /// Frames of streams that came and went, and when there was another.
    frames: u64,
    used: Instant,
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

/// A dial under way.
pub(crate) type Dialling<'a> = BoxFuture<'a, Option<Connection>>;

/// What dialling needs; given by the owner, who knows trust.
pub(crate) trait Dialler: Send + Sync {
    /// Dials the peer by this kind of road; whoever answers has its key.
    fn dial(&self, peer: SiteId, kind: RoadKind) -> Dialling<'_>;
    /// By which road a connection that was made goes.
    fn road_of(&self, connection: &Connection) -> Road;
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
            judge: Mutex::default(),
            since: Instant::now(),
            change: watch::Sender::new(None),
            wanted: Notify::new(),
            renewed: Notify::new(),
            silence: Notify::new(),
            pulse: Pulse::default(),
            told: Told::default(),
            waiting: AtomicUsize::new(0),
            demand: AtomicBool::new(false),
            is_missed: AtomicBool::new(false),
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

    /// Says whether the line is wanted for more than images.
    pub(crate) fn keep_open(&self, is_missed: bool) {
        if self.is_missed.swap(is_missed, Ordering::Relaxed) != is_missed && is_missed {
            self.wanted.notify_one();
        }
    }

    fn is_warm(&self, dialler: &dyn Dialler) -> bool {
        self.is_wanted() || self.is_missed.load(Ordering::Relaxed) || dialler.keep_warm(&self.peer)
    }

    fn is_wanted(&self) -> bool {
        self.demand.load(Ordering::Relaxed) || self.waiting.load(Ordering::Relaxed) > 0
    }

    /// The live connection is silent although something was asked.
    pub(crate) fn report_silence(&self) {
        self.silence.notify_one();
    }

    fn judge<T>(&self, say: impl FnOnce(&mut Judge, u64) -> T) -> T {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        say(&mut self.judge.lock().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// So many bytes a second come while more is asked for. What counts is the loss of the direction in which images go; where the
    /// peer does not tell it, that of our own packets is all that is known.
    pub(crate) fn note_rate(&self, live: &Live, bytes_per_s: f64) {
        let path = live.connection.stats().path;
        let ours = path.lost_packets as f64 / path.sent_packets.max(1) as f64;
        let lost = self.told.lost(live.connection.stable_id()).unwrap_or(ours);
        let kind = live.road.kind;
        if let Some(better) = self.judge(|judge, now| judge.carries(now, kind, bytes_per_s, lost)) {
            tracing::info!(peer = %self.peer.short(), from = kind.word(), to = better.word(), "the road carries too little");
            self.change.send_replace(Some(better));
        }
    }

    /// Takes a connection that came in or was dialled. It becomes the live one if there is none, or none by so good a road.
    pub(crate) fn adopt(&self, connection: Connection, road: Road) {
        if self.over.is_cancelled() {
            connection.close(code::NOT_PAIRED, b"not paired");
            return;
        }
        {
            let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
            all.retain(|held| held.connection.close_reason().is_none());
            if all.len() >= CONNECTIONS_MAX {
                all.remove(0).connection.close(code::REPLACED, b"replaced");
            }
            all.push(Held { connection: connection.clone(), road, frames: 0, used: Instant::now() });
        }
        self.judge(|judge, now| judge.tried(now, road.kind, true));
        self.state.send_if_modified(|state| {
            let current = state.live.as_ref().filter(|l| l.connection.close_reason().is_none()).map(|l| l.road.kind);
            let takes =
                current.is_none_or(|current| self.judge(|judge, now| judge.takes_over(now, current, road.kind)));
            if takes {
                tracing::debug!(peer = %self.peer.short(), road = road.kind.word(), "a connection is in use");
                let (abandoned, since) = (CancellationToken::new(), Instant::now());
                state.live = Some(Live { connection, road, abandoned, since });
                state.is_down = false;
            }
            takes
        });
    }

    /// Closes connections that are not the one in use and that nobody asks on, here or there.
    fn close_unused(&self, live: &Live) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for held in all.iter_mut() {
            let stats = held.connection.stats();
            let frames = stats.frame_rx.stream + stats.frame_tx.stream;
            let is_used = frames != held.frames || held.connection.stable_id() == live.connection.stable_id();
            if is_used {
                (held.frames, held.used) = (frames, Instant::now());
            } else if held.used.elapsed() > UNUSED_MAX {
                held.connection.close(code::REPLACED, b"not needed");
            }
        }
        all.retain(|held| held.connection.close_reason().is_none());
    }

    /// Closes everything for good.
    pub(crate) fn end(&self) {
        self.over.cancel();
        for held in self.all.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            held.connection.close(code::NOT_PAIRED, b"not paired");
        }
        self.state.send_modify(|state| {
            if let Some(live) = state.live.take() {
                live.abandoned.cancel();
            }
        });
    }

    /// The peer, or we, have another key: whoever asks asks again over a connection that is made with it.
    pub(crate) fn renew(&self) {
        for held in self.all.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            held.connection.close(code::REPLACED, b"another key");
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
                let is_other = |held: &&Held| {
                    let connection = &held.connection;
                    connection.close_reason().is_none() && connection.stable_id() != live.connection.stable_id()
                };
                let other = all.iter().filter(is_other).max_by_key(|held| held.road.kind);
                state.live = other.map(|held| Live {
                    connection: held.connection.clone(),
                    road: held.road,
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
            if !self.is_warm(dialler) {
                self.rest(PAUSE_MAX).await;
                if !self.is_warm(dialler) {
                    continue;
                }
            }
            let dialled = tokio::select! {
                dialled = self.dial(dialler) => dialled,
                () = self.renewed.notified() => continue,
            };
            match dialled {
                Some(connection) => self.begin(dialler, connection),
                None => {
                    tracing::debug!(peer = %self.peer.short(), "no connection came about");
                    self.note_failure();
                }
            }
            self.pause(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Serves on a connection that was dialled, and asks on it.
    fn begin(&self, dialler: &dyn Dialler, connection: Connection) {
        let road = dialler.road_of(&connection);
        dialler.connected(self.peer, &connection);
        self.adopt(connection, road);
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
            () = self.replaced(live) => {}
            () = self.look_for_better(live, dialler) => {}
        }
    }

    /// Resolves when another connection took the place of this one.
    async fn replaced(&self, live: &Live) {
        let mut state = self.state.subscribe();
        let id = live.connection.stable_id();
        let is_other = |state: &State| state.live.as_ref().is_none_or(|now| now.connection.stable_id() != id);
        if state.wait_for(is_other).await.is_err() {
            std::future::pending().await
        }
    }

    /// Tries roads that are better than the one in use, or the one to change to; closes what nobody uses. Ends when a
    /// connection came about.
    async fn look_for_better(&self, live: &Live, dialler: &dyn Dialler) {
        let mut change = self.change.subscribe();
        loop {
            tokio::select! {
                _ = change.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            self.close_unused(live);
            let current = live.road.kind;
            let asked = self.change.send_replace(None);
            change.mark_unchanged();
            let kinds = match asked {
                Some(kind) if kind != current => vec![kind],
                _ => self.judge(|judge, now| judge.worth_trying(now, current)),
            };
            for kind in kinds {
                let dialled = dialler.dial(self.peer, kind).await;
                self.judge(|judge, now| judge.tried(now, kind, dialled.is_some()));
                if let Some(connection) = dialled {
                    return self.begin(dialler, connection);
                }
            }
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
                self.begin(dialler, fresh);
            }
            None => {
                self.drop_live(live, true);
                self.note_failure();
            }
        }
        self.pulse.beat();
    }

    /// Dials by one road after the other, without waiting for a worse one's end; the first that answers wins.
    async fn dial(&self, dialler: &dyn Dialler) -> Option<Connection> {
        let mut dials = FuturesUnordered::new();
        let mut are_unreached = true;
        for (kind, head_start) in HEAD_STARTS {
            let after = if are_unreached { Duration::ZERO } else { head_start };
            are_unreached &= self.judge(|judge, now| judge.is_unreached(now, kind));
            dials.push(async move {
                tokio::time::sleep(after).await;
                (kind, dialler.dial(self.peer, kind).await)
            });
        }
        while let Some((kind, dialled)) = dials.next().await {
            self.judge(|judge, now| judge.tried(now, kind, dialled.is_some()));
            if dialled.is_some() {
                return dialled;
            }
        }
        None
    }
}
