//! What an export is made of, and how that goes over the control socket: frames of one byte (`J`: JSON, `B`: bytes of
//! the file that was begun), four bytes of length in little endian, and so many bytes.
//!
//! # Not here
//! Making pieces: [`super::give`]. Packing them: [`super::pack`].

use bytes::{Buf, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

/// Longest frame that is read, bytes: pieces of files are of 1 MiB at most.
const FRAME_BYTES_MAX: usize = 4 << 20;

/// One piece.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Said(Said),
    Bytes(Bytes),
}

/// The object in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) study: String,
    pub(crate) series: String,
    pub(crate) instance: String,
    /// BLAKE3 of the data set as it is stored; absent where it was made plain for this medium.
    pub(crate) digest: Option<String>,
    /// Bytes before the data set.
    pub(crate) meta_bytes: u64,
}

/// What is told between bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    Begin {
        studies: u64,
        instances: u64,
        bytes: u64,
    },
    /// A file begins; exactly so many bytes follow.
    File {
        path: String,
        bytes: u64,
        held: Option<Held>,
    },
    /// The file that was begun is whole; BLAKE3 of all of it.
    Ended {
        blake3: String,
    },
    /// An instance that is not on the medium, and why.
    LeftOut {
        instance: String,
        reason: String,
    },
    /// An instance that could not be made plain and is on the medium as it is stored.
    AsStored {
        instance: String,
    },
    StudyEnded {
        study: String,
        instances: u64,
    },
    Done {
        instances: u64,
        bytes: u64,
        left_out: u64,
    },
    Broken {
        reason: String,
    },
}

/// A piece as a frame.
pub(crate) fn frame(piece: &Piece) -> Bytes {
    let (kind, body) = match piece {
        Piece::Said(said) => (b'J', serde_json::to_vec(said).map(Bytes::from).unwrap_or_default()),
        Piece::Bytes(bytes) => (b'B', bytes.clone()),
    };
    let mut out = BytesMut::with_capacity(body.len() + 5);
    out.extend_from_slice(&[kind]);
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&body);
    out.freeze()
}

/// Takes frames out of bytes as they come.
#[derive(Debug, Default)]
pub(crate) struct Frames(BytesMut);

impl Frames {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole piece.
    ///
    /// # Errors
    /// When these are no frames.
    pub(crate) fn next(&mut self) -> Result<Option<Piece>, &'static str> {
        let Some(&[kind, a, b, c, d]) = self.0.get(..5) else { return Ok(None) };
        let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err("a frame is too long");
        }
        if self.0.len() < 5 + length {
            return Ok(None);
        }
        self.0.advance(5);
        let body = self.0.split_to(length).freeze();
        match kind {
            b'B' => Ok(Some(Piece::Bytes(body))),
            b'J' => {
                serde_json::from_slice(&body).map(|said| Some(Piece::Said(said))).map_err(|_| "a frame is no piece")
            }
            _ => Err("a frame of no known kind"),
        }
    }
}
