//! The round trip of the empty path: the second lowest round of the last ten seconds, so that a longer path is learned as
//! well. The second, because a host that is held up while it reads acknowledgements takes them for younger than they are,
//! and a path believed shorter than it is would never be filled.
//!
//! # Not here
//! Emptying our own queue so that it can be seen: [`super::model`].

/// How long the lowest may go unseen before it is looked for.
pub(super) const LOOK_AFTER_US: u64 = 5_000_000;

/// The two lowest rounds of each of two periods, which end when the lowest was looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Minimum {
    current: [Option<u64>; 2],
    previous: [Option<u64>; 2],
    seen_us: u64,
}

impl Minimum {
    /// The lowest of a round.
    pub(super) fn on_round(&mut self, now_us: u64, low_us: u64) {
        if self.get().is_none_or(|lowest| low_us <= lowest + lowest / 32) {
            self.seen_us = now_us;
        }
        let [lowest, second] = self.current;
        if lowest.is_none_or(|lowest| low_us < lowest) {
            self.current = [Some(low_us), lowest];
        } else if second.is_none_or(|second| low_us < second) {
            self.current = [lowest, Some(low_us)];
        }
    }

    pub(super) fn get(&self) -> Option<u64> {
        let ([a, b], [c, d]) = (self.current, self.previous);
        let mut known = [a, b, c, d].map(|value| value.unwrap_or(u64::MAX));
        known.sort_unstable();
        let [lowest, second, ..] = known;
        [second, lowest].into_iter().find(|value| *value < u64::MAX)
    }

    pub(super) fn is_stale(&self, now_us: u64) -> bool {
        now_us.saturating_sub(self.seen_us) > LOOK_AFTER_US
    }

    /// It was looked for, and this was the lowest.
    pub(super) fn looked(&mut self, now_us: u64, lowest_us: u64) {
        (self.previous, self.current, self.seen_us) = (self.current, [Some(lowest_us), None], now_us);
    }

    /// The path is another.
    pub(super) fn replace(&mut self, now_us: u64, rtt_us: u64) {
        *self = Self { current: [Some(rtt_us), None], previous: [None; 2], seen_us: now_us };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_round_believed_too_short_does_not_count_and_a_longer_path_is_learned() {
        let mut minimum = Minimum::default();
        assert_eq!(minimum.get(), None);
        for low_us in [70_000, 40_000, 31_000, 40_200] {
            minimum.on_round(1, low_us);
        }
        assert_eq!(minimum.get(), Some(40_000));
        assert!(!minimum.is_stale(LOOK_AFTER_US) && minimum.is_stale(LOOK_AFTER_US + 2));
        minimum.looked(9, 80_000);
        assert_eq!(minimum.get(), Some(40_000), "once is not enough");
        minimum.looked(10, 80_000);
        minimum.on_round(11, 80_500);
        assert_eq!(minimum.get(), Some(80_000));
    }
}
