//! This site's key: made once, kept in one file with mode 0600, and the root of everything the site signs.
//!
//! # At a crash
//! The key file is written whole under another name, synced, and renamed; a half-written key is never found.

use ed25519_dalek::SigningKey;
use protocol::{
    SiteId,
    signed::{Domain, Signed},
};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};
use zeroize::Zeroizing;

/// Name of the key file in the node's folder: 32 bytes, the ed25519 seed.
pub(crate) const KEY_FILE: &str = "site.key";

/// The site's key.
pub(crate) struct Identity {
    key: SigningKey,
    site: SiteId,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.site.short())
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    #[error("{KEY_FILE}: {0}")]
    Io(#[from] io::Error),
    #[error("{KEY_FILE} must have mode 0600, not {0:04o}")]
    Mode(u32),
    #[error("{KEY_FILE} is not 32 bytes")]
    Length,
    #[error("{KEY_FILE} exists already")]
    Exists,
}

impl Identity {
    /// Makes a new key in a folder.
    ///
    /// # Errors
    /// [`IdentityError::Exists`] rather than replacing one.
    pub(crate) fn create(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(KEY_FILE);
        if path.exists() {
            return Err(IdentityError::Exists);
        }
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        let fresh = dir.join("site.key.new");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(seed.as_slice())?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        fs::File::open(dir)?.sync_all()?;
        Ok(Self::from_seed(&seed))
    }

    /// Reads the key of a folder.
    ///
    /// # Errors
    /// When the file is missing, not 32 bytes, or readable by others.
    pub(crate) fn load(dir: &Path) -> Result<Self, IdentityError> {
        let path = dir.join(KEY_FILE);
        let mode = fs::metadata(&path)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(IdentityError::Mode(mode));
        }
        let bytes = Zeroizing::new(fs::read(&path)?);
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(bytes.as_slice().try_into().map_err(|_| IdentityError::Length)?);
        Ok(Self::from_seed(&seed))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let site = SiteId(key.verifying_key().to_bytes());
        Self { key, site }
    }

    /// Who we are.
    pub(crate) fn site(&self) -> SiteId {
        self.site
    }

    /// Signs a value as this site.
    pub(crate) fn seal<T: Domain>(&self, value: &T) -> Signed<T> {
        Signed::seal(&self.key, value)
    }

    /// The key itself: for transports and agreements only.
    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.key
    }
}
