//! Cubic (RFC 9438), in whole numbers: what the rest of the world does, and we do on short paths.
//!
//! # Not here
//! HyStart: on paths this short the queue is shorter than the host's own delays.

use super::rate::Ack;

/// β = 0.7: what is left of the window after a loss.
const KEEP_PERCENT: u64 = 70;
/// C = 0.4 segments per second³.
const GROWTH_TENTHS: i128 = 4;
const MS_CUBED: i128 = 1_000_000_000;

/// The window by cubic's law.
#[derive(Clone, Debug)]
pub struct Cubic {
    mtu: u64,
    window: u64,
    threshold: u64,
    w_max: u64,
    k_ms: u64,
    epoch_us: Option<u64>,
    recovery_us: Option<u64>,
    credit: u64,
}

impl Cubic {
    /// In slow start with this window.
    #[must_use]
    pub fn new(mtu: u64, window: u64) -> Self {
        Self { mtu, window, threshold: u64::MAX, w_max: 0, k_ms: 0, epoch_us: None, recovery_us: None, credit: 0 }
    }

    /// Goes on from a window that another law found.
    pub fn take_over(&mut self, window: u64, starting: bool) {
        *self = Self::new(self.mtu, window);
        if !starting {
            self.threshold = window;
        }
    }

    /// Bytes that may be in flight.
    #[must_use]
    pub fn window(&self) -> u64 {
        self.window
    }

    /// The path takes packets of another size.
    pub fn on_mtu(&mut self, mtu: u64) {
        self.mtu = mtu.max(1);
        self.window = self.window.max(2 * self.mtu);
    }

    /// Packets arrived.
    pub fn on_ack(&mut self, ack: &Ack, rtt_us: u64) {
        if ack.app_limited || self.recovery_us.is_some_and(|since| ack.sent_us <= since) {
            return;
        }
        if self.window < self.threshold {
            self.window += ack.acked;
            return;
        }
        let epoch_us = *self.epoch_us.get_or_insert_with(|| {
            (self.w_max, self.k_ms) = (self.window, 0);
            ack.now_us
        });
        let elapsed_us = ack.now_us.saturating_sub(epoch_us);
        let target = self.curve(elapsed_us.saturating_add(rtt_us)).max(self.as_reno(elapsed_us, rtt_us));
        // At most one packet more for each window acknowledged, as RFC 9002 7.3.3 has it.
        let target = target.min(self.window + self.window / 2);
        if target > self.window {
            self.credit += (target - self.window).min(self.mtu).saturating_mul(ack.acked);
            let grown = self.credit / self.window;
            self.credit -= grown * self.window;
            self.window += grown;
        }
    }

    /// Packets were lost.
    pub fn on_lost(&mut self, now_us: u64, sent_us: u64, outage: bool) {
        if outage {
            self.threshold = (self.window / 2).max(2 * self.mtu);
            self.window = self.threshold.min(super::INITIAL_WINDOW_BYTES);
            (self.epoch_us, self.recovery_us, self.credit) = (None, Some(now_us), 0);
            return;
        }
        if self.recovery_us.is_some_and(|since| sent_us <= since) {
            return;
        }
        self.w_max = if self.window < self.w_max { self.window * (100 + KEEP_PERCENT) / 200 } else { self.window };
        self.threshold = (self.window * KEEP_PERCENT / 100).max(2 * self.mtu);
        self.window = self.threshold;
        // K³ = W_max × (1 − β) / C, in segments and seconds.
        let cubed = u128::from(self.w_max) * 750_000_000 / u128::from(self.mtu.max(1));
        self.k_ms = cube_root(cubed);
        (self.epoch_us, self.recovery_us, self.credit) = (Some(now_us), Some(now_us), 0);
    }

    // W(t) = C × (t − K)³ + W_max.
    fn curve(&self, t_us: u64) -> u64 {
        let t = i128::from(t_us / 1000) - i128::from(self.k_ms);
        let segments_1e9 = (t * t * t).saturating_mul(GROWTH_TENTHS) / 10;
        let bytes = segments_1e9.saturating_mul(i128::from(self.mtu)) / MS_CUBED + i128::from(self.w_max);
        u64::try_from(bytes.clamp(0, i128::from(super::WINDOW_BYTES_MAX))).unwrap_or(super::WINDOW_BYTES_MAX)
    }

    // 3 × (1 − β) / (1 + β) = 0.53 segments per round trip.
    fn as_reno(&self, t_us: u64, rtt_us: u64) -> u64 {
        let rounds_hundredths = t_us.saturating_mul(53) / rtt_us.max(1);
        (self.w_max * KEEP_PERCENT / 100).saturating_add(rounds_hundredths.saturating_mul(self.mtu) / 100)
    }
}

fn cube_root(cubed: u128) -> u64 {
    let mut root = 0_u64;
    for bit in (0..32).rev() {
        let tried = root | (1 << bit);
        if u128::from(tried).pow(3) <= cubed {
            root = tried;
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_takes_three_tenths_and_the_curve_comes_back_after_k() {
        let mut cubic = Cubic::new(1_000, 1_000_000);
        cubic.on_lost(0, 0, false);
        assert_eq!(cubic.window(), 700_000);
        // ∛(1000 × 0.3 / 0.4) = 9.086 s.
        assert_eq!(cubic.k_ms, 9_085);
        assert_eq!(cubic.curve(9_085_000), 1_000_000);
        assert!(cubic.curve(0).abs_diff(700_000) < 1_000);
        assert!(cubic.curve(12_000_000) > 1_000_000);
        cubic.on_lost(5, 0, false);
        assert_eq!(cubic.window(), 700_000, "once for each round trip");
    }

    #[test]
    fn roots() {
        for n in [0_u64, 1, 2, 7, 1_000, 123_456] {
            assert_eq!(cube_root(u128::from(n).pow(3)), n);
            assert_eq!(cube_root(u128::from(n + 1).pow(3) - 1), n);
        }
    }
}
