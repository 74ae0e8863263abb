//! Notices that wait for one way out: the gravest first of those whose time has come. One that failed comes again after a
//! pause and holds up no other meanwhile, until it is given up after some hours.
//!
//! Of one condition the newest notice waits alone: what was to be said before it is true no more. Beyond [`WAITING_MAX`] the
//! least grave goes, of these the oldest; its condition stands in the portal alone.
//!
//! # Not here
//! Sending, and the clock: [`super::send`].

use super::{Level, Notice, What};
use std::{cmp::Reverse, time::Duration};
use tokio::time::Instant;

/// Notices waiting for one way.
pub(super) const WAITING_MAX: usize = 64;
/// Pauses between tries: some six hours in all.
pub(super) const PAUSES_S: [u64; 6] = [10, 60, 300, 1_800, 7_200, 14_400];

/// A notice with what became of it so far.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) notice: Notice,
    /// Tries that failed.
    failed: usize,
    /// Rises with each notice.
    number: u64,
    /// Not to be sent before.
    due: Instant,
}

/// How much it matters that it is told: how bad it is, and that something is wrong more than that it is over.
fn weight(notice: &Notice) -> (Level, bool) {
    (notice.alarm.level, notice.what != What::Over)
}

fn is_of_one(one: &Notice, other: &Notice) -> bool {
    one.alarm.kind == other.alarm.kind && one.alarm.subject == other.alarm.subject
}

/// See the module's text.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
    last: u64,
}

impl Queue {
    /// A new notice, which may be sent at once.
    pub(super) fn push(&mut self, notice: Notice, now: Instant) {
        self.waiting.retain(|one| !is_of_one(&one.notice, &notice));
        self.last += 1;
        self.keep(Waiting { notice, failed: 0, number: self.last, due: now });
    }

    /// What is to be sent first of what may be sent now; of what is as grave that which failed less often.
    pub(super) fn take(&mut self, now: Instant) -> Option<Waiting> {
        let due = self.waiting.iter().enumerate().filter(|(_, one)| one.due <= now);
        let first = due.min_by_key(|(_, one)| (Reverse(weight(&one.notice)), one.failed, one.number));
        let at = first.map(|(at, _)| at)?;
        Some(self.waiting.swap_remove(at))
    }

    /// When something may be sent; `None`: nothing waits.
    pub(super) fn due(&self) -> Option<Instant> {
        self.waiting.iter().map(|one| one.due).min()
    }

    /// What was taken did not go out: it waits for its next try, unless a newer notice of its condition does. `false`: it was
    /// tried often enough.
    pub(super) fn again(&mut self, mut failed: Waiting, now: Instant) -> bool {
        let Some(pause) = PAUSES_S.get(failed.failed).copied() else { return false };
        if !self.waiting.iter().any(|one| is_of_one(&one.notice, &failed.notice)) {
            failed.failed += 1;
            failed.due = now + Duration::from_secs(pause);
            self.keep(failed);
        }
        true
    }

    fn keep(&mut self, one: Waiting) {
        self.waiting.push(one);
        if self.waiting.len() <= WAITING_MAX {
            return;
        }
        let least = self.waiting.iter().enumerate().min_by_key(|(_, one)| (weight(&one.notice), one.number));
        if let Some(at) = least.map(|(at, _)| at) {
            let Notice { alarm, what } = self.waiting.swap_remove(at).notice;
            let (kind, level, what) = (alarm.kind.word(), alarm.level.word(), what.word());
            tracing::warn!(kind, level, what, "too many alarms wait to be told: this one is not");
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::{Alarm, Kind};
    use protocol::Timestamp;

    fn notice(subject: &str, level: Level, what: What) -> Notice {
        let (kind, at) = (Kind::PeerSilent, Timestamp(1));
        let subject = subject.to_owned();
        Notice { alarm: Alarm { kind, subject, level, value: 1, since: at, told: None, asked: at, call: None }, what }
    }

    fn taken(queue: &mut Queue, now: Instant) -> Vec<(String, What)> {
        let next = || queue.take(now).map(|one| (one.notice.alarm.subject, one.notice.what));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn the_gravest_goes_first_and_what_failed_comes_again_without_holding_up_the_rest() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push(notice("a", Level::Notice, What::Raised), now);
        queue.push(notice("b", Level::Critical, What::Raised), now);
        let failed = queue.take(now).unwrap();
        assert_eq!(failed.notice.alarm.subject, "b");
        assert!(queue.again(failed, now));
        queue.push(notice("c", Level::Critical, What::Over), now);
        queue.push(notice("d", Level::Critical, What::Raised), now);
        let names = |all: Vec<(String, What)>| all.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(taken(&mut queue, now)), ["d", "c", "a"]);
        // Its time has come; one that did not fail yet goes before it.
        let later = queue.due().unwrap();
        assert_eq!(later, now + Duration::from_secs(PAUSES_S[0]));
        queue.push(notice("e", Level::Critical, What::Raised), later);
        assert_eq!(names(taken(&mut queue, later)), ["e", "b"]);
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn a_notice_is_tried_after_each_pause_and_then_given_up() {
        let (mut queue, mut now) = (Queue::default(), Instant::now());
        queue.push(notice("a", Level::Warning, What::Raised), now);
        for pause in PAUSES_S {
            let failed = queue.take(now).unwrap();
            assert!(queue.again(failed, now));
            now += Duration::from_secs(pause);
            assert!(queue.take(now - Duration::from_millis(1)).is_none(), "{pause}");
        }
        let last = queue.take(now).unwrap();
        assert!(!queue.again(last, now));
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn of_one_condition_the_newest_notice_waits_alone() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push(notice("a", Level::Critical, What::Raised), now);
        queue.push(notice("a", Level::Critical, What::Over), now);
        let over = queue.take(now).unwrap();
        assert_eq!((over.notice.what, queue.len()), (What::Over, 0));
        // It is raised again while that is on its way, which fails.
        queue.push(notice("a", Level::Critical, What::Raised), now);
        assert!(queue.again(over, now));
        assert_eq!(taken(&mut queue, now), [("a".to_owned(), What::Raised)]);
        assert_eq!(queue.due(), None);
    }

    #[test]
    fn beyond_the_bound_the_least_grave_goes_and_of_these_the_oldest() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.push(notice("first", Level::Critical, What::Raised), now);
        for n in 1..WAITING_MAX {
            queue.push(notice(&format!("warning {n}"), Level::Warning, What::Raised), now);
        }
        queue.push(notice("least", Level::Notice, What::Raised), now);
        queue.push(notice("last", Level::Critical, What::Raised), now);
        assert_eq!(queue.len(), WAITING_MAX);
        let left: Vec<String> = taken(&mut queue, now).into_iter().map(|(name, _)| name).collect();
        assert_eq!(left[..3], ["first", "last", "warning 2"]);
        assert!(!left.contains(&"least".to_owned()));
    }
}
