//! Whether two sites' records are of the same patient, without a central index.
//!
//! A Patient ID means nothing without who issued it, and two sites' records are never merged: a site asserts a *link*
//! between its own record and a peer's, signs it, and can take it back. By itself it does so under one rule only, the
//! strict one: both records hold the same national number, both are qualified (RNIV), and all strict traits are equal.
//! Everything less is a *candidate* that a person compares. No false link matters more than finding every one.
//!
//! # Not here
//! Where the records come from, and who may see them: `node`. Asking peers without telling whom: the blind query.

pub mod ins;
pub mod names;
mod told;

#[cfg(test)]
mod tests;

pub use told::{Between, between, contradictions};

use crate::{
    ids::{Id128, SiteId},
    limits::is_hidden,
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use ins::Ins;
use names::{distance, folded, words};
use serde::{Deserialize, Serialize};

/// Characters of an identifier, an issuer, a name.
const LINE_MAX: usize = 256;

/// A Patient ID with who issued it. Compared as a pair, exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Issuer of Patient ID, or an object identifier.
    pub issuer: String,
    /// Patient ID.
    pub id: String,
}

/// How sure a site is of an identity (*Référentiel national d'identitovigilance*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// As told: *identité provisoire*.
    Provisional,
    /// From the national service, without papers seen: *identité récupérée*.
    Retrieved,
    /// Papers seen: *identité validée*.
    Validated,
    /// Both: *identité qualifiée*. Only so does the national number leave the site.
    Qualified,
}

/// Patient's Sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// F.
    Female,
    /// M.
    Male,
    /// O, or not said.
    Unknown,
}

/// What a site knows of a patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Local ones and the national one.
    pub identifiers: Vec<Identifier>,
    /// How sure the site is.
    pub standing: Standing,
    /// *Nom de naissance*.
    pub birth_name: String,
    /// *Prénoms de naissance*, in their order.
    pub first_names: String,
    /// *Nom utilisé*; empty: the same.
    pub used_name: String,
    /// Patient's Birth Date, `YYYYMMDD`; empty: not known.
    pub birth_date: String,
    /// Patient's Sex.
    pub sex: Sex,
    /// *Lieu de naissance*, the INSEE code of five characters; empty: not known.
    pub birthplace: String,
}

/// What two records have in common or not, for whoever compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trait {
    /// The national number.
    National,
    /// An identifier of the same issuer.
    Identifier,
    /// The name of birth, or the one used.
    Name,
    /// The first name of birth.
    FirstName,
    /// The names stand in one another's place.
    NamesSwapped,
    /// Date of birth.
    BirthDate,
    /// Sex.
    Sex,
    /// Place of birth.
    Birthplace,
}

/// Whether two records are of one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// By the strict rule: a link by itself.
    Same,
    /// Perhaps: somebody compares. What does not agree, or only nearly.
    Candidate(Vec<Trait>),
    /// Not to be shown as one.
    Different,
}

impl Record {
    /// The national number, if it is one, with its issuer.
    #[must_use]
    pub fn national(&self) -> Option<(&str, Ins)> {
        self.identifiers.iter().find_map(|one| {
            ins::is_national(&one.issuer)?;
            Some((one.issuer.trim().trim_start_matches("urn:oid:"), Ins::parse(&one.id)?))
        })
    }

    /// Whether it is within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let line = |text: &str| text.chars().count() <= LINE_MAX && !text.chars().any(is_hidden);
        let names = [&self.birth_name, &self.first_names, &self.used_name, &self.birthplace];
        let is_date = self.birth_date.is_empty()
            || (self.birth_date.len() == 8 && self.birth_date.bytes().all(|b| b.is_ascii_digit()));
        is_date
            && names.iter().all(|text| line(text))
            && self.identifiers.len() <= 16
            && self.identifiers.iter().all(|one| !one.id.is_empty() && line(&one.id) && line(&one.issuer))
    }

    /// The first of the first names: `Jean-Pierre Marie` is `JEANPIERRE`.
    fn first_name(&self) -> String {
        folded(self.first_names.split_whitespace().next().unwrap_or_default())
    }

    fn is_called(&self) -> [String; 2] {
        let birth = folded(&self.birth_name);
        let used = folded(&self.used_name);
        let used = if used.is_empty() { birth.clone() } else { used };
        [birth, used]
    }

    /// Whatever may stand as first name where names were put the wrong way round: the first of them, and all of them as one.
    fn given(&self) -> [String; 2] {
        [self.first_name(), folded(&self.first_names)]
    }

    /// And as family name: whole, and each word of it, for several first names stand there as well.
    fn family(&self) -> Vec<String> {
        let parts = [words(&self.birth_name), words(&self.used_name)].concat();
        self.is_called().into_iter().chain(parts.into_iter().filter(|word| word.chars().count() > 2)).collect()
    }

    /// All strict traits are known and equal; a birthplace counts where both know it.
    fn is_strictly(&self, other: &Self) -> bool {
        let known = |text: &str| !text.is_empty();
        let (name, first) = (folded(&self.birth_name), self.first_name());
        let place = |record: &Self| record.birthplace.trim().to_uppercase();
        known(&name)
            && name == folded(&other.birth_name)
            && known(&first)
            && first == other.first_name()
            && known(&self.birth_date)
            && self.birth_date == other.birth_date
            && self.sex != Sex::Unknown
            && self.sex == other.sex
            && (place(self) == place(other) || place(self).is_empty() || place(other).is_empty())
    }
}

/// How near two texts of one trait are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    Equal,
    Nearly,
    Far,
}

/// One slip in five letters, two in nine.
fn near(one: &str, other: &str) -> Near {
    let slips = match one.chars().count().min(other.chars().count()) {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    };
    match distance(one, other, slips) {
        Some(0) if !one.is_empty() => Near::Equal,
        Some(_) if !one.is_empty() && !other.is_empty() => Near::Nearly,
        _ => Near::Far,
    }
}

/// The nearest of any two; a name that is part of a double name is nearly it.
fn near_any(ours: &[String], theirs: &[String]) -> Near {
    ours.iter().flat_map(|one| theirs.iter().map(move |other| near(one, other))).min().unwrap_or(Near::Far)
}

fn near_names(one: &Record, other: &Record) -> Near {
    let best = near_any(&one.is_called(), &other.is_called());
    if best != Near::Far {
        return best;
    }
    // DUPONT-MARTIN and DUPONT.
    let parts = |record: &Record| [words(&record.birth_name), words(&record.used_name)].concat();
    let (ours, theirs) = (parts(one), parts(other));
    let shares = ours.iter().any(|word| word.chars().count() > 3 && theirs.contains(word));
    if shares { Near::Nearly } else { Near::Far }
}

fn near_first(one: &Record, other: &Record) -> Near {
    let best = near(&one.first_name(), &other.first_name());
    if best != Near::Far {
        return best;
    }
    // JEAN and JEAN-PIERRE; the second first name that is the one used.
    let (ours, theirs) = (words(&one.first_names), words(&other.first_names));
    let shares = ours.iter().any(|word| word.chars().count() > 2 && theirs.contains(word));
    if shares { Near::Nearly } else { Near::Far }
}

fn near_dates(one: &str, other: &str) -> Near {
    if one.is_empty() || other.is_empty() {
        return Near::Nearly;
    }
    let split = |date: &str| Some((date.get(..4)?.to_owned(), date.get(4..6)?.to_owned(), date.get(6..8)?.to_owned()));
    let (Some((year, month, day)), Some((their_year, their_month, their_day))) = (split(one), split(other)) else {
        return Near::Far;
    };
    let slips = one.bytes().zip(other.bytes()).filter(|(a, b)| a != b).count();
    match (one == other, slips) {
        (true, _) => Near::Equal,
        (false, 1) => Near::Nearly,
        _ if year == their_year && month == their_day && day == their_month => Near::Nearly,
        // Day and month are often put as the first of January where they are not known.
        _ if year == their_year && ((month == "01" && day == "01") || (their_month == "01" && their_day == "01")) => {
            Near::Nearly
        }
        _ => Near::Far,
    }
}

/// Judges two records.
#[must_use]
pub fn judge(ours: &Record, theirs: &Record) -> Verdict {
    let national = match (ours.national(), theirs.national()) {
        (Some(one), Some(other)) if one.0 == other.0 => Some(one == other),
        _ => None,
    };
    let are_qualified = ours.standing == Standing::Qualified && theirs.standing == Standing::Qualified;
    if national == Some(true) && are_qualified && ours.is_strictly(theirs) {
        return Verdict::Same;
    }
    // Two numbers that both were checked are two people.
    if national == Some(false) && are_qualified {
        return Verdict::Different;
    }
    let mut slips = Vec::new();
    let mut far = 0;
    let mut note = |which: Trait, near: Near| match near {
        Near::Equal => {}
        Near::Nearly => slips.push(which),
        Near::Far => {
            slips.push(which);
            far += 1;
        }
    };
    let straight = (near_names(ours, theirs), near_first(ours, theirs));
    let crossed = near_any(&ours.family(), &theirs.given()).max(near_any(&ours.given(), &theirs.family()));
    if straight.0.max(straight.1) == Near::Far && crossed != Near::Far {
        note(Trait::NamesSwapped, Near::Nearly);
    } else {
        note(Trait::Name, straight.0);
        note(Trait::FirstName, straight.1);
    }
    note(Trait::BirthDate, near_dates(&ours.birth_date, &theirs.birth_date));
    let sexes = [ours.sex, theirs.sex];
    note(Trait::Sex, if sexes[0] == sexes[1] || sexes.contains(&Sex::Unknown) { Near::Equal } else { Near::Nearly });
    let places = [ours.birthplace.trim(), theirs.birthplace.trim()];
    if !places.contains(&"") && !places[0].eq_ignore_ascii_case(places[1]) {
        note(Trait::Birthplace, Near::Nearly);
    }
    if national == Some(false) {
        note(Trait::National, Near::Nearly);
    }
    let share = |one: &Identifier| theirs.identifiers.contains(one);
    let has_common =
        national == Some(true) || ours.identifiers.iter().any(|one| !one.issuer.trim().is_empty() && share(one));
    // Who has an identifier in common is shown whatever else; else two slips at most, and nothing that is quite another.
    let is_candidate = has_common || (far == 0 && slips.len() <= 2);
    if is_candidate { Verdict::Candidate(slips) } else { Verdict::Different }
}

/// By what a link is asserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Method {
    /// The strict rule ([`Verdict::Same`]).
    Strict,
    /// A person who compared.
    Person,
    /// Two records that are alike: nobody has compared them yet. Of candidates only.
    Likeness,
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinkState {
    /// To be compared.
    Candidate,
    /// One patient.
    Confirmed,
    /// Two patients.
    Rejected,
    /// Was confirmed, and is taken back: what was opened by it is listed.
    Revoked,
}

/// An assertion of one site about its own record and a peer's. It binds nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its name.
    pub id: Id128,
    /// The site's own record.
    pub ours: Identifier,
    /// The peer.
    pub peer: SiteId,
    /// The peer's record.
    pub theirs: Identifier,
    /// By what.
    pub method: Method,
    /// How it stands.
    pub state: LinkState,
    /// How often it was changed: the greater one counts.
    pub serial: u32,
    /// Account of the person; empty: by the strict rule.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

impl Wire for Link {
    const VERSION: u8 = 1;
    const NAME: &'static str = "identity link";
}
impl Domain for Link {
    const DOMAIN: &'static str = "confrere/identity-link/1";
}

impl LinkState {
    /// Whether a link may go from this state to another. What a person decided is decided by persons alone from then on.
    #[must_use]
    pub fn may_become(self, next: Self, method: Method) -> bool {
        matches!(
            (self, next, method),
            (Self::Candidate, Self::Confirmed, Method::Strict | Method::Person)
                | (Self::Candidate | Self::Revoked, Self::Rejected, Method::Person)
                | (Self::Confirmed, Self::Revoked, Method::Person)
                | (Self::Rejected | Self::Revoked, Self::Confirmed, Method::Person)
        )
    }
}
