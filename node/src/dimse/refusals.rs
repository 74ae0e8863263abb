//! What AEs were refused, written down without letting them fill the log.
//!
//! The first refusal of an operation to an AE is in the log before it is answered. The same again within a minute is
//! counted, and the count is one more record when the minute is over, or when the node stops. So a workstation that asks
//! in a loop costs two records a minute, and nothing of what it did is lost.
//!
//! # At a crash
//! A count that was open is missing from the log; the first refusal is not.

use super::status::Status;
use crate::{
    audit::{Act, Actor, Audit, Event, Outcome},
    tasks::Tasks,
};
use protocol::{AeTitle, Refusal};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// How long the same is counted rather than written.
const WINDOW: Duration = Duration::from_secs(60);
/// Known callers and operations counted apart at once; what is over the bound is counted together.
const ROWS_MAX: usize = 1024;
/// Of callers that nobody made known, who may call under any title and a new one each time.
const STRANGERS_MAX: usize = 32;
/// Under which what is over the bound is counted.
const OTHERS: &str = "(others)";

/// What may be refused to an AE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Associate,
    /// To come in as the user it names.
    Identify,
    Echo,
    Store,
    /// To find.
    Find,
    /// To retrieve, or to have moved.
    Retrieve,
}

impl Operation {
    const fn word(self) -> &'static str {
        match self {
            Self::Associate => "association",
            Self::Identify => "user identity",
            Self::Echo => "C-ECHO",
            Self::Store => "C-STORE",
            Self::Find => "C-FIND",
            Self::Retrieve => "retrieval",
        }
    }

    const fn act(self) -> Act {
        match self {
            Self::Associate | Self::Identify | Self::Echo => Act::SignIn,
            Self::Store => Act::InstanceRefused,
            Self::Find => Act::StudiesQueried,
            Self::Retrieve => Act::StudyExported,
        }
    }
}

/// A caller and what it was refused.
type Key = (String, Operation);

#[derive(Debug)]
struct Counted {
    since: Instant,
    repeated: u64,
    is_known: bool,
}

/// Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Refusals {
    audit: Audit,
    rows: Arc<Mutex<BTreeMap<Key, Counted>>>,
}

impl Refusals {
    pub(super) fn new(audit: Audit) -> Self {
        Self { audit, rows: Arc::default() }
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Key, Counted>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that `calling`, a known AE or not, was refused `operation`, and gives the status to answer.
    pub(super) async fn note(&self, calling: &AeTitle, is_known: bool, operation: Operation) -> Status {
        let Some(person) = self.begun(calling, is_known, operation, Instant::now()) else {
            return Status::NOT_AUTHORIZED;
        };
        let event = event(person, operation, format!("DIMSE {}", operation.word()));
        match self.audit.record(event).await {
            Ok(_) => Status::NOT_AUTHORIZED,
            Err(error) => {
                tracing::error!(%error, "a refusal cannot be logged");
                Status::FAILURE
            }
        }
    }

    /// Counts; gives whom to write down where this is the first of its kind for a while.
    fn begun(&self, calling: &AeTitle, is_known: bool, operation: Operation, now: Instant) -> Option<String> {
        let mut rows = self.rows();
        let mut key = (calling.to_string(), operation);
        let most = if is_known { ROWS_MAX } else { STRANGERS_MAX };
        if !rows.contains_key(&key) && rows.values().filter(|row| row.is_known == is_known).count() >= most {
            key.0 = OTHERS.to_owned();
        }
        match rows.get_mut(&key) {
            Some(counted) => {
                counted.repeated += 1;
                None
            }
            None => {
                let person = key.0.clone();
                rows.insert(key, Counted { since: now, repeated: 0, is_known });
                Some(person)
            }
        }
    }

    /// Takes out the counts that are over at `now`, those of nothing left away.
    fn over(&self, now: Instant) -> Vec<(Key, u64)> {
        let mut rows = self.rows();
        let is_over = |counted: &Counted| now.saturating_duration_since(counted.since) >= WINDOW;
        let ended: Vec<Key> = rows.iter().filter(|(_, counted)| is_over(counted)).map(|(key, _)| key.clone()).collect();
        let taken = ended.into_iter().filter_map(|key| rows.remove(&key).map(|counted| (key, counted.repeated)));
        taken.filter(|(_, repeated)| *repeated > 0).collect()
    }

    async fn write(&self, over: Vec<(Key, u64)>) {
        for ((person, operation), repeated) in over {
            let note = format!("DIMSE {}, {repeated} times more within a minute", operation.word());
            if let Err(error) = self.audit.record(event(person, operation, note)).await {
                tracing::error!(%error, repeated, "repeated refusals cannot be logged");
            }
        }
    }

    /// Writes counts as their minutes end, until the node stops.
    pub(super) async fn run(self, tasks: Tasks) {
        let mut each = tokio::time::interval(WINDOW / 6);
        loop {
            let is_stopping = tokio::select! {
                () = tasks.stopping() => true,
                _ = each.tick() => false,
            };
            let until = if is_stopping { Instant::now() + WINDOW } else { Instant::now() };
            self.write(self.over(until)).await;
            if is_stopping {
                return;
            }
        }
    }
}

fn event(person: String, operation: Operation, note: String) -> Event {
    let actor = Actor { person, role: "ae".to_owned(), site: None };
    Event::new(operation.act(), actor).outcome(Outcome::Refused(Refusal::Role)).note(note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Filter;

    #[tokio::test]
    async fn the_first_is_written_at_once_and_a_loop_of_them_as_one_count() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path(), &Tasks::default()).unwrap();
        let refusals = Refusals::new(audit.clone());
        let title = AeTitle::parse("LOOPING").unwrap();
        for _ in 0..1000 {
            assert_eq!(refusals.note(&title, true, Operation::Find).await, Status::NOT_AUTHORIZED);
        }
        refusals.note(&title, true, Operation::Store).await;
        let written = || audit.page(&Filter { limit: 100, ..Filter::default() });
        assert_eq!(written().len(), 2);
        refusals.write(refusals.over(Instant::now())).await;
        assert_eq!(written().len(), 2, "the minute is not over");
        refusals.write(refusals.over(Instant::now() + WINDOW)).await;
        let all = written();
        assert_eq!(all.len(), 3);
        assert!(all.iter().any(|(_, event)| event.note == "DIMSE C-FIND, 999 times more within a minute"), "{all:?}");
        refusals.note(&title, true, Operation::Find).await;
        assert_eq!(written().len(), 4, "the next minute begins with a first one");
    }

    #[tokio::test]
    async fn titles_without_end_are_counted_together() {
        let folder = tempfile::tempdir().unwrap();
        let refusals = Refusals::new(Audit::open(folder.path(), &Tasks::default()).unwrap());
        let now = Instant::now();
        let first = |n: usize, is_known| {
            refusals.begun(&AeTitle::parse(&format!("T{n}")).unwrap(), is_known, Operation::Find, now)
        };
        assert!((0..STRANGERS_MAX).all(|n| first(n, false).is_some()));
        assert_eq!(first(STRANGERS_MAX, false).as_deref(), Some(OTHERS));
        assert!((STRANGERS_MAX..5000).all(|n| first(n, false).is_none()));
        assert_eq!(refusals.rows().len(), STRANGERS_MAX + 1);
        assert_eq!(first(9000, true).as_deref(), Some("T9000"), "strangers take no known AE's place");
        let together = (OTHERS.to_owned(), Operation::Find);
        assert_eq!(refusals.over(now + WINDOW), [(together, 5000 - STRANGERS_MAX as u64)]);
    }
}
