//! Whether bytes are coming: the pulse of a line, and the rate over the last two seconds.
//!
//! # Not here
//! What is done about silence: [`super::line`]. What the portal shows: `studies::progress`.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The span over which a rate is a mean.
const RATE_OVER: Duration = Duration::from_secs(2);
/// Samples kept: ten a second over the span, and some to spare.
const SAMPLES_MAX: usize = 32;

/// When something last moved.
#[derive(Debug)]
pub(crate) struct Pulse(Mutex<Instant>);

impl Default for Pulse {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Pulse {
    /// It moved.
    pub(crate) fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long it has not.
    pub(crate) fn silent_for(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

/// After how much silence on a connection with requests under way a new one is raced.
pub(crate) fn patience(rtt: Duration) -> Duration {
    Duration::from_secs(1) + rtt * 2
}

/// A mean rate from a rising total.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    samples: VecDeque<(Instant, u64)>,
}

impl Rate {
    /// Notes the total at an instant.
    pub(crate) fn note(&mut self, at: Instant, total: u64) {
        if self.samples.back().is_some_and(|(last, _)| at.duration_since(*last) < RATE_OVER / 20) {
            return;
        }
        self.samples.push_back((at, total));
        // One sample older than the span stays: the rate is taken from it.
        while self.samples.len() > SAMPLES_MAX
            || self.samples.get(1).is_some_and(|(second, _)| at.duration_since(*second) >= RATE_OVER)
        {
            self.samples.pop_front();
        }
    }

    /// Bytes a second over the last two seconds.
    pub(crate) fn bytes_per_s(&self) -> f64 {
        let (Some((from, first)), Some((to, last))) = (self.samples.front(), self.samples.back()) else {
            return 0.0;
        };
        let seconds = to.duration_since(*from).as_secs_f64();
        if seconds > 0.0 { last.saturating_sub(*first) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_mean_of_the_last_two_seconds() {
        let start = Instant::now();
        let mut rate = Rate::default();
        for tenth in 0..60u64 {
            let total = if tenth < 30 { 0 } else { (tenth - 30) * 100_000 };
            rate.note(start + Duration::from_millis(tenth * 100), total);
        }
        assert!((rate.bytes_per_s() - 1_000_000.0).abs() < 1.0, "{}", rate.bytes_per_s());
    }

    #[test]
    fn a_transfer_that_stopped_falls_to_zero() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.note(start, 0);
        rate.note(start + Duration::from_secs(1), 5_000_000);
        for tenth in 1..40 {
            rate.note(start + Duration::from_secs(1) + Duration::from_millis(tenth * 100), 5_000_000);
        }
        assert!(rate.bytes_per_s() < 1.0);
    }
}
