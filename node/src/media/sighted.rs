//! Who is on a medium, and who of our patients might be meant: for a person who then decides. Nothing is linked by itself.
//!
//! # Not here
//! What was decided, and what follows from it: [`super::whose`].

use super::whose::{Rival, rivals};
use crate::archive::{Archive, ArchiveError, Peeked};
use protocol::manifest::Patient;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Patients and studies of one scan; a medium has few, a whole archive is imported without looking at each.
const PATIENTS_MAX: usize = 2_000;
const STUDIES_MAX: usize = 10_000;
/// Local patients named for one on the medium.
const CANDIDATES_MAX: usize = 5;

#[derive(Debug, Default)]
struct Study {
    date: Option<String>,
    modalities: BTreeSet<String>,
    instances: u64,
    held: u64,
}

#[derive(Debug)]
struct Seen {
    patient: Patient,
    chosen: bool,
    studies: BTreeMap<String, Study>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(crate) struct Sighted {
    patients: BTreeMap<[Option<String>; 5], Seen>,
    studies: usize,
}

impl Sighted {
    /// One object more.
    pub(crate) fn add(&mut self, peeked: Peeked, is_held: bool, is_chosen: bool) {
        let Peeked { patient, study, date, modality, .. } = peeked;
        let Patient { name, birth_date, sex, id, issuer } = patient.clone();
        let key = [id, issuer, name, birth_date, sex];
        let is_known = self.patients.contains_key(&key);
        if !is_known && self.patients.len() >= PATIENTS_MAX {
            return;
        }
        let new = || Seen { patient, chosen: is_chosen, studies: BTreeMap::new() };
        let seen = self.patients.entry(key).or_insert_with(new);
        if !seen.studies.contains_key(study.as_str()) {
            if self.studies >= STUDIES_MAX {
                return;
            }
            self.studies += 1;
        }
        let row = seen.studies.entry(study.as_str().to_owned()).or_default();
        row.date = row.date.take().or(date);
        row.modalities.insert(modality);
        row.instances += 1;
        row.held += u64::from(is_held);
    }
}

/// What was seen, as the API tells it, with suggestions.
///
/// # Errors
/// When the index cannot be read.
pub(crate) fn sight(archive: &Archive, sighted: Sighted) -> Result<Value, ArchiveError> {
    let mut patients = Vec::new();
    for seen in sighted.patients.into_values() {
        let study = |(uid, study): (String, Study)| {
            json!({ "study": uid, "date": study.date, "modalities": study.modalities, "instances": study.instances,
                "held": study.held })
        };
        let rivals = rivals(archive, &seen.patient)?;
        // Where all of it is here already, it was decided before.
        let is_new = seen.studies.values().any(|study| study.held == 0);
        let must_decide = is_new && rivals.iter().any(Rival::clashes);
        let candidates: Vec<Value> = rivals.iter().take(CANDIDATES_MAX).map(told).collect();
        let Patient { name, birth_date, sex, id, issuer } = seen.patient;
        patients.push(json!({
            "id": id, "issuer": issuer, "name": name, "birth_date": birth_date, "sex": sex, "chosen": seen.chosen,
            "studies": seen.studies.into_iter().map(study).collect::<Vec<_>>(), "candidates": candidates,
            "must_decide": must_decide,
        }));
    }
    Ok(patients.into())
}

fn told(rival: &Rival) -> Value {
    let Patient { name, birth_date, sex, id, issuer } = &rival.patient;
    json!({ "id": id, "issuer": issuer, "name": name, "birth_date": birth_date, "sex": sex,
        "study": rival.study.to_string(), "by": rival.by.word() })
}
