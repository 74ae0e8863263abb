//! How many instances of a study the sources list.

use super::{Answer, Inner, Source, SourceError, Sources, lock};
use dicom_dictionary_std::tags;
use protocol::Uid;
use std::time::Duration;
use tokio::time::timeout;

/// A source that has not said its count by then has none to say: the others and other studies wait behind it.
const ANSWER: Duration = Duration::from_secs(30);

impl Sources {
    /// Whether there is a source to ask.
    pub(crate) fn are_any(&self) -> bool {
        !lock(&self.0.book).sources.is_empty()
    }

    /// How many instances of a study there are, by the source that lists most; `None`: none lists it, or none can be asked now.
    pub(crate) async fn count(&self, study: &Uid) -> Option<u32> {
        let sources: Vec<Source> = lock(&self.0.book).sources.values().cloned().collect();
        let mut most = None;
        for source in sources {
            match timeout(ANSWER, self.0.listed(&source, study)).await {
                Ok(Ok(count)) => most = most.max(count),
                Ok(Err(SourceError::Stopping)) => return None,
                Ok(Err(why)) => tracing::debug!(source = %source.name, %why, "a source could not be asked for a count"),
                Err(_) => tracing::debug!(source = %source.name, "a source does not say its count in time"),
            }
        }
        most
    }
}

impl Inner {
    /// Number of Study Related Instances, or, of a source that does not say it, the instances that it lists one by one.
    async fn listed(&self, source: &Source, study: &Uid) -> Result<Option<u32>, SourceError> {
        let rows = self.studies_like(source, &Answer::from([(tags::STUDY_INSTANCE_UID, study.to_string())])).await?;
        let Some(row) = rows.into_iter().find(|row| row.study == *study) else { return Ok(None) };
        if row.instances > 0 {
            return Ok(Some(row.instances));
        }
        let count: usize = self.contents(source, study).await?.iter().map(|series| series.instances.len()).sum();
        Ok(u32::try_from(count).ok().filter(|count| *count > 0))
    }
}
