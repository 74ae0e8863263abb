//! Whether one site may ask another to read: an agreement in force between the two, with a clause by which the one that is
//! asked reads studies of the one that asks, for a purpose that fits, and of what is asked for.
//!
//! # Not here
//! Which studies it may then open: [`Trust::authorize`], study by study.

use super::Trust;
use crate::tasks;
use protocol::{
    Refusal, SiteId,
    agreement::{Agreement, Clause, Purpose, StudyFacts},
    case::event::{Ask, Examination, Kind, Particulars},
    ids::Id128,
};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaseAsk<'a> {
    pub(crate) ask: &'a Ask,
    pub(crate) particulars: &'a Particulars,
    /// Of its studies, those that are ours.
    pub(crate) studies: &'a [StudyFacts],
}

/// Why it may not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseBar {
    /// No agreement lets it be asked at all.
    NotAgreed(Refusal),
    /// One does, and not for this: its images could not be opened.
    OutOfScope,
    /// One does, and does not derogate from what may be read from afar.
    NotDerogated,
}

impl CaseAsk<'_> {
    /// Purposes that include it. An agreement that names none is for all.
    const fn purposes(&self) -> &'static [Purpose] {
        match self.ask.kind {
            Kind::Diagnosis => &[Purpose::OnCall, Purpose::Care, Purpose::Emergency],
            Kind::Expertise => &[Purpose::Expertise, Purpose::Care],
        }
    }

    /// Whether an agreement has to say in so many words that it may be asked.
    fn needs_derogation(&self) -> bool {
        self.ask.kind == Kind::Diagnosis && self.particulars.examination == Examination::ScreeningSecond
    }

    fn is_within(&self, clause: &Clause, now: protocol::Timestamp) -> bool {
        clause.may_be_asked(&self.ask.modality, &self.ask.region)
            && (self.studies.is_empty() || self.studies.iter().any(|study| clause.in_scope(study, now)))
    }

    fn bar(&self, text: &Agreement, clause: &Clause, now: protocol::Timestamp) -> Option<CaseBar> {
        let fits = text.purposes.is_empty() || text.purposes.iter().any(|one| self.purposes().contains(one));
        if !fits {
            return Some(CaseBar::NotAgreed(Refusal::Purpose));
        }
        if !self.is_within(clause, now) {
            return Some(CaseBar::OutOfScope);
        }
        let is_derogated = text.purposes.contains(&Purpose::Screening);
        (self.needs_derogation() && !is_derogated).then_some(CaseBar::NotDerogated)
    }
}

impl Trust {
    /// Whether an agreement in force lets a peer ask us anything at all.
    pub(crate) fn may_ask_us(&self, peer: &SiteId) -> bool {
        if self.require_open().is_err() {
            return false;
        }
        let (us, now, state) = (self.inner.identity.site(), tasks::now(), self.state());
        state.peer(peer).is_some() && state.active_with(peer, now).any(|text| text.clause(peer, &us).is_some())
    }

    /// The agreement by which we may ask a peer (`we_ask`), or it may ask us.
    ///
    /// # Errors
    /// [`CaseBar`], which link of the chain does not hold; of several agreements, of the one that comes nearest.
    pub(crate) fn authorize_case(&self, peer: &SiteId, we_ask: bool, ask: &CaseAsk<'_>) -> Result<Id128, CaseBar> {
        self.require_open().map_err(CaseBar::NotAgreed)?;
        let (us, now) = (self.inner.identity.site(), tasks::now());
        let (holder, reader) = if we_ask { (us, *peer) } else { (*peer, us) };
        let state = self.state();
        let _ = state.peer(peer).ok_or(CaseBar::NotAgreed(Refusal::NotPaired))?;
        let mut why = CaseBar::NotAgreed(Refusal::NotPermitted);
        let nearness = |bar: &CaseBar| match bar {
            CaseBar::NotAgreed(Refusal::Purpose) => 1,
            CaseBar::NotAgreed(_) => 0,
            CaseBar::OutOfScope => 2,
            CaseBar::NotDerogated => 3,
        };
        for text in state.active_with(peer, now) {
            let Some(clause) = text.clause(&holder, &reader) else { continue };
            match ask.bar(text, clause, now) {
                None => return Ok(text.id),
                Some(bar) if nearness(&bar) > nearness(&why) => why = bar,
                Some(_) => {}
            }
        }
        Err(why)
    }
}
