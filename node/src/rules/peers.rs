//! What rules do with peers, for people: what waits and why, what is over, and what of it was for nothing.
//!
//! # Not here
//! Doing it: [`super::offer`], [`super::fetch`].

use super::{Inner, RulesError, cards, queue::Waits};
use crate::{
    archive::{ArchiveError, Ended, FetchRow, OfferRow, Rule, StudyRow},
    audit::{Act, Actor, Event},
};
use protocol::{SiteId, Timestamp, Uid};
use std::{cmp::Reverse, collections::HashMap};

/// Rows of each kind shown at once.
const SHOWN_MAX: usize = 500;

/// A study that a rule offers to a peer.
#[derive(Clone, Debug)]
pub(crate) struct OfferView {
    pub(crate) row: OfferRow,
    /// While it is still to be said.
    pub(crate) waits: Option<Waits>,
}

/// A study of a peer's that a rule has fetched, or is to.
#[derive(Clone, Debug)]
pub(crate) struct FetchView {
    pub(crate) row: FetchRow,
    /// While it is still to be done.
    pub(crate) waits: Option<Waits>,
    /// Bytes of it that are here now.
    pub(crate) kept_bytes: u64,
}

/// What fetching by rules came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waste {
    pub(crate) fetched: u64,
    pub(crate) fetched_bytes: u64,
    /// Of these nobody has opened so many.
    pub(crate) unopened: u64,
    pub(crate) unopened_bytes: u64,
    /// Of those unopened so many are here no more: they were for nothing.
    pub(crate) wasted: u64,
    pub(crate) wasted_bytes: u64,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerWork {
    pub(crate) offers: Vec<OfferView>,
    pub(crate) fetches: Vec<FetchView>,
    pub(crate) waste: Waste,
}

impl Waste {
    fn count(&mut self, row: &FetchRow, is_kept: bool) {
        if row.ended != Some(Ended::Done) {
            return;
        }
        self.fetched += 1;
        self.fetched_bytes = self.fetched_bytes.saturating_add(row.bytes);
        if row.used.is_none() {
            self.unopened += 1;
            self.unopened_bytes = self.unopened_bytes.saturating_add(row.bytes);
            if !is_kept {
                self.wasted += 1;
                self.wasted_bytes = self.wasted_bytes.saturating_add(row.bytes);
            }
        }
    }
}

/// What waits first, then the newest.
fn order(waits: Option<&Waits>, at: Timestamp) -> (bool, Reverse<Timestamp>) {
    (waits.is_none(), Reverse(at))
}

pub(super) async fn work(inner: &Inner) -> Result<PeerWork, RulesError> {
    let mut offering: HashMap<_, _> = inner.offers.views(SHOWN_MAX).into_iter().collect();
    let mut fetching: HashMap<_, _> = inner.fetches.views(SHOWN_MAX).into_iter().collect();
    let (archive, cache) = (inner.parts.archive.clone(), inner.parts.cache.clone());
    let reading = inner.parts.tasks.spawn_blocking("rules", move || {
        let mut work = PeerWork::default();
        for row in archive.offers()? {
            let waits = offering.remove(&(row.to, row.study.clone())).filter(|_| row.ended.is_none());
            work.offers.push(OfferView { row, waits });
        }
        for row in archive.fetches()? {
            let kept_bytes = cache.kept(&row.holder, &row.study).bytes;
            work.waste.count(&row, kept_bytes > 0);
            let waits = fetching.remove(&(row.holder, row.study.clone())).filter(|_| row.ended.is_none());
            work.fetches.push(FetchView { row, waits, kept_bytes });
        }
        work.offers.sort_by_key(|view| order(view.waits.as_ref(), view.row.at));
        work.fetches.sort_by_key(|view| order(view.waits.as_ref(), view.row.at));
        work.offers.truncate(SHOWN_MAX);
        work.fetches.truncate(SHOWN_MAX);
        Ok::<_, ArchiveError>(work)
    });
    Ok(reading.await.map_err(std::io::Error::other).map_err(ArchiveError::from)??)
}

pub(super) async fn drop_one(inner: &Inner, peer: &SiteId, study: &Uid, actor: Actor) -> Result<(), RulesError> {
    let archive = &inner.parts.archive;
    let _changing = inner.changing.lock().await;
    let offer = archive.offer_row(study, peer)?.filter(|row| row.ended.is_none());
    let fetch = archive.fetch_row(study, peer)?.filter(|row| row.ended.is_none());
    if offer.is_none() && fetch.is_none() {
        return Err(RulesError::NoRoute);
    }
    let note = match (&offer, &fetch) {
        (Some(_), None) => "dropped: it is not offered",
        (None, _) => "dropped: it is not fetched",
        (Some(_), Some(_)) => "dropped: it is not offered and not fetched",
    };
    let event = Event::new(Act::RuleChanged, actor).study(study).peer(*peer).note(note);
    inner.parts.audit.record(event).await?;
    let key = (*peer, study.clone());
    if let Some(row) = offer {
        inner.offers.remove(&key);
        archive.offered(study, *peer, (row.manifest, Ended::Dropped)).await?;
    }
    if let Some(row) = fetch {
        inner.fetches.remove(&key);
        archive.fetched(study, *peer, (row.manifest, row.bytes, Ended::Dropped)).await?;
    }
    Ok(())
}

/// The newest cards, and those that a rule would mean.
pub(super) fn try_out(inner: &Inner, rule: &Rule, last: usize) -> Result<(usize, Vec<StudyRow>), ArchiveError> {
    let mut told = inner.parts.overlay.remote_studies();
    told.sort_by_key(|told| Reverse(told.card.arrived));
    told.truncate(last);
    let mut meant = Vec::new();
    for told in &told {
        let row = inner.parts.studies.row_of(told);
        let is_heard = inner.parts.archive.heard_offer(&told.card.study, &told.holder)?.is_some();
        if cards::means(rule, &told.holder, &row, is_heard) {
            meant.push(row);
        }
    }
    Ok((told.len(), meant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Cause;
    use protocol::Digest;

    #[test]
    fn what_nobody_opened_is_counted_and_wasted_once_it_is_gone() {
        let row = FetchRow {
            holder: SiteId([1; 32]),
            study: Uid::parse("1.2").unwrap(),
            rule: 1,
            cause: Cause::Announced,
            since: Timestamp(1),
            at: Timestamp(2),
            manifest: Digest([3; 32]),
            bytes: 10,
            ended: Some(Ended::Done),
            used: None,
        };
        let mut waste = Waste::default();
        waste.count(&row, true);
        waste.count(&row, false);
        waste.count(&FetchRow { used: Some(Timestamp(3)), ..row.clone() }, false);
        waste.count(&FetchRow { ended: None, ..row }, false);
        let expected =
            Waste { fetched: 3, fetched_bytes: 30, unopened: 2, unopened_bytes: 20, wasted: 1, wasted_bytes: 10 };
        assert_eq!(waste, expected);
    }
}
