//! Sealing: AES-256-GCM, one key per study, one derived key per object.
//!
//! An object's chunks use their index as nonce under a key derived from the study key and the object's digest: the
//! same nonce is only ever used again for the same plaintext. Blobs change under their name and use random nonces.

use super::{CHUNK, CacheError};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use protocol::Digest;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes a seal adds to a chunk.
pub(super) const TAG_BYTES: u64 = 16;
/// The same.
pub(super) const TAG: usize = 16;
const NONCE_BYTES: usize = 12;

/// A 256-bit key.
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    pub(super) fn random() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Result<LessSafeKey, CacheError> {
        let key = UnboundKey::new(&AES_256_GCM, self.0.as_slice()).map_err(|_| CacheError::Damaged)?;
        Ok(LessSafeKey::new(key))
    }

    /// The cipher of one object's chunks.
    pub(super) fn object_cipher(&self, digest: &Digest) -> Result<LessSafeKey, CacheError> {
        let mut material = Zeroizing::new([0u8; 64]);
        material[..32].copy_from_slice(self.0.as_slice());
        material[32..].copy_from_slice(&digest.0);
        Self(Zeroizing::new(blake3::derive_key("confrere cache object 1", material.as_slice()))).cipher()
    }

    /// A file name that tells nothing without the key.
    pub(super) fn file_name(&self, kind: &str, name: &[u8]) -> String {
        let key = Zeroizing::new(blake3::derive_key("confrere cache names 1", self.0.as_slice()));
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(kind.as_bytes()).update(&[0]).update(name);
        hasher.finalize().to_hex().as_str().get(..40).unwrap_or_default().to_owned()
    }

    /// Seals bytes that stay together: nonce, then ciphertext and tag.
    pub(super) fn seal_small(&self, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, CacheError> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let mut sealed = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed)
            .map_err(|_| CacheError::Damaged)?;
        sealed.splice(0..0, nonce);
        Ok(sealed)
    }

    /// Opens what [`Key::seal_small`] made.
    pub(super) fn open_small(&self, aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let mut body = body.to_vec();
        let plain = self
            .cipher()
            .ok()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), &mut body)
            .ok()?
            .len();
        body.truncate(plain);
        Some(body)
    }

    /// Seals a blob in chunks; place, number and count of chunks are bound, so that none can be moved or cut off.
    pub(super) fn seal_blob(&self, path: &Path, plain: &[u8]) -> Result<Vec<u8>, CacheError> {
        let total = chunks(plain.len());
        let mut sealed = Vec::with_capacity(plain.len() + total * 32);
        for (index, chunk) in blob_chunks(plain).enumerate() {
            sealed.extend_from_slice(&self.seal_small(&blob_aad(path, index, total), chunk)?);
        }
        Ok(sealed)
    }

    /// Opens a blob; `None` when any chunk is damaged.
    pub(super) fn open_blob(&self, path: &Path, sealed: &[u8]) -> Option<Vec<u8>> {
        let stride = CHUNK + TAG + NONCE_BYTES;
        let total = sealed.len().div_ceil(stride).max(1);
        let mut plain = Vec::with_capacity(sealed.len());
        for index in 0..total {
            let chunk = sealed.get(index * stride..sealed.len().min((index + 1) * stride))?;
            plain.extend_from_slice(&self.open_small(&blob_aad(path, index, total), chunk)?);
        }
        Some(plain)
    }
}

fn chunks(len: usize) -> usize {
    len.div_ceil(CHUNK).max(1)
}

/// An empty blob is one empty chunk.
fn blob_chunks(plain: &[u8]) -> impl Iterator<Item = &[u8]> {
    let empty = plain.is_empty().then_some(plain);
    plain.chunks(CHUNK).chain(empty)
}

fn blob_aad(path: &Path, index: usize, total: usize) -> Vec<u8> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    [name, &(index as u64).to_le_bytes(), &(total as u64).to_le_bytes()].concat()
}

fn chunk_nonce(index: u64) -> Nonce {
    let mut nonce = [0u8; NONCE_BYTES];
    nonce[..8].copy_from_slice(&index.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Seals one chunk of an object where it lies; its last [`TAG`] bytes are room for the tag.
pub(super) fn seal_chunk(cipher: &LessSafeKey, index: u64, chunk: &mut [u8]) -> Result<(), CacheError> {
    let (plain, room) = chunk.split_last_chunk_mut::<TAG>().ok_or(CacheError::Damaged)?;
    let sealed = cipher.seal_in_place_separate_tag(chunk_nonce(index), Aad::empty(), plain);
    let tag = sealed.map_err(|_| CacheError::Damaged)?;
    let tag: &[u8] = tag.as_ref();
    *room = tag.try_into().map_err(|_| CacheError::Damaged)?;
    Ok(())
}

/// Opens one chunk of an object in place, its tag behind it; `None` when it is missing or damaged.
pub(super) fn open_chunk(cipher: &LessSafeKey, index: u64, sealed: &mut [u8]) -> Option<()> {
    cipher.open_in_place(chunk_nonce(index), Aad::empty(), sealed).ok().map(|_| ())
}
