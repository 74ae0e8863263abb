//! Questions that wait for their answer to be taken: a bounded queue, each a file of its own.
//!
//! A file rather than a journal record, since it is gone once the answer was taken: a scanner asks for every study, and
//! nothing of that has to be kept.
//!
//! # At a crash
//! A file appears under its name whole or not at all. One that cannot be read is set aside and told in the log.

use super::{
    INSTANCES_MAX,
    items::{Named, Transaction},
};
use crate::{audit::Actor, tasks::Tasks};
use protocol::{AeTitle, Digest, Timestamp, Uid, wire, wire::Wire};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// Questions at once; at a hundred studies an hour, those of ten hours without a network.
const JOBS_MAX: usize = 1024;
/// A file is no longer than this: two UIDs of 64 characters for each instance.
const FILE_BYTES_MAX: u64 = 160 * INSTANCES_MAX as u64;
const ENDING: &str = "job";

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) calling: AeTitle,
    pub(super) transaction: Uid,
    pub(super) named: Vec<Named>,
    pub(super) asked: Timestamp,
    /// Who asked, as long as the node runs; afterwards only the AE is known.
    #[serde(skip)]
    pub(super) by: Option<Actor>,
}

impl Wire for Job {
    const VERSION: u8 = 1;
    const NAME: &'static str = "storage commitment";
}

impl Job {
    /// Asked again, it is the same question.
    fn key(&self) -> String {
        Digest::of(format!("{} {}", self.calling, self.transaction).as_bytes()).to_string()
    }
}

/// Why a question is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum QueueError {
    #[error("{0} questions for storage commitment wait already")]
    Full(usize),
    #[error("this question for storage commitment is being answered")]
    Underway,
    #[error("the questions for storage commitment: {0}")]
    Io(#[from] io::Error),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Held,
    Due(Instant),
}

#[derive(Debug)]
struct Row {
    job: Arc<Job>,
    state: State,
    attempts: u32,
    verdict: Option<Arc<Transaction>>,
}

#[derive(Debug)]
struct Shared {
    dir: PathBuf,
    tasks: Tasks,
    rows: Mutex<BTreeMap<String, Row>>,
    changed: Notify,
}

/// The questions. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Shared>);

/// A question that somebody deals with; let go, it is due again.
#[derive(Debug)]
pub(in crate::dimse) struct Held {
    queue: Queue,
    key: String,
    pub(super) job: Arc<Job>,
    /// How often it was tried to give the answer before.
    pub(super) attempts: u32,
    /// What was found, once it was looked at in this run.
    pub(super) verdict: Option<Arc<Transaction>>,
    /// When it is due again once let go.
    again: Duration,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(row) = self.queue.rows().get_mut(&self.key) {
            row.state = State::Due(Instant::now() + self.again);
            row.attempts = self.attempts;
            row.verdict = self.verdict.take();
        }
        self.queue.0.changed.notify_one();
    }
}

impl Held {
    /// It could not be answered now; it is due again after a while.
    pub(super) fn later(mut self, after: Duration) {
        self.attempts = self.attempts.saturating_add(1);
        self.again = after;
    }

    /// It is answered, or given up.
    pub(super) async fn done(self) -> io::Result<()> {
        let path = self.queue.path(&self.key);
        let removed = self.queue.0.tasks.spawn_blocking("commitment answered", move || fs::remove_file(path));
        let removed = removed.await.map_err(io::Error::other)?;
        // Last, so that the same question cannot be written anew before the old one is gone.
        self.queue.rows().remove(&self.key);
        removed
    }
}

impl Queue {
    /// Reads what waits from an earlier run.
    pub(super) fn open(dir: &Path, tasks: &Tasks) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut rows = BTreeMap::new();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != ENDING) {
                // Begun before a crash, or set aside.
                continue;
            }
            match read(&path) {
                Some(job) if rows.len() < JOBS_MAX => {
                    let row = Row { job: Arc::new(job), state: State::Due(Instant::now()), attempts: 0, verdict: None };
                    rows.insert(row.job.key(), row);
                }
                _ => {
                    tracing::error!(path = %path.display(), "a question for storage commitment cannot be read");
                    fs::rename(&path, path.with_extension("unreadable"))?;
                }
            }
        }
        let shared =
            Shared { dir: dir.to_owned(), tasks: tasks.clone(), rows: Mutex::new(rows), changed: Notify::new() };
        Ok(Self(Arc::new(shared)))
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.0.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.0.dir.join(key).with_extension(ENDING)
    }

    /// Takes a question; durable when it returns.
    pub(super) async fn put(&self, job: Job) -> Result<Held, QueueError> {
        let key = job.key();
        let (path, dir, bytes) = (self.path(&key), self.0.dir.clone(), wire::encode(&job));
        let job = Arc::new(job);
        {
            let mut rows = self.rows();
            // Whoever asks the same without end makes no work without end.
            if rows.get(&key).is_some_and(|row| row.state == State::Held) {
                return Err(QueueError::Underway);
            }
            if rows.len() >= JOBS_MAX && !rows.contains_key(&key) {
                return Err(QueueError::Full(rows.len()));
            }
            rows.insert(key.clone(), Row { job: job.clone(), state: State::Held, attempts: 0, verdict: None });
        }
        let written = self.0.tasks.spawn_blocking("commitment asked", move || write(&dir, &path, &bytes));
        if let Err(error) = written.await.map_err(io::Error::other).and_then(|written| written) {
            self.rows().remove(&key);
            return Err(error.into());
        }
        Ok(Held { queue: self.clone(), key, job, attempts: 0, verdict: None, again: Duration::ZERO })
    }

    /// Waits for a question to be due and takes it.
    pub(super) async fn due(&self) -> Held {
        loop {
            let next = match self.take(Instant::now()) {
                Ok(held) => return held,
                Err(next) => next,
            };
            let changed = self.0.changed.notified();
            match next {
                None => changed.await,
                Some(at) => _ = tokio::time::timeout_at(at, changed).await,
            }
        }
    }

    /// What is due now, or else when the next is.
    fn take(&self, now: Instant) -> Result<Held, Option<Instant>> {
        let mut rows = self.rows();
        let due = |row: &Row| match row.state {
            State::Held => None,
            State::Due(at) => Some(at),
        };
        let first = rows.iter_mut().filter_map(|(key, row)| Some((due(row)?, key, row))).min_by_key(|(at, ..)| *at);
        match first {
            Some((at, key, row)) if at <= now => {
                row.state = State::Held;
                let (key, job, attempts) = (key.clone(), row.job.clone(), row.attempts);
                let verdict = row.verdict.clone();
                Ok(Held { queue: self.clone(), key, job, attempts, verdict, again: Duration::ZERO })
            }
            first => Err(first.map(|(at, ..)| at)),
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.rows().len()
    }
}

fn read(path: &Path) -> Option<Job> {
    if fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    wire::decode(&fs::read(path).ok()?).ok()
}

fn write(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(n: u32) -> Job {
        let uid = |text: &str| Uid::parse(text).unwrap();
        let named = vec![Named { sop_class: uid("1.2"), sop_instance: uid("2.25.1") }];
        let calling = AeTitle::parse("CT1").unwrap();
        Job { calling, transaction: uid(&format!("2.25.{n}")), named, asked: Timestamp(7), by: None }
    }

    #[test]
    fn a_question_is_written_as_ever() {
        let bytes = [&[1u8, 3][..], b"CT1", &[6], b"2.25.5", &[1, 3], b"1.2", &[6], b"2.25.1", &[7]].concat();
        assert_eq!(wire::encode(&job(5)), bytes);
        assert_eq!(wire::decode::<Job>(&bytes).unwrap(), job(5));
    }

    #[tokio::test]
    async fn a_question_stays_until_it_is_answered_also_over_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let tasks = Tasks::default();
        let queue = Queue::open(dir.path(), &tasks).unwrap();
        let held = queue.put(job(1)).await.unwrap();
        drop(queue.put(job(2)).await.unwrap());
        assert_eq!(queue.due().await.job.transaction.as_str(), "2.25.2", "the other one is held");
        drop(held);
        queue.due().await.later(Duration::from_secs(3600));

        fs::write(dir.path().join("broken.job"), b"nothing").unwrap();
        let queue = Queue::open(dir.path(), &tasks).unwrap();
        assert_eq!(queue.len(), 2, "what cannot be read is set aside");
        for _ in 0..2 {
            queue.due().await.done().await.unwrap();
        }
        assert_eq!(Queue::open(dir.path(), &tasks).unwrap().len(), 0);
    }

    #[tokio::test]
    async fn asked_twice_it_is_one_question_and_there_are_not_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::open(dir.path(), &Tasks::default()).unwrap();
        let held = queue.put(job(1)).await.unwrap();
        assert!(matches!(queue.put(job(1)).await, Err(QueueError::Underway)));
        drop(held);
        drop(queue.put(job(1)).await.unwrap());
        assert_eq!(queue.len(), 1);
        let row = |_| Row { job: Arc::new(job(9)), state: State::Held, attempts: 0, verdict: None };
        queue.rows().extend((1..JOBS_MAX).map(|n| (n.to_string(), row(n))));
        assert!(matches!(queue.put(job(2)).await, Err(QueueError::Full(JOBS_MAX))));
        drop(queue.put(job(1)).await.unwrap());
    }
}
