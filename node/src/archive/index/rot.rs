//! Objects found rotten, and their repair.
//!
//! # Not here
//! Finding and repairing them: [`crate::archive::repair`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{RepairRecord, RotRecord, RotRow},
};
use protocol::{Digest, wire};

impl Index {
    pub(super) fn apply_rot(live: &mut Live, record: &RotRecord) {
        let RotRecord { at, study, instance, digest, bytes } = record.clone();
        let row = RotRow { found: at, study, instance, digest, bytes, repaired: None };
        live.put_other(keys::rot(&digest), Some(&row));
    }

    pub(super) fn apply_repair(&self, live: &mut Live, record: &RepairRecord) -> Result<(), ArchiveError> {
        if let Some(row) = self.load_rot(live, &record.digest)? {
            let repaired = Some((record.at, record.from));
            live.put_other(keys::rot(&record.digest), Some(&RotRow { repaired, ..row }));
        }
        Ok(())
    }

    fn load_rot(&self, live: &Live, digest: &Digest) -> Result<Option<RotRow>, ArchiveError> {
        let key = keys::rot(digest);
        match live.others.get(&key) {
            Some(known) => Ok(known.as_deref().map(wire::decode).transpose()?),
            None => self.get(&key),
        }
    }

    /// What was found of an object, if anything ever was.
    pub(in crate::archive) fn rot(&self, digest: &Digest) -> Result<Option<RotRow>, ArchiveError> {
        self.load_rot(&self.live(), digest)
    }

    /// All that was ever found, in no order.
    pub(in crate::archive) fn rots(&self) -> Result<Vec<RotRow>, ArchiveError> {
        self.scan(&[keys::ROT])
    }
}
