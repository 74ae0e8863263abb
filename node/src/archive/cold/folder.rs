//! A folder as the cold tier, most often a mount, with `ab/<digest>.dcm.zst`.
//!
//! The folder is known by a mark that names the site. A folder without it is no cold tier: an empty mount point looks
//! like one, and what is written there would fill the wrong disk.
//!
//! # At a crash
//! What lies under `tmp` belongs to nobody, and goes at the next start. A file under its digest is whole: it was synced
//! before it got that name.
//!
//! # Not here
//! What a copy holds: [`super`].

use super::{Away, ColdStore, Fill, MARK, Place};
use protocol::Digest;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

/// The folder as configured. Whether it is there is looked at each time.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    site: String,
}

impl Folder {
    /// A folder that holds nothing yet is made ready, unless the journal says that there was something in it.
    pub(super) fn open(root: &Path, site: String, is_used: bool) -> Self {
        let folder = Self { root: root.to_owned(), site };
        if !is_used && let Err(error) = folder.begin() {
            tracing::error!(%error, folder = %root.display(), "the folder of the cold tier cannot be used");
        }
        folder
    }

    fn begin(&self) -> io::Result<()> {
        let root = &self.root;
        if root.join(MARK).exists() {
            return Ok(());
        }
        fs::create_dir_all(root.join("tmp"))?;
        fs::create_dir_all(root.join("rotten"))?;
        for shard in 0..=u8::MAX {
            fs::create_dir_all(root.join(format!("{shard:02x}")))?;
        }
        let mut mark = File::create(root.join(MARK))?;
        mark.write_all(self.site.as_bytes())?;
        mark.sync_all()?;
        File::open(root)?.sync_all()?;
        // Its own name, too, if it was made here.
        root.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
    }

    /// The folder, if it is there and ours.
    fn root(&self) -> io::Result<&Path> {
        match self.away() {
            None => Ok(&self.root),
            Some(away) => Err(away.into()),
        }
    }

    fn path(root: &Path, digest: &Digest) -> PathBuf {
        root.join(format!("{:02x}", digest.0[0])).join(format!("{digest}.dcm.zst"))
    }
}

impl ColdStore for Folder {
    fn place(&self) -> Place {
        Place { is_store: false, name: self.root.display().to_string() }
    }

    fn away(&self) -> Option<Away> {
        match fs::read_to_string(self.root.join(MARK)) {
            Ok(site) if site == self.site => None,
            Ok(_) => Some(Away::OtherSite),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Away::Unmarked),
            Err(_) => Some(Away::Silent),
        }
    }

    fn put(&self, digest: &Digest, fill: &mut Fill<'_>) -> io::Result<u64> {
        let root = self.root()?;
        let tmp = root.join("tmp").join(crate::tasks::random_id().to_string());
        let written = write(&tmp, fill).and_then(|bytes| {
            let to = Self::path(root, digest);
            fs::rename(&tmp, &to)?;
            to.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
            Ok(bytes)
        });
        if written.is_err() {
            let _ = fs::remove_file(&tmp);
        }
        written
    }

    fn holds(&self, digest: &Digest) -> io::Result<bool> {
        Self::path(self.root()?, digest).try_exists()
    }

    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + '_>> {
        Ok(Box::new(File::open(Self::path(self.root()?, digest))?))
    }

    fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        let root = self.root()?;
        let to = root.join("rotten").join(format!("{digest}-{}.dcm.zst", crate::tasks::now().0));
        gone_is_well(fs::rename(Self::path(root, digest), to))
    }

    fn remove(&self, digest: &Digest) -> io::Result<()> {
        let path = Self::path(self.root()?, digest);
        gone_is_well(fs::remove_file(&path))?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.root()?.join("tmp"))? {
            fs::remove_file(entry?.path())?;
        }
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        let stat = nix::sys::statvfs::statvfs(self.root().ok()?).ok()?;
        Some(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

fn gone_is_well(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn write(path: &Path, fill: &mut Fill<'_>) -> io::Result<u64> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    fill(&mut file)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}
