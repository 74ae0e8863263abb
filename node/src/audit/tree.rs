//! The ledger's tree over the audit journal, kept small: in memory lie the hashes over whole blocks of 256 records, and the
//! leaves of the block that grows. The leaves of older blocks are read back from the journal where a proof needs them: two
//! blocks a proof, a quarter of a byte of memory a record.
//!
//! # At a crash
//! It is a view: made again from the journal at each start. A record is in it only once it is durable.

use super::records;
use crate::journal::{Journal, JournalError, Position, Record};
use protocol::ledger::{Hash, tree};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// Records of a block: 2^8.
const BLOCK_LEVEL: u32 = 8;
const BLOCK: usize = 1 << BLOCK_LEVEL;
pub(super) const BLOCK_RECORDS: u64 = 1 << BLOCK_LEVEL;

#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// `levels[n][i]`: over 2^(8+n) records.
    levels: Vec<Vec<Hash>>,
    newest: Vec<Hash>,
    /// Where each block begins.
    firsts: Vec<Position>,
    size: u64,
}

impl Tree {
    pub(super) fn push(&mut self, leaf: Hash, at: Position) {
        if self.newest.is_empty() {
            self.firsts.push(at);
        }
        self.newest.push(leaf);
        self.size += 1;
        if self.newest.len() < BLOCK {
            return;
        }
        let mut hash = over(&self.newest);
        self.newest.clear();
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            let [.., left, right] = row.as_slice() else { return };
            if row.len() % 2 == 1 {
                return;
            }
            hash = Hash::node(left, right);
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Hashes over whole blocks.
    pub(super) fn blocks(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    pub(super) fn root(&self) -> Hash {
        let whole = tree::root(0, self.size, &mut |level, index| self.known(level, index).ok_or(()));
        // All that the newest root needs lies in memory.
        whole.unwrap_or_else(|()| Hash::empty())
    }

    /// What lies in memory.
    fn known(&self, level: u32, index: u64) -> Option<Hash> {
        match level.checked_sub(BLOCK_LEVEL) {
            Some(above) => self.levels.get(usize::try_from(above).ok()?)?.get(usize::try_from(index).ok()?).copied(),
            None => {
                let from = (index << level).checked_sub(self.size - u64::try_from(self.newest.len()).ok()?)?;
                let from = usize::try_from(from).ok()?;
                Some(over(self.newest.get(from..from + (1 << level))?))
            }
        }
    }

    /// Where a block lies.
    fn first(&self, block: u64) -> Option<Position> {
        self.firsts.get(usize::try_from(block).ok()?).copied()
    }
}

/// The hash over 2^n leaves.
fn over(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len() / 2);
            Hash::node(&over(left), &over(right))
        }
    }
}

/// Gives the hashes that a proof asks for, reading back what is not in memory.
pub(super) struct Nodes<'a, T> {
    pub(super) journal: &'a Journal,
    pub(super) book: &'a Mutex<T>,
    pub(super) tree: fn(&T) -> &Tree,
    read: BTreeMap<u64, Vec<Hash>>,
}

impl<'a, T> Nodes<'a, T> {
    pub(super) fn new(journal: &'a Journal, book: &'a Mutex<T>, tree: fn(&T) -> &Tree) -> Self {
        Self { journal, book, tree, read: BTreeMap::new() }
    }

    pub(super) fn complete(&mut self, level: u32, index: u64) -> Result<Hash, JournalError> {
        let block = (index << level) >> BLOCK_LEVEL;
        let first = {
            let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
            let tree = (self.tree)(&book);
            if let Some(hash) = tree.known(level, index) {
                return Ok(hash);
            }
            tree.first(block).ok_or(JournalError::Closed)?
        };
        if let std::collections::btree_map::Entry::Vacant(vacant) = self.read.entry(block) {
            vacant.insert(leaves_from(self.journal, first, BLOCK)?);
        }
        let leaves = self.read.get(&block).map_or(&[][..], Vec::as_slice);
        let from = usize::try_from((index << level) % BLOCK_RECORDS).unwrap_or(0);
        leaves.get(from..from + (1 << level)).map(over).ok_or(JournalError::Closed)
    }
}

/// Up to so many leaves from a position on.
fn leaves_from(journal: &Journal, first: Position, count: usize) -> Result<Vec<Hash>, JournalError> {
    let mut leaves = Vec::with_capacity(count);
    let read = journal.replay(first, &mut |record: Record<'_>| {
        if leaves.len() == count {
            // The only way to stop a replay early.
            return Err(JournalError::Closed);
        }
        if records::is_leaf(record.kind) {
            leaves.push(records::leaf(record.kind, record.body));
        }
        Ok(())
    });
    if leaves.len() < count {
        read?;
    }
    Ok(leaves)
}

/// The record at a position.
pub(super) fn record_at<T>(
    journal: &Journal,
    at: Position,
    read: impl Fn(u8, &[u8]) -> Option<T>,
) -> Result<Option<T>, JournalError> {
    let (mut found, mut is_read) = (None, false);
    let ended = journal.replay(at, &mut |record: Record<'_>| {
        if is_read {
            return Err(JournalError::Closed);
        }
        (found, is_read) = (read(record.kind, record.body), true);
        Ok(())
    });
    if !is_read {
        ended?;
    }
    Ok(found)
}
