//! Our own log against itself and against what peers cosigned of it: at start, and by the watch.
//!
//! What the disk gives is hashed anew. It must be the tree that was built as the records were made, and every head that a
//! peer cosigned must still come out of it. Where one does not, the record lies behind the newest head that still does;
//! a countersigned event that is not at its place any more names it.
//!
//! # Not here
//! Bytes that are not even records: the journal's checksums find them, here as [`Wrong::Unreadable`].

use super::{
    Audit,
    records::{self, Cosigned, Countersigned, Finding, Wrong},
    tree::BLOCK_RECORDS,
};
use crate::journal::{Position, Record};
use protocol::{
    SiteId,
    ledger::{Crossing, Hash, tree},
    wire,
};

/// The leaves as the disk gives them.
struct Leaves(Vec<Hash>);

impl Audit {
    /// What is wrong with our own log (blocking).
    pub(crate) fn check(&self, us: SiteId) -> Vec<Finding> {
        let (end, size, blocks, cosigned) = {
            let book = self.book();
            let cosigned: Vec<Cosigned> = book.cosigned.values().flatten().cloned().collect();
            (self.journal.end(), book.tree.size(), book.tree.blocks().to_vec(), cosigned)
        };
        let leaves = match self.leaves(end) {
            Ok(leaves) => leaves,
            Err(at) => return vec![Finding::new(us, Wrong::Unreadable, at, size.saturating_sub(1).max(at))],
        };
        let found = leaves.against_memory(us, size, &blocks).into_iter().chain(leaves.against_heads(us, cosigned));
        found.map(|finding| self.named(us, finding, &leaves, end)).collect()
    }

    /// The disk's leaves up to a place; or how many could be read.
    fn leaves(&self, end: Position) -> Result<Leaves, u64> {
        let mut leaves = Vec::new();
        let ended = self.journal.replay_to(Position::default(), end, &mut |record: Record<'_>| {
            if records::is_leaf(record.kind) {
                leaves.push(records::leaf(record.kind, record.body));
            }
            Ok(())
        });
        match ended {
            Ok(_) => Ok(Leaves(leaves)),
            Err(error) => {
                tracing::error!(%error, "the audit log cannot be read again");
                Err(u64::try_from(leaves.len()).unwrap_or(u64::MAX))
            }
        }
    }

    /// Narrowed between the last countersigned event that is where it was and the first that is not, which names it.
    fn named(&self, us: SiteId, mut finding: Finding, leaves: &Leaves, end: Position) -> Finding {
        let range = finding.first..=finding.last;
        let mut told = Vec::new();
        let read = self.journal.replay_to(Position::default(), end, &mut |record: Record<'_>| {
            if record.kind == records::RECEIPT
                && let Ok(countersigned) = wire::decode::<Countersigned>(record.body)
                && range.contains(&countersigned.place)
            {
                told.extend(signed_by_both(us, &countersigned));
            }
            Ok(())
        });
        if let Err(error) = read {
            tracing::error!(%error, "countersigned events cannot be read");
        }
        told.sort_unstable_by_key(|crossing| crossing.place);
        for crossing in told {
            if leaves.at(crossing.place) == Some(crossing.leaf) {
                finding.first = finding.first.max(crossing.place + 1);
                continue;
            }
            finding.number = Some(crossing.number);
            if crossing.place < leaves.size() {
                (finding.wrong, finding.last) = (Wrong::Changed, crossing.place);
            }
            break;
        }
        if finding.wrong == Wrong::Shorter {
            finding.first = finding.first.max(leaves.size());
        }
        finding
    }
}

/// What both signed counts, and nothing else: the record may have been changed too.
fn signed_by_both(us: SiteId, countersigned: &Countersigned) -> Option<Crossing> {
    let crossing = countersigned.crossing.open(&us).ok()?;
    let receipt = countersigned.receipt.open(&countersigned.peer).ok()?;
    (receipt.of == crossing.hash()).then_some(crossing)
}

impl Leaves {
    fn at(&self, place: u64) -> Option<Hash> {
        self.0.get(usize::try_from(place).ok()?).copied()
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn root(&self, from: u64, to: u64) -> Hash {
        let whole = tree::root(from, to, &mut |level, index| self.complete(level, index).ok_or(()));
        whole.unwrap_or_else(|()| Hash::empty())
    }

    fn complete(&self, level: u32, index: u64) -> Option<Hash> {
        let from = usize::try_from(index << level).ok()?;
        over(self.0.get(from..from.checked_add(1 << level)?)?)
    }

    /// Changed under a running node.
    fn against_memory(&self, us: SiteId, size: u64, blocks: &[Hash]) -> Option<Finding> {
        if self.size() < size {
            return Some(Finding::new(us, Wrong::Shorter, self.size(), size - 1));
        }
        let mut place = 0;
        for block in blocks {
            if self.root(place, place + BLOCK_RECORDS) != *block {
                return Some(Finding::new(us, Wrong::Changed, place, place + BLOCK_RECORDS - 1));
            }
            place += BLOCK_RECORDS;
        }
        None
    }

    /// Changed at any time after a peer saw it.
    fn against_heads(&self, us: SiteId, mut cosigned: Vec<Cosigned>) -> Option<Finding> {
        cosigned.sort_by_key(|cosigned| cosigned.size);
        let mut good = 0;
        for Cosigned { size, root, head, .. } in cosigned {
            if size > self.size() {
                let mut finding = Finding::new(us, Wrong::Shorter, good, size - 1);
                finding.heads = vec![head];
                return Some(finding);
            }
            if size > 0 && self.root(0, size) != root {
                let mut finding = Finding::new(us, Wrong::Changed, good, size - 1);
                finding.heads = vec![head];
                return Some(finding);
            }
            good = size;
        }
        None
    }
}

fn over(leaves: &[Hash]) -> Option<Hash> {
    match leaves {
        [] => None,
        [leaf] => Some(*leaf),
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            Some(Hash::node(&over(left)?, &over(right)?))
        }
    }
}
