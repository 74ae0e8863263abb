//! This site's keys: kept in one file with mode 0600, and the root of everything the site signs.
//!
//! The *first* key is the site's name. The *current* key signs and speaks for the site (`protocol::succession`). What the site
//! seals at rest is derived from the *root*: the first key's seed, until everything is sealed anew under another root
//! (`crate::reseal`), and the first key's seed is gone. The file holds the root; once the key was changed, behind it the
//! current key's seed and the chain from the first key to it.
//!
//! # At a crash
//! The key file is written whole under another name, synced, and renamed; a half-written key is never found. A change of the
//! key lies ready beside it ([`Identity::prepare`]) before trust records it; what is recorded is completed at the next start
//! ([`Identity::settle`]), what is not recorded was not begun. While things are sealed anew the next root lies beside the key
//! file, and both open; the root before goes with one renaming, when nothing needs it any more.

use crate::seal;
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
    sync::{Mutex, PoisonError, RwLock},
};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Name of the key file in the node's folder: 32 bytes, the first key's ed25519 seed and the root; or the root, the current
/// key's seed in as many bytes, and the chain.
pub(crate) const KEY_FILE: &str = "site.key";
/// The next key file, while the key is being changed. A backup has it as well.
const NEXT_FILE: &str = "site.key.next";
/// The next root, while things are sealed anew: 32 bytes, and when it was made in 8. A backup has it as well.
const ROOT_FILE: &str = "site.root.next";

/// What keys of things sealed at rest are derived from.
struct Roots {
    now: Root,
    /// While things are sealed anew: the one before, which the key file still has, and since when.
    before: Option<(Root, Timestamp)>,
}

type Root = Zeroizing<[u8; 32]>;

impl Roots {
    /// The one in the key file.
    fn on_file(&self) -> &Root {
        self.before.as_ref().map_or(&self.now, |(before, _)| before)
    }
}

/// The keys of one purpose.
#[derive(Debug)]
pub(crate) struct Sealing {
    /// What is sealed from now on.
    pub(crate) now: seal::Key,
    /// What may have been sealed before, while things are sealed anew.
    pub(crate) before: Option<seal::Key>,
}

impl Sealing {
    /// Both, the newer first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &seal::Key> {
        std::iter::once(&self.now).chain(&self.before)
    }
}

/// The site's keys.
pub(crate) struct Identity {
    site: SiteId,
    roots: RwLock<Roots>,
    /// Held while files are written.
    writing: Mutex<()>,
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
    #[error("change the key first: what is sealed under a key that is in use cannot be taken from it")]
    NotChanged,
    #[error("the key is just being changed")]
    Changing,
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
    let key = SiteKey::of(SigningKey::from_bytes(current), keys).ok_or(IdentityError::Length)?;
    Ok((first, key))
}

/// The next root and since when, where there is one.
fn read_root(dir: &Path) -> Result<Option<(Root, Timestamp)>, IdentityError> {
    let bytes = match fs::read(dir.join(ROOT_FILE)) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let (root, since) = bytes.split_first_chunk::<32>().ok_or(IdentityError::Length)?;
    let since: [u8; 8] = since.try_into().map_err(|_| IdentityError::Length)?;
    Ok(Some((Zeroizing::new(*root), Timestamp(u64::from_le_bytes(since)))))
}

/// A key file's bytes.
fn key_file(root: &Root, key: &SiteKey) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(root.to_vec());
    bytes.extend_from_slice(&*Zeroizing::new(key.signing_key().to_bytes()));
    bytes.extend_from_slice(&wire::encode(key.keys()));
    bytes
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
        let (on_file, key) = read(&dir.join(KEY_FILE))?;
        let roots = match read_root(dir)? {
            None => Roots { now: on_file, before: None },
            // All was sealed anew, and the stop came before it was taken away.
            Some((next, _)) if *next == *on_file => {
                fs::remove_file(dir.join(ROOT_FILE))?;
                Roots { now: on_file, before: None }
            }
            Some((next, since)) => Roots { now: next, before: Some((on_file, since)) },
        };
        Ok(Self::new(roots, key, Some(dir.to_owned())))
    }

    #[cfg(test)]
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let roots = Roots { now: Zeroizing::new(*seed), before: None };
        Self::new(roots, SiteKey::from(SigningKey::from_bytes(seed)), None)
    }

    fn new(roots: Roots, key: SiteKey, dir: Option<PathBuf>) -> Self {
        let (roots, current) = (RwLock::new(roots), RwLock::new(key.clone()));
        Self { site: key.site(), roots, writing: Mutex::default(), current, changed: watch::Sender::new(()), dir }
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

    /// The keys of what is sealed at rest for a purpose: they outlive the keys that speak. Asked for at each use, since they
    /// may become others.
    pub(crate) fn sealing(&self, purpose: &str) -> Sealing {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        let of = |root: &Root| seal::Key::new(Zeroizing::new(blake3::derive_key(purpose, root.as_slice())));
        Sealing { now: of(&roots.now), before: roots.before.as_ref().map(|(root, _)| of(root)) }
    }

    /// Since when things are being sealed anew.
    pub(crate) fn resealing(&self) -> Option<Timestamp> {
        self.roots.read().unwrap_or_else(PoisonError::into_inner).before.as_ref().map(|(_, since)| *since)
    }

    /// Begins to seal anew: what is sealed from now on is so under another root, durably known. Nothing where it was begun
    /// already.
    ///
    /// # Errors
    /// [`IdentityError::NotChanged`]: the root is the seed of the key in use; when it cannot be written.
    pub(crate) fn begin_reseal(&self, at: Timestamp) -> Result<(), IdentityError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.resealing().is_some() {
            return Ok(());
        }
        if self.key().keys().successions().is_empty() {
            return Err(IdentityError::NotChanged);
        }
        let next: Root = Zeroizing::new(rand::random());
        if let Some(dir) = &self.dir {
            let mut bytes = Zeroizing::new(next.to_vec());
            bytes.extend_from_slice(&at.0.to_le_bytes());
            write_whole(dir, ROOT_FILE, &bytes)?;
        }
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut roots.now, next);
        roots.before = Some((before, at));
        Ok(())
    }

    /// Nothing is sealed under the root before any more: it is destroyed.
    ///
    /// # Errors
    /// [`IdentityError::Changing`]: a little later; when it cannot be written.
    pub(crate) fn finish_reseal(&self) -> Result<(), IdentityError> {
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.resealing().is_none() {
            return Ok(());
        }
        let mut roots = self.roots.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(dir) = &self.dir {
            // A key file that lies ready has the root before.
            if dir.join(NEXT_FILE).exists() {
                return Err(IdentityError::Changing);
            }
            let before = fs::OpenOptions::new().write(true).open(dir.join(KEY_FILE))?;
            let length = usize::try_from(before.metadata()?.len()).unwrap_or(0);
            write_whole(dir, KEY_FILE, &key_file(&roots.now, &self.key()))?;
            // The file has no name any more. What the disk itself keeps of it is out of reach.
            (&before).write_all(&vec![0; length])?;
            before.sync_all()?;
            fs::remove_file(dir.join(ROOT_FILE))?;
            fs::File::open(dir)?.sync_all()?;
        }
        roots.before = None;
        Ok(())
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
            let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
            write_whole(dir, NEXT_FILE, &key_file(roots.on_file(), &next))?;
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

    /// What depends on the root, the newer first.
    fn name(identity: &Identity) -> Vec<String> {
        identity.sealing("a test").all().map(|key| key.name("thing", b"x")).collect()
    }

    #[test]
    fn a_root_is_there_until_nothing_needs_it_and_then_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity::create(dir.path()).unwrap();
        let first = fs::read(dir.path().join(KEY_FILE)).unwrap();
        assert!(matches!(identity.begin_reseal(Timestamp(5)), Err(IdentityError::NotChanged)));
        let next = identity.prepare(Timestamp(10), None).unwrap();
        identity.adopt(next).unwrap();
        let old = name(&identity);
        identity.begin_reseal(Timestamp(20)).unwrap();
        let both = name(&identity);
        assert_eq!((both.len(), &both[1]), (2, &old[0]));
        // Again, a stop, and a change of the key in between: the same two.
        identity.begin_reseal(Timestamp(30)).unwrap();
        let identity = Identity::load(dir.path()).unwrap();
        assert_eq!((name(&identity), identity.resealing()), (both.clone(), Some(Timestamp(20))));
        let next = identity.prepare(Timestamp(40), None).unwrap();
        assert!(matches!(identity.finish_reseal(), Err(IdentityError::Changing)));
        identity.adopt(next).unwrap();
        assert_eq!(name(&Identity::load(dir.path()).unwrap()), both);
        let held = fs::File::open(dir.path().join(KEY_FILE)).unwrap();
        identity.finish_reseal().unwrap();
        assert_eq!((name(&identity), identity.resealing()), (vec![both[0].clone()], None));
        let again = Identity::load(dir.path()).unwrap();
        assert_eq!((name(&again), again.site()), (vec![both[0].clone()], identity.site()));
        assert_eq!(again.key().keys(), identity.key().keys());
        // The first key's seed is nowhere in the folder, nor in the file that was there.
        let mut files: Vec<Vec<u8>> =
            fs::read_dir(dir.path()).unwrap().map(|item| fs::read(item.unwrap().path()).unwrap()).collect();
        files.push(io::read_to_string(held).unwrap().into_bytes());
        assert!(files.iter().all(|bytes| memchr::memmem::find(bytes, &first).is_none()));
        // A stop between the two files: the second goes at the start.
        fs::write(dir.path().join(ROOT_FILE), [&fs::read(dir.path().join(KEY_FILE)).unwrap()[..32], &[0; 8]].concat())
            .unwrap();
        assert_eq!(name(&Identity::load(dir.path()).unwrap()), vec![both[0].clone()]);
        assert!(!dir.path().join(ROOT_FILE).exists());
    }

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
        assert_eq!(name(&third), name(&before), "what is sealed at rest stays readable");
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
