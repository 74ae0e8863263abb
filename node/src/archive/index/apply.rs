//! Journal records into rows. Applying one twice changes nothing.

use super::{Applied, CHUNK_INSTANCES, Index, Live, keys};
use crate::{
    archive::{
        ArchiveError,
        rows::{
            Chunk, IngestRecord, Place, SeriesRow, SeriesSays, SettleRecord, StoredSeries, StoredStudy, StudyRow,
            StudySays,
        },
    },
    journal::Position,
};
use protocol::{
    Timestamp,
    manifest::{Completeness, Patient},
};
use std::sync::atomic::Ordering;

/// Different modalities or body parts listed of one study.
const LISTED_MAX: usize = 32;

impl Index {
    /// Takes in a durable record; `next` is where the record behind it starts.
    ///
    /// # Errors
    /// When rows cannot be read. The record then counts as not applied, and so does every later one.
    pub(in crate::archive) fn apply(&self, record: &Applied, next: Position) -> Result<(), ArchiveError> {
        let live = &mut *self.live();
        let applied = match record {
            Applied::Ingest(record) => self.apply_ingest(live, record),
            Applied::Settle(record) => self.apply_settle(live, record),
            Applied::Reject(record) => self.apply_reject(live, record),
            Applied::Reinstate(record) => self.apply_reinstate(live, record),
            Applied::Aside(record) => self.apply_aside(live, record),
            Applied::Resolve(record) => self.apply_resolve(live, record),
            Applied::Correct(record) => self.apply_correct(live, record),
            Applied::Uncorrect(record) => self.apply_uncorrect(live, record),
            Applied::Erase(record) => self.apply_erase(live, record),
            Applied::Erased(record) => self.apply_erased(live, record),
            Applied::Close(record) => self.apply_close(live, record),
            Applied::Closed(record) => self.apply_closed(live, record),
            Applied::Cold(record) => {
                Self::apply_cold(live, record);
                Ok(())
            }
            Applied::Recall(record) => {
                Self::apply_recall(live, record);
                Ok(())
            }
            Applied::Claim(record) => {
                Self::apply_claim(live, record);
                Ok(())
            }
            Applied::Propose(record) => {
                Self::apply_propose(live, record);
                Ok(())
            }
            Applied::Withdraw(record) => {
                Self::apply_withdraw(live, record);
                Ok(())
            }
            Applied::Note(record) => {
                Self::apply_note(live, record);
                Ok(())
            }
            Applied::Rule(record) => self.apply_rule(live, record),
            Applied::Label(record) => self.apply_label(live, record),
            Applied::Fire(record) => self.apply_fire(live, record),
            Applied::Routed(record) => self.apply_routed(live, record),
            Applied::WithPeers(record) => self.apply_with_peers(live, record),
            Applied::Floor(version) => {
                live.meta.floor = live.meta.floor.max(*version);
                Ok(())
            }
            Applied::Rot(record) => {
                Self::apply_rot(live, record);
                Ok(())
            }
            Applied::Repair(record) => self.apply_repair(live, record),
            Applied::Withhold(record) => self.keep_withheld(live, record.id, Some(record)),
            Applied::Release(record) => self.keep_withheld(live, record.id, None),
            Applied::Nothing => Ok(()),
        };
        if applied.is_err() {
            live.is_behind = true;
            self.is_hurt.store(true, Ordering::Release);
        }
        // Set behind it: a correction writes what was gathered before it looks.
        live.is_changed = true;
        applied?;
        live.meta.applied = live.meta.applied.max(next);
        if live.gathered >= self.gathered_max() { self.write_live(live) } else { Ok(()) }
    }

    pub(super) fn apply_ingest(&self, live: &mut Live, record: &IngestRecord) -> Result<(), ArchiveError> {
        let entry = &record.instance.row.entry;
        if let Some((place, at, held)) = self.find_sop(live, &entry.instance)? {
            if held.row.entry.digest == entry.digest {
                // Stored anew since its file was lost: only where the data set begins may differ.
                let chunk = self.chunk_mut(live, place, record)?;
                if let Some(held) = chunk.instances.get_mut(at) {
                    held.row.meta_bytes = record.instance.row.meta_bytes;
                    held.meta_digest = record.instance.meta_digest;
                }
                self.stored_anew(live, &entry.digest, record.instance.row.received)?;
            } else {
                tracing::error!(instance = %entry.instance, "a record for other bytes under a held UID is ignored");
            }
            return Ok(());
        }
        let received = record.instance.row.received;
        let (study_uid, series_uid) = (&record.study.study, &record.series.series);
        let mut study = match self.load_study(live, study_uid)? {
            Some(study) => study,
            None => {
                live.meta.totals.studies += 1;
                self.born(live, new_study(&record.study, received))?
            }
        };
        let mut series = match self.load_series(live, study_uid, series_uid)? {
            Some(series) => series,
            None => {
                live.meta.next_series += 1;
                study.series.push(series_uid.clone());
                new_series(&record.series, live.meta.next_series)
            }
        };
        let mut place = Place { series: series.id, chunk: series.chunks.saturating_sub(1) };
        let is_full = |chunk: &Chunk| chunk.instances.len() >= CHUNK_INSTANCES;
        if series.chunks == 0 || self.with_chunk(live, place, is_full)?.unwrap_or(true) {
            place.chunk = series.chunks;
            series.chunks += 1;
        }
        self.chunk_mut(live, place, record)?.instances.push(record.instance.clone());
        for print in [keys::sop_print(&entry.instance), keys::digest_print(&entry.digest)] {
            let mut places = self.load_places(live, &print)?;
            if !places.0.contains(&place) {
                places.0.push(place);
            }
            live.places.insert(print, places);
        }
        grow_study(&mut study.row, record, study.series.len());
        grow_series(&mut series.row, record);
        list(&mut study.senders, Some(&record.person));
        live.meta.totals.instances += 1;
        live.meta.totals.bytes = live.meta.totals.bytes.saturating_add(entry.bytes);
        live.gathered += 1;
        live.series.insert((study_uid.clone(), series_uid.clone()), Some(series));
        live.studies.insert(study_uid.clone(), Some(study));
        Ok(())
    }

    fn chunk_mut<'a>(
        &self,
        live: &'a mut Live,
        place: Place,
        record: &IngestRecord,
    ) -> Result<&'a mut Chunk, ArchiveError> {
        use std::collections::hash_map::Entry;
        match live.chunks.entry(place) {
            Entry::Occupied(held) => Ok(held.into_mut()),
            Entry::Vacant(vacant) => {
                let stored = self.get::<Chunk>(keys::chunk(place))?;
                Ok(vacant.insert(stored.unwrap_or_else(|| Chunk {
                    study: record.study.study.clone(),
                    series: record.series.series.clone(),
                    instances: Vec::new(),
                })))
            }
        }
    }

    fn apply_settle(&self, live: &mut Live, record: &SettleRecord) -> Result<(), ArchiveError> {
        let Some(mut study) = self.load_study(live, &record.study)? else { return Ok(()) };
        if study.row.version >= record.version {
            return Ok(());
        }
        study.row.version = record.version;
        study.row.changed = study.row.changed.max(record.at);
        study.manifest = Some(record.manifest);
        if study.row.instances == record.instances {
            study.row.completeness = Completeness::Complete;
        }
        live.studies.insert(record.study.clone(), Some(study));
        Ok(())
    }
}

fn new_study(says: &StudySays, received: Timestamp) -> StoredStudy {
    let row = StudyRow {
        study: says.study.clone(),
        patient: says.patient.clone(),
        date: None,
        time: None,
        utc_offset_min: None,
        national: None,
        modalities: Vec::new(),
        body_parts: Vec::new(),
        description: None,
        accession: None,
        referrer: None,
        study_id: None,
        series: 0,
        instances: 0,
        bytes: 0,
        arrived: received,
        changed: received,
        completeness: Completeness::Arriving,
        version: 0,
        patient_conflict: false,
        amended: None,
        labels: Vec::new(),
    };
    StoredStudy {
        row,
        series: Vec::new(),
        manifest: None,
        edits: Vec::new(),
        amended: None,
        labels: Vec::new(),
        senders: Vec::new(),
    }
}

fn grow_study(row: &mut StudyRow, record: &IngestRecord, series: usize) {
    let says = &record.study;
    row.patient_conflict |= is_other(&row.patient, &says.patient);
    // Two numbers are two people.
    row.patient_conflict |= says.national.is_some() && row.national.is_some() && row.national != says.national;
    if row.national.is_none() {
        row.national.clone_from(&says.national);
    }
    if row.date.is_none() && says.date.is_some() {
        row.date.clone_from(&says.date);
        row.time.clone_from(&says.time);
        row.utc_offset_min = says.utc_offset_min;
    }
    fill(&mut row.description, &says.description);
    fill(&mut row.accession, &says.accession);
    fill(&mut row.referrer, &says.referrer);
    fill(&mut row.study_id, &says.study_id);
    list(&mut row.modalities, Some(&record.series.modality));
    list(&mut row.body_parts, record.series.body_part.as_ref());
    row.series = u32::try_from(series).unwrap_or(u32::MAX);
    row.instances = row.instances.saturating_add(1);
    row.bytes = row.bytes.saturating_add(record.instance.row.entry.bytes);
    row.arrived = row.arrived.min(record.instance.row.received);
    row.changed = row.changed.max(record.instance.row.received);
    row.completeness = Completeness::Arriving;
}

/// Whether two instances of one study speak of two patients: another Patient ID, or another issuer where both name one.
fn is_other(held: &Patient, new: &Patient) -> bool {
    held.id != new.id || (held.issuer.is_some() && new.issuer.is_some() && held.issuer != new.issuer)
}

fn fill(held: &mut Option<String>, new: &Option<String>) {
    if held.is_none() {
        held.clone_from(new);
    }
}

fn list(held: &mut Vec<String>, new: Option<&String>) {
    if let Some(new) = new
        && held.len() < LISTED_MAX
        && let Err(at) = held.binary_search(new)
    {
        held.insert(at, new.clone());
    }
}

fn new_series(says: &SeriesSays, id: u32) -> StoredSeries {
    let row = SeriesRow {
        series: says.series.clone(),
        modality: says.modality.clone(),
        number: says.number,
        description: None,
        body_part: None,
        date: None,
        time: None,
        station: None,
        institution: None,
        instances: 0,
        bytes: 0,
    };
    StoredSeries { row, id, chunks: 0 }
}

fn grow_series(row: &mut SeriesRow, record: &IngestRecord) {
    let says = &record.series;
    row.number = row.number.or(says.number);
    fill(&mut row.description, &says.description);
    fill(&mut row.body_part, &says.body_part);
    if row.date.is_none() && says.date.is_some() {
        row.date.clone_from(&says.date);
        row.time.clone_from(&says.time);
    }
    fill(&mut row.station, &says.station);
    fill(&mut row.institution, &says.institution);
    row.instances = row.instances.saturating_add(1);
    row.bytes = row.bytes.saturating_add(record.instance.row.entry.bytes);
}
