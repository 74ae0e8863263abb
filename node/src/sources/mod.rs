//! The PACS beside this node: asked what it has, and retrieved from.
//!
//! What a source has is kept as a *shadow list*: rows of its studies, asked for by study date, today's often, older ones
//! rarely. Lists, searches and the catalog of peers are answered from it, so that they never wait for a PACS. Instances
//! come in by [`archive::ingest`](crate::archive::Archive::ingest_of) like any others, when a study is opened (recalled), as
//! a prior, or in a migration; what came is compared with what the source lists, and the difference is told.
//!
//! # At a crash
//! Sources, migrations, and what became of each migrated study are records in a journal of their own. A migration goes on
//! where its records end: a study that was under way is asked for again, and what of it is here is not. The shadow list is
//! a view: a file that is renamed into its place, asked for again where it is lost.
//!
//! # Not here
//! DIMSE, which the door of that name speaks for us ([`Dimse`]); who may open what (`studies`, `transfer`).

mod ask;
mod count;
mod fetch;
mod hours;
mod http;
mod migrate;
mod priors;
mod recall;
mod record;
mod repair;
mod report;
mod secret;
mod shadow;
mod sink;
mod sweep;
mod web;

pub(crate) use hours::DayHours;
pub(crate) use migrate::{MigrationView, NewMigration};
pub(crate) use recall::{RecallRow, Recalling};
pub(crate) use record::{
    Access, DimseAccess, Limits, Migration, MigrationState, Outcome, Purposes, RetrieveBy, Source, WebAccess,
};
pub(crate) use report::Report;
pub(crate) use secret::Secret;
pub(crate) use shadow::Nearline;
pub(crate) use sink::Sink;

use crate::{
    archive::Archive,
    audit::{Act, Actor, Audit, AuditError, Event},
    journal::{Append, Journal, JournalError, Position},
    tasks::Tasks,
    words::{Code, Fault},
};
use dicom_core::Tag;
use futures::future::BoxFuture;
use protocol::{Uid, wire::Wire};
use record::{Record, SourceGone, StateSet};
use shadow::Shadow;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, broadcast};

/// Sources of one site.
const SOURCES_MAX: usize = 16;
/// News kept for a slow listener.
const EVENTS_KEPT: usize = 1024;

/// Attributes of one answer, as text; several values with backslashes between them.
pub(crate) type Answer = BTreeMap<Tag, String>;

/// Of what rows are asked for (PS3.4 C.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Study,
    Series,
    Image,
}

/// Why a source was not asked or retrieved from.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("there is no source of that name")]
    NoSource,
    #[error("there is no such migration")]
    NoMigration,
    #[error("{0}")]
    Unfit(&'static str),
    #[error("the source cannot be reached: {0}")]
    Unreachable(String),
    /// It was reached, and what was under way broke off.
    #[error("the source broke off: {0}")]
    Broken(String),
    #[error("the source refuses: {0}")]
    Refused(String),
    #[error("the source answers what is not understood: {0}")]
    Garbage(String),
    #[error("the source has more matches than are read at once")]
    TooMany,
    #[error("the source does not have it")]
    NotThere,
    #[error("the node is not running")]
    NotRunning,
    #[error("the node is stopping")]
    Stopping,
    #[error("here: {0}")]
    Here(String),
}

impl From<&SourceError> for Fault {
    fn from(error: &SourceError) -> Self {
        match error {
            SourceError::Unreachable(why) => Self::new(Code::Unreachable, why),
            SourceError::Broken(why) => Self::new(Code::BrokeOff, why),
            SourceError::Refused(why) => Self::new(Code::Refused, why),
            SourceError::Garbage(why) => Self::new(Code::NotUnderstood, why),
            SourceError::Here(why) => Self::new(Code::Here, why),
            SourceError::Unfit(why) => Self::new(Code::Unfit, why),
            SourceError::TooMany => Code::TooMany.into(),
            SourceError::NoSource | SourceError::NoMigration | SourceError::NotThere => Code::NotThere.into(),
            SourceError::NotRunning | SourceError::Stopping => Code::Stopping.into(),
        }
    }
}

impl From<JournalError> for SourceError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Closed => Self::Stopping,
            error => Self::Here(error.to_string()),
        }
    }
}

impl From<AuditError> for SourceError {
    fn from(error: AuditError) -> Self {
        Self::Here(error.to_string())
    }
}

impl From<std::io::Error> for SourceError {
    fn from(error: std::io::Error) -> Self {
        Self::Here(error.to_string())
    }
}

/// Who speaks DIMSE for us.
pub(crate) trait Dimse: fmt::Debug + Send + Sync {
    /// Whether it is there (C-ECHO).
    fn echo<'a>(&'a self, to: &'a DimseAccess) -> BoxFuture<'a, Result<(), SourceError>>;

    /// C-FIND, study root; at most `most` answers, more are [`SourceError::TooMany`].
    fn find<'a>(
        &'a self,
        to: &'a DimseAccess,
        level: Level,
        keys: &'a Answer,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<Answer>, SourceError>>;

    /// C-GET of what `keys` name. `classes`: SOP Classes that are to come.
    fn get<'a>(
        &'a self,
        to: &'a DimseAccess,
        wanted: (Level, &'a Answer),
        classes: &'a [Uid],
        sink: &'a Sink<'a>,
    ) -> BoxFuture<'a, Result<(), SourceError>>;

    /// C-MOVE of what `keys` name, to this node.
    fn move_here<'a>(
        &'a self,
        to: &'a DimseAccess,
        wanted: (Level, &'a Answer),
    ) -> BoxFuture<'a, Result<(), SourceError>>;
}

/// News of the shadow list.
#[derive(Clone, Debug)]
pub(crate) enum SourcesEvent {
    /// A study appeared, changed or went.
    Study(Uid),
    /// Many did.
    Many,
}

/// How a source is, as far as it was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Health {
    /// When it last answered, milliseconds since 1970.
    pub(crate) answered: Option<protocol::Timestamp>,
    /// What went wrong since.
    pub(crate) fault: Option<Fault>,
    /// Studies of it in the shadow list.
    pub(crate) listed: usize,
}

/// What the records say now.
#[derive(Debug, Default)]
struct Book {
    sources: BTreeMap<String, Source>,
    migrations: BTreeMap<u64, migrate::Kept>,
}

#[derive(Debug)]
struct Inner {
    /// Secrets and shadow lists.
    dir: PathBuf,
    journal: Journal,
    archive: Archive,
    audit: Audit,
    tasks: Tasks,
    site_name: String,
    book: Mutex<Book>,
    /// Held from a change's check to its record.
    changing: tokio::sync::Mutex<()>,
    shadow: Shadow,
    health: Mutex<HashMap<String, Health>>,
    dimse: OnceLock<Arc<dyn Dimse>>,
    recalls: recall::Recalls,
    running: Mutex<HashMap<u64, Arc<migrate::Control>>>,
    /// A source was added or is to be asked anew.
    woken: Notify,
    events: broadcast::Sender<SourcesEvent>,
}

/// The sources. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Sources(Arc<Inner>);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sources {
    /// Folds the journal and reads the shadow lists. Asks nobody yet.
    ///
    /// # Errors
    /// When the journal is damaged.
    pub(crate) fn open(
        node_dir: &Path,
        site_name: &str,
        archive: Archive,
        audit: Audit,
        tasks: &Tasks,
    ) -> Result<Self, SourceError> {
        let records = node_dir.join("journal").join("sources");
        let dir = node_dir.join("sources");
        std::fs::create_dir_all(&records)?;
        std::fs::create_dir_all(&dir)?;
        let journal = Journal::open(&records, tasks)?;
        let mut book = Book::default();
        let mut unreadable = None;
        journal.replay(Position::default(), &mut |record| {
            match Record::decode(record.kind, record.body) {
                Ok(Some(change)) => book.apply(change),
                Ok(None) => {}
                Err(error) => unreadable = Some(error),
            }
            Ok(())
        })?;
        if let Some(error) = unreadable {
            return Err(SourceError::Here(error.to_string()));
        }
        let shadow = Shadow::read(&dir, book.sources.keys());
        Ok(Self(Arc::new(Inner {
            dir,
            journal,
            archive,
            audit,
            tasks: tasks.clone(),
            site_name: site_name.to_owned(),
            book: Mutex::new(book),
            changing: tokio::sync::Mutex::default(),
            shadow,
            health: Mutex::default(),
            dimse: OnceLock::new(),
            recalls: recall::Recalls::default(),
            running: Mutex::default(),
            woken: Notify::new(),
            events: broadcast::Sender::new(EVENTS_KEPT),
        })))
    }

    /// Begins to ask the sources, and goes on with the migrations that were running.
    pub(crate) fn start(&self, dimse: Arc<dyn Dimse>) {
        if self.0.dimse.set(dimse).is_err() {
            return;
        }
        let tasks = &self.0.tasks;
        tasks.spawn("source lists", sweep::run(self.0.clone()));
        tasks.spawn("priors", priors::run(self.0.clone()));
        let running: Vec<u64> = {
            let book = lock(&self.0.book);
            book.migrations.iter().filter(|(_, m)| m.state == MigrationState::Running).map(|(id, _)| *id).collect()
        };
        running.into_iter().for_each(|id| migrate::go_on(&self.0, id));
    }

    pub(crate) fn events(&self) -> broadcast::Receiver<SourcesEvent> {
        self.0.events.subscribe()
    }

    /// The sources with how they are and whether credentials are kept.
    pub(crate) fn list(&self) -> Vec<(Source, Health, bool)> {
        let sources: Vec<Source> = lock(&self.0.book).sources.values().cloned().collect();
        let health = |name: &str| {
            let known = lock(&self.0.health).get(name).cloned().unwrap_or_default();
            Health { listed: self.0.shadow.count(name), ..known }
        };
        let kept = |source: &Source| Secret::read(&self.0.dir, &source.name).is_some();
        sources.into_iter().map(|source| (source.clone(), health(&source.name), kept(&source))).collect()
    }

    /// Adds a source, or changes the one of that name. `secret`: `None` keeps what is kept.
    ///
    /// # Errors
    /// [`SourceError::Unfit`], and when it cannot be written.
    pub(crate) async fn set(&self, source: Source, secret: Option<Secret>, actor: Actor) -> Result<(), SourceError> {
        fit(&source)?;
        let _changing = self.0.changing.lock().await;
        let is_new = {
            let book = lock(&self.0.book);
            let known = book.sources.get(&source.name);
            if known.is_none() && book.sources.len() >= SOURCES_MAX {
                return Err(SourceError::Unfit("there are too many sources"));
            }
            // A secret goes to no other place than it was given for.
            known.is_none_or(|known| known.access != source.access)
        };
        self.0.audit.record(Event::new(Act::SourceChanged, actor).note(format!("set {}", source.name))).await?;
        if let Some(secret) = &secret {
            secret.keep(&self.0.dir, &source.name)?;
        } else if is_new {
            Secret::forget(&self.0.dir, &source.name)?;
        }
        let name = source.name.clone();
        self.0.change(source).await?;
        if is_new {
            self.0.tell(self.0.shadow.clear(&name));
        }
        self.0.woken.notify_one();
        Ok(())
    }

    /// Forgets a source with its credentials and its list; its migrations are cancelled.
    ///
    /// # Errors
    /// [`SourceError::NoSource`], and when it cannot be written.
    pub(crate) async fn remove(&self, name: &str, actor: Actor) -> Result<(), SourceError> {
        {
            let _changing = self.0.changing.lock().await;
            self.0.source(name)?;
            self.0.audit.record(Event::new(Act::SourceChanged, actor.clone()).note(format!("remove {name}"))).await?;
            self.0.change(SourceGone { name: name.to_owned() }).await?;
        }
        let theirs: Vec<u64> = self.migrations().iter().filter(|m| m.job.source == name).map(|m| m.job.id).collect();
        for id in theirs {
            match self.steer(id, MigrationState::Cancelled, actor.clone()).await {
                Ok(()) | Err(SourceError::Unfit(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Secret::forget(&self.0.dir, name)?;
        self.0.tell(self.0.shadow.clear(name));
        Ok(())
    }

    /// Asks a source whether it is there, and for its studies of today. Gives how many it has.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(crate) async fn test(&self, name: &str) -> Result<usize, SourceError> {
        let source = self.0.source(name)?;
        if let Access::Dimse(to) = &source.access {
            self.0.dimse()?.echo(to).await?;
        }
        let today = ask::today();
        Ok(self.0.studies_between(&source, Some(&today), Some(&today)).await?.len())
    }

    /// Asks an AE whether it is there (C-ECHO), a source or not.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(crate) async fn echo(&self, to: &DimseAccess) -> Result<(), SourceError> {
        self.0.dimse()?.echo(to).await
    }

    /// Whether somebody who brought instances is a source: what it brings was in the house before.
    pub(crate) fn brings(&self, sender: &str) -> bool {
        let book = lock(&self.0.book);
        let is_one = |source: &Source| match &source.access {
            Access::Dimse(to) if to.title.as_str() == sender => true,
            _ => brought_by(&source.name) == sender,
        };
        book.sources.values().any(is_one)
    }

    /// Asks a source for studies; they stand in the shadow list from then on, where it may be listed.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub(crate) async fn find(&self, name: &str, keys: &Answer) -> Result<Vec<crate::archive::StudyRow>, SourceError> {
        let source = self.0.source(name)?;
        let rows = self.0.studies_like(&source, keys).await?;
        if source.purposes.list {
            self.0.tell(self.0.shadow.add(&source, rows.clone()));
        }
        Ok(rows)
    }
}

/// Who brings what comes from a source by retrieval, in the records of instances.
fn brought_by(source: &str) -> String {
    format!("source {source}")
}

impl Inner {
    fn source(&self, name: &str) -> Result<Source, SourceError> {
        lock(&self.book).sources.get(name).cloned().ok_or(SourceError::NoSource)
    }

    fn dimse(&self) -> Result<&Arc<dyn Dimse>, SourceError> {
        self.dimse.get().ok_or(SourceError::NotRunning)
    }

    /// Makes a change durable, then true.
    async fn change<R: Wire + Into<Record>>(self: &Arc<Self>, change: R) -> Result<(), SourceError> {
        let body = protocol::wire::encode(&change);
        let change: Record = change.into();
        let (kind, inner) = (change.kind(), self.clone());
        let then = move |_: Position, _: Position| lock(&inner.book).apply(change);
        self.journal.submit(Append { kind, body, then: Some(Box::new(then)), ..Append::default() }).await?;
        Ok(())
    }

    /// Tells of studies that changed in the shadow list.
    fn tell(&self, changed: Vec<Uid>) {
        // Nobody may be listening.
        if changed.len() > EVENTS_KEPT / 2 {
            let _ = self.events.send(SourcesEvent::Many);
        } else {
            for study in changed {
                let _ = self.events.send(SourcesEvent::Study(study));
            }
        }
    }

    /// Writes down how a source answered.
    fn note<T>(&self, source: &str, answer: &Result<T, SourceError>) {
        let mut all = lock(&self.health);
        let health = all.entry(source.to_owned()).or_default();
        match answer {
            Ok(_) => *health = Health { answered: Some(crate::tasks::now()), ..Health::default() },
            Err(SourceError::Stopping | SourceError::NotRunning) => {}
            Err(error) => health.fault = Some(error.into()),
        }
    }

    /// Waits; `false`: the node stops.
    async fn sleep(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.tasks.stopping() => false,
            () = tokio::time::sleep(time) => true,
        }
    }
}

impl Book {
    fn apply(&mut self, change: Record) {
        match change {
            Record::SourceSet(source) => _ = self.sources.insert(source.name.clone(), source),
            Record::SourceGone(gone) => _ = self.sources.remove(&gone.name),
            Record::Begun(job) => _ = self.migrations.insert(job.id, migrate::Kept::new(job)),
            Record::State(StateSet { id, state, at }) => {
                if let Some(kept) = self.migrations.get_mut(&id) {
                    (kept.state, kept.changed) = (state, at);
                }
            }
            Record::Study(done) => {
                if let Some(kept) = self.migrations.get_mut(&done.id) {
                    kept.done.insert(done.outcome.study.clone(), done.outcome);
                }
            }
        }
    }
}

/// Whether what an admin says of a source can be worked with.
fn fit(source: &Source) -> Result<(), SourceError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if source.name.is_empty() || source.name.len() > 32 || !source.name.chars().all(is_name) {
        return Err(SourceError::Unfit("a source's name is 1 to 32 letters, digits, - or _"));
    }
    if source.issuer.is_empty() || source.issuer.chars().count() > 64 {
        return Err(SourceError::Unfit("the issuer of Patient IDs is 1 to 64 characters"));
    }
    if source.hours.as_deref().is_some_and(|hours| hours.parse::<DayHours>().is_err()) {
        return Err(SourceError::Unfit("hours are HH:MM-HH:MM"));
    }
    if !(1..=8).contains(&source.limits.concurrent) {
        return Err(SourceError::Unfit("1 to 8 studies are retrieved at once"));
    }
    match &source.access {
        Access::Dimse(to) if to.host.is_empty() || to.host.len() > 253 || to.port == 0 => {
            Err(SourceError::Unfit("a source needs a host and a port from 1 to 65535"))
        }
        Access::Dicomweb(to) if to.url.len() > 1024 || !is_url(&to.url) => {
            Err(SourceError::Unfit("a DICOMweb source needs a URL with http or https, without query"))
        }
        _ => Ok(()),
    }
}

fn is_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some()
        && uri.query().is_none()
        && !url.ends_with('/')
}
