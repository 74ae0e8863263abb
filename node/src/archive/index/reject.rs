//! Instances that were rejected leave the rows; those reinstated come back.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::reject`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{ConflictRow, Place, ReinstateRecord, RejectRecord, StoredSeries, StoredStudy, UnderRejection},
};
use protocol::{
    Digest, Timestamp, Uid,
    manifest::{Amendment, Completeness},
    wire,
};
use std::collections::BTreeSet;

impl Index {
    pub(super) fn apply_reject(&self, live: &mut Live, record: &RejectRecord) -> Result<(), ArchiveError> {
        for named in &record.instances {
            live.rejected.insert(named.instance.clone(), Some(record.id));
        }
        live.rejections.insert(record.id, Some(record.clone()));
        self.take_all_out(live, (&record.study, record.at, Amendment::Rejected), &record.instances)
    }

    /// A study some of whose series lost instances.
    pub(super) fn count_gone(
        &self,
        live: &mut Live,
        (study, at, what): (&Uid, Timestamp, Amendment),
        series: &BTreeSet<Uid>,
    ) -> Result<(), ArchiveError> {
        let Some(mut study) = self.load_study(live, study)? else { return Ok(()) };
        for series in series {
            self.count_again(live, &mut study, series)?;
        }
        study.row.completeness = Completeness::Arriving;
        study.row.changed = study.row.changed.max(at);
        study.amended = Some((at, what));
        self.sum_up(live, study)
    }

    pub(super) fn apply_reinstate(&self, live: &mut Live, record: &ReinstateRecord) -> Result<(), ArchiveError> {
        for ingest in &record.instances {
            live.rejected.insert(ingest.instance.row.entry.instance.clone(), None);
            self.apply_ingest(live, ingest)?;
        }
        if let Some(first) = record.instances.first()
            && let Some(mut study) = self.load_study(live, &first.study.study)?
        {
            study.amended = Some((record.at, Amendment::Reinstated));
            live.studies.insert(study.row.study.clone(), Some(study));
        }
        live.rejections.insert(record.id, None);
        Ok(())
    }

    pub(super) fn take_out(&self, live: &mut Live, place: Place, at: usize) -> Result<(), ArchiveError> {
        let Some(mut chunk) = self.with_chunk(live, place, Clone::clone)? else { return Ok(()) };
        let gone = chunk.instances.remove(at);
        let entry = &gone.row.entry;
        for print in [keys::sop_print(&entry.instance), keys::digest_print(&entry.digest)] {
            let is_shared = chunk.instances.iter().any(|other| {
                let other = &other.row.entry;
                [keys::sop_print(&other.instance), keys::digest_print(&other.digest)].contains(&print)
            });
            if !is_shared {
                let mut places = self.load_places(live, &print)?;
                places.0.retain(|known| *known != place);
                live.places.insert(print, places);
            }
        }
        live.meta.totals.instances = live.meta.totals.instances.saturating_sub(1);
        live.meta.totals.bytes = live.meta.totals.bytes.saturating_sub(entry.bytes);
        live.chunks.insert(place, chunk);
        live.gathered += 1;
        Ok(())
    }

    /// A series by what is left of it; gone when nothing is.
    pub(super) fn count_again(
        &self,
        live: &mut Live,
        study: &mut StoredStudy,
        series: &Uid,
    ) -> Result<(), ArchiveError> {
        let Some(mut stored) = self.load_series(live, &study.row.study, series)? else { return Ok(()) };
        let (mut instances, mut bytes) = (0u32, 0u64);
        for chunk in 0..stored.chunks {
            let place = Place { series: stored.id, chunk };
            self.with_chunk(live, place, |chunk| {
                for instance in &chunk.instances {
                    instances = instances.saturating_add(1);
                    bytes = bytes.saturating_add(instance.row.entry.bytes);
                }
            })?;
        }
        (stored.row.instances, stored.row.bytes) = (instances, bytes);
        if instances == 0 {
            study.series.retain(|known| known != series);
        }
        let key = (study.row.study.clone(), series.clone());
        live.series.insert(key, Some(stored).filter(|stored| stored.row.instances > 0));
        Ok(())
    }

    /// A study by its series; gone when there are none. Versions go on from where it stood.
    pub(super) fn sum_up(&self, live: &mut Live, mut study: StoredStudy) -> Result<(), ArchiveError> {
        let uid = study.row.study.clone();
        let mut rows: Vec<StoredSeries> = Vec::with_capacity(study.series.len());
        for series in &study.series {
            rows.extend(self.load_series(live, &uid, series)?);
        }
        live.meta.floor = live.meta.floor.max(study.row.version);
        if rows.is_empty() {
            live.meta.totals.studies = live.meta.totals.studies.saturating_sub(1);
            live.studies.insert(uid, None);
            return Ok(());
        }
        let row = &mut study.row;
        row.series = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        row.instances = rows.iter().fold(0, |sum: u32, series| sum.saturating_add(series.row.instances));
        row.bytes = rows.iter().fold(0, |sum: u64, series| sum.saturating_add(series.row.bytes));
        row.modalities = rows.iter().map(|s| s.row.modality.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let parts = rows.iter().filter_map(|series| series.row.body_part.clone());
        row.body_parts = parts.collect::<BTreeSet<_>>().into_iter().collect();
        live.studies.insert(uid, Some(study));
        Ok(())
    }

    /// Which rejection an instance is under.
    pub(in crate::archive) fn rejected(&self, instance: &Uid) -> Result<Option<u64>, ArchiveError> {
        match self.live().rejected.get(instance) {
            Some(known) => Ok(*known),
            None => Ok(self.get::<UnderRejection>(keys::rejected(instance))?.map(|under| under.0)),
        }
    }

    /// A rejection that stands.
    pub(in crate::archive) fn rejection(&self, id: u64) -> Result<Option<RejectRecord>, ArchiveError> {
        match self.live().rejections.get(&id) {
            Some(known) => Ok(known.clone()),
            None => self.get(keys::rejection(id)),
        }
    }

    /// Rejections that stand, newest first.
    pub(in crate::archive) fn rejections(
        &self,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<RejectRecord>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix([keys::REJECTION]).values().rev().skip(offset).take(limit) {
            found.push(wire::decode(&self.noted(value)?)?);
        }
        Ok(found)
    }

    /// Digests of what is rejected, or kept aside in a conflict that is not closed: their files are named, though no row names them.
    pub(in crate::archive) fn spared_digests(&self) -> Result<BTreeSet<Digest>, ArchiveError> {
        self.write()?;
        let mut digests = BTreeSet::new();
        for value in self.db()?.scan_prefix([keys::REJECTION]).values() {
            let record: RejectRecord = wire::decode(&self.noted(value)?)?;
            digests.extend(record.instances.into_iter().map(|named| named.digest));
        }
        for value in self.db()?.scan_prefix([keys::CONFLICT]).values() {
            let row: ConflictRow = wire::decode(&self.noted(value)?)?;
            if row.closed.is_none() {
                digests.extend([row.held, row.other]);
            }
        }
        Ok(digests)
    }
}
