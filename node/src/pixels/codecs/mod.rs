//! The codecs, one file each: a stored frame to samples in little endian.

pub(super) mod jpeg;
pub(super) mod rle;
