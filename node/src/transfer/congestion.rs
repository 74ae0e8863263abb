//! The one place that says how fast the pixel plane sends: quinn's face of [`protocol::congestion`], which decides.
//!
//! quinn asks for one number, a window, and paces at 1.25 windows a (smoothed) round trip; there is no rate to set
//! beside it. So the law is one of windows: what may be in flight sets the rate, the pacer only spreads bursts, and also
//! after idle a kept window leaves over most of a round trip (decision 0038).
//!
//! # Not here
//! The law. How much is asked for at once: that is the asker's [`super::schedule`]. quinn's built-in BBR, which loses a
//! third and more of its packets, has no place here.

use protocol::congestion::{Congestion, INITIAL_WINDOW_BYTES, Law};
use quinn::{
    Connection,
    congestion::{Controller, ControllerFactory},
};
use quinn_proto::RttEstimator;
use std::{
    any::Any,
    sync::{
        Arc,
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

struct Factory(Law);

impl ControllerFactory for Factory {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Path { since: now, congestion: Congestion::new(self.0, current_mtu.into()), measured: Arc::default() })
    }
}

/// One path of a connection.
#[derive(Clone)]
struct Path {
    since: Instant,
    congestion: Congestion,
    measured: Arc<AtomicU64>,
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
