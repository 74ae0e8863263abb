//! Names of files and folders on a medium: safe on every file system, and the same each time.
//!
//! # Not here
//! What lies under them.

use crate::archive::{InstanceRow, SeriesRow, StudyRow};
use std::collections::HashMap;

/// Characters kept of a Patient ID: long paths do not open everywhere.
const ID_CHARS: usize = 24;

/// Letters, digits and `-` of a text; nothing else can mean anything to a file system.
fn safe(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    text.chars().take(most).map(plain).collect()
}

/// Eight hexadecimal digits that tell apart what is else alike.
fn mark(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    hasher.finalize().to_hex().chars().take(8).collect()
}

/// `patient/study/series/` for people.
pub(super) fn folder(study: &StudyRow, series: &SeriesRow) -> String {
    let id = study.patient.id.as_deref().unwrap_or("");
    let issuer = study.patient.issuer.as_deref().unwrap_or("");
    let shown = if id.is_empty() { "NO-ID".to_owned() } else { safe(id, ID_CHARS) };
    let patient = format!("{shown}_{}", mark(&[id, issuer]));
    let date = study.date.as_deref().map_or_else(|| "no-date".to_owned(), |date| safe(date, 8));
    let modalities = safe(&study.modalities.join("-"), 24);
    let of_study = format!("{date}_{modalities}_{}", mark(&[study.study.as_str()]));
    let of_series = format!(
        "{:04}_{}_{}",
        series.number.unwrap_or(0).unsigned_abs() % 10_000,
        safe(&series.modality, 16),
        mark(&[series.series.as_str()])
    );
    format!("{patient}/{of_study}/{of_series}/")
}

/// The name of an instance's file in its folder.
pub(super) fn file(row: &InstanceRow) -> String {
    let number = row.entry.number.unwrap_or(0).unsigned_abs() % 1_000_000;
    format!("{number:06}_{}.dcm", mark(&[row.entry.instance.as_str()]))
}

/// Counts names of eight characters (PS3.10 §8.2): `DICOM/PAT00001/STU00001/SER00001/IMG00001`.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    patients: HashMap<(String, String), u32>,
    study: u32,
    series: u32,
    images: u32,
}

impl Numbers {
    /// The number of a patient; where nothing names one, each study has a patient of its own.
    pub(super) fn patient(&mut self, study: &StudyRow) -> u32 {
        let id = study.patient.id.clone().unwrap_or_else(|| format!("\0{}", study.study));
        let key = (id, study.patient.issuer.clone().unwrap_or_default());
        let next = u32::try_from(self.patients.len()).unwrap_or(u32::MAX).saturating_add(1);
        *self.patients.entry(key).or_insert(next)
    }
    pub(super) fn study(&mut self) -> u32 {
        self.study += 1;
        self.study
    }
    pub(super) fn series(&mut self) -> u32 {
        self.series += 1;
        self.series
    }
    pub(super) fn image(&mut self) -> u32 {
        self.images += 1;
        self.images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_system_would_understand_is_gone() {
        assert_eq!(safe("../a b\\c:é\0", 24), "---a-b-c---");
        assert_eq!(safe("123456789", 4), "1234");
        assert_ne!(mark(&["a", "b"]), mark(&["ab", ""]));
    }
}
