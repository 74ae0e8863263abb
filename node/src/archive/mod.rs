//! The site's images: bytes by digest, rows by UID, and leased copies of peers'.
//!
//! An instance that was taken in stays: its bytes lie under `objects/` as a Part 10 file that any tool reads, and a
//! record in `journal/archive` says so. Rows, lists and manifests are views of these two.
//!
//! # At a crash
//! Nothing acknowledged is lost. The next start replays what the views had not written, looks at the files of records
//! since the last start, and removes what nobody was told of.
//!
//! # Not here
//! Who may read: `trust`. What a study is to other sites: `overlay`.

use crate::{
    audit::Audit,
    config::ArchiveConfig,
    identity::Identity,
    journal::{Journal, Position},
    tasks::Tasks,
    trust::Permit,
};
use blobs::Blobs;
use bytes::Bytes;
use cold::Cold;
use index::{Applied, Index};
use lru::LruCache;
use protocol::{
    AeTitle, Digest, Uid,
    agreement::Level,
    digest::Groups,
    manifest::{Amendment, Manifest, ManifestRef},
};
use settle::Arrivals;
use state::State;
use std::{
    collections::HashSet,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore, broadcast};

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod ingest;
mod spool;

mod part10;
mod prescan;

mod blobs;
mod cold;
mod index;
mod matching;
mod query;
mod rows;

pub(crate) mod cache;
mod object;
mod settle;

mod amend;
mod amendments;
mod closing;
mod conflict;
mod copying;
mod correct;
mod edits;
mod errors;
mod mend;
mod note;
mod offers;
mod rebuild;
mod recover;
mod reject;
mod repair;
mod reseal;
mod retain;
mod rules;
mod scrub;
mod small;
mod state;
mod tier;
mod vouch;
mod withhold;

#[cfg(test)]
mod tests;

pub(crate) use amend::{amended_header, amended_inflated};
pub(crate) use cold::{Away, Place};
pub(crate) use conflict::{ConflictError, HeaderOf, Known, REPORT_STATION};
pub(crate) use correct::{CorrectError, Correction, Identified, identity_of};
pub(crate) use edits::{by_keyword, by_tag, tag};
pub(crate) use errors::{ArchiveError, IngestError, ReadError};
pub(crate) use matching::{name_matches, same_name, text_matches, value_matches};
pub(crate) use note::{Note, NoteError, is_note_class};
pub(crate) use object::Object;
pub(crate) use part10::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME};
pub(crate) use query::StudyQuery;
pub(crate) use rebuild::rebuild;
pub(crate) use reject::{RejectError, Rejecting};
pub(crate) use reseal::Resealed;
pub(crate) use retain::RetainError;
pub(crate) use rows::{
    Actions, AskedBy, Cause, Claim, ClaimRecord, Conditions, ConflictRow, ConflictState, Correcting, CorrectionRow,
    Decided, Ended, Fetch, FetchRow, Heeded, How, InstanceRow, NoteRecord, Of, OfferRow, PatientKey, Print, Proposal,
    RejectReason, RejectRecord, RepairedFrom, RotRow, RouteRow, Rule, RuleRecord, SeriesRow, StoredErase, StudyRow,
    Target, Totals, Trigger, Wanted, WithholdRecord, print,
};
pub(crate) use rules::{Firing, Routed, RuleError};
pub(crate) use spool::{Ahead, Spool};
pub(crate) use tier::{ColdStatus, Move, Tier, TierError};
pub(crate) use vouch::Verified;
pub(crate) use withhold::{WithholdError, Withholding};

/// News waiting for a slow listener; one that falls behind is told so and reads the lists anew.
const EVENTS_MAX: usize = 1024;
/// Large objects whose group values are kept: 2 MiB for an object of 1 GiB.
const GROUPS_KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);
/// Manifests kept decoded: those of studies being read just now.
const MANIFESTS_KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
/// Objects of which a security alert was given: a reader's retries must not fill the log.
const ALERTS_KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// How often gathered rows are written.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// The form in which bytes come in.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A data set alone (C-STORE), with what the message said of it.
    DataSet { transfer_syntax: Uid, sop_class: Uid, sop_instance: Uid, source: Option<AeTitle> },
    /// A Part 10 file (STOW, import), with or without preamble.
    File,
}

/// Who brought it, for the journal and the log.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) actor: crate::audit::Actor,
}

/// What happened to an instance taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ingested {
    pub(crate) study: Uid,
    pub(crate) series: Uid,
    pub(crate) instance: Uid,
    pub(crate) sop_class: Uid,
    /// The identical object was here before; nothing changed.
    pub(crate) known: bool,
    pub(crate) bytes: u64,
}

/// News for those above.
#[derive(Clone, Debug)]
pub(crate) enum ArchiveEvent {
    /// A study has its first instances or more of them (at most one a second per study).
    Growing(Uid),
    /// Quiet; the manifest is made.
    Settled(Uid),
    /// What was there is other than it was: corrected, rejected, replaced.
    Amended(Uid, Amendment),
    /// Other bytes were kept aside, or decided on.
    Conflicts,
    /// An object is not what was stored.
    Rotten,
}

/// A manifest with the bytes that its digest names.
#[derive(Clone, Debug)]
pub(crate) struct SealedManifest {
    pub(crate) reference: ManifestRef,
    pub(crate) bytes: Bytes,
    pub(crate) manifest: Arc<Manifest>,
}

/// The archive. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    manifests: PathBuf,
    config: ArchiveConfig,
    identity: Arc<Identity>,
    audit: Audit,
    tasks: Tasks,
    journal: Journal,
    blobs: Blobs,
    cold: Cold,
    moves: tier::Moves,
    index: Index,
    events: broadcast::Sender<ArchiveEvent>,
    arrivals: Arrivals,
    /// SOP Instance UIDs on their way in.
    reserved: Mutex<HashSet<Uid>>,
    released: Notify,
    ingesting: Arc<Semaphore>,
    /// Bytes of objects waiting in memory.
    spooled: AtomicU64,
    groups: Mutex<LruCache<Digest, Arc<Groups>>>,
    passes: tokio::sync::Mutex<()>,
    mending: Mutex<()>,
    /// One rejection, decision or correction at a time: each looks at what is held before it is written.
    rejecting: tokio::sync::Mutex<()>,
    /// Held by who takes an object in, and alone by who removes a file for good.
    erasing: RwLock<()>,
    /// Held by who writes files from the journal, or takes them away.
    forgetting: Mutex<()>,
    sealed: Mutex<LruCache<Digest, SealedManifest>>,
    alerted: Mutex<LruCache<Digest, ()>>,
    /// Journal position up to which the files of small objects are known to be on disk.
    small: AtomicU64,
    is_closed: AtomicBool,
    /// The last number given to a conflict or correction.
    last_id: AtomicU64,
    /// One rejection note at a time: the same may come by two doors at once.
    hearing: tokio::sync::Mutex<()>,
    /// Who reads rejection notes for us.
    read_note: OnceLock<note::ReadNote>,
}

/// A value in the character sets that a data set declares, as Unicode: without control characters, trimmed, cut to a
/// bound. `None` when nothing is left.
pub(crate) fn text_of(charset: &[u8], value: &[u8]) -> Option<String> {
    prescan::text(charset, value)
}

/// Preamble and meta group for a data set that is given in this transfer syntax.
pub(crate) fn front(transfer_syntax: &str, sop_class: &Uid, sop_instance: &Uid) -> Vec<u8> {
    part10::make(transfer_syntax, sop_class, sop_instance, None)
}

/// What the first bytes of a file say, before it is taken in.
#[derive(Clone, Debug)]
pub(crate) struct Peeked {
    pub(crate) patient: protocol::manifest::Patient,
    pub(crate) study: Uid,
    pub(crate) date: Option<String>,
    pub(crate) modality: String,
    pub(crate) instance: Option<Uid>,
}

/// Looks at the front of a file, some 256 KiB of it. Says why where it is no DICOM object.
pub(crate) fn peek(front: &[u8]) -> Result<Peeked, String> {
    let head = part10::front(front).map_err(|error| error.to_string())?;
    let data = front.get(head.data_at..).unwrap_or_default();
    let says = prescan::says_in_front(data, &head.transfer_syntax).ok_or("not an object of a study")?;
    let (study, series, instance) = says;
    let (date, modality) = (study.date, series.modality);
    Ok(Peeked { patient: study.patient, study: study.study, date, modality, instance: instance.or(head.sop_instance) })
}

/// Where the header of a data set in a file ends, as a manifest would say: its first bulk element, or its end. Says why
/// where the data set would not be taken in.
pub(crate) fn header_bytes(file: &std::fs::File, start: u64, bytes: u64, transfer_syntax: &Uid) -> Result<u32, String> {
    let data = prescan::DataSet::File(file, start, bytes);
    prescan::scan(data, transfer_syntax).map(|scanned| scanned.header_bytes).map_err(|error| error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn reserved(&self) -> MutexGuard<'_, HashSet<Uid>> {
        lock(&self.reserved)
    }
    fn groups(&self) -> MutexGuard<'_, LruCache<Digest, Arc<Groups>>> {
        lock(&self.groups)
    }
    fn sealed(&self) -> MutexGuard<'_, LruCache<Digest, SealedManifest>> {
        lock(&self.sealed)
    }
    fn alerted(&self) -> MutexGuard<'_, LruCache<Digest, ()>> {
        lock(&self.alerted)
    }
    /// Numbers rise with time, also over a clock that was set back.
    fn next_id(&self) -> u64 {
        let least = crate::tasks::now().0.max(self.index.last_id() + 1);
        let next = |last: u64| least.max(last + 1);
        let before = self.last_id.fetch_update(Ordering::AcqRel, Ordering::Acquire, |last| Some(next(last)));
        next(before.unwrap_or_default())
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// A durable record into the view. Should that fail, the record stands, and mending replays it.
    fn apply(&self, record: &Applied, next: Position) {
        if let Err(error) = self.index.apply(record, next) {
            tracing::error!(%error, "the index fell behind the journal; it catches up when the disk is well");
        }
    }

    fn write_rows(&self) -> Result<(), ArchiveError> {
        self.mend()?;
        self.index.write()
    }

    fn touched(&self, study: &Uid) {
        if self.arrivals.touch(study) {
            let _ = self.events.send(ArchiveEvent::Growing(study.clone()));
        }
    }
}

impl Archive {
    /// Opens `dir` (journal/archive, objects, index). An index that does not open is rebuilt from journal and files.
    ///
    /// # Errors
    /// When the journal is damaged or lost: `rebuild` is then for an admin to decide.
    pub(crate) fn open(
        dir: &Path,
        config: &ArchiveConfig,
        identity: Arc<Identity>,
        audit: Audit,
        tasks: &Tasks,
    ) -> Result<Self, ArchiveError> {
        let manifests = dir.join("manifests");
        std::fs::create_dir_all(&manifests)?;
        let blobs = Blobs::open(dir, config.free_bytes_min)?;
        let journal = Journal::open(&rebuild::journal_dir(dir), tasks)?;
        let state = State::read(dir);
        recover::require_journal(&journal, state, &blobs)?;
        let index = recover::recover(dir, &journal, state, &blobs)?;
        let end = journal.end();
        State::Running { since: crate::tasks::now(), from: end }.write(dir)?;
        let unsettled = index.unsettled()?;
        let is_cold_used = !index.tiers()?.is_empty();
        let cold = Cold::open(config.cold.as_ref(), &identity, is_cold_used, tasks);
        let inner = Arc::new(Inner {
            dir: dir.to_owned(),
            manifests,
            config: config.clone(),
            identity,
            audit,
            tasks: tasks.clone(),
            journal,
            blobs,
            cold,
            moves: tier::Moves::default(),
            index,
            events: broadcast::Sender::new(EVENTS_MAX),
            arrivals: Arrivals::default(),
            reserved: Mutex::default(),
            released: Notify::new(),
            ingesting: Arc::new(Semaphore::new(ingest::INGESTS_MAX as usize)),
            spooled: AtomicU64::new(0),
            groups: Mutex::new(LruCache::new(GROUPS_KEPT)),
            passes: tokio::sync::Mutex::new(()),
            mending: Mutex::default(),
            rejecting: tokio::sync::Mutex::default(),
            erasing: RwLock::default(),
            forgetting: Mutex::default(),
            sealed: Mutex::new(LruCache::new(MANIFESTS_KEPT)),
            alerted: Mutex::new(LruCache::new(ALERTS_KEPT)),
            small: AtomicU64::new(end.0),
            is_closed: AtomicBool::new(false),
            last_id: AtomicU64::new(0),
            hearing: tokio::sync::Mutex::default(),
            read_note: OnceLock::new(),
        });
        for study in &unsettled {
            inner.arrivals.touch(study);
        }
        tasks.spawn("archive settle", settle::run(inner.clone()));
        tasks.spawn("archive rows", write_rows(inner.clone()));
        tasks.spawn("archive scrub", scrub::run(inner.clone()));
        tasks.spawn("archive erase", retain::run(inner.clone()));
        tasks.spawn("archive tiers", tier::run(inner.clone()));
        tasks.spawn("archive small", small::run(inner.clone()));
        let shared = inner.clone();
        let stop = tasks.stop_token();
        drop(tasks.spawn_blocking("archive register", move || shared.index.warm(&|| stop.is_cancelled())));
        Ok(Self { inner })
    }

    /// News from now on.
    pub(crate) fn events(&self) -> broadcast::Receiver<ArchiveEvent> {
        self.inner.events.subscribe()
    }

    /// Begins taking an object in.
    ///
    /// # Errors
    /// [`IngestError::NoSpace`] before a byte is taken; [`IngestError::Stopping`].
    #[expect(clippy::unused_async, reason = "a spool on other storage may have to wait")]
    pub(crate) async fn spool(&self, form: Form) -> Result<Spool, IngestError> {
        if self.inner.is_closed() {
            return Err(IngestError::Stopping);
        }
        self.inner.blobs.require_room(0)?;
        Ok(Spool::new(self.inner.clone(), form))
    }

    /// The one way in. When it returns `Ok`, the object's bytes and its journal record are on disk.
    ///
    /// # Errors
    /// See [`IngestError`]. Nothing counts then, but for a failing disk, after which it may.
    pub(crate) async fn ingest(&self, spool: Spool, source: &Source) -> Result<Ingested, IngestError> {
        ingest::take_in(self.inner.clone(), spool, source.clone(), None).await
    }

    /// As [`Self::ingest`], for what was asked for elsewhere: objects of no other study are taken.
    ///
    /// # Errors
    /// [`IngestError::OtherStudy`], and as [`Self::ingest`].
    pub(crate) async fn ingest_of(&self, study: &Uid, spool: Spool, source: &Source) -> Result<Ingested, IngestError> {
        let only = ingest::Only { study: study.clone(), digest: None };
        ingest::take_in(self.inner.clone(), spool, source.clone(), Some(only)).await
    }

    /// Nothing more of a study is on its way: it settles at once.
    pub(crate) fn settle_now(&self, study: &Uid) {
        self.inner.arrivals.settle_now(study);
    }

    /// Newest first; skips `offset` matches, gives at most `limit`.
    ///
    /// # Errors
    /// When the index cannot be read; so with all that follow.
    pub(crate) fn studies(
        &self,
        query: &StudyQuery,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<StudyRow>, ArchiveError> {
        self.inner.index.studies(query, offset, limit)
    }

    pub(crate) fn study(&self, study: &Uid) -> Result<Option<StudyRow>, ArchiveError> {
        self.inner.index.study(study)
    }

    /// In the order of their first arrival.
    pub(crate) fn series(&self, study: &Uid) -> Result<Vec<SeriesRow>, ArchiveError> {
        self.inner.index.series(study)
    }

    /// Sorted by instance number, then UID.
    pub(crate) fn instances(&self, study: &Uid, series: &Uid) -> Result<Vec<InstanceRow>, ArchiveError> {
        Ok(self.inner.index.instances(study, series)?.into_iter().map(|stored| stored.row).collect())
    }

    /// Where the bytes of one instance of ours are, whatever its study's tier: of a cold study some may have come since, or
    /// been recalled. `None`: its file was set aside, and there is no copy.
    pub(crate) fn instance_tier(&self, instance: &InstanceRow) -> Result<Option<Tier>, ArchiveError> {
        let inner = &self.inner;
        if inner.blobs.has(instance) {
            return Ok(Some(Tier::Hot));
        }
        let is_copied = inner.index.has_copy(&instance.entry.digest)?;
        Ok(is_copied.then(|| if inner.cold.away().is_none() { Tier::Cold } else { Tier::Unreachable }))
    }

    /// The newest manifest of a settled study with its encoded bytes.
    pub(crate) fn manifest(&self, study: &Uid) -> Result<Option<SealedManifest>, ArchiveError> {
        settle::newest(&self.inner, study)
    }

    /// The row of an object of this study by digest.
    pub(crate) fn by_digest(&self, study: &Uid, digest: &Digest) -> Result<Option<InstanceRow>, ArchiveError> {
        Ok(self.inner.index.by_digest(study, digest)?.map(|stored| stored.row))
    }

    /// Opens an object's bytes, verified against its digest before the first is given. The study is the permit's.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub(crate) async fn read_for(&self, permit: &Permit, row: &InstanceRow) -> Result<Object, ReadError> {
        permit.allows(&permit.study, Level::Pixels)?;
        object::open(&self.inner, &permit.study, &row.entry.digest).await
    }

    /// The header of an instance (the data set before its bulk data), verified against its digest.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub(crate) async fn header_for(&self, permit: &Permit, row: &InstanceRow) -> Result<Bytes, ReadError> {
        permit.allows(&permit.study, Level::Headers)?;
        object::header(&self.inner, &permit.study, &row.entry.digest).await
    }

    /// Rejects instances: they are in no list and no manifest any more when this returns, and peers hear of it.
    ///
    /// # Errors
    /// See [`RejectError`]. Nothing is rejected then.
    pub(crate) async fn reject(
        &self,
        asked: Rejecting,
        actor: crate::audit::Actor,
    ) -> Result<RejectRecord, RejectError> {
        reject::reject(self.inner.clone(), asked, actor).await
    }

    /// Takes a rejection back, after every byte of its files was compared with its digest.
    ///
    /// # Errors
    /// See [`RejectError`].
    pub(crate) async fn reinstate(&self, id: u64, actor: crate::audit::Actor) -> Result<RejectRecord, RejectError> {
        reject::reinstate(self.inner.clone(), id, actor).await
    }

    /// Rejections that stand, newest first.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn rejections(&self, offset: usize, limit: usize) -> Result<Vec<RejectRecord>, ArchiveError> {
        self.inner.index.rejections(offset, limit)
    }

    /// Versions of manifests go on above this one: peers hold cards up to it.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub(crate) async fn raise_floor(&self, version: u64) -> Result<(), ArchiveError> {
        if self.inner.index.floor() >= version {
            return Ok(());
        }
        let record = rows::FloorRecord { version };
        let applied = Applied::Floor(version);
        conflict::submit(&self.inner, rows::kind::FLOOR, protocol::wire::encode(&record), None, applied).await
    }

    /// Totals for status: studies, instances, bytes.
    pub(crate) fn totals(&self) -> Totals {
        self.inner.index.totals()
    }

    /// Bytes free on the archive's disk.
    ///
    /// # Errors
    /// When the system does not say.
    pub(crate) fn free_bytes(&self) -> Result<u64, ArchiveError> {
        Ok(self.inner.blobs.free_bytes()?)
    }

    /// Makes pending writes of views durable and marks a clean stop. Nothing is taken in from now on.
    ///
    /// # Errors
    /// When the disk fails; the next start then does what it does after a crash.
    pub(crate) async fn close(&self) -> Result<(), ArchiveError> {
        self.inner.is_closed.store(true, Ordering::Release);
        // Those under way finish first.
        let all = self.inner.ingesting.acquire_many(ingest::INGESTS_MAX).await;
        let inner = self.inner.clone();
        let closed = self.inner.tasks.spawn_blocking("archive close", move || {
            inner.settle_small(inner.journal.end())?;
            let index = rebuild::index_dir(&inner.dir);
            inner.index.sync(&index)?;
            State::Clean { position: inner.journal.end() }.write(&inner.dir)?;
            // The stop is a clean one from here on, also where this takes longer than the system waits.
            if let Err(error) = inner.index.renew(&index) {
                tracing::info!(%error, "the next start reads what was written to the index");
            }
            Ok(())
        });
        let closed = closed.await.map_err(std::io::Error::other)?;
        drop(all);
        closed
    }
}

/// Writes gathered rows now and then until the node stops.
async fn write_rows(inner: Arc<Inner>) {
    loop {
        let is_stopping = tokio::select! {
            () = inner.tasks.stopping() => true,
            () = tokio::time::sleep(WRITE_EVERY) => false,
        };
        let shared = inner.clone();
        let written = inner.tasks.spawn_blocking("archive rows", move || shared.write_rows()).await;
        if let Ok(Err(error)) = written {
            tracing::error!(%error, "rows could not be written; the journal has them");
        }
        if is_stopping {
            return;
        }
    }
}
