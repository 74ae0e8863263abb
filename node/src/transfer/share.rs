//! Several holders at one queue: who takes what, and what is taken back from one that falls silent.
//!
//! The queue is that of the custodian's line. Other holders' lines take from it what they would bring sooner
//! ([`super::spread`]); a span runs at one of them at a time, so nothing comes twice. What runs at a line on which nothing
//! comes any more goes to the others within a fraction of a second, long before the line itself is given up; the line rests
//! until anything is heard on it. An image that somebody looks at, and that does not begin to come when it should, is asked of
//! another.
//!
//! # At a crash
//! Nothing is kept.
//!
//! # Not here
//! Which holders there are: [`super::others`]. One span: [`super::fetch`].

use super::{
    access::Way,
    errand::{Errand, Span},
    failure::Failure,
    fetch::{Run, SpanEnd},
    keys,
    line::Live,
    past,
    progress::patience,
    pump::{Pump, Runs},
    schedule::{PREFETCH_STREAMS_MAX, STREAMS_MAX, STREAMS_SCREEN_MAX},
    spread::{Ear, Standing, takes},
};
use protocol::{Refusal, fetch::Priority};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

/// An image that somebody waits for is given so long beyond what was expected of its first byte.
const LATE: Duration = Duration::from_millis(150);
/// The same for one that began to come and does not go on: longer than 16 KiB take on any link that a study is read over.
const STOPPED: Duration = Duration::from_secs(1);
/// A holder that was late with an object is not asked for it for so long, while others may be.
const LATE_FOR: Duration = Duration::from_secs(2);
/// Longest time that a busy holder is not asked for an object.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// That a holder's line helps with a custodian's queue, as long as it is kept.
#[derive(Debug)]
pub(crate) struct Tie {
    home: Arc<Pump>,
    helper: Arc<Pump>,
}

impl Tie {
    pub(crate) fn new(home: Arc<Pump>, helper: Arc<Pump>) -> Self {
        let add = |list: &Mutex<Vec<Weak<Pump>>>, pump: &Arc<Pump>| {
            let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
            list.retain(|known| known.strong_count() > 0);
            if !list.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(pump))) {
                list.push(Arc::downgrade(pump));
            }
        };
        add(&helper.homes, &home);
        add(&home.helpers, &helper);
        home.ties.fetch_add(1, Ordering::Relaxed);
        helper.ties.fetch_add(1, Ordering::Relaxed);
        Self { home, helper }
    }

    pub(crate) fn helper(&self) -> &Arc<Pump> {
        &self.helper
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        self.home.ties.fetch_sub(1, Ordering::Relaxed);
        self.helper.ties.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pump {
    /// Whether several holders share a queue that this line takes from.
    pub(crate) fn is_sharing(&self) -> bool {
        self.ties.load(Ordering::Relaxed) > 0
    }

    /// Looks anew what to start, here and at the lines that help.
    pub(crate) fn wake(&self) {
        self.news.notify_one();
        if self.is_sharing() {
            for helper in live_of(&self.helpers) {
                helper.news.notify_one();
            }
        }
    }

    /// Whether a queue that this line helps with has something left.
    pub(crate) fn may_help(&self) -> bool {
        self.is_sharing() && live_of(&self.homes).iter().any(|home| home.load().0 > 0)
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.rests.load(Ordering::Relaxed)
    }

    fn ear(&self) -> MutexGuard<'_, Ear> {
        self.ear.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is asked on this line, where nothing was.
    pub(crate) fn note_asked(&self) {
        self.ear().asked(Instant::now());
    }

    /// What stands against a span of this urgency here; nothing where it would not come now.
    pub(crate) fn standing(&self, priority: Priority) -> Option<Standing> {
        let live = self.line.live()?;
        if self.is_resting() {
            return None;
        }
        // What is on the screen is sent before the rest.
        let is_before = |run: &&Arc<Run>| priority < Priority::Screen || run.wanted().2 >= Priority::Screen;
        let before: u64 = self.table().values().filter(is_before).map(|run| run.left()).sum();
        Some(Standing {
            bytes_per_s: self.carries(),
            rtt_s: past::seconds(live.connection.rtt()),
            before: before as f64,
        })
    }

    /// Whether this line takes a span that waits in a queue behind `ahead` bytes.
    pub(crate) fn fits(&self, span: &Span, priority: Priority, ahead: f64) -> bool {
        let Some(errand) = span.object.errand.upgrade() else { return true };
        let is_home = std::ptr::eq(Arc::as_ptr(&errand.pump), self);
        let site = &self.line.peer;
        if !is_home && errand.pass_at(site, &span.object.reader).is_none() {
            return false;
        }
        let others: Vec<Standing> = self.elsewhere(&errand, span, priority).map(|(_, standing)| standing).collect();
        if span.object.passed_over.is(site) {
            // The custodian says why it does not come where nobody else can bring it.
            return is_home && others.is_empty();
        }
        match self.standing(priority) {
            Some(own) => takes(&own, &others, ahead, span.bytes() as f64),
            None => others.is_empty(),
        }
    }

    /// Lines that would bring a span in place of this one.
    fn elsewhere(
        &self,
        errand: &Errand,
        span: &Span,
        priority: Priority,
    ) -> impl Iterator<Item = (Arc<Self>, Standing)> {
        let here = self.line.peer;
        let object = span.object.clone();
        let pumps = errand.pumps_for(&span.object.reader).into_iter();
        pumps.filter_map(move |pump| {
            let site = pump.line.peer;
            let is_other = site != here && !object.passed_over.is(&site);
            let standing = if is_other { pump.standing(priority)? } else { return None };
            Some((pump, standing))
        })
    }

    fn is_elsewhere(&self, run: &Run, priority: Priority) -> bool {
        let errand = run.span.object.errand.upgrade();
        errand.is_some_and(|errand| self.elsewhere(&errand, &run.span, priority).next().is_some())
    }

    /// Takes from the queues of others what this line brings sooner.
    pub(crate) fn help(self: &Arc<Self>, runs: &mut Runs, (live, streams): (&Live, usize), way: &mut Way<'_>) {
        if !self.is_sharing() || !keys::knows_passes(&live.connection) {
            return;
        }
        for home in live_of(&self.homes) {
            loop {
                let (own_urgent, own) = (self.is_urgent(), runs.len());
                let urgent = self.table().values().filter(|run| run.wanted().2 >= Priority::Screen).count();
                let may_start = |priority: Priority| match priority {
                    Priority::Emergency => urgent < STREAMS_MAX,
                    Priority::Screen => urgent < STREAMS_SCREEN_MAX,
                    Priority::Series => own < streams,
                    Priority::Prefetch | Priority::Backup => {
                        own < if own_urgent { PREFETCH_STREAMS_MAX.min(streams) } else { streams }
                    }
                };
                let mut ahead = 0.0;
                let taken = home.queue().lend(self.line.peer, may_start, |span, priority| {
                    let fits = self.fits(span, priority, ahead);
                    ahead += span.bytes() as f64;
                    fits && way.is_free(priority, span.bytes())
                });
                let Some((span, priority)) = taken else { break };
                let errand = span.object.errand.upgrade();
                let pass = errand.as_ref().and_then(|errand| errand.pass_at(&self.line.peer, &span.object.reader));
                match pass {
                    Some(pass) => self.begin(runs, live, &home, (span, priority, Some(pass))),
                    None => {
                        // Nobody wants it any more, or the pass ended just now.
                        if errand.is_some() {
                            home.queue().again(&span);
                        } else {
                            home.queue().finish(&span);
                        }
                        break;
                    }
                }
            }
        }
    }

    /// Looks whether what is asked here comes.
    pub(crate) fn look_around(&self, live: &Live) {
        let (now, rtt) = (Instant::now(), live.connection.rtt());
        let heard = (live.connection.stable_id(), live.connection.stats().udp_rx.datagrams);
        let runs: Vec<Arc<Run>> = self.table().values().cloned().collect();
        let is_resting = self.is_resting();
        let (is_new, is_silent) = {
            let mut ear = self.ear();
            (ear.hear(now, heard, !is_resting && !runs.is_empty()), ear.is_silent(now, rtt))
        };
        if is_resting {
            let has_rested = self.resting.lock().unwrap_or_else(PoisonError::into_inner).may_end(now);
            let is_heard = is_new || self.is_heard.load(Ordering::Relaxed);
            self.is_heard.store(is_heard, Ordering::Relaxed);
            if is_heard && has_rested {
                self.end_rest();
            } else if !is_heard && self.line.pulse.silent_for() > patience(rtt) {
                self.line.report_silence();
            }
            return;
        }
        // A line on which only acknowledgements come is as good as silent.
        let brings_nothing = self.line.pulse.silent_for() > patience(rtt);
        if (is_silent || brings_nothing) && !runs.is_empty() {
            let goes = |run: &Arc<Run>| self.is_elsewhere(run, run.wanted().2);
            let gone: Vec<Arc<Run>> = runs.into_iter().filter(goes).collect();
            if !gone.is_empty() {
                self.resting.lock().unwrap_or_else(PoisonError::into_inner).begin(now, self.kept());
                self.is_heard.store(false, Ordering::Relaxed);
                self.rests.store(true, Ordering::Relaxed);
                tracing::info!(peer = %self.line.peer.short(), spans = gone.len(), "silent: others bring what was asked");
                gone.iter().for_each(|run| run.taken_back.cancel());
            }
            return;
        }
        for run in runs {
            let (since, expected, priority) = run.wanted();
            // What waits for the group values of its object was not asked for yet: it is not late.
            let Some(asked) = run.asked() else { continue };
            let since = since.max(asked);
            let has_stopped =
                run.moved().map_or_else(|| since.elapsed() > expected + LATE, |moved| moved.elapsed() > STOPPED);
            if priority >= Priority::Screen && has_stopped && self.is_elsewhere(&run, priority) {
                run.span.object.passed_over.note(self.line.peer, Some(now + LATE_FOR));
                run.taken_back.cancel();
            }
        }
    }

    /// Something was heard again.
    pub(crate) fn end_rest(&self) {
        if self.rests.swap(false, Ordering::Relaxed) {
            self.line.pulse.beat();
            self.note_asked();
            self.news.notify_one();
        }
    }

    /// Trust with this site ended: what others lent it goes back to them.
    pub(crate) fn give_back_lent(&self) {
        let site = self.line.peer;
        let spans: Vec<Span> = self.table().keys().cloned().collect();
        for span in spans {
            let Some(errand) = span.object.errand.upgrade() else { continue };
            errand.forget_other(&site);
            let home = &errand.pump;
            let is_lent = home.queue().lent_to(&span) == Some(site);
            if is_lent {
                home.queue().again(&span);
                home.wake();
            }
        }
    }

    /// How soon the first byte of something that is asked for now is expected.
    pub(crate) fn expects(&self, priority: Priority) -> Duration {
        let Some(standing) = self.standing(priority) else { return Duration::ZERO };
        Duration::try_from_secs_f64(standing.brings(0.0, &[])).unwrap_or(BUSY_MAX).min(BUSY_MAX)
    }

    /// What became of a span that was lent to this line: what does not come from here comes from elsewhere.
    pub(crate) async fn settle_lent(&self, home: &Arc<Self>, errand: &Arc<Errand>, span: Span, end: SpanEnd) {
        let site = self.line.peer;
        match end {
            SpanEnd::Done => {
                home.queue().finish(&span);
                errand.note_lack(&site, false);
                return;
            }
            SpanEnd::Stopped { called_off } => return home.stop(errand, span, called_off),
            SpanEnd::Failed(Failure::Cache) => {
                home.queue().finish(&span);
                return errand.end(Failure::Cache);
            }
            SpanEnd::TakenBack | SpanEnd::Again => {}
            SpanEnd::Failed(failure) => self.give_up_on(errand, &span, failure).await,
        }
        home.queue().again(&span);
        home.wake();
    }

    /// A holder beside the custodian does not give it.
    async fn give_up_on(&self, errand: &Errand, span: &Span, failure: Failure) {
        let site = self.line.peer;
        match failure {
            Failure::Refused(Refusal::Busy(wait_ms)) => {
                let wait = Duration::from_millis(wait_ms.into()).min(BUSY_MAX);
                span.object.passed_over.note(site, Some(Instant::now() + wait));
            }
            Failure::Refused(Refusal::NotHeld | Refusal::Internal) => {
                span.object.passed_over.note(site, None);
                errand.note_lack(&site, true);
            }
            Failure::Refused(Refusal::Corrupt) => {
                let what = "another holder found its own copy changed and refused it";
                self.alerts.security(what, site, Some(&errand.study)).await;
                span.object.passed_over.note(site, None);
                errand.note_lack(&site, true);
            }
            Failure::Corrupt => {
                let what = "bytes from another holder are not those the custodian signed";
                self.alerts.security(what, site, Some(&errand.study)).await;
                errand.forget_other(&site);
            }
            // It may not give it, or does not speak as agreed.
            Failure::Refused(_) | Failure::Protocol | Failure::CalledOff | Failure::Cache => errand.forget_other(&site),
        }
    }

    /// Whether what the custodian does not give of a study may come from another holder.
    pub(crate) async fn goes_elsewhere(&self, errand: &Errand, span: &Span, failure: Failure) -> bool {
        let is_own_fault = matches!(
            failure,
            Failure::Corrupt
                | Failure::Refused(Refusal::Corrupt | Refusal::NotHeld | Refusal::Internal | Refusal::Busy(_))
        );
        let priority = self.queue().running(span).unwrap_or(Priority::Series);
        if !is_own_fault || self.elsewhere(errand, span, priority).next().is_none() {
            return false;
        }
        let until = match failure {
            Failure::Refused(Refusal::Busy(wait_ms)) => {
                Some(Instant::now() + Duration::from_millis(wait_ms.into()).min(BUSY_MAX))
            }
            _ => None,
        };
        if failure.is_corrupt() {
            let what = "the custodian's bytes are not those it signed; another holder is asked";
            self.alerts.security(what, errand.holder, Some(&errand.study)).await;
        }
        span.object.passed_over.note(self.line.peer, until);
        self.queue().again(span);
        self.wake();
        true
    }
}

fn live_of(list: &Mutex<Vec<Weak<Pump>>>) -> Vec<Arc<Pump>> {
    list.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade).collect()
}
