//! Evidence that must not become a flood: each cause is written at most once a minute.
//!
//! # Not here
//! The log itself: `audit`.

use crate::audit::{Act, Actor, Audit, Event, Outcome};
use protocol::{Refusal, SiteId, Uid};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The same cause is written again only after this time.
const QUIET: Duration = Duration::from_secs(60);
/// Causes remembered at once; beyond, the memory starts anew, which at worst repeats an entry.
const CAUSES_MAX: usize = 4096;

type Cause = (&'static str, SiteId, Option<Uid>);

/// Remembers when each cause was last let through.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<HashMap<Cause, Instant>>);

impl Seldom {
    fn is_due(&self, what: &'static str, site: &SiteId, study: Option<&Uid>) -> bool {
        let mut causes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let key = (what, *site, study.cloned());
        if causes.get(&key).is_some_and(|last| now.duration_since(*last) < QUIET) {
            return false;
        }
        if causes.len() >= CAUSES_MAX {
            causes.clear();
        }
        causes.insert(key, now);
        true
    }
}

/// Writes rare events of the pixel plane.
#[derive(Debug)]
pub(crate) struct Alerts {
    audit: Audit,
    seldom: Seldom,
}

impl Alerts {
    pub(crate) fn new(audit: Audit) -> Self {
        Self { audit, seldom: Seldom::default() }
    }

    /// The log, for what is written every time.
    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Something that admins must see.
    pub(crate) async fn security(&self, what: &'static str, site: SiteId, study: Option<&Uid>) {
        if !self.seldom.is_due(what, &site, study) {
            return;
        }
        tracing::warn!(peer = %site.short(), "security alert: {what}");
        let actor = Actor { site: Some(site), ..Actor::default() };
        let mut event = Event::new(Act::SecurityAlert, actor).outcome(Outcome::Failed).peer(site).note(what);
        event.study = study.cloned();
        self.write(event).await;
    }

    /// A peer asked for what it may not have.
    pub(crate) async fn refused(
        &self,
        actor: Actor,
        site: SiteId,
        study: &Uid,
        refusal: Refusal,
        why: impl FnOnce() -> String,
    ) {
        if self.seldom.is_due(refusal.code(), &site, Some(study)) {
            let event = Event::new(Act::StudyServed, actor).outcome(Outcome::Refused(refusal)).peer(site).study(study);
            self.write(event.note(why())).await;
        }
    }

    async fn write(&self, event: Event) {
        if let Err(fault) = self.audit.record(event).await {
            tracing::error!(%fault, "an alert could not be written to the audit log");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_cause_is_let_through_once_and_another_at_once() {
        let seldom = Seldom::default();
        let (a, b) = (SiteId([1; 32]), SiteId([2; 32]));
        assert!(seldom.is_due("knock", &a, None));
        assert!(!seldom.is_due("knock", &a, None));
        assert!(seldom.is_due("knock", &b, None));
        assert!(seldom.is_due("corrupt", &a, None));
    }
}
