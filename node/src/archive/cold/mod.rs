//! The cold tier: where older studies lie, in a folder ([`folder`]) or an object store ([`bucket`]). A cold copy is the
//! object's file as it stood, compressed as a whole (zstd) and given back byte for byte: digests, manifests and
//! signatures stay true.
//!
//! Either place bears a mark that names the site, and is not used without it.
//!
//! # At a crash
//! A copy under its name is whole. What was on its way belongs to nobody and goes at the next start.
//!
//! # Not here
//! When objects move, and what the journal says of it: [`super::tier`].

mod bucket;
mod client;
mod folder;
mod sign;

use super::{object::Fault, rows::StoredInstance};
use crate::{config::ColdPlace, identity::Identity, tasks::Tasks};
use bucket::Bucket;
use folder::Folder;
use protocol::Digest;
use std::{
    fmt,
    fs::File,
    io::{self, BufReader, Read, Write},
    sync::Arc,
};

/// Name of the mark.
const MARK: &str = "confrere-cold";
/// Level of compression: CT and MR halve, and the disk stays the slower one.
const LEVEL: i32 = 3;
/// Largest file unpacked unseen.
const UNPACKED_MAX: u64 = 64 << 30;
/// Buffer of passes.
const PASS_BYTES: usize = 256 * 1024;

/// Why the cold tier is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Away {
    #[error("no cold tier is configured")]
    None,
    #[error("the cold tier does not answer")]
    Silent,
    #[error("the cold tier's mark is missing")]
    Unmarked,
    #[error("it is the cold tier of another site")]
    OtherSite,
    #[error("the object store does not accept the credentials, or they do not allow it")]
    Credentials,
    #[error("the object store has no such bucket")]
    Bucket,
    #[error("the bucket is in another region than archive.cold_region")]
    Region,
    #[error("the object store's clock and ours differ")]
    Clock,
    #[error("the bucket keeps old versions: what is erased would stay there")]
    Versions,
}

impl Away {
    /// The word of the interface.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Silent => "silent",
            Self::Unmarked => "unmarked",
            Self::OtherSite => "other-site",
            Self::Credentials => "credentials",
            Self::Bucket => "bucket",
            Self::Region => "region",
            Self::Clock => "clock",
            Self::Versions => "versions",
        }
    }
}

impl From<Away> for io::Error {
    fn from(away: Away) -> Self {
        Self::new(io::ErrorKind::NotConnected, away)
    }
}

/// Where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// An object store, or else a folder.
    pub(crate) is_store: bool,
    /// The folder's path; endpoint, bucket and prefix.
    pub(crate) name: String,
}

/// Writes a copy's bytes where it is told to.
type Fill<'a> = dyn FnMut(&mut dyn Write) -> io::Result<()> + 'a;

/// A place for copies, by digest. All but [`ColdStore::place`] and [`ColdStore::away`] may take their time. A place that
/// is not there fails with [`io::ErrorKind::NotConnected`].
trait ColdStore: fmt::Debug + Send + Sync {
    fn place(&self) -> Place;
    /// Why it is not there, as far as that is known without waiting.
    fn away(&self) -> Option<Away>;
    /// Whether it was looked for since the start; before, nothing is said against it.
    fn is_known(&self) -> bool {
        true
    }
    /// Takes a copy, under its name and durable when this returns. Gives the bytes it takes.
    fn put(&self, digest: &Digest, fill: &mut Fill<'_>) -> io::Result<u64>;
    fn holds(&self, digest: &Digest) -> io::Result<bool>;
    /// What was filled in. [`io::ErrorKind::InvalidData`]: that is not what lies there.
    fn open(&self, digest: &Digest) -> io::Result<Box<dyn Read + '_>>;
    /// Takes a copy out of its place. One that is gone is gone.
    fn set_aside(&self, digest: &Digest) -> io::Result<()>;
    fn remove(&self, digest: &Digest) -> io::Result<()>;
    /// Seals a copy under the root of now that may be sealed under the one before, which is gone when this returns. One that
    /// is not there is nothing to be sealed. A place that is not sealed has nothing to do.
    fn reseal(&self, _digest: &Digest) -> io::Result<()> {
        Ok(())
    }
    /// Removes what a stop left on its way.
    fn sweep(&self) -> io::Result<()>;
    /// `None`: it does not say.
    fn free_bytes(&self) -> Option<u64>;
    /// Copies that are well written at a time.
    fn side_by_side(&self) -> usize {
        1
    }
}

/// The cold tier, if one is configured.
#[derive(Debug)]
pub(super) struct Cold {
    store: Option<Box<dyn ColdStore>>,
}

impl Cold {
    /// A place that holds nothing yet is made ready, unless the journal says that there was something in it.
    pub(super) fn open(place: Option<&ColdPlace>, identity: &Arc<Identity>, is_used: bool, tasks: &Tasks) -> Self {
        let site = identity.site().to_string();
        let store: Option<Box<dyn ColdStore>> = match place {
            None => None,
            Some(ColdPlace::Folder(root)) => Some(Box::new(Folder::open(root, site, is_used))),
            Some(ColdPlace::Bucket(at)) => Some(Box::new(Bucket::open(at, identity.clone(), is_used, tasks))),
        };
        Self { store }
    }

    fn store(&self) -> io::Result<&dyn ColdStore> {
        self.store.as_deref().ok_or_else(|| Away::None.into())
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.store.as_ref().map(|store| store.place())
    }

    pub(super) const fn is_configured(&self) -> bool {
        self.store.is_some()
    }

    /// Why it is not there, as far as that is known without waiting.
    pub(super) fn away(&self) -> Option<Away> {
        self.store.as_ref().map_or(Some(Away::None), |store| store.away())
    }

    pub(super) fn is_known(&self) -> bool {
        self.store.as_ref().is_none_or(|store| store.is_known())
    }

    pub(super) fn side_by_side(&self) -> usize {
        self.store.as_ref().map_or(1, |store| store.side_by_side())
    }

    /// Writes an object's file, durable and under its name when this returns. Gives the bytes it takes.
    pub(super) fn put(&self, digest: &Digest, hot: &File) -> io::Result<u64> {
        self.store()?.put(digest, &mut |out| {
            let mut packing = zstd::Encoder::new(out, LEVEL)?;
            packing.include_checksum(true)?;
            io::copy(&mut BufReader::with_capacity(PASS_BYTES, hot), &mut packing)?;
            packing.finish()?;
            Ok(())
        })
    }

    /// Whether a copy is there.
    pub(super) fn holds(&self, digest: &Digest) -> io::Result<bool> {
        self.store()?.holds(digest)
    }

    /// Reads a copy whose lengths are not known, compared with nothing but its own checksum.
    pub(super) fn unpack(&self, digest: &Digest, out: &mut dyn Write) -> io::Result<u64> {
        let packed = self.store()?.open(digest)?;
        io::copy(&mut zstd::Decoder::new(packed)?.take(UNPACKED_MAX), out)
    }

    /// Reads a copy into `out`, every byte of it compared with its digests.
    pub(super) fn read(&self, instance: &StoredInstance, out: &mut dyn Write) -> Result<(), Fault> {
        let entry = &instance.row.entry;
        let opened = self.store().and_then(|store| store.open(&entry.digest));
        let packed = opened.map_err(|error| fault_of(&error, Fault::NotOpened))?;
        let mut bytes = zstd::Decoder::with_buffer(BufReader::with_capacity(PASS_BYTES, packed))
            .map_err(|error| fault_of(&error, Fault::NotOpened))?;
        if pass(&mut bytes, u64::from(instance.row.meta_bytes), out)? != instance.meta_digest {
            return Err(Fault::Meta);
        }
        if pass(&mut bytes, entry.bytes, out)? != entry.digest {
            return Err(Fault::Data);
        }
        match bytes.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Fault::Short),
            Err(error) => Err(fault_of(&error, Fault::Data)),
        }
    }

    /// Takes a copy out of its place.
    pub(super) fn set_aside(&self, digest: &Digest) -> io::Result<()> {
        self.store()?.set_aside(digest)
    }

    /// Seals a copy anew, where copies are sealed.
    pub(super) fn reseal(&self, digest: &Digest) -> io::Result<()> {
        self.store()?.reseal(digest)
    }

    /// Removes a copy for good.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        self.store()?.remove(digest)
    }

    /// Removes what a stop left on its way.
    pub(super) fn sweep(&self) -> io::Result<()> {
        self.store()?.sweep()
    }

    /// Bytes free where the copies lie; `None`: it does not say.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        self.store.as_ref().and_then(|store| store.free_bytes())
    }
}

fn fault_of(error: &io::Error, otherwise: Fault) -> Fault {
    match error.kind() {
        io::ErrorKind::NotConnected => Fault::Unreachable,
        io::ErrorKind::NotFound => Fault::Missing,
        io::ErrorKind::InvalidData => Fault::Data,
        _ => otherwise,
    }
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
            _ if error.raw_os_error().is_none() => fault_of(&error, Fault::Data),
            _ => Fault::NotRead,
        })?;
        hasher.update(piece);
        out.write_all(piece).map_err(|_| Fault::NotWritten)?;
        left -= wanted as u64;
    }
    Ok(Digest(*hasher.finalize().as_bytes()))
}
