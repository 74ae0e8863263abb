//! The cold tier: a second folder, most often a mount, with `ab/<digest>.dcm.zst`. A cold copy is the object's file as it
//! stood, compressed as a whole (zstd) and given back byte for byte: digests, manifests and signatures stay true.
//!
//! The folder is known by a mark that names the site. A folder without it is no cold tier: an empty mount point looks
//! like one, and what is written there would fill the wrong disk.
//!
//! # At a crash
//! What lies under `tmp` belongs to nobody. A file under its digest is whole: it was synced before it got that name.
//!
//! # Not here
//! When objects move, and what the journal says of it: [`super::tier`].

use super::{object::Fault, rows::StoredInstance};
use protocol::Digest;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

const MARK: &str = "confrere-cold";
/// Level of compression: CT and MR halve, and the disk stays the slower one.
const LEVEL: i32 = 3;
/// Largest file unpacked unseen.
const UNPACKED_MAX: u64 = 64 << 30;
/// Buffer of passes.
const PASS_BYTES: usize = 256 * 1024;

/// The folder as configured. Whether it is there is looked at each time.
#[derive(Debug)]
pub(super) struct Cold {
    root: Option<PathBuf>,
    site: String,
}

impl Cold {
    /// A folder that holds nothing yet is made ready, unless the journal says that there was something in it.
    pub(super) fn open(root: Option<&Path>, site: String, is_used: bool) -> Self {
        let cold = Self { root: root.map(Path::to_owned), site };
        if let Some(root) = root
            && !is_used
            && let Err(error) = cold.begin(root)
        {
            tracing::error!(%error, folder = %root.display(), "the folder of the cold tier cannot be used");
        }
        cold
    }

    fn begin(&self, root: &Path) -> io::Result<()> {
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
        File::open(root)?.sync_all()
    }

    pub(super) const fn is_configured(&self) -> bool {
        self.root.is_some()
    }

    /// The folder, if it is there and ours.
    pub(super) fn root(&self) -> io::Result<&Path> {
        let missing = |why: String| io::Error::new(io::ErrorKind::NotConnected, why);
        let root = self.root.as_deref().ok_or_else(|| missing("no cold tier is configured".to_owned()))?;
        match fs::read_to_string(root.join(MARK)) {
            Ok(site) if site == self.site => Ok(root),
            Ok(_) => Err(missing(format!("{} is the cold tier of another site", root.display()))),
            Err(error) => Err(missing(format!("the cold tier {} is not there: {error}", root.display()))),
        }
    }

    fn path(root: &Path, digest: &Digest) -> PathBuf {
        root.join(format!("{:02x}", digest.0[0])).join(format!("{digest}.dcm.zst"))
    }

    /// Writes an object's file, on disk and under its name when this returns. Gives the bytes it takes.
    pub(super) fn put(&self, digest: &Digest, hot: &File) -> io::Result<u64> {
        let root = self.root()?;
        let tmp = root.join("tmp").join(crate::tasks::random_id().to_string());
        let written = write(&tmp, hot).and_then(|bytes| {
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

    /// Whether a copy is there.
    pub(super) fn holds(&self, digest: &Digest) -> io::Result<bool> {
        Self::path(self.root()?, digest).try_exists()
    }

    /// Reads a copy whose lengths are not known, compared with nothing but its own checksum.
    pub(super) fn unpack(&self, digest: &Digest, out: &mut dyn Write) -> io::Result<u64> {
        let file = File::open(Self::path(self.root()?, digest))?;
        let mut bytes = zstd::Decoder::new(file)?.take(UNPACKED_MAX);
        io::copy(&mut bytes, out)
    }

    /// Reads a copy into `out`, every byte of it compared with its digests.
    pub(super) fn read(&self, instance: &StoredInstance, out: &mut dyn Write) -> Result<(), Fault> {
        let root = self.root().map_err(|_| Fault::Unreachable)?;
        let file = File::open(Self::path(root, &instance.row.entry.digest)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Fault::Missing,
            _ => Fault::NotOpened,
        })?;
        let mut bytes =
            zstd::Decoder::with_buffer(BufReader::with_capacity(PASS_BYTES, file)).map_err(|_| Fault::NotOpened)?;
        let entry = &instance.row.entry;
        if pass(&mut bytes, u64::from(instance.row.meta_bytes), out)? != instance.meta_digest {
            return Err(Fault::Meta);
        }
        if pass(&mut bytes, entry.bytes, out)? != entry.digest {
            return Err(Fault::Data);
        }
        match bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Fault::Short),
            Err(_) => Err(Fault::Data),
        }
    }

    /// Takes a copy out of its place.
    pub(super) fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        let root = self.root()?;
        let to = root.join("rotten").join(format!("{digest}-{}.dcm.zst", crate::tasks::now().0));
        gone_is_well(fs::rename(Self::path(root, digest), to))
    }

    /// Removes a copy; its folder is synced.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        let path = Self::path(self.root()?, digest);
        gone_is_well(fs::remove_file(&path))?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }

    /// Bytes free where the copies lie.
    pub(super) fn free_bytes(&self) -> io::Result<u64> {
        let stat = nix::sys::statvfs::statvfs(self.root()?)?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

fn gone_is_well(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn write(path: &Path, hot: &File) -> io::Result<u64> {
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut out = zstd::Encoder::new(file, LEVEL)?;
    out.include_checksum(true)?;
    io::copy(&mut BufReader::with_capacity(PASS_BYTES, hot), &mut out)?;
    let file = out.finish()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Passes so many bytes on; gives their digest.
fn pass(from: &mut dyn Read, bytes: u64, out: &mut dyn Write) -> Result<Digest, Fault> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; PASS_BYTES];
    let mut left = bytes;
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let piece = buffer.get_mut(..wanted).unwrap_or_default();
        from.read_exact(piece).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Short,
            // What the decoder says of bytes that are not what was written; a disk that fails says so by a number.
            _ if error.raw_os_error().is_none() => Fault::Data,
            _ => Fault::NotRead,
        })?;
        hasher.update(piece);
        out.write_all(piece).map_err(|_| Fault::NotWritten)?;
        left -= wanted as u64;
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}
