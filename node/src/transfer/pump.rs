//! Runs the queue of one holder: starts spans as the link carries them, and puts them back when a connection is lost.
//!
//! # Not here
//! The order: [`super::schedule`]. Several holders at one queue: [`super::share`]. What gives way to other lines: [`super::access`].
//! What runs and becomes more or less urgent: [`super::raise`]. One span: [`super::fetch`]. Connections: [`super::line`].

use super::{
    access::{Access, Waited},
    coding::Coding,
    errand::{Errand, Object, Span},
    failure::Failure,
    fetch::{self, Run as Fetching, SpanEnd},
    keys,
    line::{Line, Live},
    losses,
    past::{Past, Run},
    progress::{Rate, patience},
    schedule::{Queue, STREAMS_MAX, STREAMS_MIN, Urgency, Wanted},
    spread::{Ear, Pace, Rests},
};
use crate::{audit::Alerts, tasks::Tasks};
use futures::{StreamExt, stream::FuturesUnordered};
use protocol::{Refusal, fetch::Priority, limits::RANGE_BYTES_MAX, pass::Pass, signed::Signed};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::Notify, task::JoinHandle};

/// How often silence and busy answers are looked at.
const TICK: Duration = Duration::from_millis(250);
/// The same while others could bring what does not come here.
const TICK_SHARING: Duration = Duration::from_millis(40);
/// Of a line that shares its work so much is under way: what falls silent with it is asked of others behind what they have.
const UNDER_WAY_SHARING_S: f64 = 0.25;
/// Streams that it has at least.
const STREAMS_SHARING_MIN: usize = 3;
/// Times an object is asked for anew without a chunk in between before its holder counts as broken.
const TRIES_MAX: u64 = 12;
/// Spans are never taken to be smaller than this, so that many small ones do not ask for everything at once.
const SPAN_BYTES_MIN: u64 = 64 * 1024;
/// What is under way at least: more than 1 Gb/s carries in 60 ms.
const UNDER_WAY_BYTES_MIN: f64 = 8e6;
/// Longest wait that a busy holder may ask for.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// What a pump works with.
#[derive(Debug)]
pub(crate) struct PumpParts {
    pub(crate) alerts: Alerts,
    pub(crate) tasks: Tasks,
    pub(crate) coding: Arc<Coding>,
    pub(crate) past: Arc<Past>,
    pub(crate) access: Arc<Access>,
}

/// The pump of one line.
#[derive(Debug)]
pub(crate) struct Pump {
    pub(super) line: Arc<Line>,
    queue: Mutex<Queue<Span>>,
    pub(super) news: Notify,
    pub(super) alerts: Alerts,
    pub(super) tasks: Tasks,
    past: Arc<Past>,
    access: Arc<Access>,
    /// Bytes that came over the wire, for the rate that decides how much is asked for at once.
    came: AtomicU64,
    /// Verified bytes of objects that they became.
    became: AtomicU64,
    /// Bytes a second that come over the wire now.
    rate_now: AtomicU64,
    /// A mean of what spans bring over the wire.
    span_bytes: AtomicU64,
    pub(crate) coding: Arc<Coding>,
    /// Coded bytes of this peer were wrong once: none are asked for any more.
    is_doubted: AtomicBool,
    /// What runs at this line. Bounded by the streams.
    table: Mutex<HashMap<Span, Arc<Fetching>>>,
    pace: Mutex<Pace>,
    /// Bytes that came and were of no use: of what was taken back, cut off, or wrong.
    wasted: AtomicU64,
    /// An errand ended: what waits for it is forgotten.
    is_swept: AtomicBool,
    /// Lines whose queues this one helps with, those that help with its own, and how many errands tie it to others.
    pub(super) homes: Mutex<Vec<Weak<Self>>>,
    pub(super) helpers: Mutex<Vec<Weak<Self>>>,
    pub(super) ties: AtomicUsize,
    /// Nothing comes on it although something was asked: others bring it, until anything is heard.
    pub(super) rests: AtomicBool,
    pub(super) resting: Mutex<Rests>,
    pub(super) is_heard: AtomicBool,
    pub(super) ear: Mutex<Ear>,
}

/// When what runs began without a pause, what had come by then, and whether a connection was lost meanwhile.
struct Busy {
    since: Instant,
    /// Bytes that had come, and what they had become.
    from: (u64, u64),
    is_broken: bool,
}

/// A span, how it ended, and the line whose queue it is of.
type Running = JoinHandle<(Arc<Fetching>, SpanEnd, Arc<Pump>)>;
pub(super) type Runs = FuturesUnordered<Running>;

/// Resolves at that instant; never, where there is none.
async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

impl Pump {
    pub(crate) fn new(line: Arc<Line>, parts: PumpParts) -> Self {
        let PumpParts { alerts, tasks, coding, past, access } = parts;
        Self {
            line,
            queue: Mutex::default(),
            news: Notify::new(),
            alerts,
            tasks,
            past,
            access,
            came: AtomicU64::new(0),
            became: AtomicU64::new(0),
            rate_now: AtomicU64::new(0),
            span_bytes: AtomicU64::new(RANGE_BYTES_MAX),
            coding,
            is_doubted: AtomicBool::new(false),
            table: Mutex::default(),
            pace: Mutex::default(),
            wasted: AtomicU64::new(0),
            is_swept: AtomicBool::new(false),
            homes: Mutex::default(),
            helpers: Mutex::default(),
            ties: AtomicUsize::new(0),
            rests: AtomicBool::new(false),
            resting: Mutex::default(),
            is_heard: AtomicBool::new(false),
            ear: Mutex::new(Ear::new(Instant::now())),
        }
    }

    /// Puts a span into the queue or raises it; false when the queue is full.
    pub(crate) fn ask(&self, span: &Span, urgency: impl Into<Urgency>) -> bool {
        let urgency = urgency.into();
        let (wanted, lent) = {
            let mut queue = self.queue();
            (queue.want(span, urgency), queue.lent_to(span))
        };
        match wanted {
            Wanted::Queued => self.wake(),
            Wanted::RunningLower => match lent {
                None => self.raise(span, urgency.priority),
                Some(site) => {
                    if let Some(helper) = span.pump_of(&site) {
                        helper.raise(span, urgency.priority);
                    }
                }
            },
            Wanted::Running => {}
            Wanted::Full => return false,
        }
        true
    }

    /// Takes what waits of an errand and nobody looks at out of the queue.
    pub(crate) fn take(&self, errand: &Errand) -> Vec<(Span, Priority)> {
        self.queue().take(|span| std::ptr::eq(span.object.errand.as_ptr(), errand))
    }

    /// Has forgotten what no errand wants any more. Also said by an errand that ends while the queue is being looked at.
    pub(crate) fn sweep(&self) {
        self.is_swept.store(true, Ordering::Relaxed);
        self.news.notify_one();
    }

    fn forget_swept(&self) {
        if self.is_swept.swap(false, Ordering::Relaxed) {
            self.queue().forget(|span| span.object.errand.upgrade().is_none_or(|e| e.ended.is_cancelled()));
        }
    }

    /// What runs at this line.
    pub(super) fn table(&self) -> MutexGuard<'_, HashMap<Span, Arc<Fetching>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of objects that it brings in a second while more is asked for, as far as is known.
    pub(super) fn carries(&self) -> Option<f64> {
        let known = self.pace.lock().unwrap_or_else(PoisonError::into_inner).bytes_per_s();
        known.or_else(|| self.past.best_rate(&self.line.peer))
    }

    /// Bytes that came and were of no use.
    pub(crate) fn wasted(&self) -> u64 {
        self.wasted.load(Ordering::Relaxed)
    }

    /// Requests that wait, and that run.
    pub(crate) fn load(&self) -> (usize, usize) {
        let queue = self.queue();
        (queue.waiting(), queue.runs())
    }

    /// Bytes that came over the wire.
    pub(crate) fn came(&self) -> u64 {
        self.came.load(Ordering::Relaxed)
    }

    /// Bytes a second that come over the wire now.
    pub(crate) fn rate_now(&self) -> f64 {
        self.rate_now.load(Ordering::Relaxed) as f64
    }

    pub(super) fn queue(&self) -> MutexGuard<'_, Queue<Span>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line to the holder.
    pub(crate) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Whether somebody waits for what is asked of the holder.
    pub(crate) fn is_urgent(&self) -> bool {
        self.queue().is_urgent()
    }

    /// Counts bytes that came over the wire.
    pub(crate) fn note_bytes(&self, bytes: u64) {
        self.came.fetch_add(bytes, Ordering::Relaxed);
        self.line.pulse.beat();
    }

    /// Counts verified bytes of objects that were kept.
    pub(crate) fn note_kept(&self, bytes: u64) {
        self.became.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Verified bytes of objects that were kept.
    pub(crate) fn kept(&self) -> u64 {
        self.became.load(Ordering::Relaxed)
    }

    /// Counts a span by what it brings over the wire.
    pub(crate) fn note_span(&self, bytes: u64) {
        let before = self.span_bytes.load(Ordering::Relaxed);
        self.span_bytes.store((before * 7 + bytes) / 8, Ordering::Relaxed);
    }

    /// Whether to ask for coded bytes on this connection.
    pub(crate) fn asks_coded(&self, live: &Live) -> bool {
        !self.is_doubted.load(Ordering::Relaxed) && self.coding.asks() && keys::knows_coded(&live.connection)
    }

    /// Coded bytes were not what was signed: the stored ones may still be.
    pub(crate) async fn doubt_coding(&self, errand: &Errand) {
        if !self.is_doubted.swap(true, Ordering::Relaxed) {
            let what = "coded bytes from the holder do not become those it signed";
            self.alerts.security(what, self.line.peer, Some(&errand.study)).await;
        }
    }

    /// Runs until trust ends or the node stops.
    pub(crate) async fn run(self: Arc<Self>) {
        let stop = self.tasks.stop_token();
        let mut changes = self.line.changes();
        let access = self.access.clone();
        let (mut waited, mut others) = (Waited::nobody(&access), access.changes());
        let mut runs: Runs = FuturesUnordered::new();
        let mut later: Vec<(Instant, Span)> = Vec::new();
        let mut rate = Rate::default();
        let mut busy: Option<Busy> = None;
        let (mut next_look, mut gives_way) = (Instant::now(), false);
        loop {
            let is_busy = !runs.is_empty() || !later.is_empty() || self.queue().waiting() > 0 || self.may_help();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.line.over.cancelled() => return self.give_up(),
                () = self.news.notified() => {}
                _ = changes.changed() => {}
                _ = others.changed() => {
                    // Once, when it begins: what is let through afterwards is not taken back.
                    let elsewhere = waited.elsewhere();
                    if elsewhere && !gives_way {
                        self.give_way();
                    }
                    gives_way = elsewhere;
                }
                () = at(waited.ends()) => {}
                Some(ended) = runs.next(), if !runs.is_empty() => {
                    if let Ok((run, end, home)) = ended {
                        if let (Some(busy), SpanEnd::Again | SpanEnd::TakenBack) = (&mut busy, &end) {
                            busy.is_broken |= !run.is_hastened();
                        }
                        self.settle(&home, run.span.clone(), end, &mut later).await;
                    }
                }
                () = tokio::time::sleep_until(next_look.into()), if is_busy => {
                    self.look(&mut rate, runs.len());
                    next_look = Instant::now() + if self.is_sharing() { TICK_SHARING } else { TICK };
                }
            }
            self.forget_swept();
            later.retain(|(at, span)| {
                let is_due = *at <= Instant::now();
                if is_due {
                    self.queue().again(span);
                }
                !is_due
            });
            self.start(&mut runs, &rate, &waited);
            waited.say(self.is_waited_for(&runs), Instant::now());
            busy = self.remember(busy, runs.is_empty());
        }
    }

    /// Whether somebody waits for what comes here: others give way to no line on which nothing does.
    fn is_waited_for(&self, runs: &Runs) -> bool {
        // Also what is brought for another line's queue.
        let is_urgent = || self.is_urgent() || self.table().values().any(|run| run.wanted().2 > Priority::Prefetch);
        !runs.is_empty() && !self.is_resting() && self.line.live().is_some() && is_urgent()
    }

    /// Writes down how fast what was asked for without a pause came, when it is all here.
    fn remember(&self, busy: Option<Busy>, is_idle: bool) -> Option<Busy> {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let so_far = (count(&self.came), count(&self.became));
        let (busy, live) = match (busy, is_idle) {
            (None, true) => return None,
            (None, false) => return Some(Busy { since: Instant::now(), from: so_far, is_broken: false }),
            (Some(busy), false) => return Some(busy),
            (Some(busy), true) => (busy, self.line.live()),
        };
        self.rate_now.store(0, Ordering::Relaxed);
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).note(Instant::now(), so_far.1, false);
        if let Some(live) = live.filter(|_| !busy.is_broken) {
            let run = Run {
                bytes: so_far.1.saturating_sub(busy.from.1),
                wire: Some(so_far.0.saturating_sub(busy.from.0)),
                took_s: busy.since.elapsed().as_secs_f64(),
                rtt_s: live.connection.rtt().as_secs_f64(),
            };
            let (past, peer) = (self.past.clone(), self.line.peer);
            drop(self.tasks.spawn_blocking("transfer.past", move || past.note_run(&peer, run)));
        }
        None
    }

    fn look(&self, rate: &mut Rate, runs: usize) {
        let now = Instant::now();
        rate.note(now, self.came.load(Ordering::Relaxed));
        let became = self.became.load(Ordering::Relaxed);
        self.pace.lock().unwrap_or_else(PoisonError::into_inner).note(now, became, runs > 0);
        // Saturates; a rate is small and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people to see")]
        self.rate_now.store(rate.bytes_per_s() as u64, Ordering::Relaxed);
        let Some(live) = self.line.live() else { return };
        if self.is_sharing() {
            self.look_around(&live);
        } else {
            self.end_rest();
        }
        if runs == 0 {
            return;
        }
        if !self.is_resting() {
            losses::ask(&self.tasks, &self.line, &live);
        }
        if self.line.pulse.silent_for() > patience(live.connection.rtt()) {
            self.line.report_silence();
        }
        // What is asked for is more than the road carries: its rate tells of the road.
        let full = if self.is_sharing() { STREAMS_SHARING_MIN } else { STREAMS_MIN };
        if runs >= full && self.queue().waiting() > 0 {
            self.line.note_rate(&live, rate.bytes_per_s());
        }
    }

    /// Spans under way at once: twice what is in flight on the link, and never less than a fast far link takes, so that it
    /// is full before its rate is known. Of a line that shares its work the rest is better left to others.
    fn streams(&self, live: &Live, rate: &Rate) -> usize {
        let now = rate.bytes_per_s();
        let in_flight = now * live.connection.rtt().as_secs_f64();
        let span = self.span_bytes.load(Ordering::Relaxed).max(SPAN_BYTES_MIN);
        let is_known = self.is_sharing() && self.carries().is_some();
        let (least, fewest) = match is_known {
            true => (now * UNDER_WAY_SHARING_S, STREAMS_SHARING_MIN),
            false => (UNDER_WAY_BYTES_MIN, STREAMS_MIN),
        };
        let streams = (2.0 * in_flight).max(least) / span as f64;
        // Saturates; both bounds are small.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 3..=64")]
        let streams = streams.ceil().clamp(fewest as f64, STREAMS_MAX as f64) as usize;
        streams
    }

    fn start(self: &Arc<Self>, runs: &mut Runs, rate: &Rate, waited: &Waited<'_>) {
        let Some(live) = self.line.live() else {
            self.line.set_demand(self.queue().waiting() > 0 || !runs.is_empty() || self.may_help());
            return;
        };
        self.line.set_demand(false);
        let streams = self.streams(&live, rate);
        let mut way = waited.way(Instant::now(), self.carries());
        loop {
            // What runs here of others' queues takes streams too.
            let own = streams.saturating_sub(runs.len().saturating_sub(self.load().1));
            let mut ahead = 0.0;
            let next = self.queue().start_next(own, |span, priority| {
                let fits = !self.is_sharing() || self.fits(span, priority, ahead);
                ahead += span.bytes() as f64;
                fits && way.is_free(priority, span.bytes())
            });
            let Some((span, priority)) = next else { break };
            self.begin(runs, &live, self, (span, priority, None));
        }
        self.help(runs, (&live, streams), &mut way);
    }

    /// Asks for a span of a queue, this line's or another's.
    pub(super) fn begin(
        self: &Arc<Self>,
        runs: &mut Runs,
        live: &Live,
        home: &Arc<Self>,
        (span, priority, pass): (Span, Priority, Option<Signed<Pass>>),
    ) {
        if runs.is_empty() && !self.is_resting() {
            self.line.pulse.beat();
            self.note_asked();
        }
        let run = Arc::new(Fetching::new(span, pass, priority, self.expects(priority)));
        self.table().insert(run.span.clone(), run.clone());
        // Whoever wanted it more between the queue and this table found no run to raise.
        let wanted = home.queue().running(&run.span);
        if let Some(more) = wanted.filter(|wanted| *wanted > priority) {
            let _ = run.raise(more, self.expects(more));
        }
        let (pump, live, home) = (self.clone(), live.clone(), home.clone());
        runs.push(self.tasks.spawn("transfer.fetch", async move {
            let end = fetch::span(&pump, &live, &run, priority).await;
            pump.table().remove(&run.span);
            pump.wasted.fetch_add(run.wasted(), Ordering::Relaxed);
            (run, end, home)
        }));
    }

    async fn settle(self: &Arc<Self>, home: &Arc<Self>, span: Span, end: SpanEnd, later: &mut Vec<(Instant, Span)>) {
        let errand = span.object.errand.upgrade().filter(|e| !e.ended.is_cancelled());
        let Some(errand) = errand else {
            home.queue().finish(&span);
            return;
        };
        if !Arc::ptr_eq(self, home) {
            return self.settle_lent(home, &errand, span, end).await;
        }
        if let SpanEnd::Failed(failure) = end
            && self.goes_elsewhere(&errand, &span, failure).await
        {
            return;
        }
        match end {
            SpanEnd::Done => {
                self.queue().finish(&span);
            }
            SpanEnd::TakenBack => {
                self.queue().again(&span);
                self.wake();
            }
            SpanEnd::Stopped { called_off } => self.stop(&errand, span, called_off),
            SpanEnd::Again if span.object.tries.fetch_add(1, Ordering::Relaxed) < TRIES_MAX => {
                self.queue().again(&span);
                self.wake();
            }
            SpanEnd::Again => {
                self.queue().finish(&span);
                errand.note_failure(&span.object, Failure::Protocol);
            }
            SpanEnd::Failed(Failure::Refused(Refusal::Busy(wait_ms))) => {
                // Stays in the running table meanwhile, so that a second want does not start it twice.
                later.push((Instant::now() + Duration::from_millis(wait_ms.into()).min(BUSY_MAX), span));
            }
            SpanEnd::Failed(failure) => {
                self.queue().finish(&span);
                self.fail(&errand, &span.object, failure).await;
            }
        }
    }

    /// A span that ran when its errand was stopped. Looked at meanwhile, it is fetched all the same.
    pub(super) fn stop(&self, errand: &Errand, span: Span, called_off: bool) {
        let mut queue = self.queue();
        if queue.running(&span).is_none_or(|priority| priority >= Priority::Screen) {
            return queue.again(&span);
        }
        let Some(priority) = queue.finish(&span) else { return };
        drop(queue);
        if called_off {
            errand.let_go(&span.object);
        } else if let Some(span) = errand.put_aside(span, priority) {
            // It went on already.
            self.queue().want(&span, priority);
        }
    }

    async fn fail(&self, errand: &Errand, object: &Object, failure: Failure) {
        match failure {
            Failure::Corrupt => {
                let what = "bytes from the holder are not those it signed";
                self.alerts.security(what, errand.holder, Some(&errand.study)).await;
                errand.note_failure(object, failure);
            }
            Failure::Refused(Refusal::Corrupt) => {
                let what = "the holder found its own bytes changed and refused them";
                self.alerts.security(what, errand.holder, Some(&errand.study)).await;
                errand.note_failure(object, failure);
            }
            Failure::Refused(Refusal::NotHeld | Refusal::Malformed | Refusal::Internal | Refusal::Busy(_))
            | Failure::CalledOff
            | Failure::Protocol => errand.note_failure(object, failure),
            // The right to the study is gone, or the place to keep it.
            Failure::Refused(_) | Failure::Cache => errand.end(failure),
        }
    }

    fn give_up(&self) {
        self.give_back_lent();
        // Ending an errand sweeps the queue: it must not be locked here any more.
        let waiting = self.queue().take_all();
        for span in waiting {
            if let Some(errand) = span.object.errand.upgrade() {
                errand.end(Failure::Refused(Refusal::Revoked));
            }
        }
    }
}
