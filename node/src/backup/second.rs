//! The owner's side of a second copy: the signed list of the backup folder as it stands, and its sealed files for the
//! keeper.
//!
//! ```text
//! second/head     which folder was listed, and its head
//! second/page.N   pages of the list, as they are sent
//! second/told     how each keeper says that its copy stands
//! ```
//! A list names every file of the folder with the digest of its sealed bytes. Files of a backup never change, so each is
//! read once for this; what is new stands behind what was listed. The list is made after a snapshot is finished.
//!
//! # At a crash
//! The head is written last. Pages that are not those it names are made anew, from the folder itself. What keepers told
//! is told again.
//!
//! # Not here
//! Who may have the files: `trust`. The copy at the keeper's: [`super::held`].

use super::{BackupError, take};
use crate::tasks;
use protocol::{
    Digest, Refusal, SiteId, Timestamp,
    keeping::{ListHead, ListPage, SealedFile, SealedName, Standing},
    limits::{KEPT_LIST_BYTES_MAX, KEPT_PAGE_MAX, KEPT_PAGES_MAX, KEPT_PIECE_BYTES_MAX},
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

const FOLDER: &str = "second";

/// The list of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listing {
    folder: String,
    head: ListHead,
}

impl Wire for Listing {
    const VERSION: u8 = 1;
    const NAME: &'static str = "listing of a backup";
}

/// How a keeper's copy stands, as far as we know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// In its words, and when it said so.
    pub(crate) standing: Option<(Standing, Timestamp)>,
    pub(crate) proved: Option<Proved>,
}

/// What came of asking the keeper to prove that it has the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proved {
    pub(crate) at: Timestamp,
    /// Files that were asked for.
    pub(crate) files: u64,
    /// Of them, those that are not there or not what they were.
    pub(crate) bad: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Keepers(Vec<(SiteId, Told)>);

impl Wire for Keepers {
    const VERSION: u8 = 1;
    const NAME: &'static str = "what keepers told";
}

/// The owner's side. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    node: PathBuf,
    dir: PathBuf,
    listing: RwLock<Option<Arc<Listing>>>,
    keepers: Mutex<Keepers>,
    /// One list is made at a time.
    publishing: Mutex<()>,
}

impl Second {
    /// Of a node's folder.
    pub(crate) fn open(node: &Path) -> Self {
        let dir = node.join(FOLDER);
        let listing = fs::read(dir.join("head")).ok().and_then(|bytes| wire::decode::<Listing>(&bytes).ok());
        let keepers = fs::read(dir.join("told")).ok().and_then(|bytes| wire::decode(&bytes).ok()).unwrap_or_default();
        let (listing, keepers) = (RwLock::new(listing.map(Arc::new)), Mutex::new(keepers));
        Self { inner: Arc::new(Inner { node: node.to_owned(), dir, listing, keepers, publishing: Mutex::default() }) }
    }

    fn listing(&self) -> Option<Arc<Listing>> {
        self.inner.listing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The head of the list, where one was made.
    pub(crate) fn head(&self) -> Option<ListHead> {
        self.listing().map(|listing| listing.head.clone())
    }

    /// A page of the list, encoded.
    pub(crate) fn page(&self, digest: &Digest) -> Option<Vec<u8>> {
        let place = self.listing()?.head.pages.iter().position(|page| page == digest)?;
        let bytes = fs::read(self.page_path(place)).ok()?;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    fn page_path(&self, place: usize) -> PathBuf {
        self.inner.dir.join(format!("page.{place}"))
    }

    /// Bytes of a sealed file.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::NotHeld`].
    pub(crate) fn piece(&self, name: &SealedName, at: u64, bytes: u32) -> Result<Vec<u8>, Refusal> {
        if bytes > KEPT_PIECE_BYTES_MAX {
            return Err(Refusal::Malformed);
        }
        let listing = self.listing().ok_or(Refusal::NotHeld)?;
        let read = || {
            let mut file = File::open(Path::new(&listing.folder).join(name.path()))?;
            file.seek(SeekFrom::Start(at))?;
            let mut piece = Vec::new();
            file.take(u64::from(bytes)).read_to_end(&mut piece)?;
            std::io::Result::Ok(piece)
        };
        read().map_err(|_| Refusal::NotHeld)
    }

    /// Lists the folder of the last backup, where that was not done. Whether the list changed.
    ///
    /// # Errors
    /// When the folder is not there (a disk that was taken away) or cannot be read, or the list cannot be written.
    pub(crate) fn publish(&self) -> Result<bool, BackupError> {
        let _turn = self.inner.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((folder, snapshot, taken)) = take::last(&self.inner.node).and_then(|last| {
            let snapshot = tasks::civil(last.at).parse::<u64>().ok()?;
            Some((last.folder?, snapshot, last.at))
        }) else {
            return Ok(false);
        };
        let before = self.listing();
        if before.as_ref().is_some_and(|had| had.head.snapshot == snapshot && Path::new(&had.folder) == folder) {
            return Ok(false);
        }
        fs::create_dir_all(&self.inner.dir).map_err(BackupError::io(&self.inner.dir))?;
        let identity = sealed(&folder, SealedName::Description)?.digest;
        let mut there = walk(&folder)?;
        let mut kept = match before.filter(|had| had.head.folder == identity) {
            Some(had) => self.listed(&had.head, &there).unwrap_or_default(),
            None => Vec::new(),
        };
        for file in &kept {
            let _ = there.remove(&file.name);
        }
        let mut names: Vec<SealedName> = there.into_keys().collect();
        names.sort();
        for name in names {
            kept.push(sealed(&folder, name)?);
        }
        let mut head = ListHead { folder: identity, snapshot, taken, files: 0, bytes: 0, pages: Vec::new() };
        for (place, page) in kept.chunks(KEPT_PAGE_MAX).take(KEPT_PAGES_MAX).enumerate() {
            let bytes = wire::encode(&ListPage(page.to_vec()));
            if self.page_path(place).metadata().is_err() || fs::read(self.page_path(place)).ok() != Some(bytes.clone())
            {
                write_whole(&self.page_path(place), &bytes)?;
            }
            head.pages.push(Digest::of(&bytes));
            head.files += u64::try_from(page.len()).unwrap_or(u64::MAX);
            head.bytes += page.iter().map(|file| file.bytes).sum::<u64>();
        }
        let listing = Listing { folder: folder.to_string_lossy().into_owned(), head };
        write_whole(&self.inner.dir.join("head"), &wire::encode(&listing))?;
        *self.inner.listing.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(listing));
        Ok(true)
    }

    /// What was listed before, where all of it is there and the pages are those of the head.
    fn listed(&self, head: &ListHead, there: &HashMap<SealedName, u64>) -> Option<Vec<SealedFile>> {
        let mut files = Vec::new();
        for (place, digest) in head.pages.iter().enumerate() {
            let bytes = fs::read(self.page_path(place)).ok().filter(|bytes| Digest::of(bytes) == *digest)?;
            files.extend(wire::decode::<ListPage>(&bytes).ok()?.0);
        }
        files.iter().all(|file| there.get(&file.name) == Some(&file.bytes)).then_some(files)
    }

    /// So many files drawn at random, each with its page and place.
    pub(crate) fn sample(&self, count: usize) -> Vec<(Digest, u32, SealedFile)> {
        let Some(listing) = self.listing() else { return Vec::new() };
        let total = usize::try_from(listing.head.files).unwrap_or(usize::MAX);
        let mut places: Vec<usize> = rand::seq::index::sample(&mut rand::rng(), total, count.min(total)).into_vec();
        places.sort_unstable();
        let (mut sample, mut open) = (Vec::new(), None);
        for place in places {
            let (page, within) = (place / KEPT_PAGE_MAX, place % KEPT_PAGE_MAX);
            let Some(digest) = listing.head.pages.get(page) else { continue };
            if open.as_ref().is_none_or(|(opened, _)| *opened != page) {
                let read = self.page(digest).and_then(|bytes| wire::decode::<ListPage>(&bytes).ok());
                open = read.map(|read| (page, read));
            }
            let file = open.as_ref().and_then(|(_, page)| page.0.get(within));
            if let (Some(file), Ok(within)) = (file, u32::try_from(within)) {
                sample.push((*digest, within, file.clone()));
            }
        }
        sample
    }

    /// What a keeper must answer of a file; `None` where our own is not there or not what it was.
    pub(crate) fn expected(&self, file: &SealedFile, key: &Digest) -> Option<Digest> {
        let path = Path::new(&self.listing()?.folder).join(file.name.path());
        let (digest, keyed) = hash_both(&path, key).ok()?;
        (digest == file.digest).then_some(keyed)
    }

    fn keepers(&self) -> MutexGuard<'_, Keepers> {
        self.inner.keepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a keeper's copy.
    pub(crate) fn told(&self, keeper: &SiteId) -> Told {
        self.keepers().0.iter().find(|(site, _)| site == keeper).map(|(_, told)| told.clone()).unwrap_or_default()
    }

    /// A keeper says how its copy stands.
    pub(crate) fn note_standing(&self, keeper: &SiteId, standing: Standing) {
        self.note(keeper, |told| told.standing = Some((standing, tasks::now())));
    }

    pub(crate) fn note_proved(&self, keeper: &SiteId, proved: Proved) {
        self.note(keeper, |told| told.proved = Some(proved));
    }

    fn note(&self, keeper: &SiteId, change: impl FnOnce(&mut Told)) {
        let mut keepers = self.keepers();
        let before = keepers.clone();
        match keepers.0.iter_mut().find(|(site, _)| site == keeper) {
            Some((_, told)) => change(told),
            None => {
                let mut told = Told::default();
                change(&mut told);
                keepers.0.push((*keeper, told));
            }
        }
        // When a keeper was last heard is not worth a write each time.
        if without_times(&before) == without_times(&keepers) {
            return;
        }
        let saved = fs::create_dir_all(&self.inner.dir)
            .map_err(BackupError::io(&self.inner.dir))
            .and_then(|()| write_whole(&self.inner.dir.join("told"), &wire::encode(&*keepers)));
        if let Err(error) = saved {
            tracing::warn!(%error, "what a keeper told is not kept over a restart");
        }
    }
}

fn without_times(keepers: &Keepers) -> Vec<(SiteId, Option<Standing>, Option<Proved>)> {
    keepers.0.iter().map(|(site, told)| (*site, told.standing.map(|(standing, _)| standing), told.proved)).collect()
}

/// Files of a backup folder and their sizes.
fn walk(folder: &Path) -> Result<HashMap<SealedName, u64>, BackupError> {
    let mut files = HashMap::new();
    let mut folders = vec![String::new(), "snapshots".to_owned()];
    for item in fs::read_dir(folder.join("data")).map_err(BackupError::io(folder))? {
        let name = item.map_err(BackupError::io(folder))?.file_name();
        folders.extend(name.to_str().map(|name| format!("data/{name}")));
    }
    for below in folders {
        let path = folder.join(&below);
        for item in fs::read_dir(&path).map_err(BackupError::io(&path))? {
            let item = item.map_err(BackupError::io(&path))?;
            let meta = item.metadata().map_err(BackupError::io(&path))?;
            let name = item.file_name().to_str().map(|name| format!("{below}/{name}"));
            let name = name.and_then(|name| SealedName::of(name.trim_start_matches('/')));
            if let Some(name) = name.filter(|_| meta.is_file()) {
                files.insert(name, meta.len());
            }
        }
    }
    Ok(files)
}

fn sealed(folder: &Path, name: SealedName) -> Result<SealedFile, BackupError> {
    let path = folder.join(name.path());
    let mut file = File::open(&path).map_err(BackupError::io(&path))?;
    let bytes = file.metadata().map_err(BackupError::io(&path))?.len();
    let digest = take::digest(&mut file, bytes).map_err(BackupError::io(&path))?;
    Ok(SealedFile { name, bytes, digest })
}

/// BLAKE3 of a file, plain and keyed.
pub(super) fn hash_both(path: &Path, key: &Digest) -> std::io::Result<(Digest, Digest)> {
    let mut file = File::open(path)?;
    let (mut plain, mut keyed) = (blake3::Hasher::new(), blake3::Hasher::new_keyed(&key.0));
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        plain.update(bytes);
        keyed.update(bytes);
    }
    Ok((Digest(*plain.finalize().as_bytes()), Digest(*keyed.finalize().as_bytes())))
}

/// Whole or not at all, and durable.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    use std::io::Write;
    debug_assert!(bytes.len() <= KEPT_LIST_BYTES_MAX);
    let fresh = path.with_extension("new");
    let write = || {
        let mut file = File::create(&fresh)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&fresh, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(BackupError::io(path))
}
