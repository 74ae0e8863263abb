//! A peer's study, opened: its leased copy, and what is asked of the holder to fill it.
//!
//! All readers of a study share one copy. What the lease has is read from it; what it lacks is asked for, what the reader
//! waits for first, then the rest of its series, then the other series. A holder that is away leaves the copy as it is;
//! what was asked for is fetched when it returns.
//!
//! # At a crash
//! Manifest, header packs and verified chunks lie in the lease: the next opening asks only for what is missing.
//!
//! # Not here
//! Permission and evidence: [`super::open`]. Order and verification: `transfer`.

use super::{Shared, StudyError, ahead::Ahead, contents::Contents, keep::Shown, open::Look, progress::Progress};
use crate::{
    archive::cache::{CHUNK_BYTES, Copy, Lease},
    overlay::RemoteStudy,
    transfer::{self, Errand, Failure, Object, Opening, TransferError},
};
use bytes::Bytes;
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    fetch::{Priority, Reader},
    ids::Id128,
    manifest::{InstanceEntry, Manifest, SeriesEntry},
};
use std::{
    collections::{HashMap, HashSet},
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// How long a reader waits without a byte coming for the study.
const WAIT_SILENT: Duration = Duration::from_secs(10);
/// How long a reader waits at all: longer, and its connection is better used by another request.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// How long a dial may take when the control plane hears of the holder, and when it does not.
const REACH_HEARD: Duration = Duration::from_secs(3);
const REACH_UNHEARD: Duration = Duration::from_millis(700);
/// Copies with an open file.
const OPEN_COPIES_MAX: usize = 64;
/// How often a waiting reader looks at the state of the line.
const LOOK: Duration = Duration::from_millis(250);

type Headers = Arc<Vec<Bytes>>;

/// The copy.
#[derive(Debug)]
pub(super) struct RemoteCopy {
    pub(super) holder: SiteId,
    pub(super) study: Uid,
    pub(super) errand: Arc<Errand>,
    pub(super) progress: Mutex<Progress>,
    /// Somebody asked for all of it, whatever is read.
    pub(super) is_wanted_whole: AtomicBool,
    pub(super) shared: Arc<Shared>,
    pub(super) lease: Lease,
    /// What stands for images until they are here.
    pub(super) ahead: Ahead,
    /// What viewers have on their screens.
    pub(super) shown: Shown,
    contents: tokio::sync::Mutex<Option<Arc<Contents>>>,
    copies: Mutex<LruCache<Digest, Copy>>,
    opened_series: Mutex<HashSet<Uid>>,
    /// How long its first reader waited for the link so far; nothing once an image was there, or where some was before.
    first: Mutex<Option<Duration>>,
    /// Whether there was a connection to the holder when it was opened.
    was_connected: bool,
    /// What is looked at first, as far as it is known: a series, and an instance of it; and since when it is waited for.
    hint: Mutex<Option<(Uid, Option<Uid>, Instant)>>,
    /// One fetch of a header pack at a time, for each series.
    packing: Mutex<HashMap<Digest, Arc<tokio::sync::Mutex<()>>>>,
}

impl RemoteCopy {
    pub(super) fn new(remote: &RemoteStudy, errand: Arc<Errand>, lease: Lease, shared: Arc<Shared>) -> Self {
        let progress = Progress::new(&shared.site_name_of(&remote.holder), remote);
        let is_new = shared.cache.kept(&remote.holder, &remote.card.study).bytes == 0;
        let first = is_new.then_some(Duration::ZERO);
        let was_connected = shared.transfer.is_connected(&remote.holder);
        Self {
            holder: remote.holder,
            study: remote.card.study.clone(),
            errand,
            progress: Mutex::new(progress),
            is_wanted_whole: AtomicBool::new(false),
            ahead: Ahead::new(shared.previews.clone()),
            shown: Shown::default(),
            shared,
            lease,
            contents: tokio::sync::Mutex::new(None),
            copies: Mutex::new(LruCache::new(NonZeroUsize::new(OPEN_COPIES_MAX).unwrap_or(NonZeroUsize::MIN))),
            opened_series: Mutex::default(),
            first: Mutex::new(first),
            was_connected,
            hint: Mutex::default(),
            packing: Mutex::default(),
        }
    }

    /// Somebody is about to look at this: it may come with the manifest.
    pub(super) fn hint(&self, series: &Uid, instance: Option<&Uid>) {
        let mut hint = self.hint.lock().unwrap_or_else(PoisonError::into_inner);
        if hint.is_none() {
            *hint = Some((series.clone(), instance.cloned(), Instant::now()));
        }
    }

    /// What the holder tells of it now.
    pub(super) fn told(&self) -> Result<RemoteStudy, StudyError> {
        let told = self.shared.overlay.holders(&self.study);
        told.into_iter().find(|r| r.holder == self.holder).ok_or(StudyError::Refused(Refusal::Revoked))
    }

    /// What is in it, by the newest manifest that can be had.
    pub(super) async fn contents(&self, reader: &Reader) -> Result<Arc<Contents>, StudyError> {
        let told = self.told()?;
        let mut known = self.contents.lock().await;
        let Some(named) = told.card.manifest else {
            self.rouse(reader).await?;
            return Ok(known.clone().unwrap_or_else(|| Arc::new(Contents::arriving(told.card.version))));
        };
        if let Some(contents) = known.as_ref()
            && contents.manifest.as_ref().is_some_and(|(digest, _)| *digest == named.digest)
        {
            self.shared.transfer.spread(&self.errand, named.digest, reader);
            return Ok(contents.clone());
        }
        let manifest = match self.manifest(&told, reader).await {
            Ok(manifest) => manifest,
            // An older state of the study is better than none while the holder is away.
            Err(StudyError::Unreachable { .. } | StudyError::NotFound) if known.is_some() => {
                return known.clone().ok_or(StudyError::NotFound);
            }
            Err(fault) => return Err(fault),
        };
        self.count_what_is_here(&manifest).await?;
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).expect(&manifest);
        let contents = Arc::new(Contents::told(named.digest, manifest));
        *known = Some(contents.clone());
        self.shared.transfer.spread(&self.errand, named.digest, reader);
        Ok(contents)
    }

    /// Has the holder recall a study that has no manifest yet, if it lies in a PACS beside it. One that is merely arriving
    /// there is shown as it is.
    async fn rouse(&self, reader: &Reader) -> Result<(), StudyError> {
        if self.reach().await.is_err() {
            return Ok(());
        }
        match self.shared.transfer.rouse(&self.holder, &self.study, reader).await {
            Err(TransferError::Refused(Refusal::Busy(_))) => Err(StudyError::Waiting { retry_s: 2 }),
            // Its manifest may be on its way to us.
            _ => Ok(()),
        }
    }

    async fn manifest(&self, told: &RemoteStudy, reader: &Reader) -> Result<Manifest, StudyError> {
        let digest = told.card.manifest.map(|m| m.digest).ok_or(StudyError::NotFound)?;
        let name = format!("manifest {digest}");
        if let Some(kept) = self.lease.take(&name).await.map_err(lease_fault)?
            && let Ok(manifest) = transfer::believe_manifest(&told.card, &kept)
        {
            return Ok(manifest);
        }
        self.reach().await?;
        let _waits = Waits::begin(&self.first);
        if let Some(manifest) = Box::pin(self.opening(told, reader, &name)).await? {
            return Ok(manifest);
        }
        let (bytes, manifest) = self.shared.transfer.manifest(&self.holder, &told.card, reader).await?;
        self.keep(&name, bytes).await?;
        Ok(manifest)
    }

    /// The manifest, and with it what is known to be looked at first. Keeps what came of that.
    async fn opening(&self, told: &RemoteStudy, reader: &Reader, name: &str) -> Result<Option<Manifest>, StudyError> {
        let hint = self.hint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((series, instance, _)) = hint else { return Ok(None) };
        let wanted = (&series, instance.as_ref());
        let Some(came) = self.shared.transfer.opening(&self.holder, &told.card, wanted, reader).await? else {
            return Ok(None);
        };
        let Opening { manifest: (bytes, manifest), pack, gift } = came;
        self.keep(name, bytes).await?;
        if let Some((pack, headers)) = pack
            && let Some(entry) = manifest.series.iter().find(|s| s.series == series)
        {
            let key = pack_key(entry);
            self.shared.packs.keep(key, &Arc::new(headers));
            self.keep(&format!("headers {key}"), pack).await?;
        }
        if let Some((digest, gift)) = gift {
            self.errand.give(digest, gift);
        }
        Ok(Some(manifest))
    }

    /// A blob that does not fit is fetched again next time.
    pub(super) async fn keep(&self, name: &str, bytes: Bytes) -> Result<(), StudyError> {
        use crate::archive::cache::CacheError;
        match self.lease.put(name, bytes).await {
            Err(CacheError::Erased) => Err(StudyError::Refused(Refusal::Revoked)),
            Err(fault) => {
                tracing::warn!(%fault, "a manifest or header pack was not kept");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn count_what_is_here(&self, manifest: &Manifest) -> Result<(), StudyError> {
        // Another site may have other images under this UID: its manifest says nothing of those.
        if self.shared.overlay.holders(&self.study).iter().all(|told| told.holder == self.holder) {
            self.errand.doubts.keep(&self.study, manifest);
        }
        if self.shared.cache.kept(&self.holder, &self.study).objects == 0 {
            return Ok(());
        }
        let entries = manifest.series.iter().flat_map(|s| &s.instances);
        let objects: Vec<(Digest, u64)> = entries.map(|e| (e.digest, e.bytes)).collect();
        let digests = objects.iter().map(|(digest, _)| *digest).collect();
        let complete: HashSet<Digest> =
            self.lease.complete_among(digests).await.map_err(lease_fault)?.into_iter().collect();
        for (digest, bytes) in objects.iter().filter(|(digest, _)| complete.contains(digest)) {
            self.errand.note_here(digest, *bytes);
        }
        Ok(())
    }

    /// Makes sure that the holder can be asked, or says at once that it cannot.
    async fn reach(&self) -> Result<(), StudyError> {
        let transfer = &self.shared.transfer;
        if transfer.is_connected(&self.holder) {
            return Ok(());
        }
        let is_heard = self.shared.overlay.contact(&self.holder).connected;
        let within = if is_heard { REACH_HEARD } else { REACH_UNHEARD };
        Ok(transfer.reach(&self.holder, within).await?)
    }

    /// Makes sure that somebody can be asked for images: the holder, or another that it named.
    async fn reach_any(&self) -> Result<(), StudyError> {
        if self.errand.has_other() { Ok(()) } else { self.reach().await }
    }

    /// Headers of a series in its order.
    pub(super) async fn headers(&self, series: &Uid, reader: &Reader) -> Result<Headers, StudyError> {
        let contents = self.contents(reader).await?;
        let (digest, manifest) = contents.manifest.as_ref().ok_or(StudyError::NotFound)?;
        let entry = manifest.series.iter().find(|s| s.series == *series).ok_or(StudyError::NotFound)?;
        let key = pack_key(entry);
        if let Some(known) = self.shared.packs.find(&key) {
            return Ok(known);
        }
        let turn = {
            let mut packing = self.packing.lock().unwrap_or_else(PoisonError::into_inner);
            packing.entry(key).or_default().clone()
        };
        let _turn = turn.lock().await;
        if let Some(known) = self.shared.packs.find(&key) {
            return Ok(known);
        }
        let headers = Arc::new(self.fetch_headers(&key, digest, entry, reader).await?);
        self.shared.packs.keep(key, &headers);
        Ok(headers)
    }

    async fn fetch_headers(
        &self,
        key: &Digest,
        manifest: &Digest,
        entry: &SeriesEntry,
        reader: &Reader,
    ) -> Result<Vec<Bytes>, StudyError> {
        let name = format!("headers {key}");
        if let Some(kept) = self.lease.take(&name).await.map_err(lease_fault)?
            && let Ok(headers) = transfer::unpack_headers(&kept, entry)
        {
            return Ok(headers);
        }
        match self.ask_headers(manifest, entry, reader).await {
            Ok((pack, headers)) => {
                self.keep(&name, pack).await?;
                Ok(headers)
            }
            // Away, busy, or restored and without memory of the study.
            Err(fault @ (StudyError::Unreachable { .. } | StudyError::Waiting { .. } | StudyError::NotFound)) => {
                // Headers are the first bytes of their objects: copies that are whole need no pack, and others give those too.
                let mut headers = Vec::with_capacity(entry.instances.len());
                for instance in &entry.instances {
                    let header = match self.header_of_copy(instance).await? {
                        None if self.errand.has_other() => self.header_of_others(instance, reader).await?,
                        header => header,
                    };
                    match header {
                        Some(header) => headers.push(header),
                        None => return Err(fault),
                    }
                }
                Ok(headers)
            }
            Err(fault) => Err(fault),
        }
    }

    async fn ask_headers(
        &self,
        manifest: &Digest,
        entry: &SeriesEntry,
        reader: &Reader,
    ) -> Result<(Bytes, Vec<Bytes>), StudyError> {
        self.reach().await?;
        let of = (&self.study, manifest);
        let _waits = Waits::begin(&self.first);
        Ok(self.shared.transfer.headers(&self.holder, of, entry, reader).await?)
    }

    /// The header of one instance: from the copy where that is whole, else from the pack of its series.
    pub(super) async fn header(
        &self,
        series: &Uid,
        entry: &InstanceEntry,
        reader: &Reader,
    ) -> Result<Bytes, StudyError> {
        let contents = self.contents(reader).await?;
        let (_, manifest) = contents.manifest.as_ref().ok_or(StudyError::NotFound)?;
        let of = manifest.series.iter().find(|s| s.series == *series).ok_or(StudyError::NotFound)?;
        let at = of.instances.iter().position(|e| e.digest == entry.digest).ok_or(StudyError::NotFound)?;
        if let Some(known) = self.shared.packs.find(&pack_key(of)) {
            return known.get(at).cloned().ok_or(StudyError::NotFound);
        }
        if let Some(header) = self.header_of_copy(entry).await? {
            return Ok(header);
        }
        self.headers(series, reader).await?.get(at).cloned().ok_or(StudyError::NotFound)
    }

    /// The first bytes of a whole copy, if they are the header that the manifest names.
    async fn header_of_copy(&self, entry: &InstanceEntry) -> Result<Option<Bytes>, StudyError> {
        if !self.errand.has(&entry.digest) {
            return Ok(None);
        }
        let header = self.read(entry, 0, u64::from(entry.header_bytes)).await?;
        Ok(header.filter(|header| Digest::of(header) == entry.header_digest))
    }

    /// The header from another holder, if it is the one that the manifest names.
    async fn header_of_others(&self, entry: &InstanceEntry, reader: &Reader) -> Result<Option<Bytes>, StudyError> {
        let range = (0, u64::from(entry.header_bytes));
        let look = Look::at(self, entry, range, (Priority::Screen, false), reader)?;
        let header = self.wait(entry, range, look.object()).await?;
        Ok(Some(header).filter(|header| Digest::of(header) == entry.header_digest))
    }

    /// A range that is here already.
    pub(super) async fn read(&self, entry: &InstanceEntry, offset: u64, len: u64) -> Result<Option<Bytes>, StudyError> {
        let known = self.copies.lock().unwrap_or_else(PoisonError::into_inner).get(&entry.digest).cloned();
        let copy = match known {
            Some(copy) => copy,
            None => {
                let copy = self.lease.object(&entry.digest, entry.bytes).await.map_err(lease_fault)?;
                let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
                copies.put(entry.digest, copy.clone());
                copy
            }
        };
        // Asked before reading: an object that becomes whole meanwhile was not whole and damaged.
        let was_whole = self.errand.has(&entry.digest);
        let read = copy.read(offset, len).await.map_err(lease_fault)?;
        if read.is_none() && was_whole {
            // It was whole and is not any more: damaged on disk, and fetched again.
            self.errand.note_gone(&entry.digest);
        }
        Ok(read)
    }

    /// Waits for a range of an object that was asked for.
    pub(super) async fn wait(
        &self,
        entry: &InstanceEntry,
        (offset, len): (u64, u64),
        object: &Object,
    ) -> Result<Bytes, StudyError> {
        let mut beats = object.beats();
        self.reach_any().await?;
        let started = Instant::now();
        loop {
            beats.mark_unchanged();
            if let Some(bytes) = self.read(entry, offset, len).await? {
                self.note_first(entry.bytes, started.elapsed());
                return Ok(bytes);
            }
            self.may_wait(object, started)?;
            self.beat(&mut beats).await;
        }
    }

    /// Waits until a range of an object that was asked for is in the copy, without reading it.
    pub(super) async fn wait_for(
        &self,
        entry: &InstanceEntry,
        (offset, len): (u64, u64),
        object: &Object,
    ) -> Result<(), StudyError> {
        let mut beats = object.beats();
        let copy = object.copy(&self.lease).await.map_err(lease_fault)?;
        let (first, end) = (offset / CHUNK_BYTES, offset.saturating_add(len).div_ceil(CHUNK_BYTES));
        self.reach_any().await?;
        let started = Instant::now();
        loop {
            beats.mark_unchanged();
            if self.errand.has(&entry.digest) || copy.missing(first).is_none_or(|(from, _)| from >= end) {
                return Ok(());
            }
            self.may_wait(object, started)?;
            self.beat(&mut beats).await;
        }
    }

    /// Waits for a chunk, an end, or a moment.
    async fn beat(&self, beats: &mut watch::Receiver<u64>) {
        tokio::select! {
            _ = beats.changed() => {}
            () = self.errand.ended.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }

    fn may_wait(&self, object: &Object, started: Instant) -> Result<(), StudyError> {
        if let Some(failure) = object.failure() {
            return Err(TransferError::from(failure).into());
        }
        if self.errand.ended.is_cancelled() {
            return Err(StudyError::Refused(Refusal::Revoked));
        }
        if self.shared.transfer.is_down(&self.holder) && !self.errand.has_other() {
            return Err(StudyError::Unreachable { retry_s: 5 });
        }
        let waited = started.elapsed();
        if waited >= WAIT_MAX || waited.min(self.errand.silent_for()) >= WAIT_SILENT {
            return Err(StudyError::Waiting { retry_s: 2 });
        }
        Ok(())
    }

    /// Behind the first image of a series: the rest of it from there on, then the other series. Behind what stands for them,
    /// while that is coming.
    pub(super) fn follow(&self, contents: &Contents, entry: &InstanceEntry, reader: &Reader) {
        if !self.ahead.holds_back(contents, entry) {
            self.follow_now(contents, entry, reader);
        }
    }

    pub(super) fn follow_now(&self, contents: &Contents, entry: &InstanceEntry, reader: &Reader) {
        let Some((view, _)) = contents.place(&entry.instance) else { return };
        let is_first_of_all = {
            let mut opened = self.opened_series.lock().unwrap_or_else(PoisonError::into_inner);
            if !opened.insert(view.series.clone()) {
                return;
            }
            opened.len() == 1
        };
        let from = view.instances.iter().position(|e| e.instance == entry.instance).unwrap_or(0);
        let (before, behind) = view.instances.split_at(from);
        self.want_all(behind.iter().chain(before), Priority::Series, reader);
        if is_first_of_all {
            let others = contents.views.iter().filter(|v| v.series != view.series).flat_map(|v| &v.instances);
            self.want_all(others, Priority::Prefetch, reader);
        }
    }

    /// Wants the whole study.
    pub(super) fn want_whole(&self, contents: &Contents, reader: &Reader) {
        self.is_wanted_whole.store(true, Ordering::Relaxed);
        self.want_all(contents.views.iter().flat_map(|v| &v.instances), Priority::Prefetch, reader);
    }

    fn want_all<'a>(&self, entries: impl Iterator<Item = &'a InstanceEntry>, priority: Priority, reader: &Reader) {
        for entry in entries.filter(|e| !self.errand.has(&e.digest)) {
            // What failed a moment ago or finds the queue full is asked for again when it is read.
            let _ = self.errand.want((&entry.digest, entry.bytes), (0, entry.bytes), priority, reader);
        }
    }

    /// What the copy is called at its holder.
    pub(super) fn name(&self) -> Option<Id128> {
        self.lease.copy()
    }

    /// Gives up what is not here and nobody looks at, until it is wanted again.
    pub(super) fn call_off(&self) {
        self.is_wanted_whole.store(false, Ordering::Relaxed);
        self.opened_series.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.errand.call_off();
    }

    /// The first image is here, or what its reader waits for.
    fn note_first(&self, bytes: u64, waited: Duration) {
        let before = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(before) = before {
            let hint = self.hint.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // Where one request opened it, all of that request's time; else what was spent waiting for the link.
            let whole = hint.filter(|(_, instance, _)| instance.is_some()).map(|(.., since)| since.elapsed());
            let took = whole.unwrap_or_default().max(before + waited);
            self.shared.transfer.note_first(&self.holder, bytes, took, self.was_connected);
        }
    }

    /// Whether the copy is still there, and may be filled.
    pub(super) fn is_over(&self) -> bool {
        self.errand.ended.is_cancelled() || !self.lease.is_alive()
    }

    /// Ends it: nothing more is fetched or shown.
    pub(super) fn end(&self, refusal: Refusal) {
        self.errand.end(Failure::Refused(refusal));
    }
}

/// Adds the time until it is dropped to what a first reader waited.
struct Waits<'a>(&'a Mutex<Option<Duration>>, Instant);

impl<'a> Waits<'a> {
    fn begin(first: &'a Mutex<Option<Duration>>) -> Self {
        Self(first, Instant::now())
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(waited) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            *waited += self.1.elapsed();
        }
    }
}

/// Header packs are named by what is in them, so that a new manifest with an unchanged series finds its pack.
fn pack_key(entry: &SeriesEntry) -> Digest {
    let digests = entry.instances.iter().flat_map(|i| i.header_digest.0);
    Digest::of(&entry.series.as_str().bytes().chain([0]).chain(digests).collect::<Vec<u8>>())
}

fn lease_fault(fault: crate::archive::cache::CacheError) -> StudyError {
    TransferError::Cache(fault).into()
}

/// Unpacked headers of series now being read.
#[derive(Debug, Default)]
pub(super) struct Packs(Mutex<Vec<(Digest, Headers, u64)>>);

/// Header bytes kept unpacked over all readers: some dozens of series.
const PACKS_BYTES_MAX: u64 = 64 << 20;

impl Packs {
    fn find(&self, key: &Digest) -> Option<Headers> {
        let mut packs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = packs.iter().position(|(k, ..)| k == key)?;
        // The most recently used stands last.
        let pack = packs.remove(at);
        let headers = pack.1.clone();
        packs.push(pack);
        Some(headers)
    }

    fn keep(&self, key: Digest, headers: &Headers) {
        let bytes = headers.iter().map(|h| h.len() as u64).sum();
        let mut packs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        packs.push((key, headers.clone(), bytes));
        let mut total: u64 = packs.iter().map(|(.., bytes)| bytes).sum();
        while total > PACKS_BYTES_MAX && packs.len() > 1 {
            total -= packs.remove(0).2;
        }
    }

    /// Forgets everything: copies under an ended agreement must not be shown from memory either.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
