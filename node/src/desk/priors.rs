//! Priors of a case that is to be read here, brought before anybody opens it.
//!
//! Looked for once, when the case is first seen to be asked of this site or read by it, and its images are known here: by
//! then the node knows whose it is and by what earlier studies are ranked.
//!
//! # At a crash
//! It is looked for again; what came is there.
//!
//! # Not here
//! Which studies those are, and how many: `studies`.

use super::{Inner, next::World};
use crate::{cases::Whole, studies::Subject};
use protocol::{
    Uid,
    case::state::{Answer, Stage},
    identity::Identifier,
    ids::Id128,
    manifest::Patient,
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// Cases remembered as looked at. Beyond, they are looked at again, which brings nothing twice.
const SEEN_MAX: usize = 10_000;
/// Cases looked at side by side: each asks all peers.
const AT_ONCE: usize = 2;
/// Who issues the French national number.
const NATIONAL: &str = "1.2.250.1.213.1.4.8";

/// Which cases were looked at.
#[derive(Debug)]
pub(super) struct Priors {
    seen: Mutex<HashSet<Id128>>,
    turns: Arc<Semaphore>,
}

impl Default for Priors {
    fn default() -> Self {
        Self { seen: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Priors {
    /// Whether it is seen for the first time.
    fn is_new(&self, case: Id128) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SEEN_MAX {
            seen.clear();
        }
        seen.insert(case)
    }
}

impl Inner {
    /// Whether somebody here is to read it.
    fn is_read_here(&self, whole: &Whole) -> bool {
        let (us, state) = (self.us(), &whole.state);
        let is_asked =
            state.asked.iter().any(|asked| asked.site == us && matches!(asked.answer, Answer::Waiting { .. }));
        let is_claimed = state.claim.as_ref().is_some_and(|claim| claim.site == us);
        state.stage < Stage::Final && (is_asked || is_claimed || state.reader == Some(us))
    }

    /// Whose studies a case is about, as the requesting site has it.
    fn subject_of(&self, whole: &Whole) -> Subject {
        let (studies, ask, requester) = (&self.parts.studies, &whole.state.ask, whole.state.requester.0);
        let current = ask.studies.iter().find_map(|study| studies.subject(study).ok()?.current);
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        let asked = &ask.patient;
        // A number that names no issuer is the requesting site's own.
        let issuer = || told(&asked.issuer).unwrap_or_else(|| self.name(&requester));
        let patient = Patient {
            name: told(&asked.name),
            birth_date: told(&asked.birth_date),
            sex: told(&asked.sex),
            id: told(&asked.id),
            issuer: told(&asked.id).map(|_| issuer()),
        };
        let national = Identifier { issuer: NATIONAL.to_owned(), id: asked.national.clone() };
        let site = Some(requester).filter(|site| *site != self.us());
        let subject = studies.subject_of(&patient, vec![national], site);
        Subject { current, ..subject }
    }

    /// Brings the priors of a case that is to be read here; at once, and behind whoever waits for images.
    pub(super) fn bring_priors(self: &Arc<Self>, whole: &Whole) {
        if !self.is_read_here(whole) {
            return;
        }
        let subject = self.subject_of(whole);
        // Without images there is nothing to rank by.
        let is_known = subject.current.is_some() && !subject.whose.identifiers.is_empty();
        if !is_known || !self.priors.is_new(whole.name()) {
            return;
        }
        let (inner, case) = (self.clone(), whole.name());
        let current: Vec<Uid> = whole.state.ask.studies.clone();
        self.parts.tasks.spawn("desk priors", async move {
            let Ok(_turn) = inner.priors.turns.clone().acquire_owned().await else { return };
            let brought = inner.parts.studies.bring_priors(subject, &current).await;
            tracing::info!(%case, brought, "priors are brought");
        });
    }
}

impl super::Desk {
    /// See [`Inner::subject_of`].
    pub(crate) fn subject_of(&self, whole: &Whole) -> Subject {
        self.inner.subject_of(whole)
    }
}
