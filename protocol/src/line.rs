//! What the site that sends tells of a line: how its packets fare, and a sample of what the line carries.
//!
//! Images go from the holder to the reader, so only the holder knows how many of their packets are lost: the reader's own are
//! requests and acknowledgements, which may all arrive where images do not.
//!
//! # Not here
//! By which road two sites reach each other: [`crate::roads`]. When any of it is asked for: `node::transfer`.

use crate::wire::Wire;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bytes of a sample at most: a fifth of a second at 100 Mb/s, and less than four images.
pub const SAMPLE_BYTES_MAX: u32 = 2 << 20;
/// A sample ends then, however few bytes came.
pub const SAMPLE_LASTS_MS: u64 = 1_000;
/// An encoded [`LineState`]: its version, and five numbers of at most ten bytes.
pub const LINE_STATE_BYTES_MAX: usize = 51;
/// Fewer packets tell nothing of the share that is lost.
const PACKETS_MIN: u64 = 50;
/// States kept: asked once a second, the share is that of some seven seconds.
const STATES_MAX: usize = 8;

/// One connection as the answering site sees it, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineState {
    /// Packets that it sent.
    pub packets_sent: u64,
    /// Of these, those that it takes for lost.
    pub packets_lost: u64,
    /// Bytes that it sent.
    pub bytes_sent: u64,
    /// Bytes that it lets be under way at once.
    pub window_bytes: u64,
    /// Round trip, microseconds.
    pub rtt_us: u64,
}

impl Wire for LineState {
    const VERSION: u8 = 1;
    const NAME: &'static str = "state of a line";
}

/// Which share of the packets of one connection is lost lately, as its sender tells from time to time.
#[derive(Clone, Debug, Default)]
pub struct Losses {
    /// Packets sent and lost, the oldest first.
    told: VecDeque<(u64, u64)>,
    share: Option<f64>,
}

impl Losses {
    /// It was told so. What cannot be (fewer than before) begins anew.
    pub fn note(&mut self, state: &LineState) {
        let now = (state.packets_sent, state.packets_lost.min(state.packets_sent));
        if self.told.back().is_some_and(|last| now.0 < last.0 || now.1 < last.1) {
            *self = Self::default();
        }
        self.told.push_back(now);
        while self.told.len() > STATES_MAX {
            self.told.pop_front();
        }
        let share_since = |from: (u64, u64)| {
            let sent = now.0.saturating_sub(from.0);
            (sent >= PACKETS_MIN).then(|| (now.1.saturating_sub(from.1) as f64 / sent as f64).min(1.0))
        };
        let lately = self.told.front().copied().and_then(share_since);
        // As long as nothing is known of now, what is known of the whole connection.
        self.share = lately.or(self.share).or_else(|| share_since((0, 0)));
    }

    /// The share, 0 to 1; `None` as long as too few packets were sent to tell.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(losses: &mut Losses, packets_sent: u64, packets_lost: u64) -> Option<f64> {
        losses.note(&LineState { packets_sent, packets_lost, ..LineState::default() });
        losses.share()
    }

    #[test]
    fn the_share_is_that_of_the_last_seconds() {
        let mut losses = Losses::default();
        assert_eq!(told(&mut losses, 49, 49), None, "too few");
        let mut losses = Losses::default();
        // Known of the whole connection first, then of what came since.
        assert_eq!(told(&mut losses, 10_000, 100), Some(0.01));
        assert_eq!(told(&mut losses, 10_010, 110), Some(0.01), "ten packets tell nothing");
        assert_eq!(told(&mut losses, 10_100, 120), Some(0.2));
        for second in 1..=20 {
            told(&mut losses, 10_100 + second * 1000, 120);
        }
        assert_eq!(losses.share(), Some(0.0), "what was lost before is over");
        assert_eq!(told(&mut losses, 30_100, 120), Some(0.0), "an idle line keeps what was known");
    }

    #[test]
    fn what_cannot_be_does_no_harm() {
        let mut losses = Losses::default();
        assert_eq!(told(&mut losses, 100, u64::MAX), Some(1.0));
        assert_eq!(told(&mut losses, 100, 0), Some(0.0), "another count");
        assert_eq!(told(&mut losses, u64::MAX, u64::MAX), Some(1.0));
        assert_eq!(told(&mut losses, 0, 0), None);
    }

    #[test]
    fn a_state_fits_its_bound() {
        let most = u64::MAX;
        let state =
            LineState { packets_sent: most, packets_lost: most, bytes_sent: most, window_bytes: most, rtt_us: most };
        assert_eq!(crate::wire::encode(&state).len(), LINE_STATE_BYTES_MAX);
    }
}
