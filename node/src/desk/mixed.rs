//! Whether the images of a case are there, and are its patient's: what is looked at again and again while it is open.
//!
//! A request may name a study before there is one. What comes then under that name is compared with the request as any study is that
//! a person joins; where the two contradict each other both sites see it, whoever is called for the case is called for that as well, and nobody signs
//! without having seen it.
//!
//! # At a crash
//! Nothing is kept here that is not found again at the next look.
//!
//! # Not here
//! Joining by a person: [`super::join`].

use super::{Desk, Inner, file::differing, images::is_bare, next::World};
use crate::{archive::StudyRow, cases::Whole, tasks};
use protocol::{Timestamp, Uid};
use std::sync::PoisonError;

/// In what a study says another patient than the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Otherwise {
    /// `birth_date` or `id`.
    pub(crate) what: &'static str,
    pub(crate) asked: String,
    /// The same as was asked for where the study has images of several patients.
    pub(crate) said: String,
}

/// Nothing: they do not contradict each other.
fn otherwise(whole: &Whole, row: &StudyRow) -> Vec<Otherwise> {
    let (asked, said) = (&whole.state.ask.patient, &row.patient);
    let told = |what: &'static str| {
        let (asked, said) = match what {
            "birth_date" => (&asked.birth_date, &said.birth_date),
            _ => (&asked.id, &said.id),
        };
        Otherwise { what, asked: asked.clone(), said: said.clone().unwrap_or_default() }
    };
    differing(whole, row).into_iter().map(told).collect()
}

impl Inner {
    /// Whether a study of the case, here or as its holder tells of it, says another patient.
    pub(super) fn is_of_another(&self, whole: &Whole) -> bool {
        whole.state.ask.studies.iter().any(|study| !self.otherwise(whole, study).is_empty())
    }

    /// In what one study of it does; of several places that tell of it the first that does.
    fn otherwise(&self, whole: &Whole, study: &Uid) -> Vec<Otherwise> {
        let own = self.parts.archive.study(study).ok().flatten();
        let own = own.map(|row| otherwise(whole, &row)).unwrap_or_default();
        if !own.is_empty() {
            return own;
        }
        let told = self.parts.overlay.holders(study);
        let mut told = told.iter().map(|told| otherwise(whole, &self.parts.studies.row_of(told)));
        told.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Whether it waits for images for longer than is set, and has none.
    fn is_bare(&self, whole: &Whole, now: Timestamp) -> bool {
        is_bare(whole, &self.parts.cases.settings(), now)
            && self.images(&whole.state.ask.studies).iter().all(|image| image.instances == 0)
    }

    /// Remembers whether a case of ours has no images, for whoever raises the alarm.
    pub(super) fn see_images(&self, whole: &Whole, now: Timestamp) {
        let us = self.us();
        let is_ours = whole.state.owner().site == us || whole.state.requester.0 == us;
        let is_bare = is_ours && self.is_bare(whole, now);
        let mut bare = self.bare.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = if is_bare { bare.insert(whole.name()) } else { bare.remove(&whole.name()) };
    }
}

impl Desk {
    /// Whether it waits for images for longer than is set, and has none.
    pub(crate) fn is_bare(&self, whole: &Whole) -> bool {
        self.inner.is_bare(whole, tasks::now())
    }

    /// See [`Inner::is_of_another`].
    pub(crate) fn is_of_another(&self, whole: &Whole) -> bool {
        self.inner.is_of_another(whole)
    }

    /// In what a study of the case says another patient, by the rule of [`Self::is_of_another`].
    pub(crate) fn otherwise(&self, whole: &Whole, study: &Uid) -> Vec<Otherwise> {
        self.inner.otherwise(whole, study)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::tests::begun, *};
    use protocol::manifest::{Completeness, Patient};

    /// What images say of a patient of the issuer whose number the case has.
    pub(in crate::desk) fn row(name: &str, birth_date: &str, id: &str) -> StudyRow {
        let said = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        StudyRow {
            study: "1.2.3".parse().unwrap(),
            patient: Patient {
                name: said(name),
                birth_date: said(birth_date),
                sex: None,
                id: said(id),
                issuer: said("CHN"),
            },
            date: None,
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: Vec::new(),
            body_parts: Vec::new(),
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances: 1,
            bytes: 1,
            arrived: Timestamp(0),
            changed: Timestamp(0),
            completeness: Completeness::Complete,
            version: 1,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    #[test]
    fn what_differs_is_told_with_both_and_a_name_alone_is_not_another_patient() {
        let whole = Whole::of_case(begun());
        let told = |row: &StudyRow| -> Vec<(&'static str, String, String)> {
            otherwise(&whole, row).into_iter().map(|one| (one.what, one.asked, one.said)).collect()
        };
        let differs = |what, asked: &str, said: &str| (what, asked.to_owned(), said.to_owned());
        assert!(told(&row("DURAND^PAUL", "19500101", "4711")).is_empty());
        assert!(told(&row("LE GOFF^ANNE", "19500101", "4711")).is_empty(), "names are written in many ways");
        assert!(told(&row("DURAND^PAUL", "", "")).is_empty(), "what is not said contradicts nothing");
        let other = told(&row("DURAND^PAUL", "19610524", "9999"));
        assert_eq!(other, [differs("birth_date", "19500101", "19610524"), differs("id", "4711", "9999")]);
        let several = StudyRow { patient_conflict: true, ..row("DURAND^PAUL", "19500101", "4711") };
        assert_eq!(told(&several), [differs("id", "4711", "4711")]);
    }
}
