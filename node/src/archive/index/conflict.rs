//! Other bytes kept aside, and what was decided of them.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::conflict`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{
        AsideRecord, CloseRecord, Closed, ClosedRecord, ConflictRow, ConflictState, ConflictsOf, Decided,
        ResolveRecord, Swap,
    },
};
use protocol::{
    Digest, Timestamp, Uid,
    manifest::{Amendment, Completeness},
    wire,
};
use std::collections::BTreeSet;

impl Index {
    pub(super) fn apply_aside(&self, live: &mut Live, record: &AsideRecord) -> Result<(), ArchiveError> {
        live.meta.last_id = live.meta.last_id.max(record.id);
        if self.load_conflict(live, record.id)?.is_some() {
            return Ok(());
        }
        let ingest = &record.ingest;
        let entry = &ingest.instance.row.entry;
        let mut of = self.load_conflicts_of(live, &entry.instance)?;
        of.0.push(record.id);
        live.conflicts_of.insert(entry.instance.clone(), of);
        live.meta.aside.0 += 1;
        live.meta.aside.1 = live.meta.aside.1.saturating_add(entry.bytes);
        live.conflicts.insert(
            record.id,
            ConflictRow {
                id: record.id,
                at: record.at,
                person: ingest.person.clone(),
                instance: entry.instance.clone(),
                study: ingest.study.study.clone(),
                series: ingest.series.series.clone(),
                patient: ingest.study.patient.clone(),
                bytes: entry.bytes,
                held: record.held,
                other: entry.digest,
                state: ConflictState::Open,
                decided: None,
                closed: None,
            },
        );
        Ok(())
    }

    pub(super) fn apply_resolve(&self, live: &mut Live, record: &ResolveRecord) -> Result<(), ArchiveError> {
        let Some(mut row) = self.load_conflict(live, record.id)? else { return Ok(()) };
        if let Some(swap) = &record.swap {
            self.swap(live, &row.instance, swap, record.at)?;
        }
        let (was_open, is_open) = (row.state == ConflictState::Open, record.state == ConflictState::Open);
        let aside = &mut live.meta.aside;
        if was_open && !is_open {
            *aside = (aside.0.saturating_sub(1), aside.1.saturating_sub(row.bytes));
        } else if is_open && !was_open {
            *aside = (aside.0 + 1, aside.1.saturating_add(row.bytes));
        }
        row.state = record.state;
        row.decided = Some(Decided { at: record.at, person: record.person.clone(), note: record.note.clone() });
        live.conflicts.insert(row.id, row);
        Ok(())
    }

    pub(super) fn apply_close(&self, live: &mut Live, record: &CloseRecord) -> Result<(), ArchiveError> {
        let Some(mut row) = self.load_conflict(live, record.id)? else { return Ok(()) };
        if row.closed.is_none() {
            let CloseRecord { at, person, reason, gone, .. } = record.clone();
            row.closed = Some(Closed { at, person, reason, gone, is_done: false });
            live.conflicts.insert(row.id, row);
        }
        Ok(())
    }

    pub(super) fn apply_closed(&self, live: &mut Live, record: &ClosedRecord) -> Result<(), ArchiveError> {
        live.copies.extend(record.gone.iter().map(|digest| (*digest, false)));
        for id in &record.ids {
            if let Some(mut row) = self.load_conflict(live, *id)?
                && let Some(closed) = &mut row.closed
            {
                closed.is_done = true;
                live.conflicts.insert(*id, row);
            }
        }
        Ok(())
    }

    /// One object in another's place; done before, it changes nothing.
    fn swap(&self, live: &mut Live, instance: &Uid, swap: &Swap, at: Timestamp) -> Result<(), ArchiveError> {
        if let Some((place, index, held)) = self.find_sop(live, instance)? {
            if held.row.entry.digest != swap.out {
                return Ok(());
            }
            let names = self.with_chunk(live, place, |chunk| (chunk.study.clone(), chunk.series.clone()))?;
            self.take_out(live, place, index)?;
            if let Some((study, series)) = names {
                self.count_gone(live, (&study, at, Amendment::Replaced), &BTreeSet::from([series]))?;
            }
        }
        self.apply_ingest(live, &swap.into)?;
        if let Some(mut study) = self.load_study(live, &swap.into.study.study)? {
            study.amended = Some((at, Amendment::Replaced));
            study.row.completeness = Completeness::Arriving;
            live.studies.insert(study.row.study.clone(), Some(study));
        }
        Ok(())
    }

    fn load_conflict(&self, live: &Live, id: u64) -> Result<Option<ConflictRow>, ArchiveError> {
        match live.conflicts.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => self.get(keys::numbered(keys::CONFLICT, id)),
        }
    }

    fn load_conflicts_of(&self, live: &Live, instance: &Uid) -> Result<ConflictsOf, ArchiveError> {
        match live.conflicts_of.get(instance) {
            Some(of) => Ok(of.clone()),
            None => Ok(self.get(keys::conflicts_of(instance))?.unwrap_or_default()),
        }
    }

    /// A conflict by its number.
    pub(in crate::archive) fn conflict(&self, id: u64) -> Result<Option<ConflictRow>, ArchiveError> {
        self.load_conflict(&self.live(), id)
    }

    /// The conflict in which these bytes of an instance stand beside those `held` now. One that is closed counts only
    /// where these are the bytes that it decided against.
    pub(in crate::archive) fn conflict_of(
        &self,
        instance: &Uid,
        digest: &Digest,
        held: &Digest,
    ) -> Result<Option<u64>, ArchiveError> {
        let live = self.live();
        for id in self.load_conflicts_of(&live, instance)?.0 {
            let Some(row) = self.load_conflict(&live, id)? else { continue };
            let names = [row.held, row.other];
            let is_it = match &row.closed {
                Some(closed) => closed.gone == *digest && names.contains(held),
                None => names.contains(digest),
            };
            if is_it {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether other bytes are kept aside under an instance's UID.
    pub(in crate::archive) fn is_contested(&self, instance: &Uid) -> Result<bool, ArchiveError> {
        let live = self.live();
        for id in self.load_conflicts_of(&live, instance)?.0 {
            if self.load_conflict(&live, id)?.is_some_and(|row| row.closed.is_none()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Closed conflicts whose bytes may not all be gone.
    pub(in crate::archive) fn unfinished_closings(&self) -> Result<Vec<ConflictRow>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix([keys::CONFLICT]).values() {
            let row: ConflictRow = wire::decode(&self.noted(value)?)?;
            if row.closed.as_ref().is_some_and(|closed| !closed.is_done) {
                found.push(row);
            }
        }
        Ok(found)
    }

    /// Conflicts, newest first; only those not decided, or all.
    pub(in crate::archive) fn conflicts(
        &self,
        is_open: bool,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ConflictRow>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        let mut passed = 0;
        for value in self.db()?.scan_prefix([keys::CONFLICT]).values().rev() {
            let row: ConflictRow = wire::decode(&self.noted(value)?)?;
            if is_open && row.state != ConflictState::Open {
                continue;
            }
            passed += 1;
            if passed > offset {
                found.push(row);
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// How many conflicts wait for a decision, and their bytes.
    pub(in crate::archive) fn aside(&self) -> (u64, u64) {
        self.live().meta.aside
    }

    /// The highest number given to a conflict or correction.
    pub(in crate::archive) fn last_id(&self) -> u64 {
        self.live().meta.last_id
    }
}
