//! The log in memory: the newest entries whole, of all others only where they lie in the journal.

use super::{Act, Event, Origin, records};
use crate::journal::{Journal, JournalError, Position, Record};
use protocol::{
    SiteId, Uid,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries kept in memory: some days of a busy site, about 3 MB.
const NEWEST_MAX: usize = 10_000;
/// Entries per mark of the sparse index: a page further back reads this many at a time.
const BLOCK: u64 = 256;

/// What is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) event: Event,
    /// Random: a neighbour's hash, in a proof, does not let anybody guess what the neighbour is.
    pub(crate) salt: [u8; 16],
    /// Whether the other site is to countersign it. What was recorded before there was a ledger is not.
    pub(crate) twin: bool,
}

#[derive(Serialize, Deserialize)]
struct EntryOf1 {
    number: u64,
    event: Event,
}

impl Wire for Entry {
    const VERSION: u8 = 2;
    const NAME: &'static str = "audit entry";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let EntryOf1 { number, event } = wire::decode_body(body)?;
        Ok(Self { number, event, salt: [0; 16], twin: false })
    }
}

/// An entry whose actor came from somewhere: stored as it is, and beside it from where.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Arrived {
    entry: Entry,
    from: Origin,
}

impl Wire for Arrived {
    const VERSION: u8 = 1;
    const NAME: &'static str = "audit entry from somewhere";
}

impl Entry {
    /// Kind and body of its record.
    pub(super) fn encode(&self) -> (u8, Vec<u8>) {
        match &self.event.actor.from {
            None => (records::ENTRY, wire::encode(self)),
            Some(from) => {
                let arrived = Arrived { entry: self.clone(), from: from.clone() };
                (records::ARRIVED, wire::encode(&arrived))
            }
        }
    }

    /// Of a record of either kind.
    pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Self, WireError> {
        if kind != records::ARRIVED {
            return wire::decode(body);
        }
        let Arrived { mut entry, from } = wire::decode(body)?;
        entry.event.actor.from = Some(from);
        Ok(entry)
    }
}

/// Filter of a page of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Only entries with a lower number.
    pub(crate) before: Option<u64>,
    pub(crate) study: Option<Uid>,
    pub(crate) peer: Option<SiteId>,
    pub(crate) act: Option<Act>,
    pub(crate) alerts_only: bool,
    pub(crate) limit: usize,
}

impl Filter {
    pub(super) fn wants(&self, entry: &Entry) -> bool {
        self.wants_event(entry.number, &entry.event)
    }

    fn wants_event(&self, number: u64, event: &Event) -> bool {
        self.before.is_none_or(|before| number < before)
            && self.study.as_ref().is_none_or(|study| event.study.as_ref() == Some(study))
            && self.peer.is_none_or(|peer| event.peer == Some(peer) || event.actor.site == Some(peer))
            && self.act.is_none_or(|act| event.act == act)
            && (!self.alerts_only || event.act == Act::SecurityAlert)
    }
}

/// Where the entries of one block of numbers lie. Records that were appended at once may lie in another order than
/// their numbers; between these two places are all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    index: u64,
    first: Position,
    last: Position,
}

impl Block {
    pub(super) fn first_number(&self) -> u64 {
        self.index.saturating_mul(BLOCK)
    }

    /// Its entries below a number, in the order of numbers.
    pub(super) fn read(&self, journal: &Journal, before: u64) -> Result<Vec<Entry>, JournalError> {
        let mut entries = Vec::new();
        let mut past = false;
        let read = journal.replay(self.first, &mut |record: Record<'_>| {
            if record.position > self.last {
                past = true;
                // The only way to stop a replay early.
                return Err(JournalError::Closed);
            }
            if records::is_entry(record.kind)
                && let Ok(entry) = Entry::decode(record.kind, record.body)
                && entry.number / BLOCK == self.index
                && entry.number < before
            {
                entries.push(entry);
            }
            Ok(())
        });
        if !past {
            read?;
        }
        entries.sort_unstable_by_key(|entry| entry.number);
        Ok(entries)
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    newest: BTreeMap<u64, Event>,
    /// By `number / BLOCK`.
    blocks: BTreeMap<u64, (Position, Position)>,
    last: u64,
}

impl Ledger {
    pub(super) fn insert(&mut self, entry: Entry, at: Position) {
        let (first, last) = self.blocks.entry(entry.number / BLOCK).or_insert((at, at));
        *first = at.min(*first);
        *last = at.max(*last);
        self.last = self.last.max(entry.number);
        self.newest.insert(entry.number, entry.event);
        while self.newest.len() > NEWEST_MAX {
            self.newest.pop_first();
        }
    }

    #[cfg(test)]
    pub(super) fn forget_below(&mut self, number: u64) {
        self.newest = self.newest.split_off(&number);
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// What of a page lies in memory, and the number below which the rest must be read back.
    pub(super) fn newest(&self, filter: &Filter) -> (Vec<(u64, Event)>, u64) {
        let before = filter.before.unwrap_or(u64::MAX);
        let found = self
            .newest
            .range(..before)
            .rev()
            .filter(|(number, event)| filter.wants_event(**number, event))
            .take(filter.limit)
            .map(|(number, event)| (*number, event.clone()))
            .collect();
        let oldest = self.newest.first_key_value().map_or(u64::MAX, |(number, _)| *number);
        (found, before.min(oldest))
    }

    /// The block that holds the highest numbers below this one.
    pub(super) fn block_before(&self, number: u64) -> Option<Block> {
        let highest = number.checked_sub(1)? / BLOCK;
        let (index, (first, last)) = self.blocks.range(..=highest).next_back()?;
        Some(Block { index: *index, first: *first, last: *last })
    }
}
