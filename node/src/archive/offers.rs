//! What rules do with peers, as it is kept: offers made and heard, fetches and their ends, and which of them were of use.
//!
//! # At a crash
//! A record is there or is not. An offer whose end was not written yet is made again, and the peer hears it twice; a
//! fetch goes on, and what of it is in the leased cache is not asked for again.
//!
//! # Not here
//! Evidence, which is written before: `rules` and `overlay`. The bytes: [`super::cache`].

use super::{
    Archive, ArchiveError,
    conflict::submit,
    index::Applied,
    rows::{
        Ended, FetchRecord, FetchRow, FetchedRecord, HeardRecord, OfferRow, OfferedRecord, UsedRecord, Wanted,
        WithPeers,
    },
};
use protocol::{Digest, SiteId, Uid};

impl Archive {
    async fn write_with_peers(&self, record: WithPeers) -> Result<(), ArchiveError> {
        let (kind, body) = record.encode();
        submit(&self.inner, kind, body, None, Applied::WithPeers(record)).await
    }

    /// What became of an offer to a peer.
    ///
    /// # Errors
    /// When the journal or index fails; so with all that follow.
    pub(crate) async fn offered(
        &self,
        study: &Uid,
        to: SiteId,
        (manifest, ended): (Option<Digest>, Ended),
    ) -> Result<(), ArchiveError> {
        let (study, at) = (study.clone(), crate::tasks::now());
        self.write_with_peers(WithPeers::Offered(OfferedRecord { study, to, at, manifest, ended })).await
    }

    /// A peer says that a study of its is meant for us. Said twice of the same state of the study, it is one offer.
    pub(crate) async fn hear_offer(&self, from: SiteId, study: &Uid, manifest: Digest) -> Result<(), ArchiveError> {
        if self.heard_offer(study, &from)?.is_some_and(|heard| heard.manifest == manifest) {
            return Ok(());
        }
        let (study, at) = (study.clone(), crate::tasks::now());
        self.write_with_peers(WithPeers::Heard(HeardRecord { from, study, manifest, at })).await
    }

    /// A rule has studies of peers fetched: one, and earlier ones of the patient with it.
    pub(crate) async fn want_fetched(&self, rule: u64, wanted: Vec<Wanted>) -> Result<(), ArchiveError> {
        self.write_with_peers(WithPeers::Fetch(FetchRecord { at: crate::tasks::now(), rule, wanted })).await
    }

    /// A fetch by rule is over; `manifest` and `bytes` are of what is here then.
    pub(crate) async fn fetched(
        &self,
        study: &Uid,
        holder: SiteId,
        (manifest, bytes, ended): (Digest, u64, Ended),
    ) -> Result<(), ArchiveError> {
        let (study, at) = (study.clone(), crate::tasks::now());
        self.write_with_peers(WithPeers::Fetched(FetchedRecord { holder, study, at, manifest, bytes, ended })).await
    }

    /// Somebody opens a peer's study: if a rule fetched it, that was of use.
    pub(crate) async fn note_use(&self, study: &Uid, holder: SiteId) -> Result<(), ArchiveError> {
        if self.fetch_row(study, &holder)?.is_none_or(|row| row.used.is_some()) {
            return Ok(());
        }
        let (study, at) = (study.clone(), crate::tasks::now());
        self.write_with_peers(WithPeers::Used(UsedRecord { holder, study, at })).await
    }

    pub(crate) fn offer_row(&self, study: &Uid, to: &SiteId) -> Result<Option<OfferRow>, ArchiveError> {
        self.inner.index.offer_row(study, to)
    }

    /// All offers that rules made, in no order (blocking).
    pub(crate) fn offers(&self) -> Result<Vec<OfferRow>, ArchiveError> {
        self.inner.index.offers()
    }

    /// The last offer of a study by a peer.
    pub(crate) fn heard_offer(&self, study: &Uid, from: &SiteId) -> Result<Option<HeardRecord>, ArchiveError> {
        self.inner.index.heard(study, from)
    }

    pub(crate) fn fetch_row(&self, study: &Uid, holder: &SiteId) -> Result<Option<FetchRow>, ArchiveError> {
        self.inner.index.fetch_row(study, holder)
    }

    /// All fetches by rules, in no order (blocking).
    pub(crate) fn fetches(&self) -> Result<Vec<FetchRow>, ArchiveError> {
        self.inner.index.fetches()
    }
}
