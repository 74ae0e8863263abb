//! Tells peers who reads for whom, who is on duty here and which cases are open, as far as what was agreed asks for it; and
//! hears it of them.
//!
//! What a peer has answered that it has is not said again until the next greeting, which says all: it may have been restored.
//!
//! # At a crash
//! What was stated is in trust's journal and said again.
//!
//! # Not here
//! What follows for permits: `trust`; for holes and alarms: `roster`.

use super::{Inner, converse::is_lost};
use crate::{
    audit::{Act, Actor, Event},
    trust::TrustError,
};
use protocol::{
    Refusal, SiteId,
    duty::{Duty, ShiftState, What},
    message::Request,
    roster::{CoverageEnd, SignedCoverage},
    signed::Signed,
    wire,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// In the evidence, what tells a coverage from an agreement on studies.
pub(crate) const COVERAGE: &str = "coverage";

/// Digests of what each peer has. Bounded by what a peer is told.
#[derive(Debug, Default)]
pub(super) struct Heard(Mutex<HashMap<SiteId, HashSet<[u8; 32]>>>);

impl Heard {
    fn change<T>(&self, change: impl FnOnce(&mut HashMap<SiteId, HashSet<[u8; 32]>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn has(&self, peer: &SiteId, digest: &[u8; 32]) -> bool {
        self.change(|heard| heard.get(peer).is_some_and(|known| known.contains(digest)))
    }

    /// It is told everything again.
    pub(super) fn forget(&self, peer: &SiteId) {
        self.change(|heard| heard.remove(peer));
    }

    fn note(&self, peer: SiteId, digest: [u8; 32]) {
        self.change(|heard| heard.entry(peer).or_default().insert(digest));
    }

    fn keep(&self, peer: &SiteId, told: &[[u8; 32]]) {
        self.change(|heard| {
            if let Some(known) = heard.get_mut(peer) {
                known.retain(|digest| told.contains(digest));
            }
        });
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
        let (texts, ends) = self.trust.coverages_for(&peer);
        let coverages = texts.into_iter().map(Request::Coverage).chain(ends.into_iter().map(Request::CoverageEnd));
        let duties = self.trust.duties_for(&peer).into_iter().map(Request::Duty);
        let told: Vec<([u8; 32], Request)> = coverages
            .chain(duties)
            .map(|request| (*blake3::hash(&wire::encode(&request)).as_bytes(), request))
            .collect();
        for (digest, request) in &told {
            if self.duties_heard.has(&peer, digest) {
                continue;
            }
            if is_lost(self.ask(peer, request).await.as_ref()) {
                return false;
            }
            self.duties_heard.note(peer, *digest);
        }
        let digests: Vec<[u8; 32]> = told.into_iter().map(|(digest, _)| digest).collect();
        self.duties_heard.keep(&peer, &digests);
        true
    }

    /// An offer of a peer's, or a text that more have signed.
    pub(super) async fn hear_coverage(&self, from: SiteId, signed: SignedCoverage) -> Result<(), TrustError> {
        if let Some((id, by_all)) = self.trust.receive_coverage(&from, signed).await? {
            let theirs = Actor { site: Some(from), ..Actor::default() };
            let act = if by_all { Act::AgreementAccepted } else { Act::AgreementOffered };
            self.record(Event::new(act, theirs).peer(from).basis(id).note(COVERAGE)).await;
        }
        Ok(())
    }

    /// A site of a coverage ended it.
    pub(super) async fn hear_coverage_end(&self, from: SiteId, signed: Signed<CoverageEnd>) -> Result<(), TrustError> {
        let end = signed.open(&from).map_err(|_| Refusal::Malformed)?;
        let id = end.coverage;
        match self.trust.end_coverage(end, &from).await {
            Ok(true) => {
                let theirs = Actor { site: Some(from), ..Actor::default() };
                self.record(Event::new(Act::AgreementEnded, theirs).peer(from).basis(id).note(COVERAGE)).await;
                Ok(())
            }
            // Never known here, or over already: nothing stands under it.
            Ok(false) | Err(TrustError::NoCoverage) => Ok(()),
            Err(why) => Err(why),
        }
    }

    pub(super) async fn hear_duty(&self, from: SiteId, signed: Signed<Duty>) -> Result<(), TrustError> {
        if let Some(duty) = self.trust.hear_duty(&from, signed).await? {
            let theirs = Actor { site: Some(from), ..Actor::default() };
            self.record(Event::new(Act::DutyStated, theirs).peer(from).basis(duty.id).note(note(&duty))).await;
        }
        Ok(())
    }
}
