//! The end of a round: what it lost, and whether the next one is of another kind.
//!
//! # Not here
//! Windows: `law`.

use super::{
    APPETITE_PARTS, HASTE_NONE, Model, Phase, Round,
    law::{in_flight, in_proportion},
};
use crate::congestion::{WINDOW_BYTES_MAX, minimum::LOOK_AFTER_US, rate::Ack};

/// Parts in a thousand lost over four rounds from which our appetite is suspected.
const LOSS_SUSPECT: u64 = 30;
/// And from which it is congestion, whoever's.
const LOSS_TOO_MUCH: u64 = 50;
/// Rounds after starting in which its overshoot is still lost.
const SETTLING_ROUNDS: u32 = 4;
const LOOK_EACH_US: u64 = 1_000_000;
const HASTE_MAX: u64 = 64;
const BEST_PERIOD_US: u64 = 10_000_000;

impl Model {
    pub(super) fn end_round(&mut self, ack: &Ack) {
        let round = std::mem::take(&mut self.round);
        self.was_filled = round.filled;
        let held_up = !round.filled && !round.app_limited;
        self.haste = if held_up { self.haste + self.haste / 4 } else { self.haste.min(self.haste * 3 / 4) };
        self.haste = self.haste.clamp(HASTE_NONE, HASTE_MAX);
        self.remember_best(ack.now_us);
        let mean_us = round.rtt_bytes.checked_div(u128::from(round.acked)).unwrap_or(0);
        let low_us = self.lows.newest().unwrap_or(ack.rtt_us);
        self.minimum.on_round(ack.now_us, low_us);
        self.spreads.turn();
        // The mean of a clump is half as late as its first.
        self.spreads.raise(2 * u64::try_from(mean_us).unwrap_or(0).saturating_sub(low_us));
        if !self.is_starting() {
            self.answer_losses(&round);
        }
        let part = if self.competing { 32 } else { 8 };
        if round.lost == 0 || !self.competing {
            self.ceiling = (self.ceiling + self.ceiling / part + 2 * self.mtu).min(WINDOW_BYTES_MAX);
        }
        if round.filled && !round.app_limited {
            self.raise_anchor(low_us);
            self.change_phase(ack, low_us);
            self.bandwidth.turn();
            self.rates.turn();
        }
        self.lows.turn();
    }

    pub(super) fn remember_best(&mut self, now_us: u64) {
        self.best.0 = self.best.0.max(self.bandwidth.newest().unwrap_or(0));
        if now_us.saturating_sub(self.best_since_us) > BEST_PERIOD_US {
            self.best = (self.bandwidth.newest().unwrap_or(0), self.best.0);
            self.best_since_us = now_us;
        }
    }

    // Loss without a queue: ours only if less appetite makes less of it.
    pub(super) fn answer_losses(&mut self, round: &Round) {
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
            self.yield_to(self.window * 11 / 12);
        }
    }

    // Where late acknowledgements make the rate look lower than it is, the window would follow it down. A filled window
    // without a queue is too small whatever the rate: half of the appetite that did not stay in the queue is added. Half,
    // because what is added shows only a round later.
    pub(super) fn raise_anchor(&mut self, low_us: u64) {
        if self.competing || self.haste == HASTE_NONE {
            self.anchor = 0;
        } else if self.phase == Phase::Holding {
            let queued = in_flight(self.bandwidth.max().unwrap_or(0), self.standing_us(low_us));
            let base = self.target() + self.appetite() / 2;
            self.anchor = base.saturating_sub(queued / 2).min(WINDOW_BYTES_MAX);
        }
    }

    pub(super) fn settle(&mut self) {
        self.phase = Phase::Holding;
        (self.settled_rounds, self.losses, self.anchor) = (0, (0, 0), 0);
        self.rates.reset(None);
    }

    pub(super) fn change_phase(&mut self, ack: &Ack, low_us: u64) {
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

    pub(super) fn leave_holding(&mut self, ack: &Ack, low_us: u64) {
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

    pub(super) fn is_time_to_look(&mut self, now_us: u64) -> bool {
        let Some(rounds) = &mut self.look_in else { return false };
        *rounds = rounds.saturating_sub(1);
        let each_us = if self.competing || self.newcomer { LOOK_EACH_US } else { LOOK_AFTER_US };
        *rounds == 0 && now_us.saturating_sub(self.looked_us) > each_us
    }

    // Three rounds of appetite went by, each arrived, and none stayed in a queue.
    pub(super) fn has_room(&self, low_us: u64) -> bool {
        let (Some(before), Some(now)) = (self.rates.oldest(), self.rates.newest()) else { return false };
        let growth = (before / 16).max(in_proportion(before, 2 * self.appetite(), self.window));
        now >= before + growth
            && self.standing_us(low_us) < self.appetite_us() / 2 + self.minimum.get().unwrap_or(0) / 64 + 250
    }
}
