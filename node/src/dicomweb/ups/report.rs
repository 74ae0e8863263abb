//! A report as a workstation gives it: text items in Performed Processing Parameters Sequence (0074,1212), under the codes that our own
//! structured reports have.
//!
//! It is kept as its author's draft until the workitem is completed, which signs it. The workstation repeats of whom it is and
//! what it read; what does not fit is refused before anything is kept.
//!
//! # Not here
//! Signing: `desk`, which compares what was read with what there is.

use super::{super::error::Problem, conflict, request::parameters, set::Set};
use crate::{
    cases::{Draft, Whole},
    tasks,
};
use dicom_dictionary_std::tags;
use protocol::{Uid, case::event::Standing};

/// The items of a report in an update; none: it brings no report.
pub(super) fn brought(set: &Set) -> Vec<(String, String)> {
    let performed = set.items(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE);
    performed.iter().flat_map(|one| parameters(&one.items(tags::PERFORMED_PROCESSING_PARAMETERS_SEQUENCE))).collect()
}

/// The draft that an update makes of the one before; whether something of it was left out.
pub(super) fn draft(
    whole: &Whole,
    person: &str,
    before: Option<Draft>,
    brought: Vec<(String, String)>,
) -> Result<(Draft, bool), Problem> {
    is_of_patient(whole, &brought)?;
    let before = before.filter(|draft| draft.person == person);
    let mut draft = before.unwrap_or_else(|| empty(person));
    (draft.serial, draft.at, draft.standing) = (draft.serial.saturating_add(1), tasks::now(), Standing::Final);
    draft.read.clear();
    let mut left_out = false;
    for (name, value) in brought {
        match name.as_str() {
            "55115-0" | "indication" => draft.indication = value,
            "121065" | "technique" => draft.technique = value,
            "121071" | "findings" => draft.findings = value,
            "121077" | "conclusion" => draft.conclusion = value,
            "121049" | "language" => draft.language = value,
            "critical" => draft.critical = value == "true",
            "read" => {
                draft.read.push(read(&value).ok_or_else(|| Problem::bad("read: Study Instance UID and version"))?)
            }
            "patient-name" | "birth-date" => {}
            _ => left_out = true,
        }
    }
    Ok((draft, left_out))
}

/// What the workstation shows is of the patient of the case.
fn is_of_patient(whole: &Whole, brought: &[(String, String)]) -> Result<(), Problem> {
    let patient = &whole.state.ask.patient;
    for (name, held) in [("patient-name", &patient.name), ("birth-date", &patient.birth_date)] {
        let said = brought.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        match said {
            None => return Err(Problem::bad("a report repeats patient-name and birth-date")),
            Some(said) if said != held.trim() => return Err(conflict("the report is of another patient")),
            Some(_) => {}
        }
    }
    Ok(())
}

/// `UID version`, as the workitem told it.
fn read(value: &str) -> Option<(Uid, u64)> {
    let (study, version) = value.trim().split_once(' ')?;
    Some((Uid::parse(study).ok()?, version.trim().parse().ok()?))
}

fn empty(person: &str) -> Draft {
    let text = String::new;
    Draft {
        person: person.to_owned(),
        serial: 0,
        at: tasks::now(),
        standing: Standing::Final,
        indication: text(),
        technique: text(),
        findings: text(),
        conclusion: text(),
        language: text(),
        critical: false,
        read: Vec::new(),
    }
}
