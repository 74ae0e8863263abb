//! Where the bytes of a data set come from: an opened study, here or at a peer, or memory.

use crate::{
    archive::{self, Object},
    studies::{Look, OpenStudy, StudyError},
};
use bytes::Bytes;
use protocol::{
    Uid,
    fetch::Priority,
    manifest::{Amended, InstanceEntry},
};
use std::{fs::File, os::unix::fs::FileExt, sync::Arc};

/// Bytes asked for at once: one stream's worth of the pixel plane.
pub(crate) const CHUNK_BYTES: u64 = protocol::limits::RANGE_BYTES_MAX;

/// Where the bytes of a data set come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// An opened study, here or at a peer, and what of it is asked for already, as long as it is read.
    Study { study: Arc<OpenStudy>, priority: Priority, _asked: Option<Arc<Look>> },
    /// An object of ours, open under a permit, and what was corrected of it by which site.
    Object(Object, Option<Arc<(Amended, String)>>),
    /// What was read or inflated before: the data set from this offset to its end.
    Memory { from: u64, bytes: Bytes },
    /// A file, in which the data set begins at `start`.
    File { file: Arc<File>, start: u64 },
}

impl Source {
    /// An opened study, of which nothing is asked for before it is read.
    pub(crate) fn of(study: &Arc<OpenStudy>, priority: Priority) -> Self {
        Self::Study { study: study.clone(), priority, _asked: None }
    }

    /// The same, of which that is asked for.
    pub(crate) fn asked(study: &Arc<OpenStudy>, priority: Priority, look: Option<Look>) -> Self {
        Self::Study { study: study.clone(), priority, _asked: look.map(Arc::new) }
    }

    /// Of which study it is, where it is of one that was opened.
    pub(crate) fn study(&self) -> Option<&Uid> {
        match self {
            Self::Study { study, .. } => Some(study.study()),
            Self::Object(object, _) => Some(object.study()),
            Self::Memory { .. } | Self::File { .. } => None,
        }
    }

    /// Where its bytes begin.
    pub(crate) fn first(&self) -> u64 {
        match self {
            Self::Study { .. } | Self::Object(..) | Self::File { .. } => 0,
            Self::Memory { from, .. } => *from,
        }
    }

    /// A header that was inflated where it was deflated, with what was corrected; `None`: nothing was.
    pub(crate) fn corrected(&self, transfer_syntax: &Uid, header: &[u8]) -> Result<Option<Bytes>, StudyError> {
        match self {
            Self::Study { study, .. } => study.front_of(transfer_syntax, header),
            Self::Object(_, Some(corrected)) => {
                let made = archive::amended_inflated(header, transfer_syntax, &corrected.0, &corrected.1);
                let made = made.ok_or_else(|| StudyError::Internal("a correction cannot be written".to_owned()))?;
                Ok(Some(made.into()))
            }
            Self::Object(_, None) | Self::Memory { .. } | Self::File { .. } => Ok(None),
        }
    }

    /// Exactly these bytes of the data set.
    pub(crate) async fn range(&self, entry: &InstanceEntry, offset: u64, len: u64) -> Result<Bytes, StudyError> {
        let bytes = match self {
            Self::Study { study, priority, .. } => study.range(entry, offset, len, *priority).await?,
            Self::Object(object, _) => object.range(offset, len).await?,
            Self::Memory { from, bytes } => {
                let at = |n: u64| usize::try_from(n.saturating_sub(*from)).unwrap_or(usize::MAX).min(bytes.len());
                if offset >= *from { bytes.slice(at(offset)..at(offset.saturating_add(len))) } else { Bytes::new() }
            }
            Self::File { file, start } => {
                // A few blocks of a local file, for the command line: not worth a thread.
                let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
                let read = file.read_exact_at(&mut bytes, start.saturating_add(offset));
                read.map_err(|error| StudyError::Internal(error.to_string()))?;
                bytes.into()
            }
        };
        if bytes.len() as u64 == len { Ok(bytes) } else { Err(StudyError::Internal("a range was short".to_owned())) }
    }

    /// These bytes of the data set, read in ranges.
    pub(crate) async fn whole(&self, entry: &InstanceEntry, offset: u64, len: u64) -> Result<Bytes, StudyError> {
        if len <= CHUNK_BYTES {
            return self.range(entry, offset, len).await;
        }
        let mut all = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        let mut at = 0;
        while at < len {
            let most = (len - at).min(CHUNK_BYTES);
            all.extend_from_slice(&self.range(entry, offset.saturating_add(at), most).await?);
            at += most;
        }
        Ok(all.into())
    }
}
