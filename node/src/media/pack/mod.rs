//! Packs the files of an export: into a folder, a zip or an ISO 9660 image. What was written is compared with the digests
//! that came with it, file by file.
//!
//! # At a crash
//! A folder has whole files, and a manifest that lists only studies whose files are on disk. A zip or an image that was not
//! finished does not open.
//!
//! # Not here
//! Reading media: import.

mod folder;
mod iso;
#[cfg(test)]
mod tests;
mod zip;

pub(crate) use folder::{Folder, finished};
pub(crate) use iso::Iso;
pub(crate) use zip::Zip;

use super::piece::{Held, Piece, Said};
use std::io;

/// A file that begins.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Components with `/` between them.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) held: Option<Held>,
}

/// Where files go.
pub(crate) trait Pack {
    /// Begins a file; exactly `head.bytes` are written before [`Pack::end`].
    fn begin(&mut self, head: &Head) -> io::Result<()>;
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
    /// All files of a study are there.
    fn study(&mut self, _study: &str, _instances: u64) -> io::Result<()> {
        Ok(())
    }
    /// Everything is there.
    fn finish(&mut self) -> io::Result<()>;
}

/// Why packing stops.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}: what was written is not what was sent")]
    Differs(String),
    #[error("{0}: not a path inside the medium")]
    Path(String),
    #[error("the pieces do not make files")]
    Order,
    #[error("{0}")]
    Broken(String),
}

/// A file being written, with the two digests it is compared by.
struct Open {
    head: Head,
    left: u64,
    file: blake3::Hasher,
    /// Of the data set, and the bytes before it that are still to come.
    object: blake3::Hasher,
    meta_left: u64,
}

/// Gives pieces to a packer and checks them.
pub(crate) struct Packing<P> {
    pub(crate) pack: P,
    open: Option<Open>,
    done: bool,
}

impl<P: Pack> Packing<P> {
    pub(crate) fn new(pack: P) -> Self {
        Self { pack, open: None, done: false }
    }

    /// Whether everything came.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }

    /// The next piece.
    ///
    /// # Errors
    /// When it cannot be written, is not what was promised, or the export broke off.
    pub(crate) fn take(&mut self, piece: &Piece) -> Result<(), PackError> {
        match piece {
            Piece::Bytes(bytes) => self.bytes(bytes),
            Piece::Said(Said::File { path, bytes, held }) => {
                if self.open.is_some() {
                    return Err(PackError::Order);
                }
                if !is_inside(path) {
                    return Err(PackError::Path(path.clone()));
                }
                let head = Head { path: path.clone(), bytes: *bytes, held: held.clone() };
                self.pack.begin(&head)?;
                let meta_left = held.as_ref().map_or(0, |held| held.meta_bytes);
                let (file, object) = (blake3::Hasher::new(), blake3::Hasher::new());
                self.open = Some(Open { head, left: *bytes, file, object, meta_left });
                Ok(())
            }
            Piece::Said(Said::Ended { blake3 }) => self.ended(blake3),
            Piece::Said(Said::StudyEnded { study, instances }) => Ok(self.pack.study(study, *instances)?),
            Piece::Said(Said::Done { .. }) => {
                self.pack.finish()?;
                self.done = true;
                Ok(())
            }
            Piece::Said(Said::Broken { reason }) => Err(PackError::Broken(reason.clone())),
            Piece::Said(_) => Ok(()),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), PackError> {
        let open = self.open.as_mut().ok_or(PackError::Order)?;
        open.left = open.left.checked_sub(bytes.len() as u64).ok_or(PackError::Order)?;
        open.file.update(bytes);
        let meta = usize::try_from(open.meta_left).unwrap_or(usize::MAX).min(bytes.len());
        open.meta_left -= meta as u64;
        open.object.update(bytes.get(meta..).unwrap_or_default());
        Ok(self.pack.write(bytes)?)
    }

    fn ended(&mut self, blake3: &str) -> Result<(), PackError> {
        let open = self.open.take().ok_or(PackError::Order)?;
        let is_object = open.head.held.as_ref().and_then(|held| held.digest.as_deref()).is_none_or(|digest| {
            digest.parse::<protocol::Digest>().is_ok_and(|digest| digest.0 == *open.object.finalize().as_bytes())
        });
        if open.left > 0 || !is_object || open.file.finalize().to_hex().as_str() != blake3 {
            return Err(PackError::Differs(open.head.path));
        }
        Ok(self.pack.end()?)
    }
}

/// Whether a path stays below where it is put, on any file system.
fn is_inside(path: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    path.len() <= 255 && path.split('/').all(plain)
}
