//! Lists of studies, newest first.

use super::{Index, keys};
use crate::archive::{
    ArchiveError,
    query::StudyQuery,
    rows::{StoredStudy, StudyRow},
};
use protocol::Uid;

/// Keys of candidates, in their order.
type Keys = Box<dyn Iterator<Item = sled::Result<sled::IVec>>>;

impl Index {
    /// Newest first: skips `offset` matches, gives at most `limit`.
    pub(in crate::archive) fn studies(
        &self,
        query: &StudyQuery,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<StudyRow>, ArchiveError> {
        self.write()?;
        if !query.study.is_empty() {
            return self.named(query, offset, limit);
        }
        let (mut skipped, mut found) = (0, Vec::new());
        for key in self.candidates(query)? {
            if found.len() >= limit {
                break;
            }
            let key = self.noted(key)?;
            let Some(row) = self.row_of(&key)? else { continue };
            if !query.matches(&row) {
                continue;
            }
            if skipped < offset {
                skipped += 1;
            } else {
                found.push(row);
            }
        }
        Ok(found)
    }

    fn named(&self, query: &StudyQuery, offset: usize, limit: usize) -> Result<Vec<StudyRow>, ArchiveError> {
        let mut rows = Vec::new();
        let mut studies: Vec<&Uid> = query.study.iter().collect();
        studies.sort();
        studies.dedup();
        for study in studies {
            rows.extend(self.study(study)?.filter(|row| query.matches(row)));
        }
        rows.sort_by_cached_key(|row| keys::of(row).into_iter().next());
        Ok(rows.into_iter().skip(offset).take(limit).collect())
    }

    /// Keys that end with inverted date and time and the study, by the narrowest order there is.
    fn candidates(&self, query: &StudyQuery) -> Result<Keys, ArchiveError> {
        let db = self.db()?;
        if let Some(id) = exact(query.patient_id.as_deref()) {
            return Ok(Box::new(db.scan_prefix(keys::valued_prefix(b'p', id)).keys()));
        }
        if let Some(accession) = exact(query.accession.as_deref()) {
            return Ok(Box::new(db.scan_prefix(keys::valued_prefix(b'a', accession)).keys()));
        }
        let bound = |date: Option<&String>, rest: &str, first: u8| {
            let mut key = vec![b'o'];
            match date.filter(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit())) {
                Some(date) => key.extend(keys::inverted(&format!("{date}{rest}"))),
                None => key.push(first),
            }
            key
        };
        let from = bound(query.date_to.as_ref(), "235999", b'0');
        let mut to = bound(query.date_from.as_ref(), "000000", b'9' + 1);
        to.push(u8::MAX);
        if from > to {
            return Ok(Box::new(std::iter::empty()));
        }
        Ok(Box::new(db.range(from..to).keys()))
    }

    fn row_of(&self, key: &[u8]) -> Result<Option<StudyRow>, ArchiveError> {
        let tail = key.iter().rposition(|b| *b == 0).map_or(1, |at| at + 1);
        let study = key.get(tail + keys::WHEN_BYTES..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(study) = study.and_then(|text| Uid::parse(text).ok()) else { return Ok(None) };
        Ok(self.get::<StoredStudy>(keys::study(&study))?.map(|stored| stored.row))
    }

    /// Studies that have not settled.
    pub(in crate::archive) fn unsettled(&self) -> Result<Vec<Uid>, ArchiveError> {
        self.write()?;
        self.uids(b'u')
    }

    /// Every study.
    pub(in crate::archive) fn all(&self) -> Result<Vec<Uid>, ArchiveError> {
        self.write()?;
        self.uids(b's')
    }

    fn uids(&self, kind: u8) -> Result<Vec<Uid>, ArchiveError> {
        let mut uids = Vec::new();
        for key in self.db()?.scan_prefix([kind]).keys() {
            let key = self.noted(key)?;
            let text = key.get(1..).and_then(|bytes| std::str::from_utf8(bytes).ok());
            uids.extend(text.and_then(|text| Uid::parse(text).ok()));
        }
        Ok(uids)
    }
}

/// A value without wildcards.
fn exact(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|v| !v.is_empty() && !v.contains(['*', '?', '\0']))
}
