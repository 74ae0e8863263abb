//! Corrections that stand, and what they come to for each study.
//!
//! A study keeps what its objects say and, beside it, the outcome of its corrections. A merge is also a rule by which
//! studies of the same patient that come later are shown.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::correct`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    correct::{OF_STUDY_MAX, identity_of},
    edits,
    rows::{
        CorrectRecord, Correcting, CorrectionRow, Decided, MergedBy, PatientKey, StoredStudy, StudyCorrections,
        UncorrectRecord,
    },
};
use protocol::{
    Timestamp, Uid,
    manifest::{Amendment, Completeness, Edit},
    wire,
};

/// Merges that follow from one another.
const CHAIN_MAX: usize = 16;

impl Index {
    pub(super) fn apply_correct(&self, live: &mut Live, record: &CorrectRecord) -> Result<(), ArchiveError> {
        live.meta.last_id = live.meta.last_id.max(record.id);
        if self.load_correction(live, record.id)?.is_some_and(|row| row.undone.is_some()) {
            return Ok(());
        }
        live.correction_rows.insert(record.id, CorrectionRow { record: record.clone(), undone: None });
        match &record.what {
            Correcting::Study { study, edits } => self.add_edits(live, study, (record.id, record.at), edits.clone()),
            Correcting::Merge { from, into } => {
                let mut merges = self.load_merges(live, from)?;
                if !merges.0.contains(&record.id) {
                    merges.0.push(record.id);
                }
                live.merges.insert(from.clone(), merges);
                for study in self.shown_under(live, from)? {
                    self.add_edits(live, &study, (record.id, record.at), identity_of(into))?;
                }
                Ok(())
            }
        }
    }

    pub(super) fn apply_uncorrect(&self, live: &mut Live, record: &UncorrectRecord) -> Result<(), ArchiveError> {
        let Some(mut row) = self.load_correction(live, record.id)? else { return Ok(()) };
        if row.undone.is_some() {
            return Ok(());
        }
        row.undone = Some(Decided { at: record.at, person: record.person.clone(), note: String::new() });
        if let Correcting::Merge { from, .. } = &row.record.what {
            let mut merges = self.load_merges(live, from)?;
            merges.0.retain(|id| *id != record.id);
            live.merges.insert(from.clone(), merges);
        }
        let studies = match &row.record.what {
            Correcting::Study { study, .. } => vec![study.clone()],
            Correcting::Merge { .. } => self.under(live, record.id)?,
        };
        live.correction_rows.insert(record.id, row);
        for study in studies {
            let mut all = self.load_corrections_of(live, &study)?;
            all.0.retain(|(id, _)| *id != record.id);
            self.put_corrections(live, &study, all, record.at)?;
        }
        Ok(())
    }

    fn add_edits(
        &self,
        live: &mut Live,
        study: &Uid,
        (id, at): (u64, Timestamp),
        edits: Vec<Edit>,
    ) -> Result<(), ArchiveError> {
        let mut all = self.load_corrections_of(live, study)?;
        if all.0.iter().any(|(known, _)| *known == id) || all.0.len() > OF_STUDY_MAX {
            return Ok(());
        }
        all.0.push((id, edits));
        self.put_corrections(live, study, all, at)
    }

    fn put_corrections(
        &self,
        live: &mut Live,
        study: &Uid,
        all: StudyCorrections,
        at: Timestamp,
    ) -> Result<(), ArchiveError> {
        if let Some(mut stored) = self.load_study(live, study)? {
            stored.edits = outcome(&all);
            stored.amended = Some((at, Amendment::Corrected));
            stored.row.changed = stored.row.changed.max(at);
            stored.row.completeness = Completeness::Arriving;
            live.studies.insert(study.clone(), Some(stored));
        }
        live.corrections.insert(study.clone(), all);
        live.gathered += 1;
        Ok(())
    }

    /// A study that was not here: corrections and labels of it from before stand, and merges of its patient hold.
    pub(super) fn born(&self, live: &mut Live, mut study: StoredStudy) -> Result<StoredStudy, ArchiveError> {
        let uid = study.row.study.clone();
        study.labels = self.load_labels(live, &uid)?.0;
        let mut all = self.load_corrections_of(live, &uid)?;
        let before = all.0.len();
        // A merge that was made while the study was here has had its say.
        let mut last = all.0.iter().map(|(id, _)| *id).max().unwrap_or_default();
        for _ in 0..CHAIN_MAX {
            study.edits = outcome(&all);
            let Some(key) = PatientKey::of(&study.shown().patient) else { break };
            let Some(id) = self.load_merges(live, &key)?.0.last().copied().filter(|id| *id > last) else { break };
            let Some(row) = self.load_correction(live, id)? else { break };
            let Correcting::Merge { into, .. } = &row.record.what else { break };
            if all.0.iter().any(|(known, _)| *known == id) {
                break;
            }
            all.0.push((id, identity_of(into)));
            last = id;
        }
        study.edits = outcome(&all);
        if !study.edits.is_empty() {
            study.amended = Some((study.row.changed, Amendment::Corrected));
        }
        if all.0.len() > before {
            live.corrections.insert(uid, all);
        }
        Ok(study)
    }

    /// Studies shown under a patient.
    fn shown_under(&self, live: &mut Live, key: &PatientKey) -> Result<Vec<Uid>, ArchiveError> {
        self.write_live(live)?;
        let mut found = Vec::new();
        for place in self.db()?.scan_prefix(keys::valued_prefix(b'p', &key.id)).keys() {
            let place = self.noted(place)?;
            let tail = place.iter().rposition(|b| *b == 0).map_or(0, |at| at + 1);
            let row = self.row_at(place.get(tail..).unwrap_or_default())?;
            found.extend(row.filter(|r| PatientKey::of(&r.patient).as_ref() == Some(key)).map(|row| row.study));
        }
        Ok(found)
    }

    /// Studies that a correction stands on.
    fn under(&self, live: &mut Live, id: u64) -> Result<Vec<Uid>, ArchiveError> {
        self.write_live(live)?;
        let mut found = Vec::new();
        for pair in self.db()?.scan_prefix([keys::CORRECTIONS_OF]) {
            let (key, value) = self.noted(pair)?;
            let all: StudyCorrections = wire::decode(&value)?;
            if all.0.iter().any(|(known, _)| *known == id) {
                let text = key.get(1..).and_then(|bytes| std::str::from_utf8(bytes).ok());
                found.extend(text.and_then(|text| Uid::parse(text).ok()));
            }
        }
        Ok(found)
    }

    fn load_correction(&self, live: &Live, id: u64) -> Result<Option<CorrectionRow>, ArchiveError> {
        match live.correction_rows.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => self.get(keys::numbered(keys::CORRECTION, id)),
        }
    }

    fn load_corrections_of(&self, live: &Live, study: &Uid) -> Result<StudyCorrections, ArchiveError> {
        match live.corrections.get(study) {
            Some(all) => Ok(all.clone()),
            None => Ok(self.get(keys::corrections_of(study))?.unwrap_or_default()),
        }
    }

    fn load_merges(&self, live: &Live, key: &PatientKey) -> Result<MergedBy, ArchiveError> {
        match live.merges.get(key) {
            Some(merges) => Ok(merges.clone()),
            None => Ok(self.get(keys::merged(key))?.unwrap_or_default()),
        }
    }

    /// A correction by its number.
    pub(in crate::archive) fn correction(&self, id: u64) -> Result<Option<CorrectionRow>, ArchiveError> {
        self.load_correction(&self.live(), id)
    }

    /// The corrections of a study that stand.
    pub(in crate::archive) fn corrections_of(&self, study: &Uid) -> Result<Vec<u64>, ArchiveError> {
        Ok(self.load_corrections_of(&self.live(), study)?.0.into_iter().map(|(id, _)| id).collect())
    }

    /// The merge under which a patient's studies are shown otherwise.
    pub(in crate::archive) fn merge_of(&self, key: &PatientKey) -> Result<Option<u64>, ArchiveError> {
        Ok(self.load_merges(&self.live(), key)?.0.last().copied())
    }

    /// The studies that a correction stands on.
    pub(in crate::archive) fn corrected_by(&self, id: u64) -> Result<Vec<Uid>, ArchiveError> {
        self.under(&mut self.live(), id)
    }

    /// Corrections, also those taken back, newest first.
    pub(in crate::archive) fn corrections(
        &self,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<CorrectionRow>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for value in self.db()?.scan_prefix([keys::CORRECTION]).values().rev().skip(offset).take(limit) {
            found.push(wire::decode(&self.noted(value)?)?);
        }
        Ok(found)
    }
}

fn outcome(all: &StudyCorrections) -> Vec<Edit> {
    edits::folded(all.0.iter().flat_map(|(_, edits)| edits))
}
