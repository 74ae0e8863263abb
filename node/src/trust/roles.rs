//! People and machine clients of this site: what each role includes.

use crate::audit::Actor;
use serde::{Deserialize, Serialize};

/// Roles of people and machine clients at this site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    Admin,
    Radiologist,
    Referrer,
    Technologist,
    Auditor,
}

/// What a role may include.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// List studies, own and peers'.
    ListStudies,
    /// Open and read images, own and peers'.
    ReadStudies,
    /// Store (STOW, import).
    StoreStudies,
    /// Reject what must not be shown, and take that back.
    RejectStudies,
    /// Take studies of ours out of the house, as files or on media.
    ExportStudies,
    /// Give studies of ours labels, and take them away.
    LabelStudies,
    /// Share a study by a grant.
    ShareStudies,
    /// Peers, agreements, users, tokens, AEs, settings.
    Administer,
    /// Read the access log.
    ReadLog,
}

impl Role {
    /// The one table of roles and actions (shown in docs/security.md).
    pub(crate) fn allows(self, action: Action) -> bool {
        use Action::{
            ExportStudies, LabelStudies, ListStudies, ReadLog, ReadStudies, RejectStudies, ShareStudies, StoreStudies,
        };
        match self {
            Self::Admin => true,
            Self::Radiologist => {
                matches!(action, ListStudies | ReadStudies | StoreStudies | ShareStudies | ExportStudies | LabelStudies)
            }
            Self::Referrer => matches!(action, ListStudies | ReadStudies),
            Self::Technologist => {
                matches!(
                    action,
                    ListStudies | ReadStudies | StoreStudies | RejectStudies | ExportStudies | LabelStudies
                )
            }
            Self::Auditor => matches!(action, ReadLog),
        }
    }
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Radiologist => "radiologist",
            Self::Referrer => "referrer",
            Self::Technologist => "technologist",
            Self::Auditor => "auditor",
        }
    }
}

/// A person or machine at this site whose identity was checked by `users` (or who holds the control socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl Person {
    pub(crate) fn actor(&self) -> Actor {
        Actor { person: self.name.clone(), role: self.role.word().to_owned(), site: None }
    }
}
