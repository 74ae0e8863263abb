//! What is known of the ledger, in memory: our tree, what waits for a countersignature, the heads that peers cosigned and
//! those of peers that we hold, and what was found wrong.
//!
//! # At a crash
//! A view of the journal's records: each is applied once it is durable, and again at each start.

use super::{
    ledger::Entry,
    records::{self, Began, Cosigned, Countersigned, Finding, HeldHead, Settled, Twin},
    tree::Tree,
};
use crate::journal::Position;
use protocol::{
    SiteId, Timestamp,
    ledger::Hash,
    wire::{self, WireError},
};
use std::collections::{BTreeMap, BTreeSet};

/// Cosigned heads of ours kept in memory for each peer: what is found wrong lies between two of them.
const COSIGNED_MAX: usize = 256;
/// Twins by which a repeated question is known, for each peer; one that is older is written down once more.
const TWINS_MAX: usize = 4096;
/// Findings in memory and in lists.
const FINDINGS_MAX: usize = 256;

/// A record of ours, decoded.
pub(super) enum Kept {
    Entry(Entry),
    Twin(Twin),
    Countersigned(Box<Countersigned>),
    Cosigned(Box<Cosigned>),
    Held(Box<HeldHead>),
    Finding(Box<Finding>),
    Began(Began),
    Settled,
}

impl Kept {
    /// `None`: of a kind that a later version wrote.
    pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Option<Self>, WireError> {
        Ok(Some(match kind {
            records::ENTRY | records::ARRIVED => Self::Entry(Entry::decode(kind, body)?),
            records::TWIN => Self::Twin(wire::decode(body)?),
            records::RECEIPT => Self::Countersigned(Box::new(wire::decode(body)?)),
            records::COSIGNED => Self::Cosigned(Box::new(wire::decode(body)?)),
            records::HELD => Self::Held(Box::new(wire::decode(body)?)),
            records::FINDING => Self::Finding(Box::new(wire::decode(body)?)),
            records::BEGAN => Self::Began(wire::decode(body)?),
            records::SETTLED => {
                wire::decode::<Settled>(body)?;
                Self::Settled
            }
            _ => return Ok(None),
        }))
    }
}

/// An event of ours that waits for its countersignature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) number: u64,
    pub(crate) peer: SiteId,
    pub(crate) since: Timestamp,
    pub(super) at: Position,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) tree: Tree,
    pub(super) began: Option<Began>,
    /// By place.
    pub(super) pending: BTreeMap<u64, Pending>,
    /// By the peer's place: what it was, and where our twin stands.
    pub(super) twins: BTreeMap<SiteId, BTreeMap<u64, (Hash, u64)>>,
    pub(super) cosigned: BTreeMap<SiteId, Vec<Cosigned>>,
    pub(super) held: BTreeMap<SiteId, HeldHead>,
    /// With whether they were taken note of; in the order of the journal.
    pub(super) findings: Vec<(Finding, bool)>,
    /// Peers with whom something is to be exchanged.
    pub(super) due: BTreeSet<SiteId>,
}

impl Book {
    /// Applies a record that is durable.
    pub(super) fn apply(&mut self, kept: Kept, leaf: Option<Hash>, at: Position) {
        let place = self.tree.size();
        if let Some(leaf) = leaf {
            self.tree.push(leaf, at);
        }
        match kept {
            Kept::Entry(entry) => {
                if let Some(peer) = entry.event.witness().filter(|_| entry.twin) {
                    let pending = Pending { number: entry.number, peer, since: entry.event.at, at };
                    self.pending.insert(place, pending);
                    self.due.insert(peer);
                }
            }
            Kept::Twin(twin) => {
                let of_peer = self.twins.entry(twin.site).or_default();
                of_peer.insert(twin.place, (twin.of, place));
                while of_peer.len() > TWINS_MAX {
                    of_peer.pop_first();
                }
                self.due.insert(twin.site);
            }
            Kept::Countersigned(countersigned) => {
                self.pending.remove(&countersigned.place);
                self.due.insert(countersigned.peer);
            }
            Kept::Cosigned(cosigned) => {
                let of_peer = self.cosigned.entry(cosigned.peer).or_default();
                of_peer.push(*cosigned);
                if of_peer.len() > COSIGNED_MAX {
                    // Every other one of the older half: near ones stay dense.
                    let mut index = 0;
                    of_peer.retain(|_| {
                        index += 1;
                        index > COSIGNED_MAX / 2 || index % 2 == 0
                    });
                }
            }
            Kept::Held(held) => {
                self.held.insert(held.head.site, *held);
            }
            Kept::Finding(finding) => {
                self.findings.push((*finding, false));
                if self.findings.len() > FINDINGS_MAX {
                    self.findings.remove(0);
                }
            }
            Kept::Began(began) => self.began = self.began.or(Some(began)),
            Kept::Settled => {
                self.findings.iter_mut().for_each(|(_, settled)| *settled = true);
                // What is to be compared with is what peers say from now on.
                self.cosigned.clear();
            }
        }
    }

    pub(super) fn cosigned_by(&self, peer: &SiteId) -> Option<&Cosigned> {
        self.cosigned.get(peer)?.last()
    }
}
