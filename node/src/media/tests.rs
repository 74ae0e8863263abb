use super::{
    dicomdir::{Directory, Place},
    record::File,
    *,
};
use crate::pixels::dataset::{DataSet, EXPLICIT_LE, Syntax};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn element(tag: Tag, vr: &str, value: &str) -> Vec<u8> {
    let value = if value.len() % 2 == 1 { format!("{value} ") } else { value.to_owned() };
    let mut out = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    out.extend(vr.as_bytes());
    out.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
    out.extend(value.as_bytes());
    out
}

fn header(patient: &str, study: &str) -> Vec<u8> {
    [
        element(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 100"),
        element(tags::STUDY_DATE, "DA", "20240115"),
        element(tags::MODALITY, "CS", "CT"),
        element(tags::PATIENT_NAME, "PN", patient),
        element(tags::STUDY_INSTANCE_UID, "UI", study),
    ]
    .concat()
}

/// Patients that come between one another stand together, and every offset leads to where a record begins.
#[test]
fn every_offset_of_a_directory_leads_to_a_record() {
    let mut directory = Directory::default();
    let syntax = Syntax::of(EXPLICIT_LE);
    for (n, (patient, study)) in [(1, 1), (1, 1), (2, 2), (1, 3)].into_iter().enumerate() {
        let image = u32::try_from(n).unwrap() + 1;
        let path = format!("DICOM/PAT{patient:05}/{image:08}");
        let (study_uid, series) = (format!("1.2.{study}"), format!("1.2.{study}.1"));
        let (study_uid, series, modality) = (study_uid.as_str(), series.as_str(), "CT");
        let file = File {
            study: study_uid,
            series,
            modality,
            path: &path,
            sop_class: CT,
            instance: "1.2.3",
            transfer_syntax: EXPLICIT_LE,
        };
        let place = Place { patient, study, series: study, image };
        directory.add(place, &header(&format!("P{patient}"), &format!("1.2.{study}")), syntax, &file);
    }
    let bytes = directory.finish("CONFRERE");
    let data = &bytes[132..];
    let meta = 12 + u32::from_le_bytes(data[8..12].try_into().unwrap()) as usize;
    let set = DataSet::parse_whole(&data[meta..], syntax).unwrap();
    let items = set.items(tags::DIRECTORY_RECORD_SEQUENCE);
    let kinds: Vec<_> = items.iter().map(|i| i.ascii(tags::DIRECTORY_RECORD_TYPE).unwrap()).collect();
    let study = ["STUDY", "SERIES", "IMAGE"];
    let wanted = [&["PATIENT"][..], &study, &["IMAGE"], &study, &["PATIENT"], &study].concat();
    assert_eq!(kinds, wanted);
    let number = |set: &DataSet<'_>, tag: Tag| set.count(tag, syntax).unwrap() as usize;
    let mut offsets = vec![
        number(&set, tags::OFFSET_OF_THE_FIRST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY),
        number(&set, tags::OFFSET_OF_THE_LAST_DIRECTORY_RECORD_OF_THE_ROOT_DIRECTORY_ENTITY),
    ];
    for item in items {
        offsets.push(number(item, tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD));
        offsets.push(number(item, tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY));
    }
    offsets.retain(|offset| *offset != 0);
    // Every record but the first of the root is referred to once; the last of the root twice.
    assert_eq!(offsets.len(), items.len() + 1);
    assert!(offsets.iter().all(|at| bytes[*at..].starts_with(&[0xFE, 0xFF, 0, 0xE0])));
}

#[test]
fn frames_come_apart_as_they_were_put_together() {
    let said = Piece::Said(Said::StudyEnded { study: "1.2".into(), instances: 3 });
    let bytes = [frame(&said), frame(&Piece::Bytes(b"abc"[..].into()))].concat();
    let mut frames = Frames::default();
    let mut out = Vec::new();
    for byte in bytes {
        frames.push(&[byte]);
        while let Some(piece) = frames.next().unwrap() {
            out.push(format!("{piece:?}"));
        }
    }
    assert_eq!(out.len(), 2);
    assert!(out[1].contains("abc"));
    frames.push(b"X\0\0\0\0");
    assert!(frames.next().is_err());
}
