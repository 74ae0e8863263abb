//! Attributes that may be corrected, what values they take, and rows that show them.
//!
//! # Not here
//! Recording a correction: [`super::correct`]. Correcting an object's bytes on their way out: [`super::amend`].

use super::rows::StudyRow;
use protocol::manifest::Edit;

/// Tags of what may be corrected.
pub(crate) mod tag {
    pub(crate) const DATE: u32 = 0x0008_0020;
    pub(crate) const TIME: u32 = 0x0008_0030;
    pub(crate) const ACCESSION: u32 = 0x0008_0050;
    pub(crate) const REFERRER: u32 = 0x0008_0090;
    pub(crate) const DESCRIPTION: u32 = 0x0008_1030;
    pub(crate) const PATIENT_NAME: u32 = 0x0010_0010;
    pub(crate) const PATIENT_ID: u32 = 0x0010_0020;
    pub(crate) const ISSUER: u32 = 0x0010_0021;
    pub(crate) const BIRTH_DATE: u32 = 0x0010_0030;
    pub(crate) const SEX: u32 = 0x0010_0040;
    pub(crate) const STUDY_ID: u32 = 0x0020_0010;
}

/// A kind of value (PS3.5 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) tag: u32,
    /// As the API and the command line name it: the keyword of PS3.6.
    pub(crate) keyword: &'static str,
    pub(crate) vr: [u8; 2],
    chars_max: usize,
}

const fn attribute(tag: u32, keyword: &'static str, vr: [u8; 2], chars_max: usize) -> Attribute {
    Attribute { tag, keyword, vr, chars_max }
}

/// The one table of what may be corrected.
pub(crate) const ATTRIBUTES: [Attribute; 11] = [
    attribute(tag::PATIENT_NAME, "PatientName", *b"PN", 194),
    attribute(tag::PATIENT_ID, "PatientID", *b"LO", 64),
    attribute(tag::ISSUER, "IssuerOfPatientID", *b"LO", 64),
    attribute(tag::BIRTH_DATE, "PatientBirthDate", *b"DA", 8),
    attribute(tag::SEX, "PatientSex", *b"CS", 1),
    attribute(tag::DATE, "StudyDate", *b"DA", 8),
    attribute(tag::TIME, "StudyTime", *b"TM", 6),
    attribute(tag::ACCESSION, "AccessionNumber", *b"SH", 16),
    attribute(tag::DESCRIPTION, "StudyDescription", *b"LO", 64),
    attribute(tag::REFERRER, "ReferringPhysicianName", *b"PN", 194),
    attribute(tag::STUDY_ID, "StudyID", *b"SH", 16),
];

/// The identity of a patient, all of it: what a merge gives and a move sets.
pub(super) const IDENTITY: [u32; 5] = [tag::PATIENT_NAME, tag::PATIENT_ID, tag::ISSUER, tag::BIRTH_DATE, tag::SEX];

pub(crate) fn by_tag(tag: u32) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|known| known.tag == tag)
}

pub(crate) fn by_keyword(keyword: &str) -> Option<&'static Attribute> {
    ATTRIBUTES.iter().find(|known| known.keyword == keyword)
}

impl Attribute {
    /// The value as it will be shown; `None` where it is not one of this kind. An empty text makes the attribute empty.
    pub(crate) fn edit(&self, text: &str) -> Option<Edit> {
        let text = text.trim();
        if text.is_empty() {
            return Some(Edit { tag: self.tag, value: None });
        }
        let digits = |len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        let part = |range: std::ops::Range<usize>, min: u8, max: u8| {
            text.get(range).and_then(|t| t.parse::<u8>().ok()).is_some_and(|n| (min..=max).contains(&n))
        };
        let fits = text.chars().count() <= self.chars_max && !text.chars().any(|c| c.is_control() || c == '\\');
        let is_one = fits
            && match &self.vr {
                b"DA" => digits(8) && part(4..6, 1, 12) && part(6..8, 1, 31),
                b"TM" => digits(6) && part(0..2, 0, 23) && part(2..4, 0, 59) && part(4..6, 0, 60),
                b"CS" => matches!(text, "M" | "F" | "O"),
                b"PN" => text.split('=').count() <= 3 && text.split('=').all(|group| group.split('^').count() <= 5),
                _ => true,
            };
        is_one.then(|| Edit { tag: self.tag, value: Some(text.to_owned()) })
    }
}

/// The field of a row that holds an attribute.
fn field(row: &mut StudyRow, tag: u32) -> Option<&mut Option<String>> {
    Some(match tag {
        tag::PATIENT_NAME => &mut row.patient.name,
        tag::PATIENT_ID => &mut row.patient.id,
        tag::ISSUER => &mut row.patient.issuer,
        tag::BIRTH_DATE => &mut row.patient.birth_date,
        tag::SEX => &mut row.patient.sex,
        tag::DATE => &mut row.date,
        tag::TIME => &mut row.time,
        tag::ACCESSION => &mut row.accession,
        tag::DESCRIPTION => &mut row.description,
        tag::REFERRER => &mut row.referrer,
        tag::STUDY_ID => &mut row.study_id,
        _ => return None,
    })
}

/// Puts corrected values in the place of received ones.
pub(super) fn show(row: &mut StudyRow, edits: &[Edit]) {
    for edit in edits {
        if let Some(field) = field(row, edit.tag) {
            field.clone_from(&edit.value);
        }
        // Of another patient it is another's number.
        if matches!(edit.tag, tag::PATIENT_ID | tag::ISSUER) {
            row.national = None;
        }
    }
}

/// What a row says of an attribute.
pub(crate) fn value(row: &StudyRow, tag: u32) -> Option<String> {
    field(&mut row.clone(), tag).and_then(|field| field.clone())
}

/// Later edits over earlier ones; each tag once, in the order of tags.
pub(super) fn folded<'a>(all: impl Iterator<Item = &'a Edit>) -> Vec<Edit> {
    let by_tag: std::collections::BTreeMap<u32, &Edit> = all.map(|edit| (edit.tag, edit)).collect();
    by_tag.into_values().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_the_attributes_kind_are_taken() {
        let takes = |keyword: &str, text: &str| by_keyword(keyword).unwrap().edit(text).is_some();
        assert!(takes("PatientBirthDate", "19520229") && !takes("PatientBirthDate", "1952-02-29"));
        assert!(
            !takes("PatientBirthDate", "19521329") && takes("StudyTime", "235959") && !takes("StudyTime", "240000")
        );
        assert!(takes("PatientSex", "F") && !takes("PatientSex", "female"));
        assert!(takes("PatientName", "Lefèvre^Éloïse") && !takes("PatientName", "a^b^c^d^e^f"));
        assert!(!takes("PatientID", "a\\b") && !takes("AccessionNumber", "12345678901234567"));
        assert_eq!(by_keyword("PatientID").unwrap().edit(" ").unwrap().value, None);
        assert!(by_keyword("StudyInstanceUID").is_none());
    }
}
