//! How gathered rows reach sled: as one batch, all or none; or, while an index is made from nothing, one after the other
//! in the order of their keys, which neighbours in sled's tree share.
//!
//! # At a crash
//! A batch is in or not. An index that is being made has no head until its last row is on disk: without it, it is made
//! again.
//!
//! # Not here
//! Which rows: [`super::Index::write`].

use protocol::wire::{self, Wire};

/// Keys with their values; `None`: gone.
#[derive(Debug, Default)]
pub(super) struct Writes(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl Writes {
    pub(super) fn len(&self) -> u64 {
        self.0.len() as u64
    }

    pub(super) fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.push((key, Some(value)));
    }

    pub(super) fn remove(&mut self, key: Vec<u8>) {
        self.0.push((key, None));
    }

    /// `None` takes the row away.
    pub(super) fn put<T: Wire>(&mut self, key: impl Into<Vec<u8>>, value: Option<&T>) {
        self.0.push((key.into(), value.map(wire::encode)));
    }

    /// All or none.
    pub(super) fn apply(self, db: &sled::Db) -> sled::Result<()> {
        let mut batch = sled::Batch::default();
        for (key, value) in self.0 {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        db.apply_batch(batch)
    }

    /// One after the other. Of several for one key, the last stands.
    pub(super) fn apply_in_order(mut self, db: &sled::Db) -> sled::Result<()> {
        self.0.sort_by(|(a, _), (b, _)| a.cmp(b));
        for (key, value) in self.0 {
            match value {
                Some(value) => db.insert(key, value)?,
                None => db.remove(key)?,
            };
        }
        Ok(())
    }
}
