//! How often somebody may ask: so many questions in any minute, and in any day.
//!
//! # Not here
//! Who is counted, and the clock.

use crate::time::Timestamp;
use std::{collections::VecDeque, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// When one asked within the last day: as many as one may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked(VecDeque<Timestamp>);

impl Asked {
    /// Counts a question, or gives how long there is none. A clock that is set back makes nobody wait longer than a day.
    ///
    /// # Errors
    /// The time until the next one.
    pub fn take(&mut self, now: Timestamp, (in_minute, in_day): (u32, u32)) -> Result<(), Duration> {
        self.0.retain(|at| *at <= now && now.since(*at) < DAY);
        let places = |most: u32| usize::try_from(most).unwrap_or(usize::MAX);
        let full = |most: u32, span: Duration| {
            let first = self.0.len().checked_sub(places(most)).and_then(|at| self.0.get(at))?;
            span.checked_sub(now.since(*first)).filter(|left| !left.is_zero())
        };
        match [full(in_minute, MINUTE), full(in_day, DAY)].into_iter().flatten().max() {
            Some(wait) => Err(wait),
            None => {
                self.0.push_back(now);
                Ok(())
            }
        }
    }

    /// Whether nothing of it counts any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.0.iter().all(|at| now.since(*at) >= DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: (u32, u32) = (3, 5);

    fn seconds(of: &[u64]) -> Vec<bool> {
        let mut asked = Asked::default();
        of.iter().map(|at| asked.take(Timestamp(at * 1000), MAX).is_ok()).collect()
    }

    #[test]
    fn a_minute_and_a_day_are_full_in_their_turn() {
        assert_eq!(seconds(&[0, 1, 2, 3, 59]), [true, true, true, false, false]);
        assert_eq!(seconds(&[0, 1, 2, 60, 61, 62, 200]), [true, true, true, true, true, false, false]);
        assert_eq!(seconds(&[0, 1, 2, 60, 61, 86_399, 86_400]), [true, true, true, true, true, false, true]);
    }

    #[test]
    fn who_waits_is_told_for_how_long() {
        let mut asked = Asked::default();
        (0..3).for_each(|_| asked.take(Timestamp(5_000), MAX).unwrap());
        assert_eq!(asked.take(Timestamp(25_000), MAX), Err(Duration::from_secs(40)));
        assert!(!asked.is_over(Timestamp(25_000)) && asked.is_over(Timestamp(86_405_000)));
    }

    proptest! {
        #[test]
        fn no_span_ever_has_more(steps in prop::collection::vec(0u64..40_000, 1..300)) {
            let (mut asked, mut now, mut taken) = (Asked::default(), 0, Vec::new());
            for step in steps {
                now += step;
                if asked.take(Timestamp(now), MAX).is_ok() {
                    taken.push(now);
                }
            }
            for (most, span) in [(3, 60_000), (5, 86_400_000)] {
                prop_assert!(taken.windows(most + 1).all(|some| some[most] - some[0] >= span));
            }
        }
    }
}
