//! What a site that was restored from a backup asks its peers for: what they know of it that it forgot.
//!
//! A restored site has the agreements, grants and studies of the day of its backup. Whatever was narrowed, ended or taken
//! back since then would be in force again. Both parties of an agreement hold its countersigned text, so each can tell
//! the other; a text is believed by its signatures, an end or a missing grant at a word, since either party may end
//! either at any time.
//!
//! # Not here
//! Believing it: `node::trust`. Heads of the ledger join [`Known`] when there is a ledger.

use crate::{
    agreement::SignedAgreement,
    grant::Grant,
    ids::{Id128, SiteId, Uid},
    signed::Signed,
};
use serde::{Deserialize, Serialize};

/// Texts told at most: those in force and those that wait.
pub const AGREEMENTS_MAX: usize = 64;
/// Ended agreements told at most, the newest.
pub const ENDED_MAX: usize = 1024;
/// Grants of either side told at most, those that last longest.
pub const GRANTS_MAX: usize = 1024;
/// Studies in one answer at most.
pub const STUDIES_MAX: usize = 1000;

/// What a peer knows of the asker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Texts between the two, in force or signed by one.
    pub agreements: Vec<SignedAgreement>,
    /// Agreements between the two that are over, and who ended them.
    pub ended: Vec<(Id128, SiteId)>,
    /// Live grants that the answering site gave to the asker.
    pub given: Vec<Signed<Grant>>,
    /// Live grants that the asker gave, as far as the answering site knows: others were taken back or never arrived.
    pub received: Vec<Id128>,
    /// The highest version of any card of the asker's: its next one must be above it.
    pub head: u64,
    /// Studies of the asker behind the one asked for, in order of their UIDs.
    pub studies: Vec<KnownStudy>,
    /// Whether more follow.
    pub more: bool,
}

/// A study of the asker's, as the answering site was told of it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStudy {
    /// Which.
    pub study: Uid,
    /// Version of its card.
    pub version: u64,
    /// Instances by its card.
    pub instances: u32,
    /// Of them, whole in the answering site's copy.
    pub copied: u32,
}
