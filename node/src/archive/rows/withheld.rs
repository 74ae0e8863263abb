//! What is held back of studies, as it is recorded.

use super::PatientKey;
use protocol::{Timestamp, Uid, agreement::Withheld, manifest::Patient};
use serde::{Deserialize, Serialize};

/// Of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Of {
    Study(Uid),
    /// All studies of a patient, also those that come later.
    Patient(PatientKey),
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum How {
    Opposed,
    Masked,
    NoBreakGlass,
}

impl How {
    /// With their words for programs.
    pub(crate) const ALL: [(Self, &'static str); 3] =
        [(Self::Opposed, "opposed"), (Self::Masked, "masked"), (Self::NoBreakGlass, "no-break-glass")];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Opposed => "opposed",
            Self::Masked => "masked",
            Self::NoBreakGlass => "no-break-glass",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(how, _)| *how)
    }

    pub(in crate::archive) const fn withheld(self) -> Withheld {
        let (opposed, masked) = (matches!(self, Self::Opposed), matches!(self, Self::Masked));
        Withheld { opposed, masked, no_break_glass: matches!(self, Self::NoBreakGlass) }
    }
}

/// Who asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AskedBy {
    Patient,
    /// A legal representative, a person of trust.
    Representative,
    Physician,
    /// The site itself.
    Site,
}

impl AskedBy {
    /// With their words for programs.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Patient, "patient"),
        (Self::Representative, "representative"),
        (Self::Physician, "physician"),
        (Self::Site, "site"),
    ];

    pub(crate) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(by, _)| *by == self).map_or("site", |(_, word)| word)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, word)| *word == text).map(|(by, _)| *by)
    }
}

/// Journal record: a study, or all of a patient's, is held back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WithholdRecord {
    /// Rises with time.
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    /// Who recorded it.
    pub(crate) person: String,
    pub(crate) of: Of,
    pub(crate) how: How,
    pub(crate) asked_by: AskedBy,
    /// `YYYYMMDD`: when they asked.
    pub(crate) asked_on: String,
    pub(crate) note: String,
}

impl WithholdRecord {
    /// Whether a study of this patient is meant. An identifier is never compared without who issued it; an issuer that
    /// the object does not name is one of its own.
    pub(in crate::archive) fn is_about(&self, study: &Uid, patient: &Patient) -> bool {
        match &self.of {
            Of::Study(meant) => meant == study,
            Of::Patient(meant) => PatientKey::of(patient).as_ref() == Some(meant),
        }
    }
}

/// Journal record: it is held back no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct ReleaseRecord {
    pub(in crate::archive) id: u64,
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) person: String,
    pub(in crate::archive) note: String,
}
