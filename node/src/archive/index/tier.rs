//! Which objects have cold copies, and which studies lie there.
//!
//! # Not here
//! Moving them: [`crate::archive::tier`].

use super::{Index, Live, keys};
use crate::archive::{
    ArchiveError,
    rows::{ColdDue, ColdRecord, HasCopy, RecallRecord, StudyTier},
};
use protocol::{Digest, Uid, wire};

impl Index {
    pub(super) fn apply_cold(live: &mut Live, record: &ColdRecord) {
        live.copies.extend(record.digests.iter().map(|digest| (*digest, true)));
        live.tiers.insert(record.study.clone(), Some(StudyTier { at: record.at, is_cold: true }));
        live.put_other(keys::cold_due(&record.study), None::<&ColdDue>);
        live.gathered += record.digests.len();
    }

    pub(super) fn apply_recall(live: &mut Live, record: &RecallRecord) {
        live.tiers.insert(record.study.clone(), Some(StudyTier { at: record.at, is_cold: false }));
    }

    /// Whether an object has a verified copy in the cold tier.
    pub(in crate::archive) fn has_copy(&self, digest: &Digest) -> Result<bool, ArchiveError> {
        match self.live().copies.get(digest) {
            Some(has) => Ok(*has),
            None => Ok(self.get::<HasCopy>(keys::copy(digest))?.is_some_and(|copy| copy.0)),
        }
    }

    /// All objects that have a copy there.
    pub(in crate::archive) fn copied(&self) -> Result<Vec<Digest>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for entry in self.db()?.scan_prefix([keys::COPY]) {
            let (key, value) = self.noted(entry)?;
            let digest = key.get(1..).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            if let Some(digest) = digest.filter(|_| wire::decode::<HasCopy>(&value).is_ok_and(|copy| copy.0)) {
                found.push(Digest(digest));
            }
        }
        Ok(found)
    }

    /// `None`: never moved.
    pub(in crate::archive) fn tier(&self, study: &Uid) -> Result<Option<StudyTier>, ArchiveError> {
        match self.live().tiers.get(study) {
            Some(tier) => Ok(*tier),
            None => self.get(keys::tier(study)),
        }
    }

    /// Studies that were ever moved, with where they are now.
    pub(in crate::archive) fn tiers(&self) -> Result<Vec<(Uid, StudyTier)>, ArchiveError> {
        self.write()?;
        let mut found = Vec::new();
        for entry in self.db()?.scan_prefix([keys::TIER]) {
            let (key, value) = self.noted(entry)?;
            let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok());
            if let Some(study) = name.and_then(|name| Uid::parse(name).ok()) {
                found.push((study, wire::decode(&value)?));
            }
        }
        Ok(found)
    }
}
