//! Signing a report: of the right patient, with all images, or with the reason why not.
//!
//! The editor repeats what it shows: name, birth date, hospital and study date. What differs from the case is refused, however
//! the editor came to show it. Images that are missing, or newer than those read, or not those signed, or that could not be
//! decoded, or that nobody counted, or that say another patient, need a reason; and a reason is one for what its author has seen to
//! be lacking, not for what came about meanwhile. Whoever signs has the credentials, or said why they read without.
//!
//! # Not here
//! The report's effect: `protocol::case`. Its form in DICOM: whoever stores it takes its four parts, its author and the
//! manifests that were read from the event.

use super::{Desk, UnfitReader, next::World};
use crate::{
    audit::Actor,
    cases::{CaseError, Whole},
};
use protocol::{
    case::event::{KeyImage, Report, Step},
    ids::Id128,
};
use std::sync::Arc;

/// By what whoever signs knows a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShownCase {
    pub(crate) patient_name: String,
    pub(crate) birth_date: String,
    /// The requesting site's name.
    pub(crate) hospital: String,
    /// `YYYYMMDD`; empty: no study's date is known.
    pub(crate) study_date: String,
}

impl ShownCase {
    /// What is not the same.
    pub(crate) fn differs(&self, from: &Self) -> Vec<&'static str> {
        [
            (self.patient_name == from.patient_name, "name"),
            (self.birth_date == from.birth_date, "birth_date"),
            (self.hospital == from.hospital, "hospital"),
            (self.study_date == from.study_date, "study_date"),
        ]
        .into_iter()
        .filter_map(|(same, what)| (!same).then_some(what))
        .collect()
    }
}

/// What is not as it should be with the images that a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// Some say another patient than the case does.
    OtherPatient,
    /// Newer ones came than those that were read.
    Late,
    /// Fewer are there than were counted, or some are not those that were signed.
    Missing,
    /// Some could not be decoded.
    Undecoded,
    /// Nobody counted them.
    Unconfirmed,
}

impl Lack {
    pub(crate) const ALL: [Self; 5] =
        [Self::OtherPatient, Self::Late, Self::Missing, Self::Undecoded, Self::Unconfirmed];

    /// By the word of the interface, which tells those that are missing from those that are not verified.
    pub(crate) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "other-patient" => Self::OtherPatient,
            "late" => Self::Late,
            "missing" | "unverified" => Self::Missing,
            "undecoded" => Self::Undecoded,
            "unconfirmed" => Self::Unconfirmed,
            _ => return None,
        })
    }
}

/// What the editor shows, and what is to be signed.
#[derive(Debug)]
pub(crate) struct ToSign {
    pub(crate) report: Report,
    /// What its author has seen to be lacking, if a reason is given.
    pub(crate) despite_of: Vec<Lack>,
    /// Images that it points at.
    pub(crate) images: Vec<KeyImage>,
    pub(crate) shown: ShownCase,
}

/// Why it is not signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error("what the editor shows is not this case: {}", .0.join(", "))]
    WrongPatient(Vec<&'static str>),
    #[error("images are missing, or are not those that were signed: say why it is signed all the same")]
    ImagesMissing,
    #[error("images could not be decoded ({0}): say why it is signed all the same")]
    ImagesUndecoded(u32),
    #[error("images of the case say another patient: say why it is signed all the same")]
    ImagesOfAnother,
    #[error("nobody counted the images: say why it is signed all the same")]
    CountUnconfirmed,
    #[error(transparent)]
    Unfit(#[from] UnfitReader),
    #[error("newer images came than those that the report names")]
    LateImages,
    #[error(transparent)]
    Case(#[from] CaseError),
}

impl Desk {
    /// Signs. Durable when it returns; the draft is gone.
    ///
    /// # Errors
    /// See [`SignError`].
    pub(crate) async fn sign(&self, name: Id128, actor: Actor, to_sign: ToSign) -> Result<Arc<Whole>, SignError> {
        let desk = self.clone();
        let person = actor.person.clone();
        let by = person.clone();
        let judge = move |whole: &Whole| -> Result<Step, SignError> {
            desk.may_read(whole, &by)?;
            desk.judge(whole, to_sign)
        };
        let signed = self.inner.parts.cases.act_if(name, actor, judge).await?;
        if let Err(error) = self.inner.parts.cases.drop_draft(name, Some(person)).await {
            tracing::warn!(%error, "the draft of a signed report was not removed");
        }
        Ok(signed)
    }

    /// What a case is to be shown as.
    pub(crate) fn shown(&self, whole: &Whole) -> ShownCase {
        let mut dates = self.inner.studies_here(whole).into_iter().filter_map(|study| study.date);
        let patient = &whole.state.ask.patient;
        ShownCase {
            patient_name: patient.name.clone(),
            birth_date: patient.birth_date.clone(),
            hospital: self.inner.name(&whole.state.requester.0),
            study_date: dates.next().unwrap_or_default(),
        }
    }

    fn judge(&self, whole: &Whole, to_sign: ToSign) -> Result<Step, SignError> {
        let differs = to_sign.shown.differs(&self.shown(whole));
        if !differs.is_empty() {
            return Err(SignError::WrongPatient(differs));
        }
        let report = to_sign.report;
        let has_reason = !report.despite.trim().is_empty();
        let is_known = |lack: Lack| has_reason && to_sign.despite_of.contains(&lack);
        if let Some((_, why)) = self.lacks(whole, &report).into_iter().find(|(lack, _)| !is_known(*lack)) {
            return Err(why);
        }
        // Nobody else's images stand beside a report.
        let is_foreign = |image: &KeyImage| !whole.state.ask.studies.contains(&image.study);
        if to_sign.images.iter().any(is_foreign) {
            return Err(SignError::WrongPatient(vec!["key_images"]));
        }
        let report = Box::new(report);
        Ok(match to_sign.images {
            images if images.is_empty() => Step::Reported(report),
            images => Step::Illustrated { report, images },
        })
    }
    /// What is not as it should be, the gravest first.
    fn lacks(&self, whole: &Whole, report: &Report) -> Vec<(Lack, SignError)> {
        let (studies, state) = (self.inner.studies_here(whole), &whole.state);
        let read = |study, version| report.read.iter().any(|(s, v)| s == study && *v >= version);
        let expected = |study: &super::StudyHere| {
            let counts = state.expected.iter().filter(|(uid, ..)| *uid == study.study);
            counts.map(|(_, count, _)| *count).max().unwrap_or(0)
        };
        let is_missing = state.images.is_empty()
            || studies.iter().any(|study| study.corrupt || study.instances < expected(study).max(1));
        let undecoded = studies.iter().map(|study| study.undecoded).fold(0, u32::saturating_add);
        [
            (self.inner.is_of_another(whole), Lack::OtherPatient, SignError::ImagesOfAnother),
            (state.images.iter().any(|(study, version)| !read(study, *version)), Lack::Late, SignError::LateImages),
            (is_missing, Lack::Missing, SignError::ImagesMissing),
            (undecoded > 0, Lack::Undecoded, SignError::ImagesUndecoded(undecoded)),
            (!state.count_confirmed, Lack::Unconfirmed, SignError::CountUnconfirmed),
        ]
        .into_iter()
        .filter_map(|(is_so, lack, why)| is_so.then_some((lack, why)))
        .collect()
    }
}
