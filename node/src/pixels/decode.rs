//! Decodes one frame, in whatever syntax it is stored.
//!
//! A frame comes from outside and says of itself what it likes, so its size is checked in 64 bits before anything is
//! allocated, and the codec's own header must agree with it. What cannot be read is said so, and the stored frame can
//! still be had.
//!
//! # Not here
//! Grey levels and colours: the doors'.

use super::{Fault, codecs, dataset::pixels_to_little_endian, picture::Picture};

/// A decoded frame: samples in little endian.
#[derive(Debug)]
pub(crate) struct Samples {
    pub(crate) bytes: Vec<u8>,
    /// Samples of a pixel lie apart, in planes.
    pub(crate) planar: bool,
    pub(crate) photometric: String,
}

/// Decodes.
pub(crate) fn samples(picture: &Picture) -> Result<Samples, Fault> {
    picture.check_size()?;
    let photometric = picture.layout.photometric.clone();
    if !picture.encapsulated {
        let bytes = if picture.big_endian {
            pixels_to_little_endian(&picture.bytes, picture.vr, picture.layout.allocated)
        } else {
            picture.bytes.to_vec()
        };
        return Ok(Samples { bytes, planar: picture.planar, photometric });
    }
    codecs::decode(picture)
}
