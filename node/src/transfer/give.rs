//! Reads what a permitted request asks for and sends it: manifests, header packs, verified ranges.
//!
//! # Not here
//! Permission and evidence: [`super::serve`].

use super::{
    coding::{Coding, Load},
    give_ahead::Ahead,
    rates::Throttle,
    turns::Turns,
    wire,
};
use crate::{
    archive::{Archive, InstanceRow, Object, ReadError, cache::CopiedObject},
    tasks::Tasks,
    trust::Permit,
};
use bytes::Bytes;
use lru::LruCache;
use protocol::{
    Digest, Refusal, SiteId, Uid,
    agreement::Level,
    coding::{self, Layout, PLANES},
    digest::Groups,
    fetch::{Answer, Priority, Request, What, groups_bytes},
    limits::{GROUP_BYTES, HEADER_PACK_BYTES_MAX, RANGE_BYTES_MAX},
    manifest::{Manifest, SeriesEntry},
};
use quinn::SendStream;
use std::{
    io::Write,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit, watch};

/// When our cold tier is not there, somebody must see to it.
const OFFLINE_RETRY_MS: u32 = 60_000;
/// A pack of headers is made within this time, or the asker comes again: it waits ten seconds for the first byte.
const PACK_WITHIN: Duration = Duration::from_secs(5);
const PACK_RETRY_MS: u32 = 1_000;
/// Bytes read and handed to a stream at once: bounds memory to this per request besides the send window.
const PIECE_BYTES: u64 = 256 * 1024;
/// Manifests kept after a newer one exists, for readers that have the older card.
const MANIFESTS_MAX: NonZeroUsize = super::room(8);
/// Header packs kept: some series of the studies now being opened.
const PACKS_MAX: NonZeroUsize = super::room(16);
/// Objects of more than one range kept open, so that each range does not verify the whole anew. Those of up to 8 MiB lie in
/// memory meanwhile: 48 MiB at most.
const OBJECTS_MAX: NonZeroUsize = super::room(6);
/// Fast enough to keep up with any link; headers shrink to about a fifth.
const ZSTD_LEVEL: i32 = 1;

/// A send stream with a priority that may rise while it runs.
pub(crate) struct Sender<'a> {
    stream: &'a mut SendStream,
    raised: Option<watch::Receiver<Priority>>,
    has_begun: bool,
    /// A head left, and what it announces is not all there yet.
    is_within: bool,
    throttle: Option<Throttle>,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        stream: &'a mut SendStream,
        priority: Priority,
        raised: Option<watch::Receiver<Priority>>,
    ) -> Self {
        wire::place(stream, priority);
        Self { stream, raised, has_begun: false, is_within: false, throttle: None }
    }

    /// The same, held back.
    pub(crate) fn throttled(self, throttle: Option<Throttle>) -> Self {
        Self { throttle, ..self }
    }

    /// Whether the head of the answer left.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub(crate) async fn head(&mut self, answer: &Answer) -> Result<(), Refusal> {
        self.has_begun = true;
        self.is_within = true;
        wire::write_answer(self.stream, answer).await.map_err(|_| Refusal::Internal)
    }

    // A stream that ended is the asker's will or the link's end: nothing to tell it.
    pub(crate) async fn piece(&mut self, mut bytes: Bytes) -> Result<(), Refusal> {
        if let Some(throttle) = self.throttle.clone() {
            while bytes.len() > throttle.piece() {
                let first = bytes.split_to(throttle.piece());
                throttle.wait(first.len()).await;
                self.write(first).await?;
            }
            throttle.wait(bytes.len()).await;
        }
        self.write(bytes).await
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), Refusal> {
        self.stream.write_chunk(bytes).await.map_err(|_| Refusal::Internal)?;
        if let Some(raised) = &mut self.raised
            && raised.has_changed().unwrap_or(false)
        {
            wire::place(self.stream, *raised.borrow_and_update());
        }
        Ok(())
    }

    /// Ends the stream and stays until the asker has all of it, so that a withdrawal or a raise still reaches what is
    /// queued in the connection.
    pub(crate) async fn finish(&mut self) -> Result<(), Refusal> {
        self.stream.finish().map_err(|_| Refusal::Internal)?;
        let delivered = self.stream.stopped();
        tokio::pin!(delivered);
        let Some(raised) = &mut self.raised else {
            let _ = delivered.await;
            return Ok(());
        };
        loop {
            tokio::select! {
                _ = &mut delivered => return Ok(()),
                changed = raised.changed() => match changed {
                    Ok(()) => {
                        wire::place(self.stream, *raised.borrow_and_update());
                    }
                    Err(_) => {
                        let _ = delivered.await;
                        return Ok(());
                    }
                },
            }
        }
    }
}

/// What is given: an object of ours, or a copy that is given on.
#[derive(Clone, Debug)]
enum Given {
    Own(Object),
    Lent(CopiedObject),
}

impl Given {
    fn bytes(&self) -> u64 {
        match self {
            Self::Own(object) => object.bytes(),
            Self::Lent(copy) => copy.bytes(),
        }
    }

    fn groups(&self) -> &Groups {
        match self {
            Self::Own(object) => object.groups(),
            Self::Lent(copy) => copy.groups(),
        }
    }

    async fn range(&self, offset: u64, bytes: u64) -> Result<Bytes, Refusal> {
        let read = match self {
            Self::Own(object) => object.range(offset, bytes).await,
            Self::Lent(copy) => copy.range(offset, bytes).await,
        };
        read.map_err(|fault| refusal_of(&fault))
    }

    fn is_native(&self) -> bool {
        match self {
            Self::Own(object) => object.is_native(),
            Self::Lent(copy) => copy.is_native(),
        }
    }

    fn layout(&self, offset: u64) -> Option<Layout> {
        match self {
            Self::Own(object) => object.layout(offset),
            Self::Lent(copy) => copy.layout(offset),
        }
    }
}

type Opened = Arc<OnceCell<Object>>;
type Packed = Arc<OnceCell<Bytes>>;
type Sealed = (Bytes, Arc<Manifest>);

/// Gives what is asked.
#[derive(Debug)]
pub(crate) struct Giver {
    archive: Archive,
    tasks: Tasks,
    manifests: Mutex<LruCache<(Uid, Digest), Sealed>>,
    packs: Mutex<LruCache<(Digest, Uid), Packed>>,
    objects: Mutex<LruCache<(Uid, Digest), Opened>>,
    turns: Turns,
    coding: Arc<Coding>,
    pub(crate) ahead: Ahead,
}

/// Which groups are asked for, and whether the group values shall come first.
#[derive(Clone, Copy)]
struct GroupsWanted {
    first: u64,
    count: u32,
    with_values: bool,
}

impl Giver {
    pub(crate) fn new(archive: Archive, tasks: Tasks, coding: Arc<Coding>, ahead: Ahead) -> Self {
        Self {
            archive,
            tasks,
            manifests: Mutex::new(LruCache::new(MANIFESTS_MAX)),
            packs: Mutex::new(LruCache::new(PACKS_MAX)),
            objects: Mutex::new(LruCache::new(OBJECTS_MAX)),
            turns: Turns::default(),
            coding,
            ahead,
        }
    }

    /// Answers a permitted request.
    ///
    /// # Errors
    /// The refusal to give when nothing was sent yet; after that, that the stream must be cut.
    pub(crate) async fn give(
        &self,
        (peer, permit, load): (SiteId, &Permit, &Load),
        request: &Request,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        match &request.what {
            What::Manifest(digest) => {
                let (bytes, _) = self.manifest(&request.study, digest)?;
                blob(bytes, to).await
            }
            What::Headers { manifest, series } => {
                // Headers of a cold study come with their objects. What was recalled stays, so that the asker, who would
                // hold a long silence for a lost line, finds more done when it comes again.
                let pack = self.pack_in_time(permit, &request.study, manifest, series).await?;
                blob(pack, to).await
            }
            What::Range { digest, groups, first_group, groups_wanted }
            | What::Coded { digest, groups, first_group, groups_wanted, .. } => {
                let wanted = GroupsWanted { first: *first_group, count: *groups_wanted, with_values: *groups };
                let takes_planes = matches!(&request.what, What::Coded { codings, .. } if codings.contains(&PLANES));
                self.range((peer, permit, load), request, (digest, wanted, takes_planes), to).await
            }
            What::Opening { .. } => self.opening((peer, permit, load), request, to).await,
            What::Glance { manifest: named } => {
                let (_, manifest) = self.manifest(&request.study, named)?;
                let reports = permit.allows(&request.study, Level::Objects).is_ok();
                blob(self.ahead.glance((peer, permit), (*named, &manifest), reports).await?, to).await
            }
            What::Previews { manifest: named, series, part } => {
                let (_, manifest) = self.manifest(&request.study, named)?;
                blob(self.ahead.previews(permit, (*named, &manifest), (series, *part)).await?, to).await
            }
            What::Reprioritize { .. }
            | What::Return { .. }
            | What::ReturnManifest(_)
            | What::Kept(_)
            | What::Trial { .. }
            | What::Roads
            | What::Relay { .. }
            | What::Relayed { .. }
            | What::Passes { .. }
            | What::Lent { .. }
            | What::PassOver(_)
            | What::Attachment { .. }
            | What::Message { .. } => Err(Refusal::Malformed),
        }
    }

    /// Answers a request for a range of a copy that is given on.
    ///
    /// # Errors
    /// As [`Self::give`].
    pub(crate) async fn give_lent(
        &self,
        load: &Load,
        request: &Request,
        copy: CopiedObject,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let What::Lent { groups, first_group, groups_wanted, codings, .. } = &request.what else {
            return Err(Refusal::Malformed);
        };
        let wanted = GroupsWanted { first: *first_group, count: *groups_wanted, with_values: *groups };
        let _waits = load.enter(wanted.bytes(copy.bytes())?);
        let object = Given::Lent(copy);
        if codings.contains(&PLANES) {
            self.coded(object, wanted, load, to).await
        } else {
            plain(&object, wanted, to).await
        }
    }

    /// A turn to read for a peer.
    pub(crate) async fn turn(&self, peer: SiteId, priority: Priority) -> Option<OwnedSemaphorePermit> {
        self.turns.take(peer, priority).await
    }

    async fn range(
        &self,
        (peer, permit, load): (SiteId, &Permit, &Load),
        request: &Request,
        (digest, wanted, takes_planes): (&Digest, GroupsWanted, bool),
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let row = self.row(&request.study, digest)?;
        let _waits = load.enter(wanted.bytes(row.entry.bytes)?);
        let object = {
            // A large object stays open, and may take long to be opened: its peer's others do not wait for that.
            let is_small = row.entry.bytes <= RANGE_BYTES_MAX;
            let _turn = if is_small { self.turns.take(peer, request.priority).await } else { None };
            Given::Own(self.open(permit, &row).await?)
        };
        if takes_planes { self.coded(object, wanted, load, to).await } else { plain(&object, wanted, to).await }
    }

    /// Manifest, headers and first bytes, one behind the other.
    async fn opening(
        &self,
        visit: (SiteId, &Permit, &Load),
        request: &Request,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let What::Opening { manifest: named, series, instance, groups_wanted, codings } = &request.what else {
            return Err(Refusal::Malformed);
        };
        let (bytes, manifest) = self.manifest(&request.study, named)?;
        part(bytes, to).await?;
        // What cannot be given from here on is asked for by itself, and refused then.
        let Ok(pack) = self.pack_in_time(visit.1, &request.study, named, series).await else {
            return to.finish().await;
        };
        part(pack, to).await?;
        let mut entries = manifest.series.iter().filter(|s| s.series == *series).flat_map(|s| &s.instances);
        let Some(entry) = instance.as_ref().and_then(|wanted| entries.find(|entry| entry.instance == *wanted)) else {
            return to.finish().await;
        };
        let wanted = GroupsWanted { first: 0, count: *groups_wanted, with_values: true };
        let given = self.range(visit, request, (&entry.digest, wanted, codings.contains(&PLANES)), to).await;
        if given.is_err() && !to.is_within {
            return to.finish().await;
        }
        given
    }

    async fn pack_in_time(
        &self,
        permit: &Permit,
        study: &Uid,
        manifest: &Digest,
        series: &Uid,
    ) -> Result<Bytes, Refusal> {
        let pack = tokio::time::timeout(PACK_WITHIN, self.pack(permit, study, manifest, series)).await;
        pack.map_err(|_| Refusal::Busy(PACK_RETRY_MS))?
    }

    fn row(&self, study: &Uid, digest: &Digest) -> Result<InstanceRow, Refusal> {
        self.archive.by_digest(study, digest).map_err(internal)?.ok_or(Refusal::NotHeld)
    }

    fn manifest(&self, study: &Uid, digest: &Digest) -> Result<Sealed, Refusal> {
        let key = (study.clone(), *digest);
        if let Some(kept) = self.manifests.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(kept.clone());
        }
        let sealed = self.archive.manifest(study).map_err(internal)?;
        let sealed = sealed.filter(|m| m.reference.digest == *digest).ok_or(Refusal::NotHeld)?;
        let found = (sealed.bytes, sealed.manifest);
        self.manifests.lock().unwrap_or_else(PoisonError::into_inner).put(key, found.clone());
        Ok(found)
    }

    /// Made once for all who ask; it goes on being made when the asker gives up meanwhile, and is there when they ask again.
    async fn pack(&self, permit: &Permit, study: &Uid, digest: &Digest, series: &Uid) -> Result<Bytes, Refusal> {
        let (_, manifest) = self.manifest(study, digest)?;
        let packed = {
            let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
            packs.get_or_insert((*digest, series.clone()), Packed::default).clone()
        };
        if let Some(kept) = packed.get() {
            return Ok(kept.clone());
        }
        let (archive, permit, study, series) = (self.archive.clone(), permit.clone(), study.clone(), series.clone());
        let packing = self.tasks.spawn("transfer.pack", async move {
            let entry = manifest.series.iter().find(|s| s.series == series).ok_or(Refusal::NotHeld)?;
            packed.get_or_try_init(|| make_pack(&archive, &permit, &study, entry)).await.cloned()
        });
        packing.await.map_err(internal)?
    }

    /// Opens an object. A large one stays open, and goes on being verified when the asker gives up meanwhile.
    async fn open(&self, permit: &Permit, row: &InstanceRow) -> Result<Object, Refusal> {
        if row.entry.bytes <= RANGE_BYTES_MAX {
            return self.archive.read_for(permit, row).await.map_err(|e| refusal_of(&e));
        }
        let key = (permit.study.clone(), row.entry.digest);
        let opened = {
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            objects.get_or_insert(key, Opened::default).clone()
        };
        let (archive, permit, row) = (self.archive.clone(), permit.clone(), row.clone());
        let opening = self.tasks.spawn("transfer.open", async move {
            opened.get_or_try_init(|| archive.read_for(&permit, &row)).await.cloned()
        });
        opening.await.map_err(internal)?.map_err(|e| refusal_of(&e))
    }

    /// Codes and sends where it is worth it; what does not become smaller goes as it is.
    async fn coded(
        &self,
        object: Given,
        wanted: GroupsWanted,
        load: &Load,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let (offset, bytes) = wanted.place(&object);
        if !object.is_native() || bytes == 0 || !self.coding.codes(bytes, load) {
            return plain(&object, wanted, to).await;
        }
        let turn = self.coding.encoding.enter(bytes).await.ok_or(Refusal::Internal)?;
        // Read when it is its turn: what waits holds no memory but small objects.
        let unit = object.range(offset, bytes).await?;
        let looked_at = object.clone();
        let coding = turn.work(move || coding::encode(&unit, looked_at.layout(offset).as_ref()));
        let coded = coding.await.ok_or(Refusal::Internal)?;
        self.coding.note_saving(bytes, coded.as_ref().map_or(bytes, |coded| coded.len() as u64));
        let Some(coded) = coded else { return plain(&object, wanted, to).await };
        let values = wanted.values(&object);
        let head = Answer::Coded {
            object_bytes: object.bytes(),
            values: u32::try_from(values.len() / 32).map_err(internal)?,
            bytes: u32::try_from(bytes).map_err(internal)?,
            coding: PLANES,
            coded: u32::try_from(coded.len()).map_err(internal)?,
        };
        drop(object);
        to.head(&head).await?;
        if !values.is_empty() {
            to.piece(values).await?;
        }
        to.piece(coded.into()).await?;
        to.finish().await
    }
}

impl GroupsWanted {
    /// How many bytes that are.
    fn bytes(self, object_bytes: u64) -> Result<u64, Refusal> {
        if u64::from(self.count) * GROUP_BYTES > RANGE_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        Ok(groups_bytes(object_bytes, self.first, self.count))
    }

    /// Where they begin, and how many bytes they are.
    fn place(self, object: &Given) -> (u64, u64) {
        let size = object.bytes();
        (self.first.saturating_mul(GROUP_BYTES).min(size), groups_bytes(size, self.first, self.count))
    }

    fn values(self, object: &Given) -> Bytes {
        if self.with_values { values_bytes(object.groups()) } else { Bytes::new() }
    }
}

/// Sends bytes as they are.
async fn plain(object: &Given, wanted: GroupsWanted, to: &mut Sender<'_>) -> Result<(), Refusal> {
    let (mut offset, bytes) = wanted.place(object);
    let end = offset + bytes;
    // Read before the head leaves: a fault of the first piece can still be told as a refusal.
    let mut piece = read(object, offset, end).await?;
    let values = wanted.values(object);
    let count = u32::try_from(values.len() / 32).map_err(internal)?;
    let bytes = u32::try_from(bytes).map_err(internal)?;
    to.head(&Answer::Range { object_bytes: object.bytes(), values: count, bytes }).await?;
    if !values.is_empty() {
        to.piece(values).await?;
    }
    while !piece.is_empty() {
        offset += piece.len() as u64;
        to.piece(piece).await?;
        piece = read(object, offset, end).await?;
    }
    // Less than promised would look like bytes cut on the way; the asker must not take it for an end.
    if offset < end { Err(Refusal::Internal) } else { to.finish().await }
}

async fn read(object: &Given, offset: u64, end: u64) -> Result<Bytes, Refusal> {
    if offset >= end {
        return Ok(Bytes::new());
    }
    // What is one range at most lies in memory whole.
    let piece = if object.bytes() <= RANGE_BYTES_MAX { RANGE_BYTES_MAX } else { PIECE_BYTES };
    object.range(offset, (end - offset).min(piece)).await
}

async fn blob(bytes: Bytes, to: &mut Sender<'_>) -> Result<(), Refusal> {
    part(bytes, to).await?;
    to.finish().await
}

/// A blob behind which more may come.
async fn part(bytes: Bytes, to: &mut Sender<'_>) -> Result<(), Refusal> {
    let length = u32::try_from(bytes.len()).map_err(internal)?;
    to.head(&Answer::Blob { bytes: length }).await?;
    to.piece(bytes).await?;
    to.is_within = false;
    Ok(())
}

pub(crate) fn values_bytes(groups: &Groups) -> Bytes {
    groups.0.concat().into()
}

async fn make_pack(archive: &Archive, permit: &Permit, study: &Uid, entry: &SeriesEntry) -> Result<Bytes, Refusal> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), ZSTD_LEVEL).map_err(internal)?;
    for instance in &entry.instances {
        let row = archive.by_digest(study, &instance.digest).map_err(internal)?.ok_or(Refusal::NotHeld)?;
        let header = archive.header_for(permit, &row).await.map_err(|e| refusal_of(&e))?;
        encoder.write_all(&header).map_err(internal)?;
        if encoder.get_ref().len() > HEADER_PACK_BYTES_MAX {
            return Err(Refusal::Internal);
        }
    }
    let pack = encoder.finish().map_err(internal)?;
    if pack.len() > HEADER_PACK_BYTES_MAX { Err(Refusal::Internal) } else { Ok(pack.into()) }
}

fn refusal_of(fault: &ReadError) -> Refusal {
    match fault {
        ReadError::Refused(refusal) => *refusal,
        ReadError::NotHeld => Refusal::NotHeld,
        ReadError::Corrupt => Refusal::Corrupt,
        ReadError::Offline => Refusal::Busy(OFFLINE_RETRY_MS),
        ReadError::Io(fault) => internal(fault),
    }
}

fn internal(fault: impl std::fmt::Display) -> Refusal {
    tracing::error!(%fault, "cannot serve");
    Refusal::Internal
}
