//! The copy of one object: sealed 64 KiB chunks that are there or not.
//!
//! A partial copy lies in `<name>.part`, its chunks at fixed places; when the last one is written it is renamed to
//! `<name>.all`. A chunk is believed to be there only because its seal opens.

use super::{
    CHUNK_BYTES, CacheError, Inner as CacheInner, Study,
    chunk::Chunk,
    fresh::READ_BYTES_MAX,
    seal::{self, TAG, TAG_BYTES},
};
use aws_lc_rs::aead::LessSafeKey;
use bytes::{Bytes, BytesMut};
use protocol::Digest;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};
use tokio::task::JoinHandle;

/// Ending of a complete copy's file name.
pub(super) const COMPLETE: &str = ".all";
const PARTIAL: &str = ".part";
/// Bytes of a sealed chunk.
const SEALED_BYTES: u64 = CHUNK_BYTES + TAG_BYTES;

/// A copy of one object. Clones and other handles to the same object share their state.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    study: Arc<Study>,
    cache: Arc<CacheInner>,
    cipher: LessSafeKey,
    bytes: u64,
    partial: PathBuf,
    complete: PathBuf,
    file: File,
    present: Mutex<Present>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.cache.fresh.close();
    }
}

/// What is known of one chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Missing,
    /// Missing, and somebody waits for it.
    Awaited,
    Here,
}

#[derive(Debug)]
struct Present {
    chunks: Vec<Place>,
    missing: u64,
}

impl Present {
    fn set(&mut self, index: u64, here: bool) {
        let Some(place) = self.run(index, index.saturating_add(1)).first_mut() else { return };
        let was_here = *place == Place::Here;
        *place = if here { Place::Here } else { Place::Missing };
        match (was_here, here) {
            (false, true) => self.missing -= 1,
            (true, false) => self.missing += 1,
            _ => {}
        }
    }

    /// The chunks from one to before another, as far as there are any.
    fn run(&mut self, from: u64, to: u64) -> &mut [Place] {
        let place = |index: u64| usize::try_from(index).unwrap_or(usize::MAX).min(self.chunks.len());
        let (from, to) = (place(from), place(to));
        self.chunks.get_mut(from..to).unwrap_or_default()
    }
}

/// Finds or makes the copy of an object in a study's folder (blocking).
pub(super) fn open(
    study: &Arc<Study>,
    cache: &Arc<CacheInner>,
    digest: Digest,
    bytes: u64,
) -> Result<Copy, CacheError> {
    let mut copies = study.copies.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(inner) = copies.get(&digest).and_then(std::sync::Weak::upgrade) {
        return if inner.bytes == bytes { Ok(Copy { inner }) } else { Err(CacheError::Damaged) };
    }
    study.alive()?;
    let name = study.key.file_name("object", &digest.0);
    let (partial, complete) = (study.dir.join(format!("{name}{PARTIAL}")), study.dir.join(format!("{name}{COMPLETE}")));
    let cipher = study.key.object_cipher(&digest)?;
    let chunks = usize::try_from(bytes.div_ceil(CHUNK_BYTES)).map_err(|_| CacheError::Full)?;
    let is_complete = complete.exists();
    let is_new = !is_complete && !partial.exists();
    let file = if is_complete { open_file(&complete)? } else { open_partial(cache, study, &partial, bytes)? };
    let is_here =
        |index| is_complete || (!is_new && append_chunk(&file, &cipher, bytes, index, &mut Vec::new()).is_some());
    let place = |index: u64| if is_here(index) { Place::Here } else { Place::Missing };
    let chunks = (0..chunks as u64).map(place).collect::<Vec<_>>();
    let missing = chunks.iter().filter(|place| **place != Place::Here).count() as u64;
    let present = Mutex::new(Present { chunks, missing });
    let inner =
        Arc::new(Inner { study: study.clone(), cache: cache.clone(), cipher, bytes, partial, complete, file, present });
    copies.retain(|_, copy| copy.strong_count() > 0);
    copies.insert(digest, Arc::downgrade(&inner));
    Ok(Copy { inner })
}

fn open_file(path: &Path) -> Result<File, CacheError> {
    Ok(fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?)
}

fn open_partial(cache: &CacheInner, study: &Study, path: &Path, bytes: u64) -> Result<File, CacheError> {
    if path.exists() {
        return open_file(path);
    }
    let sealed = bytes.saturating_add(bytes.div_ceil(CHUNK_BYTES).saturating_mul(TAG_BYTES));
    cache.make_room(sealed)?;
    study.bytes.fetch_add(sealed, Ordering::Relaxed);
    let file = open_file(path)?;
    // What is counted now is what its length says after the next start, however much of it has come by then.
    file.set_len(sealed)?;
    Ok(file)
}

/// What the chunks of a complete copy of so many bytes hold.
pub(super) fn opened_bytes(sealed: u64) -> u64 {
    sealed.saturating_sub(sealed.div_ceil(SEALED_BYTES).saturating_mul(TAG_BYTES))
}

fn chunk_len(bytes: u64, index: u64) -> u64 {
    bytes.saturating_sub(index.saturating_mul(CHUNK_BYTES)).min(CHUNK_BYTES)
}

/// Puts a chunk behind what is in `out`; `None` when it is missing or damaged, and `out` is as it was.
fn append_chunk(file: &File, cipher: &LessSafeKey, bytes: u64, index: u64, out: &mut Vec<u8>) -> Option<()> {
    let (start, len) = (out.len(), usize::try_from(chunk_len(bytes, index)).ok()?);
    out.resize(start + len + TAG, 0);
    let sealed = out.get_mut(start..)?;
    let read = file.read_exact_at(sealed, index * SEALED_BYTES);
    let opened = read.ok().and_then(|()| seal::open_chunk(cipher, index, sealed));
    out.truncate(start + opened.map_or(0, |()| len));
    opened
}

impl Inner {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(self: &Arc<Self>, first: u64, chunks: Vec<Chunk>) -> Result<(), CacheError> {
        self.study.alive()?;
        let has_its_size = |(index, chunk): (u64, &Chunk)| {
            let len = chunk.plain().len() as u64;
            len > 0 && len == chunk_len(self.bytes, index)
        };
        if !(first..).zip(&chunks).all(has_its_size) {
            return Err(CacheError::Damaged);
        }
        let end = first.saturating_add(chunks.len() as u64);
        let awaited = self.awaited(first, &chunks);
        self.put(first, chunks)?;
        // Before they are said to be here: who waits for them looks there first.
        self.cache.fresh.keep(&self.study, self, awaited);
        let mut present = self.present();
        let was_missing = present.missing > 0;
        for index in first..end {
            present.set(index, true);
        }
        if was_missing && present.missing == 0 {
            // A crash before the rename costs nothing: the chunks' seals still open.
            fs::rename(&self.partial, &self.complete).or_else(|e| match e.kind() {
                std::io::ErrorKind::NotFound if self.complete.exists() => Ok(()),
                _ => Err(e),
            })?;
            self.study.complete.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Seals chunks and puts them in their places; those that lie one behind the other in memory too, in one go.
    fn put(&self, first: u64, chunks: Vec<Chunk>) -> Result<(), CacheError> {
        let (mut run, mut at) = (BytesMut::new(), first.saturating_mul(SEALED_BYTES));
        for (index, chunk) in (first..).zip(chunks) {
            let sealed = chunk.sealed(&self.cipher, index)?;
            if run.as_ptr_range().end != sealed.as_ptr() {
                self.file.write_all_at(&run, at)?;
                at += run.len() as u64;
                run = BytesMut::new();
            }
            run.unsplit(sealed);
        }
        Ok(self.file.write_all_at(&run, at)?)
    }

    /// The bytes of those chunks that somebody waits for.
    fn awaited(&self, first: u64, chunks: &[Chunk]) -> Vec<(u64, Bytes)> {
        let mut present = self.present();
        let places = present.run(first, first.saturating_add(chunks.len() as u64));
        let awaited = (first..).zip(chunks).zip(places).filter(|(_, place)| **place == Place::Awaited);
        awaited.map(|((index, chunk), _)| (index, Bytes::copy_from_slice(chunk.plain()))).collect()
    }

    /// Whether every chunk of a range is here. From now on the others are awaited.
    fn has(&self, offset: u64, end: u64) -> bool {
        let mut present = self.present();
        let places = present.run(offset / CHUNK_BYTES, end.div_ceil(CHUNK_BYTES));
        let is_here = places.iter().all(|place| *place == Place::Here);
        if !is_here && end - offset <= READ_BYTES_MAX {
            places.iter_mut().filter(|place| **place == Place::Missing).for_each(|place| *place = Place::Awaited);
        }
        is_here
    }

    fn read(&self, offset: u64, end: u64) -> Result<Option<Bytes>, CacheError> {
        self.study.alive()?;
        let room = (end - offset / CHUNK_BYTES * CHUNK_BYTES).next_multiple_of(CHUNK_BYTES) + TAG_BYTES;
        let mut out = Vec::with_capacity(usize::try_from(room).map_err(|_| CacheError::Full)?);
        for index in offset / CHUNK_BYTES..end.div_ceil(CHUNK_BYTES) {
            if append_chunk(&self.file, &self.cipher, self.bytes, index, &mut out).is_none() {
                // Damaged on disk: it counts as missing and is fetched again.
                self.present().set(index, false);
                return Ok(None);
            }
        }
        self.study.alive()?;
        let from = usize::try_from(offset % CHUNK_BYTES).map_err(|_| CacheError::Damaged)?;
        let to = usize::try_from(end - offset).map_err(|_| CacheError::Damaged)?.saturating_add(from);
        if to > out.len() {
            return Err(CacheError::Damaged);
        }
        Ok(Some(Bytes::from(out).slice(from..to)))
    }
}

impl Copy {
    /// Whether every chunk is here.
    pub(crate) fn is_complete(&self) -> bool {
        self.inner.present().missing == 0
    }

    /// The first run of missing chunks at or after chunk `from`: (first, count).
    pub(crate) fn missing(&self, from: u64) -> Option<(u64, u64)> {
        let present = self.inner.present();
        let from = usize::try_from(from).ok()?;
        let rest = present.chunks.get(from..)?;
        let skip = rest.iter().position(|place| *place != Place::Here)?;
        let run = rest.get(skip..)?.iter().take_while(|place| **place != Place::Here).count();
        Some(((from + skip) as u64, run as u64))
    }

    /// Writes verified chunks that follow one another: all of each; only the object's last one may be shorter than
    /// [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// [`CacheError::Erased`]; [`CacheError::Damaged`] for a chunk of the wrong length; [`CacheError::Io`].
    pub(crate) async fn write(&self, first: u64, chunks: Vec<Chunk>) -> Result<(), CacheError> {
        self.begin(first, chunks).await.map_err(|_| CacheError::Damaged)?
    }

    /// Begins to write chunks; it goes on when nobody waits for it.
    pub(super) fn begin(&self, first: u64, chunks: Vec<Chunk>) -> JoinHandle<Result<(), CacheError>> {
        let inner = self.inner.clone();
        self.inner.cache.tasks.spawn_blocking("cache write", move || inner.write(first, chunks))
    }

    /// Reads a range, cut at the object's end, if all of it is here. If not, it counts as waited for: what comes of it is kept at
    /// hand for who asks again.
    ///
    /// # Errors
    /// [`CacheError::Erased`], [`CacheError::Io`].
    pub(crate) async fn read(&self, offset: u64, len: u64) -> Result<Option<Bytes>, CacheError> {
        self.inner.study.alive()?;
        let end = offset.saturating_add(len).min(self.inner.bytes);
        if offset >= end {
            return Ok(Some(Bytes::new()));
        }
        // A reader that waits asks at every chunk that comes: what is not all here is not opened for nothing.
        if !self.inner.has(offset, end) {
            return Ok(None);
        }
        if let Some(bytes) = self.inner.cache.fresh.range(&self.inner, offset, end) {
            self.inner.study.alive()?;
            return Ok(Some(bytes));
        }
        let inner = self.inner.clone();
        self.inner
            .cache
            .tasks
            .spawn_blocking("cache read", move || inner.read(offset, end))
            .await
            .map_err(|_| CacheError::Damaged)?
    }
}
