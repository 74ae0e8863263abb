//! The shadow list: rows of what each source has, bounded, in memory and in a file each.
//!
//! # At a crash
//! A file is written beside its name and renamed. One that is lost or damaged is empty, and filled by the next sweep.

use super::{Source, Sources};
use crate::archive::{StudyQuery, StudyRow};
use protocol::{
    Uid,
    wire::{self, Wire},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Rows over all sources: some 100 MB of memory.
const ROWS_MAX: usize = 200_000;

/// A study that a source has.
#[derive(Clone, Debug)]
pub(crate) struct Nearline {
    pub(crate) row: StudyRow,
    pub(crate) source: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct ListFile {
    rows: Vec<StudyRow>,
}

impl Wire for ListFile {
    /// Lists of another version are not read: the source is asked anew.
    const VERSION: u8 = 3;
    const NAME: &'static str = "shadow list";
}

type Lists = HashMap<String, BTreeMap<Uid, StudyRow>>;

#[derive(Debug)]
pub(super) struct Shadow {
    dir: PathBuf,
    lists: Mutex<Lists>,
}

/// Whether a source tells the same of a study as before.
fn is_same(known: &StudyRow, told: &StudyRow) -> bool {
    StudyRow { arrived: known.arrived, changed: known.changed, ..told.clone() } == *known
}

impl Shadow {
    pub(super) fn read<'a>(dir: &Path, names: impl Iterator<Item = &'a String>) -> Self {
        let read = |name: &String| {
            let bytes = std::fs::read(path(dir, name)).ok()?;
            let file: ListFile = wire::decode(&bytes).ok()?;
            Some((name.clone(), file.rows.into_iter().map(|row| (row.study.clone(), row)).collect()))
        };
        Self { dir: dir.to_owned(), lists: Mutex::new(names.filter_map(read).collect()) }
    }

    fn lists(&self) -> MutexGuard<'_, Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, source: &str) -> usize {
        self.lists().get(source).map_or(0, BTreeMap::len)
    }

    pub(super) fn has(&self, source: &str, study: &Uid) -> bool {
        self.lists().get(source).is_some_and(|list| list.contains_key(study))
    }

    /// Forgets a source's list; gives what was in it.
    pub(super) fn clear(&self, source: &str) -> Vec<Uid> {
        let gone = self.lists().remove(source).unwrap_or_default();
        if let Err(error) = std::fs::remove_file(path(&self.dir, source)) {
            tracing::debug!(%error, "there was no list to remove");
        }
        gone.into_keys().collect()
    }

    /// Adds rows; gives those that are new or other than before.
    pub(super) fn add(&self, source: &Source, rows: Vec<StudyRow>) -> Vec<Uid> {
        let mut lists = self.lists();
        let mut room = ROWS_MAX.saturating_sub(lists.values().map(BTreeMap::len).sum());
        let list = lists.entry(source.name.clone()).or_default();
        let mut changed = Vec::new();
        for row in rows {
            match list.get(&row.study) {
                Some(known) if is_same(known, &row) => continue,
                None if room == 0 => continue,
                None => room -= 1,
                Some(_) => {}
            }
            changed.push(row.study.clone());
            list.insert(row.study.clone(), row);
        }
        if room == 0 {
            tracing::warn!(source = source.name, "the shadow list is full: list fewer days");
        }
        changed
    }

    /// Puts what a source says of a span of dates in the place of what it said before.
    pub(super) fn replace(&self, source: &Source, (from, to): (&str, &str), rows: Vec<StudyRow>) -> Vec<Uid> {
        let told: std::collections::HashSet<Uid> = rows.iter().map(|row| row.study.clone()).collect();
        let mut changed = self.add(source, rows);
        let mut lists = self.lists();
        if let Some(list) = lists.get_mut(&source.name) {
            list.retain(|study, row| {
                let is_asked = row.date.as_deref().is_some_and(|date| (from..=to).contains(&date));
                let stays = !is_asked || told.contains(study);
                if !stays {
                    changed.push(study.clone());
                }
                stays
            });
        }
        changed
    }

    fn rows(&self, source: &str, each: &mut dyn FnMut(&StudyRow)) {
        if let Some(list) = self.lists().get(source) {
            list.values().for_each(each);
        }
    }

    fn row(&self, source: &str, study: &Uid) -> Option<StudyRow> {
        self.lists().get(source)?.get(study).cloned()
    }

    /// Writes a list to its file. Blocks.
    pub(super) fn save(&self, source: &str) -> io::Result<()> {
        let rows: Vec<StudyRow> = self.lists().get(source).map_or_else(Vec::new, |l| l.values().cloned().collect());
        let path = path(&self.dir, source);
        let fresh = path.with_extension("list.new");
        let mut file = File::create(&fresh)?;
        file.write_all(&wire::encode(&ListFile { rows }))?;
        file.sync_data()?;
        std::fs::rename(&fresh, &path)
    }
}

/// Names of sources are safe as names of files.
fn path(dir: &Path, source: &str) -> PathBuf {
    dir.join(format!("{source}.list"))
}

impl Sources {
    /// Studies of sources that may be listed and match; `for_peers`: of those whose studies peers may be told.
    pub(crate) fn nearline(&self, query: &StudyQuery, for_peers: bool) -> Vec<Nearline> {
        let mut found = BTreeMap::new();
        for source in self.listed(for_peers) {
            self.0.shadow.rows(&source, &mut |row| {
                if query.matches(row) {
                    let nearline = || Nearline { row: row.clone(), source: source.clone() };
                    found.entry(row.study.clone()).or_insert_with(nearline);
                }
            });
        }
        found.into_values().collect()
    }

    /// A study, if a source has it that may be listed.
    pub(crate) fn nearline_study(&self, study: &Uid, for_peers: bool) -> Option<Nearline> {
        let named = |source: String| self.0.shadow.row(&source, study).map(|row| Nearline { row, source });
        self.listed(for_peers).into_iter().find_map(named)
    }

    fn listed(&self, for_peers: bool) -> Vec<String> {
        let book = super::lock(&self.0.book);
        let may = |source: &&Source| source.purposes.list && (!for_peers || source.purposes.peers);
        book.sources.values().filter(may).map(|source| source.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};
    use protocol::{
        AeTitle, Timestamp,
        manifest::{Completeness, Patient},
    };

    fn row(study: &str, date: Option<&str>, instances: u32) -> StudyRow {
        StudyRow {
            study: Uid::parse(study).unwrap(),
            patient: Patient { name: None, birth_date: None, sex: None, id: None, issuer: None },
            date: date.map(Into::into),
            time: None,
            utc_offset_min: None,
            national: None,
            modalities: vec![],
            body_parts: vec![],
            description: None,
            accession: None,
            referrer: None,
            study_id: None,
            series: 1,
            instances,
            bytes: 0,
            arrived: Timestamp(instances.into()),
            changed: Timestamp(instances.into()),
            completeness: Completeness::Arriving,
            version: 0,
            patient_conflict: false,
            amended: None,
            labels: Vec::new(),
        }
    }

    fn source() -> Source {
        let title = AeTitle::parse("PACS").unwrap();
        let by = RetrieveBy::Get;
        Source {
            name: "pacs".to_owned(),
            access: Access::Dimse(DimseAccess { title, host: "h".into(), port: 1, by, tls: false, certificate: None }),
            issuer: "CH".to_owned(),
            purposes: Purposes { list: true, peers: false, priors: false, migrate: false, reject: false },
            limits: Limits { concurrent: 1, mb_per_s: 0, days: 30, prefetch: 0 },
            hours: None,
        }
    }

    #[test]
    fn what_a_source_no_longer_tells_of_the_dates_asked_goes_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (shadow, source) = (Shadow::read(dir.path(), [].iter()), source());
        let rows = vec![row("1.1", Some("20240101"), 1), row("1.2", Some("20240105"), 1), row("1.3", None, 1)];
        assert_eq!(shadow.add(&source, rows.clone()).len(), 3);
        let again = rows.into_iter().map(|row| StudyRow { arrived: Timestamp(9), changed: Timestamp(9), ..row });
        assert!(shadow.add(&source, again.collect()).is_empty(), "the same is no news");
        let told = vec![row("1.4", Some("20240106"), 1)];
        let changed = shadow.replace(&source, ("20240104", "20240107"), told);
        let uids: Vec<&str> = changed.iter().map(Uid::as_str).collect();
        assert_eq!(uids, ["1.4", "1.2"]);
        assert_eq!(shadow.add(&source, vec![row("1.4", Some("20240106"), 2)]).len(), 1, "it grew");
        shadow.save("pacs").unwrap();
        let read = Shadow::read(dir.path(), ["pacs".to_owned()].iter());
        assert_eq!(read.count("pacs"), 3);
        assert_eq!(read.row("pacs", &Uid::parse("1.4").unwrap()).unwrap().instances, 2);
        assert_eq!(read.clear("pacs").len(), 3);
        assert_eq!(Shadow::read(dir.path(), ["pacs".to_owned()].iter()).count("pacs"), 0);
    }
}
