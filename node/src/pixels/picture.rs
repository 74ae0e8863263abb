//! A stored frame with what its object says of it, its size checked before anything is allocated for it.

use super::{
    Fault,
    dataset::{DataSet, Syntax, readable},
    framed::Framed,
    map::{FrameMap, Layout},
};
use bytes::Bytes;
use dicom_core::VR;
use dicom_dictionary_std::tags;

/// Pixels of a frame that is decoded here.
const PIXELS_MAX: u64 = 64 << 20;
/// Bytes of a decoded frame: two of them at once stay within the node's memory.
pub(super) const DECODED_BYTES_MAX: u64 = 128 << 20;

pub(super) const TOO_LARGE: Fault = Fault::Unreadable("the frame is too large to be decoded here");
const UNDECODED: &str = "the frame cannot be decoded here; retrieve it as it is stored";
pub(super) const UNREADABLE: Fault = Fault::Unreadable(UNDECODED);
pub(super) const DAMAGED: Fault = Fault::Damaged(UNDECODED);

/// A stored frame and what its object says of it.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) bytes: Bytes,
    pub(crate) transfer_syntax: String,
    pub(crate) encapsulated: bool,
    pub(crate) big_endian: bool,
    pub(crate) vr: VR,
    pub(crate) layout: Layout,
    pub(crate) stored: u32,
    pub(crate) high: u32,
    pub(crate) signed: bool,
    pub(crate) planar: bool,
}

/// Reads a frame's bytes and attributes.
pub(crate) async fn picture(header: &[u8], framed: &Framed, index: u64) -> Result<Picture, Fault> {
    let mut picture = {
        let syntax = Syntax::of(framed.entry.transfer_syntax.as_str());
        let header = readable(header, syntax)?;
        let set = DataSet::parse(&header, syntax)?;
        attributes(&set, syntax, framed)
    };
    picture.check_size()?;
    picture.bytes = framed.held(index).await?;
    Ok(picture)
}

/// What an object says of its frames; without the bytes of any.
pub(super) fn attributes(set: &DataSet<'_>, syntax: Syntax, framed: &Framed) -> Picture {
    let layout = Layout::of(set, syntax);
    let stored = set.count(tags::BITS_STORED, syntax).filter(|s| (1..=layout.allocated).contains(s));
    let stored = stored.unwrap_or(layout.allocated);
    let high = set.count(tags::HIGH_BIT, syntax).filter(|h| *h < layout.allocated && *h + 1 >= stored);
    let vr = match *framed.map {
        FrameMap::Native { vr, .. } => vr,
        FrameMap::Encapsulated(_) => VR::OB,
    };
    Picture {
        bytes: Bytes::new(),
        transfer_syntax: framed.entry.transfer_syntax.as_str().to_owned(),
        encapsulated: framed.is_encapsulated(),
        big_endian: framed.syntax.big_endian,
        vr,
        stored,
        high: high.unwrap_or_else(|| stored.saturating_sub(1)),
        signed: set.count(tags::PIXEL_REPRESENTATION, syntax) == Some(1),
        planar: set.count(tags::PLANAR_CONFIGURATION, syntax) == Some(1),
        layout,
    }
}

impl Picture {
    pub(crate) fn pixels(&self) -> u64 {
        u64::from(self.layout.rows) * u64::from(self.layout.columns)
    }

    /// Bytes of its samples.
    pub(super) fn decoded_bytes(&self) -> u64 {
        let samples = self.pixels().saturating_mul(u64::from(self.layout.samples));
        samples.saturating_mul(u64::from(self.layout.allocated)).div_ceil(8)
    }

    pub(super) fn check_size(&self) -> Result<(), Fault> {
        let known = matches!(self.layout.allocated, 1 | 8 | 16 | 32 | 64) && matches!(self.layout.samples, 1 | 3 | 4);
        if self.pixels() == 0 || !known {
            return Err(UNREADABLE);
        }
        if self.pixels() > PIXELS_MAX || self.decoded_bytes() > DECODED_BYTES_MAX {
            return Err(TOO_LARGE);
        }
        Ok(())
    }
}
