//! Records and rows of what rules do with peers: studies offered to them, studies that they offer, and studies of theirs
//! that are fetched before anybody opens them.
//!
//! Of a peer's study nothing stands here but its UID and the digest of its manifest: what its card says lies in the leased
//! cache, and goes with it.
//!
//! # Not here
//! Saying it, and fetching: `rules`.

use super::kind;
use protocol::{
    Digest, Refusal, SiteId, Timestamp, Uid,
    wire::{self, WireError},
};
use serde::{Deserialize, Serialize};

/// How what a rule wanted of a peer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ended {
    /// The peer has heard it; the study is all here.
    Done,
    /// No agreement in force covers it, or the peer says no.
    Refused(Refusal),
    /// The peer's version does not know offers.
    Unknown,
    /// The study is held here no more; the peer does not tell of it any more.
    Gone,
    /// The rule was switched off or removed before.
    RuleOff,
    /// Somebody decided so.
    Dropped,
}

/// Journal record: what became of an offer to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct OfferedRecord {
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) to: SiteId,
    pub(in crate::archive) at: Timestamp,
    /// The manifest that was offered, where one was.
    pub(in crate::archive) manifest: Option<Digest>,
    pub(in crate::archive) ended: Ended,
}

/// A study that a rule offers to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfferRow {
    pub(crate) study: Uid,
    pub(crate) to: SiteId,
    /// The rule that asked last.
    pub(crate) rule: u64,
    pub(crate) since: Timestamp,
    pub(crate) at: Timestamp,
    /// The manifest that was dealt with last.
    pub(crate) manifest: Option<Digest>,
    /// `None`: it is still to be said.
    pub(crate) ended: Option<Ended>,
}

/// Journal record, and row: a peer says that a study of its is meant for us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeardRecord {
    pub(crate) from: SiteId,
    pub(crate) study: Uid,
    pub(crate) manifest: Digest,
    /// By our clock.
    pub(crate) at: Timestamp,
}

/// Why a study is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// Its holder offered it to us.
    Offered,
    Announced,
    /// It is an earlier study of the patient of one that is fetched.
    Prior,
}

/// A study of a peer's to fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) holder: SiteId,
    pub(crate) study: Uid,
    pub(crate) manifest: Digest,
    pub(crate) bytes: u64,
    pub(crate) cause: Cause,
}

/// Journal record: a rule has studies of peers fetched, one and its earlier ones together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct FetchRecord {
    pub(in crate::archive) at: Timestamp,
    pub(in crate::archive) rule: u64,
    pub(in crate::archive) wanted: Vec<Wanted>,
}

/// Journal record: a fetch by rule is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct FetchedRecord {
    pub(in crate::archive) holder: SiteId,
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
    /// Of the manifest that is here now.
    pub(in crate::archive) manifest: Digest,
    pub(in crate::archive) bytes: u64,
    pub(in crate::archive) ended: Ended,
}

/// Journal record: somebody opened a study that a rule had fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::archive) struct UsedRecord {
    pub(in crate::archive) holder: SiteId,
    pub(in crate::archive) study: Uid,
    pub(in crate::archive) at: Timestamp,
}

/// A record of this kind.
#[derive(Clone, Debug)]
pub(in crate::archive) enum WithPeers {
    Offered(OfferedRecord),
    Heard(HeardRecord),
    Fetch(FetchRecord),
    Fetched(FetchedRecord),
    Used(UsedRecord),
}

impl WithPeers {
    /// The kind and the body of its journal record.
    pub(in crate::archive) fn encode(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Offered(record) => (kind::OFFERED, wire::encode(record)),
            Self::Heard(record) => (kind::HEARD, wire::encode(record)),
            Self::Fetch(record) => (kind::FETCH, wire::encode(record)),
            Self::Fetched(record) => (kind::FETCHED, wire::encode(record)),
            Self::Used(record) => (kind::USED, wire::encode(record)),
        }
    }

    /// Of one of the kinds from [`kind::OFFERED`] to [`kind::USED`].
    ///
    /// # Errors
    /// When the body is not such a record.
    pub(in crate::archive) fn decode(kind: u8, body: &[u8]) -> Result<Self, WireError> {
        Ok(match kind {
            kind::OFFERED => Self::Offered(wire::decode(body)?),
            kind::HEARD => Self::Heard(wire::decode(body)?),
            kind::FETCH => Self::Fetch(wire::decode(body)?),
            kind::FETCHED => Self::Fetched(wire::decode(body)?),
            _ => Self::Used(wire::decode(body)?),
        })
    }
}

/// A peer's study that a rule has fetched, or is to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchRow {
    pub(crate) holder: SiteId,
    pub(crate) study: Uid,
    pub(crate) rule: u64,
    pub(crate) cause: Cause,
    pub(crate) since: Timestamp,
    pub(crate) at: Timestamp,
    pub(crate) manifest: Digest,
    /// By its card, later by its manifest.
    pub(crate) bytes: u64,
    /// `None`: it is still to be done.
    pub(crate) ended: Option<Ended>,
    /// When somebody opened it first.
    pub(crate) used: Option<Timestamp>,
}

impl FetchRow {
    /// Whether there is nothing to do for this state of the study: it was fetched, is to be, or somebody said no.
    pub(crate) fn is_settled(&self, manifest: &Digest) -> bool {
        self.manifest == *manifest && matches!(self.ended, None | Some(Ended::Done | Ended::Dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::wire::{self, Wire};

    fn is_written_as<T: Wire + PartialEq + std::fmt::Debug>(value: &T, parts: &[&[u8]]) {
        let bytes = parts.concat();
        assert_eq!(wire::encode(value), bytes);
        assert_eq!(wire::decode::<T>(&bytes).unwrap(), *value);
    }

    #[test]
    fn records_are_written_as_ever() {
        let (study, at, site, digest) = (Uid::parse("1.2").unwrap(), Timestamp(3), SiteId([7; 32]), Digest([9; 32]));
        let (s, d) = (&[7; 32][..], &[9; 32][..]);
        let ended = Ended::Refused(Refusal::NotPermitted);
        let offered = OfferedRecord { study: study.clone(), to: site, at, manifest: Some(digest), ended };
        is_written_as(&offered, &[&[1, 3], b"1.2", s, &[3, 1], d, &[1, 1]]);
        let heard = HeardRecord { from: site, study: study.clone(), manifest: digest, at };
        is_written_as(&heard, &[&[1], s, &[3], b"1.2", d, &[3]]);
        let wanted = Wanted { holder: site, study: study.clone(), manifest: digest, bytes: 5, cause: Cause::Prior };
        let fetch = FetchRecord { at, rule: 4, wanted: vec![wanted] };
        is_written_as(&fetch, &[&[1, 3, 4, 1], s, &[3], b"1.2", d, &[5, 2]]);
        let ended = Ended::Dropped;
        let fetched = FetchedRecord { holder: site, study: study.clone(), at, manifest: digest, bytes: 5, ended };
        is_written_as(&fetched, &[&[1], s, &[3], b"1.2", &[3], d, &[5, 5]]);
        is_written_as(&UsedRecord { holder: site, study, at }, &[&[1], s, &[3], b"1.2", &[3]]);
    }
}
