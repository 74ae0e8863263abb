//! Pixel data: where the frames of an instance lie, and what they show, for all doors.
//!
//! Stored bytes stay what they are; whoever wants samples instead gets them made for this one answer.
//!
//! # At a crash
//! Nothing is kept. A codec that crashes takes its worker process with it, and one frame.
//!
//! # Not here
//! What a request may ask of a picture: `dicomweb`. Whether the caller may see it: `studies`.

mod codecs;
pub(crate) mod dataset;
pub(crate) mod decode;
pub(crate) mod framed;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub(crate) mod grey;
pub(crate) mod map;
pub(crate) mod overlay;
pub(crate) mod picture;
pub(crate) mod pointing;
mod pool;
pub(crate) mod reduce;
pub(crate) mod rejection_note;
pub(crate) mod shown;
pub(crate) mod source;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod tones;
mod transcode;
mod wire;
mod worker;
pub(crate) mod write;

pub(crate) use pool::Decoders;
pub(crate) use transcode::Transcoded;
pub(crate) use worker::serve as work;
pub(crate) use write::Plain;

use crate::studies::StudyError;

/// Why pixels cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("no such frame, or no pixel data")]
    NotFound,
    /// What is stored is all there is.
    #[error("{0}")]
    Unreadable(&'static str),
    /// What is stored is no image, though it says so.
    #[error("{0}")]
    Damaged(&'static str),
    #[error("{0}")]
    DataSet(#[from] dataset::DataSetError),
    #[error(transparent)]
    Study(#[from] StudyError),
    #[error("{0}")]
    Internal(String),
}

/// Whether frames of this transfer syntax are one stream, whose parts mean nothing alone.
pub(crate) fn is_video(transfer_syntax: &str) -> bool {
    transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.").is_some_and(|rest| {
        let number = rest.split('.').next().and_then(|n| n.parse::<u32>().ok());
        number.is_some_and(|n| (100..=108).contains(&n))
    })
}
