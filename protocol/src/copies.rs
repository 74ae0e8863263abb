//! Copies of a site's studies at other sites, and the receipts for their erasure.
//!
//! Whoever reads a peer's study keeps a leased copy. Each copy has a name of its own, drawn when its key is made: the
//! holder writes it down before the first byte leaves, and the receipt names it again. So a receipt that comes late, twice
//! or before its time is about that copy and no other, and who still holds what is what was delivered less what was erased.
//!
//! # Not here
//! Keys and files: `node::archive::cache`. Counting: `node::trust`.

use crate::{
    ids::{Id128, Uid},
    signed::Domain,
    time::Timestamp,
    wire::Wire,
};
use serde::{Deserialize, Serialize};

/// Receipts, or copies asked for, in one message.
pub const COPIES_MAX: usize = 256;
/// Agreements and grants that a copy is said to be kept under.
pub const BASES_MAX: usize = 16;

/// Why a copy was erased. Variants are only added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Why {
    /// The agreement it was kept under is over, or stands still for good.
    AgreementEnded,
    /// The grant it was kept under was taken back, or its time is over.
    GrantEnded,
    /// The holder no longer tells of the study.
    Withdrawn,
    /// The holder rejected or replaced a part of it.
    Outdated,
    /// Its time is over.
    LeaseOver,
    /// Other copies needed the room.
    Room,
    /// The two sites parted.
    Parted,
    /// Asked for it, the site knows no such copy: it was restored, or lost its cache.
    Unknown,
}

impl Why {
    /// The word of the interface.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AgreementEnded => "agreement-ended",
            Self::GrantEnded => "grant-ended",
            Self::Withdrawn => "withdrawn",
            Self::Outdated => "outdated",
            Self::LeaseOver => "lease-over",
            Self::Room => "room",
            Self::Parted => "parted",
            Self::Unknown => "unknown",
        }
    }
}

/// The reader's receipt: the key of a copy is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyErased {
    /// Which.
    pub copy: Id128,
    /// Of which study.
    pub study: Uid,
    /// Version of the study's card by which it was last opened; 0: not known.
    pub version: u64,
    /// Agreements and grants that it was kept under, at most [`BASES_MAX`].
    pub bases: Vec<Id128>,
    /// Objects that were whole.
    pub instances: u64,
    /// Bytes on disk, sealed.
    pub bytes: u64,
    /// When the copy was begun, by the reader's clock.
    pub leased: Timestamp,
    /// When its key was destroyed, by the reader's clock.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
}
impl Wire for CopyErased {
    const VERSION: u8 = 1;
    const NAME: &'static str = "copy's receipt";
}
impl Domain for CopyErased {
    const DOMAIN: &'static str = "confrere/copy-receipt/1";
}

/// A copy that a site says it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyHeld {
    /// Which.
    pub copy: Id128,
    /// Of which study.
    pub study: Uid,
    /// As in [`CopyErased::version`].
    pub version: u64,
    /// As in [`CopyErased::bases`].
    pub bases: Vec<Id128>,
    /// Objects that are whole.
    pub instances: u64,
    /// Bytes on disk, sealed.
    pub bytes: u64,
    /// When it was begun.
    pub leased: Timestamp,
    /// Until when it stays, unless it is opened again.
    pub until: Timestamp,
}
