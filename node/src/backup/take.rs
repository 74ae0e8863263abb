//! Taking a backup.

use super::{BackupError, Copied, Kept, Snapshot, Vault};
use crate::tasks::{self, civil};
use protocol::{Digest, SiteId, wire};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::Path,
};

/// What of a node's folder is copied, in this order: see the module above.
const PARTS: [&str; 7] = ["journal", "confrere.toml", "site.key", "portal.crt", "portal.key", "manifests", "objects"];

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
    let taken = tasks::now();
    let mut work = Work { vault, before, files: Vec::new(), copied: Copied::default(), each };
    for part in PARTS {
        let path = dir.join(part);
        if path.exists() {
            work.walk(&path, part)?;
        }
    }
    let Work { files, copied, .. } = work;
    let name = civil(taken);
    vault.put_snapshot(&name, &wire::encode(&Snapshot { taken, site, files }))?;
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
    fn walk(&mut self, path: &Path, below: &str) -> Result<(), BackupError> {
        let meta = fs::symlink_metadata(path).map_err(BackupError::io(path))?;
        if meta.is_file() {
            return self.file(path, below, &meta);
        }
        if !meta.is_dir() || below == "objects/tmp" {
            return Ok(());
        }
        let mut names = Vec::new();
        for item in fs::read_dir(path).map_err(BackupError::io(path))? {
            names.extend(item.map_err(BackupError::io(path))?.file_name().to_str().map(str::to_owned));
        }
        names.sort();
        for name in names {
            // What is written under such a name gets its own in a moment, or never.
            if !(name.ends_with(".new") || name == "fresh") {
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

/// BLAKE3 of the first bytes of a file, which must be there.
pub(super) fn digest(file: &mut File, bytes: u64) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let read = io::copy(&mut file.take(bytes), &mut hasher)?;
    if read != bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}
