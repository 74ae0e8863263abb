//! Passes: whom we let a peer give of its copy of our study, and whom we may give of a copy of a peer's.
//!
//! The custodian judges who reads; the one who has a copy only looks whether the custodian said so, and whether the agreement
//! by which it has its copy lets it be passed on. A pass ends with the agreement, with either pairing, when the custodian
//! takes it back, and by itself after minutes.
//!
//! # At a crash
//! Nothing of passes is recorded but the evidence of giving them. A custodian that starts again takes back none of those it
//! gave before: they end by themselves. A holder that starts again has forgotten which were taken back, for as long.
//!
//! # Not here
//! Reading under a pass, the evidence, telling that one is over: `transfer`. What a pass covers: [`protocol::pass`].

use super::{Trust, changes::CLOCKS_DIFFER, permit::Permit, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp, Uid,
    agreement::{Agreement, Level, StudyFacts},
    catalog::Basis,
    fetch::Reader,
    ids::Id128,
    pass::{Pass, PassUse},
    signed::Signed,
};

/// A peer that has a copy of a study of ours and may give of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lender {
    pub(crate) site: SiteId,
    /// By which it has the copy, and which lets it be passed on.
    pub(crate) agreement: Id128,
    /// Until when the copy and the agreement last at most.
    pub(crate) until: Timestamp,
}

impl State {
    /// The agreement by which a peer that was let at a study of ours on a basis may pass it on to another, and until when.
    fn lends(
        &self,
        (lender, basis): (&SiteId, &Id128),
        to: &SiteId,
        study: &StudyFacts,
        now: Timestamp,
    ) -> Option<(Id128, Option<Timestamp>)> {
        self.peer(to)?;
        if study.withheld.masked || study.withheld.opposed || self.may_tell(lender, study, now).is_none() {
            return None;
        }
        let (agreement, until) = match self.grants.get(basis) {
            Some(grant) => {
                let is_meant = grant.subject == *lender
                    && grant.issuer == self.us
                    && grant.parent.is_none()
                    && !grant.is_break_glass()
                    && now < grant.expires
                    && grant.forward.contains(to);
                is_meant.then_some((grant.basis, Some(grant.expires)))?
            }
            None => (*basis, None),
        };
        let text = self.onward(&agreement, (&self.us, lender), now)?;
        let until = [until, text.not_after].into_iter().flatten().min();
        Some((agreement, until))
    }

    /// The text in force between a holder and a reader, one of them us, that lets the reader pass studies on.
    fn onward(&self, agreement: &Id128, (holder, reader): (&SiteId, &SiteId), now: Timestamp) -> Option<&Agreement> {
        let peer = if *holder == self.us { reader } else { holder };
        self.agreements.get(agreement).filter(|kept| kept.peer == *peer)?;
        self.active(agreement, now).filter(|text| text.clause(holder, reader).is_some_and(|clause| clause.onward))
    }

    /// Whether we may give a peer of a copy of a custodian's that we have under an agreement.
    pub(super) fn lets_pass_on(&self, pass: (&SiteId, &Id128), to: &SiteId, now: Timestamp) -> Option<&Agreement> {
        self.peer(to)?;
        self.onward(pass.1, (pass.0, &self.us), now)
    }
}

impl Trust {
    /// Peers that have a copy of a study of ours as it is now, and may give of it to another.
    pub(crate) fn lenders(&self, to: &SiteId, study: &StudyFacts, version: u64) -> Vec<Lender> {
        let (state, now) = (self.state(), tasks::now());
        let copies = state.copies.of(&study.study);
        let fresh =
            copies.filter(|row| row.erased.is_none() && row.version == version && row.until > now && row.peer != *to);
        let mut found: Vec<Lender> = Vec::new();
        for row in fresh {
            let lends = row.bases.iter().find_map(|basis| state.lends((&row.peer, basis), to, study, now));
            let is_known = found.iter().any(|lender| lender.site == row.peer);
            if let Some((agreement, until)) = lends.filter(|_| !is_known) {
                let until = until.map_or(row.until, |until| until.min(row.until));
                found.push(Lender { site: row.peer, agreement, until });
            }
        }
        found
    }

    /// The one way to permission to give of a copy: what the custodian signed, under an agreement that lets it.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] where it is not the custodian's word; [`Refusal::NotPermitted`], [`Refusal::Expired`],
    /// [`Refusal::Revoked`].
    pub(crate) fn authorize_lent(
        &self,
        peer: &SiteId,
        (study, reader): (&Uid, &Reader),
        signed: &Signed<Pass>,
    ) -> Result<(Pass, Permit), Refusal> {
        self.require_open()?;
        let custodian = signed.claimed_signer();
        self.peer(&custodian).ok_or(Refusal::NotPermitted)?;
        let pass = signed.open(&custodian).map_err(|_| Refusal::Malformed)?;
        if pass.custodian != custodian {
            return Err(Refusal::Malformed);
        }
        self.vouch(&custodian, signed, pass.issued)?;
        let now = tasks::now();
        let us = self.inner.identity.site();
        let wanted = PassUse { holder: &us, subject: peer, study, reader };
        pass.covers(&wanted, now, CLOCKS_DIFFER)?;
        let state = self.state();
        let text = state.lets_pass_on((&custodian, &pass.agreement), peer, now).ok_or(Refusal::NotPermitted)?;
        let until = text.not_after.map_or(pass.expires, |end| end.min(pass.expires));
        // The state is held: no withdrawal falls between judgement and watch.
        let (withdrawn, used) = self.inner.watch.lent(&pass)?;
        let basis = Some(Basis::Agreement(pass.agreement));
        let permit =
            Permit { study: study.clone(), level: Level::Pixels, basis, expires: Some(until), withdrawn, used };
        Ok((pass, permit))
    }

    /// A custodian takes a pass back: what runs under it is cut before this returns, and it opens nothing again.
    pub(crate) fn pass_over(&self, custodian: &SiteId, id: &Id128) {
        self.inner.watch.pass_over(custodian, id);
    }

    /// How fast a peer takes copies that are passed on: no faster than we give it our own, where that was agreed.
    pub(crate) fn lent_kbits_max(&self, peer: &SiteId) -> Option<(Id128, u32)> {
        let (state, now) = (self.state(), tasks::now());
        let clauses = state.active_with(peer, now).filter_map(|text| Some((text.id, text.clause(&state.us, peer)?)));
        clauses.filter_map(|(id, clause)| Some((id, clause.kbits_max?))).min_by_key(|(_, kbits)| *kbits)
    }
}
