//! Reads what a permitted request asks for and sends it: manifests, header packs, verified ranges.
//!
//! What answers lie in memory until they are taken is bounded over all connections and shared among peers ([`super::memory`]): 64 MiB.
//! An object of up to 1 MiB lies there whole, of a larger one the piece that is being sent, or the range that is being coded; one
//! that is opened to be verified counts as long as that takes. Beside it there is what is kept for the next who ask: manifests and
//! header packs, by number, and of larger objects open files with their group values.
//!
//! # Not here
//! Permission and evidence: [`super::serve`]. The stream: [`super::send`].

use super::{
    coding::{Coding, Load},
    give_ahead::Ahead,
    memory::{Held, Memory, ONE_MAX},
    turns::Turns,
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
    limits::{GROUP_BYTES, HEADER_PACK_BYTES_MAX, PREVIEWS_BYTES_MAX, RANGE_BYTES_MAX},
    manifest::{Manifest, SeriesEntry},
};
use std::{
    io::Write,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OnceCell, OwnedSemaphorePermit};

pub(super) use super::send::Sender;

/// When our cold tier is not there, somebody must see to it.
const OFFLINE_RETRY_MS: u32 = 60_000;
/// A pack of headers is made within this time, or the asker comes again: it waits ten seconds for the first byte.
const PACK_WITHIN: Duration = Duration::from_secs(5);
const PACK_RETRY_MS: u32 = 1_000;
/// Bytes of a large object read and handed to a stream at once.
const PIECE_BYTES: u64 = 256 * 1024;
/// Manifests kept after a newer one exists, for readers that have the older card.
const MANIFESTS_MAX: NonZeroUsize = super::room(8);
/// Header packs kept: some series of the studies now being opened.
const PACKS_MAX: NonZeroUsize = super::room(16);
/// Objects of more than one range kept open, so that each range does not verify the whole anew: as many as the streams of one
/// reader have under way. No bytes of them.
const OBJECTS_MAX: NonZeroUsize = super::room(32);
/// Fast enough to keep up with any link; headers shrink to about a fifth.
const ZSTD_LEVEL: i32 = 1;

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
    memory: Arc<Memory>,
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
            memory: Arc::default(),
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
                let (pack, held) = self.pack_in_time((peer, permit), request, manifest, series).await?;
                part(pack, to).await?;
                drop(held);
                to.finish().await
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
            What::Previews { manifest: named, series, part: nth } => {
                let (_, manifest) = self.manifest(&request.study, named)?;
                let mut held = self.memory.take(peer, request.priority, PREVIEWS_BYTES_MAX as u64).await;
                let previews = self.ahead.previews(permit, (*named, &manifest), (series, *nth)).await?;
                held.shrink(previews.len() as u64);
                part(previews, to).await?;
                drop(held);
                to.finish().await
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
            | What::Line
            | What::Sample { .. }
            | What::Message { .. } => Err(Refusal::Malformed),
        }
    }

    /// Room in memory for a range of a copy that is given on, whose size is not known before it is open.
    pub(super) async fn hold_lent(&self, peer: SiteId, priority: Priority) -> Held<'_> {
        self.memory.take(peer, priority, 2 * RANGE_BYTES_MAX).await
    }

    /// Answers a request for a range of a copy that is given on.
    ///
    /// # Errors
    /// As [`Self::give`].
    pub(super) async fn give_lent(
        &self,
        (load, mut held): (&Load, Held<'_>),
        request: &Request,
        copy: CopiedObject,
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let What::Lent { groups, first_group, groups_wanted, codings, .. } = &request.what else {
            return Err(Refusal::Malformed);
        };
        let wanted = GroupsWanted { first: *first_group, count: *groups_wanted, with_values: *groups };
        let _waits = load.enter(wanted.bytes(copy.bytes())?);
        let takes_planes = codings.contains(&PLANES);
        held.shrink(wanted.memory(copy.bytes(), takes_planes));
        let object = Given::Lent(copy);
        if takes_planes {
            self.coded(object, wanted, (load, held), to).await
        } else {
            plain(object, wanted, held, to).await
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
        // Whoever holds memory does not wait for more: a large object, which takes some while it is verified, is opened before. It
        // may take long, and its peer's others do not wait for that.
        let is_large = row.entry.bytes > RANGE_BYTES_MAX;
        let visit = (peer, request.priority);
        let large = if is_large { Some(self.open(visit, permit, &row).await?) } else { None };
        // The turn first: what only waits to be read holds no memory.
        let turn = if is_large { None } else { self.turns.take(peer, request.priority).await };
        let held = self.memory.take(peer, request.priority, wanted.memory(row.entry.bytes, takes_planes)).await;
        let object = match large {
            Some(object) => object,
            None => self.archive.read_for(permit, &row).await.map_err(|e| refusal_of(&e))?,
        };
        drop(turn);
        let object = Given::Own(object);
        if takes_planes {
            self.coded(object, wanted, (load, held), to).await
        } else {
            plain(object, wanted, held, to).await
        }
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
        let Ok((pack, held)) = self.pack_in_time((visit.0, visit.1), request, named, series).await else {
            return to.finish().await;
        };
        part(pack, to).await?;
        drop(held);
        let mut entries = manifest.series.iter().filter(|s| s.series == *series).flat_map(|s| &s.instances);
        let Some(entry) = instance.as_ref().and_then(|wanted| entries.find(|entry| entry.instance == *wanted)) else {
            return to.finish().await;
        };
        let wanted = GroupsWanted { first: 0, count: *groups_wanted, with_values: true };
        let given = self.range(visit, request, (&entry.digest, wanted, codings.contains(&PLANES)), to).await;
        if given.is_err() && !to.is_within() {
            return to.finish().await;
        }
        given
    }

    /// A pack, and what is held for it.
    async fn pack_in_time(
        &self,
        (peer, permit): (SiteId, &Permit),
        request: &Request,
        named: &Digest,
        series: &Uid,
    ) -> Result<(Bytes, Held<'_>), Refusal> {
        let packing = async {
            let (_, manifest) = self.manifest(&request.study, named)?;
            let entry = manifest.series.iter().find(|s| s.series == *series).ok_or(Refusal::NotHeld)?;
            let bytes: u64 = entry.instances.iter().map(|instance| u64::from(instance.header_bytes)).sum();
            let mut held = self.memory.take(peer, request.priority, bytes).await;
            let pack = self.pack(permit, &request.study, named, series).await?;
            held.shrink(pack.len() as u64);
            Ok::<_, Refusal>((pack, held))
        };
        tokio::time::timeout(PACK_WITHIN, packing).await.map_err(|_| Refusal::Busy(PACK_RETRY_MS))?
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

    /// Opens a large object. It stays open, and goes on being verified when the asker gives up meanwhile.
    async fn open(
        &self,
        (peer, priority): (SiteId, Priority),
        permit: &Permit,
        row: &InstanceRow,
    ) -> Result<Object, Refusal> {
        let key = (permit.study.clone(), row.entry.digest);
        let opened = {
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            objects.get_or_insert(key, Opened::default).clone()
        };
        let (archive, memory, permit, row) = (self.archive.clone(), self.memory.clone(), permit.clone(), row.clone());
        let opening = self.tasks.spawn("transfer.open", async move {
            if let Some(kept) = opened.get() {
                return Ok(kept.clone());
            }
            // What is no larger is read whole, once. Each waits for memory of its own: whoever came first may be slow.
            let bytes = if row.entry.bytes > ONE_MAX { PIECE_BYTES } else { row.entry.bytes };
            let _held = memory.take(peer, priority, bytes).await;
            let open = || async { archive.read_for(&permit, &row).await.map(Object::without_bytes) };
            opened.get_or_try_init(open).await.cloned()
        });
        opening.await.map_err(internal)?.map_err(|e| refusal_of(&e))
    }

    /// Codes and sends where it is worth it; what does not become smaller goes as it is.
    async fn coded(
        &self,
        object: Given,
        wanted: GroupsWanted,
        (load, mut held): (&Load, Held<'_>),
        to: &mut Sender<'_>,
    ) -> Result<(), Refusal> {
        let (offset, bytes) = wanted.place(&object);
        if !object.is_native() || bytes == 0 || !self.coding.codes(bytes, load) {
            return plain(object, wanted, held, to).await;
        }
        let turn = self.coding.encoding.enter(bytes).await.ok_or(Refusal::Internal)?;
        let unit = object.range(offset, bytes).await?;
        let looked_at = object.clone();
        let coding = turn.work(move || coding::encode(&unit, looked_at.layout(offset).as_ref()));
        let coded = coding.await.ok_or(Refusal::Internal)?;
        self.coding.note_saving(bytes, coded.as_ref().map_or(bytes, |coded| coded.len() as u64));
        let Some(coded) = coded else { return plain(object, wanted, held, to).await };
        let values = wanted.values(&object);
        let head = Answer::Coded {
            object_bytes: object.bytes(),
            values: u32::try_from(values.len() / 32).map_err(internal)?,
            bytes: u32::try_from(bytes).map_err(internal)?,
            coding: PLANES,
            coded: u32::try_from(coded.len()).map_err(internal)?,
        };
        drop(object);
        held.shrink((coded.len() + values.len()) as u64);
        to.head(&head).await?;
        if !values.is_empty() {
            to.piece(values).await?;
        }
        to.piece(coded.into()).await?;
        drop(held);
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

    /// What an answer of them takes in memory: what is read, what it is coded to, and the group values.
    fn memory(self, object_bytes: u64, takes_planes: bool) -> u64 {
        let range = groups_bytes(object_bytes, self.first, self.count);
        let is_whole = object_bytes <= RANGE_BYTES_MAX;
        let values = if self.with_values { object_bytes.div_ceil(GROUP_BYTES) * 32 } else { 0 };
        let read = match (is_whole, takes_planes) {
            (true, _) => object_bytes,
            (false, true) => range,
            (false, false) => range.min(PIECE_BYTES),
        };
        read + values + if takes_planes { range } else { 0 }
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
async fn plain(object: Given, wanted: GroupsWanted, mut held: Held<'_>, to: &mut Sender<'_>) -> Result<(), Refusal> {
    held.shrink(wanted.memory(object.bytes(), false));
    let (mut offset, bytes) = wanted.place(&object);
    let end = offset + bytes;
    // Read before the head leaves: a fault of the first piece can still be told as a refusal.
    let mut piece = read(&object, offset, end).await?;
    let values = wanted.values(&object);
    let count = u32::try_from(values.len() / 32).map_err(internal)?;
    let bytes = u32::try_from(bytes).map_err(internal)?;
    to.head(&Answer::Range { object_bytes: object.bytes(), values: count, bytes }).await?;
    if !values.is_empty() {
        to.piece(values).await?;
    }
    while !piece.is_empty() {
        offset += piece.len() as u64;
        to.piece(piece).await?;
        piece = read(&object, offset, end).await?;
    }
    // What the connection has yet to bring over counts in its send window.
    drop((object, held));
    // Less than promised would look like bytes cut on the way; the asker must not take it for an end.
    if offset < end { Err(Refusal::Internal) } else { to.finish().await }
}

async fn read(object: &Given, offset: u64, end: u64) -> Result<Bytes, Refusal> {
    if offset >= end {
        return Ok(Bytes::new());
    }
    // What is one range at most lies in memory whole.
    let is_whole = object.bytes() <= RANGE_BYTES_MAX;
    let bytes = object.range(offset, (end - offset).min(if is_whole { RANGE_BYTES_MAX } else { PIECE_BYTES })).await?;
    // A small part of it does not keep all of it there until the asker has it.
    let is_part = is_whole && (bytes.len() as u64) < object.bytes() / 2;
    Ok(if is_part { Bytes::copy_from_slice(&bytes) } else { bytes })
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
    to.end_part();
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

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn an_answer_takes_what_is_read_and_what_it_becomes() {
        let range = |count| GroupsWanted { first: 0, count, with_values: false };
        assert_eq!(range(64).memory(500_000, false), 500_000);
        assert_eq!(range(1).memory(500_000, false), 500_000, "a small one is read whole");
        assert_eq!(range(64).memory(500_000, true), 1_000_000);
        assert_eq!(range(64).memory(8 * MIB, false), PIECE_BYTES);
        assert_eq!(range(64).memory(8 * MIB, true), 2 * MIB);
        assert_eq!(range(4).memory(1024 * MIB, false), 4 * GROUP_BYTES);
        let with_values = GroupsWanted { with_values: true, ..range(64) };
        assert_eq!(with_values.memory(1024 * MIB, false), PIECE_BYTES + 2 * MIB);
        assert!(range(64).memory(8 * MIB, true) < ONE_MAX);
    }
}
