//! The open cases of a person, for whoever keeps rosters: what a hand-over lists, and hands on.
//!
//! # At a crash
//! What was handed on is in the journal of cases; asked again, the rest is.
//!
//! # Not here
//! When a shift is handed over: `roster`. Cases that were taken and nobody has claimed are the site's, so of whoever is on duty
//! here next; where that is nobody, they go to the other site as what was claimed does.

use super::{Desk, Inner};
use crate::{
    audit::Actor,
    cases::{CaseError, Cases, Whole},
    roster::{Bearer, CaseRow, CasesError, OpenCases},
};
use futures::future::BoxFuture;
use protocol::{
    case::{event::Step, state::Void},
    ids::Id128,
};
use std::sync::{Arc, Weak};

/// Word of the reason; the interface has a sentence for it.
const SHIFT_OVER: &str = "shift-handed-over";

/// See the module.
#[derive(Debug)]
pub(crate) struct Lent {
    cases: Cases,
    /// The roster has this and the desk has the roster.
    desk: Weak<Inner>,
}

impl Lent {
    pub(crate) fn new(desk: &Desk) -> Self {
        Self { cases: desk.inner.parts.cases.clone(), desk: Arc::downgrade(&desk.inner) }
    }

    fn may_read(&self, whole: &Whole, person: &str) -> bool {
        self.desk.upgrade().is_none_or(|inner| Desk { inner }.may_read(whole, person).is_ok())
    }

    fn open(&self, person: &str) -> Vec<Arc<Whole>> {
        let us = self.cases.us();
        let is_theirs = |whole: &Arc<Whole>| {
            let is_open = whole.state.stage.is_open() || whole.state.owes();
            is_open && whole.is_claimed_by(&us, person)
        };
        self.cases.all().into_iter().filter(is_theirs).collect()
    }

    /// Taken, not claimed and not reported, and nobody else of this site is on duty for whoever asked.
    fn left_behind(&self, from: &str) -> Vec<Arc<Whole>> {
        let (us, Some(desk)) = (self.cases.us(), self.desk.upgrade()) else { return Vec::new() };
        let known = desk.known();
        let is_left = |whole: &Arc<Whole>| {
            let state = &whole.state;
            state.stage.is_open()
                && state.reader == Some(us)
                && state.claim.is_none()
                && state.reports.is_empty()
                && known.on_duty(&us, Some(&state.requester.0), "").iter().all(|one| one.account == from)
        };
        self.cases.all().into_iter().filter(is_left).collect()
    }

    /// To a colleague of this site; what they may not read is the site's again, so of whoever is on duty and may. Another site asks for it anew: the case goes back to whoever asked, whose roster knows who
    /// is on duty now; where there is a report already, it stays this site's to end.
    async fn hand(&self, whole: &Whole, from: &str, to: &Bearer) -> Result<(), CaseError> {
        let (name, us) = (whole.name(), self.cases.us());
        let actor = || Actor { person: from.to_owned(), ..Actor::default() };
        let reason = SHIFT_OVER.to_owned();
        if to.site == us {
            let step = match self.may_read(whole, &to.person) {
                true => Step::HandedOver { to: to.person.clone() },
                false => Step::Released { reason },
            };
            return self.cases.act(name, actor(), step).await.map(drop);
        }
        match whole.state.reports.is_empty() {
            true => self.cases.act(name, actor(), Step::Refused { reason }).await.map(drop),
            false => self.cases.act(name, actor(), Step::Released { reason }).await.map(drop),
        }
    }
}

impl OpenCases for Lent {
    fn of(&self, person: &str) -> Vec<CaseRow> {
        let us = self.cases.us();
        let row = |whole: Arc<Whole>| CaseRow {
            id: whole.name(),
            studies: whole.state.ask.studies.clone(),
            sites: whole.state.parties.iter().copied().filter(|site| *site != us).collect(),
            since: whole.state.claim.as_ref().map_or(whole.requested, |claim| claim.at),
        };
        self.open(person).into_iter().map(row).collect()
    }

    fn hand_on<'a>(&'a self, from: &'a str, to: &'a Bearer) -> BoxFuture<'a, Result<u16, CasesError>> {
        Box::pin(async move {
            let mut handed = 0u16;
            let left = if to.site == self.cases.us() { Vec::new() } else { self.left_behind(from) };
            for whole in self.open(from).into_iter().chain(left) {
                match self.hand(&whole, from, to).await {
                    Ok(()) => handed = handed.saturating_add(1),
                    // Given back, or over, meanwhile.
                    Err(CaseError::Void(Void::NotClaimed | Void::NotYours | Void::TooLate)) => {}
                    Err(why) => return Err(CasesError(why.to_string())),
                }
            }
            Ok(handed)
        })
    }

    fn knows(&self, case: &Id128) -> bool {
        self.cases.case(case).is_some()
    }
}
