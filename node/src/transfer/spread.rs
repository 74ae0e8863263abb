//! Which of several holders brings what: pure and without a clock.
//!
//! All take from one queue, in its order. One takes what it would bring no later than the others, who work off what stands
//! before it meanwhile: so a slow holder takes something from further back, which is there when its turn comes, and at the
//! end nothing waits for it.
//!
//! Whether a line has fallen silent is told by what is heard on it: nothing for longer than the round trip, and what it is used
//! to, explain.
//!
//! # Not here
//! The queue: [`super::schedule`]. Asking, and taking back from one that falls silent: [`super::share`].

use std::time::{Duration, Instant};

/// A holder of which nothing is known is taken to bring as much as the best of the others, and no less than this.
const UNKNOWN_BYTES_PER_S: f64 = 1.25e6;
/// What is measured fades with this time.
const FADES_OVER: Duration = Duration::from_millis(500);

/// How a holder stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    /// Bytes of objects that it brings in a second; none: not known.
    pub(crate) bytes_per_s: Option<f64>,
    pub(crate) rtt_s: f64,
    /// Bytes of objects that it brings before what is asked for now.
    pub(crate) before: f64,
}

impl Standing {
    fn rate(&self, others: &[Self]) -> f64 {
        let best = others.iter().filter_map(|other| other.bytes_per_s).fold(UNKNOWN_BYTES_PER_S, f64::max);
        self.bytes_per_s.unwrap_or(best).max(1.0)
    }

    /// In how many seconds it would bring so many bytes, beside others.
    pub(crate) fn brings(&self, bytes: f64, others: &[Self]) -> f64 {
        self.rtt_s + (self.before + bytes) / self.rate(others)
    }
}

/// Whether a holder takes what stands in the queue behind `ahead` bytes: nobody would bring it sooner.
pub(crate) fn takes(own: &Standing, others: &[Standing], ahead: f64, bytes: f64) -> bool {
    if others.is_empty() {
        return true;
    }
    let all: Vec<Standing> = others.iter().copied().chain([*own]).collect();
    let alone = others.iter().map(|other| other.brings(bytes, &all)).fold(f64::INFINITY, f64::min);
    let rate: f64 = others.iter().map(|other| other.rate(&all)).sum();
    let before: f64 = others.iter().map(|other| other.before).sum();
    let rtt_s = others.iter().map(|other| other.rtt_s).fold(f64::INFINITY, f64::min);
    let together = rtt_s + (before + ahead + bytes) / rate;
    own.brings(bytes, &all) <= alone.max(together)
}

/// Nothing was heard for so long, and two round trips, although something was asked.
const QUIET: Duration = Duration::from_millis(120);
/// A line that brings little at a time is given twice its longest pause, up to this.
const QUIET_MAX: Duration = Duration::from_secs(1);
/// What a longest pause keeps of itself from one look to the next.
const PAUSE_FADES: f64 = 0.98;

/// What is heard on a line while something is asked on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ear {
    /// On which connection, and how many packets.
    heard: (usize, u64),
    since: Instant,
    pause: Duration,
}

impl Ear {
    pub(crate) fn new(now: Instant) -> Self {
        Self { heard: (0, 0), since: now, pause: Duration::ZERO }
    }

    /// Something is asked after a time in which nothing was.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.since = now;
    }

    /// So many packets came on a connection by now; whether any is new. A pause is one if something `was_asked`.
    pub(crate) fn hear(&mut self, now: Instant, heard: (usize, u64), was_asked: bool) -> bool {
        self.pause = self.pause.mul_f64(PAUSE_FADES);
        if heard == self.heard {
            return false;
        }
        if was_asked && heard.0 == self.heard.0 {
            self.pause = self.pause.max(now.duration_since(self.since));
        }
        (self.heard, self.since) = (heard, now);
        true
    }

    /// Whether it has been silent for too long.
    pub(crate) fn is_silent(&self, now: Instant, rtt: Duration) -> bool {
        let patience = (QUIET + rtt * 2).max((self.pause * 2).min(QUIET_MAX));
        now.duration_since(self.since) > patience
    }
}

/// How long a line rests at least that brought nothing since it rested before; doubled each time up to the longest.
const REST_MIN: Duration = Duration::from_millis(250);
const REST_MAX: Duration = Duration::from_secs(8);

/// The rests of a line that falls silent, and says something again without bringing anything.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rests {
    /// What it had brought when it last rested, in all.
    brought: Option<u64>,
    lasts: Duration,
    until: Option<Instant>,
}

impl Rests {
    /// It falls silent after it brought so much in all.
    pub(crate) fn begin(&mut self, now: Instant, brought: u64) {
        let is_useless = self.brought == Some(brought);
        self.lasts = if is_useless { (self.lasts * 2).clamp(REST_MIN, REST_MAX) } else { Duration::ZERO };
        (self.brought, self.until) = (Some(brought), Some(now + self.lasts));
    }

    /// Whether it may go on, now that something is heard.
    pub(crate) fn may_end(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }
}

/// What a holder brings in a second while it is asked for more than it brings.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pace {
    carries: Option<f64>,
    /// Since when it is counted, and from which total.
    from: Option<(Instant, u64)>,
    /// The total when it was last idle.
    idle: u64,
}

impl Pace {
    /// Notes the total of bytes that came, and whether more was asked for since the last note.
    pub(crate) fn note(&mut self, at: Instant, total: u64, is_asked: bool) {
        if !is_asked {
            (self.from, self.idle) = (None, total);
            return;
        }
        let Some((since, before)) = self.from else {
            // Counted from the first byte on: the round trip before it says nothing of the rate.
            if total > self.idle {
                self.from = Some((at, total));
            }
            return;
        };
        let took = at.duration_since(since);
        if took < Duration::from_millis(20) {
            return;
        }
        let sample = total.saturating_sub(before) as f64 / took.as_secs_f64();
        let weight = 1.0 - (-took.as_secs_f64() / FADES_OVER.as_secs_f64()).exp();
        self.carries = Some(self.carries.map_or(sample, |known| known + (sample - known) * weight));
        self.from = Some((at, total));
    }

    pub(crate) fn bytes_per_s(&self) -> Option<f64> {
        self.carries
    }
}

#[cfg(test)]
mod tests {
    use super::{super::schedule::Queue, *};
    use proptest::prelude::*;
    use protocol::{SiteId, fetch::Priority};

    const SPAN: f64 = 525_000.0;
    const STREAMS: usize = 3;

    /// A holder in virtual time: brings one span after the other.
    struct Holder {
        bytes_per_s: f64,
        rtt_s: f64,
        /// Spans under way, with what is left of the first; and when the first byte of the next comes.
        under_way: Vec<(u32, f64, f64)>,
        dies: f64,
        brought: usize,
    }

    impl Holder {
        fn new(megabits: f64, rtt_s: f64) -> Self {
            let bytes_per_s = megabits * 125_000.0;
            Self { bytes_per_s, rtt_s, under_way: Vec::new(), dies: f64::INFINITY, brought: 0 }
        }
        fn standing(&self) -> Standing {
            let before = self.under_way.iter().map(|(_, left, _)| left).sum();
            Standing { bytes_per_s: Some(self.bytes_per_s), rtt_s: self.rtt_s, before }
        }
    }

    /// Fetches so many spans from these holders; a dead one is noticed after a fifth of a second. Gives when each came.
    fn run(holders: &mut [Holder], spans: u32) -> Vec<f64> {
        let mut queue = Queue::default();
        (0..spans).for_each(|span| _ = queue.want(&span, Priority::Series));
        let (mut now, step) = (0.0_f64, 0.002);
        let mut came = vec![f64::NAN; spans as usize];
        while came.iter().any(|at| at.is_nan()) {
            assert!(now < 1000.0, "never done");
            for which in 0..holders.len() {
                take(holders, which, &mut queue, now);
            }
            now += step;
            for holder in holders.iter_mut() {
                if now > holder.dies + 0.2 {
                    holder.under_way.drain(..).rev().for_each(|(span, ..)| queue.again(&span));
                }
                if now > holder.dies {
                    continue;
                }
                let mut budget = holder.bytes_per_s * step;
                while budget > 0.0 && holder.under_way.first().is_some_and(|(.., begins)| *begins <= now) {
                    let (span, left, _) = &mut holder.under_way[0];
                    let part = left.min(budget);
                    *left -= part;
                    budget -= part;
                    if *left <= 0.0 {
                        came[*span as usize] = now;
                        let _ = queue.finish(span);
                        holder.under_way.remove(0);
                        holder.brought += 1;
                    }
                }
            }
        }
        came
    }

    fn take(holders: &mut [Holder], which: usize, queue: &mut Queue<u32>, now: f64) {
        let is_up = |holder: &Holder| now <= holder.dies + 0.2;
        while is_up(&holders[which]) && holders[which].under_way.len() < STREAMS {
            let own = holders[which].standing();
            let others: Vec<Standing> = holders
                .iter()
                .enumerate()
                .filter(|(at, holder)| *at != which && is_up(holder))
                .map(|(_, holder)| holder.standing())
                .collect();
            let mut ahead = 0.0;
            let taken = queue.lend(
                SiteId([which.to_le_bytes()[0]; 32]),
                |_| true,
                |_, _| {
                    let goes = takes(&own, &others, ahead, SPAN);
                    ahead += SPAN;
                    goes
                },
            );
            let Some((span, _)) = taken else { return };
            let begins = now + holders[which].rtt_s;
            holders[which].under_way.push((span, SPAN, begins));
        }
    }

    fn last(came: &[f64]) -> f64 {
        came.iter().copied().fold(0.0, f64::max)
    }

    #[test]
    fn two_of_fifty_carry_a_hundred() {
        let mut holders = [Holder::new(50.0, 0.02), Holder::new(50.0, 0.02)];
        let took = last(&run(&mut holders, 200));
        let rate = 200.0 * SPAN * 8.0 / 1e6 / took;
        assert!(rate > 95.0, "{rate} Mb/s");
        assert!(holders.iter().all(|holder| (95..=105).contains(&holder.brought)));
    }

    #[test]
    fn the_end_does_not_wait_for_the_slow_one() {
        for slow in [0.2, 1.0, 5.0, 20.0] {
            let mut holders = [Holder::new(slow, 0.1), Holder::new(100.0, 0.02)];
            let took = last(&run(&mut holders, 100));
            let ideal = 100.0 * SPAN * 8.0 / 1e6 / (100.0 + slow);
            assert!(took < ideal + 0.25, "{slow}: {took} s of {ideal} s");
        }
    }

    #[test]
    fn a_holder_that_is_cut_off_stalls_nobody() {
        let mut holders = [Holder::new(50.0, 0.02), Holder::new(50.0, 0.02)];
        holders[0].dies = 3.0;
        let mut came = run(&mut holders, 200);
        came.sort_by(f64::total_cmp);
        let gap = came.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        assert!(gap < 0.3, "{gap} s without an image");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn no_two_or_three_are_slower_than_the_fastest(
            rates in prop::collection::vec((1.0f64..300.0, 0.001f64..0.3), 2..4), spans in 1u32..120
        ) {
            let make = |(megabits, rtt_s): &(f64, f64)| Holder::new(*megabits, *rtt_s);
            let best = rates
                .iter()
                .map(|rate| last(&run(&mut [make(rate)], spans)))
                .fold(f64::INFINITY, f64::min);
            let mut holders: Vec<Holder> = rates.iter().map(make).collect();
            let took = last(&run(&mut holders, spans));
            // A step of the clock, and what one span takes more at another that began before.
            prop_assert!(took <= best * 1.02 + 0.05, "{took} s, alone {best} s");
        }
    }

    #[test]
    fn a_pace_is_measured_only_while_more_is_asked_for() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        pace.note(at(0), 0, false);
        // Nothing comes for a round trip; then a MB/s.
        pace.note(at(200), 0, true);
        for tenth in 0..30u64 {
            pace.note(at(250 + tenth * 50), 50_000 + tenth * 50_000, true);
        }
        let known = pace.bytes_per_s().unwrap();
        assert!((known - 1e6).abs() < 1e4, "{known}");
        pace.note(at(60_000), 1_550_000, false);
        assert_eq!(pace.bytes_per_s(), Some(known), "idle tells nothing");
    }

    #[test]
    fn a_line_is_silent_when_it_says_less_than_it_is_used_to() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let rtt = Duration::from_millis(20);
        let mut ear = Ear::new(start);
        for n in 0..50u64 {
            assert!(ear.hear(at(n * 40), (1, n * 30 + 1), true));
        }
        assert!(!ear.is_silent(at(2100), rtt));
        assert!(ear.is_silent(at(2130), rtt), "a fast line, a sixth of a second");
        // One that is held to a packet a quarter of a second.
        let mut slow = Ear::new(start);
        for n in 0..50u64 {
            assert_eq!(slow.hear(at(n * 50), (1, n / 5 + 1), true), n % 5 == 0);
        }
        assert!(!slow.is_silent(at(2650), rtt));
        assert!(slow.is_silent(at(2800), rtt));
        slow.asked(at(9000));
        assert!(!slow.is_silent(at(9100), rtt), "nothing was asked meanwhile");
    }

    #[test]
    fn a_line_that_speaks_and_brings_nothing_rests_longer_each_time() {
        let start = Instant::now();
        let mut rests = Rests::default();
        let mut lasts = |brought| {
            rests.begin(start, brought);
            (0..40_000).step_by(10).find(|ms| rests.may_end(start + Duration::from_millis(*ms))).unwrap()
        };
        assert_eq!([lasts(7), lasts(7), lasts(7), lasts(7)], [0, 250, 500, 1000]);
        assert_eq!([lasts(9), lasts(9)], [0, 250], "it brought something in between");
        (0..9).for_each(|_| _ = lasts(9));
        assert_eq!(lasts(9), 8000);
    }
}
