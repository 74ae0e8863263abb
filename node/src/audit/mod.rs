//! Evidence: who did what to which study, durable before the effect.
//!
//! What is promised here, once: when [`Audit::record`] returns, the event is on disk, and only then may the caller let
//! bytes leave or a decision show. Entries are numbered from 1 in the order they were recorded; they are never
//! rewritten and never compacted. The newest lie in memory; older ones are read back from the journal when asked for.
//!
//! # At a crash
//! A number that is missing afterwards names an event that was not yet durable, so its effect never happened.
//!
//! # Not here
//! Who may read the log is the door's question. Patients' names and birth dates are never written: a study is its UID.

mod alerts;
mod event;
mod ledger;
#[cfg(test)]
mod tests;

pub(crate) use alerts::Alerts;
pub(crate) use event::{Act, Actor, Event, Outcome};
pub(crate) use ledger::Filter;

use crate::{
    journal::{Append, Journal, JournalError, Position, Record},
    tasks::Tasks,
};
use ledger::{Entry, Ledger};
use protocol::wire::{self, WireError};
use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// The one kind of record in this journal.
const ENTRY: u8 = 1;

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
}

impl Audit {
    /// Opens `dir/journal/audit` (a journal of its own, never compacted).
    pub(crate) fn open(dir: &Path, tasks: &Tasks) -> Result<Self, AuditError> {
        let folder = dir.join("journal").join("audit");
        std::fs::create_dir_all(&folder)?;
        let journal = Journal::open(&folder, tasks)?;
        let mut ledger = Ledger::default();
        let mut unreadable = None;
        journal.replay(Position::default(), &mut |record: Record<'_>| {
            match wire::decode::<Entry>(record.body) {
                Ok(entry) => ledger.insert(entry, record.position),
                Err(e) => unreadable = Some(e),
            }
            Ok(())
        })?;
        if let Some(e) = unreadable {
            return Err(e.into());
        }
        let next = Arc::new(AtomicU64::new(ledger.last().saturating_add(1)));
        Ok(Self { journal, next, ledger: Arc::new(Mutex::new(ledger)) })
    }

    /// Records; durable when it returns. Gives the entry's number (from 1).
    pub(crate) async fn record(&self, event: Event) -> Result<u64, AuditError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { number, event: event.bounded() };
        let body = wire::encode(&entry);
        let ledger = self.ledger.clone();
        // Even when the caller has gone by then: what is in the log is listed.
        let then = move |at: Position, _next: Position| lock(&ledger).insert(entry, at);
        self.journal.submit(Append { kind: ENTRY, body, then: Some(Box::new(then)), ..Append::default() }).await?;
        Ok(number)
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
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}
