//! The kinds of records in the audit journal. Stored: numbers are never used again.
//!
//! Entries, twins, receipts and the beginning are leaves of the ledger's tree; heads and findings are said about it, and are
//! not: a head that were a leaf would ask for the next.

use protocol::{
    SiteId, Timestamp,
    ledger::{Crossing, Hash, Head, Receipt, Seen},
    signed::Signed,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// An [`super::ledger::Entry`].
pub(crate) const ENTRY: u8 = 1;
/// A [`Twin`].
pub(crate) const TWIN: u8 = 2;
/// A [`Countersigned`].
pub(crate) const RECEIPT: u8 = 3;
/// A [`Cosigned`].
pub(super) const COSIGNED: u8 = 4;
/// A [`HeldHead`].
pub(super) const HELD: u8 = 5;
/// A [`Finding`].
pub(super) const FINDING: u8 = 6;
/// A [`Began`].
pub(super) const BEGAN: u8 = 7;
/// A [`Settled`].
pub(super) const SETTLED: u8 = 8;

/// A [`super::ledger::Arrived`].
pub(crate) const ARRIVED: u8 = 12;

pub(super) const fn is_leaf(kind: u8) -> bool {
    matches!(kind, ENTRY | ARRIVED | TWIN | RECEIPT | BEGAN)
}

pub(super) const fn is_entry(kind: u8) -> bool {
    matches!(kind, ENTRY | ARRIVED)
}

/// The leaf of a record.
pub(crate) fn leaf(kind: u8, body: &[u8]) -> Hash {
    Hash::leaf_of(&[&[kind], body])
}

macro_rules! stored {
    ($($name:ident = $said:literal),*) => {
        $(impl Wire for $name {
            const VERSION: u8 = 1;
            const NAME: &'static str = $said;
        })*
    };
}

/// An event of a peer's log that concerns us, countersigned by us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Twin {
    pub(crate) site: SiteId,
    /// In the peer's log.
    pub(crate) place: u64,
    /// [`Crossing::hash`].
    pub(crate) of: Hash,
    pub(crate) crossing: Signed<Crossing>,
}

/// An event of ours that the other site countersigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Countersigned {
    pub(crate) peer: SiteId,
    pub(crate) place: u64,
    pub(crate) crossing: Signed<Crossing>,
    pub(crate) receipt: Signed<Receipt>,
}

/// A head of ours that a peer cosigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cosigned {
    pub(crate) peer: SiteId,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) at: Timestamp,
    pub(crate) unbroken: bool,
    pub(crate) head: Signed<Head>,
    pub(crate) seen: Signed<Seen>,
}

/// A peer's head that we hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldHead {
    pub(crate) head: Head,
    pub(crate) signed: Signed<Head>,
    /// When it came.
    pub(crate) at: Timestamp,
    /// Whether every head before it follows up to it.
    pub(crate) unbroken: bool,
}

/// From here on the log is a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Began {
    pub(crate) at: Timestamp,
    /// Entries that were there already: they are as they were found then.
    pub(crate) before: u64,
}

/// Findings so far were taken note of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settled {
    pub(super) at: Timestamp,
    pub(super) findings: u64,
}

/// What is wrong with a log. Stored: variants are only added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Wrong {
    /// It ends before what its site had signed.
    Shorter,
    /// Records are not those that were signed, or not where they were.
    Changed,
    /// Two heads that its site signed do not go together.
    Forked,
    /// A countersignature or head that its site did not make was shown as its own.
    Forged,
    /// It cannot be read.
    Unreadable,
    /// Not wrong with a log: the site has not countersigned this record of ours for too long.
    Unwitnessed,
}

impl Wrong {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Shorter => "shorter",
            Self::Changed => "changed",
            Self::Forked => "forked",
            Self::Forged => "forged",
            Self::Unreadable => "unreadable",
            Self::Unwitnessed => "unwitnessed",
        }
    }
}

/// Something wrong with a log: whose, and which records. Places count from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    pub(crate) at: Timestamp,
    /// Whose log.
    pub(crate) site: SiteId,
    pub(crate) wrong: Wrong,
    /// The records it must be among.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The entry itself by its number, where a countersigned event names it.
    pub(crate) number: Option<u64>,
    /// The heads that show it, as their site signed them.
    pub(crate) heads: Vec<Signed<Head>>,
}

impl Finding {
    pub(crate) fn new(site: SiteId, wrong: Wrong, first: u64, last: u64) -> Self {
        Self { at: crate::tasks::now(), site, wrong, first, last, number: None, heads: Vec::new() }
    }
    /// Whether it says the same: a log that grows on does not break anew.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let shown = match (self.heads.first(), other.heads.first()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ if self.wrong == Wrong::Forged => self.number == other.number,
            _ => (self.first, self.last, self.number) == (other.first, other.last, other.number),
        };
        (self.site, self.wrong) == (other.site, other.wrong) && shown
    }
    /// For the log: no patient, and the same words for ever.
    pub(super) fn note(&self) -> String {
        let Self { wrong, first, last, .. } = self;
        let record = self.number.map_or_else(String::new, |number| format!(", record {number}"));
        format!("ledger {}: places {first} to {last}{record}", wrong.word())
    }
}

stored!(
    Twin = "audit twin",
    Countersigned = "audit receipt",
    Cosigned = "audit cosigned head",
    HeldHead = "audit head of a peer",
    Began = "audit ledger's beginning",
    Settled = "audit findings settled",
    Finding = "audit finding"
);
