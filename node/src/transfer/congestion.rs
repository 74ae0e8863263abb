//! The one place that says how fast the pixel plane sends.
//!
//! Today this is quinn's cubic with a large initial window: right below 3 ms of round trip and without random loss,
//! slow elsewhere. What replaces it is a model-based controller of our own (delivery-rate filter, minimum round trip
//! probe, deaf to random loss; cubic kept below 3 ms) that keeps a warm connection's window over idle. Only this
//! function changes then.
//!
//! # Not here
//! How much is asked for at once: that is the asker's [`super::schedule`]. quinn's built-in BBR, which loses a third
//! and more of its packets, has no place here.

use quinn::congestion::{ControllerFactory, CubicConfig};
use std::sync::Arc;

/// Bytes in flight before the first acknowledgement. Between trusted peers: a CT image leaves in one round trip.
pub(crate) const INITIAL_WINDOW_BYTES: u64 = 256 * 1024;

/// The controller of new connections.
pub(crate) fn controller() -> Arc<dyn ControllerFactory + Send + Sync> {
    let mut cubic = CubicConfig::default();
    cubic.initial_window(INITIAL_WINDOW_BYTES);
    Arc::new(cubic)
}
