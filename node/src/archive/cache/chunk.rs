//! Verified chunks on their way to the disk: each with room for its seal behind it, so that it is sealed where it was put.
//!
//! # Not here
//! The seal: [`super::seal`]. Where chunks lie in a file: [`super::copy`].

use super::{
    CHUNK, CacheError,
    seal::{self, TAG},
};
use aws_lc_rs::aead::LessSafeKey;
use bytes::BytesMut;

/// Chunks that are made room for at once. More would save next to nothing, and is held by each of many slow streams.
const ROOM_CHUNKS: usize = 4;

/// The verified bytes of one chunk.
pub(crate) struct Chunk(BytesMut);

impl Chunk {
    /// Its bytes.
    pub(super) fn plain(&self) -> &[u8] {
        self.0.get(..self.0.len().saturating_sub(TAG)).unwrap_or_default()
    }

    /// The same, sealed as chunk `index` of an object.
    ///
    /// # Errors
    /// [`CacheError::Damaged`].
    pub(super) fn sealed(mut self, cipher: &LessSafeKey, index: u64) -> Result<BytesMut, CacheError> {
        seal::seal_chunk(cipher, index, &mut self.0)?;
        Ok(self.0)
    }
}

/// Room for chunks that come one after the other. Some lie one behind the other in memory, as they will in the file.
#[derive(Default)]
pub(crate) struct Room(BytesMut);

impl Room {
    /// Where the next chunk is put, of `left` bytes that are still to come: an empty buffer that holds it without growing.
    pub(crate) fn next_of(&mut self, left: usize) -> &mut BytesMut {
        if self.0.capacity() < left.min(CHUNK) + TAG {
            let bytes = left.min(ROOM_CHUNKS * CHUNK);
            self.0.reserve(bytes + bytes.div_ceil(CHUNK) * TAG);
        }
        &mut self.0
    }

    /// Takes out what was put there.
    pub(crate) fn take(&mut self) -> Chunk {
        self.0.extend_from_slice(&[0; TAG]);
        Chunk(self.0.split())
    }
}

/// Verified bytes that are all at hand, from the beginning of a chunk on.
pub(crate) fn chunks_of(bytes: &[u8]) -> Vec<Chunk> {
    let (mut room, mut left) = (Room::default(), bytes.len());
    let put = |plain: &[u8]| {
        room.next_of(left).extend_from_slice(plain);
        left -= plain.len();
        room.take()
    };
    bytes.chunks(CHUNK).map(put).collect()
}
