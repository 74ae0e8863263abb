//! The judgement: who may do what with which study now. Pure: state, facts and the time in, a verdict out.
//!
//! The chain for a peer is: paired and not revoked → an agreement signed by both, in its period, not ended → its clause
//! with us as holder and them as reader covers study, level and hour — or a live grant under such an agreement. For
//! somebody here who reads a peer's study it is the same chain seen from the other end, after their role.

use super::{hours, records::State};
use protocol::{
    Refusal, SiteId, Timestamp,
    agreement::{Agreement, Clause, Field, Level, Moment, StudyFacts},
    catalog::Basis,
    grant::{Grant, Use},
    ids::Id128,
    time::WeekMinute,
};

/// A "yes": on what basis, and until when at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) basis: Basis,
    pub(super) until: Option<Timestamp>,
}

/// What is asked: may `reader` go to `level` with this study of `holder`?
#[derive(Clone, Debug)]
pub(super) struct Question<'a> {
    pub(super) holder: &'a SiteId,
    pub(super) reader: &'a SiteId,
    pub(super) study: &'a StudyFacts,
    pub(super) level: Level,
    /// The basis the holder told; `None` when we are the holder and any will do.
    pub(super) told: Option<&'a Basis>,
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn covered(agreement: &Agreement, clause: &Clause, asked: &Question<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
    let week_minute = match &clause.hours {
        Some(hours) => hours::week_minute(now, &hours.time_zone).ok_or(Refusal::NotPermitted)?,
        None => WeekMinute(0),
    };
    clause.covers(asked.study, asked.level, Moment { now, week_minute })?;
    let span_ends = clause.hours.as_ref().and_then(|h| hours::end_of_span(h, now));
    Ok(Verdict { basis: Basis::Agreement(agreement.id), until: earlier(agreement.not_after, span_ends) })
}

/// The refusal that helps most: "at other hours" before "expired" before "no".
fn better(a: Refusal, b: Refusal) -> Refusal {
    let rank = |r| match r {
        Refusal::OutsideHours => 2,
        Refusal::Expired => 1,
        _ => 0,
    };
    if rank(b) > rank(a) { b } else { a }
}

impl State {
    /// The judgement.
    ///
    /// # Errors
    /// [`Refusal::NotPaired`], [`Refusal::NotPermitted`], [`Refusal::OutsideHours`], [`Refusal::Expired`].
    pub(super) fn judge(&self, asked: &Question<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
        let peer = if *asked.holder == self.us { asked.reader } else { asked.holder };
        self.peer(peer).ok_or(Refusal::NotPaired)?;
        let mut refusal = Refusal::NotPermitted;
        if !matches!(asked.told, Some(Basis::Grant { .. })) {
            for agreement in self.active_with(peer, now) {
                let named = asked.told.is_none_or(|b| b.agreement() == agreement.id);
                let Some(clause) = agreement.clause(asked.holder, asked.reader).filter(|_| named) else { continue };
                match covered(agreement, clause, asked, now) {
                    Ok(verdict) => return Ok(verdict),
                    Err(why) => refusal = better(refusal, why),
                }
            }
        }
        match self.granted_use(asked, now) {
            Ok(verdict) => Ok(verdict),
            Err(why) => Err(better(refusal, why)),
        }
    }

    fn granted_use(&self, asked: &Question<'_>, now: Timestamp) -> Result<Verdict, Refusal> {
        let wanted = Use { by: asked.reader, study: &asked.study.study, level: asked.level };
        let named = |g: &Grant| match asked.told {
            None => true,
            Some(Basis::Grant { id, .. }) => *id == g.id,
            Some(Basis::Agreement(_)) => false,
        };
        let mut refusal = Refusal::NotPermitted;
        for grant in self.grants.values().filter(|g| g.issuer == *asked.holder && named(g)) {
            match grant.covers(&wanted, now) {
                Ok(()) => {
                    if let Some(verdict) = self.grant_verdict(grant, now) {
                        return Ok(verdict);
                    }
                }
                Err(why) => refusal = better(refusal, why),
            }
        }
        Err(refusal)
    }

    /// A grant lives only under an agreement in force between the two.
    fn grant_verdict(&self, grant: &Grant, now: Timestamp) -> Option<Verdict> {
        let agreement = self.active(&grant.basis, now)?;
        agreement.clause(&grant.issuer, &grant.subject)?;
        let basis = Basis::Grant { id: grant.id, agreement: grant.basis, expires: grant.expires };
        Some(Verdict { basis, until: earlier(Some(grant.expires), agreement.not_after) })
    }

    /// Whether a peer is told of a study of ours, hours left aside, and which fields of its card.
    pub(super) fn may_tell(&self, peer: &SiteId, study: &StudyFacts, now: Timestamp) -> Option<(Basis, Vec<Field>)> {
        self.peer(peer)?;
        let announced = self.active_with(peer, now).find_map(|agreement| {
            let clause = agreement.clause(&self.us, peer)?;
            (clause.announce && clause.in_scope(study, now))
                .then(|| (Basis::Agreement(agreement.id), clause.fields.clone()))
        });
        announced.or_else(|| {
            let (grant, verdict) = self.live_grants(peer, now).find(|(g, _)| g.study == study.study)?;
            let clause = self.active(&grant.basis, now)?.clause(&self.us, peer)?;
            Some((verdict.basis, clause.fields.clone()))
        })
    }

    /// Live grants of ours for one peer.
    pub(super) fn live_grants(&self, peer: &SiteId, now: Timestamp) -> impl Iterator<Item = (&Grant, Verdict)> {
        let live = self
            .grants
            .values()
            .filter(move |g| g.issuer == self.us && g.subject == *peer && g.not_before <= now && now < g.expires);
        live.filter_map(move |g| self.grant_verdict(g, now).map(|v| (g, v)))
    }

    /// Whether what a peer told us on this basis may still be listed.
    pub(super) fn in_force(&self, holder: &SiteId, basis: &Basis, now: Timestamp) -> bool {
        let agreed = self.agreements.get(&basis.agreement()).is_some_and(|k| k.peer == *holder)
            && self.active(&basis.agreement(), now).is_some_and(|a| a.clause(holder, &self.us).is_some());
        agreed
            && match basis {
                Basis::Agreement(id) => {
                    self.active(id, now).and_then(|a| a.clause(holder, &self.us)).is_some_and(|c| c.announce)
                }
                Basis::Grant { id, expires, .. } => now < *expires && self.grants.contains_key(id),
            }
    }

    /// Days a copy may stay by the clause that lets us read.
    pub(super) fn cache_days(&self, agreement: &Id128) -> u32 {
        let text = self.agreements.get(agreement).filter(|k| k.ended.is_none()).and_then(|k| k.active.as_ref());
        text.and_then(|t| t.agreement.clauses.iter().find(|c| c.reader == self.us)).map_or(0, |c| c.cache_days)
    }
}
