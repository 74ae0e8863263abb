//! A study of ours, opened.
//!
//! # Not here
//! Verification: `archive` gives no byte it did not check.

use super::{SeriesView, Shared, StudyError, contents::Contents};
use crate::{
    archive::{InstanceRow, Object},
    trust::Permit,
};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use lru::LruCache;
use protocol::{Digest, Uid, limits::RANGE_BYTES_MAX, manifest::InstanceEntry};
use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// Large objects kept open over all readers, so that the frames of one do not each verify the whole.
const OBJECTS_MAX: usize = 6;
/// Headers read side by side.
const HEADERS_AT_ONCE: usize = 8;

type Opened = Arc<OnceCell<Object>>;

/// Large objects that stay open.
#[derive(Debug)]
pub(super) struct Objects(Mutex<LruCache<(Uid, Digest), Opened>>);

impl Default for Objects {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(OBJECTS_MAX).unwrap_or(NonZeroUsize::MIN))))
    }
}

/// The study.
#[derive(Debug)]
pub(super) struct LocalStudy {
    study: Uid,
    shared: Arc<Shared>,
    contents: tokio::sync::Mutex<Option<Arc<Contents>>>,
}

impl LocalStudy {
    pub(super) fn new(study: Uid, shared: Arc<Shared>) -> Self {
        Self { study, shared, contents: tokio::sync::Mutex::new(None) }
    }

    /// What it holds now; read again when the study changed.
    pub(super) async fn contents(&self) -> Result<Arc<Contents>, StudyError> {
        let row = self.shared.archive.study(&self.study).map_err(StudyError::internal)?;
        let row = row.ok_or(StudyError::NotFound)?;
        let version = format!("{}-{}-{}", row.version, row.changed.0, row.instances);
        let mut known = self.contents.lock().await;
        if let Some(contents) = known.as_ref().filter(|c| c.version == version) {
            return Ok(contents.clone());
        }
        let (shared, study) = (self.shared.clone(), self.study.clone());
        let reading = self.shared.tasks.spawn_blocking("studies.read", move || read(&shared, &study, version));
        let contents = Arc::new(reading.await.map_err(StudyError::internal)??);
        *known = Some(contents.clone());
        Ok(contents)
    }

    async fn row(&self, entry: &InstanceEntry) -> Result<InstanceRow, StudyError> {
        let contents = self.contents().await?;
        contents.rows.get(&entry.digest).cloned().ok_or(StudyError::NotFound)
    }

    pub(super) async fn header(&self, permit: &Permit, entry: &InstanceEntry) -> Result<Bytes, StudyError> {
        let row = self.row(entry).await?;
        Ok(self.shared.archive.header_for(permit, &row).await?)
    }

    pub(super) async fn headers(
        &self,
        permit: &Permit,
        series: &Uid,
    ) -> Result<Vec<(InstanceEntry, Bytes)>, StudyError> {
        let contents = self.contents().await?;
        let entries = contents.series(series)?.instances.clone();
        futures::stream::iter(entries)
            .map(|entry| {
                let contents = contents.clone();
                async move {
                    let row = contents.rows.get(&entry.digest).ok_or(StudyError::NotFound)?;
                    let header = self.shared.archive.header_for(permit, row).await?;
                    Ok::<_, StudyError>((entry, header))
                }
            })
            .buffered(HEADERS_AT_ONCE)
            .try_collect()
            .await
    }

    pub(super) async fn range(
        &self,
        permit: &Permit,
        entry: &InstanceEntry,
        offset: u64,
        len: u64,
    ) -> Result<Bytes, StudyError> {
        Ok(self.object(permit, entry).await?.range(offset, len).await?)
    }

    pub(super) async fn meta(&self, permit: &Permit, entry: &InstanceEntry) -> Result<Bytes, StudyError> {
        Ok(self.object(permit, entry).await?.meta().await?)
    }

    async fn object(&self, permit: &Permit, entry: &InstanceEntry) -> Result<Object, StudyError> {
        let row = self.row(entry).await?;
        let archive = &self.shared.archive;
        if entry.bytes <= RANGE_BYTES_MAX {
            return Ok(archive.read_for(permit, &row).await?);
        }
        let opened = {
            let mut objects = self.shared.objects.0.lock().unwrap_or_else(PoisonError::into_inner);
            objects.get_or_insert((self.study.clone(), entry.digest), Arc::default).clone()
        };
        Ok(opened.get_or_try_init(|| archive.read_for(permit, &row)).await?.clone())
    }
}

fn read(shared: &Shared, study: &Uid, version: String) -> Result<Contents, StudyError> {
    let mut rows = HashMap::new();
    let mut views = Vec::new();
    for series in shared.archive.series(study).map_err(StudyError::internal)? {
        let instances = shared.archive.instances(study, &series.series).map_err(StudyError::internal)?;
        views.push(SeriesView {
            series: series.series,
            modality: series.modality,
            number: series.number,
            instances: instances.iter().map(|row| row.entry.clone()).collect(),
        });
        rows.extend(instances.into_iter().map(|row| (row.entry.digest, row)));
    }
    Ok(Contents::own(version, views, rows))
}
