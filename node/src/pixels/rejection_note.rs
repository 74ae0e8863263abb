//! What a rejection note says (IHE RAD IOCM): a Key Object Selection with a title of PS3.16 CID 7011.
//!
//! # Not here
//! What follows from it: `archive::note`.

use super::dataset::{DataSet, Syntax, readable};
use crate::archive::{Note, RejectReason};
use dicom_dictionary_std::tags;
use protocol::Uid;
use std::collections::{BTreeMap, BTreeSet};

/// Instances that one note names; each study's become one record.
const NAMED_MAX: usize = 50_000;

/// What a Key Object Selection says, if its title is one of CID 7011 (PS3.3 C.17.6.2.1, C.18.8 for the title).
pub(crate) fn read(header: &[u8], transfer_syntax: &str) -> Option<Note> {
    let plain = readable(header, Syntax::of(transfer_syntax)).ok()?;
    let mut syntax = Syntax::of(transfer_syntax);
    syntax.deflated = false;
    let set = DataSet::parse(&plain, syntax).ok()?;
    let title = set.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?;
    let code = title
        .ascii(tags::CODE_VALUE)
        .filter(|_| title.ascii(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM"))?;
    let reason = RejectReason::parse(&code).filter(|reason| reason.code() == code)?;
    let uid = |item: &DataSet<'_>, tag| item.ascii(tag).and_then(|text| Uid::parse(&text).ok());
    let (mut studies, mut count): (BTreeMap<Uid, BTreeSet<Uid>>, usize) = (BTreeMap::new(), 0);
    for study in set.items(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE) {
        let named = uid(study, tags::STUDY_INSTANCE_UID)?;
        for series in study.items(tags::REFERENCED_SERIES_SEQUENCE) {
            for one in series.items(tags::REFERENCED_SOP_SEQUENCE) {
                count += 1;
                if count > NAMED_MAX {
                    return None;
                }
                studies.entry(named.clone()).or_default().insert(uid(one, tags::REFERENCED_SOP_INSTANCE_UID)?);
            }
        }
    }
    Some(Note { reason, studies })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(group: u16, number: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let mut value = value.to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        let mut bytes = [&group.to_le_bytes()[..], &number.to_le_bytes(), vr].concat();
        if vr == b"SQ" {
            bytes.extend([0, 0]);
            bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
        } else {
            bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        }
        [bytes, value].concat()
    }

    fn sequence(group: u16, number: u16, items: &[Vec<u8>]) -> Vec<u8> {
        let item = |set: &Vec<u8>| {
            let len = u32::try_from(set.len()).unwrap().to_le_bytes();
            [&[0xFE, 0xFF, 0x00, 0xE0][..], &len, set].concat()
        };
        element(group, number, b"SQ", &items.iter().flat_map(item).collect::<Vec<u8>>())
    }

    fn note(code: &[u8], scheme: &[u8], instances: &[&str]) -> Vec<u8> {
        let title = [element(8, 0x100, b"SH", code), element(8, 0x102, b"SH", scheme)].concat();
        let named: Vec<Vec<u8>> = instances.iter().map(|uid| element(8, 0x1155, b"UI", uid.as_bytes())).collect();
        let series = [sequence(8, 0x1199, &named), element(0x20, 0xE, b"UI", b"1.2.1")].concat();
        let study = [sequence(8, 0x1115, &[series]), element(0x20, 0xD, b"UI", b"1.2")].concat();
        [sequence(0x40, 0xA043, &[title]), sequence(0x40, 0xA375, &[study])].concat()
    }

    const EXPLICIT: &str = "1.2.840.10008.1.2.1";

    #[test]
    fn only_titles_of_the_group_reject() {
        let uid = |text: &str| Uid::parse(text).unwrap();
        let said = read(&note(b"113037", b"DCM", &["1.2.1.1", "1.2.1.2"]), EXPLICIT).unwrap();
        let named = BTreeSet::from([uid("1.2.1.1"), uid("1.2.1.2")]);
        assert_eq!(said, Note { reason: RejectReason::PatientSafety, studies: BTreeMap::from([(uid("1.2"), named)]) });
        for (code, scheme) in [(&b"113000"[..], &b"DCM"[..]), (b"113037", b"99X"), (b"quality", b"DCM")] {
            assert_eq!(read(&note(code, scheme, &["1.2.1.1"]), EXPLICIT), None);
        }
        assert_eq!(read(&note(b"113037", b"DCM", &["no UID"]), EXPLICIT), None);
    }

    #[test]
    fn what_is_cut_off_is_read_as_far_as_it_goes_or_not_at_all() {
        let whole = note(b"113001", b"DCM", &["1.2.1.1"]);
        for end in 0..whole.len() {
            if let Some(said) = read(&whole[..end], EXPLICIT) {
                assert!(said.studies.values().map(BTreeSet::len).sum::<usize>() <= 1);
            }
        }
    }
}
