//! The key file: every key of the cache, rewritten whole, so that destroying one leaves no older copy behind.

use super::{CacheError, receipts::Label, seal::Key};
use crate::tasks;
use protocol::{
    SiteId, Timestamp, Uid,
    catalog::Basis,
    ids::Id128,
    wire::{self, Wire, WireError},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

const KEYS: &str = "keys";

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct KeyFile {
    /// Makes study tags unguessable.
    names: [u8; 32],
    pub(super) bases: Vec<BasisKey>,
    pub(super) studies: BTreeMap<[u8; 32], StudyKeys>,
    /// Sealed receipts that holders do not have yet.
    pub(super) owed: Vec<Vec<u8>>,
}

/// The key of an agreement or grant.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct BasisKey {
    pub(super) id: Id128,
    /// The agreement itself, or the one a grant stands under.
    pub(super) agreement: Id128,
    key: [u8; 32],
}

/// A study's key, wrapped.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StudyKeys {
    pub(super) until: Timestamp,
    pub(super) wraps: Vec<Wrap>,
    /// A [`Label`], sealed under the study's key.
    pub(super) label: Option<Vec<u8>>,
}

/// The study key under one basis's key.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Wrap {
    pub(super) basis: Id128,
    sealed: Vec<u8>,
}

impl Wire for KeyFile {
    const VERSION: u8 = 2;
    const NAME: &'static str = "cache keys";

    fn decode_version(version: u8, body: &[u8]) -> Result<Self, WireError> {
        if version != 1 {
            return Err(WireError::Version { name: Self::NAME, version });
        }
        let KeyFile1 { names, bases, studies } = wire::decode_body(body)?;
        let unnamed = |StudyKeys1 { until, wraps }| StudyKeys { until, wraps, label: None };
        let studies = studies.into_iter().map(|(tag, keys)| (tag, unnamed(keys))).collect();
        Ok(Self { names, bases, studies, owed: Vec::new() })
    }
}

/// Before copies had names.
#[derive(Serialize, Deserialize)]
struct KeyFile1 {
    names: [u8; 32],
    bases: Vec<BasisKey>,
    studies: BTreeMap<[u8; 32], StudyKeys1>,
}

#[derive(Serialize, Deserialize)]
struct StudyKeys1 {
    until: Timestamp,
    wraps: Vec<Wrap>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({} bases, {} studies)", self.bases.len(), self.studies.len())
    }
}

impl KeyFile {
    pub(super) fn load(dir: &Path) -> Result<Self, CacheError> {
        match fs::read(dir.join(KEYS)) {
            Ok(bytes) => wire::decode(&bytes).map_err(|_| CacheError::Damaged),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let fresh =
                    Self { names: rand::random(), bases: Vec::new(), studies: BTreeMap::new(), owed: Vec::new() };
                fresh.save(dir)?;
                Ok(fresh)
            }
            Err(e) => Err(e.into()),
        }
    }

    pub(super) fn save(&self, dir: &Path) -> Result<(), CacheError> {
        write_whole(&dir.join(KEYS), &wire::encode(self), true)?;
        fs::File::open(dir)?.sync_all()?;
        Ok(())
    }

    pub(super) fn study_tag(&self, holder: &SiteId, study: &Uid) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.names);
        hasher.update(&holder.0).update(study.as_str().as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// The key of the receipts, which outlive their studies'.
    pub(super) fn receipts_key(&self) -> Key {
        Key::from_bytes(&blake3::derive_key("confrere cache receipts 1", &self.names))
    }

    /// What a study's copy is called outside, if it has a name.
    pub(super) fn label(&self, tag: &[u8; 32], key: &Key) -> Option<Label> {
        let sealed = self.studies.get(tag)?.label.as_ref()?;
        wire::decode(&key.open_small(tag, sealed)?).ok()
    }

    /// Names a leased study's copy, or raises the version it was opened by; says whether anything changed.
    pub(super) fn label_study(
        &mut self,
        tag: &[u8; 32],
        (holder, study): (&SiteId, &Uid),
        version: u64,
    ) -> Result<(Label, bool), CacheError> {
        let key = self.study_key(tag).ok_or(CacheError::Damaged)?;
        let label = match self.label(tag, &key) {
            Some(known) if known.version >= version => return Ok((known, false)),
            Some(known) => Label { version, ..known },
            None => {
                let (copy, leased) = (tasks::random_id(), tasks::now());
                Label { holder: *holder, study: study.clone(), copy, leased, version }
            }
        };
        let sealed = key.seal_small(tag, &wire::encode(&label))?;
        self.studies.get_mut(tag).ok_or(CacheError::Damaged)?.label = Some(sealed);
        Ok((label, true))
    }

    /// The key of a basis, made when there is none; says whether it was made.
    pub(super) fn basis_key(&mut self, id: Id128, agreement: Id128) -> (Key, bool) {
        if let Some(basis) = self.bases.iter().find(|b| b.id == id) {
            return (Key::from_bytes(&basis.key), false);
        }
        let key = Key::random();
        self.bases.push(BasisKey { id, agreement, key: *key.bytes() });
        (key, true)
    }

    pub(super) fn known_basis_key(&self, id: &Id128) -> Option<Key> {
        self.bases.iter().find(|b| b.id == *id).map(|b| Key::from_bytes(&b.key))
    }

    /// Wraps the study's key under a basis and extends its time; says whether anything changed.
    pub(super) fn grant_study(&mut self, tag: [u8; 32], basis: &Basis, until: Timestamp) -> Result<bool, CacheError> {
        let id = match basis {
            Basis::Agreement(id) | Basis::Grant { id, .. } => *id,
        };
        let wrapped = self.studies.get(&tag).is_some_and(|s| s.wraps.iter().any(|w| w.basis == id));
        if wrapped {
            return Ok(self.studies.get_mut(&tag).is_some_and(|s| s.extend(until)));
        }
        let study_key = self.study_key(&tag).unwrap_or_else(Key::random);
        let (basis_key, _) = self.basis_key(id, basis.agreement());
        let sealed = basis_key.seal_small(&tag, study_key.bytes())?;
        let study = self.studies.entry(tag).or_insert_with(|| StudyKeys::new(until));
        study.wraps.push(Wrap { basis: id, sealed });
        study.extend(until);
        Ok(true)
    }

    /// Unwraps a study's key by any basis that still has its own.
    pub(super) fn study_key(&self, tag: &[u8; 32]) -> Option<Key> {
        self.studies.get(tag)?.wraps.iter().find_map(|wrap| {
            let bytes = self.known_basis_key(&wrap.basis)?.open_small(tag, &wrap.sealed)?;
            Some(Key::from_bytes(bytes.as_slice().try_into().ok()?))
        })
    }
}

impl StudyKeys {
    /// Renews the time when it gains at least an hour: a lease taken anew at every opening rewrites nothing.
    fn extend(&mut self, until: Timestamp) -> bool {
        let gains = until.since(self.until) >= std::time::Duration::from_secs(3600);
        if gains {
            self.until = until;
        }
        gains
    }
}

/// Writes a file under another name and renames it into place; mode 0600.
pub(super) fn write_whole(path: &Path, bytes: &[u8], sync: bool) -> Result<(), CacheError> {
    let mut fresh = PathBuf::from(path);
    fresh.set_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    fs::rename(&fresh, path)?;
    Ok(())
}
