//! Credentials of a DICOMweb source: a file of their own, readable by the node's account only, never shown again.
//!
//! # At a crash
//! The file is written beside its name and renamed: it is there whole or not at all.

use data_encoding::BASE64;
use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Longest value of the Authorization header taken, bytes.
const BYTES_MAX: usize = 16 * 1024;

/// The value of an Authorization header.
#[derive(Clone)]
pub(crate) struct Secret(Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// `None`: not fit for a header.
    pub(crate) fn bearer(token: &str) -> Option<Self> {
        Self::fit(format!("Bearer {token}"))
    }

    /// `None`: not fit for a header.
    pub(crate) fn basic(name: &str, password: &str) -> Option<Self> {
        let pair = Zeroizing::new(format!("{name}:{password}"));
        Self::fit(format!("Basic {}", BASE64.encode(pair.as_bytes())))
    }

    fn fit(value: String) -> Option<Self> {
        let is_fit = value.len() <= BYTES_MAX && value.bytes().all(|b| (0x20..0x7f).contains(&b));
        is_fit.then(|| Self(Zeroizing::new(value)))
    }

    pub(super) fn header(&self) -> &str {
        &self.0
    }

    fn path(dir: &Path, source: &str) -> PathBuf {
        dir.join(format!("{source}.secret"))
    }

    pub(super) fn read(dir: &Path, source: &str) -> Option<Self> {
        let text = std::fs::read_to_string(Self::path(dir, source)).ok()?;
        Self::fit(text)
    }

    pub(super) fn keep(&self, dir: &Path, source: &str) -> io::Result<()> {
        let path = Self::path(dir, source);
        let fresh = path.with_extension("secret.new");
        let _ = std::fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(self.0.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&fresh, &path)?;
        std::fs::File::open(dir)?.sync_all()
    }

    pub(super) fn forget(dir: &Path, source: &str) -> io::Result<()> {
        match std::fs::remove_file(Self::path(dir, source)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_kept_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let secret = Secret::basic("me", "pass").unwrap();
        secret.keep(dir.path(), "pacs").unwrap();
        let mode = std::fs::metadata(dir.path().join("pacs.secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Secret::read(dir.path(), "pacs").unwrap().header(), "Basic bWU6cGFzcw==");
        assert_eq!(format!("{secret:?}"), "Secret");
        Secret::forget(dir.path(), "pacs").unwrap();
        assert!(Secret::read(dir.path(), "pacs").is_none());
        assert!(Secret::bearer("a\nb").is_none());
    }
}
