//! Study cards: what a peer is told of a study of ours, with only those fields that the agreement names.

use crate::{
    archive::{StudyRow, tag},
    tasks,
};
use protocol::{
    SiteId,
    agreement::Field,
    manifest::{Amended, Completeness, Edit, ManifestRef, Patient, StudyCard},
};

/// Makes a card. `site_name` is the issuer of Patient IDs that name none.
pub(super) fn card(
    row: &StudyRow,
    manifest: Option<ManifestRef>,
    fields: &[Field],
    custodian: SiteId,
    site_name: &str,
) -> StudyCard {
    let told = |field: Field, value: &Option<String>| value.clone().filter(|_| fields.contains(&field));
    let id = told(Field::PatientId, &row.patient.id);
    let issuer = row.patient.issuer.clone().unwrap_or_else(|| site_name.to_owned());
    // A complete study whose manifest is not there yet is still on its way.
    let manifest = manifest.filter(|_| row.completeness == Completeness::Complete);
    let completeness = if manifest.is_some() { Completeness::Complete } else { Completeness::Arriving };
    StudyCard {
        custodian,
        study: row.study.clone(),
        version: row.version,
        completeness,
        date: row.date.clone(),
        time: row.time.clone(),
        modalities: row.modalities.clone(),
        body_parts: row.body_parts.clone(),
        description: told(Field::Description, &row.description),
        accession: told(Field::Accession, &row.accession),
        referrer: told(Field::Referrer, &row.referrer),
        patient: Patient {
            name: told(Field::PatientName, &row.patient.name),
            birth_date: told(Field::BirthDate, &row.patient.birth_date),
            sex: told(Field::Sex, &row.patient.sex),
            issuer: id.is_some().then_some(issuer),
            id,
        },
        series: row.series,
        instances: row.instances,
        bytes: row.bytes,
        arrived: row.arrived,
        issued: tasks::now(),
        manifest,
        amended: row.amended.as_ref().map(|amended| Amended {
            edits: amended.edits.iter().map(|edit| told_edit(edit, fields)).collect(),
            ..amended.clone()
        }),
    }
}

/// A correction as far as the agreement tells the field. That a value no longer holds is told in any case: the peer then
/// shows none rather than the wrong one.
fn told_edit(edit: &Edit, fields: &[Field]) -> Edit {
    let field = match edit.tag {
        tag::PATIENT_NAME => Some(Field::PatientName),
        tag::PATIENT_ID | tag::ISSUER => Some(Field::PatientId),
        tag::BIRTH_DATE => Some(Field::BirthDate),
        tag::SEX => Some(Field::Sex),
        tag::ACCESSION => Some(Field::Accession),
        tag::DESCRIPTION => Some(Field::Description),
        tag::REFERRER => Some(Field::Referrer),
        _ => None,
    };
    let is_told = match field {
        Some(field) => fields.contains(&field),
        None => matches!(edit.tag, tag::DATE | tag::TIME),
    };
    Edit { tag: edit.tag, value: edit.value.clone().filter(|_| is_told) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Timestamp;

    fn row() -> StudyRow {
        StudyRow {
            study: "1.2.3".parse().unwrap(),
            patient: Patient {
                name: Some("LEFÈVRE^ANNE".to_owned()),
                birth_date: Some("19700101".to_owned()),
                sex: Some("F".to_owned()),
                id: Some("42".to_owned()),
                issuer: None,
            },
            date: Some("20260102".to_owned()),
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: vec!["CT".to_owned()],
            body_parts: vec![],
            description: Some("TDM cérébral".to_owned()),
            accession: Some("A1".to_owned()),
            referrer: Some("DUPONT".to_owned()),
            study_id: None,
            series: 1,
            instances: 2,
            bytes: 3,
            arrived: Timestamp(1),
            changed: Timestamp(1),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn a_card_tells_only_the_fields_named() {
        let bare = card(&row(), None, &[], SiteId([1; 32]), "CH Nord");
        assert_eq!(bare.patient, Patient::default());
        assert_eq!((bare.description, bare.accession, bare.referrer), (None, None, None));
        let with_id = card(&row(), None, &[Field::PatientId], SiteId([1; 32]), "CH Nord");
        assert_eq!((with_id.patient.id.as_deref(), with_id.patient.issuer.as_deref()), (Some("42"), Some("CH Nord")));
        assert_eq!(with_id.patient.name, None);
    }
}
