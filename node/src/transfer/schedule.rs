//! In which order a holder is asked: the queue of spans, and how urgent each is for those who look. Pure, without a clock.
//!
//! A span is at most 1 MiB of an object and one request. What the reader waits for goes first and may always start;
//! the rest of a series fills the streams that the link carries; prefetch falls to four streams while anything more
//! urgent runs or waits. Within a priority, what is on a screen or waited for leads what only goes along, and readers take
//! turns; of one reader, first asked is first fetched: the viewer's order is the fetch order.
//!
//! Other holders of the same may take from it too: what they take is *lent*, and runs as far as anybody else is concerned.
//!
//! # Not here
//! Asking, and telling a holder that a running request became urgent: [`super::pump`].

use protocol::{SiteId, fetch::Priority};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::Hash,
    ops::Range,
};

/// Streams that always may run.
pub(crate) const STREAMS_MIN: usize = 8;
/// Streams at most: coded images of 150 KB must fill twice what 1 Gb/s carries in 40 ms.
pub(crate) const STREAMS_MAX: usize = 64;
/// Those for what is on a screen: some are left to what cannot wait.
pub(crate) const STREAMS_SCREEN_MAX: usize = STREAMS_MAX - 8;
/// Streams left to prefetch and backup while something more urgent runs or waits.
pub(crate) const PREFETCH_STREAMS_MAX: usize = 4;
/// Spans waiting for one holder. A 3,000-instance study is some thousands; beyond, wants are refused as busy.
pub(crate) const QUEUED_MAX: usize = 200_000;
/// How far down the queue is looked for what fits: a slow holder's span from behind lies within minutes of a fast one's.
const LOOKED_AT_MAX: usize = 2048;
/// The turn of spans that must be asked for again.
const BEFORE_ALL: i64 = i64::MIN;

/// By urgency, turn, and number: fresh wants are numbered upwards from zero, spans that must be asked for again downwards.
type Place = (Reverse<Urgency>, i64, i64);

/// What is wanted for somebody.
pub(crate) trait OfReader {
    /// The same for all that one reader wants.
    fn reader(&self) -> u64;
}

/// How urgent a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Urgency {
    /// What its holder is told.
    pub(crate) priority: Priority,
    /// It stands before the rest of its priority: on a screen, or waited for beside what only goes along.
    pub(crate) leads: bool,
}

impl From<Priority> for Urgency {
    fn from(priority: Priority) -> Self {
        Self { priority, leads: false }
    }
}

/// What was looked at and is no more goes along with its series.
const PASSED: Urgency = Urgency { priority: Priority::Series, leads: false };

/// Who looks at an object or waits for a part of it: how urgent its spans are follows from that. Bounded by the requests that
/// wait and the viewers that show it.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    next: u64,
    of: Vec<Look>,
}

#[derive(Debug)]
struct Look {
    number: u64,
    spans: Range<u32>,
    urgency: Urgency,
    is_shown: bool,
}

impl Looks {
    /// Somebody looks at these spans, or has the object on a screen. Gives the number by which it ends.
    pub(crate) fn enter(&mut self, spans: Range<u32>, priority: Priority, is_shown: bool) -> u64 {
        let urgency = Urgency { priority, leads: is_shown || priority == Priority::Series };
        self.next += 1;
        self.of.push(Look { number: self.next, spans, urgency, is_shown });
        self.next
    }

    /// Ends it. Gives the spans that are less urgent now and still led, each with what is left of that.
    pub(crate) fn leave(&mut self, number: u64) -> Vec<(u32, Urgency)> {
        let mut before = self.all();
        before.retain(|(_, was)| *was > PASSED);
        self.of.retain(|look| look.number != number);
        let left = |(index, was): (u32, Urgency)| {
            let now = self.urgency(index).map_or(PASSED, |now| now.max(PASSED));
            (now < was).then_some((index, now))
        };
        before.into_iter().filter_map(left).collect()
    }

    /// All spans that somebody looks at.
    pub(crate) fn all(&self) -> Vec<(u32, Urgency)> {
        let spans: BTreeSet<u32> = self.of.iter().flat_map(|look| look.spans.clone()).collect();
        spans.into_iter().filter_map(|index| Some((index, self.urgency(index)?))).collect()
    }

    /// Of an object on a screen all that somebody waits for is on the screen.
    fn urgency(&self, index: u32) -> Option<Urgency> {
        let of = self.of.iter().filter(|look| look.spans.contains(&index)).map(|look| look.urgency).max()?;
        let shown = self.of.iter().filter(|look| look.is_shown).map(|look| look.urgency).max();
        Some(shown.map_or(of, |shown| shown.max(of)))
    }
}

/// The turns of readers within one urgency.
#[derive(Debug, Default)]
struct Turns {
    /// The turn of what was begun last.
    now: i64,
    /// Of each reader with spans that wait: how many, and the turn of the last.
    readers: HashMap<u64, (usize, i64)>,
}

impl Turns {
    fn join(&mut self, reader: u64) -> i64 {
        let before = self.readers.get(&reader);
        let (count, turn) = before.map_or((0, self.now), |(count, last)| (*count, self.now.max(last + 1)));
        self.readers.insert(reader, (count + 1, turn));
        turn
    }

    fn leave(&mut self, reader: u64) {
        if let Some((count, _)) = self.readers.get_mut(&reader) {
            *count -= 1;
            if *count == 0 {
                self.readers.remove(&reader);
            }
        }
    }
}

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

/// A span that runs.
#[derive(Clone, Copy, Debug)]
struct Asked {
    urgency: Urgency,
    /// At another holder.
    lent: Option<SiteId>,
    /// It is taken back to wait as less than it was begun as.
    is_lowered: bool,
}

/// How many spans run here: all, those on a screen, and those that somebody waits for.
#[derive(Clone, Copy, Default)]
struct Here {
    all: usize,
    screen: usize,
    urgent: usize,
}

impl Here {
    fn may_start(self, priority: Priority, streams: usize, is_urgent_left: bool) -> bool {
        match priority {
            Priority::Emergency => self.screen < STREAMS_MAX,
            Priority::Screen => self.screen < STREAMS_SCREEN_MAX,
            Priority::Series => self.all < streams,
            Priority::Prefetch | Priority::Backup => {
                let held_back = is_urgent_left || self.urgent > 0;
                let limit = if held_back { PREFETCH_STREAMS_MAX } else { streams };
                self.all - self.urgent < limit && self.all < streams
            }
        }
    }
}

/// The queue for one holder.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    order: BTreeMap<Place, K>,
    places: HashMap<K, Place>,
    turns: HashMap<Urgency, Turns>,
    asked: HashMap<K, Asked>,
    next_number: i64,
    next_again: i64,
}

impl<K> Default for Queue<K> {
    fn default() -> Self {
        Self {
            order: BTreeMap::new(),
            places: HashMap::new(),
            turns: HashMap::new(),
            asked: HashMap::new(),
            next_number: 0,
            next_again: -1,
        }
    }
}

impl<K: OfReader + Clone + Eq + Hash> Queue<K> {
    /// Somebody wants a span. By this it only rises; see [`Self::lower`].
    pub(crate) fn want(&mut self, key: &K, urgency: impl Into<Urgency>) -> Wanted {
        let urgency = urgency.into();
        if let Some(asked) = self.asked.get_mut(key) {
            let before = asked.urgency;
            if before < urgency {
                *asked = Asked { urgency, is_lowered: false, ..*asked };
            }
            return if before.priority < urgency.priority { Wanted::RunningLower } else { Wanted::Running };
        }
        match self.places.get(key).copied() {
            Some(place) if place.0.0 >= urgency => return Wanted::Queued,
            Some(place) => self.take_out(&place, key),
            None if self.places.len() >= QUEUED_MAX => return Wanted::Full,
            None => {}
        }
        self.put(key, urgency);
        Wanted::Queued
    }

    /// Nobody looks at a span as before: it waits as less. Gives whether it runs as more than that.
    pub(crate) fn lower(&mut self, key: &K, to: Urgency) -> bool {
        if let Some(place) = self.places.get(key).copied().filter(|place| place.0.0 > to) {
            self.take_out(&place, key);
            self.put(key, to);
        }
        self.asked.get(key).is_some_and(|asked| asked.urgency > to)
    }

    /// A span that runs is taken back, to wait as less.
    pub(crate) fn lower_running(&mut self, key: &K, to: Urgency) {
        if let Some(asked) = self.asked.get_mut(key).filter(|asked| asked.urgency > to) {
            (asked.urgency, asked.is_lowered) = (to, true);
        }
    }

    fn put(&mut self, key: &K, urgency: Urgency) {
        let turn = self.turns.entry(urgency).or_default().join(key.reader());
        let place = (Reverse(urgency), turn, self.next_number);
        self.next_number += 1;
        self.order.insert(place, key.clone());
        self.places.insert(key.clone(), place);
    }

    fn take_out(&mut self, place: &Place, key: &K) {
        self.order.remove(place);
        self.places.remove(key);
        if place.1 != BEFORE_ALL
            && let Some(turns) = self.turns.get_mut(&place.0.0)
        {
            turns.leave(key.reader());
        }
    }

    fn begin(&mut self, place: &Place, key: &K, lent: Option<SiteId>) {
        self.take_out(place, key);
        let urgency = place.0.0;
        if let Some(turns) = self.turns.get_mut(&urgency) {
            turns.now = turns.now.max(place.1);
        }
        self.asked.insert(key.clone(), Asked { urgency, lent, is_lowered: false });
    }

    /// The next span that may start when the link carries `streams` at once, of those that `goes` lets.
    pub(crate) fn start_next(
        &mut self,
        streams: usize,
        mut goes: impl FnMut(&K, Priority) -> bool,
    ) -> Option<(K, Priority)> {
        let (here, mut is_urgent_left) = (self.here(), false);
        let mut found = None;
        for (place, key) in self.order.iter().take(LOOKED_AT_MAX) {
            let priority = place.0.0.priority;
            // What is less urgent may start less.
            if !here.may_start(priority, streams, is_urgent_left) {
                break;
            }
            if goes(key, priority) {
                found = Some((*place, key.clone()));
                break;
            }
            is_urgent_left |= priority > Priority::Prefetch;
        }
        let (place, key) = found?;
        self.begin(&place, &key, None);
        Some((key, place.0.0.priority))
    }

    /// Lends a span to another holder: the first that may start there and that `goes` lets.
    pub(crate) fn lend(
        &mut self,
        to: SiteId,
        may_start: impl Fn(Priority) -> bool,
        mut goes: impl FnMut(&K, Priority) -> bool,
    ) -> Option<(K, Priority)> {
        let fits = |(place, key): &(&Place, &K)| may_start(place.0.0.priority) && goes(key, place.0.0.priority);
        let (place, key) =
            self.order.iter().take(LOOKED_AT_MAX).find(fits).map(|(place, key)| (*place, key.clone()))?;
        self.begin(&place, &key, Some(to));
        Some((key, place.0.0.priority))
    }

    /// To whom a span is lent.
    pub(crate) fn lent_to(&self, key: &K) -> Option<SiteId> {
        self.asked.get(key)?.lent
    }

    fn here(&self) -> Here {
        let mut here = Here::default();
        for asked in self.asked.values().filter(|asked| asked.lent.is_none()) {
            here.all += 1;
            here.screen += usize::from(asked.urgency.priority >= Priority::Screen);
            here.urgent += usize::from(asked.urgency.priority > Priority::Prefetch);
        }
        here
    }

    /// With which priority it runs, if it does.
    pub(crate) fn running(&self, key: &K) -> Option<Priority> {
        self.asked.get(key).map(|asked| asked.urgency.priority)
    }

    /// A span is done, failed or no longer wanted.
    pub(crate) fn finish(&mut self, key: &K) -> Option<Priority> {
        self.asked.remove(key).map(|asked| asked.urgency.priority)
    }

    /// A span that ran must be asked for again: it goes before the others of its urgency, unless it became less urgent.
    pub(crate) fn again(&mut self, key: &K) {
        let Some(asked) = self.asked.remove(key) else { return };
        if asked.is_lowered {
            return self.put(key, asked.urgency);
        }
        let place = (Reverse(asked.urgency), BEFORE_ALL, self.next_again);
        self.next_again -= 1;
        self.order.insert(place, key.clone());
        self.places.insert(key.clone(), place);
    }

    /// Takes out waiting spans that nobody looks at, in order.
    pub(crate) fn take(&mut self, goes: impl Fn(&K) -> bool) -> Vec<(K, Priority)> {
        let taken = self.taken(|place, key| place.0.0.priority < Priority::Screen && goes(key));
        taken.into_iter().map(|(place, key)| (key, place.0.0.priority)).collect()
    }

    /// Forgets waiting spans that are no longer wanted.
    pub(crate) fn forget(&mut self, gone: impl Fn(&K) -> bool) {
        self.taken(|_, key| gone(key));
    }

    fn taken(&mut self, goes: impl Fn(&Place, &K) -> bool) -> Vec<(Place, K)> {
        let of = self.order.iter().filter(|(place, key)| goes(place, key));
        let taken: Vec<_> = of.map(|(place, key)| (*place, key.clone())).collect();
        taken.iter().for_each(|(place, key)| self.take_out(place, key));
        taken
    }

    /// Empties the waiting list.
    pub(crate) fn take_all(&mut self) -> Vec<K> {
        self.places.clear();
        self.turns.clear();
        std::mem::take(&mut self.order).into_values().collect()
    }

    /// Whether somebody waits for what runs or is to run.
    pub(crate) fn is_urgent(&self) -> bool {
        let next = self.order.first_key_value().map(|(place, _)| place.0.0);
        let running = self.asked.values().map(|asked| asked.urgency);
        running.chain(next).any(|urgency| urgency.priority > Priority::Prefetch)
    }

    /// Spans running here.
    pub(crate) fn runs(&self) -> usize {
        self.here().all
    }

    /// Spans waiting.
    pub(crate) fn waiting(&self) -> usize {
        self.order.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: Urgency = Urgency { priority: Priority::Screen, leads: true };

    /// A thousand keys each.
    impl OfReader for u32 {
        fn reader(&self) -> u64 {
            u64::from(*self / 1000)
        }
    }

    fn next(queue: &mut Queue<u32>, streams: usize) -> Option<(u32, Priority)> {
        queue.start_next(streams, |_, _| true)
    }

    fn started(queue: &mut Queue<u32>, streams: usize) -> Vec<u32> {
        std::iter::from_fn(|| next(queue, streams).map(|(k, _)| k)).collect()
    }

    #[test]
    fn what_is_on_the_screen_comes_before_what_was_asked_earlier() {
        let mut queue = Queue::default();
        (0..5).for_each(|k| _ = queue.want(&k, Priority::Prefetch));
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
    fn a_waiting_span_rises_and_falls_only_when_nobody_looks_at_it() {
        let mut queue = Queue::default();
        queue.want(&1, Priority::Series);
        queue.want(&2, Priority::Series);
        queue.want(&2, Priority::Screen);
        queue.want(&2, Priority::Prefetch);
        assert_eq!(next(&mut queue, 8), Some((2, Priority::Screen)));
        queue.want(&3, Priority::Screen);
        assert!(!queue.lower(&3, PASSED), "it only waits");
        assert_eq!(next(&mut queue, 8), Some((1, Priority::Series)));
        assert_eq!(next(&mut queue, 8), Some((3, Priority::Series)));
        assert_eq!(next(&mut queue, 8), None);
        assert!(!queue.lower(&3, SHOWN), "it was never more");
    }

    #[test]
    fn what_is_shown_stands_before_all_else_of_the_screen() {
        let mut queue = Queue::default();
        [1, 2, 3].iter().for_each(|key| _ = queue.want(key, Priority::Screen));
        assert_eq!(queue.want(&3, SHOWN), Wanted::Queued);
        queue.want(&4, Priority::Emergency);
        assert_eq!(next(&mut queue, 8), Some((4, Priority::Emergency)));
        assert_eq!(next(&mut queue, 8), Some((3, Priority::Screen)));
        assert_eq!(next(&mut queue, 8), Some((1, Priority::Screen)));
        assert_eq!(queue.want(&1, SHOWN), Wanted::Running, "its holder knows it as urgent");
    }

    #[test]
    fn what_runs_and_is_passed_waits_in_its_turn() {
        let mut queue = Queue::default();
        queue.want(&1, SHOWN);
        queue.want(&2, Priority::Series);
        assert_eq!(next(&mut queue, 8), Some((1, Priority::Screen)));
        assert!(queue.lower(&1, PASSED), "it runs as more");
        assert_eq!(queue.running(&1), Some(Priority::Screen), "as long as it is not taken back");
        queue.lower_running(&1, PASSED);
        queue.again(&1);
        assert_eq!(started(&mut queue, 8), [2, 1]);
        assert_eq!(queue.want(&1, SHOWN), Wanted::RunningLower);
        queue.lower_running(&1, PASSED);
        assert_eq!(queue.want(&1, SHOWN), Wanted::RunningLower, "it is looked at once more");
        queue.again(&1);
        queue.want(&3, SHOWN);
        assert_eq!(started(&mut queue, 8), [1, 3]);
    }

    #[test]
    fn readers_take_turns_within_a_priority() {
        let mut queue = Queue::default();
        (0..20).for_each(|key| _ = queue.want(&key, Priority::Series));
        assert_eq!(started(&mut queue, 4), [0, 1, 2, 3]);
        (1000..1004).for_each(|key| _ = queue.want(&key, Priority::Series));
        assert_eq!(started(&mut queue, 12), [1000, 4, 1001, 5, 1002, 6, 1003, 7]);
        queue.want(&1004, Priority::Series);
        queue.want(&1005, Priority::Screen);
        assert_eq!(started(&mut queue, 16), [1005, 1004, 8, 9], "who had nothing waiting does not wait for the others");
        assert_eq!(queue.turns[&PASSED].readers.len(), 1);
        queue.forget(|_| true);
        assert!(queue.turns.values().all(|turns| turns.readers.is_empty()));
    }

    #[test]
    fn a_span_is_as_urgent_as_whoever_looks_at_it() {
        let mut looks = Looks::default();
        let (waits, shows) = (looks.enter(0..2, Priority::Series, false), looks.enter(0..0, Priority::Screen, true));
        assert_eq!(looks.all(), [(0, SHOWN), (1, SHOWN)], "of many frames on the screen, those that are waited for");
        let other = looks.enter(1..2, Priority::Screen, false);
        let waited_for = Urgency { priority: Priority::Series, leads: true };
        assert_eq!(looks.leave(shows), [(0, waited_for), (1, Priority::Screen.into())]);
        assert_eq!(looks.leave(other), [(1, waited_for)]);
        assert_eq!(looks.leave(waits), [(0, PASSED), (1, PASSED)], "nobody waits for it any more");
        let (one, two) = (looks.enter(0..1, Priority::Screen, false), looks.enter(0..1, Priority::Screen, false));
        assert!(looks.leave(one).is_empty(), "somebody else waits for it");
        assert_eq!(looks.leave(two), [(0, PASSED)]);
        assert!(looks.all().is_empty());
    }

    #[test]
    fn the_screen_starts_even_when_every_stream_is_taken() {
        let mut queue = Queue::default();
        (0..100).for_each(|k| _ = queue.want(&k, Priority::Series));
        assert_eq!(started(&mut queue, STREAMS_MAX).len(), STREAMS_MAX);
        assert_eq!(queue.want(&5, Priority::Screen), Wanted::RunningLower);
        assert_eq!(queue.want(&5, Priority::Screen), Wanted::Running);
        queue.want(&99, Priority::Screen);
        assert_eq!(next(&mut queue, 8), Some((99, Priority::Screen)));
        assert_eq!(next(&mut queue, 8), None);
    }

    #[test]
    fn a_large_image_on_a_screen_leaves_room_for_what_cannot_wait() {
        let mut queue = Queue::default();
        (0..100).for_each(|k| _ = queue.want(&k, Priority::Screen));
        assert_eq!(started(&mut queue, 8).len(), STREAMS_SCREEN_MAX);
        queue.want(&1000, Priority::Emergency);
        assert_eq!(started(&mut queue, 8), [1000]);
    }

    #[test]
    fn prefetch_has_all_streams_when_nobody_waits() {
        let mut queue = Queue::default();
        (0..50).for_each(|k| _ = queue.want(&k, Priority::Prefetch));
        assert_eq!(started(&mut queue, 16).len(), 16);
    }

    #[test]
    fn a_span_that_was_cut_off_goes_first_again() {
        let mut queue = Queue::default();
        (0..20).for_each(|k| _ = queue.want(&k, Priority::Series));
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
        (0..6).for_each(|k| _ = queue.want(&k, Priority::Prefetch));
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
        (0..20).for_each(|k| _ = queue.want(&k, Priority::Series));
        queue.forget(|k| k % 2 == 0);
        assert_eq!(started(&mut queue, 8), [1, 3, 5, 7, 9, 11, 13, 15]);
        assert_eq!(queue.waiting(), 2);
        assert_eq!(queue.want(&0, Priority::Series), Wanted::Queued);
    }

    #[test]
    fn what_is_lent_runs_and_comes_back_first() {
        let mut queue = Queue::default();
        (0..10).for_each(|k| _ = queue.want(&k, Priority::Series));
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
        let mut queue = Queue::<u32>::default();
        (0..10).for_each(|k| _ = queue.want(&k, Priority::Prefetch));
        queue.want(&99, Priority::Screen);
        let started = std::iter::from_fn(|| queue.start_next(8, |k, _| *k != 99)).count();
        assert_eq!(started, PREFETCH_STREAMS_MAX);
    }
}
