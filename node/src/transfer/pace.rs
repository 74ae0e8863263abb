//! How many readings of our studies a peer may begin: each is a record on disk before its first byte leaves, and a peer
//! may name a new reader with every request.
//!
//! # Not here
//! Whether it may at all: `trust`. The bytes of readings that have begun: [`super::give`].

use protocol::SiteId;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Begun at once: a night's list opened in a second.
const BURST: u32 = 256;
/// One more in so long.
const EACH: Duration = Duration::from_millis(20);

/// When each peer's burst is whole again. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(crate) struct Pace(Mutex<HashMap<SiteId, Instant>>);

impl Pace {
    /// Takes a place; else gives how long there is none.
    pub(crate) fn take(&self, peer: &SiteId, now: Instant) -> Result<(), Duration> {
        let mut whole = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = whole.entry(*peer).or_insert(now);
        let next = (*whole).max(now) + EACH;
        match next.duration_since(now).checked_sub(EACH * BURST) {
            Some(over) if !over.is_zero() => Err(over),
            _ => {
                *whole = next;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_then_one_at_a_time_and_each_peer_by_itself() {
        let (pace, now) = (Pace::default(), Instant::now());
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        for _ in 0..BURST {
            assert_eq!(pace.take(&a, now), Ok(()));
        }
        assert_eq!(pace.take(&a, now), Err(EACH));
        assert_eq!(pace.take(&b, now), Ok(()));
        assert_eq!(pace.take(&a, now + EACH), Ok(()));
        assert_eq!(pace.take(&a, now + EACH), Err(EACH));
        assert_eq!(pace.take(&a, now + EACH * BURST * 2), Ok(()));
    }
}
