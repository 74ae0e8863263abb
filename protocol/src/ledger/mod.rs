//! The ledger's signed values: heads of a site's log, events that cross sites, and what the other site signs to them.
//!
//! A site's log is a list of records, hashed as a tree ([`tree`]). Its head is what the site signs: so many records, this
//! root. Two heads of one site that do not follow from one another are the proof, by the site's own signatures, that it
//! rewrote its log.
//!
//! # Not here
//! What is recorded, and where: `node::audit`. When heads are exchanged: `node::overlay`.

pub mod tree;

#[cfg(test)]
mod tests;

use crate::{
    ids::{Id128, SiteId, Uid},
    refusal::Refusal,
    signed::{Domain, Signed},
    time::Timestamp,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
pub use tree::Hash;

/// Events told, and receipts given back, in one message: some 25 KiB.
pub const CROSSINGS_MAX: usize = 64;
/// Records proved in one message.
pub const PLACES_MAX: usize = 64;
/// Sites named in one message.
pub const OTHERS_MAX: usize = 256;
/// Characters of a person, a role or a word in a crossing.
pub const WORD_CHARS_MAX: usize = 64;

/// So many records of a site's log, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Whose log.
    pub site: SiteId,
    /// Records in it.
    pub size: u64,
    /// Over them all.
    pub root: Hash,
    /// When it was signed, by the site's clock.
    pub at: Timestamp,
}
impl Wire for Head {
    const VERSION: u8 = 1;
    const NAME: &'static str = "ledger head";
}
impl Domain for Head {
    const DOMAIN: &'static str = "confrere/ledger-head/1";
}

/// What a peer signs to a head: it has seen it, and whether it follows from all of that site that the peer saw before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The other site's head.
    pub head: Head,
    /// Whether all heads before follow up to it.
    pub unbroken: bool,
    /// When, by the peer's clock.
    pub at: Timestamp,
}
impl Wire for Seen {
    const VERSION: u8 = 1;
    const NAME: &'static str = "ledger head seen";
}
impl Domain for Seen {
    const DOMAIN: &'static str = "confrere/ledger-seen/1";
}

/// An event of one site's log that concerns another, as it is told to that other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crossing {
    /// In whose log.
    pub site: SiteId,
    /// Whom it concerns.
    pub peer: SiteId,
    /// Where in the log, from 0.
    pub place: u64,
    /// The record's leaf.
    pub leaf: Hash,
    /// Its number as people see it.
    pub number: u64,
    /// When it happened.
    pub at: Timestamp,
    /// What was done, as a word (`study-served`).
    pub act: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// Who acted, at most [`WORD_CHARS_MAX`] characters. Never a patient.
    pub person: String,
    /// In which role.
    pub role: String,
    /// Where that person belongs, if not to `site`.
    pub of_site: Option<SiteId>,
    /// About which study.
    pub study: Option<Uid>,
    /// By what it was allowed: agreement or grant.
    pub basis: Option<Id128>,
    /// How many instances.
    pub instances: u64,
    /// How many bytes.
    pub bytes: u64,
}
impl Wire for Crossing {
    const VERSION: u8 = 1;
    const NAME: &'static str = "ledger crossing";
}
impl Domain for Crossing {
    const DOMAIN: &'static str = "confrere/ledger-crossing/1";
}

impl Crossing {
    /// What a receipt is for.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::leaf(&wire::encode(self))
    }

    /// Opens what `from` told `us`.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] when it is not signed by `from`, does not concern `us`, or is over a bound.
    pub fn opened(signed: &Signed<Self>, from: &SiteId, us: &SiteId) -> Result<Self, Refusal> {
        let told = signed.open(from).map_err(|_| Refusal::Malformed)?;
        let bounded = [&told.act, &told.outcome, &told.person, &told.role]
            .iter()
            .all(|word| word.chars().count() <= WORD_CHARS_MAX);
        if told.site == *from && told.peer == *us && bounded { Ok(told) } else { Err(Refusal::Malformed) }
    }
}

/// The other site's countersignature of a crossing: the twin is in its own log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// [`Crossing::hash`].
    pub of: Hash,
    /// Where the twin stands in the countersigning site's log.
    pub place: u64,
    /// When, by that site's clock.
    pub at: Timestamp,
}
impl Wire for Receipt {
    const VERSION: u8 = 1;
    const NAME: &'static str = "ledger receipt";
}
impl Domain for Receipt {
    const DOMAIN: &'static str = "confrere/ledger-receipt/1";
}

/// A site, for whoever knows its key already and for nobody else.
#[must_use]
pub fn alias(site: &SiteId) -> Hash {
    Hash::leaf_of(&[b"confrere/ledger-alias/1", &site.0])
}

/// How a new head relates to the newest one that is held of the same site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// It goes on from it.
    Yes,
    /// It is not proved from the one held; the other site shall be told which that is.
    Unproved,
    /// The other site was told, and its log ends before.
    Shorter,
    /// The other site was told, and cannot prove that the old records are in the new log as they were.
    Forked,
}

/// Judges a head of a site by the newest one held. `from`: the size that the proof starts at, in the sender's words.
#[must_use]
pub fn follows(held: Option<&Head>, head: &Head, from: u64, proof: &[Hash]) -> Follows {
    let Some(held) = held else { return Follows::Yes };
    if from != held.size {
        return Follows::Unproved;
    }
    if head.size < held.size {
        return Follows::Shorter;
    }
    if tree::is_consistent((held.size, &held.root), (head.size, &head.root), proof) {
        Follows::Yes
    } else {
        Follows::Forked
    }
}
