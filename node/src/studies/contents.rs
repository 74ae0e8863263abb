//! What is in a study, as one table for local and remote ones.

use super::{SeriesView, StudyError};
use crate::archive::InstanceRow;
use protocol::{
    Digest, Uid,
    manifest::{InstanceEntry, Manifest},
};
use std::{collections::HashMap, sync::Arc};

/// Series, instances, and where each stands.
#[derive(Debug)]
pub(super) struct Contents {
    /// Changes with the set of instances.
    pub(super) version: String,
    pub(super) views: Arc<Vec<SeriesView>>,
    places: HashMap<Uid, (usize, usize)>,
    /// Rows of our own objects; empty for a copy.
    pub(super) rows: HashMap<Digest, InstanceRow>,
    /// The manifest of a copy.
    pub(super) manifest: Option<(Digest, Arc<Manifest>)>,
}

impl Contents {
    fn new(version: String, views: Vec<SeriesView>) -> Self {
        let places = views
            .iter()
            .enumerate()
            .flat_map(|(s, view)| view.instances.iter().enumerate().map(move |(i, e)| (e.instance.clone(), (s, i))))
            .collect();
        Self { version, views: Arc::new(views), places, rows: HashMap::new(), manifest: None }
    }

    /// Of a study of ours.
    pub(super) fn own(version: String, views: Vec<SeriesView>, rows: HashMap<Digest, InstanceRow>) -> Self {
        Self { rows, ..Self::new(version, views) }
    }

    /// Of a peer's study whose manifest is not here yet.
    pub(super) fn arriving(version: u64) -> Self {
        Self::new(format!("arriving-{version}"), Vec::new())
    }

    /// Of a peer's study, by its manifest.
    pub(super) fn told(digest: Digest, manifest: Manifest) -> Self {
        let views = manifest
            .series
            .iter()
            .map(|s| SeriesView {
                series: s.series.clone(),
                modality: s.modality.clone(),
                number: s.number,
                instances: s.instances.clone(),
            })
            .collect();
        Self { manifest: Some((digest, Arc::new(manifest))), ..Self::new(digest.to_string(), views) }
    }

    pub(super) fn series(&self, series: &Uid) -> Result<&SeriesView, StudyError> {
        self.views.iter().find(|v| v.series == *series).ok_or(StudyError::NotFound)
    }

    pub(super) fn instance(&self, series: &Uid, instance: &Uid) -> Result<&InstanceEntry, StudyError> {
        let (view, entry) = self.place(instance).ok_or(StudyError::NotFound)?;
        if view.series == *series { Ok(entry) } else { Err(StudyError::NotFound) }
    }

    /// The series an instance stands in, and its entry.
    pub(super) fn place(&self, instance: &Uid) -> Option<(&SeriesView, &InstanceEntry)> {
        let (s, i) = *self.places.get(instance)?;
        let view = self.views.get(s)?;
        Some((view, view.instances.get(i)?))
    }
}
