//! What rules do with peers: what is offered, what was offered to us, and what is fetched.
//!
//! # Not here
//! The journal and who may: [`crate::archive::offers`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{
        FetchRecord, FetchRow, FetchedRecord, FireRecord, HeardRecord, OfferRow, OfferedRecord, UsedRecord, WithPeers,
    },
};
use protocol::{SiteId, Uid};

impl Index {
    /// A rule says that a study is offered to a peer.
    pub(super) fn offer(&self, live: &mut Live, fire: &FireRecord, to: &SiteId, rule: u64) -> Result<(), ArchiveError> {
        let key = keys::with_peer(keys::OFFERS, &fire.study, to);
        let known: Option<OfferRow> = self.other(live, &key)?;
        let row = OfferRow {
            study: fire.study.clone(),
            to: *to,
            rule,
            since: fire.at,
            at: fire.at,
            manifest: known.and_then(|row| row.manifest),
            ended: None,
        };
        live.put_other(key, Some(&row));
        Ok(())
    }

    pub(super) fn apply_with_peers(&self, live: &mut Live, record: &WithPeers) -> Result<(), ArchiveError> {
        live.gathered += 1;
        match record {
            WithPeers::Offered(record) => self.apply_offered(live, record),
            WithPeers::Heard(record) => {
                live.put_other(keys::with_peer(keys::HEARD, &record.study, &record.from), Some(record));
                Ok(())
            }
            WithPeers::Fetch(record) => self.apply_fetch(live, record),
            WithPeers::Fetched(record) => self.apply_fetched(live, record),
            WithPeers::Used(record) => self.apply_used(live, record),
        }
    }

    fn apply_offered(&self, live: &mut Live, record: &OfferedRecord) -> Result<(), ArchiveError> {
        let key = keys::with_peer(keys::OFFERS, &record.study, &record.to);
        let Some(row) = self.other::<OfferRow>(live, &key)? else { return Ok(()) };
        let manifest = record.manifest.or(row.manifest);
        live.put_other(key, Some(&OfferRow { at: record.at, manifest, ended: Some(record.ended), ..row }));
        Ok(())
    }

    fn apply_fetch(&self, live: &mut Live, record: &FetchRecord) -> Result<(), ArchiveError> {
        for wanted in &record.wanted {
            let key = keys::with_peer(keys::FETCHES, &wanted.study, &wanted.holder);
            let known: Option<FetchRow> = self.other(live, &key)?;
            let row = FetchRow {
                holder: wanted.holder,
                study: wanted.study.clone(),
                rule: record.rule,
                cause: wanted.cause,
                since: record.at,
                at: record.at,
                manifest: wanted.manifest,
                bytes: wanted.bytes,
                ended: None,
                used: known.and_then(|row| row.used),
            };
            live.put_other(key, Some(&row));
        }
        Ok(())
    }

    fn apply_fetched(&self, live: &mut Live, record: &FetchedRecord) -> Result<(), ArchiveError> {
        let key = keys::with_peer(keys::FETCHES, &record.study, &record.holder);
        let Some(row) = self.other::<FetchRow>(live, &key)? else { return Ok(()) };
        let (at, manifest, bytes, ended) = (record.at, record.manifest, record.bytes, Some(record.ended));
        live.put_other(key, Some(&FetchRow { at, manifest, bytes, ended, ..row }));
        Ok(())
    }

    fn apply_used(&self, live: &mut Live, record: &UsedRecord) -> Result<(), ArchiveError> {
        let key = keys::with_peer(keys::FETCHES, &record.study, &record.holder);
        let Some(row) = self.other::<FetchRow>(live, &key)? else { return Ok(()) };
        live.put_other(key, Some(&FetchRow { used: row.used.or(Some(record.at)), ..row }));
        Ok(())
    }

    pub(in crate::archive) fn offer_row(&self, study: &Uid, to: &SiteId) -> Result<Option<OfferRow>, ArchiveError> {
        self.other(&self.live(), &keys::with_peer(keys::OFFERS, study, to))
    }

    pub(in crate::archive) fn offers(&self) -> Result<Vec<OfferRow>, ArchiveError> {
        self.scan(keys::OFFERS)
    }

    pub(in crate::archive) fn heard(&self, study: &Uid, from: &SiteId) -> Result<Option<HeardRecord>, ArchiveError> {
        self.other(&self.live(), &keys::with_peer(keys::HEARD, study, from))
    }

    pub(in crate::archive) fn fetch_row(&self, study: &Uid, holder: &SiteId) -> Result<Option<FetchRow>, ArchiveError> {
        self.other(&self.live(), &keys::with_peer(keys::FETCHES, study, holder))
    }

    pub(in crate::archive) fn fetches(&self) -> Result<Vec<FetchRow>, ArchiveError> {
        self.scan(keys::FETCHES)
    }
}
