//! The one place that says how fast the pixel plane sends: quinn's face of [`protocol::congestion`], which decides.
//!
//! quinn asks for one number, a window, and paces at 1.25 windows a (smoothed) round trip; there is no rate to set
//! beside it. So the law is one of windows: what may be in flight sets the rate, the pacer only spreads bursts, and also
//! after idle a kept window leaves over most of a round trip (decision 0038).
//!
//! # Not here
//! The law. How much is asked for at once: that is the asker's [`super::schedule`]. quinn's built-in BBR, which loses a
//! third and more of its packets, has no place here.

use protocol::{
    SiteId,
    congestion::{Congestion, INITIAL_WINDOW_BYTES, Law},
};
use quinn::{
    Connection,
    congestion::{Controller, ControllerFactory},
};
use quinn_proto::RttEstimator;
use std::{
    any::Any,
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The controller of new connections.
pub(crate) fn controller(law: Law) -> Arc<dyn ControllerFactory + Send + Sync> {
    Arc::new(Factory(law))
}

/// The bandwidth that a connection's sender measured last, bytes a second; 0 before it did. The window that quinn tells is no
/// measure of it: while there is room it is one to pace by.
pub(crate) fn measured(connection: &Connection) -> Option<Arc<AtomicU64>> {
    let path = connection.congestion_state().into_any().downcast::<Path>().ok()?;
    Some(path.measured)
}

/// What connections to peers measured, for the first round trip of the next one. Bounded by the number of peers.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<SiteId, Seen>>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Seen {
    bytes_per_s: u64,
    rtt: Duration,
}

impl Known {
    /// Lets a new connection begin with what is known of its path, and notes at its end what it measured.
    pub(crate) fn enter(self: &Arc<Self>, peer: SiteId, connection: &Connection) -> Noting {
        let seen = self.seen().get(&peer).copied();
        if let Some(window) = seen.and_then(|seen| seen.window(connection.rtt()))
            && let Ok(path) = connection.congestion_state().into_any().downcast::<Path>()
        {
            path.told.store(window, Ordering::Relaxed);
        }
        Noting { known: self.clone(), peer, connection: connection.clone() }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<SiteId, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Half of what the path held when it was seen last, if it is as long as then.
    fn window(self, rtt: Duration) -> Option<u64> {
        let is_alike = rtt > self.rtt / 2 && rtt < self.rtt * 2;
        let held = self.bytes_per_s as f64 * self.rtt.min(rtt).as_secs_f64();
        // Saturates.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
        is_alike.then_some((held / 2.0) as u64)
    }
}

/// A connection that is looked at when it ends.
#[derive(Debug)]
pub(crate) struct Noting {
    known: Arc<Known>,
    peer: SiteId,
    connection: Connection,
}

impl Drop for Noting {
    fn drop(&mut self) {
        let bytes_per_s = measured(&self.connection).map_or(0, |measured| measured.load(Ordering::Relaxed));
        if bytes_per_s > 0 {
            let _ = self.known.seen().insert(self.peer, Seen { bytes_per_s, rtt: self.connection.rtt() });
        }
    }
}

struct Factory(Law);

impl ControllerFactory for Factory {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        let congestion = Congestion::new(self.0, current_mtu.into());
        Box::new(Path { since: now, congestion, measured: Arc::default(), told: Arc::default() })
    }
}

/// One path of a connection.
#[derive(Clone)]
struct Path {
    since: Instant,
    congestion: Congestion,
    measured: Arc<AtomicU64>,
    /// A window that an earlier connection left, until it is taken.
    told: Arc<AtomicU64>,
}

impl Path {
    fn us(&self, at: Instant) -> u64 {
        micros(at.saturating_duration_since(self.since))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

impl Controller for Path {
    fn on_sent(&mut self, now: Instant, bytes: u64, _: u64) {
        self.congestion.on_sent(self.us(now), bytes);
        if self.told.load(Ordering::Relaxed) > 0 {
            self.congestion.remember(self.told.swap(0, Ordering::Relaxed));
        }
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, _: bool, _: &RttEstimator) {
        self.congestion.on_ack(self.us(now), self.us(sent), bytes);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, app_limited: bool, _: Option<u64>) {
        self.congestion.on_acks_end(self.us(now), in_flight, app_limited);
        self.measured.store(self.congestion.bandwidth().unwrap_or(0), Ordering::Relaxed);
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, is_persistent: bool, lost_bytes: u64) {
        self.congestion.on_lost(self.us(now), self.us(sent), lost_bytes, is_persistent);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.congestion.on_mtu(new_mtu.into());
    }

    fn window(&self) -> u64 {
        self.congestion.window()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(self.clone())
    }

    fn initial_window(&self) -> u64 {
        INITIAL_WINDOW_BYTES
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_begins_with_half_of_what_it_held_if_it_is_as_long_as_then() {
        let ms = Duration::from_millis;
        let seen = Seen { bytes_per_s: 100_000_000, rtt: ms(40) };
        assert_eq!(seen.window(ms(40)), Some(2_000_000));
        assert_eq!(seen.window(ms(60)), Some(2_000_000));
        assert_eq!(seen.window(ms(30)), Some(1_500_000));
        assert_eq!((seen.window(ms(15)), seen.window(ms(90))), (None, None), "another path");
    }
}
