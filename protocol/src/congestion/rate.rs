//! How fast the path delivers: samples from acknowledgements, with those marked in which the application set the pace.
//!
//! A sample is what was delivered between the sending of a packet and its acknowledgement, over the longer of the time
//! it took to send and the time it took to be acknowledged: neither acknowledgements that come in clumps nor bursts of
//! the sender make a path look faster than it is.
//!
//! # Not here
//! What the samples mean: [`super::model`].

use std::collections::VecDeque;

/// Departures remembered. Beyond, packets are counted with an earlier departure, whose sample is the same but longer.
const DEPARTURES_MAX: usize = 32_768;
const SECOND_US: u64 = 1_000_000;

/// What one acknowledgement tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// When.
    pub now_us: u64,
    /// When the newest packet it names had left.
    pub sent_us: u64,
    /// From its departure to now.
    pub rtt_us: u64,
    /// The same for all packets it names, weighted by bytes: `Σ rtt × bytes`.
    pub rtt_bytes: u128,
    /// Bytes it names.
    pub acked: u64,
    /// Bytes delivered since the beginning.
    pub delivered: u64,
    /// The same when the newest packet left.
    pub delivered_before: u64,
    /// Bytes per second; none when no packet is newer than those acknowledged before.
    pub rate: Option<u64>,
    /// The application, not the path, set this rate.
    pub app_limited: bool,
    /// Bytes still in flight.
    pub in_flight: u64,
}

#[derive(Clone, Copy, Debug)]
struct Departure {
    sent_us: u64,
    delivered: u64,
    delivered_us: u64,
    first_sent_us: u64,
    app_limited: bool,
}

/// Takes samples.
#[derive(Clone, Debug, Default)]
pub struct Sampler {
    departures: VecDeque<Departure>,
    delivered: u64,
    delivered_us: u64,
    first_sent_us: u64,
    // Up to here, what is delivered was sent while there was not enough to send.
    app_limited_until: u64,
    in_flight: u64,
    burst_bytes: u64,
    newest_us: Option<u64>,
    acked: u64,
    rtt_bytes: u128,
}

impl Sampler {
    /// Packets left together.
    pub fn on_sent(&mut self, now_us: u64, bytes: u64) {
        if self.in_flight == 0 {
            (self.first_sent_us, self.delivered_us) = (now_us, now_us);
        }
        self.in_flight += bytes;
        self.burst_bytes = bytes;
        let known = self.departures.back().is_some_and(|last| last.sent_us == now_us);
        if known || self.departures.len() >= DEPARTURES_MAX {
            return;
        }
        self.departures.push_back(Departure {
            sent_us: now_us,
            delivered: self.delivered,
            delivered_us: self.delivered_us,
            first_sent_us: self.first_sent_us,
            app_limited: self.delivered < self.app_limited_until,
        });
    }

    /// One packet arrived.
    pub fn on_ack(&mut self, now_us: u64, sent_us: u64, bytes: u64) {
        self.delivered += bytes;
        self.acked += bytes;
        self.rtt_bytes += u128::from(now_us.saturating_sub(sent_us)) * u128::from(bytes);
        self.newest_us = self.newest_us.max(Some(sent_us));
    }

    /// The acknowledgement is told to its end.
    pub fn on_acks_end(&mut self, now_us: u64, in_flight: u64, app_limited: bool) -> Option<Ack> {
        let (acked, rtt_bytes) = (std::mem::take(&mut self.acked), std::mem::take(&mut self.rtt_bytes));
        let newest_us = self.newest_us.take();
        self.in_flight = in_flight;
        if app_limited {
            self.app_limited_until = self.delivered + in_flight.max(1);
        }
        let sent_us = newest_us?;
        while self.departures.get(1).is_some_and(|next| next.sent_us <= sent_us) {
            self.departures.pop_front();
        }
        let departure = self.departures.front().filter(|first| first.sent_us <= sent_us).copied();
        let delivered_before = departure.map_or(self.delivered - acked, |d| d.delivered);
        let rate = departure.and_then(|departure| {
            let sending_us = departure.sent_us.saturating_sub(departure.first_sent_us);
            let acking_us = now_us.saturating_sub(departure.delivered_us);
            let bytes = self.delivered - departure.delivered;
            bytes.saturating_mul(SECOND_US).checked_div(sending_us.max(acking_us))
        });
        if departure.is_some() {
            (self.first_sent_us, self.delivered_us) = (sent_us.max(self.first_sent_us), now_us);
        }
        Some(Ack {
            now_us,
            sent_us,
            rtt_us: now_us.saturating_sub(sent_us).max(1),
            rtt_bytes,
            acked,
            delivered: self.delivered,
            delivered_before,
            rate,
            app_limited: departure.is_some_and(|d| d.app_limited),
            in_flight,
        })
    }

    /// Packets were lost.
    pub fn on_lost(&mut self, bytes: u64) {
        self.in_flight = self.in_flight.saturating_sub(bytes);
    }

    /// Bytes that left and are neither acknowledged nor lost.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// Bytes that left together last.
    #[must_use]
    pub fn burst_bytes(&self) -> u64 {
        self.burst_bytes
    }
}
