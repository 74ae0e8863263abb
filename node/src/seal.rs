//! Sealed bytes for places that are not ours: chunks of AES-256-GCM under a key of their own.
//!
//! ```text
//! sealed = salt:16 chunk+      chunk = AES-256-GCM of at most 1 MiB, with tag
//! ```
//! Each sealed text has a key of its own, from the master key, its name and its salt; chunks are numbered by the nonce,
//! and the last one says so, so that none can be moved, left out or cut off. Names are keyed hashes: who holds the place
//! learns how much there is and when it came.
//!
//! # Not here
//! Where the master key comes from, and where the bytes go: `backup`, and the cold tier of `archive`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use std::io::{self, Read, Write};
use zeroize::Zeroizing;

const CHUNK: usize = 1 << 20;
const TAG: usize = 16;
const SALT: usize = 16;

/// A master key.
pub(crate) struct Key(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Key {
    pub(crate) const fn new(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    /// A keyed hash; it is compared in constant time.
    pub(crate) fn hash(&self, bytes: &[u8]) -> blake3::Hash {
        blake3::keyed_hash(&self.0, bytes)
    }

    /// What something is called, by what it is known by: 64 hex digits.
    pub(crate) fn name(&self, kind: &str, known_by: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&(kind.len() as u64).to_le_bytes()).update(kind.as_bytes()).update(known_by);
        hasher.finalize().to_hex().to_string()
    }

    fn cipher(&self, name: &str, salt: &[u8]) -> io::Result<LessSafeKey> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(b"file").update(salt).update(name.as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, hasher.finalize().as_bytes());
        key.map(LessSafeKey::new).map_err(|_| damaged("no key can be made"))
    }

    /// Seals what is written to it, under a name. It must be finished.
    ///
    /// # Errors
    /// When `to` cannot be written.
    pub(crate) fn sealer<W: Write>(&self, name: &str, mut to: W) -> io::Result<Sealer<W>> {
        let salt: [u8; SALT] = rand::random();
        to.write_all(&salt)?;
        Ok(Sealer { cipher: self.cipher(name, &salt)?, to, chunk: Vec::new(), index: 0 })
    }

    /// Reads what was sealed under a name.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`], here and later, for what is not what was sealed.
    pub(crate) fn opener<R: Read>(&self, name: &str, mut from: R) -> io::Result<Opener<R>> {
        let mut salt = Vec::new();
        from.by_ref().take(SALT as u64).read_to_end(&mut salt)?;
        if salt.len() < SALT {
            return Err(damaged("a sealed text is cut off"));
        }
        let next = piece(&mut from)?;
        Ok(Opener { cipher: self.cipher(name, &salt)?, from, next, plain: Vec::new(), at: 0, index: 0, is_over: false })
    }
}

/// See [`Key::sealer`].
pub(crate) struct Sealer<W> {
    cipher: LessSafeKey,
    to: W,
    chunk: Vec<u8>,
    index: u64,
}

impl<W> std::fmt::Debug for Sealer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", self.index)
    }
}

impl<W: Write> Sealer<W> {
    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let sealed =
            self.cipher.seal_in_place_append_tag(nonce(self.index), Aad::from([u8::from(is_last)]), &mut self.chunk);
        sealed.map_err(|_| io::Error::other("sealing failed"))?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.index += 1;
        Ok(())
    }

    /// Seals what is left, and says that it is the last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.seal(true)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() >= CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.get(..bytes.len().min(CHUNK - self.chunk.len())).unwrap_or_default();
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// A chunk that is not full stays here until the end.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// See [`Key::opener`].
pub(crate) struct Opener<R> {
    cipher: LessSafeKey,
    from: R,
    next: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    index: u64,
    is_over: bool,
}

impl<R> std::fmt::Debug for Opener<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opener({})", self.index)
    }
}

impl<R: Read> Opener<R> {
    fn open(&mut self) -> io::Result<()> {
        let mut chunk = std::mem::take(&mut self.next);
        self.next = piece(&mut self.from)?;
        self.is_over = self.next.is_empty();
        let aad = Aad::from([u8::from(self.is_over)]);
        let opened = self.cipher.open_in_place(nonce(self.index), aad, &mut chunk);
        let length = opened.map_err(|_| damaged("a sealed text is not what was sealed"))?.len();
        chunk.truncate(length);
        (self.plain, self.at) = (chunk, 0);
        self.index += 1;
        Ok(())
    }
}

impl<R: Read> Read for Opener<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.plain.len() && !self.is_over {
            self.open()?;
        }
        let left = self.plain.get(self.at..).unwrap_or_default();
        let n = left.len().min(out.len());
        if let (Some(to), Some(from)) = (out.get_mut(..n), left.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}

fn nonce(index: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&index.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn piece(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take((CHUNK + TAG) as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key::new(Zeroizing::new([7; 32]))
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealer = key().sealer("a", Vec::new()).unwrap();
        sealer.write_all(plain).unwrap();
        sealer.finish().unwrap()
    }

    fn opened(name: &str, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        key().opener(name, sealed)?.read_to_end(&mut plain)?;
        Ok(plain)
    }

    #[test]
    fn what_is_sealed_comes_back_and_nothing_else() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
            let plain: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap()).collect();
            let sealed = sealed(&plain);
            assert_eq!(sealed.len(), SALT + length + TAG * length.div_ceil(CHUNK).max(1));
            assert_eq!(opened("a", &sealed).unwrap(), plain);
            assert_eq!(opened("b", &sealed).unwrap_err().kind(), io::ErrorKind::InvalidData);
            assert!(opened("a", &sealed[..sealed.len() - 1]).is_err());
        }
    }

    #[test]
    fn chunks_cannot_be_cut_off_changed_or_moved() {
        let whole = sealed(&vec![1; 2 * CHUNK + 9]);
        let chunk = CHUNK + TAG;
        assert!(opened("a", &whole[..SALT + chunk]).is_err(), "cut at a chunk's end");
        let moved = [&whole[..SALT], &whole[SALT + chunk..SALT + 2 * chunk], &whole[SALT..SALT + chunk]].concat();
        assert!(opened("a", &moved).is_err());
        let mut changed = whole.clone();
        changed[SALT + chunk + 3] ^= 1;
        assert!(opened("a", &changed).is_err());
        assert_eq!(key().opener("a", &whole[..5]).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
