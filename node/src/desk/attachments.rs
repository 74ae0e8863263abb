//! What goes with cases is brought to each site that takes part, before anybody opens it and while the line is there.
//!
//! # At a crash
//! What is lacking is found at the next look.
//!
//! # Not here
//! Its way: `studies`. Keeping it: `cases`.

use super::Inner;
use crate::cases::Whole;
use protocol::{Digest, SiteId, case::event::Attachment};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Semaphore;

/// Brought side by side.
const AT_ONCE: usize = 2;
/// One that did not come is asked for again after this time.
const AGAIN: Duration = Duration::from_secs(15);
/// Remembered as asked for. Beyond, all are asked for anew.
const ASKED_MAX: usize = 10_000;

/// What was asked for lately.
#[derive(Debug)]
pub(super) struct Bringing {
    asked: Mutex<HashMap<Digest, Instant>>,
    turns: Arc<Semaphore>,
}

impl Default for Bringing {
    fn default() -> Self {
        Self { asked: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Bringing {
    /// Whether it is to be asked for now; it counts as asked for then.
    fn is_due(&self, digest: &Digest) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.get(digest).is_some_and(|at| at.elapsed() < AGAIN) {
            return false;
        }
        if asked.len() >= ASKED_MAX {
            asked.clear();
        }
        let _ = asked.insert(*digest, Instant::now());
        true
    }
}

impl Inner {
    /// Sites that may have what goes with a case: who asked first.
    fn who_has_attachments(&self, whole: &Whole) -> Vec<SiteId> {
        let (us, requester) = (self.us(), whole.state.requester.0);
        let others = whole.state.parties.iter().copied().filter(|site| *site != requester);
        let all = std::iter::once(requester).chain(others).filter(|site| *site != us);
        all.filter(|site| self.parts.overlay.contact(site).connected).collect()
    }

    /// Brings what goes with a case and is not here.
    pub(super) fn bring_attachments(self: &Arc<Self>, whole: &Whole) {
        let cases = &self.parts.cases;
        let named = whole.state.attachments.iter().map(|attached| &attached.what);
        let lacking: Vec<Attachment> = named.filter(|what| !cases.has_attachment(&what.digest)).cloned().collect();
        if lacking.is_empty() {
            return;
        }
        let holders = self.who_has_attachments(whole);
        if holders.is_empty() {
            return;
        }
        for what in lacking.into_iter().filter(|what| self.bringing.is_due(&what.digest)) {
            let (inner, case, holders) = (self.clone(), whole.name(), holders.clone());
            self.parts.tasks.spawn("desk attachment", async move {
                let Ok(_turn) = inner.bringing.turns.clone().acquire_owned().await else { return };
                for holder in &holders {
                    match inner.parts.studies.bring_attachment(&inner.parts.cases, (holder, case), &what).await {
                        Ok(()) => return,
                        Err(why) => tracing::debug!(%case, %why, "what goes with a case did not come"),
                    }
                }
            });
        }
    }
}
