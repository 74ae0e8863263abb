//! Why a request is refused: one closed table, with the code on the wire and the sentence for people.

use serde::{Deserialize, Serialize};

/// A refusal, as one site gives it to another or to its own reader. Carries no patient data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// No trust between the sites, or trust withdrawn.
    #[error("the sites are not paired, or the pairing was revoked")]
    NotPaired,
    /// No agreement or grant covers this study for this caller.
    #[error("no agreement or grant in force covers this study")]
    NotPermitted,
    /// An agreement covers the study, but not at this hour.
    #[error("the agreement covers this study only at other hours")]
    OutsideHours,
    /// The permission existed and was withdrawn while in use.
    #[error("the permission was withdrawn")]
    Revoked,
    /// The permission ran out.
    #[error("the permission has expired")]
    Expired,
    /// The caller's role does not include this action.
    #[error("the caller's role does not allow this")]
    Role,
    /// The holder does not have (or no longer has) the study or object.
    #[error("the study or object is not held here")]
    NotHeld,
    /// The bytes at the holder are not those that were signed. A security alert there.
    #[error("the stored bytes are not those the site signed")]
    Corrupt,
    /// Ask again in so many milliseconds.
    #[error("busy")]
    Busy(u32),
    /// The question itself is not well formed or over a bound.
    #[error("the request is malformed")]
    Malformed,
    /// The asker speaks a version this site no longer, or not yet, reads.
    #[error("the protocol version is not supported")]
    Version,
    /// The holder's own fault.
    #[error("internal fault at the holder")]
    Internal,
    /// One of the parties suspended the agreement.
    #[error("the agreement is suspended")]
    Suspended,
    /// The agreement is about to end: what is being read may be read to its end.
    #[error("the agreement is ending: nothing new is opened under it")]
    Closing,
    /// An agreement covers the study, but not for this purpose.
    #[error("the agreement does not cover this purpose")]
    Purpose,
    /// An agreement covers the study, but only with an open case.
    #[error("the agreement covers this study only while a case is open on it")]
    NoCase,
    /// An agreement covers the study, but only for somebody on duty.
    #[error("the agreement covers this study only for somebody on duty")]
    OffDuty,
}

impl Refusal {
    /// A stable word for logs, metrics and the interface's translations.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotPaired => "not-paired",
            Self::NotPermitted => "not-permitted",
            Self::OutsideHours => "outside-hours",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Role => "role",
            Self::NotHeld => "not-held",
            Self::Corrupt => "corrupt",
            Self::Busy(_) => "busy",
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Internal => "internal",
            Self::Suspended => "suspended",
            Self::Closing => "closing",
            Self::Purpose => "purpose",
            Self::NoCase => "no-case",
            Self::OffDuty => "off-duty",
        }
    }
}
