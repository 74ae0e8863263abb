//! An instance whose frames can be read, and the bytes of each as they are stored.

use super::{
    Fault,
    dataset::{DataSet, EXPLICIT_LE, Syntax, readable},
    map::{self, FrameMap, shift_bits},
    source::Source,
};
use bytes::Bytes;
use protocol::manifest::InstanceEntry;
use std::sync::Arc;

/// Bytes of a frame that must be changed on its way (swapped, shifted, decoded) and is therefore held in memory.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// An instance whose frames can be read.
#[derive(Debug)]
pub(crate) struct Framed {
    pub(crate) source: Source,
    /// Describes the data set that `source` gives: for a deflated one, the inflated.
    pub(crate) entry: Arc<InstanceEntry>,
    pub(crate) syntax: Syntax,
    pub(crate) map: Arc<FrameMap>,
}

impl Framed {
    pub(crate) fn is_encapsulated(&self) -> bool {
        matches!(*self.map, FrameMap::Encapsulated(_))
    }

    /// The transfer syntax that names the frames' bytes: deflation and implicit VRs are not in them.
    pub(crate) fn frame_syntax(&self) -> &str {
        if self.is_encapsulated() || self.syntax.big_endian { self.entry.transfer_syntax.as_str() } else { EXPLICIT_LE }
    }

    /// The bytes of a frame as they are stored, one-bit frames moved to begin on a byte.
    pub(crate) async fn held(&self, index: u64) -> Result<Bytes, Fault> {
        let (extents, skip) = self.map.frame(index).ok_or(Fault::NotFound)?;
        let total = extents.iter().fold(0u64, |sum, e| sum.saturating_add(e.len));
        if total > HELD_BYTES_MAX {
            return Err(Fault::Unreadable("the frame is too large to be changed on its way"));
        }
        let mut all = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        for extent in extents {
            all.extend_from_slice(&self.source.whole(&self.entry, extent.offset, extent.len).await?);
        }
        match *self.map {
            FrameMap::Native { bits, .. } if skip != 0 || bits % 8 != 0 => Ok(shift_bits(&all, skip, bits).into()),
            _ => Ok(all.into()),
        }
    }
}

/// Maps the frames of a data set that is not deflated.
pub(crate) async fn framed(
    source: Source,
    entry: InstanceEntry,
    header: &[u8],
    from: u64,
    syntax: Syntax,
) -> Result<Framed, Fault> {
    let header = readable(header, syntax)?;
    let set = DataSet::parse(&header, syntax)?;
    let map = map::map(&source, &entry, &set, from, syntax).await?;
    Ok(Framed { source, entry: Arc::new(entry), syntax, map: Arc::new(map) })
}
