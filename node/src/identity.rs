//! This site's keys: kept in one file with mode 0600, and the root of everything the site signs.
//!
//! The *first* key is the site's name and what it seals at rest is derived from it; it never changes. The *current* key signs
//! and speaks for the site (`protocol::succession`). The file holds the first key's seed; once the key was changed, behind it
//! the current one's and the chain between the two.
//!
//! # At a crash
//! The key file is written whole under another name, synced, and renamed; a half-written key is never found. A change of the
//! key lies ready beside it ([`Identity::prepare`]) before trust records it; what is recorded is completed at the next start
//! ([`Identity::settle`]), what is not recorded was not begun.

use ed25519_dalek::SigningKey;
use protocol::{
    Keys, SiteId, SiteKey, Timestamp,
    signed::{Domain, Signed, Signs},
    succession::Relation,
    wire,
};
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Name of the key file in the node's folder: 32 bytes, the first key's ed25519 seed; or as many again, the current key's,
/// and the chain.
pub(crate) const KEY_FILE: &str = "site.key";
/// The next key file, while the key is being changed. A backup has it as well.
const NEXT_FILE: &str = "site.key.next";

/// The site's keys.
pub(crate) struct Identity {
    site: SiteId,
    first: Zeroizing<[u8; 32]>,
    current: RwLock<SiteKey>,
    changed: watch::Sender<()>,
    dir: Option<PathBuf>,
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
    #[error("{KEY_FILE} is not 32 bytes, nor two keys and their chain")]
    Length,
    #[error("{KEY_FILE} exists already")]
    Exists,
    /// The journal tells of a key that is not there: a file from before the last change was put back.
    #[error("{KEY_FILE} is from before the last change of the key")]
    Outdated,
    #[error("the key cannot be changed: it was as often as it may, or the clock is behind the last change")]
    NoMore,
}

fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let fresh = dir.join("site.key.new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, dir.join(name))?;
    fs::File::open(dir)?.sync_all()
}

fn read(path: &Path) -> Result<(Zeroizing<[u8; 32]>, SiteKey), IdentityError> {
    let mode = fs::metadata(path)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(IdentityError::Mode(mode));
    }
    let bytes = Zeroizing::new(fs::read(path)?);
    let (first, rest) = bytes.split_first_chunk::<32>().ok_or(IdentityError::Length)?;
    let first = Zeroizing::new(*first);
    if rest.is_empty() {
        let key = SiteKey::from(SigningKey::from_bytes(&first));
        return Ok((first, key));
    }
    let (current, chain) = rest.split_first_chunk::<32>().ok_or(IdentityError::Length)?;
    let keys: Keys = wire::decode(chain).map_err(|_| IdentityError::Length)?;
    let is_ours = keys.site().0 == SigningKey::from_bytes(&first).verifying_key().to_bytes();
    let key = SiteKey::of(SigningKey::from_bytes(current), keys).filter(|_| is_ours).ok_or(IdentityError::Length)?;
    Ok((first, key))
}

impl Identity {
    /// Makes a new key in a folder.
    ///
    /// # Errors
    /// [`IdentityError::Exists`] rather than replacing one.
    pub(crate) fn create(dir: &Path) -> Result<Self, IdentityError> {
        if dir.join(KEY_FILE).exists() {
            return Err(IdentityError::Exists);
        }
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        write_whole(dir, KEY_FILE, seed.as_slice())?;
        Self::load(dir)
    }

    /// Reads the keys of a folder.
    ///
    /// # Errors
    /// When the file is missing, not what it should be, or readable by others.
    pub(crate) fn load(dir: &Path) -> Result<Self, IdentityError> {
        let (first, key) = read(&dir.join(KEY_FILE))?;
        Ok(Self::new(first, key, Some(dir.to_owned())))
    }

    #[cfg(test)]
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        Self::new(Zeroizing::new(*seed), SiteKey::from(SigningKey::from_bytes(seed)), None)
    }

    fn new(first: Zeroizing<[u8; 32]>, key: SiteKey, dir: Option<PathBuf>) -> Self {
        Self { site: key.site(), first, current: RwLock::new(key), changed: watch::Sender::new(()), dir }
    }

    /// Who we are.
    pub(crate) fn site(&self) -> SiteId {
        self.site
    }

    /// The key that signs and speaks now.
    pub(crate) fn key(&self) -> SiteKey {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Signs a value as this site.
    pub(crate) fn seal<T: Domain>(&self, value: &T) -> Signed<T> {
        Signed::seal(&*self.current.read().unwrap_or_else(PoisonError::into_inner), value)
    }

    /// What keys of things sealed at rest are derived from: it outlives the keys that speak.
    pub(crate) fn root(&self) -> Zeroizing<[u8; 32]> {
        self.first.clone()
    }

    /// Hears when the current key has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Makes the next key and lays it beside the one in use, durably. It signs nothing yet.
    ///
    /// # Errors
    /// [`IdentityError::NoMore`]; when it cannot be written.
    pub(crate) fn prepare(&self, at: Timestamp, void_from: Option<Timestamp>) -> Result<SiteKey, IdentityError> {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(rand::random());
        let next = self.key().succeed(SigningKey::from_bytes(&seed), at, void_from).ok_or(IdentityError::NoMore)?;
        if let Some(dir) = &self.dir {
            let mut bytes = Zeroizing::new(self.first.to_vec());
            bytes.extend_from_slice(seed.as_slice());
            bytes.extend_from_slice(&wire::encode(next.keys()));
            write_whole(dir, NEXT_FILE, &bytes)?;
        }
        Ok(next)
    }

    /// The next key is in use from now on: what it was prepared for is recorded.
    ///
    /// # Errors
    /// When the file cannot be renamed; the next start does it.
    pub(crate) fn adopt(&self, next: SiteKey) -> Result<(), IdentityError> {
        if let Some(dir) = &self.dir {
            fs::rename(dir.join(NEXT_FILE), dir.join(KEY_FILE))?;
            fs::File::open(dir)?.sync_all()?;
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        self.changed.send_replace(());
        Ok(())
    }

    /// At start: completes a change that is recorded, and forgets one that is not. What the journal does not know of the keys
    /// in use is given back, to be recorded.
    ///
    /// # Errors
    /// [`IdentityError::Outdated`].
    pub(crate) fn settle(&self, recorded: &Keys) -> Result<Option<Keys>, IdentityError> {
        let next = self.dir.as_ref().map(|dir| dir.join(NEXT_FILE)).filter(|path| path.exists());
        let prepared = next.as_ref().and_then(|path| read(path).ok()).map(|(_, key)| key);
        let own = self.key().keys().clone();
        match recorded.relation(&own) {
            Relation::Ahead => match prepared.filter(|key| key.keys() == recorded) {
                Some(key) => return self.adopt(key).map(|()| None),
                None => return Err(IdentityError::Outdated),
            },
            Relation::Conflict => return Err(IdentityError::Outdated),
            Relation::Same | Relation::Behind => {}
        }
        if let Some(path) = next {
            fs::remove_file(path)?;
        }
        Ok((recorded.relation(&own) == Relation::Behind).then_some(own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_that_was_recorded_is_completed_and_another_was_not_begun() {
        let dir = tempfile::tempdir().unwrap();
        let before = Identity::create(dir.path()).unwrap();
        let (site, old) = (before.site(), before.key().keys().clone());
        let next = before.prepare(Timestamp(10), None).unwrap();
        // Killed before trust's record: nothing happened.
        let again = Identity::load(dir.path()).unwrap();
        assert_eq!(again.settle(&old).unwrap(), None);
        assert!(!dir.path().join(NEXT_FILE).exists());
        assert_eq!(again.key().keys(), &old);
        // Killed after it: it is completed.
        let next = {
            drop(next);
            again.prepare(Timestamp(20), None).unwrap()
        };
        let third = Identity::load(dir.path()).unwrap();
        assert_eq!(third.settle(next.keys()).unwrap(), None);
        assert_eq!((third.site(), third.key().keys()), (site, next.keys()));
        assert_eq!(*third.root(), *before.root(), "what is sealed at rest stays readable");
        let last = Identity::load(dir.path()).unwrap();
        assert_eq!(last.settle(next.keys()).unwrap(), None);
        assert_eq!(last.key().keys(), next.keys());
        // A journal from before the change learns of it; a key from before it is refused.
        assert_eq!(last.settle(&old).unwrap().as_ref(), Some(next.keys()));
        assert!(matches!(before.settle(next.keys()), Err(IdentityError::Outdated)));
    }

    #[test]
    fn a_key_file_that_others_can_read_or_that_is_cut_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::create(dir.path()).unwrap();
        let next = identity.prepare(Timestamp(10), None).unwrap();
        identity.adopt(next).unwrap();
        let path = dir.path().join(KEY_FILE);
        let whole = fs::read(&path).unwrap();
        for length in [0, 31, 33, 64, 65, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Length)), "{length}");
        }
        fs::write(&path, &whole).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Identity::load(dir.path()), Err(IdentityError::Mode(0o640))));
    }
}
