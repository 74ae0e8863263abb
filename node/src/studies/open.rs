//! A study opened by a person: the permit, the evidence, and the way to the bytes, wherever they are.
//!
//! # At a crash
//! The evidence of an opening is durable before the first byte is shown.
//!
//! # Not here
//! Bytes of ours: [`super::local`]. Bytes of a peer: [`super::remote`].

use super::{
    FoundStudy, SeriesView, Shared, StudyError, contents::Contents, local::LocalStudy, meta, remote::RemoteCopy,
};
use crate::{
    audit::{Act, Event},
    transfer,
    trust::{Permit, Person},
};
use bytes::Bytes;
use protocol::{
    Uid,
    agreement::Level,
    fetch::{Priority, Reader},
    manifest::InstanceEntry,
};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Characters of a name that travel: what the holder accepts.
const READER_CHARS_MAX: usize = 64;

/// Where the bytes are.
#[derive(Debug)]
pub(super) enum Source {
    Local(LocalStudy),
    Remote(Arc<RemoteCopy>),
}

/// A study opened by a person.
#[derive(Debug)]
pub(crate) struct OpenStudy {
    person: Person,
    permit: Permit,
    found: FoundStudy,
    shared: Arc<Shared>,
    pub(super) source: Source,
    /// The fetch from a peer is written down once, before the first request.
    fetched: OnceCell<()>,
}

impl OpenStudy {
    pub(super) fn new(person: &Person, permit: Permit, found: FoundStudy, shared: Arc<Shared>, source: Source) -> Self {
        Self { person: person.clone(), permit, found, shared, source, fetched: OnceCell::new() }
    }

    /// Whether its permit still holds.
    pub(super) fn is_allowed(&self) -> Result<(), StudyError> {
        Ok(self.permit.allows(&self.found.row.study, Level::Pixels)?)
    }

    pub(super) fn reader(&self) -> Reader {
        Reader {
            person: self.person.name.chars().take(READER_CHARS_MAX).collect(),
            role: self.person.role.word().to_owned(),
        }
    }

    /// The row of the list, as it is now.
    pub(crate) fn found(&self) -> FoundStudy {
        let now = match &self.source {
            Source::Local(_) => {
                self.shared.archive.study(&self.found.row.study).ok().flatten().map(|row| self.shared.own(row))
            }
            Source::Remote(copy) => copy.told().ok().map(|told| self.shared.told(&told)),
        };
        now.unwrap_or_else(|| self.found.clone())
    }

    pub(super) async fn contents(&self) -> Result<Arc<Contents>, StudyError> {
        self.is_allowed()?;
        match &self.source {
            Source::Local(study) => study.contents().await,
            Source::Remote(copy) => {
                self.write_fetched(copy).await?;
                copy.contents(&self.reader()).await
            }
        }
    }

    /// Written before anything is asked of the holder, also when the lease turns out to have it all: the opening of a
    /// peer's study is an event at both sites.
    async fn write_fetched(&self, copy: &RemoteCopy) -> Result<(), StudyError> {
        let written = self.fetched.get_or_try_init(|| async {
            let mut event = Event::new(Act::StudyFetched, self.person.actor())
                .study(&copy.study)
                .peer(copy.holder)
                .amount(u64::from(self.found.row.instances), self.found.row.bytes);
            event.basis = self.permit.basis.as_ref().map(transfer::basis_id);
            self.shared.audit.record(event).await.map(|_| ())
        });
        match written.await {
            Ok(()) => Ok(()),
            Err(fault) => Err(StudyError::internal(fault)),
        }
    }

    /// All series with their instances. For a peer's study: after its manifest arrived and was verified. A study that is
    /// still arriving at a peer has no manifest yet: the list is then empty, and the version changes when it comes.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn series(&self) -> Result<Arc<Vec<SeriesView>>, StudyError> {
        Ok(self.contents().await?.views.clone())
    }

    /// Changes whenever the set of instances changes: for ETags.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn version(&self) -> Result<String, StudyError> {
        Ok(self.contents().await?.version.clone())
    }

    /// Headers of all instances of a series, in its order: each the data set before its bulk data, verified.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn headers(&self, series: &Uid) -> Result<Vec<(InstanceEntry, Bytes)>, StudyError> {
        let contents = self.contents().await?;
        match &self.source {
            Source::Local(study) => study.headers(&self.permit, series).await,
            Source::Remote(copy) => {
                let headers = copy.headers(series, &self.reader()).await?;
                self.is_allowed()?;
                let entries = &contents.series(series)?.instances;
                if entries.len() != headers.len() {
                    // A newer manifest came in between.
                    return Err(StudyError::Waiting { retry_s: 2 });
                }
                Ok(entries.iter().cloned().zip(headers.iter().cloned()).collect())
            }
        }
    }

    /// The entry of an instance.
    ///
    /// # Errors
    /// [`StudyError::NotFound`].
    pub(crate) async fn instance(&self, series: &Uid, instance: &Uid) -> Result<InstanceEntry, StudyError> {
        self.contents().await?.instance(series, instance).cloned()
    }

    /// The header of one instance.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn header(&self, series: &Uid, instance: &Uid) -> Result<Bytes, StudyError> {
        let contents = self.contents().await?;
        let entry = contents.instance(series, instance)?;
        match &self.source {
            Source::Local(study) => study.header(&self.permit, entry).await,
            Source::Remote(copy) => {
                let headers = copy.headers(series, &self.reader()).await?;
                self.is_allowed()?;
                let at = contents.series(series)?.instances.iter().position(|e| e.instance == *instance);
                at.and_then(|i| headers.get(i)).cloned().ok_or(StudyError::NotFound)
            }
        }
    }

    /// Verified bytes of an instance's data set. For a peer's study this asks for them with this priority and waits
    /// (at most 10 s without progress); the rest of the series is fetched behind it.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn range(
        &self,
        entry: &InstanceEntry,
        offset: u64,
        len: u64,
        priority: Priority,
    ) -> Result<Bytes, StudyError> {
        let contents = self.contents().await?;
        let bytes = match &self.source {
            Source::Local(study) => study.range(&self.permit, entry, offset, len).await?,
            Source::Remote(copy) => {
                // Only what the manifest names may be asked for or shown.
                if contents.place(&entry.instance).is_none_or(|(_, known)| known.digest != entry.digest) {
                    return Err(StudyError::NotFound);
                }
                let here = copy.read(entry, offset, len).await?;
                let reader = self.reader();
                // Asked before the rest of the series, so that it stands first in the queue.
                match here {
                    Some(bytes) => {
                        self.follow(copy, &contents, entry, priority, &reader);
                        bytes
                    }
                    None => {
                        let range = (offset, len);
                        let object = copy.errand.want((&entry.digest, entry.bytes), range, priority, &reader)?;
                        self.follow(copy, &contents, entry, priority, &reader);
                        copy.wait(entry, range, &object).await?
                    }
                }
            }
        };
        // A permit withdrawn while the bytes came: they are not shown.
        self.is_allowed()?;
        Ok(bytes)
    }

    fn follow(
        &self,
        copy: &RemoteCopy,
        contents: &Contents,
        entry: &InstanceEntry,
        priority: Priority,
        reader: &Reader,
    ) {
        if priority >= Priority::Screen {
            copy.follow(contents, entry, reader);
        }
    }

    /// Preamble and meta group for the Part 10 file of an instance: the first received, or a standard one for a copy.
    ///
    /// # Errors
    /// [`StudyError`].
    pub(crate) async fn meta(&self, entry: &InstanceEntry) -> Result<Bytes, StudyError> {
        self.is_allowed()?;
        match &self.source {
            Source::Local(study) => study.meta(&self.permit, entry).await,
            Source::Remote(_) => Ok(meta::part10_head(entry)),
        }
    }
}
