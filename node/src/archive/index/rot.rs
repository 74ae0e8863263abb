//! Objects found rotten, and their repair.
//!
//! # Not here
//! Finding and repairing them: [`crate::archive::repair`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{RepairRecord, RepairedFrom, RotRecord, RotRow},
};
use protocol::{Digest, Timestamp, wire};

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

    /// A rotten object came again. Where it was brought for a repair, that record follows and says so.
    pub(super) fn stored_anew(&self, live: &mut Live, digest: &Digest, at: Timestamp) -> Result<(), ArchiveError> {
        match self.load_rot(live, digest)? {
            Some(row) if row.repaired.is_none() && row.found <= at => {
                let repaired = Some((at, RepairedFrom::Sender));
                live.put_other(keys::rot(digest), Some(&RotRow { repaired, ..row }));
                Ok(())
            }
            _ => Ok(()),
        }
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
