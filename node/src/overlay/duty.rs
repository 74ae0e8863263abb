//! Tells peers who is on duty here and which cases are open, as far as what was agreed asks for it; and hears it of them.
//!
//! What a peer has answered that it has is not said again until the next greeting, which says all: it may have been restored.
//!
//! # At a crash
//! What was stated is in trust's journal and said again.
//!
//! # Not here
//! What follows for permits: `trust`.

use super::{Inner, converse::is_lost};
use crate::{
    audit::{Act, Actor, Event},
    trust::TrustError,
};
use protocol::{
    SiteId,
    duty::{Duty, ShiftState, What},
    message::Request,
    signed::{SignatureBytes, Signed},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Signatures of what each peer has. Bounded by the facts that a peer is told.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<HashMap<SiteId, Vec<SignatureBytes>>>);

impl Heard {
    fn has(&self, peer: &SiteId, signed: &Signed<Duty>) -> bool {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(peer).is_some_and(|list| list.contains(&signed.signature()))
    }

    /// It is told everything again.
    pub(super) fn forget(&self, peer: &SiteId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(peer);
    }

    fn note(&self, peer: SiteId, signed: &Signed<Duty>, told: &[Signed<Duty>]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let list = heard.entry(peer).or_default();
        list.retain(|known| told.iter().any(|signed| signed.signature() == *known));
        list.push(signed.signature());
    }
}

/// What is stated, for evidence: no patient, and no person but by the event's own.
pub(super) fn note(duty: &Duty) -> String {
    match &duty.what {
        What::Shift(shift) => {
            let state = ShiftState::ALL.iter().find(|(state, _)| *state == shift.state).map_or("", |(_, word)| *word);
            format!("shift {} {state}, serial {}", duty.id, duty.serial)
        }
        What::Case(case) => {
            let state = if case.open { "open" } else { "closed" };
            format!("case {} {state}, serial {}, {} studies", duty.id, duty.serial, case.studies.len())
        }
    }
}

impl super::Overlay {
    /// The evidence of what this site states.
    pub(crate) fn duty_note(duty: &Duty) -> String {
        note(duty)
    }
}

impl Inner {
    /// Tells a peer what it has not heard.
    pub(super) fn tell_duty(self: &Arc<Self>, peer: SiteId) {
        if self.contacts.is_connected(&peer) {
            let say = move |inner: Arc<Self>| async move { inner.say_duty(peer).await };
            self.once("duty", |inner| &inner.duties, peer, say);
        }
    }

    async fn say_duty(&self, peer: SiteId) -> bool {
        let told = self.trust.duties_for(&peer);
        for signed in &told {
            if self.duties_heard.has(&peer, signed) {
                continue;
            }
            if is_lost(self.ask(peer, &Request::Duty(signed.clone())).await.as_ref()) {
                return false;
            }
            self.duties_heard.note(peer, signed, &told);
        }
        true
    }

    pub(super) async fn hear_duty(&self, from: SiteId, signed: Signed<Duty>) -> Result<(), TrustError> {
        if let Some(duty) = self.trust.hear_duty(&from, signed).await? {
            let theirs = Actor { site: Some(from), ..Actor::default() };
            self.record(Event::new(Act::DutyStated, theirs).peer(from).basis(duty.id).note(note(&duty))).await;
        }
        Ok(())
    }
}
