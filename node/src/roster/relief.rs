//! Hand-overs: what is open, to whom it goes, and that the one who comes has seen it. And shifts brought up to date with papers,
//! screens and acknowledgements.

use super::{Planned, Roster, RosterError};
use crate::{
    tasks,
    trust::{Person, Role, Trust},
};
use futures::future::BoxFuture;
use protocol::{
    SiteId, Timestamp,
    duty::{OpenCase, Presence, Relief, Relieves, Shift, ShiftState, What},
    ids::Id128,
    roster::{Stated, Step},
};
use std::sync::Arc;

/// An open case, for the list of a hand-over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseRow {
    pub(crate) id: Id128,
    /// Its studies.
    pub(crate) studies: Vec<protocol::Uid>,
    /// The other sites.
    pub(crate) sites: Vec<SiteId>,
    pub(crate) since: Timestamp,
}

/// Who has cases from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    pub(crate) site: SiteId,
    pub(crate) person: String,
    pub(crate) shift: Id128,
}

/// Why cases were not handed on.
#[derive(Debug, thiserror::Error)]
#[error("the open cases could not be handed on: {0}")]
pub(crate) struct CasesError(pub(crate) String);

/// Who keeps the cases. No open case is without an owner: who hands over hands them on first.
pub(crate) trait OpenCases: std::fmt::Debug + Send + Sync {
    /// Open cases that are a person's of this site.
    fn of(&self, person: &str) -> Vec<CaseRow>;
    /// Makes all of them another's, durably; gives how many. Asked again after a failure, it does what is left.
    fn hand_on<'a>(&'a self, from: &'a str, to: &'a Bearer) -> BoxFuture<'a, Result<u16, CasesError>>;
    /// Whether it is one of theirs: what is stated of it as a fact is then no other case.
    fn knows(&self, case: &Id128) -> bool;
}

/// All open cases: those that are lent, and those that are stated by hand as facts of duty.
#[derive(Debug)]
pub(super) struct Open {
    trust: Trust,
    lent: Option<Arc<dyn OpenCases>>,
}

impl Open {
    pub(super) const fn new(trust: Trust, lent: Option<Arc<dyn OpenCases>>) -> Self {
        Self { trust, lent }
    }

    fn stated(&self, person: &str) -> Vec<(Id128, Timestamp, OpenCase)> {
        let (now, us) = (tasks::now(), self.trust.us());
        let is_lent = |case: &Id128| self.lent.as_ref().is_some_and(|lent| lent.knows(case));
        let ours = self.trust.duties().into_iter().filter(|row| row.site == us && !is_lent(&row.duty.id));
        let case = |row: crate::trust::DutyRow| match row.duty.what {
            What::Case(case) if case.owner == person && case.is_open(now) => Some((row.duty.id, row.duty.at, case)),
            _ => None,
        };
        ours.filter_map(case).collect()
    }

    pub(super) fn of(&self, person: &str) -> Vec<CaseRow> {
        let row = |(id, since, case): (Id128, Timestamp, OpenCase)| CaseRow {
            id,
            studies: case.studies,
            sites: case.parties,
            since,
        };
        let mut all = self.lent.as_ref().map(|lent| lent.of(person)).unwrap_or_default();
        all.extend(self.stated(person).into_iter().map(row));
        all
    }

    pub(super) async fn hand_on(&self, from: &str, to: &Bearer) -> Result<u16, CasesError> {
        let mut handed = match &self.lent {
            Some(lent) => lent.hand_on(from, to).await?,
            None => 0,
        };
        for (id, _, case) in self.stated(from) {
            let case = OpenCase { owner: to.person.clone(), ..case };
            let said = self.trust.state_duty(Some(id), What::Case(case)).await;
            said.map_err(|why| CasesError(why.to_string()))?;
            handed = handed.saturating_add(1);
        }
        Ok(handed)
    }
}

/// In whose name what time and acknowledgements bring about is done.
pub(super) fn node() -> Person {
    Person::new("node".to_owned(), Role::Admin)
}

impl Roster {
    /// What is open of a shift's person, and the shifts that could take over: those of its coverage that run, or come next.
    pub(crate) fn handing(&self, id: &Id128) -> Result<(Vec<CaseRow>, Vec<Stated>), RosterError> {
        let (_, shift) = self.own(id)?;
        let now = tasks::now();
        let fits = |other: &Stated| {
            (other.site != self.0.site || other.id != *id)
                && other.shift.coverage == shift.coverage
                && other.shift.state.counts()
                && other.shift.end > now
                && other.shift.start <= shift.end.max(now)
        };
        let mut next: Vec<Stated> = self.shifts().into_iter().filter(fits).collect();
        next.sort_by_key(|other| (other.shift.start, other.shift.rank, other.id));
        Ok((self.cases().of(&shift.person), next))
    }

    /// Offers a shift, with what is open, to another one.
    pub(crate) async fn offer(&self, by: &Person, id: &Id128, to: (SiteId, Id128)) -> Result<Planned, RosterError> {
        let (cases, next) = self.handing(id)?;
        if !next.iter().any(|other| (other.site, other.id) == to) {
            return Err(RosterError::NoSuccessor);
        }
        let cases = u16::try_from(cases.len()).unwrap_or(u16::MAX);
        let relief = Relief { site: to.0, shift: to.1, at: tasks::now(), cases };
        self.step(by, id, Step::Offer(relief)).await
    }

    /// Shifts that are offered to one of ours.
    pub(crate) fn offered_to(&self, id: &Id128) -> Vec<Stated> {
        let to_it = |other: &Stated| {
            let relief = other.shift.relief.filter(|_| other.shift.state.counts());
            relief.is_some_and(|relief| relief.site == self.0.site && relief.shift == *id)
        };
        self.shifts().into_iter().filter(to_it).collect()
    }

    /// The one who comes has looked at what is open, and has it from now on.
    pub(crate) async fn relieve(&self, by: &Person, id: &Id128, from: (SiteId, Id128)) -> Result<Planned, RosterError> {
        if !self.offered_to(id).iter().any(|other| (other.site, other.id) == from) {
            return Err(RosterError::NoRelief);
        }
        let relieves = Relieves { site: from.0, shift: from.1, at: tasks::now() };
        let planned = self.step(by, id, Step::Relieve(relieves)).await?;
        self.settle().await;
        Ok(planned)
    }

    /// Brings our shifts up to date; what fails is tried again.
    pub(super) async fn settle(&self) {
        let shifts = self.shifts();
        for stated in shifts.iter().filter(|stated| stated.site == self.0.site) {
            let Stated { id, shift, .. } = stated;
            if shift.end.after(std::time::Duration::from_secs(86_400)) <= tasks::now() {
                continue;
            }
            let done = match self.successor(stated, &shifts) {
                Some(next) => self.hand_over(id, shift, next).await,
                None => self.refresh(id, shift).await,
            };
            if let Err(error) = done {
                Self::log(&error);
            }
        }
    }

    /// The shift that has acknowledged that it takes over from this one.
    fn successor<'a>(&self, stated: &Stated, shifts: &'a [Stated]) -> Option<&'a Stated> {
        let relief = stated.shift.relief.filter(|_| stated.shift.state.counts())?;
        let next = shifts.iter().find(|other| other.site == relief.site && other.id == relief.shift)?;
        let own = (&stated.site, &stated.id);
        stated.shift.is_relieved_by(&next.site, &next.id, &next.shift, own).then_some(next)
    }

    /// Cases first: an end between the two is done again, and none is ever without an owner.
    async fn hand_over(&self, id: &Id128, shift: &Shift, next: &Stated) -> Result<(), RosterError> {
        let _one = self.0.changing.lock().await;
        let bearer = Bearer { site: next.site, person: next.shift.person.clone(), shift: next.id };
        if !self.has_other(shift, id, tasks::now())
            && let Err(why) = self.cases().hand_on(&shift.person, &bearer).await
        {
            tracing::error!(%why, "a hand-over waits");
            return Ok(());
        }
        self.step_here(&node(), id, Step::HandOver(tasks::now())).await.map(drop)
    }

    /// Papers as they are now, and whether a screen is live.
    async fn refresh(&self, id: &Id128, shift: &Shift) -> Result<(), RosterError> {
        let now = tasks::now();
        if matches!(shift.state, ShiftState::Ended | ShiftState::HandedOver) || shift.end <= now {
            return Ok(());
        }
        let coverage = shift.coverage.and_then(|id| self.0.trust.coverage(&id));
        let licences = self.licences_of(&shift.person, coverage.as_ref());
        let silent = self.silence(shift, now);
        let is_new_silence = silent.is_some() != shift.silent.is_some();
        if licences == shift.licences && !is_new_silence {
            return Ok(());
        }
        let _one = self.0.changing.lock().await;
        let (_, known) = self.own(id)?;
        if known != *shift {
            // Changed meanwhile: the next look sees it.
            return Ok(());
        }
        let did = if is_new_silence {
            if silent.is_some() { "no live screen" } else { "a screen is live again" }
        } else {
            "papers"
        };
        self.state(&node(), *id, did, Shift { licences, silent, ..known }).await.map(drop)
    }

    /// Since when a screen that should be live is not. At home nobody sits before one until the shift is taken.
    fn silence(&self, shift: &Shift, now: Timestamp) -> Option<Timestamp> {
        let is_watched = shift.presence == Presence::OnSite || shift.state == ShiftState::Active;
        if !is_watched || !shift.state.counts() || !shift.is_time(now) {
            return None;
        }
        let last = self.0.screens.last(&shift.person).max(shift.start);
        (now.since(last) >= self.0.silent_after).then_some(last)
    }
}
