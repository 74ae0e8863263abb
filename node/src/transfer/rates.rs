//! How many bytes a second a peer takes, where an agreement says so: over all its connections together, and shared evenly by
//! what runs at once.
//!
//! # Not here
//! Whether it may at all: `trust`. What the bytes are: [`super::give`].

use protocol::{SiteId, ids::Id128};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Pieces that leave under a limit are no longer than this takes, so that all that runs gets on.
const PIECE_LASTS: Duration = Duration::from_millis(250);
/// The least piece: what a datagram carries.
const PIECE_MIN: usize = 1200;
/// And the most.
const PIECE_MAX: usize = 64 * 1024;

/// When the next byte may leave for each peer and agreement. Bounded by their number.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<(SiteId, Id128), Instant>>);

impl Rates {
    /// Takes so many bytes; gives when they may leave. Who asks next comes after: those that run at once take turns.
    fn take(&self, whose: (SiteId, Id128), bytes: usize, kbits: u32, now: Instant) -> Instant {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = free.entry(whose).or_insert(now);
        let leaves = (*free).max(now);
        *free = leaves + lasts(bytes, kbits);
        leaves
    }
}

fn lasts(bytes: usize, kbits: u32) -> Duration {
    let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
    // A kilobit a second is a bit a millisecond.
    Duration::from_micros(bits.saturating_mul(1000) / u64::from(kbits.max(1)))
}

/// What holds one stream back.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    rates: Arc<Rates>,
    whose: (SiteId, Id128),
    kbits: u32,
}

impl Throttle {
    pub(crate) fn new(rates: &Arc<Rates>, peer: SiteId, agreement: Id128, kbits: u32) -> Self {
        Self { rates: rates.clone(), whose: (peer, agreement), kbits }
    }

    /// The length of one piece.
    pub(crate) fn piece(&self) -> usize {
        let second = usize::try_from(u64::from(self.kbits) * 125).unwrap_or(usize::MAX);
        let fits = second / usize::try_from(1000 / PIECE_LASTS.as_millis()).unwrap_or(4);
        fits.clamp(PIECE_MIN, PIECE_MAX)
    }

    /// Resolves when so many bytes may leave.
    pub(crate) async fn wait(&self, bytes: usize) {
        let leaves = self.rates.take(self.whose, bytes, self.kbits, Instant::now());
        tokio::time::sleep_until(leaves.into()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Streams that each take a piece, wait, and take the next, by a clock that only the waiting moves. Gives the bytes of
    /// each within a time.
    fn run(throttles: &[Throttle], lasts: Duration) -> Vec<usize> {
        let start = Instant::now();
        let mut next = vec![start; throttles.len()];
        let mut sent = vec![0; throttles.len()];
        loop {
            // Of those that ask at the same time, whoever has waited longest.
            let asks = next.iter().copied().enumerate().min_by_key(|(which, at)| (*at, sent[*which]));
            let Some((which, now)) = asks else { return sent };
            let one = &throttles[which];
            let leaves = one.rates.take(one.whose, one.piece(), one.kbits, now);
            if leaves >= start + lasts {
                return sent;
            }
            sent[which] += one.piece();
            next[which] = leaves;
        }
    }

    #[test]
    fn bytes_leave_at_the_rate_agreed_together_and_evenly() {
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        for kbits in [64, 1_000, 20_000, 400_000] {
            for streams in [1, 2, 7] {
                let rates = Arc::new(Rates::default());
                let mut all = vec![Throttle::new(&rates, a, Id128([1; 16]), kbits); streams];
                // Another peer's, and another agreement's, do not count.
                let _ = rates.take((b, Id128([1; 16])), 1 << 30, kbits, Instant::now());
                let _ = rates.take((a, Id128([2; 16])), 1 << 30, kbits, Instant::now());
                let lasts = Duration::from_secs(10);
                let sent = run(&all, lasts);
                let total: usize = sent.iter().sum();
                let agreed = usize::try_from(u64::from(kbits) * 125 * lasts.as_secs()).unwrap();
                let off = total.abs_diff(agreed);
                assert!(off * 20 <= agreed, "{kbits} kbit/s over {streams}: {total} of {agreed}");
                let most = sent.iter().max().unwrap() - sent.iter().min().unwrap();
                assert!(most <= all.remove(0).piece(), "{sent:?}");
            }
        }
    }
}
