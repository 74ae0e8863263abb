//! How fast to send: the congestion control of the pixel plane, as a state machine without a clock.
//!
//! Promised: the rate of the link is found within some round trips and held with a small standing queue; loss that does
//! not come from our own queue slows nothing down; loss that does, is answered; beside other flows, ours, cubic or BBR,
//! nobody starves; what an application does not send never lowers what is known of the link; a host that comes late to its
//! acknowledgements does not talk itself down.
//!
//! Two laws. From 3 ms of round trip on, [`model`]: bandwidth and round trip are measured, and as much is kept in flight
//! as they hold, and a little more. Below it, [`cubic`]: there the clocks of hosts are coarser than the path.
//!
//! # Units
//! Bytes, and microseconds since any fixed moment.
//!
//! # Not here
//! Clocks, packets, pacing: quinn's, which spreads a window over 0.8 round trips; [`window`](Congestion::window) is made
//! for that. The binding to quinn: `node::transfer::congestion`. What a link and its other flows do, for the tests: `sim`.

pub mod cubic;
mod minimum;
pub mod model;
pub mod rate;
mod rounds;

#[cfg(test)]
mod sim;

use cubic::Cubic;
use model::Model;
use rate::{Ack, Sampler};

/// Bytes in flight before the first acknowledgement. Between trusted peers: a CT image leaves in one round trip.
pub const INITIAL_WINDOW_BYTES: u64 = 256 * 1024;
/// The same to a peer of whose path an earlier connection knows, at most: two CT images.
pub const REMEMBERED_WINDOW_BYTES_MAX: u64 = 1 << 20;
/// Never more in flight, whatever is measured: 1 Gb/s over 2 s.
pub const WINDOW_BYTES_MAX: u64 = 256 << 20;
/// Round trips below this go by cubic.
pub const CUBIC_BELOW_US: u64 = 3_000;
/// Cubic that was chosen for a short path ends when nothing below this was seen for [`LENGTHENED_FOR_US`]: the path is
/// another.
const LENGTHENED_US: u64 = 10_000;
const LENGTHENED_FOR_US: u64 = 5_000_000;
/// A window is filled when no more than these have room.
const FILLED_BUT_PACKETS: u64 = 3;

/// Which law holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Law {
    /// The model, and cubic on paths shorter than [`CUBIC_BELOW_US`].
    #[default]
    ByPath,
    /// Cubic everywhere.
    Cubic,
}

impl Law {
    /// Its name in a site's settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByPath => "by path",
            Self::Cubic => "cubic",
        }
    }
}

/// Congestion control of one path.
#[derive(Clone, Debug)]
pub struct Congestion {
    law: Law,
    mtu: u64,
    sampler: Sampler,
    model: Model,
    cubic: Cubic,
    by_cubic: bool,
    short_at_us: u64,
}

impl Congestion {
    /// A path of which nothing is known.
    #[must_use]
    pub fn new(law: Law, mtu: u64) -> Self {
        Self {
            law,
            mtu,
            sampler: Sampler::default(),
            model: Model::new(mtu, INITIAL_WINDOW_BYTES),
            cubic: Cubic::new(mtu, INITIAL_WINDOW_BYTES),
            by_cubic: law == Law::Cubic,
            short_at_us: 0,
        }
    }

    /// A window that fitted the path when it was seen last: what is sent before anything is measured may be so much, within
    /// [`REMEMBERED_WINDOW_BYTES_MAX`].
    pub fn remember(&mut self, window: u64) {
        self.model.remember(window.min(REMEMBERED_WINDOW_BYTES_MAX));
    }

    /// Packets left.
    pub fn on_sent(&mut self, now_us: u64, bytes: u64) {
        self.sampler.on_sent(now_us, bytes);
        if self.sampler.in_flight() + FILLED_BUT_PACKETS * self.mtu >= self.allowed() {
            self.model.window_filled();
        }
    }

    /// One packet that left at `sent_us` has arrived.
    pub fn on_ack(&mut self, now_us: u64, sent_us: u64, bytes: u64) {
        self.sampler.on_ack(now_us, sent_us, bytes);
    }

    /// All packets of an acknowledgement were told by [`on_ack`](Self::on_ack); `in_flight` are left, and
    /// `app_limited` says that there is nothing more to send.
    pub fn on_acks_end(&mut self, now_us: u64, in_flight: u64, app_limited: bool) {
        let Some(ack) = self.sampler.on_acks_end(now_us, in_flight, app_limited) else { return };
        self.model.on_ack(&ack);
        self.choose(&ack);
        if self.by_cubic && self.model.is_filled() {
            self.cubic.on_ack(&ack, self.model.rtt_us());
        }
    }

    /// Packets were lost, the last of which left at `sent_us`; `outage` says that nothing at all arrived for several
    /// timeouts. No bytes: the network marked instead of dropping.
    pub fn on_lost(&mut self, now_us: u64, sent_us: u64, bytes: u64, outage: bool) {
        self.sampler.on_lost(bytes);
        self.model.on_lost(now_us, sent_us, bytes, outage);
        if self.by_cubic {
            self.cubic.on_lost(now_us, sent_us, outage);
        }
    }

    /// The path takes packets of another size.
    pub fn on_mtu(&mut self, mtu: u64) {
        self.mtu = mtu;
        self.model.on_mtu(mtu);
        self.cubic.on_mtu(mtu);
    }

    /// Bytes that may be in flight, as quinn is told. It paces by the same number: so as long as there is room in the
    /// window, a host that wakes late is told a larger one, and the true one when it is filled.
    #[must_use]
    pub fn window(&self) -> u64 {
        let window = if self.has_room() && !self.by_cubic { self.model.pacing_window() } else { self.allowed() };
        window.min(WINDOW_BYTES_MAX)
    }

    fn allowed(&self) -> u64 {
        if self.by_cubic { self.cubic.window() } else { self.model.window() }
    }

    fn has_room(&self) -> bool {
        self.sampler.in_flight() + self.sampler.burst_bytes() < self.allowed()
    }

    /// Measured bandwidth of the path, bytes per second; none before the first sample.
    #[must_use]
    pub fn bandwidth(&self) -> Option<u64> {
        self.model.bandwidth()
    }

    /// Measured round trip without queues, microseconds; none before the first sample.
    #[must_use]
    pub fn min_rtt_us(&self) -> Option<u64> {
        self.model.min_rtt_us()
    }

    // The laws change places only here, and take over the window in force.
    fn choose(&mut self, ack: &Ack) {
        if self.law == Law::Cubic {
            return;
        }
        if ack.rtt_us < LENGTHENED_US {
            self.short_at_us = ack.now_us;
        }
        let min_rtt_us = self.model.min_rtt_us().unwrap_or(u64::MAX);
        if !self.by_cubic && min_rtt_us < CUBIC_BELOW_US {
            self.by_cubic = true;
            self.cubic.take_over(self.model.window(), self.model.is_starting());
        } else if self.by_cubic && ack.now_us.saturating_sub(self.short_at_us) > LENGTHENED_FOR_US {
            self.by_cubic = false;
            self.model.path_changed(ack);
        }
    }
}
