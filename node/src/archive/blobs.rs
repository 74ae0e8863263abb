//! Objects on disk: `objects/ab/<digest>.dcm`, `objects/tmp/` for what is on its way, `objects/rotten/` for what is no
//! longer what was stored.
//!
//! The 256 folders are made and synced when the archive opens: an instance's folder is then never newer than the disk
//! knows, whoever comes first and whatever fails.
//!
//! # At a crash
//! A file under `tmp` belongs to nobody and goes at the next start. A file under its digest is whole where a record names
//! it, since it was synced before the record was written; or it is a small one, and the journal has its bytes
//! ([`super::small`]). Where none does, it may be torn, and goes too.
//!
//! # Not here
//! What the files hold, and whether a record names them.

use super::{IngestError, rows::InstanceRow};
use protocol::Digest;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

#[derive(Debug)]
pub(super) struct Blobs {
    objects: PathBuf,
    tmp: PathBuf,
    rotten: PathBuf,
    free_bytes_min: u64,
}

/// A file on its way. Dropped before it is placed, it goes.
#[derive(Debug)]
pub(super) struct Temp {
    pub(super) file: File,
    path: Option<PathBuf>,
}

impl Drop for Temp {
    fn drop(&mut self) {
        if let Some(path) = self.path.take()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::debug!(%error, "a temporary file stays until the next start");
        }
    }
}

impl Temp {
    fn rename(mut self, to: &Path) -> io::Result<()> {
        if let Some(from) = &self.path {
            fs::rename(from, to)?;
        }
        self.path = None;
        Ok(())
    }

    /// Writes a file that has its name already; where that fails, the file goes.
    fn fill(mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.path = None;
        Ok(())
    }
}

impl Blobs {
    pub(super) fn open(dir: &Path, free_bytes_min: u64) -> io::Result<Self> {
        let objects = dir.join("objects");
        let tmp = objects.join("tmp");
        let rotten = objects.join("rotten");
        fs::create_dir_all(&tmp)?;
        fs::create_dir_all(&rotten)?;
        for shard in 0..=u8::MAX {
            match fs::create_dir(objects.join(format!("{shard:02x}"))) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        // Also what an earlier start made and did not come to sync.
        File::open(&objects)?.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Self { objects, tmp, rotten, free_bytes_min })
    }

    /// Where what is set aside lies.
    pub(super) fn rotten(&self) -> &Path {
        &self.rotten
    }

    pub(super) fn folder(&self, digest: &Digest) -> PathBuf {
        self.objects.join(format!("{:02x}", digest.0[0]))
    }

    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder(digest).join(format!("{digest}.dcm"))
    }

    /// Whether the file of an instance is there with its whole length.
    pub(super) fn has(&self, instance: &InstanceRow) -> bool {
        let entry = &instance.entry;
        let wanted = entry.bytes + u64::from(instance.meta_bytes);
        fs::metadata(self.path(&entry.digest)).is_ok_and(|m| m.len() == wanted)
    }

    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let stat = nix::sys::statvfs::statvfs(&self.objects)?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    pub(super) fn require_room(&self, bytes: u64) -> Result<(), IngestError> {
        let free = self.free_bytes().map_err(IngestError::from)?;
        if free < bytes.saturating_add(self.free_bytes_min) { Err(IngestError::NoSpace) } else { Ok(()) }
    }

    pub(super) fn temp(&self) -> io::Result<Temp> {
        let path = self.tmp.join(crate::tasks::random_id().to_string());
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
        Ok(Temp { file, path: Some(path) })
    }

    /// Gives a file its name and sees its bytes to disk; where that fails, the file goes. The folder is the journal's to
    /// sync: a file system that has just made the bytes durable, and the name with them, has little left to do then.
    pub(super) fn place(&self, mut temp: Temp, digest: &Digest) -> io::Result<()> {
        let path = self.path(digest);
        if let Some(from) = &temp.path {
            fs::rename(from, &path)?;
        }
        temp.path = Some(path);
        temp.file.sync_data()?;
        temp.path = None;
        Ok(())
    }

    /// As [`Blobs::place`], for an object that a record names already: no sweep removes what a crash would leave of its
    /// file, so its bytes are on disk before it has its name.
    pub(super) fn place_again(&self, temp: Temp, digest: &Digest) -> io::Result<()> {
        temp.file.sync_data()?;
        self.place(temp, digest)
    }

    /// Writes a small object under its name. Nothing of it is synced.
    pub(super) fn write_small(&self, bytes: &[u8], digest: &Digest) -> io::Result<()> {
        let path = self.path(digest);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => Temp { file, path: Some(path) }.fill(bytes),
            // Somebody may be reading what stands there.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let mut temp = self.temp()?;
                temp.file.write_all(bytes)?;
                temp.rename(&path)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes an object out of its place, so that it is neither shown nor taken for stored. One that is gone is gone.
    pub(super) fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        let to = self.rotten.join(format!("{digest}-{}.dcm", crate::tasks::now().0));
        match fs::rename(self.path(digest), to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            renamed => renamed?,
        }
        File::open(&self.rotten)?.sync_all()?;
        File::open(self.folder(digest))?.sync_all()
    }

    pub(super) fn open_object(&self, digest: &Digest) -> io::Result<File> {
        File::open(self.path(digest))
    }

    pub(super) fn clear_temp(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.tmp)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    /// Every object file: its digest, path and time of last change.
    pub(super) fn each(&self, each: &mut dyn FnMut(Digest, &Path, SystemTime)) -> io::Result<()> {
        for shard in 0..=u8::MAX {
            for entry in fs::read_dir(self.objects.join(format!("{shard:02x}")))? {
                let entry = entry?;
                let name = entry.file_name();
                let digest = name.to_str().and_then(|n| n.strip_suffix(".dcm")).and_then(|n| n.parse().ok());
                if let Some(digest) = digest {
                    each(digest, &entry.path(), entry.metadata()?.modified()?);
                }
            }
        }
        Ok(())
    }

    /// Removes files that came between `since` and `before` and that no record names.
    pub(super) fn sweep(
        &self,
        since: SystemTime,
        before: SystemTime,
        is_named: &dyn Fn(&Digest) -> bool,
    ) -> io::Result<u64> {
        // File times and the clock may differ by a tick.
        let since = since.checked_sub(Duration::from_secs(2)).unwrap_or(since);
        let mut orphans = Vec::new();
        self.each(&mut |digest, path, changed| {
            if changed >= since && changed < before && !is_named(&digest) {
                orphans.push(path.to_owned());
            }
        })?;
        for path in &orphans {
            fs::remove_file(path)?;
        }
        Ok(orphans.len() as u64)
    }
}
