//! Notes: sealed blobs keyed by an agreement, for what a peer told us that is of no single study (its cards).

use super::{Cache, CacheError, keys};
use protocol::ids::Id128;
use std::fs;

impl Cache {
    /// Keeps a note under a name, replacing an older one. Gone with the agreement's key.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub(crate) fn put_note(&self, agreement: &Id128, name: &str, bytes: &[u8]) -> Result<(), CacheError> {
        let key = {
            let mut state = self.inner.lock();
            let (key, made) = state.keys.basis_key(*agreement, *agreement);
            if made {
                state.keys.save(&self.inner.dir)?;
            }
            key
        };
        let dir = self.inner.dir.join("notes").join(agreement.to_string());
        fs::create_dir_all(&dir)?;
        let path = dir.join(key.file_name("note", name.as_bytes()));
        keys::write_whole(&path, &key.seal_blob(&path, bytes)?, false)
    }

    /// Reads a note; `None` when there is none, it is damaged, or the agreement's key is gone.
    ///
    /// # Errors
    /// [`CacheError::Io`].
    pub(crate) fn note(&self, agreement: &Id128, name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let Some(key) = self.inner.lock().keys.known_basis_key(agreement) else { return Ok(None) };
        let dir = self.inner.dir.join("notes").join(agreement.to_string());
        let path = dir.join(key.file_name("note", name.as_bytes()));
        match fs::read(&path) {
            Ok(sealed) => Ok(key.open_blob(&path, &sealed)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
}
