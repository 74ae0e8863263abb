//! A sender and its receiver, as quinn is: packets and their loss, probes after a timeout, and a bucket that paces.

use super::{
    MS, MTU, S,
    competitors::{Controller, Kind},
};
use std::collections::{BTreeMap, BTreeSet};

/// Timers of tokio.
const TICK: u64 = MS;
const ACK_DELAY: u64 = 25 * MS;

#[derive(Debug)]
pub(super) struct Flow {
    pub(super) controller: Controller,
    /// Bytes that wait to be sent.
    pub(super) backlog: u64,
    /// Bytes received, each once.
    pub(super) received: u64,
    pub(super) sent_packets: u64,
    pub(super) lost_packets: u64,
    pub(super) app_limited: bool,
    sent: BTreeMap<u64, u64>,
    next: u64,
    largest_acked: Option<u64>,
    srtt: u64,
    variance: u64,
    latest: u64,
    first_rtt_at: Option<u64>,
    tokens: u64,
    filled_at: u64,
    timeouts: u32,
    probes: u32,
    last_sent: u64,
    /// Arrived and not yet acknowledged.
    pub(super) arrived: BTreeSet<u64>,
    pub(super) ack_at: Option<u64>,
}

/// What a sender waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blocked {
    Pacing(u64),
    Window,
    Nothing,
}

impl Flow {
    pub(super) fn new(kind: Kind, rtt: u64) -> Self {
        Self {
            controller: Controller::new(kind),
            backlog: 0,
            received: 0,
            sent_packets: 0,
            lost_packets: 0,
            app_limited: true,
            sent: BTreeMap::new(),
            next: 0,
            largest_acked: None,
            // The handshake.
            srtt: rtt,
            variance: rtt / 2,
            latest: rtt,
            first_rtt_at: None,
            tokens: 10 * MTU,
            filled_at: 0,
            timeouts: 0,
            probes: 0,
            last_sent: 0,
            arrived: BTreeSet::new(),
            ack_at: None,
        }
    }

    pub(super) fn in_flight(&self) -> u64 {
        MTU * u64::try_from(self.sent.len()).unwrap_or(u64::MAX)
    }

    fn pace_until(&mut self, now: u64) -> Option<u64> {
        let window = self.controller.window();
        let rate = self.controller.pace().unwrap_or_else(|| window.saturating_mul(S) / self.srtt.max(1) * 5 / 4);
        let capacity = (rate / 5 * 4 / 500).clamp(10 * MTU, 256 * MTU);
        let elapsed = now - self.filled_at;
        let new = u128::from(rate) * u128::from(elapsed) / u128::from(S);
        self.tokens = (self.tokens + u64::try_from(new).unwrap_or(capacity)).min(capacity);
        self.filled_at = now;
        if self.tokens >= MTU {
            return None;
        }
        let wait = (capacity - self.tokens).saturating_mul(S) / rate.max(1);
        Some((now + wait).div_ceil(TICK) * TICK)
    }

    /// Sends what may be sent; gives the packets and what stops it.
    pub(super) fn send(&mut self, now: u64) -> (Vec<u64>, Blocked) {
        let (mut packets, mut blocked) = (Vec::new(), Blocked::Nothing);
        while self.backlog >= MTU || self.probes > 0 {
            if self.probes == 0 {
                if self.in_flight() + MTU >= self.controller.window() {
                    blocked = Blocked::Window;
                    break;
                }
                if let Some(at) = self.pace_until(now) {
                    blocked = Blocked::Pacing(at);
                    break;
                }
            }
            self.probes = self.probes.saturating_sub(1);
            self.backlog = self.backlog.saturating_sub(MTU);
            self.tokens = self.tokens.saturating_sub(MTU);
            self.sent.insert(self.next, now);
            packets.push(self.next);
            self.next += 1;
            self.sent_packets += 1;
            self.last_sent = now;
        }
        let count = u64::try_from(packets.len()).unwrap_or(u64::MAX);
        if count > 0 {
            self.controller.on_sent(now / 1_000, count * MTU);
        }
        self.app_limited = packets.is_empty() && blocked == Blocked::Nothing;
        (packets, blocked)
    }

    /// A packet arrives; gives when its acknowledgement is due.
    pub(super) fn arrive(&mut self, now: u64, packet: u64, clump: u64) -> u64 {
        self.received += MTU;
        self.arrived.insert(packet);
        let due = if self.arrived.len() >= 2 { now } else { now + ACK_DELAY };
        if clump > 0 { due.div_ceil(clump) * clump } else { due }
    }

    pub(super) fn on_ack(&mut self, now: u64, packets: &[u64]) {
        let mut newest = None;
        for packet in packets {
            if let Some(at) = self.sent.remove(packet) {
                self.controller.on_ack(now / 1_000, at / 1_000, MTU);
                newest = Some(at).max(newest);
                self.largest_acked = self.largest_acked.max(Some(*packet));
            }
        }
        let Some(at) = newest else { return };
        self.controller.on_acks_end(now / 1_000, self.in_flight(), self.app_limited);
        self.latest = now - at;
        self.first_rtt_at.get_or_insert(now);
        self.variance = (3 * self.variance + self.srtt.abs_diff(self.latest)) / 4;
        self.srtt = (7 * self.srtt + self.latest) / 8;
        self.timeouts = 0;
        self.detect_loss(now);
    }

    fn timeout(&self) -> u64 {
        self.srtt + (4 * self.variance).max(MS) + ACK_DELAY
    }

    fn detect_loss(&mut self, now: u64) {
        let Some(largest) = self.largest_acked else { return };
        let too_old = self.srtt.max(self.latest) * 9 / 8;
        let lost: Vec<(u64, u64)> = self
            .sent
            .range(..largest)
            .filter(|(packet, at)| largest >= *packet + 3 || now - *at >= too_old)
            .map(|(packet, at)| (*packet, *at))
            .collect();
        let Some((_, last)) = lost.last().copied() else { return };
        lost.iter().for_each(|(packet, _)| _ = self.sent.remove(packet));
        let (mut start, mut before, mut outage) = (None, None, false);
        for (packet, at) in &lost {
            let follows = before.is_some_and(|before| before + 1 == *packet);
            let since = *start.filter(|_| follows).get_or_insert(*at);
            start = Some(since);
            outage |= at - since > 3 * self.timeout();
            before = Some(*packet);
        }
        let bytes = MTU * u64::try_from(lost.len()).unwrap_or(0);
        self.lost_packets += bytes / MTU;
        self.backlog += bytes;
        self.controller.on_lost(now / 1_000, last / 1_000, bytes, outage);
    }

    /// When to look at the clock again, if anything is on its way.
    pub(super) fn due(&self) -> Option<u64> {
        let (_, oldest) = self.sent.first_key_value()?;
        let early = self.largest_acked.is_some_and(|largest| self.sent.range(..largest).next().is_some());
        let loss = early.then(|| oldest + self.srtt.max(self.latest) * 9 / 8);
        let probe = self.last_sent + self.timeout() * (1 << self.timeouts.min(16));
        Some(loss.unwrap_or(probe).min(probe))
    }

    pub(super) fn on_due(&mut self, now: u64) {
        let waiting = self.sent.len();
        self.detect_loss(now);
        let probe = self.last_sent + self.timeout() * (1 << self.timeouts.min(16));
        if self.sent.len() == waiting && now >= probe {
            self.timeouts += 1;
            self.probes = 2;
        }
    }
}
