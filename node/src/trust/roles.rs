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

/// Before the number of a rule; account names have no spaces.
const RULE: &str = "rule ";

/// A person or machine at this site whose identity was checked by `users` (or who holds the control socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
}

impl Person {
    /// In whose name a rule acts.
    pub(crate) fn of_rule(rule: u64) -> Self {
        Self { name: format!("{RULE}{rule}"), role: Role::Referrer }
    }

    /// Whether it is a rule that acts, and no person.
    pub(crate) fn is_rule(&self) -> bool {
        self.name.strip_prefix(RULE).is_some_and(|number| number.parse::<u64>().is_ok())
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor { person: self.name.clone(), role: self.role.word().to_owned(), site: None }
    }
}
