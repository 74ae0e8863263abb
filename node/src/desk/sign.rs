//! Signing a report: of the right patient, with all images, or with the reason why not.
//!
//! The editor repeats what it shows: name, birth date, hospital and study date. What differs from the case is refused, however
//! the editor came to show it. Images that are missing, or newer than those read, or not those signed, or that could not be
//! decoded, or that nobody counted, need a reason. Whoever signs has the credentials, or said why they read without.
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

/// What the editor shows, and what is to be signed.
#[derive(Debug)]
pub(crate) struct ToSign {
    pub(crate) report: Report,
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
        let studies = self.inner.studies_here(whole);
        let report = to_sign.report;
        if report.despite.trim().is_empty() {
            let read = |study, version| report.read.iter().any(|(s, v)| s == study && *v >= version);
            if whole.state.images.iter().any(|(study, version)| !read(study, *version)) {
                return Err(SignError::LateImages);
            }
            let expected = |study: &super::StudyHere| {
                let counts = whole.state.expected.iter().filter(|(uid, ..)| *uid == study.study);
                counts.map(|(_, count, _)| *count).max().unwrap_or(0)
            };
            let is_missing = whole.state.images.is_empty()
                || studies.iter().any(|study| study.corrupt || study.instances < expected(study).max(1));
            if is_missing {
                return Err(SignError::ImagesMissing);
            }
            let undecoded = studies.iter().map(|study| study.undecoded).fold(0, u32::saturating_add);
            if undecoded > 0 {
                return Err(SignError::ImagesUndecoded(undecoded));
            }
            if !whole.state.count_confirmed {
                return Err(SignError::CountUnconfirmed);
            }
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
}
