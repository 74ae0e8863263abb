//! Objects open for reading. No byte leaves here that was not verified.
//!
//! A small object is read whole and checked against its digest. A large one is read through once to compute the values
//! of its groups, which merge to the digest; from then on every range is read again and each of its groups checked
//! against its value. Nothing else of it stays in memory.
//!
//! # Not here
//! Whether the reader may: the permit, judged by `trust`.

use super::{Inner, ReadError, ingest::digest_of, prescan, rows::StoredInstance, scrub};
use crate::{
    audit::{Act, Actor, Event, Outcome},
    words::Code,
};
use bytes::Bytes;
use protocol::{
    Digest, Uid,
    coding::{Grid, Layout},
    digest::{Groups, GroupsBuilder},
    limits::GROUP_BYTES,
};
use std::{
    fs::File,
    os::unix::fs::FileExt,
    sync::{Arc, OnceLock},
};

/// Up to this size an object is read whole.
const WHOLE_BYTES_MAX: u64 = 8 << 20;
/// Buffer of passes over large objects.
const PASS_BYTES: usize = 256 * 1024;

/// An object of ours, open for reading. Every byte it gives was verified.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    inner: Arc<Inner>,
    study: Uid,
    instance: Arc<StoredInstance>,
    file: Arc<File>,
    groups: Arc<Groups>,
    /// All bytes of a small object.
    whole: Option<Bytes>,
    /// How its samples stand, where they begin and where they end: looked at when first asked for.
    grid: Arc<OnceLock<Option<(Grid, u64, u64)>>>,
}

impl Object {
    /// Of which study.
    pub(crate) fn study(&self) -> &Uid {
        &self.study
    }

    /// Size of the data set.
    pub(crate) fn bytes(&self) -> u64 {
        self.instance.row.entry.bytes
    }

    /// The same, with no bytes of it in memory: ranges of a small object, too, are read again from disk and verified again.
    pub(crate) fn without_bytes(self) -> Self {
        Self { whole: None, ..self }
    }

    /// Group values of the data set.
    pub(crate) fn groups(&self) -> &Groups {
        &self.groups
    }

    /// A range of the data set, cut at its end. Read again from disk and verified again for large objects.
    ///
    /// # Errors
    /// [`ReadError::Corrupt`] when the bytes on disk are no longer those that were stored.
    pub(crate) async fn range(&self, offset: u64, len: u64) -> Result<Bytes, ReadError> {
        let from = offset.min(self.bytes());
        let to = offset.saturating_add(len).min(self.bytes());
        if let Some(whole) = &self.whole {
            let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
            return Ok(whole.slice(from..to));
        }
        let object = self.clone();
        let read = self.inner.tasks.spawn_blocking("read range", move || object.read_range(from, to)).await;
        self.inner.judged(&self.study, &self.instance, read.map_err(std::io::Error::other)?).await
    }

    fn read_range(&self, from: u64, to: u64) -> Result<Bytes, ReadError> {
        if from == to {
            return Ok(Bytes::new());
        }
        let first = from / GROUP_BYTES;
        let start = first * GROUP_BYTES;
        let end = to.div_ceil(GROUP_BYTES).saturating_mul(GROUP_BYTES).min(self.bytes());
        let mut buffer = vec![0; usize::try_from(end - start).map_err(|_| ReadError::NotHeld)?];
        let meta = u64::from(self.instance.row.meta_bytes);
        self.file.read_exact_at(&mut buffer, meta + start).map_err(short_is_corrupt)?;
        let digest = &self.instance.row.entry.digest;
        let group = usize::try_from(GROUP_BYTES).unwrap_or(usize::MAX);
        let is_sound = buffer.chunks(group).zip(first..).all(|(bytes, index)| self.groups.holds(index, bytes, digest));
        if !is_sound {
            return Err(ReadError::Corrupt);
        }
        let cut = |at: u64| usize::try_from(at - start).unwrap_or(0);
        Ok(Bytes::from(buffer).slice(cut(from)..cut(to)))
    }

    /// Whether its bytes are as they are: pixel data that is not compressed, or none.
    pub(crate) fn is_native(&self) -> bool {
        prescan::is_native(&self.instance.row.entry.transfer_syntax)
    }

    /// Where a range that begins at `offset` lies in the object's native pixel data, if there is any (blocking).
    pub(crate) fn layout(&self, offset: u64) -> Option<Layout> {
        let (grid, start, end) = (*self.grid.get_or_init(|| self.look_at_grid()))?;
        Some(Layout::at(grid, (start, end), offset))
    }

    fn look_at_grid(&self) -> Option<(Grid, u64, u64)> {
        let entry = &self.instance.row.entry;
        let header_bytes = usize::try_from(entry.header_bytes).ok()?;
        let front_bytes = (u64::from(entry.header_bytes) + prescan::ELEMENT_HEAD_BYTES).min(self.bytes());
        let front = match &self.whole {
            Some(whole) => whole.slice(..usize::try_from(front_bytes).ok()?.min(whole.len())),
            // Its bytes are judged when they are read to be sent.
            None => self.read_range(0, front_bytes).ok()?,
        };
        prescan::grid(&front, header_bytes, &entry.transfer_syntax)
    }

    /// Preamble and meta group as first received (or made, for C-STORE): before the data set they make the Part 10 file.
    ///
    /// # Errors
    /// As [`Object::range`].
    pub(crate) async fn meta(&self) -> Result<Bytes, ReadError> {
        let object = self.clone();
        let read = self.inner.tasks.spawn_blocking("read meta", move || {
            let mut buffer = vec![0; object.instance.row.meta_bytes as usize];
            object.file.read_exact_at(&mut buffer, 0).map_err(short_is_corrupt)?;
            let is_sound = Digest::of(&buffer) == object.instance.meta_digest;
            if is_sound { Ok(Bytes::from(buffer)) } else { Err(ReadError::Corrupt) }
        });
        let read = read.await.map_err(std::io::Error::other)?;
        self.inner.judged(&self.study, &self.instance, read).await
    }
}

pub(super) fn short_is_corrupt(error: std::io::Error) -> ReadError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::NotFound => ReadError::Corrupt,
        _ => ReadError::Io(error),
    }
}

/// Opens an object of a study. Whether the caller may was asked before.
pub(super) async fn open(inner: &Arc<Inner>, study: &Uid, digest: &Digest) -> Result<Object, ReadError> {
    let stored = inner.index.by_digest(study, digest).map_err(std::io::Error::other)?;
    let instance = Arc::new(stored.ok_or(ReadError::NotHeld)?);
    let is_large = instance.row.entry.bytes > WHOLE_BYTES_MAX;
    // One pass over a large object at a time: a second reader of the same one then finds its groups.
    let _pass = if is_large && inner.groups().get(digest).is_none() { Some(inner.passes.lock().await) } else { None };
    let (shared, wanted, uid) = (inner.clone(), instance.clone(), study.clone());
    let opened = inner.tasks.spawn_blocking("open object", move || {
        let file = Arc::new(shared.at_hand(&uid, &wanted)?);
        let (groups, whole) = if is_large { (large(&shared, &wanted, &file)?, None) } else { small(&wanted, &file)? };
        Ok(Object { inner: shared, study: uid, instance: wanted, file, groups, whole, grid: Arc::default() })
    });
    let opened = opened.await.map_err(std::io::Error::other)?;
    inner.judged(study, &instance, opened).await
}

fn small(instance: &StoredInstance, file: &File) -> Result<(Arc<Groups>, Option<Bytes>), ReadError> {
    let entry = &instance.row.entry;
    let mut bytes = vec![0; usize::try_from(entry.bytes).map_err(|_| ReadError::NotHeld)?];
    file.read_exact_at(&mut bytes, u64::from(instance.row.meta_bytes)).map_err(short_is_corrupt)?;
    let (groups, digest) = Groups::of(&bytes);
    if digest == entry.digest { Ok((Arc::new(groups), Some(Bytes::from(bytes)))) } else { Err(ReadError::Corrupt) }
}

fn large(inner: &Inner, instance: &StoredInstance, file: &File) -> Result<Arc<Groups>, ReadError> {
    let entry = &instance.row.entry;
    if let Some(groups) = inner.groups().get(&entry.digest) {
        return Ok(groups.clone());
    }
    let mut hasher = GroupsBuilder::default();
    let mut buffer = vec![0; PASS_BYTES];
    let (mut at, end) = (u64::from(instance.row.meta_bytes), entry.bytes + u64::from(instance.row.meta_bytes));
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..wanted).unwrap_or_default();
        file.read_exact_at(piece, at).map_err(short_is_corrupt)?;
        hasher.update(piece);
        at += wanted as u64;
    }
    let (groups, digest) = hasher.finish();
    if digest != entry.digest {
        return Err(ReadError::Corrupt);
    }
    let groups = Arc::new(groups);
    inner.groups().put(entry.digest, groups.clone());
    Ok(groups)
}

/// Reads an instance's header. Whether the caller may was asked before.
pub(super) async fn header(inner: &Arc<Inner>, study: &Uid, digest: &Digest) -> Result<Bytes, ReadError> {
    let stored = inner.index.by_digest(study, digest).map_err(std::io::Error::other)?;
    let instance = Arc::new(stored.ok_or(ReadError::NotHeld)?);
    let (shared, wanted, uid) = (inner.clone(), instance.clone(), study.clone());
    let read = inner.tasks.spawn_blocking("read header", move || {
        let entry = &wanted.row.entry;
        let file = shared.at_hand(&uid, &wanted)?;
        let mut bytes = vec![0; entry.header_bytes as usize];
        file.read_exact_at(&mut bytes, u64::from(wanted.row.meta_bytes)).map_err(short_is_corrupt)?;
        if Digest::of(&bytes) == entry.header_digest { Ok(Bytes::from(bytes)) } else { Err(ReadError::Corrupt) }
    });
    let read = read.await.map_err(std::io::Error::other)?;
    inner.judged(study, &instance, read).await
}

/// What can be wrong with an object on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Missing,
    NotOpened,
    /// The disk may give it another time.
    NotRead,
    Short,
    /// The cold tier is not there now.
    Unreachable,
    /// There is no room for what is read from the cold tier, or its disk fails.
    NotWritten,
    /// The cold tier does not take a copy.
    NotCopied,
    Meta,
    Data,
}

impl Fault {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Missing => "the file is missing",
            Self::NotOpened => "the file cannot be opened",
            Self::NotRead => "the file cannot be read",
            Self::Short => "the file has another length than was stored",
            Self::Unreachable => "the cold tier cannot be reached",
            Self::NotWritten => "what was read from the cold tier cannot be written",
            Self::NotCopied => "the cold tier does not take a copy",
            Self::Meta => "the meta group is not what was stored",
            Self::Data => "the data set is not what was stored",
        }
    }

    pub(super) const fn code(self) -> Code {
        match self {
            Self::Unreachable => Code::ColdUnreachable,
            Self::NotWritten => Code::NotWritten,
            Self::NotCopied => Code::NotCopied,
            _ => Code::FilesLost,
        }
    }

    /// The file holds other bytes than were stored, whoever reads it.
    pub(super) const fn is_rot(self) -> bool {
        matches!(self, Self::Short | Self::Meta | Self::Data)
    }
}

/// What is wrong with an object on disk, if anything.
pub(super) fn fault(inner: &Inner, instance: &StoredInstance) -> Option<Fault> {
    let entry = &instance.row.entry;
    let meta = u64::from(instance.row.meta_bytes);
    let file = match inner.blobs.open_object(&entry.digest) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match inner.index.has_copy(&entry.digest) {
                Ok(true) => inner.cold.read(instance, &mut std::io::sink()).err(),
                _ => Some(Fault::Missing),
            };
        }
        Err(_) => return Some(Fault::NotOpened),
    };
    let is_meta = digest_of(&file, 0, meta).map(|digest| digest == instance.meta_digest);
    let is_data = digest_of(&file, meta, entry.bytes).map(|digest| digest == entry.digest);
    match (is_meta, is_data) {
        (Ok(true), Ok(true)) => None,
        (Ok(false), Ok(true)) => Some(Fault::Meta),
        (_, Ok(false)) => Some(Fault::Data),
        _ if !inner.blobs.has(&instance.row) => Some(Fault::Short),
        _ => Some(Fault::NotRead),
    }
}

impl Inner {
    /// Passes a reading on; a corrupt one is evidence first, and the object is looked at again by itself.
    async fn judged<T>(
        self: &Arc<Self>,
        study: &Uid,
        instance: &Arc<StoredInstance>,
        read: Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        if matches!(read, Err(ReadError::Corrupt)) {
            let entry = &instance.row.entry;
            let is_new = self.alerted().put(entry.digest, ()).is_none();
            if is_new {
                let note = format!("the stored bytes of instance {} are not those that were stored", entry.instance);
                let event = Event::new(Act::SecurityAlert, Actor::default())
                    .outcome(Outcome::Failed)
                    .study(study)
                    .amount(1, entry.bytes)
                    .note(note);
                if let Err(error) = self.audit.record(event).await {
                    self.alerted().pop(&entry.digest);
                    tracing::error!(%error, "a security alert could not be recorded");
                }
                let again = scrub::look_again(self.clone(), study.clone(), instance.clone());
                self.tasks.spawn("look again", again);
            }
        }
        read
    }
}
