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
    /// The peer's part of a study held here and there.
    there: Option<Arc<Self>>,
}

impl Contents {
    fn new(version: String, views: Vec<SeriesView>) -> Self {
        let places = views
            .iter()
            .enumerate()
            .flat_map(|(s, view)| view.instances.iter().enumerate().map(move |(i, e)| (e.instance.clone(), (s, i))))
            .collect();
        Self { version, views: Arc::new(views), places, rows: HashMap::new(), manifest: None, there: None }
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

    /// Of a study held here and at a peer: each instance once. Of one that differs the peer's stays, since the peer signed
    /// what the study is; those are named.
    pub(super) fn both(own: &Self, there: Arc<Self>) -> (Self, Vec<Uid>) {
        let mut views = there.views.to_vec();
        let mut differing = Vec::new();
        for view in own.views.iter() {
            let mut added = Vec::new();
            for entry in &view.instances {
                match there.place(&entry.instance) {
                    Some((_, other)) if other.digest != entry.digest => differing.push(entry.instance.clone()),
                    Some(_) => {}
                    None => added.push(entry.clone()),
                }
            }
            if added.is_empty() {
                continue;
            }
            match views.iter_mut().find(|v| v.series == view.series) {
                Some(known) => {
                    known.instances.extend(added);
                    // The order of manifests.
                    known.instances.sort_by(|a, b| (a.number, &a.instance).cmp(&(b.number, &b.instance)));
                }
                None => views.push(SeriesView { instances: added, ..view.clone() }),
            }
        }
        let version = format!("{}+{}", own.version, there.version);
        let both = Self { rows: own.rows.clone(), there: Some(there), ..Self::new(version, views) };
        (both, differing)
    }

    /// Whether it is the union of these.
    pub(super) fn is_of(&self, own: &Self, there: &Self) -> bool {
        self.version == format!("{}+{}", own.version, there.version)
    }

    /// Whether these bytes are in our own archive.
    pub(super) fn is_ours(&self, entry: &InstanceEntry) -> bool {
        self.rows.contains_key(&entry.digest)
    }

    /// What a peer's manifest says, alone.
    pub(super) fn there(self: &Arc<Self>) -> &Arc<Self> {
        self.there.as_ref().unwrap_or(self)
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
