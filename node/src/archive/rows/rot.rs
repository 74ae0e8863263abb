//! Records and rows of objects that were found to be other than what was stored, and of their repair.
//!
//! # Not here
//! What follows from them: [`super::super::repair`].

use protocol::{Digest, SiteId, Timestamp, Uid};
use serde::{Deserialize, Serialize};

/// Journal record: an object's bytes are no longer what was stored, or its file is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct RotRecord {
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) instance: Uid,
    pub(in crate::archive) digest: Digest,
    pub(in crate::archive) bytes: u64,
}

/// Journal record: it is what was stored again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct RepairRecord {
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) digest: Digest,
    pub(in crate::archive) from: RepairedFrom,
}

/// Where an object's bytes came from again. Stored: variants are only ever added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum RepairedFrom {
    /// Somebody sent it again, or its disk gives it again.
    Sender,
    /// Our own disk: the cold copy, or the file set aside of which only the front was spoilt.
    Here,
    /// A peer.
    Peer(SiteId),
    /// A PACS beside the node; which one, the log tells.
    Source,
}

/// An object that was found rotten, as the index holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RotRow {
    pub(crate) found: Timestamp,
    pub(crate) study: Uid,
    pub(crate) instance: Uid,
    pub(crate) digest: Digest,
    pub(crate) bytes: u64,
    /// `None`: not yet.
    pub(crate) repaired: Option<(Timestamp, RepairedFrom)>,
}
