//! A workitem that is to be created, as a request for a reading: which attributes are taken for what.
//!
//! # Not here
//! What a request must have: `desk`, the same for every door.

use super::{super::error::Problem, set::Set};
use crate::{
    cases::{consent_of, examination_of, kind_of, priority_of},
    desk::{Asking, unnamed},
    tasks,
};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use protocol::{
    Uid,
    case::event::{Ask, Consent, Kind, Particulars, Patient, Priority},
};

/// Attributes that are understood; others are left out, and that is said.
const KNOWN: [Tag; 19] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::TRANSACTION_UID,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::PROCEDURE_STEP_STATE,
    tags::SCHEDULED_PROCEDURE_STEP_PRIORITY,
    tags::PROCEDURE_STEP_LABEL,
    tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP,
    tags::REFERENCED_REQUEST_SEQUENCE,
    tags::INPUT_INFORMATION_SEQUENCE,
    tags::SCHEDULED_PROCESSING_PARAMETERS_SEQUENCE,
    tags::SCHEDULED_WORKITEM_CODE_SEQUENCE,
    tags::PROCEDURE_STEP_PROGRESS_INFORMATION_SEQUENCE,
];

/// Texts of content items, by their codes.
pub(super) fn parameters(items: &[Set]) -> Vec<(String, String)> {
    let one = |item: &Set| {
        let name = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first()?.text(tags::CODE_VALUE);
        let coded = || item.items(tags::CONCEPT_CODE_SEQUENCE).first().map(|code| code.text(tags::CODE_VALUE));
        let texts = [tags::TEXT_VALUE, tags::PERSON_NAME, tags::DATE, tags::UID];
        let text = texts.into_iter().map(|tag| item.text(tag)).find(|text| !text.is_empty());
        Some((name.to_ascii_lowercase(), text.or_else(coded).unwrap_or_default()))
    };
    items.iter().filter_map(one).collect()
}

/// Whether something of it will be left out.
pub(super) fn is_more_than_known(set: &Set) -> bool {
    let known: Vec<String> = KNOWN.into_iter().map(|tag| format!("{:04X}{:04X}", tag.0, tag.1)).collect();
    set.names().any(|name| !known.iter().any(|known| known == name))
}

/// The request, with the patient it names, if it names one.
pub(super) fn asking(set: &Set) -> Result<Asking, Problem> {
    let said = parameters(&set.items(tags::SCHEDULED_PROCESSING_PARAMETERS_SEQUENCE));
    let said = |name: &str| said.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let text = |name: &str| said(name).unwrap_or_default().to_owned();
    let request = set.items(tags::REFERENCED_REQUEST_SEQUENCE).into_iter().next().unwrap_or_default();
    let issuer = request.items(tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE).into_iter().next().unwrap_or_default();
    let issuers = [tags::LOCAL_NAMESPACE_ENTITY_ID, tags::UNIVERSAL_ENTITY_ID].map(|tag| issuer.text(tag));
    let questions = [
        text("question"),
        request.text(tags::REASON_FOR_THE_REQUESTED_PROCEDURE),
        request.text(tags::REQUESTED_PROCEDURE_DESCRIPTION),
        set.text(tags::PROCEDURE_STEP_LABEL),
    ];
    let first = |texts: Vec<String>| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let ask = Ask {
        nonce: tasks::random_id(),
        kind: said("kind").map_or(Ok(Kind::Diagnosis), |word| kind_of(word).ok_or_else(|| Problem::bad("kind")))?,
        priority: priority(set, said("priority"))?,
        question: first(questions.into()),
        patient: unnamed(),
        context: set.text(tags::COMMENTS_ON_THE_SCHEDULED_PROCEDURE_STEP),
        contraindications: text("contraindications"),
        priors: text("priors"),
        justification: text("justification"),
        consent: said("consent")
            .map_or(Ok(Consent::Open), |word| consent_of(word).ok_or_else(|| Problem::bad("consent")))?,
        modality: text("modality").to_uppercase(),
        region: text("region").to_uppercase(),
        studies: studies(set, &request)?,
        accession: (request.text(tags::ACCESSION_NUMBER), first(issuers.into())),
        telephone: text("telephone"),
        key_images: Vec::new(),
        to: Vec::new(),
    };
    let examination = examination_of(&text("examination")).ok_or_else(|| Problem::bad("examination"))?;
    let particulars = Particulars { examination, on_site: text("on-site-physician"), answer_by: None };
    if !particulars.is_sound() {
        return Err(Problem::bad("on-site-physician"));
    }
    Ok(Asking { ask, particulars, patient: patient(set)? })
}

/// Ours where it is given; else what the standard's three come nearest to.
fn priority(set: &Set, ours: Option<&str>) -> Result<Priority, Problem> {
    if let Some(word) = ours {
        return priority_of(word).ok_or_else(|| Problem::bad("priority"));
    }
    of_standard(&set.text(tags::SCHEDULED_PROCEDURE_STEP_PRIORITY))
}

pub(super) fn of_standard(word: &str) -> Result<Priority, Problem> {
    match word {
        "HIGH" => Ok(Priority::P1),
        "MEDIUM" => Ok(Priority::P2),
        "LOW" | "" => Ok(Priority::P3),
        _ => Err(Problem::bad("Scheduled Procedure Step Priority is HIGH, MEDIUM or LOW")),
    }
}

fn studies(set: &Set, request: &Set) -> Result<Vec<Uid>, Problem> {
    let inputs = set.items(tags::INPUT_INFORMATION_SEQUENCE);
    let named = inputs.iter().chain(std::iter::once(request)).map(|item| item.text(tags::STUDY_INSTANCE_UID));
    let mut studies = Vec::new();
    for study in named.filter(|study| !study.is_empty()) {
        let study = Uid::parse(&study).map_err(|_| Problem::bad("Study Instance UID"))?;
        if !studies.contains(&study) {
            studies.push(study);
        }
    }
    Ok(studies)
}

fn patient(set: &Set) -> Result<Option<Patient>, Problem> {
    let patient = Patient {
        name: set.text(tags::PATIENT_NAME),
        birth_date: set.text(tags::PATIENT_BIRTH_DATE),
        sex: set.text(tags::PATIENT_SEX),
        id: set.text(tags::PATIENT_ID),
        issuer: set.text(tags::ISSUER_OF_PATIENT_ID),
        national: String::new(),
        standing: Some(protocol::identity::Standing::Provisional),
    };
    if patient.name.is_empty() && patient.id.is_empty() {
        return Ok(None);
    }
    if patient.is_sound() { Ok(Some(patient)) } else { Err(Problem::bad("the patient")) }
}
