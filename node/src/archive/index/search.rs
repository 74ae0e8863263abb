//! Lists of studies, newest first.

use super::{Index, keys, register::Verdict};
use crate::archive::{
    ArchiveError,
    query::StudyQuery,
    rows::{StoredStudy, StudyRow},
};
use protocol::{Uid, wire};

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
        match (exact(query.patient_id.as_deref()), exact(query.accession.as_deref())) {
            (Some(id), _) => self.valued(&keys::valued_prefix(b'p', id), query, offset, limit),
            (_, Some(accession)) => self.valued(&keys::valued_prefix(b'a', accession), query, offset, limit),
            _ => self.listed(query, offset, limit),
        }
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

    /// Studies with one Patient ID or accession number.
    fn valued(
        &self,
        prefix: &[u8],
        query: &StudyQuery,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<StudyRow>, ArchiveError> {
        let mut rows = Page { offset, limit, found: Vec::new() };
        for key in self.db()?.scan_prefix(prefix).keys() {
            let key = self.noted(key)?;
            let tail = key.iter().rposition(|b| *b == 0).map_or(0, |at| at + 1);
            let row = self.row_at(key.get(tail..).unwrap_or_default())?;
            if rows.is_full() || row.filter(|row| query.matches(row)).is_some_and(|row| rows.takes(|| row)) {
                break;
            }
        }
        Ok(rows.found)
    }

    /// Any other search: over the register, newest first.
    fn listed(&self, query: &StudyQuery, offset: usize, limit: usize) -> Result<Vec<StudyRow>, ArchiveError> {
        let (from, to) = bounds(query);
        if from > to {
            return Ok(Vec::new());
        }
        let entries = self.register.entries(|each| self.each_row(each))?;
        let sieve = entries.sieve(query);
        let mut places = Page { offset, limit, found: Vec::new() };
        for (place, entry) in entries.range(&from, &to) {
            let matches = match sieve.look(entry) {
                Verdict::No => false,
                Verdict::Yes => true,
                Verdict::AskTheRow => self.row_at(place)?.is_some_and(|row| query.matches(&row)),
            };
            if places.is_full() || (matches && places.takes(|| place.to_vec())) {
                break;
            }
        }
        drop(entries);
        let mut rows = Vec::with_capacity(places.found.len());
        for place in places.found {
            rows.extend(self.row_at(&place)?.filter(|row| query.matches(row)));
        }
        Ok(rows)
    }

    /// Makes the register before somebody waits for it; given up where the node stops.
    pub(in crate::archive) fn warm(&self, is_stopping: &dyn Fn() -> bool) -> Result<(), ArchiveError> {
        self.register.entries(|each| self.each_row_unless(is_stopping, each)).map(drop)
    }

    pub(super) fn each_row(&self, each: &mut dyn FnMut(StudyRow)) -> Result<(), ArchiveError> {
        self.each_row_unless(&|| false, each)
    }

    fn each_row_unless(
        &self,
        is_stopping: &dyn Fn() -> bool,
        each: &mut dyn FnMut(StudyRow),
    ) -> Result<(), ArchiveError> {
        for row in self.db()?.scan_prefix(b"s").values() {
            if is_stopping() {
                return Err(std::io::Error::from(std::io::ErrorKind::Interrupted).into());
            }
            each(wire::decode::<StoredStudy>(&self.noted(row)?)?.shown());
        }
        Ok(())
    }

    /// The row at a place: inverted date and time, and the study.
    pub(super) fn row_at(&self, place: &[u8]) -> Result<Option<StudyRow>, ArchiveError> {
        let study = place.get(keys::WHEN_BYTES..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let Some(study) = study.and_then(|text| Uid::parse(text).ok()) else { return Ok(None) };
        Ok(self.get::<StoredStudy>(keys::study(&study))?.map(|stored| stored.shown()))
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

/// Of what matches, the part that is wanted.
struct Page<T> {
    offset: usize,
    limit: usize,
    found: Vec<T>,
}

impl<T> Page<T> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    /// Takes one that matches. Says whether the page is full now.
    fn takes(&mut self, one: impl FnOnce() -> T) -> bool {
        match self.offset.checked_sub(1) {
            Some(left) => self.offset = left,
            None => self.found.push(one()),
        }
        self.is_full()
    }
}

/// Places between which a query's dates lie.
fn bounds(query: &StudyQuery) -> (Vec<u8>, Vec<u8>) {
    let bound = |date: Option<&String>, rest: &str, open: u8| match date.filter(|d| is_date(d)) {
        Some(date) => keys::inverted(&format!("{date}{rest}")),
        None => vec![open],
    };
    let from = bound(query.date_to.as_ref(), "235999", b'0');
    let mut to = bound(query.date_from.as_ref(), "000000", b'9' + 1);
    to.push(u8::MAX);
    (from, to)
}

fn is_date(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit())
}

/// A value without wildcards.
fn exact(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|v| !v.is_empty() && !v.contains(['*', '?', '\0']))
}
