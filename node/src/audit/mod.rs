//! Evidence: who did what to which study, durable before the effect.
//!
//! What is promised here, once: when [`Audit::record`] returns, the event is on disk, and only then may the caller let
//! bytes leave or a decision show. Entries are numbered from 1 in the order they were recorded; they are never
//! rewritten and never compacted. The newest lie in memory; older ones are read back from the journal when asked for.
//!
//! The journal is a ledger as well: its records are the leaves of a tree (docs/decisions/0026), an event that concerns a
//! peer waits for the peer's countersignature, and peers cosign the tree's head, so that a log that is changed afterwards
//! contradicts what others hold.
//!
//! # At a crash
//! A number that is missing afterwards names an event that was not yet durable, so its effect never happened. Only what is
//! durable is in the tree, so a head that was signed is never taken back by a crash.
//!
//! # Not here
//! Who may read the log is the door's question. Patients' names and birth dates are never written: a study is its UID.
//! Saying things to peers, and signing: `overlay`.

mod alerts;
mod book;
mod bundle;
mod check;
mod der;
mod event;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod heads;
mod ledger;
mod records;
pub(crate) mod stamp;
#[cfg(test)]
mod tests;
mod tree;
pub(crate) mod verify;
mod witness;

pub(crate) use alerts::Alerts;
pub(crate) use bundle::{Asked, BUNDLE_BYTES_MAX, BundleError};
pub(crate) use event::{Act, Actor, Event, Origin, Outcome};
pub(crate) use ledger::Filter;
pub(crate) use records::{Finding, HeldHead, Wrong};

use crate::{
    journal::{Append, Journal, JournalError, Position, Record},
    tasks::{self, Tasks},
};
use book::{Book, Kept};
use ledger::{Entry, Ledger};
use protocol::{
    ledger::Hash,
    wire::{self, Wire, WireError},
};
use records::Began;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::Notify;

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuditError {
    #[error("the audit log cannot be written: {0}")]
    Journal(#[from] JournalError),
    #[error("the audit log cannot be read: {0}")]
    Entry(#[from] WireError),
    #[error("the audit log's folder: {0}")]
    Folder(#[from] std::io::Error),
}

/// The log. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Audit {
    journal: Journal,
    next: Arc<AtomicU64>,
    ledger: Arc<Mutex<Ledger>>,
    book: Arc<Mutex<Book>>,
    /// Something is to be exchanged with a peer.
    crossed: Arc<Notify>,
}

impl Audit {
    /// Opens `dir/journal/audit` (a journal of its own, never compacted). A log from before there was a ledger is taken
    /// into it as it is found.
    pub(crate) fn open(dir: &Path, tasks: &Tasks) -> Result<Self, AuditError> {
        let folder = dir.join("journal").join("audit");
        std::fs::create_dir_all(&folder)?;
        let journal = Journal::open(&folder, tasks)?;
        let (mut ledger, mut book) = (Ledger::default(), Book::default());
        let from = Self::read(&journal, Position::default(), &mut ledger, &mut book)?;
        if book.began.is_none() {
            let began = Began { at: tasks::now(), before: book.tree.size() };
            journal.append_now(vec![(records::BEGAN, wire::encode(&began))])?;
            Self::read(&journal, from, &mut ledger, &mut book)?;
        }
        let next = Arc::new(AtomicU64::new(ledger.last().saturating_add(1)));
        let (ledger, book) = (Arc::new(Mutex::new(ledger)), Arc::new(Mutex::new(book)));
        Ok(Self { journal, next, ledger, book, crossed: Arc::default() })
    }

    fn read(journal: &Journal, from: Position, ledger: &mut Ledger, book: &mut Book) -> Result<Position, AuditError> {
        let mut unreadable = None;
        let end = journal.replay(from, &mut |record: Record<'_>| {
            match Kept::decode(record.kind, record.body) {
                Ok(Some(kept)) => {
                    if let Kept::Entry(entry) = &kept {
                        ledger.insert(entry.clone(), record.position);
                    }
                    let leaf = records::is_leaf(record.kind).then(|| records::leaf(record.kind, record.body));
                    book.apply(kept, leaf, record.position);
                }
                Ok(None) => {}
                Err(e) => unreadable = Some(e),
            }
            Ok(())
        })?;
        match unreadable {
            Some(e) => Err(e.into()),
            None => Ok(end),
        }
    }

    /// Records; durable when it returns. Gives the entry's number (from 1).
    pub(crate) async fn record(&self, event: Event) -> Result<u64, AuditError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let event = event.bounded();
        let twin = event.witness().is_some();
        let entry = Entry { number, event, salt: rand::random(), twin };
        let (kind, body) = entry.encode();
        let leaf = records::leaf(kind, &body);
        let (ledger, book, crossed) = (self.ledger.clone(), self.book.clone(), self.crossed.clone());
        // Even when the caller has gone by then: what is in the log is listed.
        let then = move |at: Position, _next: Position| {
            lock(&ledger).insert(entry.clone(), at);
            lock(&book).apply(Kept::Entry(entry), Some(leaf), at);
            if twin {
                crossed.notify_one();
            }
        };
        self.journal.submit(Append { kind, body, then: Some(Box::new(then)), ..Append::default() }).await?;
        Ok(number)
    }

    /// Records what the ledger needs; durable and applied when it returns.
    async fn keep<T: Wire>(&self, kind: u8, value: &T, kept: Kept) -> Result<(), AuditError> {
        let body = wire::encode(value);
        let leaf: Option<Hash> = records::is_leaf(kind).then(|| records::leaf(kind, &body));
        let (book, crossed) = (self.book.clone(), self.crossed.clone());
        let then = move |at: Position, _next: Position| {
            lock(&book).apply(kept, leaf, at);
            if leaf.is_some() {
                crossed.notify_one();
            }
        };
        self.journal.submit(Append { kind, body, then: Some(Box::new(then)), ..Append::default() }).await?;
        Ok(())
    }

    /// Newest first. Reads the disk where the page lies before the newest entries: call it where blocking is allowed.
    pub(crate) fn page(&self, filter: &Filter) -> Vec<(u64, Event)> {
        let (mut found, mut before) = self.ledger().newest(filter);
        while found.len() < filter.limit {
            let Some(block) = self.ledger().block_before(before) else { break };
            match block.read(&self.journal, before) {
                Ok(entries) => {
                    let wanted = entries.into_iter().rev().filter(|entry| filter.wants(entry));
                    let room = filter.limit.saturating_sub(found.len());
                    found.extend(wanted.take(room).map(|entry| (entry.number, entry.event)));
                }
                Err(error) => {
                    tracing::error!(%error, "older audit entries cannot be read back");
                    break;
                }
            }
            before = block.first_number();
        }
        found
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
