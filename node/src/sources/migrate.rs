//! Takes over the studies of a source in bulk: in its hours, at its rate, study by study, until all is here.
//!
//! # At a crash
//! What became of a study is a record once all of it was asked for. After a restart the source is asked for its list again,
//! studies that are recorded as complete are passed over, and of the others only what is not here is retrieved.

use super::{
    Inner, Limits, Migration, MigrationState, Outcome, SourceError, Sources,
    fetch::How,
    hours::DayHours,
    lock,
    record::{StateSet, StudyDone},
    sink::Throttle,
};
use crate::{
    archive::StudyRow,
    audit::{Act, Actor, Event},
    words::{Code, Fault},
};
use futures::TryStreamExt;
use protocol::{Timestamp, Uid};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Migrations kept with their reports.
const MIGRATIONS_MAX: usize = 1000;
/// How often the clock is looked at outside the hours.
const HOURS_LOOK: Duration = Duration::from_secs(20);
/// A source that is away is asked again after this time, then after longer and longer ones.
const RETRY: Duration = Duration::from_secs(2);
const RETRY_MAX: Duration = Duration::from_secs(300);

/// A migration as the records tell it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) job: Migration,
    pub(super) state: MigrationState,
    pub(super) changed: Timestamp,
    pub(super) done: BTreeMap<Uid, Outcome>,
}

impl Kept {
    pub(super) fn new(job: Migration) -> Self {
        let changed = job.begun;
        Self { job, state: MigrationState::Running, changed, done: BTreeMap::new() }
    }
}

/// One that runs.
#[derive(Debug)]
pub(super) struct Control {
    stop: CancellationToken,
    live: Mutex<Live>,
}

#[derive(Clone, Debug, Default)]
struct Live {
    /// Studies that the source listed; `None`: not asked yet.
    found: Option<usize>,
    waiting: Option<Fault>,
}

/// What an admin asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewMigration {
    pub(crate) source: String,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) modalities: Vec<String>,
    pub(crate) compare: bool,
    /// `None`: as of the source.
    pub(crate) concurrent: Option<u8>,
    pub(crate) mb_per_s: Option<u32>,
    pub(crate) hours: Option<String>,
}

/// How a migration is.
#[derive(Clone, Debug)]
pub(crate) struct MigrationView {
    pub(crate) job: Migration,
    pub(crate) state: MigrationState,
    pub(crate) changed: Timestamp,
    /// Studies that the source listed, as far as known.
    pub(crate) found: Option<usize>,
    /// For what it waits.
    pub(crate) waiting: Option<Fault>,
    pub(crate) studies: usize,
    pub(crate) complete: usize,
    pub(crate) instances: u64,
    pub(crate) bytes: u64,
}

impl Sources {
    /// Begins a migration; gives its number.
    ///
    /// # Errors
    /// [`SourceError::NoSource`], [`SourceError::Unfit`], and when it cannot be written.
    pub(crate) async fn migrate(&self, asked: NewMigration, actor: Actor) -> Result<u64, SourceError> {
        let _changing = self.0.changing.lock().await;
        self.0.dimse()?;
        let source = self.0.source(&asked.source)?;
        if !source.purposes.migrate {
            return Err(SourceError::Unfit("this source is not for migrations"));
        }
        let limits = Limits {
            concurrent: asked.concurrent.unwrap_or(source.limits.concurrent),
            mb_per_s: asked.mb_per_s.unwrap_or(source.limits.mb_per_s),
            ..source.limits
        };
        let id = {
            let book = lock(&self.0.book);
            if book.migrations.len() >= MIGRATIONS_MAX {
                return Err(SourceError::Unfit("there are too many migrations"));
            }
            book.migrations.keys().last().copied().unwrap_or(0) + 1
        };
        let job = Migration {
            id,
            source: source.name.clone(),
            from: asked.from,
            to: asked.to,
            modalities: asked.modalities,
            compare: asked.compare,
            limits,
            hours: asked.hours.or(source.hours),
            person: actor.person.clone(),
            begun: crate::tasks::now(),
        };
        fit(&job)?;
        let note = format!("{id} of source {}: begun", job.source);
        self.0.audit.record(Event::new(Act::MigrationChanged, actor).note(note)).await?;
        self.0.change(job).await?;
        go_on(&self.0, id);
        Ok(id)
    }

    /// Pauses, resumes or cancels. One that is done, or paused, goes on for what lacks; one that is cancelled does not.
    ///
    /// # Errors
    /// [`SourceError::NoMigration`]; [`SourceError::Unfit`] where it is in no such state.
    pub(crate) async fn steer(&self, id: u64, to: MigrationState, actor: Actor) -> Result<(), SourceError> {
        use MigrationState::{Cancelled, Done, Paused, Running};
        let _changing = self.0.changing.lock().await;
        let state = lock(&self.0.book).migrations.get(&id).map(|kept| kept.state).ok_or(SourceError::NoMigration)?;
        if !matches!((state, to), (Running, Paused) | (Paused | Done, Running) | (Running | Paused, Cancelled)) {
            return Err(SourceError::Unfit("the migration is in no state for that"));
        }
        let note = format!("{id}: {}", to.word());
        self.0.audit.record(Event::new(Act::MigrationChanged, actor).note(note)).await?;
        self.0.change(StateSet { id, state: to, at: crate::tasks::now() }).await?;
        if to == Running {
            go_on(&self.0, id);
        } else if let Some(control) = lock(&self.0.running).remove(&id) {
            control.stop.cancel();
        }
        Ok(())
    }

    /// All migrations, the newest first.
    pub(crate) fn migrations(&self) -> Vec<MigrationView> {
        let book = lock(&self.0.book);
        book.migrations.values().rev().map(|kept| self.view(kept)).collect()
    }

    /// One with what became of its studies.
    ///
    /// # Errors
    /// [`SourceError::NoMigration`].
    pub(crate) fn report(&self, id: u64) -> Result<super::Report, SourceError> {
        let book = lock(&self.0.book);
        let kept = book.migrations.get(&id).ok_or(SourceError::NoMigration)?;
        Ok(super::Report { view: self.view(kept), studies: kept.done.values().cloned().collect() })
    }

    fn view(&self, kept: &Kept) -> MigrationView {
        let live = lock(&self.0.running).get(&kept.job.id).map(|control| lock(&control.live).clone());
        let live = live.unwrap_or_default();
        MigrationView {
            job: kept.job.clone(),
            state: kept.state,
            changed: kept.changed,
            found: live.found,
            waiting: live.waiting,
            studies: kept.done.len(),
            complete: kept.done.values().filter(|outcome| outcome.is_complete()).count(),
            instances: kept.done.values().map(|outcome| u64::from(outcome.got)).sum(),
            bytes: kept.done.values().map(|outcome| outcome.bytes).sum(),
        }
    }
}

fn fit(job: &Migration) -> Result<(), SourceError> {
    let is_date = |date: &Option<String>| date.as_deref().is_none_or(|date| super::ask::date_of(date).is_some());
    if !is_date(&job.from) || !is_date(&job.to) {
        return Err(SourceError::Unfit("a date is YYYYMMDD"));
    }
    if job.hours.as_deref().is_some_and(|hours| hours.parse::<DayHours>().is_err()) {
        return Err(SourceError::Unfit("hours are HH:MM-HH:MM"));
    }
    if !(1..=8).contains(&job.limits.concurrent) {
        return Err(SourceError::Unfit("1 to 8 studies are retrieved at once"));
    }
    if job.modalities.len() > 32 || job.modalities.iter().any(|m| m.is_empty() || m.len() > 16) {
        return Err(SourceError::Unfit("modalities are codes such as CT"));
    }
    Ok(())
}

/// Goes on with a migration that is to run.
pub(super) fn go_on(inner: &Arc<Inner>, id: u64) {
    let Some(job) = lock(&inner.book).migrations.get(&id).map(|kept| kept.job.clone()) else { return };
    let control = Arc::new(Control { stop: inner.tasks.stop_token(), live: Mutex::default() });
    lock(&inner.running).insert(id, control.clone());
    let shared = inner.clone();
    inner.tasks.spawn("migration", async move {
        let run = run(&shared, &job, &control);
        tokio::select! {
            () = control.stop.cancelled() => {}
            () = run => {}
        }
    });
}

async fn run(inner: &Arc<Inner>, job: &Migration, control: &Arc<Control>) {
    let mut retry = RETRY;
    let throttle = Throttle::new(job.limits.mb_per_s);
    loop {
        let recorded = recorded(inner, job.id);
        match pass(inner, job, control, &throttle).await {
            Ok(()) => break,
            Err(SourceError::Stopping | SourceError::NoSource | SourceError::NoMigration) => return,
            Err(error) => {
                tracing::warn!(migration = job.id, %error, "a migration waits");
                lock(&control.live).waiting = Some((&error).into());
                if recorded < self::recorded(inner, job.id) {
                    retry = RETRY;
                }
                if !inner.sleep(retry).await {
                    return;
                }
                retry = (retry * 2).min(RETRY_MAX);
            }
        }
    }
    let _changing = inner.changing.lock().await;
    // It may have been paused meanwhile; then this one is cancelled, and nothing more is awaited.
    if control.stop.is_cancelled() {
        return;
    }
    let event = Event::new(Act::MigrationChanged, actor(job)).note(format!("{}: done", job.id));
    let done = StateSet { id: job.id, state: MigrationState::Done, at: crate::tasks::now() };
    let written = async {
        inner.audit.record(event).await?;
        inner.change(done).await
    };
    if let Err(error) = written.await {
        tracing::error!(%error, "the end of a migration is not written; it is gone through again");
    }
    lock(&inner.running).remove(&job.id);
}

fn recorded(inner: &Inner, id: u64) -> usize {
    lock(&inner.book).migrations.get(&id).map_or(0, |kept| kept.done.len())
}

fn actor(job: &Migration) -> Actor {
    Actor { person: job.person.clone(), role: "migration".to_owned(), ..Actor::default() }
}

/// Goes once through all that is to come.
async fn pass(inner: &Arc<Inner>, job: &Migration, control: &Control, throttle: &Throttle) -> Result<(), SourceError> {
    wait_for_hours(inner, job, control).await?;
    let source = inner.source(&job.source)?;
    let mut rows = inner.studies_between(&source, job.from.as_deref(), job.to.as_deref()).await?;
    rows.retain(|row| is_wanted(job, row));
    {
        let mut live = lock(&control.live);
        (live.found, live.waiting) = (Some(rows.len()), None);
    }
    let is_complete = |study: &Uid| {
        let book = lock(&inner.book);
        book.migrations.get(&job.id).and_then(|kept| kept.done.get(study)).is_some_and(Outcome::is_complete)
    };
    rows.retain(|row| !is_complete(&row.study));
    let source = &source;
    futures::stream::iter(rows.into_iter().map(Ok))
        .try_for_each_concurrent(usize::from(job.limits.concurrent), |row| async move {
            wait_for_hours(inner, job, control).await?;
            let actor = actor(job);
            let how = How {
                actor: &actor,
                purpose: "migrated",
                compare: job.compare,
                throttle: Some(throttle),
                listed: None,
            };
            let outcome = match inner.fetch(source, &row, how).await {
                Ok(outcome) => outcome,
                Err(error @ (SourceError::Unreachable(_) | SourceError::Stopping | SourceError::Here(_))) => {
                    inner.note::<()>(&source.name, &Err(error.clone()));
                    return Err(error);
                }
                Err(error) => nothing_of(&row, &error),
            };
            inner.change(StudyDone { id: job.id, outcome }).await
        })
        .await
}

/// A study that could not even be looked at.
fn nothing_of(row: &StudyRow, error: &SourceError) -> Outcome {
    Outcome {
        study: row.study.clone(),
        date: row.date.clone(),
        series: 0,
        said: 0,
        announced: Some(row.instances).filter(|count| *count > 0),
        had: 0,
        got: 0,
        bytes: 0,
        missing: Vec::new(),
        refused: Vec::new(),
        conflicts: Vec::new(),
        patient_differs: false,
        error: Some(error.to_string()),
        at: crate::tasks::now(),
    }
}

/// A study of which the source tells no modality is taken rather than left.
fn is_wanted(job: &Migration, row: &StudyRow) -> bool {
    job.modalities.is_empty()
        || row.modalities.is_empty()
        || row.modalities.iter().any(|modality| job.modalities.contains(modality))
}

async fn wait_for_hours(inner: &Inner, job: &Migration, control: &Control) -> Result<(), SourceError> {
    let Some(hours) = job.hours.as_deref().and_then(|hours| hours.parse::<DayHours>().ok()) else { return Ok(()) };
    while !hours.is_now() {
        lock(&control.live).waiting = Some(Fault::new(Code::Hours, job.hours.as_deref().unwrap_or_default()));
        if !inner.sleep(HOURS_LOOK).await {
            return Err(SourceError::Stopping);
        }
    }
    lock(&control.live).waiting = None;
    Ok(())
}
