//! Events that cross sites: what waits for a countersignature, and the twins of peers' events.
//!
//! # At a crash
//! An entry says of itself that it is to be countersigned; as long as no receipt is recorded, it waits, across any number
//! of starts. A twin is durable before its receipt is given; asked again, the same twin is named.

use super::{
    Audit, AuditError,
    book::Kept,
    ledger::Entry,
    records::{self, Countersigned, Twin},
    tree::record_at,
};
use crate::{journal::JournalError, journal::Record};
use protocol::{
    SiteId,
    ledger::{Crossing, Hash, Receipt},
    signed::Signed,
    wire,
};
use std::collections::BTreeSet;

impl Audit {
    /// Resolves when something is to be exchanged with peers, and says with which.
    pub(crate) async fn crossed(&self) -> BTreeSet<SiteId> {
        loop {
            let due = std::mem::take(&mut self.book().due);
            if !due.is_empty() {
                return due;
            }
            self.crossed.notified().await;
        }
    }

    /// Events of ours that wait for this peer's countersignature, oldest first (blocking).
    pub(crate) fn waiting(&self, us: SiteId, peer: &SiteId, max: usize) -> Result<Vec<Crossing>, JournalError> {
        let waiting: Vec<_> = {
            let book = self.book();
            let of_peer = book.pending.iter().filter(|(_, pending)| pending.peer == *peer);
            of_peer.take(max).map(|(place, pending)| (*place, *pending)).collect()
        };
        let mut crossings = Vec::with_capacity(waiting.len());
        for (place, pending) in waiting {
            let read = record_at(&self.journal, pending.at, |kind, body| {
                let entry = Entry::decode(kind, body).ok()?;
                Some(crossing(us, pending.peer, place, records::leaf(kind, body), entry))
            })?;
            crossings.extend(read);
        }
        Ok(crossings)
    }

    /// A peer countersigned an event of ours; the caller verified it.
    pub(crate) async fn keep_receipt(
        &self,
        peer: SiteId,
        place: u64,
        crossing: Signed<Crossing>,
        receipt: Signed<Receipt>,
    ) -> Result<(), AuditError> {
        let countersigned = Countersigned { peer, place, crossing, receipt };
        let kept = Kept::Countersigned(Box::new(countersigned.clone()));
        self.keep(records::RECEIPT, &countersigned, kept).await
    }

    /// Writes down a peer's event; the caller opened it. Gives where the twin stands in our log.
    pub(crate) async fn keep_twin(&self, told: &Crossing, crossing: Signed<Crossing>) -> Result<u64, AuditError> {
        let of = told.hash();
        if let Some(place) = self.twin(told, &of) {
            return Ok(place);
        }
        let twin = Twin { site: told.site, place: told.place, of, crossing };
        self.keep(records::TWIN, &twin, Kept::Twin(twin.clone())).await?;
        self.twin(told, &of).ok_or(AuditError::Journal(JournalError::Closed))
    }

    fn twin(&self, told: &Crossing, of: &Hash) -> Option<u64> {
        let book = self.book();
        let (known, place) = book.twins.get(&told.site)?.get(&told.place)?;
        (known == of).then_some(*place)
    }

    /// All events of a peer's log that it told us, as it signed them (blocking; reads the whole log).
    pub(crate) fn told_by(&self, site: &SiteId) -> Result<Vec<Crossing>, JournalError> {
        let mut told = Vec::new();
        self.journal.replay(crate::journal::Position::default(), &mut |record: Record<'_>| {
            if record.kind == records::TWIN
                && let Ok(twin) = wire::decode::<Twin>(record.body)
                && twin.site == *site
            {
                told.extend(twin.crossing.open(site).ok());
            }
            Ok(())
        })?;
        told.sort_unstable_by_key(|crossing| crossing.place);
        Ok(told)
    }
}

fn crossing(site: SiteId, peer: SiteId, place: u64, leaf: Hash, entry: Entry) -> Crossing {
    let Entry { number, event, .. } = entry;
    Crossing {
        site,
        peer,
        place,
        leaf,
        number,
        at: event.at,
        act: event.act.word().to_owned(),
        outcome: event.outcome.word().to_owned(),
        person: event.actor.person,
        role: event.actor.role,
        of_site: event.actor.site,
        study: event.study,
        basis: event.basis,
        instances: event.instances,
        bytes: event.bytes,
    }
}
