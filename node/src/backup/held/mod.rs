//! The keeper's side of a second copy: sealed files of a peer's backup, which nobody here can read.
//!
//! ```text
//! spare/<owner>/<folder>/copy/     the backup folder, as it is at the owner's
//! spare/<owner>/<folder>/head      the head of its list, as the owner signed it
//! spare/<owner>/<folder>/pages/…   the list's pages, by digest
//! spare/<owner>/<folder>/part/…    files on their way, by digest
//! spare/<owner>/<folder>/whole     of which snapshot all is there, and since when
//! spare/<owner>/erasing            how much is being erased
//! ```
//! A file is under its name when all its bytes are on disk and are those of the list; what counts for the owner are
//! folders that were synced since. Data comes before the snapshots that name it, so that a copy that was cut off holds
//! every snapshot it has.
//!
//! # At a crash
//! The folder itself says what is there. A file on its way goes on from its length; should the crash have hurt it, its
//! digest tells and it begins anew. An erasure that was cut off is finished, and says all that it erased.
//!
//! # Not here
//! What may be kept of whom: `trust`. Fetching: `spare`. Reading: nobody; the owner's passphrase is not here.

mod files;
#[cfg(test)]
mod tests;

pub(crate) use files::Arrived;

use super::{BackupError, second::write_whole};
use crate::tasks;
use protocol::{
    Digest, Signed, SiteId, Timestamp,
    keeping::{Halt, ListHead, ListPage, SealedFile, SealedName, Standing},
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

const FOLDER: &str = "spare";
/// Files in one plan: a list of millions is gone through in some rounds, and never lies in memory whole.
const PLANNED_MAX: usize = 65_536;
const DAY_MS: u64 = 86_400_000;

/// Of which snapshot all is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Whole {
    snapshot: u64,
    taken: Timestamp,
    since: Timestamp,
}

impl Wire for Whole {
    const VERSION: u8 = 1;
    const NAME: &'static str = "a whole second copy";
}

/// What is still to come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) folder: Option<Digest>,
    /// In the order to fetch them; at most [`PLANNED_MAX`], those that come first.
    pub(crate) missing: Vec<SealedFile>,
    pub(crate) missing_files: u64,
    pub(crate) missing_bytes: u64,
    /// Of the list, on disk.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Bytes of earlier folders of the same owner.
    pub(crate) other_bytes: u64,
}

/// Erased, or to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amount {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl Wire for Amount {
    const VERSION: u8 = 1;
    const NAME: &'static str = "amount erased";
}

/// All that is kept for peers. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    /// Folders with new files, to be synced.
    touched: Mutex<BTreeMap<SiteId, BTreeSet<PathBuf>>>,
    halts: Mutex<BTreeMap<SiteId, Halt>>,
    /// How copies stand, where nothing changed since it was looked at.
    standings: Mutex<BTreeMap<SiteId, Standing>>,
    /// The page read last.
    pages: Mutex<Option<(PathBuf, Arc<ListPage>)>>,
}

impl Held {
    /// Of a node's folder.
    pub(crate) fn open(node: &Path) -> Self {
        let root = node.join(FOLDER);
        let (touched, halts, standings, pages) = Default::default();
        Self { inner: Arc::new(Inner { root, touched, halts, standings, pages }) }
    }

    fn of(&self, owner: &SiteId) -> PathBuf {
        self.inner.root.join(owner.to_string())
    }

    fn folder(&self, owner: &SiteId, folder: &Digest) -> PathBuf {
        self.of(owner).join(folder.to_string())
    }

    /// Whose copies lie here.
    pub(crate) fn owners(&self) -> Vec<SiteId> {
        let items = fs::read_dir(&self.inner.root).into_iter().flatten().filter_map(Result::ok);
        items.filter_map(|item| item.file_name().to_str()?.parse().ok()).collect()
    }

    /// Folders of an owner, the newest list last.
    fn folders(&self, owner: &SiteId) -> Vec<ListHead> {
        let items = fs::read_dir(self.of(owner)).into_iter().flatten().filter_map(Result::ok);
        let read = |path: PathBuf| {
            let signed: Signed<ListHead> = wire::decode(&fs::read(path.join("head")).ok()?).ok()?;
            signed.open(owner).ok().filter(|head| path.ends_with(head.folder.to_string()))
        };
        let mut heads: Vec<ListHead> = items.filter_map(|item| read(item.path())).collect();
        heads.sort_by_key(|head| head.taken);
        heads
    }

    /// The list that is being copied or was.
    pub(crate) fn head(&self, owner: &SiteId) -> Option<ListHead> {
        self.folders(owner).pop()
    }

    /// Whether a page of a list is here.
    pub(crate) fn has_page(&self, owner: &SiteId, folder: &Digest, page: &Digest) -> bool {
        self.page_path(owner, folder, page).is_file()
    }

    fn page_path(&self, owner: &SiteId, folder: &Digest, page: &Digest) -> PathBuf {
        self.folder(owner, folder).join("pages").join(page.to_string())
    }

    /// Keeps a page. `false`: it is not the one that the head names.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn put_page(
        &self,
        owner: &SiteId,
        folder: &Digest,
        page: &Digest,
        bytes: &[u8],
    ) -> Result<bool, BackupError> {
        if Digest::of(bytes) != *page || wire::decode::<ListPage>(bytes).is_err() {
            return Ok(false);
        }
        let path = self.page_path(owner, folder, page);
        make(path.parent().unwrap_or(&path))?;
        write_whole(&path, bytes)?;
        Ok(true)
    }

    /// Takes a list over, all pages of which are here. Pages of the one before go.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn adopt(&self, owner: &SiteId, signed: &Signed<ListHead>, head: &ListHead) -> Result<(), BackupError> {
        let folder = self.folder(owner, &head.folder);
        for below in ["copy/data", "copy/snapshots", "pages", "part"] {
            make(&folder.join(below))?;
        }
        write_whole(&folder.join("head"), &wire::encode(signed))?;
        self.changed(owner);
        // Begun anew before it was erased.
        let _ = fs::remove_file(self.of(owner).join("erasing"));
        for item in fs::read_dir(folder.join("pages")).into_iter().flatten().filter_map(Result::ok) {
            let is_listed = head.pages.iter().any(|page| item.file_name().to_str() == Some(&page.to_string()));
            if !is_listed {
                let _ = fs::remove_file(item.path());
            }
        }
        Ok(())
    }

    fn read_page(&self, owner: &SiteId, folder: &Digest, page: &Digest) -> Result<Arc<ListPage>, BackupError> {
        let path = self.page_path(owner, folder, page);
        let mut open = self.inner.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, read)) = open.as_ref().filter(|(opened, _)| *opened == path) {
            return Ok(read.clone());
        }
        let bytes = fs::read(&path).map_err(BackupError::io(&path))?;
        let damaged = || BackupError::Damaged(page.to_string());
        if Digest::of(&bytes) != *page {
            // It is fetched again.
            let _ = fs::remove_file(&path);
            return Err(damaged());
        }
        let read = Arc::new(wire::decode::<ListPage>(&bytes).map_err(|_| damaged())?);
        *open = Some((path, read.clone()));
        Ok(read)
    }

    /// What the newest list names and is not here.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub(crate) fn plan(&self, owner: &SiteId) -> Result<Plan, BackupError> {
        let Some(head) = self.head(owner) else { return Ok(Plan::default()) };
        let copy = self.folder(owner, &head.folder).join("copy");
        let (mut plan, mut last) = (Plan { folder: Some(head.folder), ..Plan::default() }, Vec::new());
        for page in &head.pages {
            for file in &self.read_page(owner, &head.folder, page)?.0 {
                let is_here = fs::metadata(copy.join(file.name.path())).is_ok_and(|meta| meta.len() == file.bytes);
                if is_here {
                    plan.files += 1;
                    plan.bytes = plan.bytes.saturating_add(file.bytes);
                } else {
                    plan.missing_files += 1;
                    plan.missing_bytes = plan.missing_bytes.saturating_add(file.bytes);
                    let kind = if matches!(file.name, SealedName::Data(_)) { &mut plan.missing } else { &mut last };
                    if kind.len() < PLANNED_MAX {
                        kind.push(file.clone());
                    }
                }
            }
        }
        if plan.missing.len() < PLANNED_MAX {
            // How the key is made, then the snapshots.
            last.sort_by_key(|file| matches!(file.name, SealedName::Snapshot(_)));
            plan.missing.extend(last);
        }
        let others = self.folders(owner).into_iter().filter(|other| other.folder != head.folder);
        plan.other_bytes = others.map(|other| amount(&self.folder(owner, &other.folder).join("copy")).bytes).sum();
        Ok(plan)
    }

    fn whole(&self, owner: &SiteId, folder: &Digest) -> Option<Whole> {
        wire::decode(&fs::read(self.folder(owner, folder).join("whole")).ok()?).ok()
    }

    /// Nothing is missing of the newest list: says so, and keeps it.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn note_whole(&self, owner: &SiteId, head: &ListHead) -> Result<(), BackupError> {
        self.settle(owner)?;
        let whole = Whole { snapshot: head.snapshot, taken: head.taken, since: tasks::now() };
        if self.whole(owner, &head.folder).is_some_and(|known| known.snapshot == whole.snapshot) {
            return Ok(());
        }
        write_whole(&self.folder(owner, &head.folder).join("whole"), &wire::encode(&whole))?;
        self.changed(owner);
        Ok(())
    }

    /// How the copy stands.
    ///
    /// # Errors
    /// When it cannot be read or synced.
    pub(crate) fn standing(&self, owner: &SiteId) -> Result<Standing, BackupError> {
        self.settle(owner)?;
        let known = self.standings().get(owner).copied();
        if let Some(known) = known {
            return Ok(Standing { halt: self.halts().get(owner).copied(), ..known });
        }
        let plan = self.plan(owner)?;
        let wholes = self.folders(owner).into_iter().filter_map(|head| self.whole(owner, &head.folder));
        let whole = wholes.max_by_key(|whole| whole.taken).map(|whole| (whole.snapshot, whole.taken));
        let halt = self.halts().get(owner).copied();
        let Plan { files, bytes, missing_files, missing_bytes, .. } = plan;
        let standing = Standing { whole, files, bytes, missing_files, missing_bytes, halt };
        self.standings().insert(*owner, standing);
        Ok(standing)
    }

    fn standings(&self) -> MutexGuard<'_, BTreeMap<SiteId, Standing>> {
        self.inner.standings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is looked at anew.
    fn changed(&self, owner: &SiteId) {
        self.standings().remove(owner);
    }

    fn halts(&self) -> MutexGuard<'_, BTreeMap<SiteId, Halt>> {
        self.inner.halts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing more is copied; whether that is news.
    pub(crate) fn note_halt(&self, owner: &SiteId, halt: Option<Halt>) -> bool {
        let mut halts = self.halts();
        let before = match halt {
            Some(halt) => halts.insert(*owner, halt),
            None => halts.remove(owner),
        };
        before != halt
    }

    /// Syncs folders that got files.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn settle(&self, owner: &SiteId) -> Result<(), BackupError> {
        let touched = {
            let mut touched = self.inner.touched.lock().unwrap_or_else(PoisonError::into_inner);
            touched.remove(owner).unwrap_or_default()
        };
        for folder in touched {
            File::open(&folder).and_then(|file| file.sync_all()).map_err(BackupError::io(&folder))?;
        }
        Ok(())
    }

    fn touch(&self, owner: &SiteId, path: &Path) {
        let mut touched = self.inner.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched.entry(*owner).or_default().extend(path.parent().map(Path::to_owned));
        drop(touched);
        self.changed(owner);
    }

    /// Erases folders that a newer one took the place of, so many days after that was whole. How much that was.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn supersede(&self, owner: &SiteId, days: u32) -> Result<Amount, BackupError> {
        let mut heads = self.folders(owner);
        let mut gone = Amount::default();
        let Some(whole) = heads.pop().and_then(|head| self.whole(owner, &head.folder)) else { return Ok(gone) };
        if tasks::now().0 < whole.since.0.saturating_add(u64::from(days) * DAY_MS) {
            return Ok(gone);
        }
        for head in heads {
            let folder = self.folder(owner, &head.folder);
            let was = amount(&folder.join("copy"));
            fs::remove_dir_all(&folder).map_err(BackupError::io(&folder))?;
            gone = Amount { files: gone.files + was.files, bytes: gone.bytes + was.bytes };
        }
        Ok(gone)
    }
}

fn make(path: &Path) -> Result<(), BackupError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(BackupError::io(path))
}

/// Files below a folder.
fn amount(folder: &Path) -> Amount {
    let (mut waiting, mut amount) = (vec![folder.to_owned()], Amount::default());
    while let Some(folder) = waiting.pop() {
        for item in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            match item.metadata() {
                Ok(meta) if meta.is_dir() => waiting.push(item.path()),
                Ok(meta) => {
                    amount.files += 1;
                    amount.bytes = amount.bytes.saturating_add(meta.len());
                }
                Err(_) => {}
            }
        }
    }
    amount
}
