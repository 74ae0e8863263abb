//! What passes between the node and a codec worker: a frame with its attributes there, samples or a refusal back.
//!
//! Each message is a length, a postcard head, a length and plain bytes. Both sides bound what they read: the node does
//! not trust a worker that a hostile frame may have taken over.

use super::{
    Fault,
    decode::Samples,
    map::Layout,
    picture::{DAMAGED, DECODED_BYTES_MAX, Picture, TOO_LARGE},
};
use dicom_core::VR;
use serde::{Deserialize, Serialize};
use std::io;

/// Bytes of a head: two short texts and a few numbers.
pub(super) const HEAD_BYTES_MAX: u32 = 4096;
/// Bytes of a message's plain part: a stored frame held in memory is no larger, nor is a decoded one.
pub(super) const BYTES_MAX: u64 = 256 << 20;

/// Attributes of a frame to decode.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Job {
    transfer_syntax: String,
    photometric: String,
    rows: u32,
    columns: u32,
    samples: u32,
    allocated: u32,
    stored: u32,
    high: u32,
    signed: bool,
    planar: bool,
}

/// What became of it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Answer {
    Samples { planar: bool, photometric: String },
    TooLarge,
    Unreadable,
}

impl Job {
    pub(super) fn of(picture: &Picture) -> Self {
        let layout = &picture.layout;
        Self {
            transfer_syntax: picture.transfer_syntax.clone(),
            photometric: layout.photometric.clone(),
            rows: layout.rows,
            columns: layout.columns,
            samples: layout.samples,
            allocated: layout.allocated,
            stored: picture.stored,
            high: picture.high,
            signed: picture.signed,
            planar: picture.planar,
        }
    }

    pub(super) fn picture(self, bytes: Vec<u8>) -> Picture {
        Picture {
            bytes: bytes.into(),
            transfer_syntax: self.transfer_syntax,
            encapsulated: true,
            big_endian: false,
            vr: VR::OB,
            layout: Layout {
                rows: self.rows,
                columns: self.columns,
                samples: self.samples,
                allocated: self.allocated,
                photometric: self.photometric,
                frames: 1,
            },
            stored: self.stored,
            high: self.high,
            signed: self.signed,
            planar: self.planar,
        }
    }
}

impl Answer {
    /// The worker's side.
    pub(super) fn of(result: Result<Samples, Fault>) -> (Self, Vec<u8>) {
        match result {
            Ok(Samples { bytes, planar, photometric }) => (Self::Samples { planar, photometric }, bytes),
            Err(fault) if fault.to_string() == TOO_LARGE.to_string() => (Self::TooLarge, Vec::new()),
            Err(_) => (Self::Unreadable, Vec::new()),
        }
    }

    /// The node's side: samples have the size that the image has.
    pub(super) fn samples(self, bytes: Vec<u8>, picture: &Picture) -> Result<Samples, Fault> {
        match self {
            Self::Samples { planar, photometric } if bytes.len() as u64 == picture.decoded_bytes() => {
                Ok(Samples { bytes, planar, photometric })
            }
            Self::TooLarge => Err(TOO_LARGE),
            Self::Samples { .. } | Self::Unreadable => Err(DAMAGED),
        }
    }
}

/// Head and plain part of a message, ready to be written.
pub(super) fn front(head: &impl Serialize, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let head = postcard::to_stdvec(head).map_err(io::Error::other)?;
    let head_bytes = u32::try_from(head.len()).ok().filter(|len| *len <= HEAD_BYTES_MAX);
    let mut out = head_bytes.ok_or(io::ErrorKind::InvalidInput)?.to_le_bytes().to_vec();
    out.extend(head);
    out.extend((bytes.len() as u64).to_le_bytes());
    Ok(out)
}

/// A head's length as it was read.
pub(super) fn head_len(four: [u8; 4]) -> io::Result<usize> {
    let len = u32::from_le_bytes(four);
    if len > HEAD_BYTES_MAX { Err(io::ErrorKind::InvalidData.into()) } else { Ok(len as usize) }
}

/// The plain part's length as it was read.
pub(super) fn bytes_len(eight: [u8; 8], most: u64) -> io::Result<usize> {
    let len = u64::from_le_bytes(eight);
    usize::try_from(len).ok().filter(|_| len <= most).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

const _: () = assert!(DECODED_BYTES_MAX <= BYTES_MAX);
