//! Putting a backup back, and what must happen before the node serves again.

use super::{BackupError, Copied, Kept, Snapshot, Vault, take::digest};
use crate::tasks::civil;
use protocol::wire;
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

/// Says, in a restored folder, which backup it came from.
pub(super) const MARK: &str = "restored";

/// Restores a snapshot (the newest where none is named) into a folder that is empty or absent; every file is compared
/// with the digest it had when it was copied. The mark that keeps the node from serving is written first.
///
/// # Errors
/// When anything of the snapshot is missing or not what it was.
pub(crate) fn restore(
    vault: &Vault,
    snapshot: Option<&str>,
    dir: &Path,
    each: &mut dyn FnMut(&Copied),
) -> Result<Copied, BackupError> {
    let name = match snapshot {
        Some(name) => vault.snapshots()?.into_iter().find(|known| known == name),
        None => vault.snapshots()?.pop(),
    };
    let name = name.ok_or(BackupError::NoSnapshot)?;
    let held = wire::decode::<Snapshot>(&vault.snapshot(&name)?).map_err(|_| BackupError::Damaged(name.clone()))?;
    make_folder(dir)?;
    if fs::read_dir(dir).map_err(BackupError::io(dir))?.next().is_some() {
        return Err(BackupError::NotEmpty(dir.to_owned()));
    }
    write(&dir.join(MARK), 0o600, |file| {
        use std::io::Write;
        file.write_all(format!("{}\n", civil(held.taken)).as_bytes()).map_err(BackupError::io(dir))
    })?;
    let (mut copied, mut folders) = (Copied::default(), BTreeSet::from([dir.to_owned()]));
    for file in &held.files {
        let path = dir.join(inside(&file.path).ok_or_else(|| BackupError::Damaged(file.path.clone()))?);
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(dir)) {
            folders.insert(folder.to_owned());
        }
        if let Some(folder) = path.parent() {
            make_folder(folder)?;
        }
        write(&path, file.mode & 0o777, |to| vault.get(&file.name, to))?;
        require(file, &path)?;
        copied.files += 1;
        copied.bytes += file.bytes;
        each(&copied);
    }
    for folder in folders {
        File::open(&folder).and_then(|file| file.sync_all()).map_err(BackupError::io(&folder))?;
    }
    Ok(copied)
}

fn make_folder(path: &Path) -> Result<(), BackupError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(BackupError::io(path))
}

/// A path that stays below the folder, whatever a snapshot says.
fn inside(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && path.components().next().is_some()).then(|| path.to_owned())
}

fn write(path: &Path, mode: u32, fill: impl FnOnce(&mut File) -> Result<(), BackupError>) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path).map_err(BackupError::io(path))?;
    fill(&mut file)?;
    file.sync_all().map_err(BackupError::io(path))
}

fn require(kept: &Kept, path: &Path) -> Result<(), BackupError> {
    let mut file = File::open(path).map_err(BackupError::io(path))?;
    let length = file.metadata().map_err(BackupError::io(path))?.len();
    let is_same = length == kept.bytes && digest(&mut file, length).is_ok_and(|digest| digest == kept.digest);
    if is_same { Ok(()) } else { Err(BackupError::Damaged(kept.path.clone())) }
}

/// Lets only a node serve that was not restored, or whose restoring an administrator confirmed.
///
/// # Errors
/// [`BackupError::Unconfirmed`] with the time of the backup.
pub(crate) fn require_confirmed(dir: &Path) -> Result<(), BackupError> {
    match fs::read_to_string(dir.join(MARK)) {
        Ok(taken) => Err(BackupError::Unconfirmed(taken.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io(&dir.join(MARK))(error)),
    }
}

/// An administrator has looked: the node may serve.
///
/// # Errors
/// [`BackupError::NothingToConfirm`] where nothing was restored.
pub(crate) fn confirm(dir: &Path) -> Result<String, BackupError> {
    let Err(BackupError::Unconfirmed(taken)) = require_confirmed(dir) else {
        return Err(BackupError::NothingToConfirm);
    };
    fs::remove_file(dir.join(MARK)).map_err(BackupError::io(dir))?;
    File::open(dir).and_then(|file| file.sync_all()).map_err(BackupError::io(dir))?;
    Ok(taken)
}
