//! The folder of a backup: sealed files by name.
//!
//! ```text
//! confrere.backup   JSON: format, argon2id cost and salt, a sealed check
//! data/ab/<name>    name: 64 hex digits, a keyed hash of what the content is known by
//! snapshots/<time>  sealed lists
//! ```
//! Each file is sealed by [`crate::seal`] under its name.

use super::{BackupError, PASSPHRASE_CHARS_MIN};
use crate::seal::Key;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const DESCRIPTION: &str = "confrere.backup";
const SALT: usize = 16;
/// KiB, passes, lanes: half a second, once a backup.
const COST: (u32, u32, u32) = (128 * 1024, 3, 1);
const COST_MAX: (u32, u32, u32) = (1024 * 1024, 16, 4);

#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    check: String,
}

/// A backup folder that was opened with its passphrase.
pub(crate) struct Vault {
    dir: PathBuf,
    key: Key,
    /// Folders with new files, to be synced.
    touched: BTreeSet<PathBuf>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.dir.display())
    }
}

fn key_of(passphrase: &str, salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Option<Key> {
    let params = argon2::Params::new(memory, passes, lanes, Some(32)).ok()?;
    let argon = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut key = Zeroizing::new([0; 32]);
    argon.hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice()).ok()?;
    Some(Key::new(key))
}

impl Vault {
    /// Opens a backup folder, or begins one where there is none.
    ///
    /// # Errors
    /// [`BackupError::Passphrase`] for another one than it was begun with.
    pub(crate) fn open_or_begin(dir: &Path, passphrase: &str) -> Result<Self, BackupError> {
        if dir.join(DESCRIPTION).exists() {
            return Self::open(dir, passphrase);
        }
        if passphrase.chars().count() < PASSPHRASE_CHARS_MIN {
            return Err(BackupError::ShortPassphrase);
        }
        for folder in [dir.to_owned(), dir.join("data"), dir.join("snapshots")] {
            fs::create_dir_all(&folder).map_err(BackupError::io(&folder))?;
        }
        let salt: [u8; SALT] = rand::random();
        let no_backup = || BackupError::NoBackup(dir.to_owned());
        let key = key_of(passphrase, &salt, COST).ok_or_else(no_backup)?;
        let check = HEXLOWER.encode(key.hash(b"check").as_bytes());
        let (memory_kib, passes, lanes) = COST;
        let description = Description { format: 1, memory_kib, passes, lanes, salt: HEXLOWER.encode(&salt), check };
        let text = serde_json::to_vec_pretty(&description).map_err(|_| no_backup())?;
        let mut vault = Self { dir: dir.to_owned(), key, touched: BTreeSet::new() };
        vault.write_whole(&dir.join(DESCRIPTION), &text)?;
        vault.settle()?;
        Ok(vault)
    }

    /// Opens a backup folder.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`], [`BackupError::Passphrase`].
    pub(crate) fn open(dir: &Path, passphrase: &str) -> Result<Self, BackupError> {
        let no_backup = || BackupError::NoBackup(dir.to_owned());
        let text = fs::read(dir.join(DESCRIPTION)).map_err(|_| no_backup())?;
        let told: Description = serde_json::from_slice(&text).map_err(|_| no_backup())?;
        let cost = (told.memory_kib, told.passes, told.lanes);
        // The folder may come from outside: it must not make us work for ever.
        if told.format != 1 || cost.0 > COST_MAX.0 || cost.1 > COST_MAX.1 || cost.2 > COST_MAX.2 {
            return Err(no_backup());
        }
        let salt = HEXLOWER.decode(told.salt.as_bytes()).map_err(|_| no_backup())?;
        let key = key_of(passphrase, &salt, cost).ok_or_else(no_backup)?;
        let check = HEXLOWER.decode(told.check.as_bytes()).map_err(|_| no_backup())?;
        match <[u8; 32]>::try_from(check.as_slice()) {
            // Compared in constant time.
            Ok(check) if key.hash(b"check") == check => Ok(Self { dir: dir.to_owned(), key, touched: BTreeSet::new() }),
            _ => Err(BackupError::Passphrase),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.dir
    }

    /// What something is called in the backup, by what it is known by.
    pub(super) fn name(&self, kind: &str, known_by: &[u8]) -> String {
        self.key.name(kind, known_by)
    }

    fn data(&self, name: &str) -> PathBuf {
        self.dir.join("data").join(name.get(..2).unwrap_or("00")).join(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.data(name).is_file()
    }

    /// Seals what `from` gives under a name.
    pub(super) fn put(&mut self, name: &str, from: &mut dyn Read) -> Result<(), BackupError> {
        let path = self.data(name);
        if let Some(folder) = path.parent()
            && !folder.exists()
        {
            fs::create_dir_all(folder).map_err(BackupError::io(folder))?;
            self.touched.insert(self.dir.join("data"));
        }
        self.seal(name, &path, from)
    }

    fn seal(&mut self, name: &str, path: &Path, from: &mut dyn Read) -> Result<(), BackupError> {
        let fresh = path.with_extension("new");
        let failed = BackupError::io(&fresh);
        let mut write = || -> io::Result<()> {
            let mut sealer = self.key.sealer(name, File::create(&fresh)?)?;
            io::copy(from, &mut sealer)?;
            sealer.finish()?.sync_data()?;
            fs::rename(&fresh, path)
        };
        write().map_err(failed)?;
        self.touched.extend(path.parent().map(Path::to_owned));
        Ok(())
    }

    /// Opens what was sealed under a name into `to`.
    pub(super) fn get(&self, name: &str, to: &mut dyn Write) -> Result<(), BackupError> {
        self.unseal(name, &self.data(name), to)
    }

    fn unseal(&self, name: &str, path: &Path, to: &mut dyn Write) -> Result<(), BackupError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData => BackupError::Damaged(name.to_owned()),
            _ => BackupError::io(path)(error),
        };
        let file = File::open(path).map_err(failed)?;
        io::copy(&mut self.key.opener(name, file).map_err(failed)?, to).map_err(failed)?;
        Ok(())
    }

    /// Keeps a snapshot, after everything it names is on disk.
    pub(super) fn put_snapshot(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.settle()?;
        let path = self.dir.join("snapshots").join(name);
        self.seal(name, &path, &mut &*bytes)?;
        self.settle()
    }

    /// Names of the snapshots, oldest first.
    pub(crate) fn snapshots(&self) -> Result<Vec<String>, BackupError> {
        let folder = self.dir.join("snapshots");
        let mut names = Vec::new();
        for item in fs::read_dir(&folder).map_err(BackupError::io(&folder))? {
            let name = item.map_err(BackupError::io(&folder))?.file_name();
            names.extend(name.to_str().filter(|name| !name.contains('.')).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    pub(super) fn snapshot(&self, name: &str) -> Result<Vec<u8>, BackupError> {
        let mut bytes = Vec::new();
        self.unseal(name, &self.dir.join("snapshots").join(name), &mut bytes)?;
        Ok(bytes)
    }

    fn write_whole(&mut self, path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
        let write = || -> io::Result<()> {
            let fresh = path.with_extension("new");
            let mut file = File::create(&fresh)?;
            file.write_all(bytes)?;
            file.sync_data()?;
            fs::rename(&fresh, path)
        };
        write().map_err(BackupError::io(path))?;
        self.touched.extend(path.parent().map(Path::to_owned));
        Ok(())
    }

    fn settle(&mut self) -> Result<(), BackupError> {
        for folder in std::mem::take(&mut self.touched) {
            File::open(&folder).and_then(|file| file.sync_all()).map_err(BackupError::io(&folder))?;
        }
        Ok(())
    }
}
