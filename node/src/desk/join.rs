//! Whether a study and a request are of one patient, as far as both say it and a person repeats it.
//!
//! A person who joins them repeats whose they are: not from the one or from the other, but once, and it is compared with both. What
//! contradicts is refused, whoever says so. Where one side does not know its patient there is nothing to compare with, and the
//! person says how they know. Nobody has to repeat what is equal in all that tells patients apart.
//!
//! # Not here
//! By what a study joins without a person: [`super::images`].

use super::images::same_patient;
use crate::{archive::StudyRow, cases::Whole};
use protocol::{case::event::Patient, identity::names};

/// Whose both are, as a person repeats it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repeated {
    pub(crate) name: String,
    pub(crate) birth_date: String,
    /// How they know, where one side does not say its patient.
    pub(crate) reason: String,
}

impl Repeated {
    /// Whether a person has to repeat whose both are before the study joins, though nothing contradicts: something that tells
    /// patients apart is not said of both. What belongs to the case already joins no more.
    pub(crate) fn is_needed(whole: &Whole, row: &StudyRow) -> bool {
        let ask = &whole.state.ask;
        !ask.studies.contains(&row.study) && !same_patient(&ask.patient, row)
    }
}

/// Why they are not joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum JoinError {
    /// In what what was repeated, the study and the request differ.
    Differs(Vec<&'static str>),
    /// One side does not know its patient, and nobody said how it is known all the same.
    NoReason,
}

/// Whether two names are of the same words, in whatever order, accents and capitals they are written.
fn same_name(one: &str, other: &str) -> bool {
    let sorted = |name: &str| {
        // Of several groups of a name the first is compared: `Yamada^Tarou=山田^太郎`.
        let mut words = names::words(name.split('=').next().unwrap_or_default());
        words.sort();
        words
    };
    sorted(one) == sorted(other)
}

/// In what a study and a request contradict each other: known of both, and not the same.
pub(crate) fn contradictions(asked: &Patient, row: &StudyRow) -> Vec<&'static str> {
    let held = &row.patient;
    let differs = |asked: &str, held: Option<&str>| {
        let held = held.map(str::trim).unwrap_or_default();
        !asked.trim().is_empty() && !held.is_empty() && asked.trim() != held
    };
    let same_issuer = !differs(&asked.issuer, held.issuer.as_deref());
    let name = held.name.as_deref().unwrap_or_default();
    [
        (!asked.name.trim().is_empty() && !name.trim().is_empty() && !same_name(&asked.name, name), "name"),
        (differs(&asked.birth_date, held.birth_date.as_deref()), "birth_date"),
        (differs(&asked.sex, held.sex.as_deref()), "sex"),
        (row.patient_conflict || (same_issuer && differs(&asked.id, held.id.as_deref())), "id"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

/// Compares what a person repeats with both.
pub(crate) fn compared(whole: &Whole, row: &StudyRow, said: &Repeated) -> Result<(), JoinError> {
    let (asked, held) = (&whole.state.ask.patient, &row.patient);
    let of = |text: Option<&str>| text.map(str::trim).unwrap_or_default().to_owned();
    let names = [of(Some(&asked.name)), of(held.name.as_deref())];
    let dates = [of(Some(&asked.birth_date)), of(held.birth_date.as_deref())];
    let mut differs = contradictions(asked, row);
    if names.iter().any(|name| !name.is_empty() && !same_name(name, &said.name)) {
        differs.push("name");
    }
    if dates.iter().any(|date| !date.is_empty() && *date != said.birth_date.trim()) {
        differs.push("birth_date");
    }
    differs.sort_unstable();
    differs.dedup();
    if !differs.is_empty() {
        return Err(JoinError::Differs(differs));
    }
    let is_unknown = names.iter().chain(&dates).any(String::is_empty);
    if is_unknown && said.reason.trim().is_empty() { Err(JoinError::NoReason) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_by_their_words() {
        assert!(same_name("KERVELLA^Maïwenn", "Maiwenn Kervella"));
        assert!(same_name("LE GOFF^Anne-Marie", "le goff anne marie"));
        assert!(!same_name("DURAND^PAUL", "DURAND^PAULE"));
        assert!(!same_name("DURAND^PAUL", ""));
    }
}
