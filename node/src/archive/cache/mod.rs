//! Leased copies of peers' studies, encrypted, and erased by destroying a key.
//!
//! Everything a peer told or sent us about its studies lies here and nowhere else: cards, manifests, headers, bytes.
//! Data are sealed with AES-256-GCM per 64 KiB chunk under a key per study; each study key is wrapped once per basis
//! (agreement or grant) under the basis's own key; all keys lie in `cache/keys`, rewritten whole, never journalled and
//! never backed up. Ending a basis destroys its key; with the last wrap the study is unreadable, whatever copies of
//! the sealed files exist, and what of it is still in memory goes. Names of files are keyed hashes: the folder tells
//! nothing about who was read.
//!
//! # At a crash
//! The key file is replaced by rename, so it is the old or the new one. A chunk of an object is there if and only if
//! its seal opens, so a partial copy survives SIGKILL and a torn chunk is simply missing. Files whose key is gone are
//! swept at the next start.
//!
//! # Not here
//! Verification: whoever writes has checked the bytes against a signed digest. Permission: `trust`.

mod chunk;
mod copy;
mod fresh;
mod keys;
mod notes;
mod object;
mod receipts;
mod seal;
mod writing;

#[cfg(test)]
mod tests;

use crate::{config::CacheConfig, tasks::Tasks};
use bytes::Bytes;
use fresh::Fresh;
use keys::{BasisKey, KeyFile, StudyKeys};
use protocol::{Digest, SiteId, Timestamp, Uid, catalog::Basis, copies::Why, ids::Id128};
use receipts::{Label, Receipts};
use seal::Key;
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

pub(crate) use chunk::{Chunk, Room, chunks_of};
pub(crate) use copy::Copy;
pub(crate) use object::CopiedObject;

/// Bytes of a chunk: four groups of a verified range.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;
/// The same, as an index.
const CHUNK: usize = 64 * 1024;

/// Why a copy cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error("cache: {0}")]
    Io(#[from] std::io::Error),
    /// The lease's key is gone: nothing of it can be read or written any more.
    #[error("the copy was erased")]
    Erased,
    #[error("the cache is full and nothing may be evicted")]
    Full,
    #[error("cache: damaged")]
    Damaged,
}

/// The cache. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dir: PathBuf,
    quota_bytes: u64,
    bytes: AtomicU64,
    state: Mutex<State>,
    fresh: Fresh,
    tasks: Tasks,
}

#[derive(Debug)]
struct State {
    keys: KeyFile,
    receipts: Receipts,
    open: HashMap<[u8; 32], Arc<Study>>,
    /// Rises with every lease: who was used last.
    clock: u64,
}

/// A study with its key in memory.
#[derive(Debug)]
struct Study {
    dir: PathBuf,
    key: Key,
    /// `None`: of before copies had names, until it is leased again.
    label: Mutex<Option<Label>>,
    erased: AtomicBool,
    used: AtomicU64,
    bytes: AtomicU64,
    complete: AtomicU64,
    copies: Mutex<HashMap<Digest, Weak<copy::Inner>>>,
}

/// The right to keep a copy of one study of one holder.
#[derive(Clone, Debug)]
pub(crate) struct Lease {
    study: Arc<Study>,
    cache: Arc<Inner>,
}

/// What is kept of a study.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Objects whose every chunk is here.
    pub(crate) objects: u64,
    /// Bytes on disk.
    pub(crate) bytes: u64,
}

impl Cache {
    /// Opens or creates `dir/cache`; sweeps what no key opens.
    ///
    /// # Errors
    /// [`CacheError::Damaged`] when the key file does not parse; [`CacheError::Io`].
    pub(crate) fn open(dir: &Path, config: &CacheConfig, tasks: &Tasks) -> Result<Self, CacheError> {
        let dir = dir.join("cache");
        fs::create_dir_all(&dir)?;
        let mut keys = KeyFile::load(&dir)?;
        let receipts = Receipts::load(&mut keys);
        let inner = Inner {
            quota_bytes: config.quota_bytes,
            bytes: AtomicU64::new(0),
            state: Mutex::new(State { keys, receipts, open: HashMap::new(), clock: 0 }),
            fresh: Fresh::default(),
            tasks: tasks.clone(),
            dir,
        };
        inner.sweep()?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Makes or finds the lease of a study on a basis. `until` is the expiry by the agreement's cache days; the
    /// latest one asked for counts. `version` is that of the card by which it is opened.
    ///
    /// # Errors
    /// [`CacheError::Io`] when the key cannot be kept.
    pub(crate) fn lease(
        &self,
        holder: &SiteId,
        study: &Uid,
        basis: &Basis,
        until: Timestamp,
        version: u64,
    ) -> Result<Lease, CacheError> {
        let mut state = self.inner.lock();
        let tag = state.keys.study_tag(holder, study);
        let changed = state.keys.grant_study(tag, basis, until)?;
        let (label, is_new) = state.keys.label_study(&tag, (holder, study), version)?;
        if changed || is_new {
            state.keys.save(&self.inner.dir)?;
        }
        let opened = self.inner.open_study(&mut state, tag)?;
        *opened.label.lock().unwrap_or_else(PoisonError::into_inner) = Some(label);
        state.clock += 1;
        opened.used.store(state.clock, Ordering::Relaxed);
        Ok(Lease { study: opened, cache: self.inner.clone() })
    }

    /// Destroys the key of an agreement and of every grant under it. Gives the number of studies now unreadable.
    ///
    /// # Errors
    /// [`CacheError::Io`] when the key file cannot be rewritten: the erasure is then not durable and must be retried.
    pub(crate) fn end_agreement(&self, agreement: &Id128) -> Result<u64, CacheError> {
        let erased = self.end_bases(|basis| basis.agreement == *agreement, Why::AgreementEnded)?;
        let notes = self.inner.dir.join("notes").join(agreement.to_string());
        remove_dir(&notes)?;
        Ok(erased)
    }

    /// Destroys the key of one grant.
    ///
    /// # Errors
    /// As [`Cache::end_agreement`].
    pub(crate) fn end_grant(&self, grant: &Id128) -> Result<u64, CacheError> {
        self.end_bases(|basis| basis.id == *grant, Why::GrantEnded)
    }

    /// One study of one holder was withdrawn, or is not what it was.
    ///
    /// # Errors
    /// As [`Cache::end_agreement`].
    pub(crate) fn end_study(&self, holder: &SiteId, study: &Uid, why: Why) -> Result<(), CacheError> {
        let mut state = self.inner.lock();
        let tag = state.keys.study_tag(holder, study);
        if state.keys.studies.contains_key(&tag) {
            self.inner.take_out_all(&mut state, &[tag], why)?;
        }
        Ok(())
    }

    /// Erases leases past their time. Gives their number.
    ///
    /// # Errors
    /// As [`Cache::end_agreement`].
    pub(crate) fn expire(&self, now: Timestamp) -> Result<u64, CacheError> {
        let mut state = self.inner.lock();
        let over = state.keys.studies.iter().filter(|(_, study)| study.until <= now);
        let gone: Vec<[u8; 32]> = over.map(|(tag, _)| *tag).collect();
        self.inner.take_out_all(&mut state, &gone, Why::LeaseOver)
    }

    /// What is kept of a study; nothing when it was never leased.
    pub(crate) fn kept(&self, holder: &SiteId, study: &Uid) -> Kept {
        let state = self.inner.lock();
        let tag = state.keys.study_tag(holder, study);
        state.open.get(&tag).map_or_else(Kept::default, |study| Kept {
            objects: study.complete.load(Ordering::Relaxed),
            bytes: study.bytes.load(Ordering::Relaxed),
        })
    }

    /// The lease of a study, where there is one. Makes nothing, and is no use of it.
    pub(crate) fn find(&self, holder: &SiteId, study: &Uid) -> Option<Lease> {
        let state = self.inner.lock();
        let tag = state.keys.study_tag(holder, study);
        state.open.get(&tag).map(|study| Lease { study: study.clone(), cache: self.inner.clone() })
    }

    /// Bytes on disk at most.
    pub(crate) fn quota_bytes(&self) -> u64 {
        self.inner.quota_bytes
    }

    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        self.inner.bytes.load(Ordering::Relaxed)
    }

    fn end_bases(&self, ends: impl Fn(&BasisKey) -> bool, why: Why) -> Result<u64, CacheError> {
        let mut state = self.inner.lock();
        let ended: Vec<Id128> = state.keys.bases.iter().filter(|b| ends(b)).map(|b| b.id).collect();
        if ended.is_empty() {
            return Ok(0);
        }
        let has_ended = |keys: &StudyKeys| keys.wraps.iter().all(|w| ended.contains(&w.basis));
        let gone: Vec<[u8; 32]> =
            state.keys.studies.iter().filter(|(_, keys)| has_ended(keys)).map(|(tag, _)| *tag).collect();
        for tag in &gone {
            state.take_out(tag, why)?;
        }
        state.keys.bases.retain(|b| !ended.contains(&b.id));
        for study in state.keys.studies.values_mut() {
            study.wraps.retain(|w| !ended.contains(&w.basis));
        }
        self.inner.finish(&mut state, &gone)?;
        Ok(gone.len() as u64)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn study_dir(&self, tag: &[u8; 32]) -> PathBuf {
        self.dir.join("studies").join(data_encoding::HEXLOWER.encode(tag.get(..16).unwrap_or(tag)))
    }

    fn open_study(&self, state: &mut State, tag: [u8; 32]) -> Result<Arc<Study>, CacheError> {
        if let Some(study) = state.open.get(&tag) {
            return Ok(study.clone());
        }
        let key = state.keys.study_key(&tag).ok_or(CacheError::Damaged)?;
        let label = Mutex::new(state.keys.label(&tag, &key));
        let dir = self.study_dir(&tag);
        fs::create_dir_all(&dir)?;
        let (bytes, complete) = measure(&dir)?;
        let study = Arc::new(Study {
            dir,
            key,
            label,
            erased: AtomicBool::new(false),
            used: AtomicU64::new(0),
            bytes: AtomicU64::new(bytes),
            complete: AtomicU64::new(complete),
            copies: Mutex::new(HashMap::new()),
        });
        state.open.insert(tag, study.clone());
        Ok(study)
    }

    /// Destroys the keys of these studies, writes their receipts, and removes their files. Gives their number.
    fn take_out_all(&self, state: &mut State, gone: &[[u8; 32]], why: Why) -> Result<u64, CacheError> {
        for tag in gone {
            state.take_out(tag, why)?;
        }
        if !gone.is_empty() {
            self.finish(state, gone)?;
        }
        Ok(gone.len() as u64)
    }

    /// Marks a study's open handles erased and removes its sealed files; its key is gone already.
    fn forget(&self, state: &mut State, tag: &[u8; 32]) -> Result<(), CacheError> {
        if let Some(study) = state.open.remove(tag) {
            study.erased.store(true, Ordering::Release);
            self.give_back(study.bytes.swap(0, Ordering::Relaxed));
        }
        remove_dir(&self.study_dir(tag))
    }

    fn give_back(&self, bytes: u64) {
        // Saturating: counts are estimates of disk use, never trusted for anything but the quota.
        let _ = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |b| Some(b.saturating_sub(bytes)));
    }

    /// Removes folders no key opens, opens the others, and counts their bytes.
    fn sweep(&self) -> Result<(), CacheError> {
        let root = self.dir.join("studies");
        fs::create_dir_all(&root)?;
        let mut state = self.lock();
        let tags: Vec<[u8; 32]> = state.keys.studies.keys().copied().collect();
        let known: HashMap<PathBuf, [u8; 32]> = tags.into_iter().map(|tag| (self.study_dir(&tag), tag)).collect();
        for entry in fs::read_dir(&root)? {
            let path = entry?.path();
            match known.get(&path) {
                Some(tag) => {
                    let study = self.open_study(&mut state, *tag)?;
                    self.bytes.fetch_add(study.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
                }
                None => remove_dir(&path)?,
            }
        }
        Ok(())
    }

    /// Makes room for `bytes` more by erasing studies nobody holds a lease of, the least recently used first.
    fn make_room(&self, bytes: u64) -> Result<(), CacheError> {
        while self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > self.quota_bytes {
            let mut state = self.lock();
            let idle = state
                .open
                .iter()
                .filter(|(_, study)| Arc::strong_count(study) == 1)
                .min_by_key(|(_, study)| study.used.load(Ordering::Relaxed))
                .map(|(tag, _)| *tag)
                .ok_or(CacheError::Full)?;
            self.take_out_all(&mut state, &[idle], Why::Room)?;
        }
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }
}

impl Study {
    fn alive(&self) -> Result<(), CacheError> {
        if self.erased.load(Ordering::Acquire) { Err(CacheError::Erased) } else { Ok(()) }
    }
}

impl Lease {
    /// What the copy is called outside, for as long as it is.
    pub(crate) fn copy(&self) -> Option<Id128> {
        self.study.label.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|label| label.copy)
    }

    /// Whether its key is still there.
    pub(crate) fn is_alive(&self) -> bool {
        self.study.alive().is_ok()
    }

    /// Keeps a whole blob (manifest, header pack) under a name. Not synced: a lost blob is fetched again.
    ///
    /// # Errors
    /// [`CacheError::Erased`], [`CacheError::Full`], [`CacheError::Io`].
    pub(crate) async fn put(&self, name: &str, bytes: Bytes) -> Result<(), CacheError> {
        self.study.alive()?;
        let path = self.study.dir.join(self.study.key.file_name("blob", name.as_bytes()));
        let (study, cache) = (self.study.clone(), self.cache.clone());
        self.cache
            .tasks
            .spawn_blocking("cache write", move || {
                let sealed = study.key.seal_blob(&path, &bytes)?;
                let growth = sealed.len() as u64;
                cache.make_room(growth)?;
                study.bytes.fetch_add(growth, Ordering::Relaxed);
                study.alive()?;
                keys::write_whole(&path, &sealed, false)
            })
            .await
            .map_err(|_| CacheError::Damaged)?
    }

    /// Reads a blob back; `None` when it is not here or damaged.
    ///
    /// # Errors
    /// [`CacheError::Erased`], [`CacheError::Io`].
    pub(crate) async fn take(&self, name: &str) -> Result<Option<Bytes>, CacheError> {
        self.study.alive()?;
        let path = self.study.dir.join(self.study.key.file_name("blob", name.as_bytes()));
        let study = self.study.clone();
        self.cache
            .tasks
            .spawn_blocking("cache read", move || match fs::read(&path) {
                Ok(sealed) => Ok(study.key.open_blob(&path, &sealed).map(Bytes::from)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(e.into()),
            })
            .await
            .map_err(|_| CacheError::Damaged)?
    }

    /// The copy of an object, complete, partial or empty. Several handles to one object share their state.
    ///
    /// # Errors
    /// [`CacheError::Erased`], [`CacheError::Full`], [`CacheError::Io`].
    pub(crate) async fn object(&self, digest: &Digest, bytes: u64) -> Result<Copy, CacheError> {
        self.study.alive()?;
        let (study, cache, digest) = (self.study.clone(), self.cache.clone(), *digest);
        self.cache
            .tasks
            .spawn_blocking("cache open", move || copy::open(&study, &cache, digest, bytes))
            .await
            .map_err(|_| CacheError::Damaged)?
    }
}

impl Lease {
    /// The copy of an object whose every chunk is here, and the object's size. Makes nothing.
    ///
    /// # Errors
    /// [`CacheError::Erased`], [`CacheError::Io`].
    pub(crate) async fn whole(&self, digest: &Digest) -> Result<Option<(Copy, u64)>, CacheError> {
        self.study.alive()?;
        let name = self.study.key.file_name("object", &digest.0);
        let path = self.study.dir.join(format!("{name}{}", copy::COMPLETE));
        let Ok(length) = fs::metadata(path).map(|meta| meta.len()) else { return Ok(None) };
        let bytes = copy::opened_bytes(length);
        Ok(Some((self.object(digest, bytes).await?, bytes)))
    }

    /// Those of the objects whose every chunk is here. Makes nothing, unlike [`Lease::object`].
    ///
    /// # Errors
    /// [`CacheError::Erased`].
    pub(crate) async fn complete_among(&self, objects: Vec<Digest>) -> Result<Vec<Digest>, CacheError> {
        self.study.alive()?;
        let study = self.study.clone();
        let looking = self.cache.tasks.spawn_blocking("cache look", move || {
            let is_here = |digest: &Digest| {
                let name = study.key.file_name("object", &digest.0);
                study.dir.join(format!("{name}{}", copy::COMPLETE)).exists()
            };
            objects.into_iter().filter(is_here).collect()
        });
        looking.await.map_err(|_| CacheError::Damaged)
    }
}

/// Bytes and number of complete objects of a study's folder.
fn measure(dir: &Path) -> Result<(u64, u64), CacheError> {
    let (mut bytes, mut complete) = (0u64, 0u64);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        bytes = bytes.saturating_add(entry.metadata()?.len());
        if entry.file_name().to_string_lossy().ends_with(copy::COMPLETE) {
            complete += 1;
        }
    }
    Ok((bytes, complete))
}

fn remove_dir(path: &Path) -> Result<(), CacheError> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

impl StudyKeys {
    fn new(until: Timestamp) -> Self {
        Self { until, wraps: Vec::new(), label: None }
    }
}
