//! The access link that all lines of this node share: what nobody waits for gives way to what somebody waits for on another line.
//!
//! Within one line its queue orders, and its holder sends in order. Between lines nobody orders: two holders that send at once
//! take half of the access link each, whatever it is for. So while somebody waits on another line, prefetch begins one span at a
//! time, so seldom that it has about a tenth of what its line carries. It never stands still, and has all of the link again as
//! soon as nobody waits.
//!
//! # At a crash
//! Nothing is kept.
//!
//! # Not here
//! Order within a line: [`super::schedule`]. What peers send to others over the same link: nobody here knows.

use protocol::fetch::Priority;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Prefetch has one part in so many of what its line carries, while others are waited for.
const ONE_PART_IN: f64 = 10.0;
/// A span of prefetch begins no sooner after the one before, and no later.
const EACH_MIN: Duration = Duration::from_secs(1);
const EACH_MAX: Duration = Duration::from_secs(30);
/// A line counts as waited for so long after the last wait: who scrolls waits again and again.
const LINGERS: Duration = Duration::from_secs(2);
/// A line of which nothing is known is taken to carry so much.
const UNKNOWN_BYTES_PER_S: f64 = 1.25e6;

/// After which time the next span of prefetch may begin, on whatever line, behind one of so many bytes on a line that carries
/// so much.
fn each(bytes: u64, carries: Option<f64>) -> Duration {
    let carries = carries.unwrap_or(UNKNOWN_BYTES_PER_S).max(1.0);
    let seconds = (bytes as f64 * ONE_PART_IN / carries).min(EACH_MAX.as_secs_f64());
    Duration::from_secs_f64(seconds).max(EACH_MIN)
}

/// What the lines know of each other.
#[derive(Debug, Default)]
pub(crate) struct Access {
    /// On how many lines somebody waits for what comes.
    waited: watch::Sender<usize>,
    /// When prefetch may begin another span.
    next: Mutex<Option<Instant>>,
    /// Held by the one line that is being sampled.
    pub(super) sampling: tokio::sync::Mutex<()>,
}

impl Access {
    /// Resolves when somebody waits on more lines, or on fewer.
    pub(crate) fn changes(&self) -> watch::Receiver<usize> {
        self.waited.subscribe()
    }

    /// Takes the place of one span of prefetch, if there is one now.
    fn take(&self, now: Instant, bytes: u64, carries: Option<f64>) -> bool {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_some_and(|at| now < at) {
            return false;
        }
        *next = Some(now + each(bytes, carries));
        true
    }
}

/// Whether somebody waits on one line; nobody does when it is dropped.
#[derive(Debug)]
pub(crate) struct Waited<'a> {
    access: &'a Access,
    is: bool,
    /// When it ends, unless somebody waits again before.
    ends: Option<Instant>,
}

impl<'a> Waited<'a> {
    pub(crate) fn nobody(access: &'a Access) -> Self {
        Self { access, is: false, ends: None }
    }

    /// Says whether somebody waits on this line. What stands still on it does not count: others need not give way to it.
    pub(crate) fn say(&mut self, is: bool, now: Instant) {
        if is {
            self.ends = None;
            self.set(true);
        } else if self.is && now >= *self.ends.get_or_insert(now + LINGERS) {
            self.set(false);
        }
    }

    /// When it is to be said again, if nothing happens before.
    pub(crate) fn ends(&self) -> Option<Instant> {
        self.ends
    }

    fn set(&mut self, is: bool) {
        if is != self.is {
            (self.is, self.ends) = (is, None);
            self.access.waited.send_modify(|count| *count = if is { *count + 1 } else { count.saturating_sub(1) });
        }
    }

    /// Whether somebody waits on another line.
    pub(crate) fn elsewhere(&self) -> bool {
        *self.access.waited.borrow() > usize::from(self.is)
    }

    /// What may begin here now, on a line that carries so much.
    pub(crate) fn way(&self, now: Instant, carries: Option<f64>) -> Way<'_> {
        Way { waited: self, now, carries, is_held: false }
    }

    /// Whether a span that nobody waits for may begin here.
    fn lets_begin(&self, now: Instant, bytes: u64, carries: Option<f64>) -> bool {
        !self.elsewhere() || self.access.take(now, bytes, carries)
    }
}

impl Drop for Waited<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// One look at the queues: once a span has to wait, all behind it that nobody waits for do.
#[derive(Debug)]
pub(crate) struct Way<'a> {
    waited: &'a Waited<'a>,
    now: Instant,
    carries: Option<f64>,
    is_held: bool,
}

impl Way<'_> {
    /// Whether a span of so many bytes may begin; if so it is taken to.
    pub(crate) fn is_free(&mut self, priority: Priority, bytes: u64) -> bool {
        if priority > Priority::Prefetch {
            return true;
        }
        self.is_held = self.is_held || !self.waited.lets_begin(self.now, bytes, self.carries);
        !self.is_held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: u64 = 1 << 20;

    #[test]
    fn prefetch_has_a_tenth_while_somebody_waits_elsewhere_and_all_of_it_when_nobody_does() {
        let access = Access::default();
        let (mut a, b, c) = (Waited::nobody(&access), Waited::nobody(&access), Waited::nobody(&access));
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!((0..100).all(|_| b.lets_begin(start, SPAN, Some(1e6))), "nobody waits");
        a.say(true, start);
        assert!(!a.elsewhere() && b.elsewhere(), "nobody gives way to themselves");
        assert!((0..100).all(|_| a.lets_begin(start, SPAN, Some(1e6))), "a line's own queue orders that");
        // Two lines of 80 Mb/s together, looked at every quarter of a second for a minute and a half.
        let begun = (0..360).filter(|n| {
            let of = if n % 2 == 0 { &b } else { &c };
            of.lets_begin(at(n * 250), SPAN, Some(10e6))
        });
        let share = begun.count() as f64 * SPAN as f64 / 90.0 / 10e6;
        assert!((0.05..=0.12).contains(&share), "{share}");
        a.say(false, at(90_000));
        assert!(b.elsewhere() && a.ends().is_some(), "who scrolls waits again in a moment");
        a.say(false, at(91_999));
        assert!(b.elsewhere());
        a.say(false, at(92_000));
        assert!((0..100).all(|_| b.lets_begin(at(92_000), SPAN, Some(10e6))), "all of it again");
        assert_eq!(a.ends(), None);
    }

    #[test]
    fn what_somebody_waits_for_never_gives_way() {
        let access = Access::default();
        let (mut a, b, start) = (Waited::nobody(&access), Waited::nobody(&access), Instant::now());
        a.say(true, start);
        let mut way = b.way(start, None);
        assert!(way.is_free(Priority::Prefetch, SPAN));
        assert!(!way.is_free(Priority::Prefetch, SPAN));
        assert!(!way.is_free(Priority::Backup, SPAN));
        assert!(way.is_free(Priority::Series, SPAN) && way.is_free(Priority::Screen, SPAN));
        assert!(!b.way(start, None).is_free(Priority::Prefetch, SPAN), "its turn was taken");
    }

    #[test]
    fn a_thin_line_is_not_filled_and_not_starved() {
        assert_eq!(each(SPAN, Some(125e6)), EACH_MIN);
        assert_eq!(each(SPAN, Some(1048.576 * 1000.0)), Duration::from_secs(10));
        assert_eq!(each(SPAN, Some(0.0)), EACH_MAX);
        assert!(each(SPAN, None) < EACH_MAX);
    }

    #[test]
    fn a_line_that_ends_is_waited_for_by_nobody() {
        let access = Access::default();
        let b = Waited::nobody(&access);
        let mut changes = access.changes();
        {
            let mut a = Waited::nobody(&access);
            a.say(true, Instant::now());
            a.say(true, Instant::now());
            assert!(b.elsewhere());
        }
        assert!(!b.elsewhere());
        assert!(changes.has_changed().unwrap());
        assert_eq!(*changes.borrow_and_update(), 0);
    }
}
