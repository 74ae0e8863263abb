//! A rotten object of ours is asked back from the PACS beside the node.
//!
//! Every source may be asked, those that list the study first: it is the same house, and what is asked for is one instance
//! by its UIDs. What it sends is taken only where its data set is, byte for byte, what was stored; a source that codes
//! images anew when it sends them is of no help, and the next one is asked.
//!
//! # At a crash
//! Nothing is kept here.
//!
//! # Not here
//! Taking the bytes in, and their evidence: `archive::repair`. What waits for repair, and when: `studies`.

use super::{Access, Inner, RetrieveBy, Source, SourceError, Sources, lock, sink::Sink};
use crate::archive::{ArchiveError, InstanceRow};
use protocol::Uid;

impl Sources {
    /// Asks the sources, one after the other, for an instance of ours. Whether its object is whole again.
    pub(crate) async fn repair(&self, study: &Uid, row: &InstanceRow) -> bool {
        let inner = &self.0;
        let mut sources: Vec<Source> = lock(&inner.book).sources.values().cloned().collect();
        let lists = |source: &Source| inner.shadow.has(&source.name, study);
        sources.sort_by_key(|source| !lists(source));
        for source in sources {
            match inner.bring_back(&source, study, row).await {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => tracing::info!(source = source.name, %error, "no repair from this source"),
            }
        }
        false
    }
}

impl Inner {
    async fn bring_back(&self, source: &Source, study: &Uid, row: &InstanceRow) -> Result<bool, SourceError> {
        let here = |error: ArchiveError| SourceError::Here(error.to_string());
        let entry = &row.entry;
        let Some(series) = self.series_of(study, &entry.instance).map_err(here)? else { return Ok(false) };
        let sink = Sink::repairing(&self.archive, study, row, &source.name);
        let part = Some((&series, std::slice::from_ref(&entry.instance)));
        let brought = self.retrieve(source, study, part, std::slice::from_ref(&entry.sop_class), &sink).await;
        if sink.has_repaired() {
            return Ok(true);
        }
        brought?;
        // What a C-MOVE brings comes in by the door, as if it were sent again.
        let is_moved = matches!(&source.access, Access::Dimse(to) if to.by == RetrieveBy::Move);
        if is_moved && !self.archive.waits_for_repair(&entry.digest).map_err(here)? {
            self.archive.came_from_source(study, row, &source.name).await.map_err(SourceError::from)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn series_of(&self, study: &Uid, instance: &Uid) -> Result<Option<Uid>, ArchiveError> {
        for series in self.archive.series(study)? {
            let rows = self.archive.instances(study, &series.series)?;
            if rows.iter().any(|row| row.entry.instance == *instance) {
                return Ok(Some(series.series));
            }
        }
        Ok(None)
    }
}
