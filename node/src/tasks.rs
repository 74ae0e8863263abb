//! The one way to spawn, to learn that the node stops, and to read the clock.
//!
//! Every task has a name, is counted, and is waited for at stop. A task that must not be cut off in the middle ends by
//! itself after [`Tasks::stopping`]; [`Tasks::stop`] waits for all of them up to a limit and then names those left.
//!
//! # Not here
//! Restarting what failed: a task that can fail loops by itself and logs.

use protocol::Timestamp;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Spawns and counts tasks. Clones share one set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

struct Running {
    name: &'static str,
    running: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = running.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                running.remove(self.name);
            }
        }
    }
}

impl Tasks {
    /// Spawns a future under a name.
    pub(crate) fn spawn<F>(&self, name: &'static str, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let guard = self.enter(name);
        self.tracker.spawn(async move {
            let _guard = guard;
            future.await
        })
    }

    /// Runs blocking work (disk, hashing, decoding) on the blocking pool under a name.
    pub(crate) fn spawn_blocking<F, T>(&self, name: &'static str, work: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let guard = self.enter(name);
        self.tracker.spawn_blocking(move || {
            let _guard = guard;
            work()
        })
    }

    fn enter(&self, name: &'static str) -> Running {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert(0) += 1;
        Running { name, running: self.running.clone() }
    }

    /// Resolves when the node is asked to stop.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// A token that is cancelled at stop; a child may be cancelled earlier.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.child_token()
    }

    /// Waits so long, or until the node is asked to stop.
    pub(crate) async fn pause(&self, for_so_long: Duration) {
        let _ = tokio::time::timeout(for_so_long, self.stop.cancelled()).await;
    }

    /// Asks every task to stop and waits for them; the names of those still running after `within` are returned.
    pub(crate) async fn stop(&self, within: Duration) -> Vec<&'static str> {
        self.stop.cancel();
        self.tracker.close();
        match tokio::time::timeout(within, self.tracker.wait()).await {
            Ok(()) => Vec::new(),
            Err(_) => self.running.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect(),
        }
    }
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Gregorian date and time of an instant, UTC, `YYYYMMDDHHMMSS` (after Howard Hinnant's `civil_from_days`).
pub(crate) fn civil(at: Timestamp) -> String {
    let seconds = at.0 / 1000;
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = (year_of_era + era * 400 + u64::from(month <= 2)).min(9999);
    let time = seconds % 86_400;
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", time / 3600, time / 60 % 60, time % 60)
}

/// Sixteen bytes from the system's generator, as a name.
pub(crate) fn random_id() -> protocol::ids::Id128 {
    protocol::ids::Id128(rand::random())
}
