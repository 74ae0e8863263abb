//! People and machine clients of this site: what each role includes.

use crate::audit::{Actor, Origin};
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
    /// Open a patient's studies at another site in an emergency.
    BreakGlass,
    /// Ask for a reading or an opinion, and follow it.
    RequestReadings,
    /// Take cases, read them, and sign reports: a radiologist's.
    ReportCases,
    /// See to it that cases have their images, and are asked of somebody.
    PrepareCases,
}

impl Action {
    /// All of them, with their words for programs.
    pub(crate) const ALL: [(Self, &'static str); 13] = [
        (Self::ListStudies, "list-studies"),
        (Self::ReadStudies, "read-studies"),
        (Self::StoreStudies, "store-studies"),
        (Self::ShareStudies, "share-studies"),
        (Self::RejectStudies, "reject-studies"),
        (Self::ExportStudies, "export-studies"),
        (Self::LabelStudies, "label-studies"),
        (Self::Administer, "administer"),
        (Self::ReadLog, "read-log"),
        (Self::BreakGlass, "break-glass"),
        (Self::RequestReadings, "request-readings"),
        (Self::ReportCases, "report-cases"),
        (Self::PrepareCases, "prepare-cases"),
    ];

    /// Its bit in a [`Scope`], which is on disk: it stays with the action.
    const fn bit(self) -> u16 {
        match self {
            Self::ListStudies => 1,
            Self::ReadStudies => 1 << 1,
            Self::StoreStudies => 1 << 2,
            Self::ShareStudies => 1 << 3,
            Self::RejectStudies => 1 << 4,
            Self::ExportStudies => 1 << 5,
            Self::LabelStudies => 1 << 6,
            Self::Administer => 1 << 7,
            Self::ReadLog => 1 << 8,
            Self::BreakGlass => 1 << 9,
            Self::RequestReadings => 1 << 10,
            Self::ReportCases => 1 << 11,
            Self::PrepareCases => 1 << 12,
        }
    }
}

/// Which of a role's actions a token opens. What it names beyond the role it does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Scope(u16);

impl Scope {
    /// All that the role allows, also what it will allow later.
    pub(crate) const ALL: Self = Self(u16::MAX);

    /// By the words of [`Action::ALL`]; none for an unknown word.
    pub(crate) fn of_words<S: AsRef<str>>(words: &[S]) -> Option<Self> {
        let bit = |word: &S| Action::ALL.iter().find(|(_, known)| *known == word.as_ref()).map(|(a, _)| a.bit());
        words.iter().try_fold(0, |bits, word| Some(bits | bit(word)?)).map(Self)
    }

    pub(crate) const fn has(self, action: Action) -> bool {
        self.0 & action.bit() != 0
    }
}

impl Role {
    pub(crate) const ALL: [Self; 5] =
        [Self::Admin, Self::Radiologist, Self::Referrer, Self::Technologist, Self::Auditor];

    /// The words of what it allows, of [`Self::allows`] itself.
    pub(crate) fn actions(self) -> Vec<&'static str> {
        Action::ALL.iter().filter(|(action, _)| self.allows(*action)).map(|(_, word)| *word).collect()
    }

    /// The one table of roles and actions (shown in docs/security.md).
    pub(crate) fn allows(self, action: Action) -> bool {
        use Action::{
            BreakGlass, ExportStudies, LabelStudies, ListStudies, PrepareCases, ReadLog, ReadStudies, RejectStudies,
            ReportCases, RequestReadings, ShareStudies, StoreStudies,
        };
        match self {
            // An emergency is a physician's, and so is a report.
            Self::Admin => !matches!(action, BreakGlass | ReportCases),
            Self::Radiologist => {
                matches!(
                    action,
                    ListStudies
                        | ReadStudies
                        | StoreStudies
                        | ShareStudies
                        | ExportStudies
                        | LabelStudies
                        | BreakGlass
                        | RequestReadings
                        | ReportCases
                        | PrepareCases
                )
            }
            Self::Referrer => matches!(action, ListStudies | ReadStudies | RequestReadings),
            Self::Technologist => {
                matches!(
                    action,
                    ListStudies
                        | ReadStudies
                        | StoreStudies
                        | RejectStudies
                        | ExportStudies
                        | LabelStudies
                        | PrepareCases
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
/// Whoever brings priors before they are asked for.
const PRIORS: &str = "rule priors";

/// A person or machine at this site whose identity was checked by `users` (or who holds the control socket).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// All, but for a token made for less.
    pub(crate) scope: Scope,
    /// From where, where a door saw it.
    pub(crate) from: Option<Origin>,
}

impl Person {
    pub(crate) const fn new(name: String, role: Role) -> Self {
        Self { name, role, scope: Scope::ALL, from: None }
    }

    /// Whether the role, and the token where one is shown, include an action.
    pub(crate) fn allows(&self, action: Action) -> bool {
        self.role.allows(action) && self.scope.has(action)
    }

    /// In whose name a rule acts.
    pub(crate) fn of_rule(rule: u64) -> Self {
        Self::new(format!("{RULE}{rule}"), Role::Referrer)
    }

    /// In whose name priors are brought before anybody asks for them.
    pub(crate) fn of_priors() -> Self {
        Self::new(PRIORS.to_owned(), Role::Referrer)
    }

    /// Whether it is a rule that acts, and no person.
    pub(crate) fn is_rule(&self) -> bool {
        self.name == PRIORS || self.name.strip_prefix(RULE).is_some_and(|number| number.parse::<u64>().is_ok())
    }

    pub(crate) fn actor(&self) -> Actor {
        let (person, role) = (self.name.clone(), self.role.word().to_owned());
        Actor { person, role, site: None, from: self.from.clone() }
    }
}
