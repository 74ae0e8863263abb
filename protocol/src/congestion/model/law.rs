//! What follows from what is known of the path.
//!
//! # Not here
//! Changing what is known: [`super`] with each acknowledgement, `turn` with each round.

use super::{APPETITE_PARTS, HASTE_NONE, Model, Phase};
use crate::congestion::{INITIAL_WINDOW_BYTES, WINDOW_BYTES_MAX, rate::Ack};

/// Under the root of the appetite.
const APPETITE_UNIT_BYTES: u64 = 4 * 1024;
/// Appetites while somebody else fills the queue.
const COMPETING_TIMES: u64 = 3;
/// A queue of others is followed at least so far.
const TOLERANCE_US: u64 = 25_000;
/// Rounds after others were noticed in which our queue is taken away, to see whether theirs stays.
const LOOK_AFTER_ROUNDS: u32 = 8;
const SECOND_US: u64 = 1_000_000;

impl Model {
    pub(super) fn bdp(&self) -> u64 {
        in_flight(self.bandwidth.max().unwrap_or(0), self.minimum.get().unwrap_or(0))
    }

    pub(super) fn least(&self) -> u64 {
        8 * self.mtu
    }

    pub(super) fn appetite(&self) -> u64 {
        let bdp = self.bdp();
        let whole = bdp.saturating_mul(APPETITE_UNIT_BYTES).isqrt();
        let whole = if self.competing || self.newcomer { COMPETING_TIMES * whole } else { whole };
        (whole.min(bdp / 2) * self.appetite_parts / APPETITE_PARTS).max(4 * self.mtu)
    }

    // The time our appetite takes to cross the path: the queue that stands when only flows like this one are there.
    pub(super) fn appetite_us(&self) -> u64 {
        let bandwidth = self.bandwidth.max().unwrap_or(0).max(1);
        (self.appetite().saturating_mul(SECOND_US) / bandwidth).min(SECOND_US)
    }

    pub(super) fn tolerance_us(&self) -> u64 {
        (self.minimum.get().unwrap_or(0) * 3 / 2).max(TOLERANCE_US)
    }

    pub(super) fn standing_us(&self, low_us: u64) -> u64 {
        low_us.saturating_sub(self.minimum.get().unwrap_or(low_us))
    }

    // A queue of so much is one that starting has made. A host that wakes late sends in bursts, which queue for a moment.
    pub(super) fn late_us(&self) -> u64 {
        let part = if self.haste > HASTE_NONE { 4 } else { 8 };
        (self.minimum.get().unwrap_or(0) / part).max(2_000)
    }

    // More than flows like us, each with its appetite, leave standing.
    pub(super) fn share_us(&self) -> u64 {
        let least_us = 6 * self.mtu.saturating_mul(SECOND_US) / self.bandwidth.max().unwrap_or(1).max(1);
        (self.minimum.get().unwrap_or(0) / 3 + 1_000).max(least_us)
    }

    pub(super) fn excess_us(&self) -> u64 {
        if !self.competing {
            return 0;
        }
        let standing = self.standing_us(self.lows.min().unwrap_or(0));
        standing.saturating_sub(self.minimum.get().unwrap_or(0) / 16).min(self.tolerance_us())
    }

    // Somebody fills the queue; until it was seen to be nearly empty.
    pub(super) fn notice_others(&mut self) {
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

    // A queue stands high, and has for a round: a host that comes late sees the same for a moment.
    pub(super) fn is_crowded(&self) -> bool {
        let low_us = self.lows.min_of_two().unwrap_or(0);
        self.standing_us(low_us) > self.share_us() + self.minimum.get().unwrap_or(0) / 4
    }

    pub(super) fn follow(&mut self, ack: &Ack) {
        let acked = ack.acked;
        if self.is_starting() {
            // A host that does not get round to filling the window learns nothing by a larger one.
            // What comes late has found a queue already: whether it stands is judged by more, and nothing is added meanwhile.
            let is_late = self.standing_us(ack.rtt_us) > self.late_us();
            if self.is_filled() && !is_late && self.window < 2 * (ack.in_flight + acked) {
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

    pub(super) fn target(&self) -> u64 {
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
                wanted.max(self.anchor).max(floor).min(self.ceiling)
            }
        };
        target.max(self.least()).min(WINDOW_BYTES_MAX)
    }
}

pub(super) fn in_flight(bytes_per_s: u64, over_us: u64) -> u64 {
    bytes_per_s.saturating_mul(over_us) / SECOND_US
}

pub(super) fn in_proportion(of: u64, part: u64, whole: u64) -> u64 {
    of.saturating_mul(part) / whole.max(1)
}
