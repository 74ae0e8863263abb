//! Leased copies of peers' studies, encrypted, and erased by destroying a key (stub: interface fixed).
//!
//! Everything a peer told or sent us about its studies lies here and nowhere else: cards, manifests, headers, bytes.
//! Data are sealed with AES-256-GCM per 64 KiB chunk under a key per study; each study key is wrapped once per basis
//! (agreement or grant) under the basis's own key; all keys lie in `cache/keys`, rewritten whole. Ending a basis
//! destroys its key, and with the last wrap the study is unreadable. Names of files are keyed hashes.
use crate::{config::CacheConfig, tasks::Tasks};
use bytes::Bytes;
use protocol::{Digest, SiteId, Timestamp, Uid, catalog::Basis, ids::Id128};
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CacheError {
    #[error("cache: {0}")]
    Io(#[from] std::io::Error),
    /// The lease's key is gone: nothing of it can be read or written any more.
    #[error("the copy was erased")]
    Erased,
    #[error("the cache is full and nothing may be evicted")]
    Full,
    #[error("cache: damaged")]
    Damaged,
}

/// The cache. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Cache;

/// The right to keep a copy of one study of one holder.
#[derive(Clone, Debug)]
pub(crate) struct Lease;

impl Cache {
    pub(crate) fn open(_dir: &Path, _config: &CacheConfig, _tasks: &Tasks) -> Result<Self, CacheError> {
        todo!()
    }
    /// Makes or finds the lease of a study on a basis; `until`: expiry by the agreement's cache days.
    pub(crate) fn lease(
        &self,
        _holder: &SiteId,
        _study: &Uid,
        _basis: &Basis,
        _until: Timestamp,
    ) -> Result<Lease, CacheError> {
        todo!()
    }
    /// Destroys the key of an agreement (and of every grant under it). Gives the number of studies now unreadable.
    pub(crate) fn end_agreement(&self, _agreement: &Id128) -> Result<u64, CacheError> {
        todo!()
    }
    pub(crate) fn end_grant(&self, _grant: &Id128) -> Result<u64, CacheError> {
        todo!()
    }
    /// One study of one holder was withdrawn.
    pub(crate) fn end_study(&self, _holder: &SiteId, _study: &Uid) -> Result<(), CacheError> {
        todo!()
    }
    /// Erases leases past their time (called once a minute by `site`).
    pub(crate) fn expire(&self, _now: Timestamp) -> Result<u64, CacheError> {
        todo!()
    }
    /// A sealed blob outside any study, for the directory of a peer's cards: `name` is free text, keyed by agreement.
    pub(crate) fn put_note(&self, _agreement: &Id128, _name: &str, _bytes: &[u8]) -> Result<(), CacheError> {
        todo!()
    }
    pub(crate) fn note(&self, _agreement: &Id128, _name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        todo!()
    }
    /// Bytes on disk.
    pub(crate) fn bytes(&self) -> u64 {
        todo!()
    }
}

impl Lease {
    /// Keeps a whole blob (manifest, header pack) under a name; durable is not required.
    pub(crate) async fn put(&self, _name: &str, _bytes: Bytes) -> Result<(), CacheError> {
        todo!()
    }
    pub(crate) async fn take(&self, _name: &str) -> Result<Option<Bytes>, CacheError> {
        todo!()
    }
    /// The copy of an object, complete, partial or empty. Several handles to one object share their state.
    pub(crate) async fn object(&self, _digest: &Digest, _bytes: u64) -> Result<Copy, CacheError> {
        todo!()
    }
}

/// A copy of one object: 64 KiB chunks that are there or not. A chunk is there if and only if its seal opens, so the
/// partial state survives SIGKILL by itself.
#[derive(Clone, Debug)]
pub(crate) struct Copy;

/// Bytes of a chunk: four groups of a verified range.
pub(crate) const CHUNK_BYTES: u64 = 64 * 1024;

impl Copy {
    pub(crate) fn bytes(&self) -> u64 {
        todo!()
    }
    pub(crate) fn is_complete(&self) -> bool {
        todo!()
    }
    /// Indices of the first run of missing chunks at or after `from`: (first, count).
    pub(crate) fn missing(&self, _from: u64) -> Option<(u64, u64)> {
        todo!()
    }
    /// Writes one verified chunk (all of it; the last may be short).
    pub(crate) async fn write(&self, _index: u64, _chunk: Bytes) -> Result<(), CacheError> {
        todo!()
    }
    /// Reads a range if all of it is there.
    pub(crate) async fn read(&self, _offset: u64, _len: u64) -> Result<Option<Bytes>, CacheError> {
        todo!()
    }
}
