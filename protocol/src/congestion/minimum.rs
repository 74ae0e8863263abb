//! The round trip of the empty path: the lowest of the last ten seconds, so that a longer path is learned as well.
//!
//! # Not here
//! Emptying our own queue so that it can be seen: [`super::model`].

/// How long the lowest may go unseen before it is looked for.
pub(super) const LOOK_AFTER_US: u64 = 5_000_000;

/// The lowest round trip, in two periods that end when it was looked for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Minimum {
    current: Option<u64>,
    previous: Option<u64>,
    seen_us: u64,
}

impl Minimum {
    pub(super) fn on_rtt(&mut self, now_us: u64, rtt_us: u64) {
        if self.get().is_none_or(|lowest| rtt_us <= lowest + lowest / 32) {
            self.seen_us = now_us;
        }
        self.current = Some(self.current.map_or(rtt_us, |lowest| lowest.min(rtt_us)));
    }

    pub(super) fn get(&self) -> Option<u64> {
        [self.current, self.previous].into_iter().flatten().min()
    }

    pub(super) fn is_stale(&self, now_us: u64) -> bool {
        now_us.saturating_sub(self.seen_us) > LOOK_AFTER_US
    }

    /// It was looked for, and this was the lowest.
    pub(super) fn looked(&mut self, now_us: u64, lowest_us: u64) {
        (self.previous, self.current, self.seen_us) = (self.current, Some(lowest_us), now_us);
    }

    /// The path is another.
    pub(super) fn replace(&mut self, now_us: u64, rtt_us: u64) {
        *self = Self { current: Some(rtt_us), previous: None, seen_us: now_us };
    }
}
