//! In which order a holder is asked: the queue of spans of objects, pure and without a clock.
//!
//! A span is at most 1 MiB of an object and one request. What the reader waits for goes first and may always start;
//! the rest of a series fills the streams that the link carries; prefetch falls to four streams while anything more
//! urgent runs or waits. Within a priority, first asked is first fetched: the viewer's order is the fetch order.
//!
//! Other holders of the same may take from it too: what they take is *lent*, and runs as far as anybody else is concerned.
//!
//! # Not here
//! Asking: [`super::pump`]. Telling a holder that a running request became urgent: there too.

use protocol::{SiteId, fetch::Priority};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Streams that always may run.
pub(crate) const STREAMS_MIN: usize = 8;
/// Streams at most: coded images of 150 KB must fill twice what 1 Gb/s carries in 40 ms.
pub(crate) const STREAMS_MAX: usize = 64;
/// Streams left to prefetch and backup while something more urgent runs or waits.
pub(crate) const PREFETCH_STREAMS_MAX: usize = 4;
/// Spans waiting for one holder. A 3,000-instance study is some thousands; beyond, wants are refused as busy.
pub(crate) const QUEUED_MAX: usize = 200_000;
/// How far down the queue is looked for what fits: a slow holder's span from behind lies within minutes of a fast one's.
const LOOKED_AT_MAX: usize = 2048;

/// Fresh wants are numbered upwards from zero, spans that must be asked for again downwards: they go first.
type Place = (Reverse<Priority>, i64);

/// What became of a want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// In the queue, now or before, with at least this priority.
    Queued,
    /// It runs already with at least this priority.
    Running,
    /// It runs with a lower priority: the holder must be told.
    RunningLower,
    /// The queue is full.
    Full,
}

/// The queue for one holder.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    order: BTreeMap<Place, K>,
    places: HashMap<K, Place>,
    running: HashMap<K, Priority>,
    lent: HashMap<K, (Priority, SiteId)>,
    next_number: i64,
    next_again: i64,
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        Self {
            order: BTreeMap::new(),
            places: HashMap::new(),
            running: HashMap::new(),
            lent: HashMap::new(),
            next_number: 0,
            next_again: -1,
        }
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Somebody wants a span. Priorities only rise.
    pub(crate) fn want(&mut self, key: &K, priority: Priority) -> Wanted {
        let lent = self.lent.get_mut(key).map(|(priority, _)| priority);
        if let Some(current) = self.running.get_mut(key).or(lent) {
            if *current >= priority {
                return Wanted::Running;
            }
            *current = priority;
            return Wanted::RunningLower;
        }
        if let Some(place) = self.places.get(key) {
            if place.0.0 >= priority {
                return Wanted::Queued;
            }
            self.order.remove(place);
        } else if self.places.len() >= QUEUED_MAX {
            return Wanted::Full;
        }
        let place = (Reverse(priority), self.next_number);
        self.next_number += 1;
        self.order.insert(place, key.clone());
        self.places.insert(key.clone(), place);
        Wanted::Queued
    }

    /// The next span that may start when the link carries `streams` at once, of those that `goes` lets.
    pub(crate) fn start_next(
        &mut self,
        streams: usize,
        mut goes: impl FnMut(&K, Priority) -> bool,
    ) -> Option<(K, Priority)> {
        let mut is_urgent_left = false;
        let mut found = None;
        for (place, key) in self.order.iter().take(LOOKED_AT_MAX) {
            let priority = place.0.0;
            // What is less urgent may start less.
            if !self.may_start(priority, streams, is_urgent_left) {
                break;
            }
            if goes(key, priority) {
                found = Some((*place, key.clone()));
                break;
            }
            is_urgent_left |= priority > Priority::Prefetch;
        }
        let (place, key) = found?;
        self.take_out(&place, &key);
        self.running.insert(key.clone(), place.0.0);
        Some((key, place.0.0))
    }

    /// Lends a span to another holder: the first that may start there and that `goes` lets.
    pub(crate) fn lend(
        &mut self,
        to: SiteId,
        may_start: impl Fn(Priority) -> bool,
        mut goes: impl FnMut(&K, Priority) -> bool,
    ) -> Option<(K, Priority)> {
        let fits = |(place, key): &(&Place, &K)| may_start(place.0.0) && goes(key, place.0.0);
        let (place, key) =
            self.order.iter().take(LOOKED_AT_MAX).find(fits).map(|(place, key)| (*place, key.clone()))?;
        self.take_out(&place, &key);
        self.lent.insert(key.clone(), (place.0.0, to));
        Some((key, place.0.0))
    }

    /// To whom a span is lent.
    pub(crate) fn lent_to(&self, key: &K) -> Option<SiteId> {
        self.lent.get(key).map(|(_, site)| *site)
    }

    fn take_out(&mut self, place: &Place, key: &K) {
        self.order.remove(place);
        self.places.remove(key);
    }

    fn may_start(&self, priority: Priority, streams: usize, is_urgent_left: bool) -> bool {
        let count = |of: fn(Priority) -> bool| self.running.values().filter(|p| of(**p)).count();
        match priority {
            Priority::Emergency | Priority::Screen => count(|p| p >= Priority::Screen) < STREAMS_MAX,
            Priority::Series => self.running.len() < streams,
            Priority::Prefetch | Priority::Backup => {
                let held_back = is_urgent_left || count(|p| p > Priority::Prefetch) > 0;
                let limit = if held_back { PREFETCH_STREAMS_MAX } else { streams };
                count(|p| p <= Priority::Prefetch) < limit && self.running.len() < streams
            }
        }
    }

    /// With which priority it runs, if it does.
    pub(crate) fn running(&self, key: &K) -> Option<Priority> {
        self.running.get(key).copied().or_else(|| self.lent.get(key).map(|(priority, _)| *priority))
    }

    /// A span is done, failed or no longer wanted.
    pub(crate) fn finish(&mut self, key: &K) -> Option<Priority> {
        self.running.remove(key).or_else(|| self.lent.remove(key).map(|(priority, _)| priority))
    }

    /// A span that ran must be asked for again: it goes before the others of its priority.
    pub(crate) fn again(&mut self, key: &K) {
        if let Some(priority) = self.finish(key) {
            let place = (Reverse(priority), self.next_again);
            self.next_again -= 1;
            self.order.insert(place, key.clone());
            self.places.insert(key.clone(), place);
        }
    }

    /// Takes out waiting spans that nobody looks at, in order.
    pub(crate) fn take(&mut self, goes: impl Fn(&K) -> bool) -> Vec<(K, Priority)> {
        let taken: Vec<(K, Priority)> = self
            .order
            .iter()
            .filter(|((priority, _), key)| priority.0 < Priority::Screen && goes(key))
            .map(|((priority, _), key)| (key.clone(), priority.0))
            .collect();
        for (key, _) in &taken {
            if let Some(place) = self.places.remove(key) {
                self.order.remove(&place);
            }
        }
        taken
    }

    /// Forgets waiting spans that are no longer wanted.
    pub(crate) fn forget(&mut self, gone: impl Fn(&K) -> bool) {
        self.order.retain(|_, key| {
            let goes = gone(key);
            if goes {
                self.places.remove(key);
            }
            !goes
        });
    }

    /// Empties the waiting list.
    pub(crate) fn take_all(&mut self) -> Vec<K> {
        self.places.clear();
        std::mem::take(&mut self.order).into_values().collect()
    }

    /// Whether somebody waits for what runs or is to run.
    pub(crate) fn is_urgent(&self) -> bool {
        let next = self.order.first_key_value().map(|(place, _)| place.0.0);
        let lent = self.lent.values().map(|(priority, _)| *priority);
        self.running.values().copied().chain(lent).chain(next).any(|priority| priority > Priority::Prefetch)
    }

    /// Spans running here.
    pub(crate) fn runs(&self) -> usize {
        self.running.len()
    }

    /// Spans waiting.
    pub(crate) fn waiting(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(queue: &mut Queue<u32>, streams: usize) -> Option<(u32, Priority)> {
        queue.start_next(streams, |_, _| true)
    }

    fn started(queue: &mut Queue<u32>, streams: usize) -> Vec<u32> {
        std::iter::from_fn(|| next(queue, streams).map(|(k, _)| k)).collect()
    }

    #[test]
    fn what_is_on_the_screen_comes_before_what_was_asked_earlier() {
        let mut queue = Queue::default();
        for k in 0..5 {
            queue.want(&k, Priority::Prefetch);
        }
        queue.want(&10, Priority::Series);
        queue.want(&20, Priority::Screen);
        queue.want(&21, Priority::Screen);
        queue.want(&30, Priority::Emergency);
        assert!(queue.is_urgent());
        assert_eq!(started(&mut queue, 8), [30, 20, 21, 10, 0, 1, 2, 3], "prefetch is held to four");
        assert!(queue.is_urgent());
        [30, 20, 21, 10].iter().for_each(|key| _ = queue.finish(key));
        assert!(!queue.is_urgent());
    }

    #[test]
    fn a_waiting_span_rises_and_never_falls() {
        let mut queue = Queue::default();
        queue.want(&1, Priority::Series);
        queue.want(&2, Priority::Series);
        queue.want(&2, Priority::Screen);
        queue.want(&2, Priority::Prefetch);
        assert_eq!(next(&mut queue, 8), Some((2, Priority::Screen)));
        assert_eq!(next(&mut queue, 8), Some((1, Priority::Series)));
        assert_eq!(next(&mut queue, 8), None);
    }

    #[test]
    fn the_screen_starts_even_when_every_stream_is_taken() {
        let mut queue = Queue::default();
        for k in 0..100 {
            queue.want(&k, Priority::Series);
        }
        assert_eq!(started(&mut queue, STREAMS_MAX).len(), STREAMS_MAX);
        assert_eq!(queue.want(&5, Priority::Screen), Wanted::RunningLower);
        assert_eq!(queue.want(&5, Priority::Screen), Wanted::Running);
        queue.want(&99, Priority::Screen);
        assert_eq!(next(&mut queue, 8), Some((99, Priority::Screen)));
        assert_eq!(next(&mut queue, 8), None);
    }

    #[test]
    fn prefetch_has_all_streams_when_nobody_waits() {
        let mut queue = Queue::default();
        for k in 0..50 {
            queue.want(&k, Priority::Prefetch);
        }
        assert_eq!(started(&mut queue, 16).len(), 16);
    }

    #[test]
    fn a_span_that_was_cut_off_goes_first_again() {
        let mut queue = Queue::default();
        for k in 0..20 {
            queue.want(&k, Priority::Series);
        }
        assert_eq!(started(&mut queue, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
        queue.again(&7);
        queue.again(&3);
        assert_eq!(started(&mut queue, 8), [3, 7]);
        assert_eq!(queue.finish(&7), Some(Priority::Series));
        assert_eq!(queue.finish(&7), None);
    }

    #[test]
    fn what_is_taken_out_comes_in_order_and_leaves_what_somebody_looks_at() {
        let mut queue = Queue::default();
        for k in 0..6 {
            queue.want(&k, Priority::Prefetch);
        }
        queue.want(&4, Priority::Series);
        queue.want(&2, Priority::Screen);
        let taken = queue.take(|k| k % 2 == 0);
        assert_eq!(taken, [(4, Priority::Series), (0, Priority::Prefetch)]);
        assert_eq!(started(&mut queue, 8), [2, 1, 3, 5]);
        assert_eq!(queue.want(&0, Priority::Prefetch), Wanted::Queued);
    }

    #[test]
    fn forgotten_spans_do_not_start() {
        let mut queue = Queue::default();
        for k in 0..20 {
            queue.want(&k, Priority::Series);
        }
        queue.forget(|k| k % 2 == 0);
        assert_eq!(started(&mut queue, 8), [1, 3, 5, 7, 9, 11, 13, 15]);
        assert_eq!(queue.waiting(), 2);
        assert_eq!(queue.want(&0, Priority::Series), Wanted::Queued);
    }

    #[test]
    fn what_is_lent_runs_and_comes_back_first() {
        let mut queue = Queue::default();
        for k in 0..10 {
            queue.want(&k, Priority::Series);
        }
        let other = SiteId([7; 32]);
        assert_eq!(queue.lend(other, |_| true, |k, _| *k == 3), Some((3, Priority::Series)));
        assert_eq!(queue.lent_to(&3), Some(other));
        assert_eq!(queue.want(&3, Priority::Series), Wanted::Running);
        assert_eq!(queue.want(&3, Priority::Screen), Wanted::RunningLower);
        assert!(queue.is_urgent());
        assert_eq!((queue.runs(), queue.waiting()), (0, 9), "it takes no stream of ours");
        queue.again(&3);
        assert_eq!(queue.lent_to(&3), None);
        assert_eq!(next(&mut queue, 8), Some((3, Priority::Screen)));
        assert_eq!(queue.lend(other, |priority| priority > Priority::Series, |_, _| true), None);
    }

    #[test]
    fn prefetch_is_held_back_behind_what_another_shall_bring() {
        let mut queue = Queue::default();
        for k in 0..10 {
            queue.want(&k, Priority::Prefetch);
        }
        queue.want(&99, Priority::Screen);
        let started = std::iter::from_fn(|| queue.start_next(8, |k, _| *k != 99)).count();
        assert_eq!(started, PREFETCH_STREAMS_MAX);
    }
}
