//! Who is on a medium, and who of our patients might be meant: for a person who then chooses. Nothing is linked by itself.
//!
//! # Not here
//! Joining two patients: a medium's objects keep the ID and the issuer they came with.

use crate::archive::{Archive, ArchiveError, Peeked, StudyQuery};
use protocol::manifest::Patient;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Patients and studies of one scan; a medium has few, a whole archive is imported without looking at each.
const PATIENTS_MAX: usize = 2_000;
const STUDIES_MAX: usize = 10_000;
/// Local patients named for one on the medium.
const CANDIDATES_MAX: usize = 5;
/// Rows looked through for them.
const ROWS_MAX: usize = 200;

/// Which patients of a medium are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    /// Patient IDs; empty: all.
    pub(crate) only: Vec<String>,
    pub(crate) never: Vec<String>,
}

impl Choice {
    /// Whether objects of this Patient ID are wanted.
    pub(crate) fn takes(&self, id: &str) -> bool {
        (self.only.is_empty() || self.only.iter().any(|one| one == id)) && !self.never.iter().any(|one| one == id)
    }

    /// Whether everything is.
    pub(crate) fn is_all(&self) -> bool {
        self.only.is_empty() && self.never.is_empty()
    }
}

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
        let candidates = candidates(archive, &seen.patient)?;
        let Patient { name, birth_date, sex, id, issuer } = seen.patient;
        patients.push(json!({
            "id": id, "issuer": issuer, "name": name, "birth_date": birth_date, "sex": sex, "chosen": seen.chosen,
            "studies": seen.studies.into_iter().map(study).collect::<Vec<_>>(), "candidates": candidates,
        }));
    }
    Ok(patients.into())
}

/// By ID and issuer, or by name, birth date and sex, all three.
fn candidates(archive: &Archive, patient: &Patient) -> Result<Vec<Value>, ArchiveError> {
    let mut found: BTreeMap<[Option<String>; 2], &str> = BTreeMap::new();
    if let Some(id) = &patient.id {
        let query = StudyQuery { patient_id: Some(exact(id)), ..StudyQuery::default() };
        for row in archive.studies(&query, 0, ROWS_MAX)? {
            if row.patient.id == patient.id && row.patient.issuer == patient.issuer {
                found.insert([row.patient.id, row.patient.issuer], "same ID and issuer");
            }
        }
    }
    if let (Some(name), Some(birth), Some(sex)) = (&patient.name, &patient.birth_date, &patient.sex) {
        let (name, birth_date) = (Some(exact(name)), Some(birth.clone()));
        let query = StudyQuery { patient_name: name, birth_date, ..StudyQuery::default() };
        for row in archive.studies(&query, 0, ROWS_MAX)? {
            if row.patient.sex.as_ref() == Some(sex) {
                found.entry([row.patient.id, row.patient.issuer]).or_insert("same name, birth date and sex");
            }
        }
    }
    let told = |([id, issuer], by): ([Option<String>; 2], &str)| json!({ "id": id, "issuer": issuer, "by": by });
    Ok(found.into_iter().take(CANDIDATES_MAX).map(told).collect())
}

/// A value that is no pattern: a wildcard in it stands for any one character, and what was found is compared again.
fn exact(value: &str) -> String {
    value.replace('*', "?")
}
