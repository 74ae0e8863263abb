//! What people recorded about keeping studies, proposals to erase, and what was erased.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::retain`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{
        ClaimRecord, EraseRecord, ErasedRecord, NoteRecord, Number, Proposal, RejectedInstance, StoredErase,
        WithdrawRecord,
    },
};
use protocol::{
    Timestamp, Uid,
    manifest::Amendment,
    wire::{self, Wire},
};
use std::collections::BTreeSet;

impl Live {
    pub(super) fn put_other<T: Wire>(&mut self, key: Vec<u8>, value: Option<&T>) {
        self.others.insert(key, value.map(wire::encode));
    }

    fn count(&mut self, id: u64) {
        self.put_other(keys::NUMBER.to_vec(), Some(&Number(id)));
    }
}

impl Index {
    pub(super) fn apply_claim(live: &mut Live, record: &ClaimRecord) {
        live.put_other(keys::claim_of_study(&record.study, record.id), Some(record));
        if let Some(patient) = &record.patient {
            live.put_other(keys::claim_of_patient(&patient.id, record.id), Some(record));
        }
        live.count(record.id);
    }

    pub(super) fn apply_note(live: &mut Live, record: &NoteRecord) {
        live.put_other(keys::note(record.id), Some(record));
        live.put_other(keys::note_of(&record.note), Some(&Number(record.id)));
        live.count(record.id);
    }

    pub(super) fn apply_propose(live: &mut Live, record: &Proposal) {
        live.put_other(keys::proposal(record.id), Some(record));
        live.count(record.id);
    }

    pub(super) fn apply_withdraw(live: &mut Live, record: &WithdrawRecord) {
        live.put_other(keys::proposal(record.id), None::<&Proposal>);
    }

    pub(super) fn apply_erase(&self, live: &mut Live, record: &EraseRecord) -> Result<(), ArchiveError> {
        self.take_all_out(live, (&record.study, record.at, Amendment::Rejected), &record.instances)?;
        for named in &record.instances {
            live.put_other(keys::tomb(&named.instance), Some(&Number(record.id)));
            if record.rejection.is_some() {
                live.rejected.insert(named.instance.clone(), None);
            }
        }
        if let Some(rejection) = record.rejection {
            live.rejections.insert(rejection, None);
        }
        live.put_other(keys::proposal(record.id), None::<&Proposal>);
        live.put_other(keys::erasure(record.id), Some(&StoredErase { record: record.clone(), is_done: false }));
        Ok(())
    }

    pub(super) fn apply_erased(&self, live: &mut Live, record: &ErasedRecord) -> Result<(), ArchiveError> {
        live.copies.extend(record.gone.iter().map(|digest| (*digest, false)));
        let key = keys::erasure(record.id);
        let stored: Option<StoredErase> = match live.others.get(&key) {
            Some(known) => known.as_deref().map(wire::decode).transpose()?,
            None => self.get(&key)?,
        };
        if let Some(stored) = stored {
            if self.load_study(live, &stored.record.study)?.is_none() {
                live.tiers.insert(stored.record.study.clone(), None);
            }
            live.put_other(key, Some(&StoredErase { is_done: true, ..stored }));
        }
        Ok(())
    }

    /// Takes instances out of rows, series and study.
    pub(super) fn take_all_out(
        &self,
        live: &mut Live,
        about: (&Uid, Timestamp, Amendment),
        instances: &[RejectedInstance],
    ) -> Result<(), ArchiveError> {
        let mut series = BTreeSet::new();
        for named in instances {
            let Some((place, position, held)) = self.find_sop(live, &named.instance)? else { continue };
            if held.row.entry.digest == named.digest {
                self.take_out(live, place, position)?;
                series.insert(named.series.clone());
            }
        }
        if series.is_empty() { Ok(()) } else { self.count_gone(live, about, &series) }
    }

    pub(super) fn scan<T: Wire>(&self, prefix: &[u8]) -> Result<Vec<T>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix(prefix).values() {
            found.push(wire::decode(&self.noted(value)?)?);
        }
        Ok(found)
    }

    pub(in crate::archive) fn claims_of_study(&self, study: &Uid) -> Result<Vec<ClaimRecord>, ArchiveError> {
        let mut found: Vec<ClaimRecord> = self.scan(&keys::claims_of_study(study))?;
        found.retain(|claim| claim.study == *study);
        Ok(found)
    }

    /// By Patient ID alone.
    pub(in crate::archive) fn claims_of_patient(&self, id: &str) -> Result<Vec<ClaimRecord>, ArchiveError> {
        self.scan(&keys::claims_of_patient(id))
    }

    /// What was last done about a rejection note.
    pub(in crate::archive) fn note(&self, instance: &Uid) -> Result<Option<NoteRecord>, ArchiveError> {
        self.write()?;
        match self.get::<Number>(keys::note_of(instance))? {
            Some(number) => self.get(keys::note(number.0)),
            None => Ok(None),
        }
    }

    /// What was once done about a rejection note.
    pub(in crate::archive) fn numbered_note(&self, id: u64) -> Result<Option<NoteRecord>, ArchiveError> {
        self.write()?;
        self.get(keys::note(id))
    }

    /// Rejection notes that came, newest first.
    pub(in crate::archive) fn notes(&self, offset: usize, limit: usize) -> Result<Vec<NoteRecord>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix([keys::NOTE]).values().rev().skip(offset).take(limit) {
            found.push(wire::decode(&self.noted(value)?)?);
        }
        Ok(found)
    }

    /// The highest number that was given.
    pub(in crate::archive) fn number(&self) -> Result<u64, ArchiveError> {
        self.write()?;
        Ok(self.get::<Number>(keys::NUMBER)?.map_or(0, |number| number.0))
    }

    /// Proposals that stand, oldest first.
    pub(in crate::archive) fn proposals(&self) -> Result<Vec<Proposal>, ArchiveError> {
        self.scan(&[keys::PROPOSAL])
    }

    pub(in crate::archive) fn proposal(&self, id: u64) -> Result<Option<Proposal>, ArchiveError> {
        self.write()?;
        self.get(keys::proposal(id))
    }

    pub(in crate::archive) fn unfinished_erasures(&self) -> Result<Vec<EraseRecord>, ArchiveError> {
        let all: Vec<StoredErase> = self.scan(&[keys::ERASURE])?;
        Ok(all.into_iter().filter(|stored| !stored.is_done).map(|stored| stored.record).collect())
    }

    /// What was erased, newest first.
    pub(in crate::archive) fn erasures(&self, offset: usize, limit: usize) -> Result<Vec<StoredErase>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix([keys::ERASURE]).values().rev().skip(offset).take(limit) {
            found.push(wire::decode(&self.noted(value)?)?);
        }
        Ok(found)
    }

    /// By which erasure an instance went.
    pub(in crate::archive) fn tomb(&self, instance: &Uid) -> Result<Option<u64>, ArchiveError> {
        let key = keys::tomb(instance);
        let live = self.live();
        let number: Option<Number> = match live.others.get(&key) {
            Some(known) => known.as_deref().map(wire::decode).transpose()?,
            None => self.get(&key)?,
        };
        Ok(number.map(|number| number.0))
    }
}
