//! Every attribute that PS3.18 table 10.6.1-5 names, and those that viewers ask by: what is there is found, what is not is
//! not, and nothing is refused.

use super::*;

const OWN_STUDY: &str = "1.2.826.0.7.1";
const OWN_SERIES: &str = "1.2.826.0.7.2";
const OWN: &str = "1.2.826.0.7.3";

/// An object that has a value for every key.
fn full() -> Vec<u8> {
    let text = |tag: (u16, u16), vr: &[u8; 2], value: &str| {
        let mut value = value.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" { 0 } else { b' ' });
        }
        let length = u16::try_from(value.len()).unwrap().to_le_bytes();
        [tag.0.to_le_bytes().as_slice(), &tag.1.to_le_bytes(), vr, &length, &value].concat()
    };
    let item = [text((0x40, 0x09), b"SH", "STEP7"), text((0x40, 0x1001), b"SH", "RP7")].concat();
    let length = u32::try_from(item.len()).unwrap();
    let sequence = [
        &[0x40, 0, 0x75, 0x02][..],
        b"SQ",
        &[0, 0],
        &(length + 8).to_le_bytes(),
        &[0xfe, 0xff, 0x00, 0xe0],
        &length.to_le_bytes(),
        &item,
    ]
    .concat();
    let class = "1.2.840.10008.5.1.4.1.1.7";
    let meta = [text((2, 2), b"UI", class), text((2, 3), b"UI", OWN), text((2, 0x10), b"UI", EXPLICIT_LE)].concat();
    let group = [&[2, 0, 0, 0][..], b"UL", &[4, 0], &u32::try_from(meta.len()).unwrap().to_le_bytes()].concat();
    let whole = [
        text((8, 0x16), b"UI", class),
        text((8, 0x18), b"UI", OWN),
        text((8, 0x20), b"DA", "20260301"),
        text((8, 0x21), b"DA", "20260302"),
        text((8, 0x30), b"TM", "101500"),
        text((8, 0x50), b"SH", "A77"),
        text((8, 0x60), b"CS", "CT"),
        text((8, 0x70), b"LO", "Acme"),
        text((8, 0x80), b"LO", "CH Nord"),
        text((8, 0x90), b"PN", "PETIT^JEAN"),
        text((8, 0x1010), b"SH", "CT1"),
        text((8, 0x1030), b"LO", "TDM tete"),
        text((8, 0x103e), b"LO", "Axial os"),
        text((0x10, 0x10), b"PN", "ROUX^ANNE"),
        text((0x10, 0x20), b"LO", "ID70"),
        text((0x10, 0x21), b"LO", "CHN"),
        text((0x10, 0x30), b"DA", "19700203"),
        text((0x10, 0x40), b"CS", "F"),
        text((0x18, 0x15), b"CS", "HEAD"),
        text((0x18, 0x1030), b"LO", "CRANE"),
        text((0x20, 0x0d), b"UI", OWN_STUDY),
        text((0x20, 0x0e), b"UI", OWN_SERIES),
        text((0x20, 0x10), b"SH", "S9"),
        text((0x20, 0x11), b"IS", "4"),
        text((0x20, 0x13), b"IS", "12"),
        text((0x40, 0x244), b"DA", "20260303"),
        text((0x40, 0x245), b"TM", "103000"),
        sequence,
    ]
    .concat();
    [vec![0; 128], b"DICM".to_vec(), group, meta, whole].concat()
}

/// A key, what of it is there, and what is not.
type Asked = (&'static str, &'static [&'static str], &'static [&'static str]);

const OF_STUDY: [Asked; 15] = [
    ("PatientName", &["ROUX^ANNE", "roux*", "R%3FUX*"], &["ROUXEL"]),
    ("PatientID", &["ID70", "ID*"], &["ID7", "id70"]),
    ("IssuerOfPatientID", &["CHN", "CH%3F"], &["CHS"]),
    ("PatientBirthDate", &["19700203", "19700101-19701231"], &["19700204"]),
    ("PatientSex", &["F", "%3F", "M,F", "M%5CF"], &["M", "f", "FF", "M,O"]),
    ("StudyInstanceUID", &[OWN_STUDY, "1.2.3,1.2.826.0.7.1"], &["1.2.3"]),
    ("StudyDate", &["20260301", "20260201-", "-20260301"], &["20260302"]),
    ("StudyTime", &["101500", "10-11"], &["11-12"]),
    ("AccessionNumber", &["A77", "A7%3F"], &["a77"]),
    ("StudyID", &["S9", "S*"], &["S"]),
    ("ReferringPhysicianName", &["PETIT^JEAN", "petit"], &["DURAND"]),
    ("StudyDescription", &["TDM%20tete", "tdm*"], &["IRM*"]),
    ("ModalitiesInStudy", &["CT", "MR,CT", "C*"], &["MR"]),
    ("NumberOfStudyRelatedSeries", &["1", "01"], &["2"]),
    ("NumberOfStudyRelatedInstances", &["1"], &["2"]),
];
const OF_SERIES: [Asked; 14] = [
    ("Modality", &["CT", "MR,CT", "C*"], &["MR"]),
    ("SeriesInstanceUID", &[OWN_SERIES], &["1.2.3"]),
    ("SeriesNumber", &["4", "04"], &["5"]),
    ("SeriesDescription", &["Axial%20os", "axial*"], &["Coronal"]),
    ("SeriesDate", &["20260302", "20260301-"], &["20260301"]),
    ("BodyPartExamined", &["HEAD", "H*"], &["CHEST", "head"]),
    ("InstitutionName", &["CH%20Nord", "ch*"], &["CH%20Sud"]),
    ("StationName", &["CT1"], &["CT2"]),
    ("Manufacturer", &["Acme"], &["Other"]),
    ("ProtocolName", &["crane"], &["RACHIS"]),
    ("PerformedProcedureStepStartDate", &["20260303"], &["20260304"]),
    ("PerformedProcedureStepStartTime", &["103000", "10-11"], &["11-12"]),
    ("RequestAttributesSequence.ScheduledProcedureStepID", &["STEP7"], &["STEP8"]),
    ("RequestAttributesSequence.RequestedProcedureID", &["RP7"], &["RP8"]),
];
const OF_INSTANCE: [Asked; 3] = [
    ("SOPClassUID", &["1.2.840.10008.5.1.4.1.1.7"], &["1.2.840.10008.5.1.4.1.1.2"]),
    ("SOPInstanceUID", &[OWN], &["1.2.3"]),
    ("InstanceNumber", &["12", "012"], &["1"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_matched_at_its_level_and_below() {
    let node = node_with_an_image().await;
    assert_eq!(node.post("/studies", "application/dicom", full()).await.status, StatusCode::OK);
    let (series, instances) = (format!("/studies/{OWN_STUDY}/series"), format!("/studies/{OWN_STUDY}/instances"));
    let all = [&OF_STUDY[..], &OF_SERIES[..], &OF_INSTANCE[..]];
    for (resource, keys) in [
        ("/studies", all[..1].concat()),
        (&series, all[..2].concat()),
        ("/series", all[..2].concat()),
        (&instances, all.concat()),
        ("/instances", all.concat()),
    ] {
        for (name, is, is_not) in keys {
            for (value, wanted) in is.iter().map(|v| (*v, 1)).chain(is_not.iter().map(|v| (*v, 0))) {
                let answer = node.get(&format!("{resource}?StudyID=S9&{name}={value}"), &[]).await;
                assert_eq!(answer.status, StatusCode::OK, "{resource}: {name}={value}: {:?}", answer.body);
                assert_eq!(answer.json().as_array().unwrap().len(), wanted, "{resource}: {name}={value}");
            }
        }
    }
}
