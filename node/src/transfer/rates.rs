//! How many bytes a second a peer takes, where an agreement says so: over all its connections together.
//!
//! The more urgent leaves first, also what is raised while it waits; what is equally urgent takes turns, piece by piece. Nothing stands
//! still behind what is more urgent: one piece in [`LONGEST_EACH`] is that of whoever has waited longest, so what is urgent has 31
//! parts of 32, and what is behind it the last one together. Whoever goes leaves neither its place nor its bytes behind.
//!
//! # Not here
//! Whether it may at all: `trust`. What the bytes are: [`super::give`].

use protocol::{SiteId, fetch::Priority, ids::Id128};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Pieces that leave under a limit are no longer than this takes, so that all that runs gets on.
const PIECE_LASTS: Duration = Duration::from_millis(250);
/// The least piece: what a datagram carries.
const PIECE_MIN: usize = 1200;
/// And the most.
const PIECE_MAX: usize = 64 * 1024;
/// One piece in so many leaves in the order of coming, whatever its urgency.
const LONGEST_EACH: u32 = 32;
/// What waited and left late, since the clock or the machine was late, is made up for up to this.
const LATE_MAX: Duration = PIECE_LASTS;
/// The same of a stream that is alone, and so is not there between two pieces: what a timer is late.
const ALONE_LATE_MAX: Duration = Duration::from_millis(5);

/// Who waits under each peer's agreements. Bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<(SiteId, Id128), Arc<Lane>>>);

/// What waits under one agreement.
#[derive(Debug)]
struct Lane(Mutex<Row>);

impl Lane {
    fn row(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The more urgent first, and then who came first.
type Place = (Reverse<Priority>, u64);

/// The decision: who leaves next, and when. Bounded by the streams that are served: each waits for one piece at a time.
#[derive(Debug)]
struct Row {
    /// When the next piece may leave.
    free: Instant,
    /// The number of who comes next.
    turn: u64,
    /// Pieces that left since one left in the order of coming.
    by_urgency: u32,
    waiting: BTreeMap<Place, Arc<Notify>>,
}

/// What one that waits does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Its bytes leave now; it waits no more.
    Leaves,
    /// It is next, and may leave then.
    At(Instant),
    Behind,
}

impl Row {
    fn new(now: Instant) -> Self {
        Self { free: now, turn: 0, by_urgency: 0, waiting: BTreeMap::new() }
    }

    fn enter(&mut self, priority: Priority, now: Instant) -> (Place, Arc<Notify>) {
        if self.waiting.is_empty() {
            self.free = self.free.max(before(now, ALONE_LATE_MAX));
        }
        let (place, woken) = ((Reverse(priority), self.turn), Arc::new(Notify::new()));
        self.turn += 1;
        self.waiting.insert(place, woken.clone());
        (place, woken)
    }

    fn next(&self) -> Option<Place> {
        if self.by_urgency + 1 < LONGEST_EACH {
            return self.waiting.keys().next().copied();
        }
        self.waiting.keys().min_by_key(|(_, turn)| *turn).copied()
    }

    /// Tries to let the bytes of one leave that take so long.
    fn step(&mut self, place: Place, lasts: Duration, now: Instant) -> Step {
        if self.next() != Some(place) {
            return Step::Behind;
        }
        if now < self.free {
            return Step::At(self.free);
        }
        self.free = self.free.max(before(now, LATE_MAX)) + lasts;
        self.by_urgency = (self.by_urgency + 1) % LONGEST_EACH;
        self.leave(place);
        Step::Leaves
    }

    /// Takes one out, and tells who is next.
    fn leave(&mut self, place: Place) {
        self.waiting.remove(&place);
        if let Some(woken) = self.next().and_then(|next| self.waiting.get(&next)) {
            woken.notify_one();
        }
    }

    fn raise(&mut self, place: Place, priority: Priority) -> Place {
        let Some(woken) = self.waiting.remove(&place) else { return place };
        let raised = (Reverse(priority), place.1);
        self.waiting.insert(raised, woken);
        raised
    }
}

fn before(now: Instant, by: Duration) -> Instant {
    now.checked_sub(by).unwrap_or(now)
}

fn lasts(bytes: usize, kbits: u32) -> Duration {
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
    // A kilobit a second is a bit a millisecond.
    Duration::from_micros(bits.saturating_mul(1000) / u64::from(kbits.max(1)))
}

/// What holds one stream back.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    lane: Arc<Lane>,
    kbits: u32,
}

impl Throttle {
    pub(crate) fn new(rates: &Rates, peer: SiteId, agreement: Id128, kbits: u32) -> Self {
        let mut lanes = rates.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lane =
            lanes.entry((peer, agreement)).or_insert_with(|| Arc::new(Lane(Mutex::new(Row::new(Instant::now())))));
        Self { lane: lane.clone(), kbits }
    }

    /// What is agreed.
    pub(crate) fn kbits(&self) -> u32 {
        self.kbits
    }

    /// The length of one piece.
    pub(crate) fn piece(&self) -> usize {
        let second = usize::try_from(u64::from(self.kbits) * 125).unwrap_or(usize::MAX);
        let fits = second / usize::try_from(1000 / PIECE_LASTS.as_millis()).unwrap_or(4);
        fits.clamp(PIECE_MIN, PIECE_MAX)
    }

    /// Has so many bytes wait for their turn.
    pub(crate) fn enter(&self, bytes: usize, priority: Priority) -> Waiting<'_> {
        let (place, woken) = self.lane.row().enter(priority, Instant::now());
        Waiting { lane: &self.lane, place, woken, lasts: lasts(bytes, self.kbits), has_left: false }
    }

    /// Resolves when so many bytes may leave that are as urgent as all others.
    pub(crate) async fn wait(&self, bytes: usize) {
        self.enter(bytes, Priority::Backup).leaves().await;
    }
}

/// Bytes that wait for their turn. Dropped, they wait no more, and were never counted.
#[derive(Debug)]
pub(crate) struct Waiting<'a> {
    lane: &'a Lane,
    place: Place,
    woken: Arc<Notify>,
    lasts: Duration,
    has_left: bool,
}

impl Waiting<'_> {
    /// They are more urgent from now on.
    pub(crate) fn raise(&mut self, priority: Priority) {
        self.place = self.lane.row().raise(self.place, priority);
    }

    /// Resolves when they may leave. May be dropped and called again.
    pub(crate) async fn leaves(&mut self) {
        while !self.has_left {
            let step = self.lane.row().step(self.place, self.lasts, Instant::now());
            match step {
                Step::Leaves => self.has_left = true,
                Step::At(at) => tokio::select! {
                    () = tokio::time::sleep_until(at.into()) => {}
                    () = self.woken.notified() => {}
                },
                Step::Behind => self.woken.notified().await,
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.has_left {
            self.lane.row().leave(self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use proptest::prelude::*;

    /// A stream that takes a piece and, when that left, the next: how urgent it is, and from when.
    #[derive(Clone, Copy)]
    struct Stream {
        priority: Priority,
        begins: Duration,
        /// Raised then.
        raised: Option<(Duration, Priority)>,
    }

    fn stream(priority: Priority) -> Stream {
        Stream { priority, begins: Duration::ZERO, raised: None }
    }

    fn throttle(kbits: u32) -> Throttle {
        Throttle::new(&Rates::default(), SiteId([1; 32]), Id128([1; 16]), kbits)
    }

    /// Plays them by a clock that only the waiting moves, and which is `late` each time. Gives the bytes of each within a
    /// span.
    fn play(kbits: u32, streams: &[Stream], (from, to): (Duration, Duration), late: Duration) -> Vec<usize> {
        let piece = throttle(kbits).piece();
        let start = Instant::now();
        let (mut row, mut now) = (Row::new(start), start);
        let mut places: Vec<Option<Place>> = vec![None; streams.len()];
        let mut sent = vec![0; streams.len()];
        while now < start + to {
            for (stream, place) in streams.iter().zip(&mut places) {
                if place.is_none() && start + stream.begins <= now {
                    *place = Some(row.enter(stream.priority, now).0);
                }
                if let (Some(at), Some((when, priority))) = (*place, stream.raised)
                    && start + when <= now
                {
                    *place = Some(row.raise(at, priority));
                }
            }
            let next = row.next().unwrap();
            let which = places.iter().position(|place| *place == Some(next)).unwrap();
            assert!(
                places
                    .iter()
                    .flatten()
                    .all(|place| *place == next || row.step(*place, Duration::ZERO, now) == Step::Behind)
            );
            match row.step(next, lasts(piece, kbits), now) {
                Step::At(at) => {
                    let events = streams.iter().flat_map(|s| [Some(s.begins), s.raised.map(|(when, _)| when)]);
                    let soon = events.flatten().map(|at| start + at).filter(|at| *at > now).min();
                    now = soon.map_or(at + late, |soon| soon.min(at + late));
                }
                Step::Leaves => {
                    places[which] = None;
                    if now >= start + from {
                        sent[which] += piece;
                    }
                }
                Step::Behind => panic!("who is next is behind nobody"),
            }
        }
        sent
    }

    const TEN: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(10));

    fn agreed(kbits: u32, (from, to): (Duration, Duration)) -> usize {
        usize::try_from(u64::from(kbits) * 125 * (to - from).as_secs()).unwrap()
    }

    #[test]
    fn bytes_leave_at_the_rate_agreed_together_and_evenly() {
        for kbits in [64, 1_000, 20_000, 400_000] {
            for streams in [1, 2, 7] {
                for late in [Duration::ZERO, Duration::from_millis(1)] {
                    let sent = play(kbits, &vec![stream(Priority::Series); streams], TEN, late);
                    let (total, agreed) = (sent.iter().sum::<usize>(), agreed(kbits, TEN));
                    assert!(
                        total.abs_diff(agreed) * 20 <= agreed,
                        "{kbits} kbit/s over {streams}: {total} of {agreed}"
                    );
                    let most = sent.iter().max().unwrap() - sent.iter().min().unwrap();
                    assert!(most <= throttle(kbits).piece(), "{sent:?}");
                }
            }
        }
    }

    #[test]
    fn an_emergency_behind_seven_that_are_fetched_ahead_has_nearly_all_of_the_rate() {
        for kbits in [64, 1_000, 20_000, 400_000] {
            let emergency = Stream { begins: Duration::from_secs(3), ..stream(Priority::Emergency) };
            let streams: Vec<Stream> = std::iter::repeat_n(stream(Priority::Prefetch), 7).chain([emergency]).collect();
            // From when it comes: the piece before it is all that it waits for.
            let span = (Duration::from_secs(3), Duration::from_secs(13));
            let sent = play(kbits, &streams, span, Duration::ZERO);
            assert!(sent[7] * 100 >= agreed(kbits, span) * 93, "{kbits} kbit/s: {sent:?}");
            let behind = sent[..7].iter().sum::<usize>();
            assert!(behind > 0 && behind * 20 <= agreed(kbits, span), "{kbits} kbit/s: {sent:?}");
        }
    }

    #[test]
    fn what_is_raised_while_it_waits_overtakes() {
        let raised = Stream { raised: Some((Duration::from_secs(2), Priority::Screen)), ..stream(Priority::Prefetch) };
        let streams: Vec<Stream> = std::iter::repeat_n(stream(Priority::Series), 3).chain([raised]).collect();
        let before = play(1_000, &streams, (Duration::ZERO, Duration::from_secs(2)), Duration::ZERO);
        assert!(before[3] < before[0], "{before:?}");
        let after = play(1_000, &streams, (Duration::from_secs(2), Duration::from_secs(12)), Duration::ZERO);
        assert!(after[3] * 10 > after.iter().sum::<usize>() * 9, "{after:?}");
    }

    proptest! {
        /// Whatever waits leaves something within a bounded number of pieces.
        #[test]
        fn nothing_stands_still(ranks in prop::collection::vec(0usize..5, 1..9)) {
            let all = [Priority::Backup, Priority::Prefetch, Priority::Series, Priority::Screen, Priority::Emergency];
            let streams: Vec<Stream> = ranks.iter().map(|rank| stream(all[*rank])).collect();
            let pieces = LONGEST_EACH as usize * (streams.len() + 1);
            // At 8 kbit/s a piece of 1200 bytes lasts 1.2 s.
            let span = (Duration::ZERO, Duration::from_millis(1200) * u32::try_from(pieces).unwrap());
            let sent = play(8, &streams, span, Duration::ZERO);
            prop_assert!(sent.iter().all(|bytes| *bytes > 0), "{sent:?}");
        }
    }

    #[test]
    fn what_a_machine_slept_over_does_not_come_at_once() {
        let start = Instant::now();
        let mut row = Row::new(start);
        let step = lasts(12_500, 1_000);
        let (first, _) = row.enter(Priority::Series, start);
        assert_eq!(row.step(first, step, start), Step::Leaves);
        let (second, _) = row.enter(Priority::Series, start);
        let woken = start + Duration::from_secs(60);
        assert_eq!(row.step(second, step, woken), Step::Leaves);
        let mut burst = 0;
        loop {
            let (next, _) = row.enter(Priority::Series, woken);
            if row.step(next, step, woken) != Step::Leaves {
                break;
            }
            burst += 1;
        }
        assert!(burst <= 2, "{burst} pieces of 100 ms");
    }

    #[test]
    fn each_peer_and_agreement_is_for_itself() {
        let rates = Rates::default();
        let of = |peer: u8, agreement: u8| Throttle::new(&rates, SiteId([peer; 32]), Id128([agreement; 16]), 8);
        assert!(Arc::ptr_eq(&of(1, 1).lane, &of(1, 1).lane));
        assert!(!Arc::ptr_eq(&of(1, 1).lane, &of(1, 2).lane));
        assert!(!Arc::ptr_eq(&of(1, 1).lane, &of(2, 1).lane));
    }

    #[tokio::test]
    async fn whoever_goes_leaves_neither_place_nor_bytes_and_who_is_next_is_woken() {
        let throttle = throttle(8);
        throttle.enter(1200, Priority::Prefetch).leaves().now_or_never().unwrap();
        let free = throttle.lane.row().free;
        let mut waits = throttle.enter(1200, Priority::Prefetch);
        assert!(waits.leaves().now_or_never().is_none());
        let mut urgent = throttle.enter(1200, Priority::Emergency);
        assert!(urgent.leaves().now_or_never().is_none());
        assert_eq!(throttle.lane.row().next(), Some(urgent.place));
        drop(urgent);
        assert_eq!(throttle.lane.row().next(), Some(waits.place));
        assert!(waits.woken.notified().now_or_never().is_some(), "it is told that it is next");
        drop(waits);
        let row = throttle.lane.row();
        assert!(row.waiting.is_empty());
        assert_eq!(row.free, free);
    }
}
