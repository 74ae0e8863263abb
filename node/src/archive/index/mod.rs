//! The rows, kept so that they are found: a view of the journal on sled, never the truth.
//!
//! A study and a series have a row each; instances lie in chunks of at most [`CHUNK_INSTANCES`], found again by
//! fingerprints of their UID and digest. Changes gather in memory, are seen by every reader at once and together, and
//! are written as one batch that also says up to which journal position it goes.
//!
//! # At a crash
//! What was gathered is lost and comes back by replaying the journal from the position of the last batch; applying a
//! record twice changes nothing. Should sled lose batches (its flush is no sync), the position goes back with them.
//! An index that does not open is moved aside and made again.
//! A disk that failed once leaves sled refusing for good: [`Index::replace`] puts a newly opened one in its place, as
//! after a crash and without one ([`super::mend`]).
//!
//! # Not here
//! Reading the journal: [`super::rebuild`]. Whether a study matches: [`super::query`].

use super::{
    ArchiveError,
    rows::{
        AsideRecord, Chunk, ClaimRecord, CloseRecord, ClosedRecord, ColdRecord, ConflictRow, ConflictsOf,
        CorrectRecord, CorrectionRow, EraseRecord, ErasedRecord, FireRecord, HasCopy, IngestRecord, InstanceRow,
        LabelRecord, MergedBy, NoteRecord, PatientKey, Place, Places, Proposal, RecallRecord, ReinstateRecord,
        RejectRecord, ReleaseRecord, RepairRecord, ResolveRecord, RotRecord, RoutedRecord, RuleRecord, SeriesRow,
        SettleRecord, StoredInstance, StoredSeries, StoredStudy, StudyCorrections, StudyRow, StudyTier, Totals,
        UncorrectRecord, UnderRejection, WithPeers, WithdrawRecord, WithholdRecord,
    },
};
use crate::journal::Position;
use keys::Print;
use protocol::{
    Digest, Uid,
    wire::{self, Wire},
};
use register::Register;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use writes::Writes;

mod apply;
mod conflict;
mod correct;
mod keys;
mod offers;
mod register;
mod reject;
mod retain;
mod rot;
mod rules;
mod search;
mod tier;
mod withheld;
mod writes;

#[cfg(test)]
mod tests;

pub(super) use rules::LABELS_MAX;

/// Instances in one chunk: some 20 KiB.
pub(super) const CHUNK_INSTANCES: usize = 64;
/// sled's own cache; beyond it the system's page cache serves.
const CACHE_BYTES: u64 = 16 << 20;
/// While all rows are made: they come in any order.
const MAKING_CACHE_BYTES: u64 = 256 << 20;
/// sled's own threads hold its files a little longer than whoever dropped it.
const UNLOCKED_WITHIN: Duration = Duration::from_secs(2);
const UNLOCKED_LOOK: Duration = Duration::from_millis(5);
/// Instances gathered before they are written even in the midst of traffic: bounds memory to some 10 MiB.
const GATHERED_MAX: usize = 8192;
/// The same while all rows are made.
const MAKING_GATHERED_MAX: usize = 32_768;

/// Rows written since it was opened, from which on a clean stop renews what sled starts from.
const RENEWED_FROM: u64 = 100_000;

/// What the index says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// Records before it are in.
    applied: Position,
    next_series: u32,
    totals: Totals,
    /// Versions of manifests go on from here.
    floor: u64,
    /// Conflicts that wait for a decision, and their bytes.
    aside: (u64, u64),
    /// The highest number of a conflict or correction.
    last_id: u64,
}

impl Wire for Meta {
    /// An index of another version is made again from the journal.
    const VERSION: u8 = 6;
    const NAME: &'static str = "index";
}

#[derive(Debug)]
pub(super) struct Index {
    /// `None` while it is opened anew.
    db: Mutex<Option<sled::Db>>,
    live: Mutex<Live>,
    /// sled said that it failed, or a record could not be applied.
    is_hurt: AtomicBool,
    /// All rows are made: the head follows them ([`Index::made`]).
    is_making: bool,
    /// Rows written since it was opened.
    written: AtomicU64,
    register: Register,
    rules: rules::Known,
    withheld: withheld::Known,
}

/// Rows changed since the last batch.
#[derive(Debug, Default)]
struct Live {
    meta: Meta,
    /// `None`: gone.
    studies: HashMap<Uid, Option<StoredStudy>>,
    series: HashMap<(Uid, Uid), Option<StoredSeries>>,
    chunks: HashMap<Place, Chunk>,
    places: HashMap<Print, Places>,
    /// Which rejection an instance is under; `None`: none any more.
    rejected: HashMap<Uid, Option<u64>>,
    rejections: HashMap<u64, Option<RejectRecord>>,
    conflicts: HashMap<u64, ConflictRow>,
    conflicts_of: HashMap<Uid, ConflictsOf>,
    correction_rows: HashMap<u64, CorrectionRow>,
    corrections: HashMap<Uid, StudyCorrections>,
    merges: HashMap<PatientKey, MergedBy>,
    tiers: HashMap<Uid, Option<StudyTier>>,
    /// Objects with and without cold copies.
    copies: HashMap<Digest, bool>,
    /// Keys and values of rare kinds; `None`: gone.
    others: HashMap<Vec<u8>, Option<Vec<u8>>>,
    /// Instances among the changes.
    gathered: usize,
    is_changed: bool,
    /// A record could not be applied: nothing is written any more, so that the next start replays it.
    is_behind: bool,
}

impl Index {
    /// Opens; `Err` also where sled panics over what it finds.
    pub(super) fn open(dir: &Path) -> Result<Self, ArchiveError> {
        Self::open_with(dir, CACHE_BYTES)
    }

    /// Begins one in an empty folder, to be filled with all that the journal says and ended by [`Index::made`].
    pub(super) fn make(dir: &Path) -> Result<Self, ArchiveError> {
        Ok(Self { is_making: true, ..Self::open_with(dir, MAKING_CACHE_BYTES)? })
    }

    /// Ends the making, so that it can be opened.
    pub(super) fn made(mut self) -> Result<(), ArchiveError> {
        self.write()?;
        let db = self.db()?;
        self.noted(db.flush())?;
        self.is_making = false;
        self.live().is_changed = true;
        self.write()?;
        self.noted(db.flush())?;
        Ok(())
    }

    fn open_with(dir: &Path, cache: u64) -> Result<Self, ArchiveError> {
        let config = sled::Config::default().path(dir).cache_capacity(cache).flush_every_ms(None);
        let open = || {
            let opened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| config.open()));
            opened
                .map_err(|_| ArchiveError::Index(sled::Error::ReportableBug("panic at open".to_owned())))?
                .map_err(ArchiveError::Index)
        };
        let until = Instant::now() + UNLOCKED_WITHIN;
        let db = loop {
            match open() {
                Err(error) if error.is_locked() && Instant::now() < until => std::thread::sleep(UNLOCKED_LOOK),
                opened => break opened?,
            }
        };
        let meta = match db.get(keys::META)? {
            Some(bytes) => wire::decode(&bytes)?,
            None if db.is_empty() => Meta::default(),
            None => return Err(ArchiveError::Index(sled::Error::ReportableBug("rows without a head".to_owned()))),
        };
        let live = Live { meta, ..Live::default() };
        Ok(Self {
            db: Mutex::new(Some(db)),
            live: Mutex::new(live),
            is_hurt: AtomicBool::new(false),
            is_making: false,
            written: AtomicU64::new(0),
            register: Register::default(),
            rules: rules::Known::default(),
            withheld: withheld::Known::default(),
        })
    }

    /// Whether it must be opened anew before it takes anything.
    pub(super) fn is_hurt(&self) -> bool {
        self.is_hurt.load(Ordering::Acquire)
    }

    /// Closes, and goes on with what `open` gives. Nobody reads or applies meanwhile; records that are applied after
    /// may be in already.
    ///
    /// # Errors
    /// Those of `open`, and while a search still holds the old one; it is closed and hurt then.
    pub(super) fn replace(&self, open: impl FnOnce() -> Result<Self, ArchiveError>) -> Result<(), ArchiveError> {
        let mut live = self.live();
        self.is_hurt.store(true, Ordering::Release);
        *lock(&self.db) = None;
        let fresh = open()?;
        *lock(&self.db) = fresh.db.into_inner().unwrap_or_else(PoisonError::into_inner);
        *live = fresh.live.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.written.store(0, Ordering::Relaxed);
        self.register.forget();
        self.rules.forget();
        self.withheld.forget();
        self.is_hurt.store(false, Ordering::Release);
        Ok(())
    }

    fn db(&self) -> Result<sled::Db, ArchiveError> {
        lock(&self.db).clone().ok_or(ArchiveError::Mending)
    }

    /// Remembers that sled failed.
    fn noted<T>(&self, result: sled::Result<T>) -> Result<T, ArchiveError> {
        result.map_err(|error| {
            self.is_hurt.store(true, Ordering::Release);
            ArchiveError::Index(error)
        })
    }

    fn gathered_max(&self) -> usize {
        if self.is_making { MAKING_GATHERED_MAX } else { GATHERED_MAX }
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        lock(&self.live)
    }

    fn get<T: Wire>(&self, key: impl AsRef<[u8]>) -> Result<Option<T>, ArchiveError> {
        Ok(self.noted(self.db()?.get(key))?.map(|bytes| wire::decode(&bytes)).transpose()?)
    }

    fn load_study(&self, live: &Live, study: &Uid) -> Result<Option<StoredStudy>, ArchiveError> {
        match live.studies.get(study) {
            Some(stored) => Ok(stored.clone()),
            None => self.get(keys::study(study)),
        }
    }

    fn load_series(&self, live: &Live, study: &Uid, series: &Uid) -> Result<Option<StoredSeries>, ArchiveError> {
        match live.series.get(&(study.clone(), series.clone())) {
            Some(stored) => Ok(stored.clone()),
            None => self.get(keys::series(study, series)),
        }
    }

    fn load_places(&self, live: &Live, print: &Print) -> Result<Places, ArchiveError> {
        match live.places.get(print) {
            Some(places) => Ok(places.clone()),
            None => Ok(self.get(print)?.unwrap_or_default()),
        }
    }

    /// Runs over a chunk without copying the gathered ones.
    fn with_chunk<T>(
        &self,
        live: &Live,
        place: Place,
        look: impl FnOnce(&Chunk) -> T,
    ) -> Result<Option<T>, ArchiveError> {
        match live.chunks.get(&place) {
            Some(chunk) => Ok(Some(look(chunk))),
            None => Ok(self.get::<Chunk>(keys::chunk(place))?.as_ref().map(look)),
        }
    }

    fn find(
        &self,
        live: &Live,
        print: &Print,
        is_it: &dyn Fn(&Chunk, &StoredInstance) -> bool,
    ) -> Result<Option<(Place, usize, StoredInstance)>, ArchiveError> {
        for place in self.load_places(live, print)?.0 {
            let found = self.with_chunk(live, place, |chunk| {
                let at = chunk.instances.iter().position(|instance| is_it(chunk, instance))?;
                Some((place, at, chunk.instances.get(at)?.clone()))
            })?;
            if let Some(Some(found)) = found {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn find_sop(&self, live: &Live, sop: &Uid) -> Result<Option<(Place, usize, StoredInstance)>, ArchiveError> {
        self.find(live, &keys::sop_print(sop), &|_, instance| instance.row.entry.instance == *sop)
    }

    /// The instance held under a SOP Instance UID.
    pub(super) fn sop(&self, sop: &Uid) -> Result<Option<StoredInstance>, ArchiveError> {
        Ok(self.find_sop(&self.live(), sop)?.map(|(_, _, instance)| instance))
    }

    /// The study of the instance held under a SOP Instance UID.
    pub(super) fn study_of(&self, sop: &Uid) -> Result<Option<Uid>, ArchiveError> {
        let live = self.live();
        let Some((place, ..)) = self.find_sop(&live, sop)? else { return Ok(None) };
        self.with_chunk(&live, place, |chunk| chunk.study.clone())
    }

    /// The instance of a study with this digest.
    pub(super) fn by_digest(&self, study: &Uid, digest: &Digest) -> Result<Option<StoredInstance>, ArchiveError> {
        let is_it =
            |chunk: &Chunk, instance: &StoredInstance| chunk.study == *study && instance.row.entry.digest == *digest;
        Ok(self.find(&self.live(), &keys::digest_print(digest), &is_it)?.map(|(_, _, instance)| instance))
    }

    /// Any instance with this digest.
    pub(super) fn any_by_digest(&self, digest: &Digest) -> Result<Option<StoredInstance>, ArchiveError> {
        let is_it = |_: &Chunk, instance: &StoredInstance| instance.row.entry.digest == *digest;
        Ok(self.find(&self.live(), &keys::digest_print(digest), &is_it)?.map(|(_, _, instance)| instance))
    }

    pub(super) fn stored_study(&self, study: &Uid) -> Result<Option<StoredStudy>, ArchiveError> {
        self.load_study(&self.live(), study)
    }

    pub(super) fn study(&self, study: &Uid) -> Result<Option<StudyRow>, ArchiveError> {
        Ok(self.stored_study(study)?.map(|stored| stored.shown()))
    }

    /// In the order of their first arrival.
    pub(super) fn series(&self, study: &Uid) -> Result<Vec<SeriesRow>, ArchiveError> {
        let live = self.live();
        let Some(stored) = self.load_study(&live, study)? else { return Ok(Vec::new()) };
        let mut rows = Vec::with_capacity(stored.series.len());
        for series in &stored.series {
            rows.extend(self.load_series(&live, study, series)?.map(|s| s.row));
        }
        Ok(rows)
    }

    /// Sorted by instance number, then UID; those without number last.
    pub(super) fn instances(&self, study: &Uid, series: &Uid) -> Result<Vec<StoredInstance>, ArchiveError> {
        let live = self.live();
        let Some(stored) = self.load_series(&live, study, series)? else { return Ok(Vec::new()) };
        let mut found = Vec::with_capacity(stored.row.instances as usize);
        for chunk in 0..stored.chunks {
            let place = Place { series: stored.id, chunk };
            self.with_chunk(&live, place, |chunk| found.extend_from_slice(&chunk.instances))?;
        }
        found.sort_by(|a, b| order(&a.row).cmp(&order(&b.row)));
        Ok(found)
    }

    pub(super) fn totals(&self) -> Totals {
        self.live().meta.totals
    }

    /// Records before this position are in.
    pub(super) fn applied(&self) -> Position {
        self.live().meta.applied
    }

    pub(super) fn floor(&self) -> u64 {
        self.live().meta.floor
    }

    /// Writes what was gathered as one batch.
    pub(super) fn write(&self) -> Result<(), ArchiveError> {
        self.write_live(&mut self.live())
    }

    /// Writes, and hands the bytes to the disk.
    pub(super) fn sync(&self, dir: &Path) -> Result<(), ArchiveError> {
        self.write()?;
        self.noted(self.db()?.flush())?;
        let file = dir.join("db");
        if file.exists() {
            std::fs::File::open(file)?.sync_all()?;
        }
        Ok(())
    }

    /// sled keeps where its pages are only as it opens, and reads all that was written since when it opens next. After
    /// much of that it is opened once more here, when the node stops, so that the next start need not wait.
    ///
    /// # Errors
    /// As [`Index::replace`]; the next start then reads it.
    pub(super) fn renew(&self, dir: &Path) -> Result<(), ArchiveError> {
        if self.written.load(Ordering::Relaxed) < RENEWED_FROM {
            return Ok(());
        }
        self.replace(|| Self::open(dir))
    }

    /// Loses what was gathered, as a killed process does.
    #[cfg(test)]
    pub(super) fn forget(&self) {
        let mut live = self.live();
        *live = Live { is_behind: true, ..Live::default() };
    }

    fn write_live(&self, live: &mut Live) -> Result<(), ArchiveError> {
        if live.is_behind {
            return Err(ArchiveError::Index(sled::Error::ReportableBug("the index is behind the journal".to_owned())));
        }
        if !live.is_changed {
            return Ok(());
        }
        let (mut batch, mut changes) = (Writes::default(), Vec::with_capacity(live.studies.len()));
        for (study, stored) in &live.studies {
            let before: Option<StoredStudy> = self.get(keys::study(study))?;
            let now = stored.as_ref().map(|stored| keys::of(&stored.shown())).unwrap_or_default();
            let before = before.map(|before| keys::of(&before.shown())).unwrap_or_default();
            let place = before.first().and_then(|key| key.get(1..)).map(<[u8]>::to_vec);
            changes.push((place, stored.as_ref().map(StoredStudy::shown)));
            for key in before.into_iter().filter(|key| !now.contains(key)) {
                batch.remove(key);
            }
            for key in now {
                batch.insert(key, Vec::new());
            }
            batch.put(keys::study(study), stored.as_ref());
        }
        for ((study, series), stored) in &live.series {
            batch.put(keys::series(study, series), stored.as_ref());
        }
        for (place, chunk) in &live.chunks {
            batch.put(keys::chunk(*place), Some(chunk).filter(|chunk| !chunk.instances.is_empty()));
        }
        for (print, places) in &live.places {
            batch.put(print.to_vec(), Some(places).filter(|places| !places.0.is_empty()));
        }
        for (instance, id) in &live.rejected {
            batch.put(keys::rejected(instance), id.map(UnderRejection).as_ref());
        }
        for (id, record) in &live.rejections {
            batch.put(keys::rejection(*id), record.as_ref());
        }
        live.put_amendments(&mut batch);
        for (study, tier) in &live.tiers {
            batch.put(keys::tier(study), tier.as_ref());
        }
        for (digest, has) in &live.copies {
            batch.put(keys::copy(digest), has.then_some(HasCopy(true)).as_ref());
        }
        for (key, value) in &live.others {
            match value {
                Some(value) => batch.insert(key.clone(), value.clone()),
                None => batch.remove(key.clone()),
            }
        }
        let db = self.db()?;
        self.written.fetch_add(batch.len(), Ordering::Relaxed);
        if self.is_making {
            self.noted(batch.apply_in_order(&db))?;
        } else {
            batch.put(keys::META.to_vec(), Some(&live.meta));
            self.noted(batch.apply(&db))?;
        }
        *live = Live { meta: live.meta, ..Live::default() };
        self.register.follow(changes);
        Ok(())
    }
}

impl Live {
    fn put_amendments(&self, batch: &mut Writes) {
        for (id, row) in &self.conflicts {
            batch.put(keys::numbered(keys::CONFLICT, *id), Some(row));
        }
        for (instance, of) in &self.conflicts_of {
            batch.put(keys::conflicts_of(instance), Some(of));
        }
        for (id, row) in &self.correction_rows {
            batch.put(keys::numbered(keys::CORRECTION, *id), Some(row));
        }
        for (study, all) in &self.corrections {
            batch.put(keys::corrections_of(study), Some(all).filter(|all| !all.0.is_empty()));
        }
        for (patient, merges) in &self.merges {
            batch.put(keys::merged(patient), Some(merges).filter(|merges| !merges.0.is_empty()));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn order(row: &InstanceRow) -> (i64, &Uid) {
    (row.entry.number.map_or(i64::MAX, i64::from), &row.entry.instance)
}

/// A record to apply.
#[derive(Debug)]
pub(super) enum Applied {
    Ingest(Box<IngestRecord>),
    Settle(SettleRecord),
    Reject(RejectRecord),
    Reinstate(ReinstateRecord),
    Aside(Box<AsideRecord>),
    Resolve(Box<ResolveRecord>),
    Correct(Box<CorrectRecord>),
    Uncorrect(UncorrectRecord),
    Cold(ColdRecord),
    Recall(RecallRecord),
    Claim(ClaimRecord),
    Propose(Proposal),
    Withdraw(WithdrawRecord),
    Erase(EraseRecord),
    Erased(ErasedRecord),
    Close(CloseRecord),
    Closed(ClosedRecord),
    Note(NoteRecord),
    Rule(Box<RuleRecord>),
    Label(LabelRecord),
    Fire(FireRecord),
    Routed(RoutedRecord),
    WithPeers(WithPeers),
    Floor(u64),
    Rot(RotRecord),
    Repair(RepairRecord),
    Withhold(WithholdRecord),
    Release(ReleaseRecord),
    /// Of no consequence here.
    Nothing,
}
