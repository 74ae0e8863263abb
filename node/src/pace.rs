//! How often somebody may do a thing: so many at once, then one in so long, each for itself.
//!
//! The table is bounded: who has not been seen since its burst is whole again is forgotten, which changes nothing for it.
//!
//! # Not here
//! What is done with whoever is too fast: told to wait, or made to.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Known at once. More within one burst's time are a crowd: all who are new then share what one may do.
const KNOWN_MAX: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Pace<K> {
    burst: u32,
    each: Duration,
    known: Mutex<Known<K>>,
}

/// When each one's burst is whole again.
#[derive(Debug)]
struct Known<K> {
    whole: HashMap<K, Instant>,
    crowd: Option<Instant>,
}

impl<K: Eq + Hash + Clone> Pace<K> {
    /// `burst` at once, and one more in each `each`.
    pub(crate) fn new(burst: u32, each: Duration) -> Self {
        Self { burst, each, known: Mutex::new(Known { whole: HashMap::new(), crowd: None }) }
    }

    /// Takes a place; else gives how long there is none.
    pub(crate) fn take(&self, who: &K, now: Instant) -> Result<(), Duration> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.whole.len() >= KNOWN_MAX && !known.whole.contains_key(who) {
            known.whole.retain(|_, whole| *whole > now);
        }
        let is_crowd = known.whole.len() >= KNOWN_MAX && !known.whole.contains_key(who);
        let whole = match is_crowd {
            true => known.crowd.get_or_insert(now),
            false => known.whole.entry(who.clone()).or_insert(now),
        };
        let next = (*whole).max(now) + self.each;
        match next.duration_since(now).checked_sub(self.each * self.burst) {
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

    const EACH: Duration = Duration::from_millis(20);

    #[test]
    fn a_burst_passes_then_one_at_a_time_and_each_by_itself() {
        let (pace, now) = (Pace::new(256, EACH), Instant::now());
        for _ in 0..256 {
            assert_eq!(pace.take(&1, now), Ok(()));
        }
        assert_eq!(pace.take(&1, now), Err(EACH));
        assert_eq!(pace.take(&2, now), Ok(()));
        assert_eq!(pace.take(&1, now + EACH), Ok(()));
        assert_eq!(pace.take(&1, now + EACH), Err(EACH));
        assert_eq!(pace.take(&1, now + EACH * 512), Ok(()));
    }

    #[test]
    fn a_crowd_is_bounded_and_does_not_stop_who_was_known() {
        let (pace, now) = (Pace::new(2, EACH), Instant::now());
        for who in 0..KNOWN_MAX {
            assert_eq!(pace.take(&who, now), Ok(()));
        }
        let let_in = (KNOWN_MAX..3 * KNOWN_MAX).filter(|who| pace.take(who, now).is_ok()).count();
        assert_eq!(let_in, 2, "those that come when all places are known share one");
        assert_eq!(pace.take(&7, now), Ok(()));
        assert_eq!(pace.known.lock().unwrap().whole.len(), KNOWN_MAX);
        assert_eq!(pace.take(&(4 * KNOWN_MAX), now + EACH * 3), Ok(()), "who was whole again made room");
        assert_eq!(pace.known.lock().unwrap().whole.len(), 1);
    }
}
