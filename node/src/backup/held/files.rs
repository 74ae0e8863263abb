//! Sealed files as they arrive, are proved, written out and erased.

use super::{Amount, Held, amount, make};
use crate::backup::{
    BackupError, Copied,
    second::{hash_both, write_whole},
};
use protocol::{
    Digest, Refusal, SiteId,
    keeping::{SealedFile, SealedName},
    wire,
};
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// What a piece did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// The file goes on at this byte.
    More(u64),
    /// It is whole and what the owner signed.
    Whole,
    /// It is not what the owner signed; it begins anew.
    Corrupt,
}

/// No key: only the plain digest is wanted.
const UNKEYED: Digest = Digest([0; 32]);

impl Held {
    fn part(&self, owner: &SiteId, folder: &Digest, file: &SealedFile) -> PathBuf {
        self.folder(owner, folder).join("part").join(file.digest.to_string())
    }

    /// Where a file goes on that was begun.
    pub(crate) fn begun(&self, owner: &SiteId, folder: &Digest, file: &SealedFile) -> u64 {
        fs::metadata(self.part(owner, folder, file)).map_or(0, |meta| meta.len()).min(file.bytes)
    }

    /// Adds bytes of a file that begin where it was; the last ones put it in its place.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn append(
        &self,
        owner: &SiteId,
        folder: &Digest,
        file: &SealedFile,
        piece: &[u8],
    ) -> Result<Arrived, BackupError> {
        let part = self.part(owner, folder, file);
        let failed = BackupError::io(&part);
        let write = || {
            let mut to = OpenOptions::new().append(true).create(true).mode(0o600).open(&part)?;
            to.write_all(piece)?;
            let length = to.metadata()?.len();
            if length == file.bytes {
                to.sync_all()?;
            }
            Ok(length)
        };
        let length: u64 = write().map_err(failed)?;
        if length < file.bytes && !piece.is_empty() {
            return Ok(Arrived::More(length));
        }
        let read = hash_both(&part, &UNKEYED).map_err(BackupError::io(&part))?.0;
        if length != file.bytes || read != file.digest {
            fs::remove_file(&part).map_err(BackupError::io(&part))?;
            return Ok(Arrived::Corrupt);
        }
        let path = self.folder(owner, folder).join("copy").join(file.name.path());
        if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
            make(parent)?;
            self.touch(owner, parent);
        }
        fs::rename(&part, &path).map_err(BackupError::io(&path))?;
        self.touch(owner, &path);
        Ok(Arrived::Whole)
    }

    /// The keyed hash of a file, for its owner. One that is no longer what was signed is taken away, to be fetched again.
    ///
    /// # Errors
    /// [`Refusal::NotHeld`], [`Refusal::Corrupt`].
    pub(crate) fn prove(&self, owner: &SiteId, page: &Digest, place: u32, key: &Digest) -> Result<Digest, Refusal> {
        let heads = self.folders(owner);
        let head = heads.iter().rev().find(|head| head.pages.contains(page)).ok_or(Refusal::NotHeld)?;
        let listed = self.read_page(owner, &head.folder, page).map_err(|_| Refusal::NotHeld)?;
        let file = usize::try_from(place).ok().and_then(|place| listed.0.get(place)).ok_or(Refusal::NotHeld)?;
        let path = self.folder(owner, &head.folder).join("copy").join(file.name.path());
        match hash_both(&path, key) {
            Ok((digest, keyed)) if digest == file.digest => Ok(keyed),
            // Rotten, or sectors that cannot be read.
            outcome => {
                let is_gone = outcome.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                if is_gone {
                    self.changed(owner);
                    return Err(Refusal::NotHeld);
                }
                self.changed(owner);
                if let Err(error) = fs::remove_file(&path) {
                    tracing::error!(%error, "a rotten file of a second copy stays");
                }
                Err(Refusal::Corrupt)
            }
        }
    }

    /// Writes the copy of an owner's backup into a new folder, each file compared with the list the owner signed. How much
    /// was written, and how many files are not there or not what they were.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`] where nothing is kept; [`BackupError::NotEmpty`]; when a disk fails.
    pub(crate) fn export(
        &self,
        owner: &SiteId,
        to: &Path,
        each: &mut dyn FnMut(&Copied),
    ) -> Result<(Copied, u64), BackupError> {
        let heads = self.folders(owner);
        // The newest that is whole; failing that, the newest.
        let whole = heads.iter().rev().find(|head| self.whole(owner, &head.folder).is_some());
        let head = whole.or_else(|| heads.last()).ok_or_else(|| BackupError::NoBackup(self.of(owner)))?;
        make(to)?;
        if fs::read_dir(to).map_err(BackupError::io(to))?.next().is_some() {
            return Err(BackupError::NotEmpty(to.to_owned()));
        }
        let copy = self.folder(owner, &head.folder).join("copy");
        let (mut copied, mut bad) = (Copied::default(), 0);
        let mut names: Vec<SealedFile> = Vec::new();
        for page in &head.pages {
            names.extend(self.read_page(owner, &head.folder, page)?.0.iter().cloned());
        }
        // Snapshots last, as ever.
        names.sort_by_key(|file| matches!(file.name, SealedName::Snapshot(_)));
        for file in names {
            let (from, path) = (copy.join(file.name.path()), to.join(file.name.path()));
            make(path.parent().unwrap_or(to))?;
            match fs::copy(&from, &path) {
                Ok(_) => {}
                Err(error) if !from.is_file() => {
                    tracing::warn!(%error, "a file of a second copy is not there");
                    bad += 1;
                    continue;
                }
                Err(error) => return Err(BackupError::io(&path)(error)),
            }
            let read = hash_both(&path, &UNKEYED).map_err(BackupError::io(&path))?.0;
            if read != file.digest {
                bad += 1;
                continue;
            }
            File::open(&path).and_then(|file| file.sync_all()).map_err(BackupError::io(&path))?;
            copied.files += 1;
            copied.bytes += file.bytes;
            each(&copied);
        }
        File::open(to).and_then(|folder| folder.sync_all()).map_err(BackupError::io(to))?;
        Ok((copied, bad))
    }

    /// Erases all that is kept for an owner. How much that was, also where an erasure was cut off before.
    ///
    /// # Errors
    /// When the disk fails: the rest is erased the next time.
    pub(crate) fn erase(&self, owner: &SiteId) -> Result<Option<Amount>, BackupError> {
        let dir = self.of(owner);
        if !dir.exists() {
            return Ok(None);
        }
        let note = dir.join("erasing");
        let begun = fs::read(&note).ok().and_then(|bytes| wire::decode::<Amount>(&bytes).ok());
        let all = match begun {
            Some(all) => all,
            None => {
                let folders = self.folders(owner).into_iter().map(|head| self.folder(owner, &head.folder).join("copy"));
                let all = folders.map(|folder| amount(&folder)).fold(Amount::default(), |a, b| Amount {
                    files: a.files + b.files,
                    bytes: a.bytes.saturating_add(b.bytes),
                });
                write_whole(&note, &wire::encode(&all))?;
                all
            }
        };
        for item in fs::read_dir(&dir).map_err(BackupError::io(&dir))? {
            let path = item.map_err(BackupError::io(&dir))?.path();
            if path.is_dir() {
                fs::remove_dir_all(&path).map_err(BackupError::io(&path))?;
            }
        }
        let _ = self.note_halt(owner, None);
        self.changed(owner);
        Ok(Some(all))
    }

    /// The receipt is on its way: nothing is left to say of what was erased.
    ///
    /// # Errors
    /// When the disk fails.
    pub(crate) fn forget(&self, owner: &SiteId) -> Result<(), BackupError> {
        let dir = self.of(owner);
        fs::remove_dir_all(&dir).map_err(BackupError::io(&dir))
    }
}
