//! The bottleneck: rate, delay, a queue that drops its tail, loss, jitter, clumped acknowledgements, outage.

use super::{Chance, MS, MTU, S};

/// What the link is like.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Bits per second.
    pub(super) rate: u64,
    /// There and back, without the queue.
    pub(super) rtt: u64,
    /// Bytes.
    pub(super) queue: u64,
    /// Packets lost of 10,000.
    pub(super) loss: u64,
    /// Packets lost one after the other when one is.
    pub(super) burst: u64,
    /// At most so much later.
    pub(super) jitter: u64,
    /// Acknowledgements leave the receiver at multiples of this.
    pub(super) clump: u64,
    /// The sender gets the processor at multiples of this.
    pub(super) stall: u64,
    /// Nothing passes.
    pub(super) outage: bool,
}

impl Link {
    pub(super) fn new(mbits: u64, rtt_ms: u64) -> Self {
        let (rate, rtt) = (mbits * 1_000_000, rtt_ms * MS);
        let queue = (rate / 8 * rtt / S).max(64 * 1024);
        Self { rate, rtt, queue, loss: 0, burst: 1, jitter: 0, clump: 0, stall: 0, outage: false }
    }

    pub(super) fn bdp(&self) -> u64 {
        self.rate / 8 * self.rtt / S
    }
}

/// The link as it stands.
#[derive(Clone, Debug)]
pub(super) struct Bottleneck {
    pub(super) link: Link,
    pub(super) dropped: u64,
    pub(super) passed: u64,
    /// Sum of the delays that packets found in the queue.
    pub(super) queued: u128,
    free_at: u64,
    last_arrival: u64,
    lose: u64,
}

impl Bottleneck {
    pub(super) fn new(link: Link) -> Self {
        Self { link, dropped: 0, passed: 0, queued: 0, free_at: 0, last_arrival: 0, lose: 0 }
    }

    pub(super) fn change(&mut self, now: u64, change: impl FnOnce(&mut Link)) {
        let before = self.link.rate;
        change(&mut self.link);
        let backlog = self.free_at.saturating_sub(now);
        self.free_at = now + backlog * (before / 1_000) / (self.link.rate / 1_000);
    }

    fn is_lost(&mut self, chance: &mut Chance) -> bool {
        if self.lose == 0 && self.link.loss > 0 && chance.of(self.link.loss, 10_000 * self.link.burst) {
            self.lose = self.link.burst;
        }
        let lost = self.lose > 0 || self.link.outage;
        self.lose = self.lose.saturating_sub(1);
        lost
    }

    /// When a packet of `MTU` bytes that comes now arrives, if it does.
    pub(super) fn pass(&mut self, now: u64, chance: &mut Chance) -> Option<u64> {
        let waiting = self.free_at.saturating_sub(now);
        if waiting * (self.link.rate / 8_000) / (S / 1_000) + MTU > self.link.queue {
            self.dropped += 1;
            return None;
        }
        self.passed += 1;
        self.queued += u128::from(waiting);
        self.free_at = self.free_at.max(now) + MTU * 8 * (S / 1_000) / (self.link.rate / 1_000);
        if self.is_lost(chance) {
            return None;
        }
        let jitter = if self.link.jitter > 0 { chance.between(0, self.link.jitter) } else { 0 };
        self.last_arrival = self.last_arrival.max(self.free_at + self.link.rtt / 2 + jitter);
        Some(self.last_arrival)
    }

    /// When an acknowledgement that leaves now arrives, if it does.
    pub(super) fn back(&mut self, now: u64, chance: &mut Chance) -> Option<u64> {
        let lost = self.link.outage || (self.link.loss > 0 && chance.of(self.link.loss, 10_000));
        (!lost).then(|| now + self.link.rtt / 2)
    }
}
