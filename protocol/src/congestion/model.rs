//! The law for paths of 3 ms and more: as much in flight as the path holds, and a little more.
//!
//! # The law
//! `window = bandwidth × (min RTT + spread + excess) + appetite`.
//! - *bandwidth*: the highest rate of the last eight rounds in which the window was filled. What the application does
//!   not send, and what a host does not get round to send, never lowers it.
//! - *spread*: by how much acknowledgements come later on average than the earliest of their round: clumps on the way
//!   and hosts that come late. Without it the window would not cover them, the rate would fall, and the window after it.
//! - *appetite*: what we add to the queue, √(BDP × 16 KiB). On a path that is not full it is the growth of each round.
//!   That it grows slower than the rate brings flows beside one another to equal shares: the standing queue is the same
//!   for both, so the one with the lower rate may hold more of it for its rate.
//! - *excess*: a queue that stands above what flows like us would make is made by somebody who fills queues. We keep up
//!   with it, up to a round trip, and yield with loss.
//!
//! Loss as such says nothing. Loss beside a queue that stands high is congestion and takes a seventh of the window. Loss
//! without one takes our appetite only; if there is as much without it, it is not ours.
//!
//! # Rounds of another kind
//! *Starting* doubles until delay, loss or a rate that no longer grows ends it; it comes again when a path that was full
//! has room. *Draining*, two rounds each five seconds, leaves our own queue out, so that the min RTT can be seen; the
//! link stays busy with 15/16 of its rate.
//!
//! # Floor
//! Delay alone never brings the window below half of what was delivered in the last ten seconds.
//!
//! # Not here
//! Samples: [`super::rate`].

use super::{
    INITIAL_WINDOW_BYTES, WINDOW_BYTES_MAX,
    minimum::{LOOK_AFTER_US, Minimum},
    rate::Ack,
    rounds::Rounds,
};

/// Under the root of the appetite.
const APPETITE_UNIT_BYTES: u64 = 4 * 1024;
/// Appetites while somebody else fills the queue.
const COMPETING_TIMES: u64 = 3;
/// The whole appetite; it is halved down to one of these.
const APPETITE_PARTS: u64 = 16;
/// A queue of others is followed at least so far.
const TOLERANCE_US: u64 = 25_000;
/// Acknowledgements that judge a delay while starting.
const JUDGES: u32 = 8;
/// Parts in a thousand lost over four rounds from which our appetite is suspected.
const LOSS_SUSPECT: u64 = 30;
/// And from which it is congestion, whoever's.
const LOSS_TOO_MUCH: u64 = 50;
/// Rounds after starting in which its overshoot is still lost.
const SETTLING_ROUNDS: u32 = 4;
/// Rounds after others were noticed in which our queue is taken away, to see whether theirs stays.
const LOOK_AFTER_ROUNDS: u32 = 8;
const LOOK_EACH_US: u64 = 1_000_000;
/// Eighths of the window that the pacer is told.
const HASTE_NONE: u64 = 8;
const HASTE_MAX: u64 = 64;
const BEST_PERIOD_US: u64 = 10_000_000;
const SECOND_US: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting { best: u64, flat: u32 },
    Holding,
    Draining { rounds: u32, lowest_us: u64, deep: bool },
}

#[derive(Clone, Copy, Debug, Default)]
struct Round {
    acked: u64,
    lost: u64,
    rtt_bytes: u128,
    filled: bool,
    app_limited: bool,
}

/// What is known of a path, and the window that follows.
#[derive(Clone, Debug)]
pub struct Model {
    mtu: u64,
    window: u64,
    phase: Phase,
    bandwidth: Rounds<8>,
    rates: Rounds<4>,
    lows: Rounds<4>,
    spreads: Rounds<4>,
    minimum: Minimum,
    best: (u64, u64),
    best_since_us: u64,
    smoothed_us: u64,
    round: Round,
    haste: u64,
    round_ends: u64,
    was_filled: bool,
    // Lost and delivered of the last rounds, halved with each.
    losses: (u64, u64),
    appetite_parts: u64,
    clean_rounds: u32,
    ceiling: u64,
    answered_us: Option<u64>,
    lengthened_rounds: u32,
    competing: bool,
    newcomer: bool,
    look_in: Option<u32>,
    looked_us: u64,
    settled_rounds: u32,
    judged: (u32, u64),
    recent_low_us: u64,
}

impl Model {
    /// A path of which nothing is known.
    #[must_use]
    pub fn new(mtu: u64, window: u64) -> Self {
        Self {
            mtu,
            window,
            phase: Phase::Starting { best: 0, flat: 0 },
            bandwidth: Rounds::default(),
            rates: Rounds::default(),
            lows: Rounds::default(),
            spreads: Rounds::default(),
            minimum: Minimum::default(),
            best: (0, 0),
            best_since_us: 0,
            smoothed_us: 0,
            round: Round::default(),
            haste: HASTE_NONE,
            round_ends: 0,
            was_filled: false,
            losses: (0, 0),
            appetite_parts: APPETITE_PARTS,
            clean_rounds: 0,
            ceiling: WINDOW_BYTES_MAX,
            answered_us: None,
            lengthened_rounds: 0,
            competing: false,
            newcomer: false,
            look_in: None,
            looked_us: 0,
            settled_rounds: 0,
            judged: (0, u64::MAX),
            recent_low_us: 0,
        }
    }

    /// Bytes that should be in flight.
    #[must_use]
    pub fn window(&self) -> u64 {
        self.window
    }

    /// The window to pace by, so that as much is in flight as should be: a host that wakes late gets to send only as much
    /// as the pacer saved for it.
    #[must_use]
    pub fn pacing_window(&self) -> u64 {
        self.window * self.haste / HASTE_NONE
    }

    /// Bytes per second.
    #[must_use]
    pub fn bandwidth(&self) -> Option<u64> {
        self.bandwidth.max()
    }

    /// The empty path's round trip.
    #[must_use]
    pub fn min_rtt_us(&self) -> Option<u64> {
        self.minimum.get()
    }

    /// Smoothed round trip.
    #[must_use]
    pub fn rtt_us(&self) -> u64 {
        self.smoothed_us
    }

    /// Whether the rate of the path is still being found.
    #[must_use]
    pub fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Starting { .. })
    }

    /// The path takes packets of another size.
    pub fn on_mtu(&mut self, mtu: u64) {
        self.mtu = mtu.max(1);
    }

    /// Whether the window was filled in this round or the last: otherwise nothing is known that would let it grow.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.round.filled || self.was_filled
    }

    /// As much is in flight as may be: what is measured now is the path, not the sender.
    pub fn window_filled(&mut self) {
        self.round.filled = true;
    }

    /// The path is another one than before.
    pub fn path_changed(&mut self, ack: &Ack) {
        self.minimum.replace(ack.now_us, self.lows.min().unwrap_or(ack.rtt_us));
        self.bandwidth.reset(ack.rate);
        self.window = self.window.min(INITIAL_WINDOW_BYTES);
        self.phase = Phase::Starting { best: 0, flat: 0 };
    }

    /// Packets arrived.
    pub fn on_ack(&mut self, ack: &Ack) {
        self.smoothed_us = if self.smoothed_us == 0 { ack.rtt_us } else { (7 * self.smoothed_us + ack.rtt_us) / 8 };
        self.minimum.on_rtt(ack.now_us, ack.rtt_us);
        self.lows.lower(ack.rtt_us);
        self.round.acked += ack.acked;
        self.round.rtt_bytes += ack.rtt_bytes;
        self.round.app_limited |= ack.app_limited;
        if let Some(rate) = ack.rate
            && (!ack.app_limited || self.bandwidth.max().is_none_or(|known| rate > known))
        {
            self.bandwidth.raise(rate);
            self.rates.raise(rate);
        }
        self.judge(ack.rtt_us);
        self.notice_others();
        if ack.delivered_before >= self.round_ends {
            self.end_round(ack);
            self.round_ends = ack.delivered;
        }
        self.follow(ack);
    }

    /// Packets were lost, the last of which left at `sent_us`; no bytes: they were marked.
    pub fn on_lost(&mut self, now_us: u64, sent_us: u64, bytes: u64, outage: bool) {
        if outage {
            return self.resume();
        }
        self.round.lost += bytes;
        let of_round = self.round.lost + self.round.acked;
        if self.is_starting() && self.round.lost > (of_round / 16).max(16 * self.mtu) {
            self.newcomer = true;
            self.settle();
        }
        if bytes > 0 && !self.is_crowded() {
            return;
        }
        if self.is_starting() {
            self.settle();
        }
        if self.answered_us.is_none_or(|since| sent_us > since) {
            self.answered_us = Some(now_us);
            self.yield_to(self.window * 15 / 16);
        }
    }

    // The link is back, or was never as good as believed: half of what is known, and what there is is found by starting.
    fn resume(&mut self) {
        let known = self.bandwidth.max().unwrap_or(0) / 2;
        let half = in_flight(known, self.minimum.get().unwrap_or(0));
        self.window = self.window.min(half.max(INITIAL_WINDOW_BYTES));
        self.bandwidth.reset(Some(known));
        self.best = (known, known);
        self.round = Round::default();
        (self.ceiling, self.losses) = (WINDOW_BYTES_MAX, (0, 0));
        self.phase = Phase::Starting { best: known, flat: 0 };
    }

    fn yield_to(&mut self, window: u64) {
        let known = self.bandwidth.max().unwrap_or(0);
        self.best = (known, known);
        self.ceiling = window.max(self.bdp()).max(self.least());
        self.window = self.window.min(self.ceiling);
    }

    fn bdp(&self) -> u64 {
        in_flight(self.bandwidth.max().unwrap_or(0), self.minimum.get().unwrap_or(0))
    }

    fn least(&self) -> u64 {
        8 * self.mtu
    }

    fn appetite(&self) -> u64 {
        let bdp = self.bdp();
        let whole = bdp.saturating_mul(APPETITE_UNIT_BYTES).isqrt();
        let whole = if self.competing || self.newcomer { COMPETING_TIMES * whole } else { whole };
        (whole.min(bdp / 2) * self.appetite_parts / APPETITE_PARTS).max(4 * self.mtu)
    }

    // The time our appetite takes to cross the path: the queue that stands when only flows like this one are there.
    fn appetite_us(&self) -> u64 {
        let bandwidth = self.bandwidth.max().unwrap_or(0).max(1);
        (self.appetite().saturating_mul(SECOND_US) / bandwidth).min(SECOND_US)
    }

    fn tolerance_us(&self) -> u64 {
        (self.minimum.get().unwrap_or(0) * 3 / 2).max(TOLERANCE_US)
    }

    fn standing_us(&self, low_us: u64) -> u64 {
        low_us.saturating_sub(self.minimum.get().unwrap_or(low_us))
    }

    // More than flows like us, each with its appetite, leave standing.
    fn share_us(&self) -> u64 {
        let least_us = 6 * self.mtu.saturating_mul(SECOND_US) / self.bandwidth.max().unwrap_or(1).max(1);
        (self.minimum.get().unwrap_or(0) / 3 + 1_000).max(least_us)
    }

    fn excess_us(&self) -> u64 {
        if !self.competing {
            return 0;
        }
        let standing = self.standing_us(self.lows.min().unwrap_or(0));
        standing.saturating_sub(self.minimum.get().unwrap_or(0) / 16).min(self.tolerance_us())
    }

    // Somebody fills the queue; until it was seen to be nearly empty.
    fn notice_others(&mut self) {
        let standing = self.standing_us(self.lows.min().unwrap_or(0));
        if standing > self.share_us() {
            if !self.competing {
                self.look_in = Some(LOOK_AFTER_ROUNDS);
            }
            self.competing = true;
        } else if standing < self.minimum.get().unwrap_or(0) / 6 + 500 {
            self.competing = false;
        }
    }

    // A queue stands high just now.
    fn is_crowded(&self) -> bool {
        self.standing_us(self.recent_low_us) > self.share_us() + self.minimum.get().unwrap_or(0) / 4
    }

    fn judge(&mut self, rtt_us: u64) {
        self.judged = (self.judged.0 + 1, self.judged.1.min(rtt_us));
        if self.judged.0 < JUDGES {
            return;
        }
        self.recent_low_us = self.judged.1;
        self.judged = (0, u64::MAX);
        let delay_us = self.minimum.get().unwrap_or(0) / 8;
        if self.is_starting() && self.standing_us(self.recent_low_us) > delay_us.max(2_000) && self.was_filled {
            self.settle();
        }
    }

    fn end_round(&mut self, ack: &Ack) {
        let round = std::mem::take(&mut self.round);
        self.was_filled = round.filled;
        let held_up = !round.filled && !round.app_limited;
        self.haste = if held_up { self.haste + self.haste / 8 } else { self.haste.min(self.haste * 3 / 4) };
        self.haste = self.haste.clamp(HASTE_NONE, HASTE_MAX);
        self.remember_best(ack.now_us);
        let mean_us = round.rtt_bytes.checked_div(u128::from(round.acked)).unwrap_or(0);
        let low_us = self.lows.newest().unwrap_or(ack.rtt_us);
        self.spreads.turn();
        // The mean of a clump is half as late as its first.
        self.spreads.raise(2 * u64::try_from(mean_us).unwrap_or(0).saturating_sub(low_us));
        if !self.is_starting() {
            self.answer_losses(&round);
        }
        if round.lost == 0 || !self.competing {
            self.ceiling = (self.ceiling + self.ceiling / 32 + 2 * self.mtu).min(WINDOW_BYTES_MAX);
        }
        if round.filled && !round.app_limited {
            self.change_phase(ack, low_us);
            self.bandwidth.turn();
            self.rates.turn();
        }
        self.lows.turn();
    }

    fn remember_best(&mut self, now_us: u64) {
        self.best.0 = self.best.0.max(self.bandwidth.newest().unwrap_or(0));
        if now_us.saturating_sub(self.best_since_us) > BEST_PERIOD_US {
            self.best = (self.bandwidth.newest().unwrap_or(0), self.best.0);
            self.best_since_us = now_us;
        }
    }

    // Loss without a queue: ours only if less appetite makes less of it.
    fn answer_losses(&mut self, round: &Round) {
        self.settled_rounds += 1;
        if self.settled_rounds <= SETTLING_ROUNDS || self.competing {
            self.losses = (0, 0);
            return;
        }
        self.losses = (self.losses.0 * 3 / 4 + round.lost, self.losses.1 * 3 / 4 + round.acked);
        let (lost, delivered) = self.losses;
        let lost_permille = lost.saturating_mul(1000).checked_div(lost + delivered).unwrap_or(0);
        if lost_permille < LOSS_SUSPECT || lost < 8 * self.mtu {
            self.clean_rounds += 1;
            if self.clean_rounds.is_multiple_of(4) {
                self.appetite_parts = (self.appetite_parts * 2).min(APPETITE_PARTS);
            }
            return;
        }
        self.clean_rounds = 0;
        self.look_in.get_or_insert(0);
        self.appetite_parts = (self.appetite_parts / 2).max(1);
        if lost_permille > LOSS_TOO_MUCH {
            self.yield_to(self.window * 15 / 16);
        }
    }

    fn settle(&mut self) {
        self.phase = Phase::Holding;
        (self.settled_rounds, self.losses) = (0, (0, 0));
        self.rates.reset(None);
    }

    fn change_phase(&mut self, ack: &Ack, low_us: u64) {
        let bandwidth = self.bandwidth.max().unwrap_or(0);
        match &mut self.phase {
            Phase::Starting { best, flat } => {
                if bandwidth >= *best + *best / 4 {
                    (*best, *flat) = (bandwidth, 0);
                } else {
                    *flat += 1;
                    if *flat >= 3 {
                        self.settle();
                    }
                }
            }
            Phase::Draining { rounds, lowest_us, deep } => {
                *lowest_us = low_us;
                *rounds += 1;
                if *rounds >= 2 {
                    if *deep {
                        self.minimum.replace(ack.now_us, low_us);
                    } else {
                        self.minimum.looked(ack.now_us, low_us);
                    }
                    self.phase = Phase::Holding;
                    self.newcomer = false;
                    self.rates.reset(None);
                }
            }
            Phase::Holding => self.leave_holding(ack, low_us),
        }
    }

    fn leave_holding(&mut self, ack: &Ack, low_us: u64) {
        let bandwidth = self.bandwidth.max().unwrap_or(0);
        let tolerated_us = self.tolerance_us() + self.tolerance_us() / 4;
        let lengthened = self.standing_us(low_us) > tolerated_us;
        self.lengthened_rounds = if lengthened { self.lengthened_rounds + 1 } else { 0 };
        if self.lengthened_rounds >= 8 {
            self.lengthened_rounds = 0;
            self.phase = Phase::Draining { rounds: 0, lowest_us: low_us, deep: true };
        } else if self.minimum.is_stale(ack.now_us) || self.is_time_to_look(ack.now_us) {
            (self.look_in, self.looked_us) = (None, ack.now_us);
            self.phase = Phase::Draining { rounds: 0, lowest_us: low_us, deep: false };
        } else if self.has_room(low_us) {
            self.phase = Phase::Starting { best: bandwidth, flat: 0 };
        }
    }

    fn is_time_to_look(&mut self, now_us: u64) -> bool {
        let Some(rounds) = &mut self.look_in else { return false };
        *rounds = rounds.saturating_sub(1);
        let each_us = if self.competing || self.newcomer { LOOK_EACH_US } else { LOOK_AFTER_US };
        *rounds == 0 && now_us.saturating_sub(self.looked_us) > each_us
    }

    // Three rounds of appetite went by, each arrived, and none stayed in a queue.
    fn has_room(&self, low_us: u64) -> bool {
        let (Some(before), Some(now)) = (self.rates.oldest(), self.rates.newest()) else { return false };
        let growth = (before / 16).max(in_proportion(before, 2 * self.appetite(), self.window));
        now >= before + growth && self.standing_us(low_us) < self.appetite_us() / 4 + 250
    }

    fn follow(&mut self, ack: &Ack) {
        let acked = ack.acked;
        if self.is_starting() {
            // A host that does not get round to filling the window learns nothing by a larger one.
            if self.is_filled() && self.window < 2 * (ack.in_flight + acked) {
                let most = self.bdp().saturating_mul(3).max(INITIAL_WINDOW_BYTES).min(self.ceiling);
                self.window = (self.window + acked).min(most.max(self.window));
            }
            return;
        }
        let target = self.target();
        if target <= self.window {
            self.window = target;
        } else if self.is_filled() {
            self.window = (self.window + acked).min(target);
        }
    }

    fn target(&self) -> u64 {
        let bandwidth = self.bandwidth.max().unwrap_or(0);
        let min_rtt_us = self.minimum.get().unwrap_or(0);
        let spread_us = self.spreads.second_min().unwrap_or(0).min(self.tolerance_us());
        let target = match self.phase {
            Phase::Draining { deep: true, .. } => self.bdp() / 4,
            Phase::Draining { rounds: 0, .. } if self.competing || self.appetite_parts < APPETITE_PARTS => {
                in_flight(bandwidth, min_rtt_us + spread_us) / 2
            }
            Phase::Draining { rounds: 0, .. } => in_flight(bandwidth, min_rtt_us + spread_us) / 4 * 3,
            Phase::Draining { .. } => in_flight(bandwidth, min_rtt_us + spread_us) / 16 * 15,
            _ => {
                let floor_us = self.smoothed_us.min(min_rtt_us + self.tolerance_us());
                let floor = in_flight(self.best.0.max(self.best.1) / 2, floor_us);
                let wanted = in_flight(bandwidth, min_rtt_us + spread_us + self.excess_us()) + self.appetite();
                wanted.max(floor).min(self.ceiling)
            }
        };
        target.max(self.least()).min(WINDOW_BYTES_MAX)
    }
}

fn in_flight(bytes_per_s: u64, over_us: u64) -> u64 {
    bytes_per_s.saturating_mul(over_us) / SECOND_US
}

fn in_proportion(of: u64, part: u64, whole: u64) -> u64 {
    of.saturating_mul(part) / whole.max(1)
}
