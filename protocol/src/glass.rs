//! Breaking the glass: in an emergency a person of the reader's site asks for one patient's studies of a holder where
//! nobody is awake; the holder's node decides by the agreement alone.
//!
//! The request is signed by the reader's site and is kept as evidence by both; so it names no patient. Who is meant is
//! said beside it, and the request holds the digest of that, with its own number as the salt.
//!
//! # Not here
//! Whether it is allowed, what falls due afterwards: `node::trust`. Finding the patient: the holder's node.

use crate::{
    digest::Digest,
    ids::{Id128, SiteId},
    signed::Domain,
    time::Timestamp,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Studies opened by one emergency at most: a patient's whole record; the newest come first.
pub const STUDIES_MAX: usize = 256;
/// How long the glass stays broken: a night.
pub const LASTS: Duration = Duration::from_secs(12 * 3600);
/// How far the two sites' clocks may lie apart, and how old a request may be.
pub const AGE_MAX: Duration = Duration::from_secs(600);
/// Characters of the reason in a person's own words, at least …
pub const TEXT_MIN: usize = 10;
/// … and at most.
pub const TEXT_MAX: usize = 500;
/// Characters of a name, a role, an identifier.
pub const NAME_MAX: usize = 64;

/// Why, from a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// Danger to life.
    DangerToLife,
    /// The patient cannot say what they want.
    CannotConsent,
    /// The patient is on the way to the reader's site.
    UrgentTransfer,
    /// An urgent opinion is asked for.
    UrgentOpinion,
    /// As the text says.
    Other,
}

impl Reason {
    /// With their words for programs, in the order of lists.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::DangerToLife, "danger-to-life"),
        (Self::CannotConsent, "cannot-consent"),
        (Self::UrgentTransfer, "urgent-transfer"),
        (Self::UrgentOpinion, "urgent-opinion"),
        (Self::Other, "other"),
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(reason, _)| *reason == self).map_or("other", |(_, word)| word)
    }

    /// By its word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(reason, _)| *reason)
    }
}

/// Which patient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Whom {
    /// By an identifier with who issued it: the national one, or the holder's own.
    Identifier {
        /// Issuer of Patient ID, or the issuer's OID; the holder's name for its own.
        issuer: String,
        /// Patient ID.
        id: String,
    },
    /// By what everybody knows of a patient, all three: only if exactly one patient fits.
    Traits {
        /// Patient's Name.
        name: String,
        /// Patient's Birth Date, `YYYYMMDD`.
        birth_date: String,
        /// Patient's Sex.
        sex: String,
    },
}

impl Wire for Whom {
    const VERSION: u8 = 1;
    const NAME: &'static str = "patient of an emergency";
}

impl Whom {
    /// What stands in the request that is kept.
    #[must_use]
    pub fn digest(&self, request: &Id128) -> Digest {
        Digest::of(&[&request.0[..], &wire::encode(self)].concat())
    }

    /// Whether all that is needed is there, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let line = |text: &str| {
            let text = text.trim();
            !text.is_empty() && text.chars().count() <= 4 * NAME_MAX && !text.chars().any(char::is_control)
        };
        match self {
            Self::Identifier { issuer, id } => line(issuer) && line(id),
            Self::Traits { name, birth_date, sex } => {
                let is_date = birth_date.len() == 8 && birth_date.bytes().all(|b| b.is_ascii_digit());
                line(name) && is_date && matches!(sex.as_str(), "F" | "M" | "O")
            }
        }
    }
}

/// What a person says who breaks the glass, signed by their site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlassRequest {
    /// Its name; never used twice.
    pub id: Id128,
    /// Whose studies.
    pub holder: SiteId,
    /// When.
    pub at: Timestamp,
    /// Account of the person.
    pub person: String,
    /// Role of the person.
    pub role: String,
    /// The person's number in the national register of professionals; empty: none recorded.
    pub rpps: String,
    /// Why, from the list.
    pub reason: Reason,
    /// Why, in the person's own words.
    pub text: String,
    /// [`Whom::digest`].
    pub patient: Digest,
}

impl Wire for GlassRequest {
    const VERSION: u8 = 1;
    const NAME: &'static str = "break-glass request";
}
impl Domain for GlassRequest {
    const DOMAIN: &'static str = "confrere/break-glass/1";
}

impl GlassRequest {
    /// Whether it says all that it must, within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let within = |text: &str, max: usize| text.chars().count() <= max && !text.chars().any(char::is_control);
        let words = self.text.trim().chars().count();
        !self.person.trim().is_empty()
            && [&self.person, &self.role, &self.rpps].iter().all(|text| within(text, NAME_MAX))
            && within(&self.text, TEXT_MAX)
            && words >= TEXT_MIN
    }

    /// Whether it was made about now.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.at.after(AGE_MAX) >= now && now.after(AGE_MAX) >= self.at
    }

    /// What stands in the grants that follow from it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&wire::encode(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> GlassRequest {
        GlassRequest {
            id: Id128([1; 16]),
            holder: SiteId([1; 32]),
            at: Timestamp(1_000_000),
            person: "garde".to_owned(),
            role: "radiologist".to_owned(),
            rpps: String::new(),
            reason: Reason::DangerToLife,
            text: "polytraumatisé".to_owned(),
            patient: Digest([0; 32]),
        }
    }

    #[test]
    fn a_reason_has_ten_characters_that_are_no_spaces_around() {
        assert!(request().is_sound());
        for text in ["", "urgent", "          urgent          ", "two\nlines of words"] {
            assert!(!GlassRequest { text: text.to_owned(), ..request() }.is_sound(), "{text:?}");
        }
        assert!(!GlassRequest { person: String::new(), ..request() }.is_sound());
    }

    #[test]
    fn it_counts_for_ten_minutes_around_when_it_was_made() {
        let at = |ms: u64| request().is_fresh(Timestamp(ms));
        assert!(at(1_000_000) && at(1_600_000) && at(400_000));
        assert!(!at(1_600_001) && !at(399_999));
    }

    #[test]
    fn all_traits_are_needed_and_the_same_patient_is_another_digest_in_another_request() {
        let whom = |name: &str, birth_date: &str, sex: &str| Whom::Traits {
            name: name.to_owned(),
            birth_date: birth_date.to_owned(),
            sex: sex.to_owned(),
        };
        let full = whom("DURAND^ZOE", "19700101", "F");
        assert!(full.is_sound());
        for (name, date, sex) in [("", "19700101", "F"), ("DURAND", "1970", "F"), ("DURAND", "19700101", "")] {
            assert!(!whom(name, date, sex).is_sound());
        }
        assert_ne!(full.digest(&Id128([1; 16])), full.digest(&Id128([2; 16])));
    }
}
