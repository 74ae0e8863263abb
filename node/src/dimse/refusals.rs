//! What AEs were refused, or asked in vain, written down without letting them fill the log.
//!
//! The first refusal of an operation to an AE is in the log before it is answered, with where it came from and the study
//! that it named. The same again within a minute is counted, and the count is one more record when the minute is over, or
//! when the node stops. So a workstation that asks in a loop costs two records a minute, and nothing of what it did is lost.
//!
//! # At a crash
//! A count that was open is missing from the log; the first refusal is not.

use crate::{
    audit::{Act, Actor, Audit, Event, Outcome},
    tasks::Tasks,
};
use protocol::{Refusal, Uid};
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

/// What may be refused to an AE. Each has a row in the stories' matrix (tests/end_to_end/every_service_is_written_down).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    /// To shake hands by TLS.
    Secure,
    Associate,
    /// To come in as the user it names.
    Identify,
    Echo,
    Store,
    /// To find.
    Find,
    /// To retrieve, or to have moved.
    Retrieve,
    /// To be told what is safe here.
    Commit,
    /// To say what it made.
    Perform,
    /// What no service here does.
    Other,
}

impl Operation {
    const fn word(self) -> &'static str {
        match self {
            Self::Secure => "TLS",
            Self::Associate => "association",
            Self::Identify => "user identity",
            Self::Echo => "C-ECHO",
            Self::Store => "C-STORE",
            Self::Find => "C-FIND",
            Self::Retrieve => "retrieval",
            Self::Commit => "storage commitment",
            Self::Perform => "performed procedure step",
            Self::Other => "operation",
        }
    }

    const fn act(self) -> Act {
        match self {
            Self::Secure | Self::Associate | Self::Identify | Self::Echo | Self::Other => Act::SignIn,
            Self::Store => Act::InstanceRefused,
            Self::Find => Act::StudiesQueried,
            Self::Retrieve => Act::StudyExported,
            Self::Commit => Act::StorageCommitted,
            Self::Perform => Act::CaseChanged,
        }
    }
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// It has no right to it.
    Right,
    /// It has, and what it asked cannot be done: the sentence of the answer.
    Unfit(&'static str),
}

impl Why {
    const fn outcome(self) -> Outcome {
        match self {
            Self::Right => Outcome::Refused(Refusal::Role),
            Self::Unfit(_) => Outcome::Failed,
        }
    }
}

/// What is written.
#[derive(Clone, Debug)]
pub(super) struct Note<'a> {
    /// Who asked, and from where.
    pub(super) actor: Actor,
    pub(super) is_known: bool,
    pub(super) operation: Operation,
    pub(super) why: Why,
    /// The one study that was named.
    pub(super) study: Option<&'a Uid>,
}

/// A caller, what it was refused, and why.
type Key = (String, Operation, Why);

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

    /// Notes it; `false`: it cannot be written.
    pub(super) async fn note(&self, note: Note<'_>) -> bool {
        let Note { actor, is_known, operation, why, study } = note;
        // Counted by the AE, whoever sits at it.
        let title = actor.from.as_ref().map(|from| from.title.clone()).filter(|title| !title.is_empty());
        let key = (title.unwrap_or_else(|| actor.person.clone()), operation, why);
        let Some(caller) = self.begun(key, is_known, Instant::now()) else { return true };
        let actor = if caller == OTHERS { Actor { person: caller, ..actor } } else { actor };
        let mut event = event(actor, operation, why, "");
        event.study = study.cloned();
        let written = self.audit.record(event).await;
        if let Err(error) = &written {
            tracing::error!(%error, "a refusal cannot be logged");
        }
        written.is_ok()
    }

    /// Counts; gives whom to write down where this is the first of its kind for a while.
    fn begun(&self, mut key: Key, is_known: bool, now: Instant) -> Option<String> {
        let mut rows = self.rows();
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
        for ((person, operation, why), repeated) in over {
            let repeats = format!(", {repeated} times more within a minute");
            if let Err(error) = self.audit.record(event(Actor::ae(person), operation, why, &repeats)).await {
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

fn event(actor: Actor, operation: Operation, why: Why, repeats: &str) -> Event {
    let sentence = match why {
        Why::Right => String::new(),
        Why::Unfit(sentence) => format!(": {sentence}"),
    };
    let note = format!("DIMSE {}{sentence}{repeats}", operation.word());
    Event::new(operation.act(), actor).outcome(why.outcome()).note(note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Filter, Origin};

    fn refused(title: &str, operation: Operation) -> Note<'static> {
        let from = Origin::new([10, 1, 2, 3].into(), title);
        Note { actor: Actor::ae(title).from(Some(from)), is_known: true, operation, why: Why::Right, study: None }
    }

    #[tokio::test]
    async fn the_first_is_written_at_once_and_a_loop_of_them_as_one_count() {
        let folder = tempfile::tempdir().unwrap();
        let audit = Audit::open(folder.path(), &Tasks::default()).unwrap();
        let refusals = Refusals::new(audit.clone());
        for _ in 0..1000 {
            assert!(refusals.note(refused("LOOPING", Operation::Find)).await);
        }
        refusals.note(refused("LOOPING", Operation::Store)).await;
        let written = || audit.page(&Filter { limit: 100, ..Filter::default() });
        assert_eq!(written().len(), 2);
        assert_eq!(written()[0].1.actor.from, Some(Origin::new([10, 1, 2, 3].into(), "LOOPING")));
        refusals.write(refusals.over(Instant::now())).await;
        assert_eq!(written().len(), 2, "the minute is not over");
        refusals.write(refusals.over(Instant::now() + WINDOW)).await;
        let all = written();
        assert_eq!(all.len(), 3);
        assert!(all.iter().any(|(_, event)| event.note == "DIMSE C-FIND, 999 times more within a minute"), "{all:?}");
        refusals.note(refused("LOOPING", Operation::Find)).await;
        assert_eq!(written().len(), 4, "the next minute begins with a first one");
        let study = Uid::parse("1.2.3").unwrap();
        let unfit = Note { why: Why::Unfit("too many"), study: Some(&study), ..refused("LOOPING", Operation::Find) };
        refusals.note(unfit).await;
        let (_, last) = written().swap_remove(0);
        assert_eq!((last.outcome, last.note.as_str()), (Outcome::Failed, "DIMSE C-FIND: too many"));
        assert_eq!(last.study, Some(study), "what could not be done is apart from what was not allowed");
    }

    #[tokio::test]
    async fn titles_without_end_are_counted_together() {
        let folder = tempfile::tempdir().unwrap();
        let refusals = Refusals::new(Audit::open(folder.path(), &Tasks::default()).unwrap());
        let now = Instant::now();
        let first = |n: usize, is_known| refusals.begun((format!("T{n}"), Operation::Find, Why::Right), is_known, now);
        assert!((0..STRANGERS_MAX).all(|n| first(n, false).is_some()));
        assert_eq!(first(STRANGERS_MAX, false).as_deref(), Some(OTHERS));
        assert!((STRANGERS_MAX..5000).all(|n| first(n, false).is_none()));
        assert_eq!(refusals.rows().len(), STRANGERS_MAX + 1);
        assert_eq!(first(9000, true).as_deref(), Some("T9000"), "strangers take no known AE's place");
        let together = (OTHERS.to_owned(), Operation::Find, Why::Right);
        assert_eq!(refusals.over(now + WINDOW), [(together, 5000 - STRANGERS_MAX as u64)]);
    }
}
