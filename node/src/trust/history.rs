//! Whether a site may ask another of one patient's studies at all: before any study is looked at, at both ends.
//!
//! # Not here
//! Whether one study may be told: [`super::Trust::authorize`], of each.

use super::{Caller, Held, Trust, hours, judge::Step, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Clause, Level, StudyFacts},
    ids::Id128,
};

impl Trust {
    /// The agreement by which `reader` may ask `holder` now. Headers say whose images they are: who may not read headers is
    /// not told either.
    ///
    /// # Errors
    /// [`Refusal::NotPaired`], [`Refusal::Suspended`], [`Refusal::OutsideHours`], [`Refusal::NotPermitted`].
    pub(crate) fn may_ask(&self, holder: &SiteId, reader: &SiteId) -> Result<Id128, Refusal> {
        let us = self.inner.identity.site();
        if *holder == us {
            self.require_open()?;
        }
        self.state().may_ask(holder, reader, tasks::now())
    }

    /// Whether [`Trust::authorize`] would give a permit now: by the same judgement. Nothing is used by it, so nothing is watched:
    /// a list that a peer asks for must not push permits in use out of the watch.
    ///
    /// # Errors
    /// As [`Trust::authorize`].
    pub(crate) fn would_authorize(
        &self,
        caller: &Caller<'_>,
        study: &StudyFacts,
        held: &Held<'_>,
        level: Level,
    ) -> Result<(), Refusal> {
        let mut say = |_: Step| {};
        let us = self.inner.identity.site();
        match self.question(&us, caller, (study, level), held, &mut say)? {
            Some(asked) => self.state().judge_aloud(&asked, tasks::now(), &mut say).map(|_| ()),
            None => Ok(()),
        }
    }
}

impl State {
    fn may_ask(&self, holder: &SiteId, reader: &SiteId, now: Timestamp) -> Result<Id128, Refusal> {
        let peer = if *holder == self.us { reader } else { holder };
        self.peer(peer).ok_or(Refusal::NotPaired)?;
        let is_open = |clause: &Clause| {
            clause.hours.as_ref().is_none_or(|hours| {
                hours::week_minute(now, &hours.time_zone).is_some_and(|minute| hours.contains(minute))
            })
        };
        let mut refusal = Refusal::NotPermitted;
        for agreement in self.active_with(peer, now) {
            match agreement.clause(holder, reader).filter(|clause| clause.level >= Level::Headers) {
                Some(clause) if is_open(clause) => return Ok(agreement.id),
                Some(_) => refusal = Refusal::OutsideHours,
                None => {}
            }
        }
        let of_peer = self.agreements.iter().filter(|(_, kept)| kept.peer == *peer);
        let is_suspended = |id: &Id128| self.standing(id, now).is_some() && self.active(id, now).is_none();
        if refusal == Refusal::NotPermitted && of_peer.map(|(id, _)| id).any(is_suspended) {
            return Err(Refusal::Suspended);
        }
        Err(refusal)
    }
}
