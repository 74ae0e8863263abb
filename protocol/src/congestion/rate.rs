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

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000;

    // One packet of 1,000 bytes each millisecond: 1 MB/s.
    fn sent(sampler: &mut Sampler, from_ms: u64, packets: u64) {
        (from_ms..from_ms + packets).for_each(|at| sampler.on_sent(at * MS, 1_000));
    }

    fn acked(sampler: &mut Sampler, now_ms: u64, sent_ms: std::ops::Range<u64>, left: u64, limited: bool) -> Ack {
        sent_ms.for_each(|at| sampler.on_ack(now_ms * MS, at * MS, 1_000));
        sampler.on_acks_end(now_ms * MS, left, limited).unwrap()
    }

    #[test]
    fn acknowledgements_in_clumps_do_not_make_a_path_faster() {
        let mut sampler = Sampler::default();
        let mut fastest = 0;
        sent(&mut sampler, 0, 10);
        for clump in 0..6 {
            let from = clump * 10;
            sent(&mut sampler, from + 10, 10);
            let ack = acked(&mut sampler, from + 20, from..from + 10, 10_000, false);
            assert_eq!((ack.acked, ack.rtt_us), (10_000, 11 * MS));
            assert_eq!(ack.rtt_bytes / u128::from(ack.acked), 15_500, "half a clump later on average");
            fastest = fastest.max(ack.rate.unwrap_or(0));
        }
        assert_eq!(fastest, 1_000_000);
    }

    #[test]
    fn what_was_sent_without_enough_to_send_is_marked() {
        let mut sampler = Sampler::default();
        sent(&mut sampler, 0, 10);
        assert!(!acked(&mut sampler, 20, 0..5, 5_000, true).app_limited, "it left before anybody ran out");
        sent(&mut sampler, 21, 5);
        assert!(!acked(&mut sampler, 30, 5..10, 5_000, false).app_limited);
        assert!(acked(&mut sampler, 41, 21..26, 0, false).app_limited);
        sent(&mut sampler, 50, 5);
        assert!(!acked(&mut sampler, 70, 50..55, 0, false).app_limited);
    }

    #[test]
    fn time_without_anything_in_flight_is_no_delivery() {
        let mut sampler = Sampler::default();
        sent(&mut sampler, 0, 10);
        acked(&mut sampler, 20, 0..10, 0, false);
        sent(&mut sampler, 10_000, 10);
        let ack = acked(&mut sampler, 10_020, 10_000..10_010, 0, false);
        assert_eq!(ack.rate, Some(500_000), "ten packets in twenty milliseconds");
    }

    #[test]
    fn acknowledgements_of_what_is_older_give_no_sample() {
        let mut sampler = Sampler::default();
        sent(&mut sampler, 0, 10);
        acked(&mut sampler, 20, 5..10, 5_000, false);
        let late = acked(&mut sampler, 21, 0..5, 0, false);
        assert_eq!((late.rate, late.delivered), (None, 10_000));
        assert_eq!(sampler.on_acks_end(22 * MS, 0, false), None);
    }
}
