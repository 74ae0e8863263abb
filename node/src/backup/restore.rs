//! Putting a backup back, and what must happen before the node serves again.

use super::{BackupError, Copied, Kept, Snapshot, Vault, take::digest};
use crate::tasks::civil;
use protocol::{SiteId, Uid, wire};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

/// Says, in a restored folder, which backup it came from.
pub(super) const MARK: &str = "restored";
/// Studies that peers know and the restored node does not.
pub(super) const FORGOTTEN: &str = "restored.forgotten";

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

/// Of which backup the node was restored, while it is not known to be current.
///
/// # Errors
/// When the mark cannot be read: it is restored then, as far as one knows.
pub(crate) fn restored(dir: &Path) -> Result<Option<String>, BackupError> {
    match fs::read_to_string(dir.join(MARK)) {
        Ok(taken) => Ok(Some(taken.trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(BackupError::io(&dir.join(MARK))(error)),
    }
}

/// Takes the mark away: the node may serve peers. Gives the time of the backup.
///
/// # Errors
/// [`BackupError::NothingToConfirm`] where nothing was restored.
pub(crate) fn confirm(dir: &Path) -> Result<String, BackupError> {
    let taken = restored(dir)?.ok_or(BackupError::NothingToConfirm)?;
    fs::remove_file(dir.join(MARK)).map_err(BackupError::io(dir))?;
    File::open(dir).and_then(|file| file.sync_all()).map_err(BackupError::io(dir))?;
    Ok(taken)
}

/// A study of ours that a peer knows, and that the restored node does not have, or has as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Forgotten {
    pub(crate) study: Uid,
    /// The peer that knows it.
    pub(crate) site: SiteId,
    /// Version of the card it has.
    pub(crate) version: u64,
    pub(crate) instances: u32,
    /// Of them, whole in its copy.
    pub(crate) copied: u32,
}

/// Keeps the list for people to look at.
///
/// # Errors
/// When the disk fails.
pub(crate) fn note_forgotten(dir: &Path, forgotten: &[Forgotten]) -> Result<(), BackupError> {
    let path = dir.join(FORGOTTEN);
    let fresh = path.with_extension("new");
    let text = serde_json::to_vec(forgotten).unwrap_or_default();
    fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &path)).map_err(BackupError::io(&path))
}

/// The list; empty where there is none.
pub(crate) fn forgotten(dir: &Path) -> Vec<Forgotten> {
    fs::read(dir.join(FORGOTTEN)).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}
