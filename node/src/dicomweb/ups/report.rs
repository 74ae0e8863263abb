//! A report as a workstation gives it: text items in Performed Processing Parameters Sequence (0074,1212), under the codes that our own
//! structured reports have.
//!
//! It is kept as its author's draft until the workitem is completed, which signs it. The workstation repeats of whom it is and
//! what it read; what does not fit is refused before anything is kept. With the draft is kept whose it was said to be: what was
//! written in the portal, and no workstation showed, is not signed by one.
//!
//! # Not here
//! Signing: `desk`, which compares what was read with what there is.

use super::{super::error::Problem, conflict, item::SCHEME, request::parameters, set::Set};
use crate::{
    cases::{Draft, Whole},
    tasks,
};
use dicom_dictionary_std::tags;
use protocol::{Uid, case::event::Standing};

/// Our code of the reason to sign although images are missing, newer, not readable or not counted.
const DESPITE: &str = "despite";

/// The codes of the parts of a text: that of our structured reports, and a word.
const INDICATION: [&str; 2] = ["55115-0", "indication"];
const TECHNIQUE: [&str; 2] = ["121065", "technique"];
const FINDINGS: [&str; 2] = ["121071", "findings"];
const CONCLUSION: [&str; 2] = ["121077", "conclusion"];

/// What an update makes of the draft before.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) draft: Draft,
    /// Name and birth date as it repeats them; `None`: some of the text is not the workstation's.
    pub(super) patient: Option<(String, String)>,
    /// Something of the update was.
    pub(super) is_left_out: bool,
}

/// The reason to sign all the same, where a change of state says it as such: in Performed Processing Parameters Sequence, under
/// our code. A comment is none, nor an item of that name in another scheme.
pub(super) fn despite(set: &Set) -> String {
    let is_it = |item: &Set| {
        let codes = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE);
        let mut names =
            codes.iter().map(|code| (code.text(tags::CODE_VALUE), code.text(tags::CODING_SCHEME_DESIGNATOR)));
        names.any(|(value, scheme)| value == DESPITE && scheme == SCHEME)
    };
    let performed = set.items(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE);
    let mut items = performed.iter().flat_map(|one| one.items(tags::PERFORMED_PROCESSING_PARAMETERS_SEQUENCE));
    items.find(is_it).map(|item| item.text(tags::TEXT_VALUE)).unwrap_or_default()
}

/// The items of a report in an update; none: it brings no report.
pub(super) fn brought(set: &Set) -> Vec<(String, String)> {
    let performed = set.items(tags::UNIFIED_PROCEDURE_STEP_PERFORMED_PROCEDURE_SEQUENCE);
    performed.iter().flat_map(|one| parameters(&one.items(tags::PERFORMED_PROCESSING_PARAMETERS_SEQUENCE))).collect()
}

/// The draft that an update makes of the person's own before, of which is known whether it was brought as well.
pub(super) fn draft(
    whole: &Whole,
    person: &str,
    before: Option<(Draft, bool)>,
    brought: Vec<(String, String)>,
) -> Result<Made, Problem> {
    let patient = repeated(whole, &brought)?;
    let (mut draft, was_brought) = before.unwrap_or_else(|| (empty(person), true));
    let patient = (was_brought || is_whole(&draft, &brought)).then_some(patient);
    (draft.serial, draft.at, draft.standing) = (draft.serial.saturating_add(1), tasks::now(), Standing::Final);
    draft.read.clear();
    let mut is_left_out = false;
    for (name, value) in brought {
        match name.as_str() {
            name if INDICATION.contains(&name) => draft.indication = value,
            name if TECHNIQUE.contains(&name) => draft.technique = value,
            name if FINDINGS.contains(&name) => draft.findings = value,
            name if CONCLUSION.contains(&name) => draft.conclusion = value,
            "121049" | "language" => draft.language = value,
            "critical" => draft.critical = value == "true",
            "read" => {
                draft.read.push(read(&value).ok_or_else(|| Problem::bad("read: Study Instance UID and version"))?)
            }
            "patient-name" | "birth-date" => {}
            _ => is_left_out = true,
        }
    }
    Ok(Made { draft, patient, is_left_out })
}

/// Whether of the text before nothing is left once what is brought has taken its place.
fn is_whole(before: &Draft, brought: &[(String, String)]) -> bool {
    let is_said = |codes: [&str; 2]| brought.iter().any(|(name, _)| codes.contains(&name.as_str()));
    let parts = [
        (&before.indication, INDICATION),
        (&before.technique, TECHNIQUE),
        (&before.findings, FINDINGS),
        (&before.conclusion, CONCLUSION),
    ];
    parts.into_iter().all(|(text, codes)| text.trim().is_empty() || is_said(codes))
}

/// What the workstation shows is of the patient of the case: their name and birth date.
fn repeated(whole: &Whole, brought: &[(String, String)]) -> Result<(String, String), Problem> {
    let patient = &whole.state.ask.patient;
    for (name, held) in [("patient-name", &patient.name), ("birth-date", &patient.birth_date)] {
        let said = brought.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim());
        match said {
            None => return Err(Problem::bad("a report repeats patient-name and birth-date")),
            Some(said) if said != held.trim() => return Err(conflict("the report is of another patient")),
            Some(_) => {}
        }
    }
    Ok((patient.name.clone(), patient.birth_date.clone()))
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
