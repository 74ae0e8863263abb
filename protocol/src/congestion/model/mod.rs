//! The law for paths of 3 ms and more: as much in flight as the path holds, and a little more.
//!
//! # The law
//! `window = bandwidth × (min RTT + spread + excess) + appetite`.
//! - *bandwidth*: the highest rate of the last eight rounds in which the window was filled. What the application does
//!   not send, and what a host does not get round to send, never lowers it.
//! - *spread*: twice by how much acknowledgements come later on average than the earliest of their round, as it was in
//!   all but one of the last rounds: clumps on the way and hosts that come late. Without it the window would not cover
//!   them, the rate would fall, and the window after it.
//! - *appetite*: what we add to the queue, √(BDP × 4 KiB). On a path that is not full it is the growth of each round.
//!   That it grows slower than the rate brings flows beside one another to equal shares: the standing queue is the same
//!   for both, so the one with the lower rate may hold more of it for its rate.
//! - *excess*: a queue that stands above what flows like us would make is made by somebody who fills queues. We keep up
//!   with it, up to one and a half round trips, and yield with loss.
//!
//! Loss as such says nothing. Loss beside a queue that stands high is congestion and takes a twelfth of the window.
//! Loss without one takes our appetite only; if there is as much without it, it is not ours.
//!
//! # Rounds of another kind
//! *Starting* doubles, holds still while acknowledgements come late, and ends when they do for a quarter of a round trip, with loss, or
//! when the rate no longer grows; it comes again when a path that was full has room. *Draining*, two rounds each five seconds, leaves our own queue out, so that the min RTT can be seen.
//!
//! # Floor
//! Delay alone never brings the window below half of the best rate of the last ten to twenty seconds. A window that is
//! filled without leaving a queue grows, however low the measured rate.
//!
//! # Not here
//! Samples: [`super::rate`]. What is computed from what is known: `law`. What the end of a round changes: `turn`.

mod law;
mod turn;

use super::{INITIAL_WINDOW_BYTES, WINDOW_BYTES_MAX, minimum::Minimum, rate::Ack, rounds::Rounds};
use law::in_flight;

/// The whole appetite; it is halved down to one of these.
const APPETITE_PARTS: u64 = 16;
/// Eighths of the window that the pacer is told.
const HASTE_NONE: u64 = 8;

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
    // What the window came to, round by round, where no queue stood.
    anchor: u64,
    answered_us: Option<u64>,
    lengthened_rounds: u32,
    competing: bool,
    newcomer: bool,
    look_in: Option<u32>,
    looked_us: u64,
    settled_rounds: u32,
    late_since_us: Option<u64>,
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
            anchor: 0,
            answered_us: None,
            lengthened_rounds: 0,
            competing: false,
            newcomer: false,
            look_in: None,
            looked_us: 0,
            settled_rounds: 0,
            late_since_us: None,
        }
    }

    /// A window that fitted when the path was seen last.
    pub fn remember(&mut self, window: u64) {
        if self.is_starting() {
            self.window = self.window.max(window);
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
        if self.minimum.get().is_none() {
            self.minimum.on_round(ack.now_us, ack.rtt_us);
        }
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
        self.judge(ack);
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
            self.yield_to(self.window * 11 / 12);
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
        (self.ceiling, self.anchor, self.losses) = (WINDOW_BYTES_MAX, 0, (0, 0));
        self.phase = Phase::Starting { best: known, flat: 0 };
    }

    fn yield_to(&mut self, window: u64) {
        let known = self.bandwidth.max().unwrap_or(0);
        self.best = (known, known);
        self.anchor = 0;
        self.ceiling = window.max(self.bdp()).max(self.least());
        self.window = self.window.min(self.ceiling);
    }

    // A queue that stands for a quarter of a round trip ends starting; a host that wakes late makes one for a moment.
    fn judge(&mut self, ack: &Ack) {
        if !self.is_starting() || self.standing_us(ack.rtt_us) <= self.late_us() {
            self.late_since_us = None;
            return;
        }
        let since = *self.late_since_us.get_or_insert(ack.now_us);
        if ack.now_us - since > self.minimum.get().unwrap_or(0) / 4 && self.was_filled {
            self.settle();
        }
    }
}
