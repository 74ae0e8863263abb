//! Coverages: who reads for whom. Offered, signed by all their sites, and ended by any of them; they let nobody read anything.
//!
//! Each site signs what it is offered and tells all others, so that in whatever order they do, all come to hold all signatures.
//! The highest version that all have signed is in force. A site signs only where it is paired with all the others: one that did
//! not hear what another states would see holes that are none. With a site that is revoked a coverage is over.
//!
//! # At a crash
//! As for agreements: what is recorded holds, and is told again at each greeting.
//!
//! # Not here
//! What follows from them: `roster`, `protocol::roster`. Telling: `overlay`.

use super::{AgreementState, Record, Trust, TrustError, TrustEvent, records::State};
use crate::tasks;
use protocol::{
    Refusal, SiteId, Timestamp,
    countersigned::Text as _,
    duty::{Duty, What},
    ids::Id128,
    roster::{Coverage, CoverageEnd, SignedCoverage},
    signed::Signed,
};
use std::{collections::BTreeSet, time::Duration};

/// Coverages that are kept at once; more are noise.
const COVERAGES_MAX: usize = 128;
/// A version that is further ahead of what is known here leaves no numbers for others.
const VERSIONS_AHEAD: u32 = 1_000;
/// What was ended is remembered for so long, to be shown and told.
const REMEMBERED: Duration = Duration::from_secs(90 * 86_400);

/// One for lists. A text in force and one that waits stand in two rows.
#[derive(Clone, Debug)]
pub(crate) struct CoverageRow {
    pub(crate) coverage: Coverage,
    pub(crate) state: AgreementState,
    /// Who has signed it.
    pub(crate) signers: Vec<SiteId>,
    /// When and by whom it was ended.
    pub(crate) ended: Option<(Timestamp, SiteId)>,
}

#[derive(Clone, Debug)]
struct Text {
    coverage: Coverage,
    signed: SignedCoverage,
    signers: Vec<SiteId>,
}

/// A coverage over its life.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    active: Option<Text>,
    pending: Option<Text>,
    ended: Option<(Timestamp, SiteId)>,
}

impl Kept {
    fn rows(&self, us: &SiteId) -> Vec<CoverageRow> {
        let row = |text: &Text, state| CoverageRow {
            coverage: text.coverage.clone(),
            state,
            signers: text.signers.clone(),
            ended: self.ended,
        };
        if self.ended.is_some() {
            let last = self.active.as_ref().or(self.pending.as_ref());
            return last.map(|text| row(text, AgreementState::Ended)).into_iter().collect();
        }
        let active = self.active.as_ref().map(|text| row(text, AgreementState::Active));
        let pending = self.pending.as_ref().map(|text| {
            let ours = text.signers.contains(us);
            row(text, if ours { AgreementState::Offered } else { AgreementState::Received })
        });
        active.into_iter().chain(pending).collect()
    }

    fn has(&self, site: &SiteId) -> bool {
        [&self.active, &self.pending].into_iter().flatten().any(|text| text.coverage.has(site))
    }
}

impl State {
    pub(super) fn keep_coverage(&mut self, signed: SignedCoverage, at: Timestamp) -> Vec<TrustEvent> {
        let Ok((coverage, signers)) = signed.open() else { return Vec::new() };
        self.coverages.retain(|_, kept| kept.ended.is_none_or(|(ended, _)| ended.after(REMEMBERED) > at));
        let sites = coverage.between();
        let by_all = sites.iter().all(|site| signers.contains(site));
        let kept = self.coverages.entry(coverage.id).or_default();
        let text = Some(Text { coverage, signed, signers });
        if by_all {
            (kept.active, kept.pending) = (text, None);
        } else {
            kept.pending = text;
        }
        self.tell_of_coverage(sites)
    }

    pub(super) fn end_coverage(&mut self, id: &Id128, by: SiteId, at: Timestamp) -> Vec<TrustEvent> {
        let Some(kept) = self.coverages.get_mut(id).filter(|kept| kept.ended.is_none()) else { return Vec::new() };
        kept.ended = Some((at, by));
        let texts = [&kept.active, &kept.pending].into_iter().flatten();
        let sites: BTreeSet<SiteId> = texts.flat_map(|text| text.coverage.between()).collect();
        self.tell_of_coverage(sites)
    }

    pub(super) fn end_coverages_of(&mut self, peer: &SiteId, at: Timestamp) -> Vec<TrustEvent> {
        let with: Vec<Id128> = self.coverages.iter().filter(|(_, kept)| kept.has(peer)).map(|(id, _)| *id).collect();
        let us = self.us;
        with.iter().flat_map(|id| self.end_coverage(id, us, at)).collect()
    }

    fn tell_of_coverage(&self, sites: impl IntoIterator<Item = SiteId>) -> Vec<TrustEvent> {
        let others = sites.into_iter().filter(|site| self.peer(site).is_some());
        others.map(|peer| TrustEvent::RosterTold { peer }).chain([TrustEvent::RosterChanged]).collect()
    }

    /// Whether a shift of ours is for a coverage that a peer is a site of.
    pub(super) fn is_rostered(&self, peer: &SiteId, duty: &Duty) -> bool {
        let What::Shift(shift) = &duty.what else { return false };
        let kept = shift.coverage.and_then(|id| self.coverages.get(&id)).filter(|kept| kept.ended.is_none());
        kept.and_then(|kept| kept.active.as_ref()).is_some_and(|text| text.coverage.has(peer))
    }

    /// What a fact, about to be known, changes of rosters.
    pub(super) fn roster_events(&self, by: &SiteId, duty: &Duty) -> Vec<TrustEvent> {
        if matches!(duty.what, What::Case(_)) {
            return Vec::new();
        }
        let peers = self.peers.keys().filter(|peer| *by == self.us && self.is_rostered(peer, duty));
        peers.map(|peer| TrustEvent::RosterTold { peer: *peer }).chain([TrustEvent::RosterChanged]).collect()
    }
}

impl Trust {
    /// All that are remembered.
    pub(crate) fn coverages(&self) -> Vec<CoverageRow> {
        let us = self.inner.identity.site();
        self.state().coverages.values().flat_map(|kept| kept.rows(&us)).collect()
    }

    /// The texts that all have signed and nobody has ended.
    pub(crate) fn coverages_in_force(&self) -> Vec<Coverage> {
        let state = self.state();
        let standing = state.coverages.values().filter(|kept| kept.ended.is_none());
        standing.filter_map(|kept| kept.active.as_ref()).map(|text| text.coverage.clone()).collect()
    }

    /// One of them.
    pub(crate) fn coverage(&self, id: &Id128) -> Option<Coverage> {
        self.coverages_in_force().into_iter().find(|coverage| coverage.id == *id)
    }

    /// The next version's number of a coverage.
    pub(crate) fn next_version(&self, id: &Id128) -> u32 {
        let state = self.state();
        let kept = state.coverages.get(id);
        let texts = kept.into_iter().flat_map(|kept| [&kept.active, &kept.pending].into_iter().flatten());
        texts.map(|text| text.coverage.version).max().unwrap_or(0).saturating_add(1)
    }

    fn require_pairings(&self, coverage: &Coverage) -> Result<(), TrustError> {
        let (state, us) = (self.state(), self.inner.identity.site());
        let paired = |site: &SiteId| *site == us || state.peer(site).is_some();
        if coverage.between().iter().all(paired) { Ok(()) } else { Err(TrustError::NotPairedWithAll) }
    }

    /// Whether a draft may be offered.
    pub(crate) fn may_offer_coverage(&self, coverage: &Coverage) -> Result<(), TrustError> {
        if !coverage.is_sound() || !coverage.has(&self.inner.identity.site()) {
            return Err(Refusal::Malformed.into());
        }
        self.require_pairings(coverage)?;
        if coverage.version != self.next_version(&coverage.id) || !self.keeps_sites(coverage) {
            return Err(TrustError::State);
        }
        self.has_room_for_coverage(&coverage.id)
    }

    /// A draft of ours, signed by us.
    pub(crate) async fn offer_coverage(&self, coverage: Coverage) -> Result<(), TrustError> {
        let changing = self.changing().await;
        self.may_offer_coverage(&coverage)?;
        let signed = SignedCoverage::draft(&self.inner.identity.key(), &coverage);
        self.commit(changing, Record::Coverage { signed, at: tasks::now() }).await
    }

    /// A next version leaves no site behind: it would go by the one before. Who wants fewer ends the coverage for all.
    fn keeps_sites(&self, coverage: &Coverage) -> bool {
        let state = self.state();
        let before = state.coverages.get(&coverage.id).and_then(|kept| kept.active.as_ref());
        before.is_none_or(|text| text.coverage.between().iter().all(|site| coverage.has(site)))
    }

    fn has_room_for_coverage(&self, id: &Id128) -> Result<(), TrustError> {
        let state = self.state();
        match state.coverages.get(id) {
            Some(kept) if kept.ended.is_some() => Err(TrustError::State),
            Some(_) => Ok(()),
            None if state.coverages.len() < COVERAGES_MAX => Ok(()),
            None => Err(Refusal::Busy(60_000).into()),
        }
    }

    /// What a peer sent: an offer, or a text with more signatures. Gives it where it is news, and whether all have signed.
    pub(crate) async fn receive_coverage(
        &self,
        from: &SiteId,
        signed: SignedCoverage,
    ) -> Result<Option<(Id128, bool)>, TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        let (coverage, signers) = signed.open()?;
        if !coverage.has(&us) || !coverage.has(from) || signers.is_empty() {
            return Err(Refusal::Malformed.into());
        }
        self.state().peer(from).ok_or(Refusal::NotPaired)?;
        self.has_room_for_coverage(&coverage.id)?;
        if coverage.version >= self.next_version(&coverage.id).saturating_add(VERSIONS_AHEAD)
            || !self.keeps_sites(&coverage)
        {
            return Err(Refusal::Malformed.into());
        }
        let kept = self.state().coverages.get(&coverage.id).cloned().unwrap_or_default();
        let known = [kept.active, kept.pending].into_iter().flatten();
        let newest = known.max_by_key(|text| text.coverage.version);
        let joined = match newest {
            Some(text) if text.coverage.version > coverage.version => return Ok(None),
            Some(text) if text.coverage == coverage => {
                let mut joined = text.signed.clone();
                if !joined.join(&signed) {
                    return Ok(None);
                }
                joined
            }
            // Two drafts that crossed under one number: whoever drafts the next one has the last word.
            Some(text) if text.coverage.version == coverage.version => return Err(TrustError::State),
            _ => signed,
        };
        let (_, signers) = joined.open()?;
        let by_all = coverage.between().iter().all(|site| signers.contains(site));
        // It is in force here only where this site can hear all that is stated under it.
        if by_all {
            self.require_pairings(&coverage)?;
        }
        self.commit(changing, Record::Coverage { signed: joined, at: tasks::now() }).await?;
        Ok(Some((coverage.id, by_all)))
    }

    /// Signs what was received.
    pub(crate) async fn accept_coverage(&self, id: &Id128) -> Result<(), TrustError> {
        let changing = self.changing().await;
        let us = self.inner.identity.site();
        let pending = {
            let state = self.state();
            let kept = state.coverages.get(id).filter(|kept| kept.ended.is_none()).ok_or(TrustError::NoCoverage)?;
            kept.pending.clone().filter(|text| !text.signers.contains(&us)).ok_or(TrustError::State)?
        };
        self.require_pairings(&pending.coverage)?;
        let mut signed = pending.signed;
        signed.sign(&self.inner.identity.key());
        self.commit(changing, Record::Coverage { signed, at: tasks::now() }).await
    }

    /// Ends a coverage; by us, or as told by a peer. For all its sites, and at once.
    pub(crate) async fn end_coverage(&self, end: CoverageEnd, by: &SiteId) -> Result<bool, TrustError> {
        let changing = self.changing().await;
        {
            let state = self.state();
            let kept = state.coverages.get(&end.coverage).ok_or(TrustError::NoCoverage)?;
            if !kept.has(by) {
                return Err(TrustError::NoCoverage);
            }
            if kept.ended.is_some() {
                return Ok(false);
            }
        }
        self.commit(changing, Record::CoverageEnded { end, by: *by }).await?;
        Ok(true)
    }

    /// What a peer is to know of coverages: texts that we have signed, and ends that we said.
    pub(crate) fn coverages_for(&self, peer: &SiteId) -> (Vec<SignedCoverage>, Vec<Signed<CoverageEnd>>) {
        let (state, us) = (self.state(), self.inner.identity.site());
        let with = state.coverages.iter().filter(|(_, kept)| kept.has(peer));
        let (mut texts, mut ends) = (Vec::new(), Vec::new());
        for (id, kept) in with {
            match kept.ended {
                Some((at, by)) if by == us => ends.push(self.inner.identity.seal(&CoverageEnd { coverage: *id, at })),
                Some(_) => {}
                None => {
                    let known = [&kept.active, &kept.pending].into_iter().flatten();
                    let ours = known.filter(|text| text.signers.contains(&us));
                    texts.extend(ours.map(|text| text.signed.clone()));
                }
            }
        }
        (texts, ends)
    }
}
