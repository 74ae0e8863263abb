//! Every key that docs/conformance.md names, at each level: what is there is found, what is not is not.

use super::{
    asking::{Peer, door, take_in},
    *,
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

const STUDY: &str = "1.2.7";
const SERIES: &str = "1.2.7.1";
const IMAGE: &str = "1.2.7.1.1";

/// An image that has a value for every key.
fn full() -> Vec<u8> {
    let text = |tag: Tag, vr: &[u8; 2], value: &str| {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [tag.0.to_le_bytes().as_slice(), &tag.1.to_le_bytes(), vr, &length, &value].concat()
    };
    [
        text(tags::SOP_CLASS_UID, b"UI", CT),
        text(tags::SOP_INSTANCE_UID, b"UI", IMAGE),
        text(tags::STUDY_DATE, b"DA", "20260301"),
        text(tags::SERIES_DATE, b"DA", "20260302"),
        text(tags::STUDY_TIME, b"TM", "101500"),
        text(tags::SERIES_TIME, b"TM", "102000"),
        text(tags::ACCESSION_NUMBER, b"SH", "A77"),
        text(tags::MODALITY, b"CS", "CT"),
        text(tags::MANUFACTURER, b"LO", "Acme"),
        text(tags::INSTITUTION_NAME, b"LO", "CH Nord"),
        text(tags::REFERRING_PHYSICIAN_NAME, b"PN", "PETIT^JEAN"),
        text(tags::STATION_NAME, b"SH", "CT1"),
        text(tags::STUDY_DESCRIPTION, b"LO", "TDM tete"),
        text(tags::SERIES_DESCRIPTION, b"LO", "Axial os"),
        text(tags::PATIENT_NAME, b"PN", "ROUX^ANNE"),
        text(tags::PATIENT_ID, b"LO", "ID70"),
        text(tags::ISSUER_OF_PATIENT_ID, b"LO", "CHN"),
        text(tags::PATIENT_BIRTH_DATE, b"DA", "19700203"),
        text(tags::PATIENT_SEX, b"CS", "F"),
        text(tags::BODY_PART_EXAMINED, b"CS", "HEAD"),
        text(tags::PROTOCOL_NAME, b"LO", "CRANE"),
        text(tags::STUDY_INSTANCE_UID, b"UI", STUDY),
        text(tags::SERIES_INSTANCE_UID, b"UI", SERIES),
        text(tags::STUDY_ID, b"SH", "S9"),
        text(tags::SERIES_NUMBER, b"IS", "4"),
        text(tags::INSTANCE_NUMBER, b"IS", "12"),
        text(tags::PERFORMED_PROCEDURE_STEP_START_DATE, b"DA", "20260303"),
        text(tags::PERFORMED_PROCEDURE_STEP_START_TIME, b"TM", "103000"),
    ]
    .concat()
}

/// A key, what of it is there, and what is not.
type Asked = (Tag, &'static [&'static str], &'static [&'static str]);

const OF_PATIENT: [Asked; 5] = [
    (tags::PATIENT_NAME, &["ROUX^ANNE", "roux*", "R?UX^*"], &["ROUXEL", "?ROUX"]),
    (tags::PATIENT_ID, &["ID70", "ID7?", "*70"], &["ID7", "id70"]),
    (tags::ISSUER_OF_PATIENT_ID, &["CHN", "CH*"], &["CHS"]),
    (tags::PATIENT_BIRTH_DATE, &["19700203", "19700101-19701231", "-19700203"], &["19700204", "19700204-"]),
    (tags::PATIENT_SEX, &["F", "?", "F*"], &["M", "f", "FF"]),
];
const OF_STUDY: [Asked; 10] = [
    (tags::STUDY_INSTANCE_UID, &[STUDY, "1.2.1\\1.2.7"], &["1.2.70"]),
    (tags::STUDY_DATE, &["20260301", "20260201-20260301"], &["20260302"]),
    (tags::STUDY_TIME, &["101500", "10-11", "1000-1100"], &["1100-"]),
    (tags::ACCESSION_NUMBER, &["A77", "A*"], &["A7", "a77"]),
    (tags::STUDY_ID, &["S9", "S?"], &["S"]),
    (tags::REFERRING_PHYSICIAN_NAME, &["PETIT^JEAN", "petit*"], &["DURAND*"]),
    (tags::STUDY_DESCRIPTION, &["TDM tete", "tdm*"], &["IRM*"]),
    (tags::MODALITIES_IN_STUDY, &["CT", "MR\\CT", "C?"], &["MR"]),
    (tags::NUMBER_OF_STUDY_RELATED_SERIES, &["1"], &["2"]),
    (tags::NUMBER_OF_STUDY_RELATED_INSTANCES, &["1", "01"], &["2"]),
];
const OF_SERIES: [Asked; 13] = [
    (tags::SERIES_INSTANCE_UID, &[SERIES], &["1.2.7.2"]),
    (tags::MODALITY, &["CT", "C*"], &["MR"]),
    (tags::SERIES_NUMBER, &["4", "04"], &["5"]),
    (tags::SERIES_DESCRIPTION, &["Axial os", "axial*"], &["Coronal"]),
    (tags::SERIES_DATE, &["20260302", "20260301-"], &["20260301"]),
    (tags::SERIES_TIME, &["102000", "1000-1100"], &["1100-1200"]),
    (tags::BODY_PART_EXAMINED, &["HEAD", "H*"], &["CHEST", "head"]),
    (tags::INSTITUTION_NAME, &["CH Nord", "ch*"], &["CH Sud"]),
    (tags::STATION_NAME, &["CT1", "CT?"], &["CT2"]),
    (tags::MANUFACTURER, &["Acme"], &["Other"]),
    (tags::PROTOCOL_NAME, &["CRANE", "crane"], &["RACHIS"]),
    (tags::PERFORMED_PROCEDURE_STEP_START_DATE, &["20260303"], &["20260304"]),
    (tags::PERFORMED_PROCEDURE_STEP_START_TIME, &["103000"], &["11-12"]),
];
const OF_IMAGE: [Asked; 3] = [
    (tags::SOP_INSTANCE_UID, &[IMAGE], &["1.2.7.1.2"]),
    (tags::SOP_CLASS_UID, &[CT], &["1.2.840.10008.5.1.4.1.1.4"]),
    (tags::INSTANCE_NUMBER, &["12", "012"], &["1"]),
];

#[tokio::test]
async fn every_key_is_matched_at_its_level() {
    let door = door().await;
    take_in(&door, full(), IMAGE).await;
    let mut peer = Peer::call(&door).await;
    let (study, series) = ((tags::STUDY_INSTANCE_UID, STUDY), (tags::SERIES_INSTANCE_UID, SERIES));
    for (level, above, keys) in [
        ("PATIENT", vec![], vec![&OF_PATIENT[..]]),
        ("STUDY", vec![], vec![&OF_PATIENT[..], &OF_STUDY[..]]),
        ("SERIES", vec![study], vec![&OF_PATIENT[..], &OF_SERIES[..]]),
        ("IMAGE", vec![study, series], vec![&OF_PATIENT[..], &OF_SERIES[1..], &OF_IMAGE[..]]),
    ] {
        for (tag, is, is_not) in keys.concat() {
            for (value, wanted) in is.iter().map(|v| (*v, 1)).chain(is_not.iter().map(|v| (*v, 0))) {
                let mut asked = vec![(tags::QUERY_RETRIEVE_LEVEL, level), (tags::PATIENT_ID, "ID70")];
                asked.extend(&above);
                asked.push((tag, value));
                let (found, status) = peer.find(&asked).await;
                assert_eq!((found.len(), status), (wanted, 0), "{level}: {tag} by {value:?}");
            }
        }
    }
}
