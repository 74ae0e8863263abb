//! Taking a backup.

use super::{BackupError, Copied, Kept, Last, Snapshot, Vault};
use crate::tasks::{self, civil};
use protocol::{Digest, SiteId, wire};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// Folders that are copied, in this order, after the files of the node's folder itself: see the module above.
const FOLDERS: [&str; 5] = ["journal", "attachments", "commitments", "manifests", "objects"];
/// Of one process, or said anew by a start.
const LEFT_OUT: [&str; 9] = [
    "alarms.state",
    "archive.state",
    LAST,
    "confrere.lock",
    "control.sock",
    "restored",
    "restored.forgotten",
    "scrub.last",
    "scrub.state",
];
/// Says when the last backup was taken, for those who watch over it.
const LAST: &str = "backup.last";

/// The last backup that was taken of this folder, as far as it says.
pub(crate) fn last(dir: &Path) -> Option<Last> {
    fs::read(dir.join(LAST)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
}

/// Copies what is new of a node's folder and leaves a snapshot; the node may run. Gives the snapshot's name.
///
/// # Errors
/// When either side cannot be read or written. There is no new snapshot then.
pub(crate) fn take(
    dir: &Path,
    site: SiteId,
    vault: &mut Vault,
    each: &mut dyn FnMut(&Copied),
) -> Result<(String, Copied), BackupError> {
    let mut before = HashMap::new();
    if let Some(last) = vault.snapshots()?.last() {
        let held = wire::decode::<Snapshot>(&vault.snapshot(last)?).map_err(|_| BackupError::Damaged(last.clone()))?;
        if held.site != site {
            return Err(BackupError::OtherSite(held.site.to_string()));
        }
        // Objects never change: one that was copied is not read again.
        let objects = held.files.into_iter().filter(|kept| kept.path.starts_with("objects/"));
        before.extend(objects.map(|kept| (kept.path.clone(), kept)));
    }
    let (taken, folder) = (tasks::now(), vault.folder().to_owned());
    let mut work = Work { vault, before, files: Vec::new(), copied: Copied::default(), each };
    work.files_of(dir)?;
    for folder in FOLDERS {
        let path = dir.join(folder);
        if path.exists() {
            work.walk(&path, folder)?;
        }
    }
    let Work { files, copied, .. } = work;
    let name = civil(taken);
    vault.put_snapshot(&name, &wire::encode(&Snapshot { taken, site, files }))?;
    let folder = Some(folder);
    let last = serde_json::to_vec(&Last { at: taken, new_bytes: copied.new_bytes, folder }).unwrap_or_default();
    fs::write(dir.join(LAST), last).map_err(BackupError::io(dir))?;
    Ok((name, copied))
}

struct Work<'a> {
    vault: &'a mut Vault,
    before: HashMap<String, Kept>,
    files: Vec<Kept>,
    copied: Copied,
    each: &'a mut dyn FnMut(&Copied),
}

impl Work<'_> {
    /// Settings, keys and certificates lie in the folder itself.
    fn files_of(&mut self, dir: &Path) -> Result<(), BackupError> {
        for name in names_in(dir)? {
            let path = dir.join(&name);
            let is_wanted = path.is_file() && !LEFT_OUT.contains(&name.as_str()) && !is_on_its_way(&name);
            if is_wanted {
                self.walk(&path, &name)?;
            }
        }
        Ok(())
    }

    fn walk(&mut self, path: &Path, below: &str) -> Result<(), BackupError> {
        let meta = fs::symlink_metadata(path).map_err(BackupError::io(path))?;
        if meta.is_file() {
            return self.file(path, below, &meta);
        }
        if !meta.is_dir() || below == "objects/tmp" {
            return Ok(());
        }
        for name in names_in(path)? {
            if !is_on_its_way(&name) {
                self.walk(&path.join(&name), &format!("{below}/{name}"))?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, below: &str, meta: &fs::Metadata) -> Result<(), BackupError> {
        if let Some(kept) =
            self.before.remove(below).filter(|kept| kept.bytes == meta.len() && self.vault.has(&kept.name))
        {
            self.keep(kept);
            return Ok(());
        }
        let mut file = File::open(path).map_err(BackupError::io(path))?;
        // A journal's last segment grows; what it has now is what is copied.
        let bytes = meta.len();
        let digest = digest(&mut file, bytes).map_err(BackupError::io(path))?;
        let name = self.vault.name("file", &digest.0);
        if !self.vault.has(&name) {
            let file = File::open(path).map_err(BackupError::io(path))?;
            self.vault.put(&name, &mut file.take(bytes))?;
            self.copied.new_files += 1;
            self.copied.new_bytes += bytes;
        }
        let mode = meta.permissions().mode() & 0o777;
        self.keep(Kept { path: below.to_owned(), bytes, digest, name, mode });
        Ok(())
    }

    fn keep(&mut self, kept: Kept) {
        self.copied.files += 1;
        self.copied.bytes += kept.bytes;
        self.files.push(kept);
        (self.each)(&self.copied);
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Vec::new();
    for item in fs::read_dir(folder).map_err(BackupError::io(folder))? {
        names.extend(item.map_err(BackupError::io(folder))?.file_name().to_str().map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// What is written under such a name gets its own in a moment, or never.
fn is_on_its_way(name: &str) -> bool {
    name.ends_with(".new") || name == "fresh"
}

/// BLAKE3 of the first bytes of a file, which must be there.
pub(super) fn digest(file: &mut File, bytes: u64) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let read = io::copy(&mut file.take(bytes), &mut hasher)?;
    if read != bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}
