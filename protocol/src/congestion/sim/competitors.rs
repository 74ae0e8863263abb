//! Who shares the bottleneck.

use super::super::{
    Congestion, INITIAL_WINDOW_BYTES, Law,
    cubic::Cubic,
    rate::{Ack, Sampler},
    rounds::Rounds,
};
use super::{MTU, S};

/// Whose law a flow follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    Cubic,
    Bbr,
}

/// A controller as the flow sees it.
#[derive(Debug)]
pub(super) enum Controller {
    Ours(Box<Congestion>),
    Cubic(Sampler, Cubic, u64),
    Bbr(Sampler, Box<Bbr>),
}

impl Controller {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Ours => Self::Ours(Box::new(Congestion::new(Law::ByPath, MTU))),
            Kind::Cubic => Self::Cubic(Sampler::default(), Cubic::new(MTU, 10 * MTU), 0),
            Kind::Bbr => Self::Bbr(Sampler::default(), Box::default()),
        }
    }

    pub(super) fn on_sent(&mut self, now_us: u64, bytes: u64) {
        match self {
            Self::Ours(ours) => ours.on_sent(now_us, bytes),
            Self::Cubic(sampler, ..) | Self::Bbr(sampler, _) => sampler.on_sent(now_us, bytes),
        }
    }

    pub(super) fn on_ack(&mut self, now_us: u64, sent_us: u64, bytes: u64) {
        match self {
            Self::Ours(ours) => ours.on_ack(now_us, sent_us, bytes),
            Self::Cubic(sampler, ..) | Self::Bbr(sampler, _) => sampler.on_ack(now_us, sent_us, bytes),
        }
    }

    pub(super) fn on_acks_end(&mut self, now_us: u64, in_flight: u64, app_limited: bool) {
        match self {
            Self::Ours(ours) => ours.on_acks_end(now_us, in_flight, app_limited),
            Self::Cubic(sampler, cubic, rtt_us) => {
                if let Some(ack) = sampler.on_acks_end(now_us, in_flight, app_limited) {
                    *rtt_us = if *rtt_us == 0 { ack.rtt_us } else { (7 * *rtt_us + ack.rtt_us) / 8 };
                    cubic.on_ack(&ack, *rtt_us);
                }
            }
            Self::Bbr(sampler, bbr) => {
                if let Some(ack) = sampler.on_acks_end(now_us, in_flight, app_limited) {
                    bbr.on_ack(&ack);
                }
            }
        }
    }

    pub(super) fn on_lost(&mut self, now_us: u64, sent_us: u64, bytes: u64, outage: bool) {
        match self {
            Self::Ours(ours) => ours.on_lost(now_us, sent_us, bytes, outage),
            Self::Cubic(sampler, cubic, _) => {
                sampler.on_lost(bytes);
                cubic.on_lost(now_us, sent_us, outage);
            }
            Self::Bbr(sampler, _) => sampler.on_lost(bytes),
        }
    }

    pub(super) fn window(&self) -> u64 {
        match self {
            Self::Ours(ours) => ours.window(),
            Self::Cubic(_, cubic, _) => cubic.window(),
            Self::Bbr(_, bbr) => bbr.window(),
        }
    }

    /// Bytes per second, for who does not leave that to window and round trip.
    pub(super) fn pace(&self) -> Option<u64> {
        match self {
            Self::Bbr(_, bbr) => Some(bbr.pace()),
            Self::Ours(_) | Self::Cubic(..) => None,
        }
    }
}

/// The first version of BBR, in its main lines: 2 BDP in flight, paced at the bandwidth in gains of 1.25, 0.75 and six of
/// 1; every ten seconds 200 ms of almost nothing.
#[derive(Debug)]
pub(super) struct Bbr {
    bandwidth: Rounds<10>,
    min_rtt_us: u64,
    min_rtt_at_us: u64,
    probing_until_us: Option<u64>,
    round_ends: u64,
    best: u64,
    flat: u32,
    started: bool,
    drained: bool,
    gain: usize,
    gain_since_us: u64,
}

impl Default for Bbr {
    fn default() -> Self {
        Self {
            bandwidth: Rounds::default(),
            min_rtt_us: u64::MAX,
            min_rtt_at_us: 0,
            probing_until_us: None,
            round_ends: 0,
            best: 0,
            flat: 0,
            started: false,
            drained: false,
            gain: 2,
            gain_since_us: 0,
        }
    }
}

impl Bbr {
    fn bdp(&self) -> u64 {
        self.bandwidth.max().unwrap_or(0).saturating_mul(self.min_rtt_us.min(S / 1000)) / 1_000_000
    }

    fn on_ack(&mut self, ack: &Ack) {
        let expired = ack.now_us > self.min_rtt_at_us + 10_000_000;
        if ack.rtt_us <= self.min_rtt_us || expired {
            if expired && ack.rtt_us > self.min_rtt_us {
                self.probing_until_us = Some(ack.now_us + 200_000);
            }
            (self.min_rtt_us, self.min_rtt_at_us) = (ack.rtt_us, ack.now_us);
        }
        if self.probing_until_us.is_some_and(|until| ack.now_us > until) {
            self.probing_until_us = None;
        }
        if let Some(rate) = ack.rate.filter(|_| !ack.app_limited) {
            self.bandwidth.raise(rate);
        }
        if ack.delivered_before >= self.round_ends {
            self.round_ends = ack.delivered;
            let bandwidth = self.bandwidth.max().unwrap_or(0);
            if bandwidth >= self.best * 5 / 4 {
                (self.best, self.flat) = (bandwidth, 0);
            } else {
                self.flat += 1;
            }
            self.started |= self.flat >= 3;
            self.bandwidth.turn();
        }
        self.drained |= self.started && ack.in_flight <= self.bdp();
        if ack.now_us > self.gain_since_us + self.min_rtt_us {
            (self.gain, self.gain_since_us) = ((self.gain + 1) % 8, ack.now_us);
        }
    }

    fn window(&self) -> u64 {
        match (self.probing_until_us, self.started) {
            (Some(_), _) => 4 * MTU,
            (None, true) => (2 * self.bdp()).max(4 * MTU),
            (None, false) => (3 * self.bdp()).max(INITIAL_WINDOW_BYTES / 16),
        }
    }

    fn pace(&self) -> u64 {
        let percent = match (self.started, self.drained, self.gain) {
            (false, ..) => 289,
            (true, false, _) => 35,
            (true, true, 0) => 125,
            (true, true, 1) => 75,
            _ => 100,
        };
        (self.bandwidth.max().unwrap_or(1_000_000) * percent / 100).max(100_000)
    }
}
