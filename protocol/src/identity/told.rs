//! What a study's card says of its patient, as a record to be compared.
//!
//! # Not here
//! How sure the holder is: a card does not say, and without it no link follows from one by itself
//! ([`crate::catalog::Identified`]).

use super::{
    Identifier, Near, Record, Sex, Standing, Trait, Verdict,
    ins::{Ins, is_national},
    judge, near_any, near_dates, near_first, near_names,
};
use crate::manifest::Patient;

impl Identifier {
    /// Of a study. An ID that names no issuer is the custodian's own.
    #[must_use]
    pub fn of_study(patient: &Patient, custodian_name: &str) -> Option<Self> {
        let id = patient.id.as_deref().map(str::trim).filter(|id| !id.is_empty())?;
        let issuer = patient.issuer.as_deref().map(str::trim).filter(|issuer| !issuer.is_empty());
        Some(Self { issuer: issuer.unwrap_or(custodian_name).to_owned(), id: id.to_owned() })
    }

    /// A national number, as one writes it; `None`: it is none, or not of the national issuer.
    #[must_use]
    pub fn national(issuer: &str, id: &str) -> Option<Self> {
        is_national(issuer)?;
        let (issuer, number) = (issuer.trim().trim_start_matches("urn:oid:"), Ins::parse(id)?);
        Some(Self { issuer: issuer.to_owned(), id: number.as_str().to_owned() })
    }
}

impl Record {
    /// Of a study, as far as it is told.
    #[must_use]
    pub fn of_study(patient: &Patient, custodian_name: &str) -> Self {
        // Of several groups of a name the first is compared: `Yamada^Tarou=山田^太郎`.
        let name = patient.name.as_deref().unwrap_or_default().split('=').next().unwrap_or_default();
        let mut parts = name.split('^').map(str::trim);
        let birth_name = parts.next().unwrap_or_default().to_owned();
        let first_names: Vec<&str> = parts.take(2).filter(|part| !part.is_empty()).collect();
        let birth_date = patient.birth_date.as_deref().unwrap_or_default().trim();
        let is_date = birth_date.len() == 8 && birth_date.bytes().all(|b| b.is_ascii_digit());
        Self {
            identifiers: Identifier::of_study(patient, custodian_name).into_iter().collect(),
            standing: Standing::Provisional,
            birth_name,
            first_names: first_names.join(" "),
            used_name: String::new(),
            birth_date: if is_date { birth_date.to_owned() } else { String::new() },
            sex: match patient.sex.as_deref() {
                Some("F") => Sex::Female,
                Some("M") => Sex::Male,
                _ => Sex::Unknown,
            },
            birthplace: String::new(),
        }
    }

    /// With how sure its holder is of it, and the national number by which that holder knows the patient.
    #[must_use]
    pub fn identified(mut self, standing: Standing, national: Option<Identifier>) -> Self {
        self.standing = standing;
        self.identifiers.extend(national);
        self
    }

    /// Whether name, first name and birth date are all told: less is compared with nobody.
    fn has_traits(&self) -> bool {
        [&self.birth_name, &self.first_names, &self.birth_date].iter().all(|text| !text.is_empty())
    }
}

/// What two studies' patients are to one another, before anybody said anything of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Between {
    /// They bear one identifier, and nothing speaks of two people.
    Same,
    /// They bear one identifier, and in these speak of two people.
    Contradicts(Vec<Trait>),
    /// The strict rule holds: a link by itself.
    Strict,
    /// To be compared. What does not agree, or only nearly.
    Alike(Vec<Trait>),
    /// Two people.
    Other,
}

/// Compares two studies' patients: the identifiers by which each may be asked for, and what is told of it. Less than name, first
/// name and birth date is compared with nobody.
#[must_use]
pub fn between(ours: (&[Identifier], &Record), theirs: (&[Identifier], &Record)) -> Between {
    let ((by, our), (their_by, their)) = (ours, theirs);
    if by.iter().any(|one| their_by.contains(one)) {
        let differs = contradictions(our, their);
        return if differs.is_empty() { Between::Same } else { Between::Contradicts(differs) };
    }
    if !our.has_traits() || !their.has_traits() || their_by.is_empty() {
        return Between::Other;
    }
    match judge(our, their) {
        Verdict::Same => Between::Strict,
        Verdict::Candidate(differs) => Between::Alike(differs),
        Verdict::Different => Between::Other,
    }
}

/// In what two records that bear one identifier speak of two people all the same. What one of them does not tell is not
/// held against it; two birth dates or two first names that are nothing alike are, and so are two family names.
#[must_use]
pub fn contradictions(ours: &Record, theirs: &Record) -> Vec<Trait> {
    let both = |one: &str, other: &str| !one.is_empty() && !other.is_empty();
    let mut found = Vec::new();
    let crossed = || {
        near_any(&ours.is_called(), &[theirs.first_name()]) != Near::Far
            && near_any(&[ours.first_name()], &theirs.is_called()) != Near::Far
    };
    if both(&ours.birth_name, &theirs.birth_name) && near_names(ours, theirs) == Near::Far && !crossed() {
        found.push(Trait::Name);
    }
    if both(&ours.first_names, &theirs.first_names) && near_first(ours, theirs) == Near::Far && !crossed() {
        found.push(Trait::FirstName);
    }
    if both(&ours.birth_date, &theirs.birth_date) && near_dates(&ours.birth_date, &theirs.birth_date) == Near::Far {
        found.push(Trait::BirthDate);
    }
    // A name changes at a wedding, and a first name is often a second one. Both do not; nor does one with the sex.
    let sexes = [ours.sex, theirs.sex];
    if sexes[0] != sexes[1] && !sexes.contains(&Sex::Unknown) {
        found.push(Trait::Sex);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient(name: &str, birth_date: &str, sex: &str) -> Patient {
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Patient {
            name: told(name),
            birth_date: told(birth_date),
            sex: told(sex),
            id: Some("42".to_owned()),
            issuer: None,
        }
    }

    fn record(name: &str, birth_date: &str, sex: &str) -> Record {
        Record::of_study(&patient(name, birth_date, sex), "CH Nord")
    }

    #[test]
    fn a_card_without_issuer_is_of_its_custodian() {
        let of = |custodian: &str| Identifier::of_study(&patient("", "", ""), custodian).unwrap();
        assert_eq!(of("CH Nord").issuer, "CH Nord");
        assert_ne!(of("CH Nord"), of("CHU Sud"), "42 there is not 42 here");
        assert!(Identifier::of_study(&Patient::default(), "CH Nord").is_none());
        let one = record("LEFÈVRE^ANNE^MARIE=x^y", "19700101", "F");
        assert_eq!((one.birth_name.as_str(), one.first_names.as_str()), ("LEFÈVRE", "ANNE MARIE"));
        assert!(one.has_traits() && !record("LEFÈVRE", "19700101", "F").has_traits());
    }

    #[test]
    fn one_identifier_on_two_people_is_seen() {
        let anne = record("LEFÈVRE^ANNE", "19700101", "F");
        for same in [
            record("Lefevre^Anne Marie", "19700101", "F"),
            record("LEFEVRE^ANNE", "19700110", "F"),
            record("LEFEBVRE^ANNE", "", ""),
            record("", "", ""),
            record("ANNE^LEFEVRE", "19700101", "F"),
        ] {
            assert!(contradictions(&anne, &same).is_empty(), "{same:?}");
        }
        assert_eq!(contradictions(&anne, &record("DURAND^ANNE", "19700101", "F")), [Trait::Name]);
        assert_eq!(
            contradictions(&anne, &record("LEFEVRE^ZOE", "19991231", "F")),
            [Trait::FirstName, Trait::BirthDate]
        );
        assert_eq!(contradictions(&anne, &record("LEFEVRE^ANNE", "19700101", "M")), [Trait::Sex]);
    }
}
