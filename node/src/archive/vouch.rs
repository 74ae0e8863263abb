//! Looking at what is stored without showing it to anybody: every byte read again, and which studies hold what.
//!
//! # Not here
//! Reading again in the background, and what follows from what it finds: [`super::scrub`].

use super::{Archive, ArchiveError, object, scrub};
use protocol::Uid;

/// One object looked at by [`Archive::verify`].
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) instance: Uid,
    pub(crate) bytes: u64,
    pub(crate) fault: Option<&'static str>,
}

/// One object looked at by [`Archive::vouch`].
#[derive(Clone, Debug)]
pub(crate) struct Vouched {
    pub(crate) study: Uid,
    pub(crate) sop_class: Uid,
    pub(crate) bytes: u64,
    pub(crate) fault: Option<&'static str>,
}

impl Archive {
    /// Re-reads every stored byte; `each` hears of every object.
    ///
    /// # Errors
    /// When the index cannot be read. What is wrong with objects is told to `each`.
    pub(crate) async fn verify(&self, each: &mut (dyn FnMut(Verified) + Send)) -> Result<(), ArchiveError> {
        for study in self.inner.index.all()? {
            for series in self.inner.index.series(&study)? {
                for instance in self.inner.index.instances(&study, &series.series)? {
                    let inner = self.inner.clone();
                    let looked = self.inner.tasks.spawn_blocking("verify", move || {
                        let fault = object::fault(&inner, &instance).map(object::Fault::text);
                        let entry = instance.row.entry;
                        Verified { instance: entry.instance, bytes: entry.bytes, fault }
                    });
                    each(looked.await.map_err(std::io::Error::other)?);
                }
            }
        }
        Ok(())
    }

    /// The studies held here that have any of these instances; or, where none is given, any of these series, for which
    /// all studies are looked through.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn studies_with(&self, series: Vec<Uid>, instances: Vec<Uid>) -> Result<Vec<Uid>, ArchiveError> {
        let inner = self.inner.clone();
        let looked = self.inner.tasks.spawn_blocking("studies of series", move || {
            let mut studies = std::collections::BTreeSet::new();
            for instance in &instances {
                studies.extend(inner.index.study_of(instance)?);
            }
            if instances.is_empty() {
                for study in inner.index.all()? {
                    let stored = inner.index.stored_study(&study)?;
                    if stored.is_some_and(|stored| stored.series.iter().any(|one| series.contains(one))) {
                        studies.insert(study);
                    }
                }
            }
            Ok(studies.into_iter().collect())
        });
        looked.await.map_err(std::io::Error::other)?
    }

    /// What is on disk under a SOP Instance UID, every byte of it read again; `None`: nothing that a durable record names.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) async fn vouch(&self, instance: &Uid) -> Result<Option<Vouched>, ArchiveError> {
        let Some(stored) = self.inner.index.sop(instance)? else { return Ok(None) };
        let Some(study) = self.inner.index.study_of(instance)? else { return Ok(None) };
        let inner = self.inner.clone();
        let looked = self.inner.tasks.spawn_blocking("vouch", move || {
            let fault = object::fault(&inner, &stored);
            let entry = stored.row.entry;
            Vouched { study, sop_class: entry.sop_class, bytes: entry.bytes, fault: fault.map(object::Fault::text) }
        });
        Ok(Some(looked.await.map_err(std::io::Error::other)?))
    }

    /// How reading everything again stands.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn scrubbed(&self) -> Result<scrub::Scrubbed, ArchiveError> {
        scrub::state(&self.inner)
    }

    /// Whether an instance is held under this SOP Instance UID.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub(crate) fn has_instance(&self, instance: &Uid) -> Result<bool, ArchiveError> {
        Ok(self.inner.index.sop(instance)?.is_some())
    }
}
