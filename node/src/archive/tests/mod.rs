//! Stories of the archive as a whole. Reading goes through `object`, below the permit.

use super::*;
use crate::audit::{Act, Actor, Filter};
use std::{fs, time::Instant};

mod corpus;
mod erased;
mod model;
mod repaired;
mod rules;
mod stories;
mod tiers;

/// The series of a study with their instances.
type SeriesRows = Vec<(SeriesRow, Vec<InstanceRow>)>;

/// An archive in a folder with its tasks.
struct Site {
    archive: Archive,
    audit: Audit,
    tasks: Tasks,
}

impl Site {
    fn open(dir: &Path, settle_ms: u64) -> Self {
        Self::try_open(dir, settle_ms).unwrap()
    }

    fn try_open(dir: &Path, settle_ms: u64) -> Result<Self, ArchiveError> {
        let tasks = Tasks::default();
        let audit = Audit::open(dir, &tasks).unwrap();
        let config = ArchiveConfig { settle_ms, free_bytes_min: 0, scrub_days: 0, ..ArchiveConfig::default() };
        let identity = Arc::new(Identity::from_seed(&[7; 32]));
        let archive = Archive::open(dir, &config, identity, audit.clone(), &tasks)?;
        Ok(Self { archive, audit, tasks })
    }

    /// Stops as a killed process does: without closing, the gathered rows left to fate.
    async fn kill(self) {
        lose_rows(&self.archive);
        assert!(self.tasks.stop(Duration::from_secs(10)).await.is_empty());
    }

    async fn close(self) {
        self.archive.close().await.unwrap();
        assert!(self.tasks.stop(Duration::from_secs(10)).await.is_empty());
    }

    async fn store(&self, bytes: &[u8]) -> Result<Ingested, IngestError> {
        self.store_as(Form::File, bytes).await
    }

    async fn store_as(&self, form: Form, bytes: &[u8]) -> Result<Ingested, IngestError> {
        let mut spool = self.archive.spool(form).await?;
        for piece in bytes.chunks(40_000) {
            spool.write(Bytes::copy_from_slice(piece)).await?;
        }
        let actor = Actor { person: "CT_1".into(), ..Actor::default() };
        self.archive.ingest(spool, &Source { actor }).await
    }

    fn row(&self, ingested: &Ingested) -> InstanceRow {
        let rows = self.archive.instances(&ingested.study, &ingested.series).unwrap();
        rows.into_iter().find(|row| row.entry.instance == ingested.instance).unwrap()
    }

    async fn read(&self, ingested: &Ingested) -> Result<(Bytes, Bytes), ReadError> {
        let row = self.row(ingested);
        let object = object::open(&self.archive.inner, &ingested.study, &row.entry.digest).await?;
        Ok((object.meta().await?, object.range(0, u64::MAX).await?))
    }

    fn all_rows(&self) -> Vec<(StudyRow, SeriesRows)> {
        let studies = self.archive.studies(&StudyQuery::default(), 0, usize::MAX).unwrap();
        let with_series = |row: StudyRow| {
            let series = self.archive.series(&row.study).unwrap();
            let rows = series.into_iter().map(|s| {
                let instances = self.archive.instances(&row.study, &s.series).unwrap();
                (s, instances)
            });
            let rows = rows.collect();
            (row, rows)
        };
        studies.into_iter().map(with_series).collect()
    }

    async fn settled(&self, study: &Uid) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut events = self.archive.events();
        loop {
            let row = self.archive.study(study).unwrap().unwrap();
            if row.completeness == protocol::manifest::Completeness::Complete {
                return;
            }
            assert!(Instant::now() < deadline, "not settled");
            let _ = tokio::time::timeout(Duration::from_secs(1), events.recv()).await;
        }
    }
}

/// What was gathered and not written is gone, as with a killed process.
fn lose_rows(archive: &Archive) {
    archive.inner.index.forget();
}

/// A data set in explicit little endian.
#[derive(Clone)]
pub(in crate::archive) struct Made {
    elements: std::collections::BTreeMap<u32, ([u8; 2], Vec<u8>)>,
}

impl Made {
    pub(in crate::archive) fn new(study: &str, series: &str, instance: &str) -> Self {
        let mut made = Self { elements: std::collections::BTreeMap::new() };
        made.text(0x0008_0016, "UI", "1.2.840.10008.5.1.4.1.1.2").text(0x0008_0018, "UI", instance);
        made.text(0x0008_0020, "DA", "20240102").text(0x0008_0030, "TM", "101112").text(0x0008_0060, "CS", "CT");
        made.text(0x0010_0010, "PN", "Test^Anna").text(0x0010_0020, "LO", "P1");
        made.text(0x0020_000D, "UI", study).text(0x0020_000E, "UI", series);
        made.pixels(&[7; 100]);
        made
    }

    pub(in crate::archive) fn text(&mut self, tag: u32, vr: &str, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.elements.insert(tag, (vr.as_bytes().try_into().unwrap(), bytes));
        self
    }

    pub(in crate::archive) fn pixels(&mut self, bytes: &[u8]) -> &mut Self {
        self.elements.insert(0x7FE0_0010, (*b"OW", bytes.to_vec()));
        self
    }

    pub(in crate::archive) fn data_set(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, (vr, value)) in &self.elements {
            let [a, b, c, d] = tag.to_be_bytes();
            out.extend_from_slice(&[b, a, d, c, vr[0], vr[1]]);
            if matches!(vr, b"OW" | b"OB" | b"UN" | b"SQ") {
                out.extend_from_slice(&[0, 0]);
                out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
            } else {
                out.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
            }
            out.extend_from_slice(value);
        }
        out
    }

    pub(in crate::archive) fn form(&self) -> Form {
        let uid = |tag| {
            let (_, bytes) = &self.elements[&tag];
            Uid::parse(std::str::from_utf8(bytes).unwrap()).unwrap()
        };
        Form::DataSet {
            transfer_syntax: Uid::parse("1.2.840.10008.1.2.1").unwrap(),
            sop_class: uid(0x0008_0016),
            sop_instance: uid(0x0008_0018),
            source: AeTitle::parse("CT_1").ok(),
        }
    }
}

fn uid(text: &str) -> Uid {
    Uid::parse(text).unwrap()
}
