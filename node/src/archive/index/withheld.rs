//! What is held back of studies: the records that stand, read once and kept, for every decision about a peer asks them.
//!
//! # Not here
//! Who may, the journal, the evidence: [`crate::archive::withhold`].

use super::{Index, Live, keys, lock};
use crate::archive::{
    ArchiveError,
    rows::{Of, PatientKey, WithholdRecord},
};
use protocol::{Uid, agreement::Withheld, manifest::Patient};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// What stands, as it was read last.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Rises with every change.
    turn: AtomicU64,
    read: Mutex<Option<(u64, Arc<Standing>)>>,
}

impl Known {
    pub(super) fn forget(&self) {
        self.turn.fetch_add(1, Ordering::AcqRel);
    }
}

#[derive(Debug, Default)]
struct Standing {
    records: Vec<WithholdRecord>,
    studies: HashMap<Uid, Withheld>,
    patients: HashMap<PatientKey, Withheld>,
}

impl Standing {
    fn of(records: Vec<WithholdRecord>) -> Self {
        let mut standing = Self::default();
        for record in &records {
            let of = match &record.of {
                Of::Study(study) => standing.studies.entry(study.clone()).or_default(),
                Of::Patient(patient) => standing.patients.entry(patient.clone()).or_default(),
            };
            *of = of.and(record.how.withheld());
        }
        Self { records, ..standing }
    }
}

impl Index {
    /// A record stands from now on, or no more.
    pub(super) fn keep_withheld(
        &self,
        live: &mut Live,
        id: u64,
        record: Option<&WithholdRecord>,
    ) -> Result<(), ArchiveError> {
        live.put_other(keys::withheld(id), record);
        self.withheld.forget();
        Ok(())
    }

    fn standing(&self) -> Result<Arc<Standing>, ArchiveError> {
        let turn = self.withheld.turn.load(Ordering::Acquire);
        if let Some((_, standing)) = lock(&self.withheld.read).as_ref().filter(|(at, _)| *at == turn) {
            return Ok(standing.clone());
        }
        let standing = Arc::new(Standing::of(self.scan(keys::WITHHELD)?));
        *lock(&self.withheld.read) = Some((turn, standing.clone()));
        Ok(standing)
    }

    /// What is held back of a study of this patient.
    pub(in crate::archive) fn withheld(&self, study: &Uid, patient: &Patient) -> Result<Withheld, ArchiveError> {
        let standing = self.standing()?;
        let of_study = standing.studies.get(study).copied().unwrap_or_default();
        let of_patient = PatientKey::of(patient).and_then(|key| standing.patients.get(&key).copied());
        Ok(of_study.and(of_patient.unwrap_or_default()))
    }

    /// Records that stand, oldest first.
    pub(in crate::archive) fn withholdings(&self) -> Result<Vec<WithholdRecord>, ArchiveError> {
        Ok(self.standing()?.records.clone())
    }
}
