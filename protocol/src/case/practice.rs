//! What may not be read from afar, by the modality and the kind of examination: French law and good practice.
//!
//! The first reading of a mammography screening is made where the examination is; the second one may come from afar where an
//! agreement derogates. Nuclear medicine needs its physician on site: without one named, what comes from afar is an opinion.
//!
//! # Not here
//! What an agreement says: [`crate::agreement`]. What a site reads for others, and who is on duty there: [`crate::roster`].

use super::event::{Ask, Examination, Kind, Particulars};

/// Why something is not read from afar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The first reading of a mammography screening.
    ScreeningFirst,
    /// The second reading, where no agreement derogates.
    ScreeningSecond,
    /// Nuclear medicine with no physician of it named on site.
    NuclearAlone,
}

/// Modalities of mammography (DICOM PS3.3 C.7.3.1.1.1).
const MAMMOGRAPHY: [&str; 1] = ["MG"];
/// Modalities of nuclear medicine.
const NUCLEAR: [&str; 2] = ["NM", "PT"];

fn is_among(ask: &Ask, others: &[String], codes: &[&str]) -> bool {
    std::iter::once(&ask.modality).chain(others).any(|modality| codes.contains(&modality.as_str()))
}

/// Whether the kind of examination has to be said: of a mammography that is to be read, whether it is a screening.
#[must_use]
pub fn needs_examination(ask: &Ask, modalities: &[String], particulars: &Particulars) -> bool {
    ask.kind == Kind::Diagnosis
        && particulars.examination == Examination::Unsaid
        && is_among(ask, modalities, &MAMMOGRAPHY)
}

/// Why it is not read from afar; `None`: it may be. `modalities` are those of its images beside the one that is asked for,
/// and `derogates` says whether the agreement lets second readings of screening come from afar.
#[must_use]
pub fn bars(ask: &Ask, modalities: &[String], particulars: &Particulars, derogates: bool) -> Option<Rule> {
    let is_reading = ask.kind == Kind::Diagnosis;
    match particulars.examination {
        // Nobody has read it yet: an opinion would be the first reading by another name.
        Examination::ScreeningFirst => return Some(Rule::ScreeningFirst),
        Examination::ScreeningSecond if is_reading && !derogates => return Some(Rule::ScreeningSecond),
        Examination::ScreeningSecond | Examination::Clinical | Examination::Unsaid => {}
    }
    let is_alone = particulars.on_site.trim().is_empty();
    (is_reading && is_alone && is_among(ask, modalities, &NUCLEAR)).then_some(Rule::NuclearAlone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::ask;

    fn of(modality: &str, kind: Kind) -> Ask {
        Ask { modality: modality.to_owned(), kind, ..ask(1) }
    }

    fn said(examination: Examination, on_site: &str) -> Particulars {
        Particulars { examination, on_site: on_site.to_owned(), answer_by: None }
    }

    #[test]
    fn the_first_reading_of_a_screening_is_made_where_the_patient_is() {
        for kind in [Kind::Diagnosis, Kind::Expertise] {
            let first = said(Examination::ScreeningFirst, "");
            assert_eq!(bars(&of("MG", kind), &[], &first, true), Some(Rule::ScreeningFirst), "{kind:?}");
        }
        let clinical = said(Examination::Clinical, "");
        assert_eq!(bars(&of("MG", Kind::Diagnosis), &[], &clinical, false), None);
    }

    #[test]
    fn the_second_one_comes_from_afar_where_the_agreement_derogates() {
        let second = said(Examination::ScreeningSecond, "");
        assert_eq!(bars(&of("MG", Kind::Diagnosis), &[], &second, false), Some(Rule::ScreeningSecond));
        assert_eq!(bars(&of("MG", Kind::Diagnosis), &[], &second, true), None);
        assert_eq!(bars(&of("MG", Kind::Expertise), &[], &second, false), None, "an opinion is no second reading");
    }

    #[test]
    fn of_a_mammography_it_is_said_whether_it_is_a_screening() {
        let unsaid = said(Examination::Unsaid, "");
        assert!(needs_examination(&of("MG", Kind::Diagnosis), &[], &unsaid));
        assert!(needs_examination(&of("CT", Kind::Diagnosis), &["MG".to_owned()], &unsaid));
        assert!(!needs_examination(&of("MG", Kind::Expertise), &[], &unsaid));
        assert!(!needs_examination(&of("MG", Kind::Diagnosis), &[], &said(Examination::Clinical, "")));
        assert!(!needs_examination(&of("CT", Kind::Diagnosis), &[], &unsaid));
    }

    #[test]
    fn nuclear_medicine_has_its_physician_on_site_or_is_an_opinion() {
        let (alone, with) = (said(Examination::Unsaid, " "), said(Examination::Unsaid, "Dr Curie"));
        for modality in ["NM", "PT"] {
            assert_eq!(bars(&of(modality, Kind::Diagnosis), &[], &alone, true), Some(Rule::NuclearAlone));
            assert_eq!(bars(&of(modality, Kind::Diagnosis), &[], &with, true), None);
            assert_eq!(bars(&of(modality, Kind::Expertise), &[], &alone, true), None);
        }
        // A PET/CT is asked for as a CT: its images say what it is.
        let images = ["CT".to_owned(), "PT".to_owned()];
        assert_eq!(bars(&of("CT", Kind::Diagnosis), &images, &alone, true), Some(Rule::NuclearAlone));
        assert_eq!(bars(&of("CT", Kind::Diagnosis), &[], &alone, true), None);
    }
}
