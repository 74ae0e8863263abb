//! Studies move between the hot tier (files under `objects/`) and the cold one ([`super::cold`]): by age, by hand, and
//! back when somebody opens one.
//!
//! A study goes cold in this order: each object's copy is written and synced, read back and compared with its digest;
//! one journal record says that all of them have copies; then the hot files go. Whatever is opened and not hot is
//! copied back, compared again, and the rest of its study follows in the background. Cold copies stay when a study is
//! recalled, so that it goes cold again without being written.
//!
//! # At a crash
//! Before the record the hot files are all there, and copies without record are written over by the next try. After
//! it, hot files may be left: the next start compares their copies and removes them. What is erased takes its copy along,
//! whether a record names it or not.
//!
//! # Not here
//! What a cold copy is: [`super::cold`]. Moves that were asked for by hand are forgotten at a stop.

use super::{
    Archive, ArchiveError, Away, Inner, Place, ReadError,
    copying::{Copying, Underway},
    lock,
    object::{Fault, short_is_corrupt},
    rows::{ColdRecord, RecallRecord, StoredInstance, StudyTier, kind},
};
use crate::{archive::index::Applied, journal::Append, words::Code};
use lru::LruCache;
use protocol::{Digest, Timestamp, Uid, manifest::Completeness, wire};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    num::NonZeroUsize,
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Moves waiting, and moves that failed and are still shown.
const WAITING_MAX: usize = 10_000;
const FAILED_MAX: usize = 100;
/// Characters of a place's name in an alarm.
const PLACE_MAX: usize = 64;
/// How often studies are looked through for those old enough.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// How often a tier that is away is looked at.
const AWAY_LOOK_EVERY: Duration = Duration::from_secs(5);
/// Objects recalled side by side.
const RECALLS_MAX: usize = 4;
/// Readings of cold copies that the expected time of a recall is the median of.
const PACES_KEPT: usize = 63;
/// Studies of which it is known when they were last opened.
const OPENED_KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// Where the bytes of a study of ours are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tier {
    Hot,
    Cold,
    /// In the cold tier, which is not there now.
    Unreachable,
}

/// A move that waits, runs, or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) study: Uid,
    pub(crate) is_to_cold: bool,
    pub(crate) done: u32,
    /// 0: not begun.
    pub(crate) objects: u32,
    /// Why it ended.
    pub(crate) error: Option<Code>,
}

/// How the cold tier is.
#[derive(Clone, Debug)]
pub(crate) struct ColdStatus {
    /// `None`: none is configured.
    pub(crate) place: Option<Place>,
    /// Why it is not there.
    pub(crate) away: Option<Away>,
    /// `None`: it does not say.
    pub(crate) free_bytes: Option<u64>,
    /// Bytes a second that reading cold copies gave, the median of the last; `None`: none was read since the start.
    pub(crate) pace: Option<u64>,
    /// Studies there now.
    pub(crate) studies: Vec<Uid>,
    pub(crate) moves: Vec<Move>,
}

impl Archive {
    /// Asks for a study to be moved to the cold tier or back: it waits its turn, and [`Archive::cold_status`] shows it.
    ///
    /// # Errors
    /// See [`TierError`].
    pub(crate) fn move_study(&self, study: &Uid, is_to_cold: bool) -> Result<(), TierError> {
        ask(&self.inner, study, is_to_cold)
    }

    /// Where the bytes of a study of ours are.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn tier(&self, study: &Uid) -> Result<Tier, ArchiveError> {
        tier_of(&self.inner, study)
    }

    /// Whether it was looked at since the start whether the cold tier is there.
    pub(crate) fn cold_is_known(&self) -> bool {
        self.inner.cold.is_known()
    }

    /// The cold tier's name for people, 64 characters at most, if it is not there.
    pub(crate) fn cold_away(&self) -> Option<String> {
        let place = self.inner.cold.place().filter(|_| self.inner.cold.away().is_some())?;
        Some(place.name.chars().take(PLACE_MAX).collect())
    }

    /// How the cold tier is, and what moves.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn cold_status(&self) -> Result<ColdStatus, ArchiveError> {
        status(&self.inner)
    }

    /// Seconds that recalling so many bytes from the cold tier may take; `None`: nothing was read of it since the start.
    pub(crate) fn recall_s(&self, bytes: u64) -> Option<u64> {
        self.inner.pace().map(|pace| bytes.div_ceil(pace.max(1)))
    }
}

/// Why a move is not begun.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TierError {
    #[error("no such study is held here")]
    NotHeld,
    #[error("no cold tier is configured: archive.cold in confrere.toml")]
    NoTier,
    #[error("the study is not complete yet")]
    Arriving,
    #[error("the cold tier cannot be reached now: {0}")]
    Unreachable(Away),
    #[error("too many moves are waiting")]
    Busy,
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

#[derive(Debug)]
pub(super) struct Moves {
    waiting: Mutex<VecDeque<(Uid, bool)>>,
    woken: Notify,
    shown: Mutex<BTreeMap<Uid, Move>>,
    recalling: [Mutex<()>; RECALLS_MAX],
    pub(super) copying: Copying,
    paces: Mutex<VecDeque<u64>>,
    opened: Mutex<LruCache<Uid, Timestamp>>,
}

impl Default for Moves {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            woken: Notify::new(),
            shown: Mutex::default(),
            recalling: Default::default(),
            copying: Copying::default(),
            paces: Mutex::default(),
            opened: Mutex::new(LruCache::new(OPENED_KEPT)),
        }
    }
}

/// Copies one object, in one of the two directions.
type OneWay = fn(&Inner, &StoredInstance) -> Result<(), Fault>;

/// Why a move ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("{0:?}")]
    Fault(Fault),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("the node stops")]
    Stopping,
}

impl Ended {
    const fn code(&self) -> Code {
        match self {
            Self::Fault(fault) => fault.code(),
            Self::Archive(_) => Code::Here,
            Self::Stopping => Code::Stopping,
        }
    }
}

impl From<std::io::Error> for Ended {
    fn from(error: std::io::Error) -> Self {
        Self::Archive(error.into())
    }
}

/// Asks for a move. It waits its turn; what comes of it is in [`status`].
fn ask(inner: &Inner, study: &Uid, is_to_cold: bool) -> Result<(), TierError> {
    let row = inner.index.study(study)?.ok_or(TierError::NotHeld)?;
    if !inner.cold.is_configured() {
        return Err(TierError::NoTier);
    }
    if is_to_cold && row.completeness == Completeness::Arriving {
        return Err(TierError::Arriving);
    }
    if let Some(away) = inner.cold.away() {
        return Err(TierError::Unreachable(away));
    }
    if wait(inner, study, is_to_cold) { Ok(()) } else { Err(TierError::Busy) }
}

fn wait(inner: &Inner, study: &Uid, is_to_cold: bool) -> bool {
    let mut waiting = lock(&inner.moves.waiting);
    let asked = (study.clone(), is_to_cold);
    if !waiting.contains(&asked) {
        if waiting.len() >= WAITING_MAX {
            return false;
        }
        waiting.push_back(asked);
        let shown = Move { study: study.clone(), is_to_cold, done: 0, objects: 0, error: None };
        let mut all = lock(&inner.moves.shown);
        if all.values().filter(|one| one.error.is_some()).count() >= FAILED_MAX {
            all.retain(|_, one| one.error.is_none());
        }
        all.insert(study.clone(), shown);
    }
    inner.moves.woken.notify_one();
    true
}

/// Where a study's bytes are.
fn tier_of(inner: &Inner, study: &Uid) -> Result<Tier, ArchiveError> {
    Ok(match inner.index.tier(study)? {
        Some(StudyTier { is_cold: true, .. }) if inner.cold.away().is_none() => Tier::Cold,
        Some(StudyTier { is_cold: true, .. }) => Tier::Unreachable,
        _ => Tier::Hot,
    })
}

/// How the cold tier is, and what moves.
fn status(inner: &Inner) -> Result<ColdStatus, ArchiveError> {
    let tiers = inner.index.tiers()?;
    Ok(ColdStatus {
        place: inner.cold.place(),
        away: inner.cold.away(),
        free_bytes: inner.cold.free_bytes(),
        pace: inner.pace(),
        studies: tiers.into_iter().filter(|(_, tier)| tier.is_cold).map(|(study, _)| study).collect(),
        moves: lock(&inner.moves.shown).values().cloned().collect(),
    })
}

/// Moves studies until the node stops.
pub(super) async fn run(inner: Arc<Inner>) {
    if !inner.cold.is_configured() {
        return;
    }
    let (mut looked, mut was_away): (Option<Instant>, bool) = (None, true);
    loop {
        let is_away = inner.cold.away().is_some();
        if !is_away && was_away {
            clean_up(&inner).await;
        }
        if looked.is_none_or(|at| at.elapsed() >= LOOK_EVERY) {
            looked = Some(Instant::now());
            let shared = inner.clone();
            let asked = inner.tasks.spawn_blocking("archive tiers", move || ask_for_old(&shared)).await;
            if let Ok(Err(error)) = asked {
                tracing::error!(%error, "studies could not be looked through for those that are to go cold");
            }
        }
        let next = lock(&inner.moves.waiting).front().cloned();
        if let Some((study, is_to_cold)) = next {
            let shared = inner.clone();
            let work = move || shared.move_study(&study, is_to_cold);
            if inner.tasks.spawn_blocking("archive tiers", work).await.is_err() {
                return;
            }
        }
        let is_idle = lock(&inner.moves.waiting).is_empty();
        was_away = inner.cold.away().is_some();
        let pause = match (is_idle, was_away) {
            (false, _) => Duration::ZERO,
            (true, true) => AWAY_LOOK_EVERY,
            (true, false) => LOOK_EVERY,
        };
        tokio::select! {
            () = inner.tasks.stopping() => return,
            () = inner.moves.woken.notified(), if is_idle => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// At a start, and when the cold tier is back: what was cut off is brought to its end.
async fn clean_up(inner: &Arc<Inner>) {
    let shared = inner.clone();
    let swept = inner.tasks.spawn_blocking("archive tiers", move || shared.cold.sweep()).await;
    if let Ok(Err(error)) = swept {
        tracing::debug!(%error, "what was on its way to the cold tier stays for now");
    }
    let shared = inner.clone();
    let left = inner.tasks.spawn_blocking("archive tiers", move || shared.remove_leftovers()).await;
    if let Ok(Err(error)) = left {
        tracing::error!(%error, "hot files of cold studies could not be removed; the next start does it");
    }
    super::retain::resume(inner.clone()).await;
}

/// By the rule of age: complete, and neither changed, recalled nor opened for so long.
fn ask_for_old(inner: &Inner) -> Result<(), ArchiveError> {
    if inner.config.cold_after_ms == 0 || inner.cold.away().is_some() {
        return Ok(());
    }
    let before = crate::tasks::now().before(Duration::from_millis(inner.config.cold_after_ms));
    for study in inner.index.all()? {
        let (Some(row), tier) = (inner.index.study(&study)?, inner.index.tier(&study)?) else { continue };
        let opened = lock(&inner.moves.opened).peek(&study).copied().unwrap_or_default();
        let recalled = tier.filter(|tier| !tier.is_cold).map(|tier| tier.at).unwrap_or_default();
        let is_there = tier.is_some_and(|tier| tier.is_cold && row.changed <= tier.at);
        let used = row.changed.max(opened).max(recalled);
        let is_due = row.completeness == Completeness::Complete && !is_there && used < before;
        if is_due && !wait(inner, &study, true) {
            return Ok(());
        }
    }
    Ok(())
}

impl Inner {
    /// Whether the cold tier has this object, as far as that can be known now.
    pub(super) fn has_copy(&self, instance: &StoredInstance) -> Result<bool, ArchiveError> {
        let digest = &instance.row.entry.digest;
        Ok(self.index.has_copy(digest)? && self.cold.holds(digest).unwrap_or(true))
    }

    /// An object's hot file; recalled first where it is cold (blocking).
    pub(super) fn at_hand(&self, study: &Uid, instance: &StoredInstance) -> Result<File, ReadError> {
        if self.cold.is_configured() {
            lock(&self.moves.opened).put(study.clone(), crate::tasks::now());
        }
        let digest = &instance.row.entry.digest;
        match self.blobs.open_object(digest) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            opened => return opened.map_err(short_is_corrupt),
        }
        if !self.index.has_copy(digest).map_err(std::io::Error::other)? {
            return Err(ReadError::Corrupt);
        }
        let recalled = || {
            self.recall(instance).map_err(|fault| match fault {
                Fault::Unreachable => ReadError::Offline,
                fault if fault.is_rot() || fault == Fault::Missing => ReadError::Corrupt,
                fault => ReadError::Io(std::io::Error::other(fault.text())),
            })
        };
        recalled()?;
        // The rest will be wanted.
        let _ = wait(self, study, false);
        match self.blobs.open_object(digest) {
            // Taken for a left-over of before the start, once.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                recalled()?;
                self.blobs.open_object(digest).map_err(short_is_corrupt)
            }
            opened => opened.map_err(short_is_corrupt),
        }
    }

    /// Recalls an object that has a copy.
    fn recall_copy(&self, instance: &StoredInstance) -> Result<(), Fault> {
        match self.index.has_copy(&instance.row.entry.digest) {
            Ok(true) => self.recall(instance),
            Ok(false) => Ok(()),
            Err(_) => Err(Fault::NotRead),
        }
    }

    /// Copies an object back into the hot tier, unless it is there (blocking).
    pub(super) fn recall(&self, instance: &StoredInstance) -> Result<(), Fault> {
        let entry = &instance.row.entry;
        let one = self.moves.recalling.get(usize::from(entry.digest.0[0]) % RECALLS_MAX);
        let _one = one.map(lock);
        let _underway = self.underway(vec![entry.digest])?;
        if self.blobs.has(&instance.row) {
            return Ok(());
        }
        self.blobs.place_again(self.fetch_copy(instance)?, &entry.digest).map_err(|_| Fault::NotWritten)
    }

    /// Puts the cold copy in the place of a rotten file, which is set aside once the copy is here (blocking).
    pub(super) fn recall_over(&self, instance: &StoredInstance) -> Result<(), Fault> {
        let digest = &instance.row.entry.digest;
        let _underway = self.underway(vec![*digest])?;
        let temp = self.fetch_copy(instance)?;
        let placed = self.blobs.set_aside(digest).and_then(|()| self.blobs.place_again(temp, digest));
        placed.map_err(|_| Fault::NotWritten)
    }

    fn fetch_copy(&self, instance: &StoredInstance) -> Result<super::blobs::Temp, Fault> {
        self.blobs.require_room(instance.row.entry.bytes).map_err(|_| Fault::NotWritten)?;
        let mut temp = self.blobs.temp().map_err(|_| Fault::NotWritten)?;
        self.read_copy(instance, &mut temp.file)?;
        Ok(temp)
    }

    /// Whoever erases these waits while this is held. One that was erased is missing.
    fn underway(&self, digests: Vec<Digest>) -> Result<Underway<'_>, Fault> {
        let looked = digests.clone();
        let underway = self.moves.copying.begin(digests);
        for digest in &looked {
            match self.index.any_by_digest(digest) {
                Ok(Some(_)) => {}
                Ok(None) => return Err(Fault::Missing),
                Err(_) => return Err(Fault::NotRead),
            }
        }
        Ok(underway)
    }

    fn read_copy(&self, instance: &StoredInstance, out: &mut dyn std::io::Write) -> Result<(), Fault> {
        let began = Instant::now();
        self.cold.read(instance, out)?;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
        let mut paces = lock(&self.moves.paces);
        if paces.len() >= PACES_KEPT {
            paces.pop_front();
        }
        paces.push_back(instance.row.entry.bytes.saturating_mul(1_000_000) / micros);
        Ok(())
    }

    fn pace(&self) -> Option<u64> {
        let mut paces: Vec<u64> = lock(&self.moves.paces).iter().copied().collect();
        paces.sort_unstable();
        paces.get(paces.len() / 2).copied()
    }

    fn objects(&self, study: &Uid) -> Result<Vec<StoredInstance>, ArchiveError> {
        let mut objects = Vec::new();
        for series in self.index.series(study)? {
            objects.extend(self.index.instances(study, &series.series)?);
        }
        Ok(objects)
    }

    /// Does the first move that waits.
    fn move_study(self: &Arc<Self>, study: &Uid, is_to_cold: bool) {
        let moved = if is_to_cold { self.make_cold(study) } else { self.make_hot(study) };
        lock(&self.moves.waiting).retain(|asked| *asked != (study.clone(), is_to_cold));
        let mut shown = lock(&self.moves.shown);
        match moved {
            Ok(()) => {
                shown.remove(study);
            }
            Err(ended) => {
                tracing::error!(%study, is_to_cold, error = %ended, "a study could not be moved");
                if let Some(one) = shown.get_mut(study) {
                    one.error = Some(ended.code());
                }
            }
        }
        drop(shown);
        let _ = self.events.send(super::ArchiveEvent::Growing(study.clone()));
    }

    fn progress(&self, study: &Uid, done: usize, objects: usize) {
        if let Some(shown) = lock(&self.moves.shown).get_mut(study) {
            shown.done = u32::try_from(done).unwrap_or(u32::MAX);
            shown.objects = u32::try_from(objects).unwrap_or(u32::MAX);
        }
    }

    fn make_cold(self: &Arc<Self>, study: &Uid) -> Result<(), Ended> {
        let objects = self.objects(study)?;
        for (done, some) in objects.chunks(self.cold.side_by_side()).enumerate() {
            if self.tasks.stop_token().is_cancelled() {
                return Err(Ended::Stopping);
            }
            self.progress(study, done * self.cold.side_by_side(), objects.len());
            self.copy_all(some, Self::copy).map_err(Ended::Fault)?;
        }
        let digests: Vec<Digest> = objects.iter().map(|instance| instance.row.entry.digest).collect();
        // Erased meanwhile: then there is nothing to say of it.
        let _underway = self.underway(digests.clone()).map_err(Ended::Fault)?;
        let at = crate::tasks::now();
        let record = ColdRecord { study: study.clone(), at, digests: digests.clone() };
        let append = Append { kind: kind::COLD, body: wire::encode(&record), ..Append::default() };
        self.write_down(append, Applied::Cold(record))?;
        for digest in &digests {
            self.drop_hot(digest)?;
        }
        self.tell(study, &objects, "hot to cold");
        Ok(())
    }

    /// Copies objects there or back, side by side; all of them have ended when this returns.
    fn copy_all(self: &Arc<Self>, objects: &[StoredInstance], copy: OneWay) -> Result<(), Fault> {
        if let [one] = objects {
            return copy(self, one);
        }
        let begun: Vec<mpsc::Receiver<Result<(), Fault>>> = objects
            .iter()
            .map(|instance| {
                let (tell, told) = mpsc::sync_channel(1);
                let (shared, instance) = (self.clone(), instance.clone());
                // Nobody waits for it only when the node is gone.
                drop(self.tasks.spawn_blocking("archive tiers", move || _ = tell.send(copy(&shared, &instance))));
                told
            })
            .collect();
        let ended: Vec<_> = begun.iter().map(|told| told.recv().unwrap_or(Err(Fault::NotCopied))).collect();
        ended.into_iter().collect()
    }

    /// Sees to it that the cold tier has an object, every byte compared with its digest.
    fn copy(&self, instance: &StoredInstance) -> Result<(), Fault> {
        let digest = &instance.row.entry.digest;
        let _underway = self.underway(vec![*digest])?;
        let has_copy = self.index.has_copy(digest).map_err(|_| Fault::NotRead)?;
        if has_copy && self.read_copy(instance, &mut std::io::sink()).is_ok() {
            return Ok(());
        }
        let hot = self.blobs.open_object(digest).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Fault::Missing,
            _ => Fault::NotOpened,
        })?;
        self.cold.put(digest, &hot).map_err(|error| {
            tracing::error!(%digest, %error, "a copy could not be written to the cold tier");
            if error.kind() == std::io::ErrorKind::NotConnected { Fault::Unreachable } else { Fault::NotCopied }
        })?;
        self.read_copy(instance, &mut std::io::sink())
    }

    fn drop_hot(&self, digest: &Digest) -> Result<(), ArchiveError> {
        // What an open reader holds stays readable to it.
        match std::fs::remove_file(self.blobs.path(digest)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn make_hot(self: &Arc<Self>, study: &Uid) -> Result<(), Ended> {
        let objects = self.objects(study)?;
        for (done, some) in objects.chunks(self.cold.side_by_side()).enumerate() {
            if self.tasks.stop_token().is_cancelled() {
                return Err(Ended::Stopping);
            }
            self.progress(study, done * self.cold.side_by_side(), objects.len());
            self.copy_all(some, Self::recall_copy).map_err(Ended::Fault)?;
        }
        if !self.index.tier(study)?.is_some_and(|tier| tier.is_cold) {
            return Ok(());
        }
        let record = RecallRecord { study: study.clone(), at: crate::tasks::now() };
        let folders = objects.iter().map(|instance| self.blobs.folder(&instance.row.entry.digest));
        let folders: std::collections::BTreeSet<_> = folders.collect();
        let folders = folders.into_iter().collect();
        let append = Append { folders, kind: kind::RECALL, body: wire::encode(&record), ..Append::default() };
        self.write_down(append, Applied::Recall(record))?;
        self.tell(study, &objects, "cold to hot");
        Ok(())
    }

    /// Writes a record; when it is durable the rows follow (blocking).
    pub(super) fn write_down(self: &Arc<Self>, mut append: Append, applied: Applied) -> Result<(), ArchiveError> {
        let shared = self.clone();
        append.then = Some(Box::new(move |_, next| shared.apply(&applied, next)));
        self.journal.submit_here(append)?;
        Ok(())
    }

    fn tell(&self, study: &Uid, objects: &[StoredInstance], what: &str) {
        let bytes = objects.iter().map(|instance| instance.row.entry.bytes).sum::<u64>();
        tracing::info!(%study, objects = objects.len(), bytes, what, "a study moved");
    }

    /// Hot files that a crash left of studies that are cold.
    fn remove_leftovers(&self) -> Result<(), ArchiveError> {
        for (study, _) in self.index.tiers()?.into_iter().filter(|(_, tier)| tier.is_cold) {
            for instance in self.objects(&study)? {
                if self.tasks.stop_token().is_cancelled() {
                    return Ok(());
                }
                let digest = &instance.row.entry.digest;
                let is_left = self.blobs.has(&instance.row) && self.index.has_copy(digest)?;
                if is_left && self.read_copy(&instance, &mut std::io::sink()).is_ok() {
                    self.drop_hot(digest)?;
                }
            }
        }
        Ok(())
    }
}
