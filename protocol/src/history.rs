//! Which studies of one patient does a peer have that we may open?
//!
//! Asked live, for what the catalog does not say: cards whose agreement names no identity, and studies whose card is not
//! here yet. What leaves the asking site is identifiers, each with who issued it, and never a name or a birth date. The
//! holder answers with studies whose headers the asker may read, and with nothing else, so that a question learns no more
//! than opening them all would.
//!
//! # Not here
//! Whether a study may be told: `node::trust`. Whether two identifiers are of one patient: [`crate::identity`]. Asking
//! without saying of whom: the blind query.

use crate::{
    agreement::Purpose, catalog::Basis, fetch::is_person, identity::Identifier, ids::Id128, limits::is_hidden,
    manifest::StudyCard, signed::Signed,
};
use serde::{Deserialize, Serialize};

/// Identifiers in one question: the patient's own and those that links confirmed.
pub const IDENTIFIERS_MAX: usize = 8;
/// Studies in one answer, newest first: a patient's whole record; as many as one emergency opens.
pub const STUDIES_MAX: usize = 256;
/// Characters of an identifier, of who issued it.
const LINE_MAX: usize = 256;

/// The question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAsked {
    /// Its name.
    pub id: Id128,
    /// Any of these: at least one, at most [`IDENTIFIERS_MAX`].
    pub patient: Vec<Identifier>,
    /// Account of whoever asks.
    pub person: String,
    /// Role of whoever asks.
    pub role: String,
    /// For what.
    pub purpose: Purpose,
}

impl HistoryAsked {
    /// Whether it says all that it must, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let line =
            |text: &str| !text.trim().is_empty() && text.chars().count() <= LINE_MAX && !text.chars().any(is_hidden);
        (1..=IDENTIFIERS_MAX).contains(&self.patient.len())
            && self.patient.iter().all(|one| line(&one.issuer) && line(&one.id))
            && is_person(&self.person)
            && is_person(&self.role)
    }
}

/// One study of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryStudy {
    /// Which of the identifiers it bears, by its place in the question.
    pub of: u8,
    /// Signed by the custodian.
    pub card: Signed<StudyCard>,
    /// The agreement or grant by which it is told.
    pub basis: Basis,
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryTold {
    /// At most [`STUDIES_MAX`].
    pub studies: Vec<HistoryStudy>,
    /// There are more, older ones.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> HistoryAsked {
        HistoryAsked {
            id: Id128([1; 16]),
            patient: vec![Identifier { issuer: "CH Nord".to_owned(), id: "42".to_owned() }],
            person: "garde".to_owned(),
            role: "radiologist".to_owned(),
            purpose: Purpose::Care,
        }
    }

    #[test]
    fn an_identifier_without_its_issuer_is_none() {
        assert!(asked().is_sound());
        let with = |issuer: &str, id: &str| {
            let patient = vec![Identifier { issuer: issuer.to_owned(), id: id.to_owned() }];
            HistoryAsked { patient, ..asked() }.is_sound()
        };
        for (issuer, id) in [("", "42"), ("CH Nord", " "), ("CH\nNord", "42"), ("CH Nord", "4\u{202e}2")] {
            assert!(!with(issuer, id), "{issuer:?} {id:?}");
        }
        assert!(!with("CH Nord", &"4".repeat(LINE_MAX + 1)));
        assert!(!HistoryAsked { patient: Vec::new(), ..asked() }.is_sound());
        let many = vec![asked().patient[0].clone(); IDENTIFIERS_MAX + 1];
        assert!(!HistoryAsked { patient: many, ..asked() }.is_sound());
        assert!(!HistoryAsked { person: "a\nb".to_owned(), ..asked() }.is_sound());
    }
}
