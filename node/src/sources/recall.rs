//! Retrieves a study because somebody wants it now: once for all who wait, and few at a time.
//!
//! # Not here
//! Whether they may have it: whoever asks has been asked before.

use super::{Inner, Source, SourceError, Sources, fetch::How, lock};
use crate::audit::Actor;
use protocol::Uid;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Semaphore, watch};

/// Studies recalled side by side; more wait.
const AT_ONCE: usize = 4;
/// Recalls that run or wait; more are refused.
const WAITING_MAX: usize = 200;
/// A recall that failed, or brought less than was told, is not tried again for so long, however often it is asked for.
const AGAIN: Duration = Duration::from_secs(10);

/// How a recall is.
#[derive(Clone, Debug)]
pub(crate) enum Recalling {
    Running,
    /// All that came is here.
    Done,
    Failed(SourceError),
}

/// A recall as the portal's strip shows it.
#[derive(Clone, Debug)]
pub(crate) struct RecallRow {
    pub(crate) study: Uid,
    pub(crate) source: String,
    pub(crate) done: u32,
    pub(crate) total: u32,
}

#[derive(Clone, Debug)]
struct Recall {
    source: String,
    /// Nothing of it was here: whoever opens it waits for the end.
    is_from_nothing: bool,
    state: watch::Receiver<Recalling>,
    total: Arc<AtomicU32>,
    ended: Arc<Mutex<Option<Instant>>>,
}

#[derive(Debug)]
pub(super) struct Recalls {
    all: Mutex<HashMap<Uid, Recall>>,
    turns: Arc<Semaphore>,
}

impl Default for Recalls {
    fn default() -> Self {
        Self { all: Mutex::default(), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Sources {
    /// Whether a study is just being recalled of which nothing was here.
    pub(crate) fn is_recalling(&self, study: &Uid) -> bool {
        let all = lock(&self.0.recalls.all);
        all.get(study).is_some_and(|r| r.is_from_nothing && matches!(*r.state.borrow(), Recalling::Running))
    }

    /// Begins to retrieve a study that a source has, or joins who does. `None`: no source lists it.
    pub(crate) fn recall(&self, study: &Uid, actor: Actor, for_peers: bool) -> Option<watch::Receiver<Recalling>> {
        let inner = &self.0;
        let mut all = lock(&inner.recalls.all);
        all.retain(|_, recall| lock(&recall.ended).is_none_or(|ended| ended.elapsed() < AGAIN));
        if let Some(recall) = all.get(study) {
            return Some(recall.state.clone());
        }
        let nearline = self.nearline_study(study, for_peers)?;
        let source = inner.source(&nearline.source).ok()?;
        if all.len() >= WAITING_MAX {
            let busy = SourceError::Refused("too many studies are being recalled".to_owned());
            return Some(watch::channel(Recalling::Failed(busy)).1);
        }
        let (sender, state) = watch::channel(Recalling::Running);
        let recall = Recall {
            source: source.name.clone(),
            is_from_nothing: inner.archive.study(study).is_ok_and(|row| row.is_none()),
            state: state.clone(),
            total: Arc::new(AtomicU32::new(nearline.row.instances)),
            ended: Arc::default(),
        };
        all.insert(study.clone(), recall.clone());
        let inner = inner.clone();
        inner.tasks.clone().spawn("recall", async move {
            let ended = inner.recall_in_turn(&source, &nearline.row, &actor, &recall.total).await;
            *lock(&recall.ended) = Some(Instant::now());
            // Who waited may have gone.
            let _ = sender.send(ended);
        });
        Some(state)
    }

    /// Recalls under way.
    pub(crate) fn recalls(&self) -> Vec<RecallRow> {
        let all = lock(&self.0.recalls.all);
        let running = all.iter().filter(|(_, recall)| lock(&recall.ended).is_none());
        let row = |(study, recall): (&Uid, &Recall)| RecallRow {
            study: study.clone(),
            source: recall.source.clone(),
            done: self.0.archive.study(study).ok().flatten().map_or(0, |row| row.instances),
            total: recall.total.load(Ordering::Relaxed),
        };
        running.map(row).collect()
    }
}

impl Inner {
    async fn recall_in_turn(
        self: &Arc<Self>,
        source: &Source,
        told: &crate::archive::StudyRow,
        actor: &Actor,
        total: &AtomicU32,
    ) -> Recalling {
        let Ok(_turn) = self.recalls.turns.acquire().await else { return Recalling::Failed(SourceError::Stopping) };
        let how = How { actor, purpose: "recalled", compare: false, throttle: None, listed: Some(total) };
        let fetched = self.fetch(source, told, how).await;
        self.note(&source.name, &fetched);
        match fetched {
            Ok(outcome) if outcome.had + outcome.got == 0 => {
                let why = outcome.error.unwrap_or_else(|| "it sent nothing that could be taken in".to_owned());
                Recalling::Failed(SourceError::Refused(why))
            }
            Ok(outcome) => {
                if !outcome.is_complete() {
                    tracing::warn!(study = %outcome.study, missing = outcome.missing.len(),
                        refused = outcome.refused.len(), "a recalled study lacks instances that its source lists");
                }
                Recalling::Done
            }
            Err(error) => Recalling::Failed(error),
        }
    }
}
