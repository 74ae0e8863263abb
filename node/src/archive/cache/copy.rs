//! The copy of one object: sealed 64 KiB chunks that are there or not.
//!
//! A partial copy lies in `<name>.part`, its chunks at fixed places; when the last one is written it is renamed to
//! `<name>.all`. A chunk is believed to be there only because its seal opens.

use super::{
    CHUNK_BYTES, CacheError, Inner as CacheInner, Study,
    seal::{self, TAG, TAG_BYTES},
};
use aws_lc_rs::aead::LessSafeKey;
use bytes::Bytes;
use protocol::Digest;
use std::{
    fs::{self, File},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
};

/// Ending of a complete copy's file name.
pub(super) const COMPLETE: &str = ".all";
const PARTIAL: &str = ".part";

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

#[derive(Debug)]
struct Present {
    chunks: Vec<bool>,
    missing: u64,
}

impl Present {
    fn set(&mut self, index: u64, here: bool) {
        let Some(chunk) = usize::try_from(index).ok().and_then(|i| self.chunks.get_mut(i)) else { return };
        if *chunk != here {
            *chunk = here;
            self.missing = if here { self.missing - 1 } else { self.missing + 1 };
        }
    }

    fn has(&self, index: u64) -> bool {
        usize::try_from(index).ok().and_then(|i| self.chunks.get(i)).copied().unwrap_or(false)
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
    let chunks = (0..chunks as u64).map(is_here).collect::<Vec<bool>>();
    let missing = chunks.iter().filter(|here| !**here).count() as u64;
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
    sealed.saturating_sub(sealed.div_ceil(CHUNK_BYTES + TAG_BYTES).saturating_mul(TAG_BYTES))
}

fn chunk_len(bytes: u64, index: u64) -> u64 {
    bytes.saturating_sub(index.saturating_mul(CHUNK_BYTES)).min(CHUNK_BYTES)
}

/// Puts a chunk behind what is in `out`; `None` when it is missing or damaged, and `out` is as it was.
fn append_chunk(file: &File, cipher: &LessSafeKey, bytes: u64, index: u64, out: &mut Vec<u8>) -> Option<()> {
    let (start, len) = (out.len(), usize::try_from(chunk_len(bytes, index)).ok()?);
    out.resize(start + len + TAG, 0);
    let sealed = out.get_mut(start..)?;
    let read = file.read_exact_at(sealed, index * (CHUNK_BYTES + TAG_BYTES));
    let opened = read.ok().and_then(|()| seal::open_chunk(cipher, index, sealed));
    out.truncate(start + opened.map_or(0, |()| len));
    opened
}

impl Inner {
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, index: u64, chunk: &[u8]) -> Result<(), CacheError> {
        self.study.alive()?;
        if chunk.len() as u64 != chunk_len(self.bytes, index) || chunk.is_empty() {
            return Err(CacheError::Damaged);
        }
        let sealed = seal::seal_chunk(&self.cipher, index, chunk)?;
        self.file.write_all_at(&sealed, index * (CHUNK_BYTES + TAG_BYTES))?;
        let mut present = self.present();
        let was_missing = present.missing > 0;
        present.set(index, true);
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

    /// Whether every chunk of a range is here.
    fn has(&self, offset: u64, end: u64) -> bool {
        let present = self.present();
        present.missing == 0 || (offset / CHUNK_BYTES..end.div_ceil(CHUNK_BYTES)).all(|index| present.has(index))
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
        let skip = rest.iter().position(|here| !here)?;
        let run = rest.get(skip..)?.iter().take_while(|here| !**here).count();
        Some(((from + skip) as u64, run as u64))
    }

    /// Writes one verified chunk: all of it; only the last one may be shorter than [`CHUNK_BYTES`].
    ///
    /// # Errors
    /// [`CacheError::Erased`]; [`CacheError::Damaged`] for a chunk of the wrong length.
    pub(crate) async fn write(&self, index: u64, chunk: Bytes) -> Result<(), CacheError> {
        let inner = self.inner.clone();
        self.inner
            .cache
            .tasks
            .spawn_blocking("cache write", move || inner.write(index, &chunk))
            .await
            .map_err(|_| CacheError::Damaged)?
    }

    /// Reads a range, cut at the object's end, if all of it is here.
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
        let inner = self.inner.clone();
        self.inner
            .cache
            .tasks
            .spawn_blocking("cache read", move || inner.read(offset, end))
            .await
            .map_err(|_| CacheError::Damaged)?
    }
}
